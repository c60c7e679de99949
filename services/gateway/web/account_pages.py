"""How the accounts of a body fill its filing: what the form set says, and the body's own rules over it, by package."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from fastapi import APIRouter
from starlette.responses import Response

import formsets
from chassis.errors import Failure
from services.gateway.clients.answers import AccountRule
from services.gateway.web.errors import REFUSALS, drawn, explained, told
from services.gateway.web.form_view import label_of
from services.gateway.web.frame import framed
from services.gateway.web.visit import Visit, Visitor

router = APIRouter(include_in_schema=False)

SIDES = {"debit": "Débit", "credit": "Crédit"}
"""French names of the side that counts positively."""
_PARTS = ("prefix:", "address:", "side:")
_EMPTY_ROWS = 5
_OF_A_RULE = re.compile(r"rules\[(\d{1,5})\]")
"""The field of a violation that is about one rule, from 0."""
_LONGEST_ACCOUNT = 20
IMPORTING = "import"
"""Where somebody came from who saves a rule for an account of a file."""


@router.get("/filings/{filing_id}/accounts")
async def show_accounts(visit: Visitor, filing_id: str) -> Response:
    """Show the mapping of one accounting package; `?add=` begins a rule for an account, `?from=import` leads back there."""
    package = visit.request.query_params.get("package", "")
    add = visit.request.query_params.get("add", "")[:_LONGEST_ACCOUNT]
    came_from, begun = visit.request.query_params.get("from", ""), [AccountRule(add, "", "debit")] if add else []
    return await _page(visit, filing_id, package, begun, came_from=came_from)


@router.post("/filings/{filing_id}/accounts")
async def save_accounts(visit: Visitor, filing_id: str) -> Response:
    """Replace the body's own rules; what is refused stays in view. Who came from an import makes it again with them."""
    fields = await visit.fields("package", "from", prefixes=_PARTS)
    package, rules = fields.get("package", "").strip(), rules_of(fields)
    identity = (await visit.services.forms.get(filing_id)).filing.identity
    try:
        await visit.services.forms.save_accounts(
            identity.body, identity.form_set, package, rules, visit.request_id(fields)
        )
    except REFUSALS as failure:
        return await _page(visit, filing_id, package, rules, failure, came_from=fields.get("from", ""))
    note = visit.wording("Correspondance enregistrée : {n} règle(s) de l’organisme.", n=len(rules))
    page = "accounts"
    if fields.get("from") == IMPORTING:
        page, note = "import", f"{note} {visit.wording('Importez de nouveau le fichier : elle y compte désormais.')}"
    return await visit.go(f"/filings/{filing_id}/{page}?package={quote(package, safe='')}", note)


def rules_of(fields: Mapping[str, str]) -> list[AccountRule]:
    """Return the rules of the form in its order; a row without a prefix is no rule."""
    rows = sorted(
        (int(n), n) for n in (name.partition(":")[2] for name in fields) if n.isascii() and n.isdigit() and len(n) < 6
    )
    rules = []
    for _, n in dict.fromkeys(rows):
        prefix, address, side = (fields.get(part + n, "").strip() for part in _PARTS)
        if prefix:
            rules.append(AccountRule(prefix, address, side))
    return rules


async def _page(
    visit: Visit,
    filing_id: str,
    package: str,
    rules: Sequence[AccountRule],
    failure: Failure | None = None,
    *,
    came_from: str = "",
) -> Response:
    filing = (await visit.services.forms.get(filing_id)).filing
    form_set, identity = formsets.load(filing.identity.form_set), filing.identity
    mapping = await visit.services.forms.accounts(identity.body, identity.form_set, "" if failure else package)
    own = [] if failure else [rule for rule in mapping.rules if rule.is_own]
    rows = [*own, *rules, *[AccountRule("", "", "debit")] * _EMPTY_ROWS]
    values = {
        **await framed(visit, filing, "import"),
        "package": package,
        "came_from": IMPORTING if came_from == IMPORTING else "",
        "packages": [one for one in mapping.packages if one],
        "rows": [(rule, label_of(form_set, rule.address, visit.wording)) for rule in rows],
        "said": [(rule, label_of(form_set, rule.address, visit.wording)) for rule in mapping.rules if not rule.is_own],
        "sides": SIDES,
        "may_save": visit.may("filing.import", filing),
        "failure": explained(failure, visit.wording) if failure else "",
        "refused": [
            (_row_of(violation.field), one.description)
            for violation, one in zip(failure.violations, told(failure, visit.wording), strict=True)
        ]
        if failure
        else [],
    }
    return await drawn(visit, "accounts.html", values, failure)


def _row_of(field: str) -> int:
    """Return the row that a refused field is in, from 1; 0 for what is about no row."""
    found = _OF_A_RULE.fullmatch(field)
    return int(found[1]) + 1 if found else 0
