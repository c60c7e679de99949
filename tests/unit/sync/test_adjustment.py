"""Decisions on controls as they travel: their bytes, and who may send whose to whom."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from services.sync.domain.adjustment import (
    Adjustment,
    adjustment_of_content,
    content_of_adjustment,
)
from services.sync.domain.entitlement import MembershipDocument, may_travel
from services.sync.domain.envelope import Content, Envelope, Epoch, Kind, canonical_json
from services.sync.domain.errors import EnvelopeMalformed
from services.sync.domain.hlc import HybridTime

AT = datetime(2025, 6, 2, 9, 0, 0, 123456, tzinfo=UTC)
SERVERS = ("MIN", "FED-OPH", "FED-ESH", "FED-COOP", "FED-EPL")


def a_decision(origin: str = "MIN", document: str = "ER", **changes: object) -> Adjustment:
    about = "0190-a", origin, document, 2024, "2024.1", "A-20", "R", "Instruction de campagne.", "Élodie", AT
    return replace(Adjustment(*about), **changes)  # type: ignore[arg-type]


def content(decision: Adjustment) -> Content:
    return content_of_adjustment(decision, HybridTime(1))


def may(sender: str, receiver: str, decision: Adjustment, federation: str = "") -> bool:
    pair = MembershipDocument("MIN", federation or (receiver if sender == "MIN" else sender), 0)
    return may_travel(pair, {}, sender, receiver, content(decision))


def test_a_decision_comes_back_from_an_envelope_with_its_bytes() -> None:
    decision = a_decision(severity="", at=AT.astimezone(timezone(timedelta(hours=2))))
    envelope = Envelope("MIN", Epoch(1, "ab"), "FED-OPH", 7, content(decision), "e" * 64, "b" * 32)

    read = Envelope.from_bytes(envelope.to_bytes())

    assert read == envelope
    assert adjustment_of_content(read.content) == decision
    assert Adjustment.from_bytes(decision.to_bytes()).to_bytes() == decision.to_bytes()


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"{}",
        b'"x"',
        a_decision().to_bytes() + b" ",
        canonical_json({**json.loads(a_decision().to_bytes()), "year": "2024"}),
        canonical_json({**json.loads(a_decision().to_bytes()), "year": True}),
        canonical_json({**json.loads(a_decision().to_bytes()), "control": 20}),
        canonical_json({**json.loads(a_decision().to_bytes()), "at": "2025-06-02T09:00:00"}),
        canonical_json({**json.loads(a_decision().to_bytes()), "more": "x"}),
    ],
)
def test_what_is_not_the_canonical_bytes_of_a_decision_is_refused(payload: bytes) -> None:
    with pytest.raises(EnvelopeMalformed):
        Adjustment.from_bytes(payload)


@pytest.mark.parametrize("field", ["body", "data_set", "period", "object_id", "author", "schema", "payload", "kind"])
def test_a_header_that_says_another_thing_than_the_payload_does_not_travel(field: str) -> None:
    wrong = {"payload": b"{}", "kind": Kind.FACT}.get(field, "123456789")
    told = replace(content(a_decision()), **{field: wrong})  # type: ignore[arg-type]

    assert not may_travel(MembershipDocument("MIN", "FED-OPH", 0), {}, "MIN", "FED-OPH", told)


def test_everybody_hears_what_each_authority_decides_and_nobody_speaks_for_another() -> None:
    allowed = {
        (sender, receiver, origin, document)
        for sender in SERVERS
        for receiver in SERVERS
        for origin in SERVERS
        for document in ("ER", "QDIS")
        if sender != receiver and may(sender, receiver, a_decision(origin, document))
    }

    federations = SERVERS[1:]
    assert allowed == {
        *(("MIN", to, "MIN", "ER") for to in federations),
        *((own, "MIN", own, "QDIS") for own in federations),
        *(("MIN", to, other, "QDIS") for to in federations for other in federations if to != other),
    }


@pytest.mark.parametrize("document", ["whole", "", "er", "ER "])
def test_a_document_that_nobody_is_the_authority_of_does_not_travel(document: str) -> None:
    assert not may("MIN", "FED-OPH", a_decision(document=document))
    assert not may("FED-OPH", "MIN", a_decision("FED-OPH", document))


def test_a_decision_is_for_the_two_servers_of_the_stream_only() -> None:
    assert not may("MIN", "FED-ESH", a_decision(), federation="FED-OPH")
    assert not may("MIN", "MIN", a_decision(), federation="FED-OPH")
