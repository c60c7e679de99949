import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sync.domain.envelope import (
    MAX_BYTES,
    Content,
    Envelope,
    Epoch,
    canonical_json,
    content_of_fact,
    fact_of_content,
)
from services.sync.domain.errors import EnvelopeMalformed, EnvelopeTooLarge
from services.sync.domain.fact import Fact, FactKey, Source
from services.sync.domain.hlc import HybridTime
from services.sync.domain.version_vector import VersionVector

FACT = Fact(
    FactKey("123456789", 2024, "PRD.LOYERS_CONV"),
    "1234.5",
    VersionVector.from_text("FED-OPH:1,MIN:2"),
    HybridTime(1_700_000_000_000, 3),
    "élodie",
    "MIN",
    Source.IMPORTED,
)


def an_envelope(content: Content | None = None) -> Envelope:
    return Envelope("MIN", Epoch(1, "ab"), "FED-OPH", 7, content or content_of_fact(FACT), "e" * 64, "b" * 32)


def tampered(**fields: object) -> bytes:
    line, _, payload = an_envelope().to_bytes().partition(b"\n")
    return canonical_json({**json.loads(line), **fields}) + b"\n" + payload


def test_an_envelope_comes_back_from_its_bytes() -> None:
    assert Envelope.from_bytes(an_envelope().to_bytes()) == an_envelope()


def test_the_bytes_are_the_same_for_ever() -> None:
    assert an_envelope().leaf.hex() == "7fac0d4c051a964ba4b73f9b7b2421d0eca756a1ae34e200a1a16c0a700c4c1b"


@given(
    st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=50)), st.booleans(), st.booleans()
)
def test_a_fact_comes_back_from_its_content(value: str | None, provisional: bool, sealed: bool) -> None:
    fact = replace(FACT, value=value, is_provisional=provisional, is_sealed=sealed)

    assert fact_of_content(content_of_fact(fact)) == fact


def test_an_empty_value_is_absent_from_the_bytes() -> None:
    assert b'"value"' not in content_of_fact(replace(FACT, value=None)).payload


def test_more_than_64_kilobytes_are_refused_both_ways() -> None:
    large = an_envelope(content_of_fact(replace(FACT, value="x" * MAX_BYTES)))

    with pytest.raises(EnvelopeTooLarge):
        large.to_bytes()
    with pytest.raises(EnvelopeTooLarge):
        Envelope.from_bytes(b" " * (MAX_BYTES + 1))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 50_000,
        b'{"a":NaN}',
        an_envelope().to_bytes() + b" ",
        an_envelope().to_bytes().replace(b'"seq":7', b'"seq": 7'),
        an_envelope().to_bytes().replace(b"1234.5", b"1234.6"),
        tampered(seq=0),
        tampered(seq="7"),
        tampered(seq=True),
        tampered(epoch="1"),
        tampered(epoch="1.a\nb"),
        tampered(kind="other"),
        tampered(vector="MIN:1,FED-OPH:1"),
        tampered(hlc="-1"),
        tampered(extra=[1]),
        tampered(blind="\ud800") if False else b'{"blind":"\\ud800"}',
    ],
)
def test_bytes_that_are_not_canonical_are_refused(content: bytes) -> None:
    with pytest.raises(EnvelopeMalformed):
        Envelope.from_bytes(content)


def test_fields_of_a_later_release_are_kept_and_leave_the_leaf_alone() -> None:
    content = tampered(zone="2025")

    envelope = Envelope.from_bytes(content)

    assert envelope.extensions == (("zone", "2025"),)
    assert envelope.to_bytes() == content


def test_a_withheld_payload_leaves_the_leaf_alone_and_a_blind_hides_it() -> None:
    assert an_envelope().leaf != replace(an_envelope(), blind="c" * 32).leaf
    assert FACT.value is not None
    assert FACT.value.encode() not in an_envelope().header


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{}",
        b"[]",
        b'{"concept":"X","origin":"MIN","provisional":false,"sealed":false,"source":"typed"}',
        b'{"concept":"PRD.LOYERS_CONV","origin":1,"provisional":false,"sealed":false,"source":"typed"}',
        b'{"concept":"PRD.LOYERS_CONV","origin":"MIN","provisional":false,"sealed":false,"source":"guess"}',
        b'{"concept":"PRD.LOYERS_CONV","origin":"MIN","provisional":false,"sealed":false,"source":"typed","value":1.0}',
    ],
)
def test_a_payload_that_does_not_say_the_fact_of_the_header_is_refused(payload: bytes) -> None:
    with pytest.raises(EnvelopeMalformed):
        fact_of_content(replace(content_of_fact(FACT), payload=payload))


def test_an_unknown_schema_is_refused() -> None:
    with pytest.raises(EnvelopeMalformed, match="schema"):
        fact_of_content(replace(content_of_fact(FACT), schema="harmonia.sync.fact/2"))
