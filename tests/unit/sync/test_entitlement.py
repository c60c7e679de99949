"""The entitlement function against an oracle written from the sentences of domain.md §4, under random histories (T17)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sync.domain.concept import Concept, Nature
from services.sync.domain.entitlement import Membership, MembershipDocument, entitled, may_travel, newly_entitled
from services.sync.domain.envelope import MEMBERSHIP, MEMBERSHIP_SCHEMA, Content, Kind, content_of_fact
from services.sync.domain.errors import EnvelopeMalformed, MembershipRejected
from services.sync.domain.fact import Fact, FactKey, Source
from services.sync.domain.hlc import HybridTime
from services.sync.domain.version_vector import VersionVector

SERVERS = ["MIN", "FED-OPH", "FED-ESH", "FED-COOP", "FED-EPL"]
FEDERATIONS = SERVERS[1:]
BODIES = ["100000001", "100000002", "100000003"]
CONCEPTS = ["PRD.LOYERS_CONV", "INV.AUTRES", "PAT.LOG_GERES", "PAT.LOG_PROPRIETE_N1", "QA.200", ""]
CATALOGUE = {
    "PRD.LOYERS_CONV": Concept("PRD.LOYERS_CONV", Nature.INPUT, has_alias=True),
    "INV.AUTRES": Concept("INV.AUTRES", Nature.INPUT, has_alias=False),
    "PAT.LOG_GERES": Concept("PAT.LOG_GERES", Nature.COMPUTED, has_alias=True),
    "PAT.LOG_PROPRIETE_N1": Concept("PAT.LOG_PROPRIETE_N1", Nature.PREFILLED, has_alias=True),
}
YEARS = [2022, 2023, 2024, 2025]


class Oracle:
    """Who belongs where, year by year, as plain sets; nothing of the code under test."""

    def __init__(self) -> None:
        self.years: dict[str, set[tuple[str, str, int]]] = {federation: set() for federation in FEDERATIONS}
        self.open: dict[str, set[str]] = {federation: set() for federation in FEDERATIONS}

    def state(self, federation: str, families: set[str], rows: list[tuple[str, str, int, int | None]]) -> None:
        self.open[federation] = families
        self.years[federation] = {
            (siren, family, year) for siren, family, first, last in rows for year in range(first, (last or 2100) + 1)
        }

    def may(self, sender: str, receiver: str, siren: str, year: int, concept: str) -> bool:
        if "MIN" not in (sender, receiver) or sender == receiver:
            return False
        federation = receiver if sender == "MIN" else sender
        if not any((siren, family, year) in self.years[federation] for family in self.open[federation]):
            return False
        if sender == "MIN":
            return concept in {"PRD.LOYERS_CONV", "INV.AUTRES", "PAT.LOG_GERES", "PAT.LOG_PROPRIETE_N1"}
        return concept == "PRD.LOYERS_CONV"


families = st.sets(st.sampled_from(["OPH", "ESH", "COOP", "SEM"]))
rows = st.lists(
    st.tuples(
        st.sampled_from(BODIES),
        st.sampled_from(["OPH", "ESH", "COOP", "SEM"]),
        st.sampled_from(YEARS),
        st.one_of(st.none(), st.sampled_from(YEARS)),
    ),
    max_size=4,
)
histories = st.lists(st.tuples(st.sampled_from(FEDERATIONS), families, rows), max_size=6)


@settings(max_examples=60, deadline=None)
@given(histories)
def test_a_fact_travels_exactly_when_the_oracle_says_so(
    history: list[tuple[str, set[str], list[tuple[str, str, int, int | None]]]],
) -> None:
    oracle = Oracle()
    documents = {federation: MembershipDocument("MIN", federation, 0) for federation in FEDERATIONS}
    for version, (federation, opened, members) in enumerate(history, 1):
        oracle.state(federation, opened, members)
        documents[federation] = MembershipDocument(
            "MIN", federation, version, frozenset(opened), tuple(Membership(*row) for row in members)
        )

    for sender in SERVERS:
        for receiver in SERVERS:
            for siren in BODIES:
                for year in YEARS:
                    for concept in CONCEPTS:
                        key = FactKey(siren, year, concept)
                        answers = [entitled(d, CATALOGUE, sender, receiver, key) for d in documents.values()]
                        assert any(answers) is oracle.may(sender, receiver, siren, year, concept)


OPEN = MembershipDocument("MIN", "FED-OPH", 1, frozenset({"OPH"}), (Membership(BODIES[0], "OPH", 2020),))


def a_fact(origin: str = "MIN", siren: str = BODIES[0], concept: str = "PRD.LOYERS_CONV") -> Content:
    vector = VersionVector(((origin, 1),))
    return content_of_fact(Fact(FactKey(siren, 2024, concept), "1", vector, HybridTime(1), "u", origin, Source.TYPED))


def test_nothing_travels_without_a_document_that_says_so() -> None:
    assert not may_travel(MembershipDocument("MIN", "FED-OPH", 0), CATALOGUE, "MIN", "FED-OPH", a_fact())
    assert may_travel(OPEN, CATALOGUE, "MIN", "FED-OPH", a_fact())


def test_the_ministry_relays_and_a_federation_does_not() -> None:
    relayed = a_fact(origin="FED-ESH")

    assert may_travel(OPEN, CATALOGUE, "MIN", "FED-OPH", relayed)
    assert not may_travel(OPEN, CATALOGUE, "FED-OPH", "MIN", relayed)


@pytest.mark.parametrize("field", ["data_set", "payload", "schema", "body", "period", "object_id"])
@pytest.mark.parametrize("told", ["999999999", "9" * 5_000, ""])
def test_what_does_not_say_plainly_what_it_is_does_not_travel(field: str, told: str) -> None:
    content = a_fact()
    wrong: dict[str, object] = {name: getattr(content, name) for name in content.__dataclass_fields__}
    wrong[field] = b"{}" if field == "payload" else told

    assert not may_travel(OPEN, CATALOGUE, "MIN", "FED-OPH", Content(**wrong))  # type: ignore[arg-type]


def test_membership_documents_travel_down_only_and_only_to_the_federation_they_are_about() -> None:
    content = Content(
        Kind.MEMBERSHIP, "", MEMBERSHIP, "", "", VersionVector(), HybridTime(1), "", MEMBERSHIP_SCHEMA, OPEN.to_bytes()
    )

    assert may_travel(OPEN, CATALOGUE, "MIN", "FED-OPH", content)
    assert not may_travel(OPEN, CATALOGUE, "FED-OPH", "MIN", content)
    assert not may_travel(OPEN, CATALOGUE, "MIN", "FED-ESH", content)


def test_a_document_comes_back_from_its_canonical_bytes_only() -> None:
    assert MembershipDocument.from_bytes(OPEN.to_bytes()) == OPEN
    for wrong in (b"", b"[]", b"{}", OPEN.to_bytes() + b" ", OPEN.to_bytes().replace(b"2020", b'"2020"')):
        with pytest.raises(EnvelopeMalformed):
            MembershipDocument.from_bytes(wrong)


def test_only_a_later_document_of_the_ministry_about_the_same_federation_is_followed() -> None:
    later = MembershipDocument("MIN", "FED-OPH", 2)

    assert OPEN.successor(later, "MIN") == later
    assert later.successor(OPEN, "MIN") == later
    assert OPEN.successor(OPEN, "MIN") == OPEN
    for other, sender in (
        (later, "FED-OPH"),
        (MembershipDocument("MIN", "FED-ESH", 2), "MIN"),
        (MembershipDocument("MIN", "FED-OPH", 1), "MIN"),
    ):
        with pytest.raises(MembershipRejected):
            OPEN.successor(other, sender)


def test_a_body_that_arrives_brings_the_facts_held_of_it() -> None:
    keys = [FactKey(siren, 2024, "PRD.LOYERS_CONV") for siren in BODIES]

    assert newly_entitled(MembershipDocument("MIN", "FED-OPH", 0), OPEN, keys) == [keys[0]]
    assert newly_entitled(OPEN, OPEN, keys) == []
