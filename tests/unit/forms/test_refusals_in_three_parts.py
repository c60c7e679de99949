"""A refused cell is told in three parts and two languages, and in the same words wherever it is refused."""

from datetime import timedelta

import pytest

from chassis.errors import ThreeParts
from services.forms.domain.cell import PutBack, first_version
from services.forms.domain.editing import Edit, apply_edits
from services.forms.domain.errors import CellsChanged, CellsRefused
from services.forms.domain.filing import Document
from services.forms.usecases.save_cells import TypedCell
from services.validation.domain.reading import RawCell, read_texts
from tests.support.forms import (
    AMOUNT,
    CLOSED,
    FILING_ID,
    NOON,
    QDIS_ONLY,
    TOTALLED,
    a_cell,
    a_filing,
    a_form_set,
    a_forms,
    a_source,
)

FORMATS = {
    "F-01": (AMOUNT, "12,5"),
    "F-02": ("BP.110.n", "perte"),
    "F-03": ("PL.010.n", "9,5"),
    "F-04": ("QE.120.n", "2,345"),
    "F-05": ("ID.160.v", "29/02/2023"),
    "F-06": ("ID.160.v", "01/01/2027"),
    "F-07": ("ID.260.v", "000217381"),
    "F-08": ("ID.040.v", "00021738000014"),
    "F-10": ("ID.090.v", "96001"),
    "F-11": ("ID.080.v", "2100"),
    "F-12": ("ID.120.v", "contact.example"),
    "F-13": ("ID.110.v", "12"),
    "F-14": ("ID.050.v", "OPHLM"),
    "F-15": ("ID.240.v", "peut-être"),
    "F-16": ("ID.020.v", "x" * 301),
    "F-17": (AMOUNT, "-5"),
    "F-18": (AMOUNT, "100000000000"),
    "F-19": (CLOSED, "5"),
    "F-27": (AMOUNT, "5 k€"),
}
"""Every format control that reads one text → a cell and a text that it refuses."""


def parts(one):
    return ThreeParts(one.what, one.where, one.how)


async def refused_at_save(address, text, document=Document.ER):
    forms = a_forms()
    await forms.keep(a_filing(document=document))
    with pytest.raises(CellsRefused) as refusal:
        await forms.use.save_cells(forms.caller, FILING_ID, [TypedCell(address, text, 0)])
    (found,) = refusal.value.violations
    return found


@pytest.mark.parametrize("control", FORMATS)
async def test_a_page_a_file_and_a_program_are_told_the_same(control):
    address, text = FORMATS[control]
    form_set = a_form_set()
    document = Document(form_set.document_of(address)) if form_set.has_cell(address) else Document.ER
    forms = a_forms()
    await forms.keep(a_filing(document=document))
    code, _, column = address.rpartition(".")

    typed = await refused_at_save(address, text, document)
    content = f"code;colonne;valeur\n{code};{column};{text}\n".encode()
    (problem,) = (await forms.use.preview_import(forms.caller, FILING_ID, "er.csv", content)).problems
    (reading,) = read_texts(form_set, 2024, [RawCell(address, text)])

    assert typed.reason == problem.control == reading.control == control
    assert typed.fr == parts(problem.fr) == parts(reading.french)
    assert typed.en == parts(problem.en) == parts(reading.english)
    assert all((typed.fr.what, typed.fr.where, typed.fr.how, typed.en.what, typed.en.where, typed.en.how))
    assert typed.description == str(typed.fr)


@pytest.mark.parametrize(
    ("address", "control", "how"),
    [
        (TOTALLED, "F-20", "Modifiez les cases dont elle dépend."),
        (QDIS_ONLY, "F-24", "Elle se remplit dans le dossier QDIS."),
        ("BA.010.zz", "F-24", "Colonnes admises : brut, amort, net, n1."),
    ],
)
async def test_a_cell_nobody_writes_in_says_where_and_what_to_do(address, control, how):
    found = await refused_at_save(address, "5")

    assert (found.reason, found.fr.how) == (control, how)
    assert address in found.fr.where
    assert address in found.en.where
    assert all((found.en.what, found.en.how))


def lost(present):
    edit = Edit(AMOUNT, "7", 1, AMOUNT)
    with pytest.raises(CellsChanged) as refusal:
        apply_edits({AMOUNT: present}, [edit], a_source())
    (found,) = refusal.value.violations
    return found


def test_who_changed_a_cell_meanwhile_is_named_in_both_languages_with_what_to_do():
    found = lost(a_cell(value="5001", version=2))

    assert found.fr.where == f"Case {AMOUNT} : Camille Compte a saisi « 5001 » le 02/06/2025 à 12:00 UTC."
    assert found.en.where == f"Cell {AMOUNT}: Camille Compte entered “5001” on 2025-06-02 at 12:00 UTC."
    assert found.fr.how
    assert found.en.how


def test_who_put_a_value_back_meanwhile_is_named():
    put_back = PutBack("Alix", NOON + timedelta(hours=1), 1)

    found = lost(first_version(AMOUNT, "5", a_source(put_back=put_back)).changed("5", a_source(put_back=put_back)))

    assert "Alix a remis « 5 » le 02/06/2025 à 13:00 UTC" in found.fr.where


def test_a_sealed_fact_and_a_fact_given_twice_say_what_to_do_in_both_languages():
    sealed, twice = a_cell(is_sealed=True), [Edit(AMOUNT, text, 0, AMOUNT) for text in ("1", "2")]
    for cells, edits in (({AMOUNT: sealed}, [Edit(AMOUNT, "7", 1, AMOUNT)]), ({}, twice)):
        with pytest.raises(CellsRefused) as refusal:
            apply_edits(cells, edits, a_source())
        (found,) = refusal.value.violations
        assert all((found.fr.what, found.fr.where, found.fr.how, found.en.what, found.en.where, found.en.how))
        assert found.fr.what != found.en.what
