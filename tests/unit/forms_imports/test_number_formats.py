"""Every way the trade writes a number is read as that number, in CSV, in every encoding, and in workbooks (F25)."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

import formsets
from formsets.formats import read
from services.forms.clients.flat_file_process import answer
from tests.support.workbooks import a_workbook

FORM_SET = formsets.load("2024.1")
QUESTION = {"siren": "000000018", "year": 2024, "file_name": "er"}
PLACES = {"M": 0, "MS": 0, "D1": 1, "D2": 2, "P": 2}
ADDRESSES = {
    cell_type: next(a for a in FORM_SET.cells() if FORM_SET.cell_type(a) == cell_type and FORM_SET.accepts_input(a))
    for cell_type in PLACES
    if any(FORM_SET.cell_type(a) == cell_type and FORM_SET.accepts_input(a) for a in FORM_SET.cells())
}
BLANKS = ["", " ", "\u00a0", "\u202f"]
MINUSES = ["-", "\u2212", "()"]


@st.composite
def written_amounts(draw: st.DrawFn) -> tuple[str, str, Decimal]:
    """An address, one way of writing a number there, and the number."""
    cell_type = draw(st.sampled_from(sorted(ADDRESSES)))
    lowest = 0 if cell_type == "M" else -99_999_999_999
    places = PLACES[cell_type]
    number = Decimal(draw(st.integers(lowest * 10**places, 99_999_999_999 * 10**places))) / 10**places
    whole, _, decimals = format(abs(number), f".{places}f").partition(".")
    text = f"{int(whole):,}".replace(",", draw(st.sampled_from(BLANKS)))
    if decimals:
        text += draw(st.sampled_from([",", "."])) + decimals
    if number < 0:
        minus = draw(st.sampled_from(MINUSES))
        text = f"({text})" if minus == "()" else minus + text
    return ADDRESSES[cell_type], text, number


def value_in(content: bytes, address: str) -> object:
    found = answer(FORM_SET, QUESTION, content)
    [(_, read_address, text, *_)] = found["lines"]
    assert read_address == address
    reading = read(FORM_SET, address, text, 2024, origin="file")
    assert reading.problem is None, (text, reading.problem)
    return reading.value


@settings(max_examples=300, deadline=None)
@given(written_amounts())
def test_a_number_in_a_flat_file_is_that_number(amount):
    address, text, number = amount
    line, _, column = address.rpartition(".")

    content = f'code;colonne;valeur\n{line};{column};"{text}"\n'

    assert value_in(content.encode(), address) == number
    if "\u202f" not in text and "\u2212" not in text:
        assert value_in(content.encode("cp1252"), address) == number


@settings(max_examples=100, deadline=None)
@given(written_amounts())
def test_a_number_in_a_workbook_is_that_number_as_text_and_as_a_number(amount):
    address, text, number = amount
    line, _, column = address.rpartition(".")
    for value in (text, number):
        content = a_workbook({"F": [["code", "colonne", "valeur"], [line, column, value]]})

        assert value_in(content, address) == number
