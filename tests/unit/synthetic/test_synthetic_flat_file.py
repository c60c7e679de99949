import csv

import pytest

import formsets
from formsets.flat_file import read_flat_file
from synthetic import FAMILIES, FORM_SET, synthesise, to_flat_csv, with_fault
from synthetic.flat_file import SEPARATORS, computed_cells

FORMS = formsets.load(FORM_SET)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("separator", SEPARATORS)
def test_the_file_is_read_back_whole(family: str, separator: str) -> None:
    filing = synthesise(family, 11, 2024)
    flat = read_flat_file(to_flat_csv(filing, separator=separator).encode(), FORMS)
    assert flat.problems == ()
    assert (flat.siren, flat.year) == (filing.siren, 2024)
    read = {entry.address: entry.raw for entry in flat.entries}
    assert read == {**computed_cells(filing), **filing.cells}


def test_the_file_has_the_shape_of_the_sample() -> None:
    rows = list(csv.reader(to_flat_csv(synthesise("OPH", 1, 2024)).splitlines(), delimiter=";"))
    assert rows[0] == ["code", "colonne", "valeur", "nature"]
    assert {row[3] for row in rows[1:]} == {"saisie", "calcul"}
    addresses = [f"{row[0]}.{row[1]}" for row in rows[1:]]
    assert addresses == [address for address in FORMS.cells() if address in set(addresses)]


def test_every_computed_cell_but_totals_of_closed_cells_is_there() -> None:
    computed = {address for address in FORMS.cells() if FORMS.is_computed(address)}
    assert computed - set(computed_cells(synthesise("OPH", 1, 2024))) == set()


def test_typed_cells_alone_are_enough_to_compute_the_rest() -> None:
    filing = synthesise("SEM", 1, 2024)
    text = to_flat_csv(filing, include_computed=False)
    assert "calcul" not in text
    assert len(text.splitlines()) == len(filing.cells) + 1


def test_a_cell_spoilt_beyond_its_type_is_kept_and_counts_as_empty() -> None:
    faulty = synthesise("OPH", 1, 2024).with_cells({"BA.010.brut": "douze", "ID.240.v": "peut-être"})
    assert "BA.010;brut;douze;saisie" in to_flat_csv(faulty)


def test_a_faulty_filing_is_written_with_its_fault() -> None:
    faulty, fault = with_fault(synthesise("OPH", 1, 2024), "A-14")
    (change,) = fault.changes
    line, _, column = change.address.rpartition(".")
    assert f"{line};{column};{change.after};saisie\n" in to_flat_csv(faulty)


def test_another_separator_is_refused() -> None:
    with pytest.raises(ValueError, match="Séparateur"):
        to_flat_csv(synthesise("OPH", 1, 2024), separator="|")
