import io
from dataclasses import replace

import openpyxl
import pytest
from hypothesis import given, settings
from python_calamine import CalamineWorkbook

from formsets.formats import read
from formsets.values import written
from services.forms.clients.exports import workbook
from services.forms.domain.filing import Document
from tests.support.exports import an_export, filled_cells
from tests.support.forms import AMOUNT, CLOSED, TOTALLED, a_body, a_filing, a_form_set


def text_of(value):
    """A cell of a spreadsheet as a person would type it."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return value.isoformat()[:10] if hasattr(value, "isoformat") else str(value)


def read_back(content):
    """Written forms found in the sheets, by calamine."""
    found, form_set = {}, a_form_set()
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    for name in book.sheet_names[1:]:
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        columns = rows[workbook.HEADER_ROW][workbook.FIRST_COLUMN :]
        for row in rows[workbook.FIRST_ROW :]:
            for column, value in zip(columns, row[workbook.FIRST_COLUMN :], strict=True):
                if value != "":
                    reading = read(form_set, f"{row[0]}.{column}", text_of(value), 2024, origin="file")
                    assert reading.problem is None
                    found[f"{row[0]}.{column}"] = written(reading.value)
    return found


def opened(content):
    return openpyxl.load_workbook(io.BytesIO(content))


def with_filled_forms_only(values):
    """The document without its empty forms: writing and reading sixteen sheets takes half a second."""
    content = an_export(values)
    return replace(content, forms=tuple(f for f in content.forms if any(a[:2] == f.form.code for a in values)))


def place_of(book, address):
    return book.defined_names[workbook.name_of(address)].attr_text.replace("'", "").replace("$", "").split("!")


def cell_of(book, address):
    sheet, place = place_of(book, address)
    return book[sheet][place]


def test_the_worked_example_is_read_as_it_was_written():
    for document in Document:
        content = an_export(document=document)
        assert read_back(workbook.write(content)) == content.filled


@settings(max_examples=30, deadline=None)
@given(filled_cells())
def test_every_value_is_read_as_it_was_written(values):
    assert read_back(workbook.write(with_filled_forms_only(values))) == values


@settings(max_examples=15, deadline=None)
@given(filled_cells())
def test_no_cell_is_a_formula_and_hostile_texts_stay_texts(values):
    book = opened(workbook.write(with_filled_forms_only(values)))
    assert not [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    for address, value in values.items():
        if value[0] in "=+-@＝＋－＠'" and not value.lstrip("-").replace(".", "").isdigit():
            assert cell_of(book, address).quotePrefix
            assert cell_of(book, address).number_format == "@"


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "＝1+1"])
def test_the_name_of_a_body_is_a_text_on_the_cover(name):
    content = an_export({}, filing=a_filing(body=a_body(name=name)))
    cell = opened(workbook.write(content))[workbook.COVER]["B2"]
    assert cell.value == name
    assert cell.data_type == "s"
    assert cell.quotePrefix


def test_only_cells_a_person_may_fill_are_unlocked():
    content = an_export()
    book = opened(workbook.write(content))
    assert all(sheet.protection.sheet for sheet in book)
    for _, cell in content.cells:
        if not cell.is_closed:
            assert cell_of(book, cell.address).protection.locked is not cell.is_input
    assert cell_of(book, TOTALLED).protection.locked
    assert workbook.name_of(CLOSED) not in book.defined_names


def test_cells_are_typed_and_checked_as_they_are_typed():
    book = opened(workbook.write(an_export()))
    assert cell_of(book, AMOUNT).data_type == "n"
    assert cell_of(book, "ID.160.v").is_date
    assert cell_of(book, "ID.030.v").data_type == "s"
    rules = {}
    for sheet in book:
        for rule in sheet.data_validations.dataValidation:
            for row in rule.sqref.ranges:
                for place in row.cells:
                    rules[sheet.title, *place] = rule.type
    kinds = {}
    for address in (AMOUNT, "ID.160.v", "ID.240.v", "ID.050.v", "ID.010.v"):
        cell = cell_of(book, address)
        kinds[address] = rules[cell.parent.title, cell.row, cell.column]
    assert list(kinds.values()) == ["decimal", "date", "list", "list", "textLength"]


def test_the_same_content_gives_the_same_bytes():
    assert workbook.write(an_export()) == workbook.write(an_export())


def test_a_number_too_long_for_a_spreadsheet_is_written_as_text():
    content = an_export({TOTALLED: "1234567890123456"})
    assert cell_of(opened(workbook.write(content)), TOTALLED).value == "1234567890123456"


def test_the_cover_says_whether_the_content_is_signed():
    signed = opened(workbook.write(replace(an_export(), version=3)))[workbook.COVER]
    assert signed["B6"].value == "3"
