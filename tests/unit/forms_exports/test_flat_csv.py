import csv
import io

from hypothesis import given, settings

from formsets.flat_file import read_flat_file
from formsets.formats import read_all
from formsets.values import written
from services.forms.clients.exports import flat_csv
from services.forms.domain.cell import Origin
from services.forms.domain.filing import Document
from tests.support.exports import an_export, filled_cells
from tests.support.forms import AMOUNT, a_cell, a_form_set


def read_back(content):
    """What the import reads in a file: the written form of every filled cell."""
    file = read_flat_file(content, a_form_set())
    assert not file.problems
    values, problems = read_all(a_form_set(), {e.address: e.raw for e in file.entries}, 2024, origin="file")
    assert not problems
    return {address: written(value) for address, value in values.items()}


def rows_of(content):
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


def test_the_worked_example_is_imported_as_it_was_exported():
    for document in Document:
        content = an_export(document=document)
        assert read_back(flat_csv.write(content)) == content.filled


@settings(max_examples=60, deadline=None)
@given(filled_cells())
def test_every_value_is_imported_as_it_was_exported(values):
    assert read_back(flat_csv.write(an_export(values))) == values


@settings(max_examples=60, deadline=None)
@given(filled_cells())
def test_no_text_of_the_file_begins_like_a_formula(values):
    numbers = {"M", "MS", "N", "NS", "N2", "P", "D1", "D2"}
    for row in rows_of(flat_csv.write(an_export(values))):
        is_number = a_form_set().cell_type(f"{row['code']}.{row['colonne']}") in numbers
        texts = [row["libelle"], *([] if is_number else [row["valeur"]])]
        assert not any(text.lstrip()[:1] in tuple("=+-@＝＋－＠") for text in texts if text)


def test_empty_cells_are_there_so_that_an_import_elsewhere_gives_the_same_document():
    rows = rows_of(flat_csv.write(an_export({AMOUNT: "5"})))
    form_set = a_form_set()
    assert len(rows) == sum(not form_set.is_closed(address) for address in form_set.cells("ER"))


def test_the_file_says_where_values_come_from():
    content = an_export({AMOUNT: "5"}, cells=[a_cell(AMOUNT, "5", origin=Origin.SYNCHRONISED)])
    natures = {f"{row['code']}.{row['colonne']}": row["nature"] for row in rows_of(flat_csv.write(content))}
    assert natures[AMOUNT] == "autre serveur"
    assert natures["BA.010.net"] == "calcul"
