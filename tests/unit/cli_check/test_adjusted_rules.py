"""A campaign with a softened control is checked and described offline under the very digest that its server's reports carry."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import formsets
from cli.check import Options, check_command
from cli.rules import export_command
from formsets.values import written
from services.gateway.clients.answers import Adjustment as Answer
from services.gateway.clients.answers import Document, RuleSet, Severity
from services.gateway.web.adjustment_file import of_campaign, of_filing
from services.validation.domain.adjustment import HERE, WITHDRAWN, Adjustment, Jurisdiction
from services.validation.usecases.evaluate_filing import EvaluateFiling
from services.validation.usecases.get_rule_set import GetRuleSet, RulesInForce
from services.validation.usecases.judging import Judging
from services.validation.usecases.ports import Subject
from services.validation.usecases.recent_reports import RecentReports
from tests.support.form_sets import SAMPLE, sample_cells
from tests.support.gateway import an_identity
from tests.support.hosting import a_stack
from tests.support.validation_fakes import InlineEngine, InMemoryJustifications

AT = datetime(2025, 6, 2, tzinfo=UTC)
DECIDED = [("A-20", "R"), ("X-18", WITHDRAWN), ("A-06", "A"), ("A-99", "R")]
"""Two that change something, one that puts a control back, one of another form set."""
_WORDS = {"T": Severity.TRANSMISSION, "A": Severity.ANOMALY, "R": Severity.REMARK, WITHDRAWN: Severity.UNSPECIFIED}


async def a_campaign() -> InMemoryJustifications:
    store = InMemoryJustifications()
    for number, (control, severity) in enumerate(DECIDED):
        about = "2024.1", "ER", 2024, control, severity, "Instruction contraire.", "Alex Agent", AT
        await store.adjustments.add(Adjustment(*about, UUID(int=number)))
    return store


async def report_of_the_server(store: InMemoryJustifications) -> tuple[str, str]:
    form_set, stack = formsets.load("2024.1"), a_stack()
    cells = {a: written(v) for a, v in sample_cells("saisie").items() if form_set.document_of(a) == "ER"}
    cells["ID.200.v"] = "2025-07-01"
    judging = Judging(store, formsets, Jurisdiction("MIN", "MIN"))
    use = EvaluateFiling(InlineEngine(), judging, stack.identifiers, RecentReports(1))
    judged = await use(Subject("2024.1", "ER", year=2024), cells, None)
    return judged.evaluation.verdict.value, judged.evaluation.rule_set


def as_answer(rules: RulesInForce) -> RuleSet:
    decisions = tuple(
        Answer("2024.1", Document.ER, 2024, one.control, _WORDS[one.severity], not one.severity, one.reason, "", one.at)
        for one in rules.adjustments
    )
    return RuleSet(rules.form_set_digest, rules.rule_set, decisions)


async def a_file_of_the_server(tmp_path: Path) -> tuple[Path, tuple[str, str]]:
    """The file as the gateway gives it, and what the server says of the example, approved late."""
    store = await a_campaign()
    rules = as_answer(await GetRuleSet(store, formsets, Jurisdiction("MIN", "MIN"))("2024.1", "ER", 2024))
    file = tmp_path / "adjustments.json"
    file.write_bytes(bytes(of_filing(an_identity(), rules).body))
    return file, await report_of_the_server(store)


def late(tmp_path: Path) -> Path:
    file = tmp_path / "late.csv"
    file.write_text(SAMPLE.read_text(encoding="utf-8").replace("ID.200;v;2025-06-24", "ID.200;v;2025-07-01"))
    assert "ID.200;v;2025-07-01" in file.read_text()
    return file


async def test_the_digest_and_the_verdict_are_those_of_the_server(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, (verdict, rule_set) = await a_file_of_the_server(tmp_path)

    code = check_command(late(tmp_path), json_output=True, options=Options(document="ER", adjustments=[file]))

    printed = json.loads(capsys.readouterr().out)
    assert (code, printed["verdict"], printed["rule_set"]) == (0, verdict, rule_set) == (0, "remarks", rule_set)
    assert printed["adjusted"] == [
        {"control": "A-20", "severity": "R", "official": "A"},
        {"control": "X-18", "severity": None, "official": "A"},
    ]
    assert rule_set != formsets.load("2024.1").digest


async def test_the_catalogue_under_those_rules_has_their_digest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, (_, rule_set) = await a_file_of_the_server(tmp_path)

    code = export_command("json", adjustments=[file])

    catalogue: dict[str, Any] = json.loads(capsys.readouterr().out)
    severities = {control["id"]: control["severity"] for control in catalogue["controls"]}
    assert (code, catalogue["version"], catalogue["rule_set"]) == (0, "2024.1", rule_set)
    assert severities["A-20"] == "R"
    assert "X-18" not in severities
    assert export_command("html", adjustments=[file]) == 0
    page = capsys.readouterr().out
    assert rule_set in page
    assert "A-20 (A → R)" in page


async def test_the_file_of_the_authority_gives_the_same_rules(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, (_, rule_set) = await a_file_of_the_server(tmp_path)
    store = await a_campaign()
    listed = await store.adjustments.in_force("ER", 2024, HERE)
    answers = as_answer(RulesInForce("", "", tuple(listed))).adjustments
    file = tmp_path / "of-the-authority.json"
    file.write_bytes(bytes(of_campaign(Document.ER, 2024, answers).body))

    assert export_command("json", version="2024.1", adjustments=[file]) == 0
    assert json.loads(capsys.readouterr().out)["rule_set"] == rule_set


def a_file(tmp_path: Path, *decisions: tuple[str, str | None], **changes: Any) -> Path:
    content = {
        "kind": "harmonia.adjustments/1",
        "document": "ER",
        "year": 2024,
        "adjustments": [{"control": control, "severity": severity} for control, severity in decisions],
    }
    file = tmp_path / "given.json"
    file.write_text(json.dumps(content | changes))
    return file


@pytest.mark.parametrize(
    ("decisions", "changes", "said"),
    [
        ([("A-20", "B")], {}, "adjustments/0/severity"),
        ([("A-17", "R")], {}, "bloquant"),
        ([("A-20", "T")], {}, "gravité A"),
        ([("A-20", "R"), ("A-20", None)], {}, "deux fois"),
        ([("A-20", "R")], {"kind": "other"}, "kind"),
        ([("A-20", "R")], {"year": 2023}, "ER 2023"),
        ([("A-20", "R")], {"document": "QDIS"}, "QDIS 2024"),
        ([("A-20", "R")], {"form_set": "2024.1", "rule_set": "0" * 64}, "empreinte"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(
    decisions: list[tuple[str, str | None]],
    changes: dict[str, Any],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = a_file(tmp_path, *decisions, **changes)

    assert check_command(SAMPLE, json_output=True, options=Options(document="ER", adjustments=[file])) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"[" * 100_000, b"\xff", b"[]"])
def test_what_is_no_file_of_adjustments_is_refused(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "given.json"
    file.write_bytes(content)

    assert check_command(SAMPLE, json_output=True, options=Options(adjustments=[file])) == 2
    assert export_command("json", adjustments=[tmp_path / "none.json"]) == 2
    assert "none.json" in capsys.readouterr().err
