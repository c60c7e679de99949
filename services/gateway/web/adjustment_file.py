"""The decisions on the controls of a campaign as a file: what `harmonia check --adjustments` reads (formsets/adjustments.schema.json)."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.responses import Response

from services.gateway.clients.answers import Adjustment, Document, FilingIdentity, RuleSet, Severity
from services.gateway.web.sign_pages import attachment

KIND = "harmonia.adjustments/1"
_LETTERS = {Severity.TRANSMISSION: "T", Severity.ANOMALY: "A", Severity.REMARK: "R"}


def of_filing(identity: FilingIdentity, rules: RuleSet) -> Response:
    """Return the file of the rules of one filing, with the digest that they have here."""
    named = {"form_set": identity.form_set, "rule_set": rules.rule_set}
    return _file(identity.document, identity.year, rules.adjustments, named)


def of_campaign(document: Document, year: int, adjustments: Iterable[Adjustment]) -> Response:
    """Return the file of the decisions of a campaign, whatever its form set."""
    return _file(document, year, adjustments, {})


def _file(document: Document, year: int, adjustments: Iterable[Adjustment], named: Mapping[str, str]) -> Response:
    content = {
        "kind": KIND,
        "document": document.code,
        "year": year,
        **named,
        "adjustments": [_decision(one) for one in adjustments],
    }
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    return attachment(text.encode(), f"harmonia-adjustments-{document.code}-{year}.json", "application/json")


def _decision(one: Adjustment) -> dict[str, Any]:
    return {
        "control": one.control,
        "severity": None if one.is_withdrawn else _LETTERS[one.severity],
        "reason": one.reason,
        "decided_at": one.adjusted_at.isoformat() if one.adjusted_at else "",
    }
