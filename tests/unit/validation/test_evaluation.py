from datetime import UTC, datetime
from uuid import UUID

import pytest

import formsets
from formsets.values import written
from services.validation.domain.answer import AnsweredJustification
from services.validation.domain.errors import CellsMalformed, JustificationRefused
from services.validation.domain.evaluation import Evaluation, Finding, evaluate
from services.validation.domain.justification import Justification, digest_of, normalised
from services.validation.domain.reading import RawCell, read_texts
from services.validation.domain.rule_set import compile_rules
from services.validation.domain.verdict import Verdict
from tests.support.form_sets import sample_cells

FILING = UUID("019aa000-0000-7000-8000-000000000001")


def er_cells(**changes: str) -> dict[str, str]:
    """The ER of the worked example in written form; `BA_820_brut="1"` changes the cell BA.820.brut."""
    form_set = formsets.load("2024.1")
    cells = {a: written(v) for a, v in sample_cells("saisie").items() if form_set.document_of(a) == "ER"}
    return {**cells, **{name.replace("_", "."): value for name, value in changes.items()}}


def er(cells: dict[str, str], *said: Justification) -> Evaluation:
    answered = [AnsweredJustification(number, one) for number, one in enumerate(said, start=1)]
    return evaluate(compile_rules(formsets.load("2024.1")), "ER", cells, answered)


def finding_of(found: Evaluation, control: str) -> Finding:
    return next(finding for finding in found.findings if finding.control == control)


def a_justification(
    control: str, operands: dict[str, str], text: str = "Expliqué en annexe, page 12.", cell: str = ""
) -> Justification:
    at = datetime(2025, 6, 2, tzinfo=UTC)
    return Justification(FILING, "000000018", 2024, control, text, "C. Exemple", at, digest_of(operands), cell)


def test_a_filing_that_holds_is_clean_and_fully_computed() -> None:
    found = er(er_cells())

    assert found.verdict is Verdict.CLEAN
    assert len(found.findings) == 87
    assert found.computed["BA.900.net"] == "388164541"
    assert found.computed["AF.180.n"] == "7.8406169666"
    assert found.rule_set == formsets.load("2024.1").digest
    assert not any(address.startswith("Q") for address in found.computed)


def test_a_failed_control_speaks_both_languages_in_three_parts() -> None:
    finding = next(f for f in er(er_cells(ID_200_v="2025-07-01")).findings if f.control == "A-20")

    assert finding.status == "failed"
    assert finding.french.what == "Comptes approuvés après le 30 juin."
    assert finding.english.what == "The accounts were approved after 30 June."
    assert all((finding.french.where, finding.french.how, finding.english.where, finding.english.how))
    assert dict(finding.operands) == {"ID.200.v": "2025-07-01", "ID.170.v": "2024-12-31"}


def test_a_justification_written_about_these_figures_counts() -> None:
    cells = er_cells(ID_200_v="2025-07-01")
    operands = {"ID.200.v": "2025-07-01", "ID.170.v": "2024-12-31"}

    without = er(cells)
    justified = er(cells, a_justification("A-20", operands))
    outdated = er(cells, a_justification("A-20", {**operands, "ID.200.v": "2025-07-15"}))

    assert without.verdict is Verdict.TO_JUSTIFY
    assert justified.verdict is Verdict.REMARKS
    assert finding_of(justified, "A-20").is_justified
    assert outdated.verdict is Verdict.TO_JUSTIFY


DEPRECIATED = {"BA_010_amort": "99000000", "BA_110_amort": "9000000000"}
"""Two lines whose depreciation is above their asset: A-03 must hold on each line."""


def test_each_line_on_which_a_control_fails_is_justified_on_its_own() -> None:
    cells = er_cells(**DEPRECIATED)
    first, second = finding_of(er(cells), "A-03").places
    assert [place.cells for place in (first, second)] == [
        ("BA.010.amort", "BA.010.brut"),
        ("BA.110.amort", "BA.110.brut"),
    ]

    one = a_justification("A-03", dict(first.operands), cell="BA.010.brut")
    both = one, a_justification("A-03", dict(second.operands), cell="BA.110.amort")

    partly = er(cells, one)
    assert [place.justification is not None for place in finding_of(partly, "A-03").places] == [True, False]
    assert not finding_of(partly, "A-03").is_justified
    assert finding_of(er(cells, *both), "A-03").is_justified


def test_a_line_that_changes_leaves_the_justification_of_another_as_it_is() -> None:
    cells = er_cells(**DEPRECIATED)
    finding = finding_of(er(cells), "A-03")
    first, second = finding.places
    said = (
        a_justification("A-03", dict(first.operands), cell="BA.010.amort"),
        a_justification("A-03", dict(second.operands), cell="BA.110.amort"),
    )
    whole = a_justification("A-03", dict(finding.operands))

    changed = {**cells, "BA.110.amort": "9000000001"}

    assert [bool(place.justification) for place in finding_of(er(changed, *said), "A-03").places] == [True, False]
    assert not any(place.justification for place in finding_of(er(changed, whole), "A-03").places)
    assert finding_of(er(cells, whole), "A-03").is_justified


def test_each_empty_mandatory_cell_is_justified_on_its_own() -> None:
    cells = er_cells()
    del cells["ID.010.v"], cells["ID.030.v"]

    first = a_justification("F-31", {"ID.010.v": ""}, cell="ID.010.v")
    second = a_justification("F-31", {"ID.030.v": ""}, cell="ID.030.v")
    one_empty = a_justification("F-31", {"ID.010.v": ""})

    assert [bool(place.justification) for place in finding_of(er(cells, first), "F-31").places] == [True, False]
    assert finding_of(er(cells, first, second), "F-31").is_justified
    assert not finding_of(er(cells, one_empty), "F-31").is_justified, "written when the second was filled"


def test_a_total_read_on_every_line_is_a_cell_of_none() -> None:
    rules = compile_rules(formsets.load("2025.1"))
    cells = {"BA.010.net": "1", "BA.010.brut": "500", "BA.900.net": "600"}
    found = evaluate(rules, "ER", cells, previous={"BA.900.net": "600", "BA.030.net": "500"})

    places = finding_of(found, "H-14").places

    assert places
    assert all(cell != "BA.900.net" for place in places for cell in place.cells)
    assert len({place.cells for place in places}) == len(places)


def test_a_blocking_control_is_not_justified_away() -> None:
    cells = er_cells(BA_820_brut="1")
    operands = dict(next(f for f in er(cells).findings if f.control == "A-01").operands)

    found = er(cells, a_justification("A-01", operands))

    assert found.verdict is Verdict.BLOCKED
    assert not finding_of(found, "A-01").is_justified


def test_an_empty_mandatory_cell_is_a_finding() -> None:
    cells = er_cells()
    del cells["ID.010.v"]

    found = er(cells)

    assert found.verdict is Verdict.TO_JUSTIFY
    assert found.findings[-1].control == "F-31"
    assert found.findings[-1].missing == ("ID.010.v",)
    assert er(cells, a_justification("F-31", {"ID.010.v": ""})).verdict is Verdict.REMARKS


def test_an_empty_filing_is_not_evaluable() -> None:
    assert er({}).verdict is Verdict.NOT_EVALUABLE


def test_cells_that_are_not_in_written_form_are_refused_by_name() -> None:
    with pytest.raises(CellsMalformed) as caught:
        er({"BA.010.brut": "1 234", "ZZ.010.n": "1", "ID.170.v": "31/12/2024", "BA.020.brut": "5", "BA.030.brut": ""})

    assert [violation.field for violation in caught.value.violations] == ["BA.010.brut", "ZZ.010.n", "ID.170.v"]


def test_texts_are_read_in_order_and_refused_alone() -> None:
    cells = [
        RawCell("BA.010.brut", "1 234"),
        RawCell("BA.020.brut", "1.234,56"),
        RawCell("ZZ.010.n", "1"),
        RawCell("BA.010.net", "-5"),
        RawCell("BA.030.brut", " "),
    ]

    found = read_texts(formsets.load("2024.1"), 2024, cells)

    assert [(reading.value, reading.control) for reading in found] == [
        ("1234", ""),
        ("", "F-01"),
        ("", "F-24"),
        ("-5", ""),
        ("", ""),
    ]
    assert found[1].french is not None
    assert "123456" in found[1].french.how


@pytest.mark.parametrize(("control", "text"), [("A-20", "trop court"), ("A-20", "x" * 2_001), ("n'importe", "x" * 30)])
def test_a_justification_too_short_too_long_or_about_nothing_is_refused(control: str, text: str) -> None:
    with pytest.raises(JustificationRefused):
        a_justification(control, {}, text)


def test_padding_does_not_make_a_justification_long_enough() -> None:
    assert normalised("  trop \n\n   court ") == "trop court"


def test_the_digest_of_operands_ignores_their_order() -> None:
    assert digest_of({"a": "1", "b": ""}) == digest_of({"b": "", "a": "1"})
    assert digest_of({"a": "1", "b": ""}) != digest_of({"a": "1"})
    assert digest_of({"a": "1"}) != digest_of({"a": "2"})
