import datetime as dt
import itertools
import os
import subprocess
import sys

import pytest

import formsets
from formsets.formats import read
from formsets.values import Value
from services.validation.domain.rule_set import compile_rules
from services.validation.domain.verdict import Report, Verdict
from synthetic import FAMILIES, FIRST_YEAR, FORM_SET, LAST_YEAR, CannotSynthesise, Filing, series, synthesise

SEEDS = range(40)
FORMS = formsets.load(FORM_SET)


def typed(filing: Filing) -> dict[str, Value]:
    """The cells as an import reads them; every one is accepted."""
    values = {}
    for address, text in filing.cells.items():
        reading = read(formsets.load(filing.form_set), address, text, filing.year, origin="file")
        assert reading.problem is None, (address, text)
        assert reading.value is not None
        values[address] = reading.value
    return values


def checked(filing: Filing) -> Report:
    return compile_rules(formsets.load(filing.form_set)).check(typed(filing), "whole")


def exceptions(report: Report) -> list[str]:
    return [result.id for result in report.controls if result.status != "passed"]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_control_passes_on_every_body(family: str) -> None:
    for seed in SEEDS:
        for filing in series(family, seed, (2023, 2024)):
            report = checked(filing)
            assert exceptions(report) == [], (family, seed, filing.year)
            assert report.verdict is Verdict.CLEAN


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("size", [100, 1_500, 100_000])
def test_every_control_passes_at_any_size_from_the_first_year_to_the_last(family: str, size: int) -> None:
    for filing in series(family, 51, (FIRST_YEAR, 2020, 2025, LAST_YEAR), size=size):
        report = checked(filing)
        assert exceptions(report) == []
        assert report.cells["SG.130.n"] == report.cells["CP.910.n"]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_open_typed_cell_is_filled_but_the_head_of_group(family: str) -> None:
    inputs = {a for a in FORMS.cells() if not FORMS.is_computed(a) and not FORMS.is_closed(a)}
    assert inputs - set(synthesise(family, 3, 2024).cells) == {"ID.260.v"}
    assert set(synthesise(family, 3, 2024).cells) <= inputs


@pytest.mark.parametrize("family", FAMILIES)
def test_the_columns_of_the_previous_year_are_those_of_the_previous_filing(family: str) -> None:
    filings = series(family, 5, range(2019, 2026))
    reports = [checked(filing).cells for filing in filings]
    for (_, before), (after, cells) in itertools.pairwise(zip(filings, reports, strict=True)):
        for address in after.cells:
            line, _, column = address.rpartition(".")
            if column != "n1":
                continue
            previous = before.get(f"{line}.{FORMS.form_of(address).default_column}")
            reading = read(FORMS, address, after.cells[address], after.year, origin="file").value
            if isinstance(previous, bool):
                assert reading == previous, address
            else:
                assert abs(reading - previous) <= 0.5, address
            assert cells[address] == reading


@pytest.mark.parametrize("family", FAMILIES)
def test_opening_debts_and_provisions_are_the_closing_ones(family: str) -> None:
    first, second = (checked(filing).cells for filing in series(family, 8, (2023, 2024)))
    for line in ("ED.110", "ED.120", "ED.130", "ED.140", "ED.160", "ED.170", "PR.120", "PR.130", "PR.150", "PR.170"):
        assert second[f"{line}.debut"] == first[f"{line}.fin"]
    assert second["BP.110.n"] == first["AR.090.n"]
    assert second["BP.090.n"] == first["BP.090.n"] + first["AR.060.n"]
    assert second["TF.170.n"] == first["AR.080.n"]
    assert second["AF.200.n"] == first["AF.190.n"]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_financing_table_explains_working_capital_to_the_euro(family: str) -> None:
    for filing in series(family, 13, range(2018, 2025)):
        cells = checked(filing).cells
        assert cells["TF.190.n"] == cells["SF.080.n"] - cells["SF.080.n1"]
        assert cells["BA.820.brut"] > 0
        assert cells["BP.190.n"] > 0


def test_a_filing_does_not_depend_on_the_years_asked_with_it() -> None:
    assert series("ESH", 2, range(2018, 2027))[6] == synthesise("ESH", 2, 2024)


def test_the_same_arguments_give_the_same_filing_in_another_process() -> None:
    program = "from synthetic import *; f = synthesise('COOP', 9, 2024); print(sorted(f.cells.items()))"
    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": salt, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        for salt in ("0", "4242")
    }
    assert printed == {f"{sorted(synthesise('COOP', 9, 2024).cells.items())}\n".encode()}


def test_another_seed_gives_another_body() -> None:
    filings = [synthesise("SEM", seed, 2024) for seed in range(10)]
    assert len({filing.siren for filing in filings}) == 10
    assert len({filing.cells["BP.330.n"] for filing in filings}) == 10


def test_the_size_asked_is_about_that_of_2024() -> None:
    filing = synthesise("OPH", 1, 2024, size=10_000)
    dwellings = int(filing.cells["PL.010.n"]) + int(filing.cells["PL.020.n"])
    assert 9_000 < dwellings < 11_500


def test_equity_lines_follow_the_family() -> None:
    for family in FAMILIES:
        cells = synthesise(family, 4, 2024).cells
        assert (cells["BP.010.n"] == "0") is (family == "OPH")
        assert (cells["BP.020.n"] != "0") is (family == "OPH")
        assert (cells["BP.095.n"] != "0") is (family == "SEM")


def test_transfers_of_charges_end_with_2024() -> None:
    before, after = series("OPH", 4, (2024, 2025))
    assert before.cells["CP.380.n"] != "0"
    assert not {"CP.380.n", "CP.570.n"} & after.cells.keys()
    assert (before.form_set, after.form_set) == ("2024.1", "2025.1")
    assert after.cells["CP.380.n1"] == before.cells["CP.380.n"]


def test_the_documents_share_out_the_cells() -> None:
    filing = synthesise("ESH", 1, 2024)
    assert len(filing.of_document("QDIS")) == 32
    assert {**filing.of_document("ER"), **filing.of_document("QDIS")} == dict(filing.cells)


def test_the_exercice_is_the_calendar_year() -> None:
    values = typed(synthesise("ESH", 1, 2024))
    assert (values["ID.160.v"], values["ID.170.v"]) == (dt.date(2024, 1, 1), dt.date(2024, 12, 31))


@pytest.mark.parametrize(
    ("family", "seed", "year", "size", "word"),
    [
        ("HLM", 1, 2024, None, "Famille"),
        ("OPH", -1, 2024, None, "graine"),
        ("OPH", 1, FIRST_YEAR - 1, None, "Exercice"),
        ("OPH", 1, LAST_YEAR + 1, None, "Exercice"),
        ("OPH", 1, 2024, 99, "Taille"),
        ("OPH", 1, 2024, 0, "Taille"),
        ("OPH", 1, 2024, 100_001, "Taille"),
    ],
)
def test_what_is_out_of_bounds_is_refused_with_the_bounds(
    family: str, seed: int, year: int, size: int | None, word: str
) -> None:
    with pytest.raises(CannotSynthesise, match=word):
        synthesise(family, seed, year, size=size)


def test_no_year_asked_gives_no_filing() -> None:
    assert series("OPH", 1, ()) == []
