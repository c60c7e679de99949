"""Every way the trade writes a number is read as that number, in CSV, with every separator, in every encoding, and in workbooks (F25)."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import formsets
from formsets import FormSet
from formsets.flat_file import read_flat_file
from formsets.formats import read
from services.forms.clients.flat_file_process import answer
from tests.support.workbooks import a_workbook

QUESTION = {"siren": "000000018", "year": 2024, "file_name": "er"}
LARGEST = 99_999_999_999
BOUNDS = {
    "M": (0, LARGEST, 0),
    "MS": (-LARGEST, LARGEST, 0),
    "N": (0, 9_999_999, 0),
    "NS": (-9_999_999, 9_999_999, 0),
    "N2": (0, 99, 0),
    "D1": (-LARGEST, LARGEST, 1),
    "D2": (-LARGEST, LARGEST, 2),
    "P": (-LARGEST, LARGEST, 2),
}
"""Type of cell → lowest, highest, decimals."""


def with_an_open_n2() -> FormSet:
    """The package, but for one line of type N2: its only one is computed, and N2 is then read as NS."""
    forms = tuple(
        replace(form, lines=tuple(replace(line, type="N2") if line.code == "PL.020" else line for line in form.lines))
        for form in formsets.load("2024.1").forms
    )
    return replace(formsets.load("2024.1"), digest="with an open N2", forms=forms)


FORM_SET = with_an_open_n2()
ADDRESSES = {FORM_SET.cell_type(address): address for address in FORM_SET.cells() if FORM_SET.accepts_input(address)}
ENCODINGS = {"utf-8": "utf-8", "utf-8-sig": "utf-8", "cp1252": "windows-1252", "iso-8859-15": "iso-8859-15"}
"""Encoding written → as which it is recognised."""
OWN = "coût en €"
"""In a column of the user's own: without a character that tells them apart, the last two encodings are the same bytes."""
BLANKS = ["", " ", "\u00a0", "\u202f"]
MINUSES = ["-", "\u2212", "()"]


@st.composite
def written_amounts(draw: st.DrawFn) -> tuple[str, str, Decimal]:
    """An address, one way of writing a number there, and the number."""
    cell_type = draw(st.sampled_from(sorted(BOUNDS)))
    lowest, highest, places = BOUNDS[cell_type]
    number = Decimal(draw(st.integers(lowest * 10**places, highest * 10**places))) / 10**places
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


def can_be_written(text: str, encoding: str) -> bool:
    """Whether the encoding has all these characters."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


@pytest.mark.parametrize("separator", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ENCODINGS)
@settings(max_examples=100, deadline=None)
@given(written_amounts(), st.booleans())
def test_a_number_in_a_flat_file_is_that_number(separator, encoding, amount, quoted):
    address, text, number = amount
    assume(can_be_written(text, encoding))
    line, _, column = address.rpartition(".")
    field = f'"{text}"' if quoted or separator in text else text
    rows = [["code", "colonne", "valeur", "nature"], [line, column, field, OWN]]

    content = "".join(separator.join(row) + "\n" for row in rows).encode(encoding)

    assert value_in(content, address) == number
    read_as = read_flat_file(content, FORM_SET)
    assert (read_as.separator, read_as.encoding) == (separator, ENCODINGS[encoding])
    assert [entry.extra for entry in read_as.entries] == [{"nature": OWN}]


@pytest.mark.parametrize("cell_type", BOUNDS)
def test_the_bounds_are_read_and_what_lies_beyond_is_refused(cell_type):
    lowest, highest, _ = BOUNDS[cell_type]
    address = ADDRESSES[cell_type]

    assert [read(FORM_SET, address, str(n), 2024).value for n in (lowest, highest)] == [lowest, highest]
    assert all(read(FORM_SET, address, str(n), 2024).problem for n in (lowest - 1, highest + 1))


@settings(max_examples=100, deadline=None)
@given(written_amounts())
def test_a_number_in_a_workbook_is_that_number_as_text_and_as_a_number(amount):
    address, text, number = amount
    line, _, column = address.rpartition(".")
    for value in (text, number):
        content = a_workbook({"F": [["code", "colonne", "valeur"], [line, column, value]]})

        assert value_in(content, address) == number
