from dataclasses import replace

import pytest

from services.sync.domain.batch import Withheld
from services.sync.domain.concept import Concept, Nature
from services.sync.domain.entitlement import Membership, MembershipDocument
from services.sync.domain.envelope import Envelope, Epoch, content_of_fact
from services.sync.domain.fact import Fact, FactKey, Outcome, SharedFact, Source
from services.sync.domain.hlc import HybridTime
from services.sync.domain.inbox import Fate, Reception
from services.sync.domain.version_vector import VersionVector

KEY = FactKey("123456789", 2024, "PRD.LOYERS_CONV")
CATALOGUE = {KEY.concept: Concept(KEY.concept, Nature.INPUT, has_alias=True)}
DOCUMENT = MembershipDocument("MIN", "FED-OPH", 1, frozenset({"OPH"}), (Membership(KEY.siren, "OPH", 2020),))
AT_MINISTRY = Reception("MIN", "FED-OPH", DOCUMENT, CATALOGUE)
NOW_MS = 1_000_000
FACT = Fact(KEY, "5", VersionVector((("FED-OPH", 1),)), HybridTime(NOW_MS), "u", "FED-OPH", Source.TYPED)
HELD = SharedFact(KEY)


def envelope(fact: Fact) -> Envelope:
    return Envelope("FED-OPH", Epoch(1, "ab"), "MIN", 1, content_of_fact(fact), "e", "b")


def test_an_entitled_fact_is_applied() -> None:
    settlement = AT_MINISTRY.settle(envelope(FACT), HELD, now_ms=NOW_MS)

    assert (settlement.fate, settlement.outcome) == (Fate.APPLIED, Outcome.APPLIED)
    assert settlement.fact == SharedFact(KEY, (FACT,))


def test_a_version_held_already_is_applied_without_effect() -> None:
    settlement = AT_MINISTRY.settle(envelope(FACT), SharedFact(KEY, (FACT,)), now_ms=NOW_MS)

    assert (settlement.fate, settlement.fact) == (Fate.APPLIED, None)


@pytest.mark.parametrize(
    "key", [replace(KEY, siren="999999999"), replace(KEY, concept="QA.200"), replace(KEY, year=2019)]
)
def test_an_unentitled_fact_is_dropped(key: FactKey) -> None:
    assert AT_MINISTRY.settle(envelope(replace(FACT, key=key)), SharedFact(key), now_ms=NOW_MS).fate is Fate.DROPPED


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        (replace(FACT, hlc=HybridTime(NOW_MS + 60_001)), "CLOCK_TOO_FAR_AHEAD"),
        (replace(FACT, vector=VersionVector.from_text("FED-OPH:1,MIN:1")), "CAUSALITY_FORGED"),
        (replace(FACT, is_sealed=True), "FACT_SEALED"),
    ],
)
def test_what_cannot_be_applied_parks_the_lane_and_says_why(fact: Fact, reason: str) -> None:
    settlement = AT_MINISTRY.settle(envelope(fact), HELD, now_ms=NOW_MS)

    assert (settlement.fate, settlement.reason) == (Fate.PARKED, reason)


def test_what_follows_in_a_parked_lane_waits() -> None:
    assert AT_MINISTRY.settle(envelope(FACT), HELD, now_ms=NOW_MS, is_lane_parked=True).fate is Fate.PARKED


def test_a_withheld_item_is_always_admitted() -> None:
    assert AT_MINISTRY.admits(Withheld(1, bytes(32)))
