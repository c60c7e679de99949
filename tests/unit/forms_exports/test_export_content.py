from dataclasses import replace
from datetime import date

from services.forms.domain.cell import Origin
from services.forms.domain.filing import Document
from tests.support.exports import an_export
from tests.support.forms import ALIAS, AMOUNT, CLOSED, SHARED, TOTALLED, a_cell, a_form_set


def the_cell(content, address):
    return next(cell for _, cell in content.cells if cell.address == address)


def test_every_cell_of_the_document_is_there_and_no_other():
    form_set = a_form_set()
    for document in Document:
        exported = [cell.address for _, cell in an_export({}, document).cells]
        assert exported == list(form_set.cells(document))


def test_a_typed_cell_says_its_origin_and_a_total_that_it_is_computed():
    cells = [a_cell(AMOUNT, "100", origin=Origin.IMPORTED)]
    content = an_export({AMOUNT: "100", TOTALLED: "100"}, cells=cells)
    assert the_cell(content, AMOUNT).origin is Origin.IMPORTED
    assert the_cell(content, TOTALLED).origin is Origin.COMPUTED
    assert the_cell(content, AMOUNT).is_input
    assert not the_cell(content, TOTALLED).is_input


def test_a_closed_cell_is_marked_and_takes_no_input():
    cell = the_cell(an_export({}), CLOSED)
    assert cell.is_closed
    assert not cell.is_input


def test_an_alias_shows_the_fact_kept_under_its_er_address():
    content = an_export({SHARED: "7"}, Document.QDIS, cells=[a_cell(SHARED, "7", origin=Origin.SYNCHRONISED)])
    assert the_cell(content, ALIAS).value == "7"
    assert the_cell(content, ALIAS).origin is Origin.SYNCHRONISED


def test_a_fact_computed_elsewhere_leaves_rounded():
    form_set = a_form_set()
    concept = next(c for c in form_set.concepts if c.nature == "computed" and c.aliases and c.type in {"M", "MS"})
    content = an_export({concept.cell: "12.5000000001"}, Document.QDIS)
    assert the_cell(content, concept.aliases[0]).value == "13"


def test_a_signed_version_does_not_invent_origins():
    content = an_export({AMOUNT: "100", TOTALLED: "100"}, version=2)
    assert the_cell(content, AMOUNT).origin is None
    assert content.name == "er-2024-000000018-v2"


def test_the_exercice_is_the_one_of_the_body_when_it_makes_sense():
    given = {"ID.160.v": "2023-07-01", "ID.170.v": "2024-06-30"}
    assert (an_export(given).begins_on, an_export(given).ends_on) == (date(2023, 7, 1), date(2024, 6, 30))
    absurd = {"ID.160.v": "2024-07-01", "ID.170.v": "2023-06-30"}
    assert (an_export(absurd).begins_on, an_export(absurd).ends_on) == (date(2024, 1, 1), date(2024, 12, 31))


def test_a_signed_version_is_named_after_its_version():
    content = an_export({}, Document.QDIS)
    assert content.name == "qdis-2024-000000018"
    assert replace(content, version=1).name == "qdis-2024-000000018-v1"
