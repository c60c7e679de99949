"""A file is checked as the document, or the two documents, that it holds: what the server would say of each."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from cli.check import Options, check_command, check_content
from formsets import FormSet
from formsets.values import parse, written
from services.forms.clients.exports import flat_csv
from services.forms.domain.filing import Document
from services.validation.domain.evaluation import Evaluation, evaluate
from services.validation.domain.rule_set import compile_rules
from synthetic import Filing, synthesise, to_flat_csv, with_fault
from tests.support.exports import an_export
from tests.support.form_sets import SAMPLE
from tests.support.forms import a_form_set


def known_to_the_federation(form_set: FormSet, filing: Filing) -> dict[str, str]:
    """What a federation's server holds of a body: what was typed there, and every shared fact, computed ones unrounded."""
    er = filing.of_document("ER")
    everything = er | evaluate(compile_rules(form_set), "ER", er).computed
    shared = {c.cell: everything[c.cell] for c in form_set.concepts if c.cell in everything}
    own = {a: v for a, v in filing.of_document("QDIS").items() if form_set.line_of(a).alias_of is None}
    return shared | own


def on_the_server(form_set: FormSet, filing: Filing, document: str) -> tuple[Evaluation, dict[str, str]]:
    """The verdict of the server that holds this document, and what its export writes."""
    cells = filing.of_document("ER") if document == "ER" else known_to_the_federation(form_set, filing)
    found = evaluate(compile_rules(form_set), document, cells)
    shown = {a: rounded(form_set, a, v) for a, v in found.computed.items()}
    return found, {**cells, **shown}


def rounded(form_set: FormSet, address: str, value: str) -> str:
    cell_type = form_set.cell_type(address)
    return written(parse(value, cell_type), cell_type)


def failures(statuses: Mapping[str, str]) -> set[str]:
    return {control for control, status in statuses.items() if status == "failed"}


@pytest.mark.parametrize(
    ("document", "fault"),
    [("ER", ""), ("ER", "A-01"), ("ER", "A-06"), ("QDIS", ""), ("QDIS", "Q-02"), ("QDIS", "P-05"), ("QDIS", "Q-06")],
)
@pytest.mark.parametrize(("family", "seed"), [("OPH", 1), ("ESH", 7), ("COOP", 3)])
def test_the_export_of_one_document_gets_the_verdict_of_its_server(
    family: str, seed: int, document: str, fault: str
) -> None:
    form_set, filing = a_form_set(), synthesise(family, seed, 2024)
    if fault:
        filing, _ = with_fault(filing, fault, seed)
    server, content = on_the_server(form_set, filing, document)

    outcome = check_content(flat_csv.write(an_export(content, Document(document))))

    assert outcome.report is not None
    assert outcome.report.document == document
    assert outcome.report.verdict == server.verdict
    assert outcome.format == ()
    found = {result.id: result.status for result in outcome.report.controls}
    assert (fault in failures(found)) is bool(fault)
    assert failures(found) == failures({finding.control: finding.status for finding in server.findings})


def test_what_a_federation_alone_cannot_compute_is_taken_as_the_file_gives_it() -> None:
    form_set, filing = a_form_set(), synthesise("OPH", 1, 2024)
    _, content = on_the_server(form_set, filing, "QDIS")
    content["QD.130.n"] = "5"  # of CC.310 and CC.430, which no line of the QDIS shows

    printed = check_content(flat_csv.write(an_export(content, Document.QDIS))).as_json()

    assert printed["document"] == "QDIS"
    assert [(item["code"], item["control"]) for item in printed["format"]] == [("QD.130", "F-22")]
    assert {cell[:2] for cell in printed["cells"]} == {f.code for f in form_set.forms if f.document == "QDIS"}


def test_a_file_without_its_computed_cells_leaves_empty_what_it_cannot_give() -> None:
    filing = synthesise("OPH", 1, 2024)
    lines = [line for line in to_flat_csv(filing, include_computed=False).splitlines() if line[0] in "cQ"]

    report = check_content("\n".join(lines).encode()).report

    assert report is not None
    assert report.document == "QDIS"
    assert "QC.090.n" not in report.cells  # CP.210 to CP.250 are nowhere in the QDIS
    assert not report.with_status("failed")


def test_a_control_of_a_fact_that_no_line_of_the_file_shows_says_what_is_missing() -> None:
    form_set, filing = a_form_set(), synthesise("OPH", 1, 2024)
    _, content = on_the_server(form_set, with_fault(filing, "H-02", 1)[0], "QDIS")

    report = check_content(flat_csv.write(an_export(content, Document.QDIS))).report

    assert report is not None
    assert {result.id: result.missing for result in report.with_status("not_evaluated")}["H-02"] == ("PL.030.n1",)


def test_one_document_of_a_whole_file_is_checked_on_demand() -> None:
    content = SAMPLE.read_bytes()

    whole, er, qdis = (check_content(content, document=asked) for asked in (None, "ER", "QDIS"))

    assert [len(one.as_json()["controls"]) for one in (whole, er, qdis)] == [119, 87, 29]
    assert {one.as_json()["verdict"] for one in (whole, er, qdis)} == {"clean"}
    assert (whole.left_out, er.left_out, qdis.left_out) == (0, 168, 1022)
    assert qdis.report is not None
    assert qdis.report.cells["QC.090.n"] == Decimal(695_000)


def test_a_document_is_forced_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = check_command(SAMPLE, json_output=False, options=Options(document="er"))

    assert code == 0
    assert "168" in capsys.readouterr().out


def test_an_unknown_document_is_a_misuse(capsys: pytest.CaptureFixture[str]) -> None:
    assert check_command(SAMPLE, json_output=False, options=Options(document="zz")) == 2
    assert "QDIS" in capsys.readouterr().err
