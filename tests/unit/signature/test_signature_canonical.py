import unicodedata

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from services.signature.domain.canonical import LARGEST_INTEGER, canonical_bytes, digest_of

_text = st.text().map(lambda text: unicodedata.normalize("NFC", text))
_values = st.recursive(
    st.none() | st.booleans() | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER) | _text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_text, inner, max_size=4),
    max_leaves=20,
)


@given(_values)
def test_the_bytes_are_those_of_the_rfc8785_library(value):
    assert canonical_bytes(value) == rfc8785.dumps(value)


def test_keys_are_ordered_by_utf16_units_as_the_rfc_example_asks():
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]

    written = canonical_bytes(dict.fromkeys(keys, 0)).decode()

    order = ["\\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600"]
    assert [written.index(key) for key in order] == sorted(written.index(key) for key in order)


def test_the_same_words_typed_in_two_unicode_forms_give_the_same_bytes():
    assert canonical_bytes({"é": "é"}) == canonical_bytes({"e\u0301": "e\u0301"})


@pytest.mark.parametrize("value", [1.5, 1.0, float("nan"), b"bytes", {1: "a"}, {"a": {1, 2}}, object()])
def test_what_has_no_single_written_form_is_refused(value):
    with pytest.raises(TypeError):
        canonical_bytes(value)


@pytest.mark.parametrize("value", [2**53, -(2**53), "\ud800", {"e\u0301": 1, "é": 2}])
def test_what_two_readers_could_understand_differently_is_refused(value):
    with pytest.raises(ValueError):  # noqa: PT011 -- UnicodeEncodeError and ValueError alike
        canonical_bytes(value)


def test_a_digest_is_sha256_in_lower_case_hexadecimal():
    assert digest_of(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
