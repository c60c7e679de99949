"""Importing a file: upload, see what it would do, confirm."""

from collections.abc import Mapping
from itertools import groupby

from fastapi import APIRouter
from starlette.responses import Response

import formsets
from chassis.errors import Conflict, Failure
from formsets import FormSet
from formsets.instructions import control_instruction
from services.gateway.clients.answers import (
    ConfirmedImport,
    Filing,
    ImportChange,
    ImportEffect,
    ImportPreview,
    ImportProblem,
)
from services.gateway.web.errors import REFUSALS, drawn, explained, told_beside
from services.gateway.web.fields import REQUEST_ID
from services.gateway.web.figures import shown
from services.gateway.web.form_view import label_of
from services.gateway.web.frame import framed
from services.gateway.web.import_view import LEAVE, TAKE, choice_in, forms_of, listed, row_of
from services.gateway.web.sign_pages import attachment
from services.gateway.web.visit import Visit, Visitor
from services.gateway.web.wording import Wording

router = APIRouter(include_in_schema=False)
_ORDER = (
    ImportEffect.FILL,
    ImportEffect.REPLACE,
    ImportEffect.PROTECTED,
    ImportEffect.SEALED,
    ImportEffect.ELSEWHERE,
    ImportEffect.COMPARED,
    ImportEffect.SAME,
)


@router.get("/filings/{filing_id}/import")
async def ask_for_file(visit: Visitor, filing_id: str) -> Response:
    """Ask for a file; `?package=` chooses the accounting package whose mapping it is to be read with."""
    return await _asking(visit, filing_id, visit.request.query_params.get("package", ""))


@router.post("/filings/{filing_id}/import")
async def preview(visit: Visitor, filing_id: str) -> Response:
    """Read the file and lead to what importing it would do; a file refused whole is explained beside the input."""
    upload = await visit.upload("package")
    request_id, package = visit.request_id(upload.fields), upload.fields.get("package", "")
    try:
        file = upload.chosen()
        made = await visit.services.forms.preview(filing_id, file.file_name, file.content, request_id, package)
    except REFUSALS as failure:
        return await _asking(visit, filing_id, package, failure)
    return await visit.go(f"/filings/{filing_id}/import/{made.import_id}")


@router.get("/filings/{filing_id}/import/{import_id}")
async def show_preview(visit: Visitor, filing_id: str, import_id: str) -> Response:
    """Show what importing would do."""
    filing = (await visit.services.forms.get(filing_id)).filing
    made = await visit.services.forms.get_import(filing_id, import_id)
    return await visit.page("preview.html", await _values(visit, filing, made, {}))


@router.get("/filings/{filing_id}/import/{import_id}/errors")
async def error_file(visit: Visitor, filing_id: str, import_id: str) -> Response:
    """Give the person's file back with what, where and how beside each refused line."""
    file = await visit.services.forms.error_file(filing_id, import_id, visit.wording.language)
    return attachment(file.content, file.file_name, "text/csv; charset=utf-8")


@router.post("/filings/{filing_id}/import/{import_id}")
async def confirm(visit: Visitor, filing_id: str, import_id: str) -> Response:
    """Write what is chosen of the import; a choice that is refused is explained on the preview, which keeps it."""
    fields = await visit.fields("accept_partial", "overwrite_typed", prefixes=(LEAVE, TAKE))
    try:
        done = await visit.services.forms.confirm(
            filing_id,
            import_id,
            choice_in(fields),
            accept_partial=fields.get("accept_partial") == "yes",
            overwrite_typed=fields.get("overwrite_typed") == "yes",
            request_id=visit.request_id(fields),
        )
    except REFUSALS as failure:
        filing = (await visit.services.forms.get(filing_id)).filing
        made = await visit.services.forms.get_import(filing_id, import_id)
        values = await _values(visit, filing, made, fields, failure)
        return await drawn(visit, "preview.html", values, failure)
    return await visit.go(f"/filings/{filing_id}/remarks", _receipt(done, visit.wording))


@router.post("/filings/{filing_id}/import/{import_id}/turned")
async def turn(visit: Visitor, filing_id: str, import_id: str) -> Response:
    """Show another page of a list of the preview, with what is ticked so far; nothing is imported."""
    fields = await visit.fields("accept_partial", "overwrite_typed", prefixes=(LEAVE, TAKE))
    filing = (await visit.services.forms.get(filing_id)).filing
    made = await visit.services.forms.get_import(filing_id, import_id)
    # The same name: a confirmation that was not heard of may have been done.
    values = {**await _values(visit, filing, made, fields), REQUEST_ID: visit.request_id(fields)}
    return await visit.page("preview.html", values)


def _receipt(done: ConfirmedImport, _: Wording) -> str:
    note = _("{n} case(s) importée(s).", n=done.written)
    if done.kept:
        note = _(
            "{n} case(s) importée(s), {kept} valeur(s) saisie(s) à la main gardée(s).", n=done.written, kept=done.kept
        )
    return f"{note} {_('{n} case(s) laissée(s) de côté.', n=len(done.left_out))}" if done.left_out else note


async def _asking(visit: Visit, filing_id: str, package: str, failure: Failure | None = None) -> Response:
    filing = (await visit.services.forms.get(filing_id)).filing
    packages: tuple[str, ...] = ()
    if visit.may("filing.import", filing):
        identity = filing.identity
        packages = (await visit.services.forms.accounts(identity.body, identity.form_set)).packages
    values = {
        **await framed(visit, filing, "import"),
        "packages": [one for one in packages if one],
        "package": package,
        "largest": visit.desk.place.largest_upload // 1_000_000,
        "failure": explained(failure, visit.wording) if failure else None,
        "violations": told_beside(failure, visit.wording) if failure else (),
    }
    return await drawn(visit, "import.html", values, failure)


async def _values(
    visit: Visit, filing: Filing, made: ImportPreview, marked: Mapping[str, str], failure: Failure | None = None
) -> dict[str, object]:
    _, form_set, query = visit.wording, formsets.load(filing.identity.form_set), visit.request.query_params
    counts = {effect: sum(1 for change in made.changes if change.effect is effect) for effect in _ORDER}
    open_to_choice = {change.effect for change in made.changes if change.is_open_to_choice}
    chosen_from = [effect for effect in _ORDER if effect in open_to_choice]
    others = (change for change in made.changes if not change.is_open_to_choice)
    by_effect = sorted(others, key=lambda change: _ORDER.index(change.effect))
    groups = [
        (effect, listed(query, effect.value, list(changes), lambda change: row_of(change, form_set, _)))
        for effect, changes in groupby(by_effect, key=lambda change: change.effect)
    ]
    other = "QDIS" if filing.identity.document.code == "ER" else "ER"
    return {
        **await framed(visit, filing, "import"),
        "preview": made,
        "failure": explained(failure, _) if failure else None,
        "violations": told_beside(failure, _) if failure else (),
        "is_stale": isinstance(failure, Conflict),
        "counts": [(effect, count, effect in chosen_from) for effect, count in counts.items() if count],
        "forms": forms_of(made, form_set, _),
        "chosen_from": chosen_from,
        "marked": marked.keys(),
        "groups": groups,
        "to_write": sum(change.is_written for change in made.changes),
        "protected": counts[ImportEffect.PROTECTED],
        "elsewhere": _(
            "{n} ligne(s) du {document} non stockée(s) ici.", n=counts[ImportEffect.ELSEWHERE], document=other
        )
        if counts[ImportEffect.ELSEWHERE]
        else "",
        "guesses": [_.sentence(guess) for guess in made.guesses],
        "feeds": listed(
            query,
            "accounts",
            made.feeds,
            lambda feed: (feed, label_of(form_set, feed.address, _), shown(feed.amount, "MS", _)),
        ),
        "untaken": sum(1 for feed in made.feeds if not feed.address),
        "problems": listed(query, "problems", made.problems, lambda one: _told_in_parts(one, form_set, _)),
        "disagreements": listed(
            query,
            "disagreements",
            [change for change in made.changes if change.message],
            lambda one: _told_in_parts(one, form_set, _),
        ),
    }


def _told_in_parts(one: ImportProblem | ImportChange, form_set: FormSet, _: Wording) -> tuple[object, ...]:
    """Return a refused line or a differing total with what, where and how, and the entry of its control."""
    said = _.parts(one.message) if one.message else ("", "", "")
    return (one, *said, control_instruction(form_set, one.control))
