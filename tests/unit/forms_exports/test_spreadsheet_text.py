from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formsets.spreadsheet_text import is_dangerous, neutralised, restored


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "﹦", "﹢", "﹣", "﹫"]
)
def test_a_text_that_begins_like_a_formula_is_written_with_an_apostrophe(start):
    assert neutralised(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize("before", [" ", "\u00a0", "\u202f", "\u200b", "\ufeff", "\u2060"])
def test_blanks_and_invisible_characters_do_not_hide_a_formula(before):
    assert neutralised(f"{before}=1+1").startswith("'")


@pytest.mark.parametrize("text", ["", "Exemple Habitat", "a=b", "l'office", "'entre guillemets'", "12-14 rue"])
def test_other_texts_are_written_as_they_are(text):
    assert neutralised(text) == text
    assert restored(text) == text


@given(st.text())
def test_every_text_is_found_again(text):
    assert restored(neutralised(text)) == text


def test_ten_thousand_attacks_begin_with_an_apostrophe_and_are_found_again():
    quotes = ["", "'", "''"]
    blanks = ["", " ", "  ", "\u00a0", "\u202f", "\u3000", "\u200b", "\ufeff", "\u2060", "\u00ad", "\x0b"]
    starts = "=+-@\t\r\n＝＋－＠﹦﹢﹣﹫"
    payloads = ["1+1", "cmd|' /C calc'!A0", "SUM(A1:A9)", 'HYPERLINK("http://a.example")', "abc", "", "=", "\t=1"]
    ends = ["", " ", ";=1", "\n=1", '"', ",=1"]
    attacks = ["".join(parts) for parts in product(quotes, blanks, starts, payloads, ends)]
    assert len(attacks) > 10_000
    written = [neutralised(attack) for attack in attacks]
    assert all(text == f"'{attack}" for attack, text in zip(attacks, written, strict=True))
    assert [restored(text) for text in written] == attacks


@given(st.sampled_from("=+-@\t\r\n＝＋－＠"), st.text())
def test_no_written_text_begins_like_a_formula(start, rest):
    assert neutralised(start + rest)[0] == "'"


def test_an_apostrophe_of_the_text_itself_is_kept():
    assert neutralised("'=x") == "''=x"
    assert restored("''=x") == "'=x"
    assert not is_dangerous("'")
