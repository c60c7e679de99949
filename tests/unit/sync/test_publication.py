"""What a report of the forms service does to the facts, above all when forms had not heard of everything yet."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from services.sync.domain.concept import Concept, Nature
from services.sync.domain.fact import Fact, FactKey, OtherValue, SharedFact, Source, Writer
from services.sync.domain.hlc import HybridTime
from services.sync.domain.publication import Publication, ReportedChange, Telling, latest_tellings
from services.sync.domain.version_vector import VersionVector

NOON = datetime(2025, 6, 2, 12, 0, tzinfo=UTC)
INPUT, COMPUTED = "PAT.SURFACE", "PAT.LOG_GERES"
CATALOGUE = {
    INPUT: Concept(INPUT, Nature.INPUT, has_alias=True),
    COMPUTED: Concept(COMPUTED, Nature.COMPUTED, has_alias=False),
}
MIN, FED = Writer("MIN", is_ministry=True), Writer("FED-OPH", is_ministry=False)


def version(value: str, vector: str, origin: str, **flags: bool) -> Fact:
    key = FactKey("123456789", 2024, INPUT)
    return Fact(key, value, VersionVector.from_text(vector), HybridTime(1), "u", origin, Source.TYPED, **flags)


def a_publication(*versions: Fact, writer: Writer = MIN, told: str = "", told_at: datetime = NOON) -> Publication:
    fact = SharedFact(FactKey("123456789", 2024, INPUT))
    for one in versions:
        fact, _ = fact.merged(one)
    facts = {INPUT: fact} if versions else {}
    tellings = [Telling(INPUT, VersionVector.from_text(told), told_at)] if told else []
    return Publication("123456789", 2024, writer, CATALOGUE, facts, tellings, HybridTime(10))


def a_change(
    value: str | None, concept: str = INPUT, source: Source = Source.TYPED, minutes: float = 1
) -> ReportedChange:
    return ReportedChange(concept, value, source, "Camille", NOON + timedelta(minutes=minutes))


def values(publication: Publication) -> set[str | None]:
    return {one.value for one in publication.facts[INPUT].versions}


def test_a_change_made_after_forms_was_told_replaces_what_it_was_told() -> None:
    publication = a_publication(version("2", "FED-OPH:1", "FED-OPH"), told="FED-OPH:1")

    publication.take([a_change("3")])

    assert values(publication) == {"3"}
    assert not publication.to_tell


def test_a_change_made_before_forms_was_told_stands_beside_it() -> None:
    publication = a_publication(version("2", "FED-OPH:1", "FED-OPH"), told="FED-OPH:1")

    publication.take([a_change("3", minutes=-1)])

    assert values(publication) == {"2", "3"}
    assert publication.to_tell == {INPUT: "CONFLICT"}


def test_our_own_earlier_value_is_replaced_without_any_telling() -> None:
    publication = a_publication(version("1", "MIN:1", "MIN"))

    publication.take([a_change("2")])

    assert values(publication) == {"2"}
    assert [one.vector.to_text() for one in publication.written] == ["MIN:2"]


def test_a_person_who_was_shown_the_conflict_may_type_a_third_value() -> None:
    both = (version("1", "MIN:1", "MIN"), version("2", "FED-OPH:1", "FED-OPH"))
    publication = a_publication(*both, told="FED-OPH:1,MIN:1")

    publication.take([a_change("3")])

    assert values(publication) == {"3"}


def test_an_imported_file_does_not_choose_between_two_values() -> None:
    both = (version("1", "MIN:1", "MIN"), version("2", "FED-OPH:1", "FED-OPH"))
    publication = a_publication(*both, told="FED-OPH:1,MIN:1")

    publication.take([a_change("3", source=Source.IMPORTED)])

    assert values(publication) == {"2", "3"}


def test_one_refused_change_leaves_the_others_alone() -> None:
    publication = a_publication(writer=FED)

    publication.take([a_change("9", concept=COMPUTED), a_change("1"), a_change("1", concept="QA.200")])

    assert values(publication) == {"1"}
    assert publication.to_tell == {COMPUTED: "CONCEPT_READ_ONLY", "QA.200": "UNKNOWN_CONCEPT"}


def test_a_seal_freezes_what_was_signed_and_every_fact_not_named() -> None:
    publication = a_publication(version("1", "MIN:1", "MIN"))
    publication.take([a_change("7", concept=COMPUTED, source=Source.COMPUTED)])

    publication.seal([a_change("1")])

    assert all(fact.sealed for fact in publication.facts.values())
    sealed = publication.facts[COMPUTED].current
    assert sealed is not None
    assert not sealed.is_provisional


def test_a_value_that_arrived_while_the_er_was_signed_is_kept_beside_the_signed_one() -> None:
    publication = a_publication(version("1", "MIN:1", "MIN"), version("2", "FED-OPH:1,MIN:1", "FED-OPH"))

    publication.seal([a_change("1")])

    assert values(publication) == {"1", "2"}
    assert publication.to_tell == {INPUT: "CONFLICT"}
    current = publication.facts[INPUT].current
    assert current is not None
    assert current.value == "1"


def test_a_change_after_the_seal_means_that_the_er_was_reopened() -> None:
    publication = a_publication(version("1", "MIN:1", "MIN", is_sealed=True))

    publication.take([a_change("2")])

    assert values(publication) == {"2"}
    assert publication.facts[INPUT].sealed is None


def test_a_federation_that_knows_the_seal_is_refused() -> None:
    sealed = version("1", "MIN:1", "MIN", is_sealed=True)
    publication = a_publication(sealed, writer=FED, told="MIN:1")

    publication.take([a_change("2")])

    assert values(publication) == {"1"}
    assert publication.to_tell == {INPUT: "FACT_SEALED"}


def test_a_federation_that_had_not_heard_of_the_seal_keeps_its_value_beside_it() -> None:
    publication = a_publication(version("1", "MIN:1", "MIN", is_sealed=True), writer=FED)

    publication.take([a_change("2")])

    assert values(publication) == {"1", "2"}


def test_a_federation_seals_nothing() -> None:
    publication = a_publication(writer=FED)

    publication.seal([a_change("1")])

    assert publication.facts[INPUT].sealed is None


def test_tellings_add_up() -> None:
    tellings = [
        Telling(INPUT, VersionVector.from_text("MIN:1"), NOON),
        Telling(INPUT, VersionVector.from_text("FED-OPH:2"), NOON),
    ]

    assert latest_tellings(tellings)[INPUT].to_text() == "FED-OPH:2,MIN:1"


BESIDE = OtherValue("2", "FED-OPH", "Dominique", HybridTime(1))


def test_a_value_put_back_with_another_beside_it_takes_the_choice_back_and_forms_hears_of_it() -> None:
    publication = a_publication(version("2", "FED-OPH:1,MIN:2", "MIN"), told="FED-OPH:1,MIN:2")

    publication.take([replace(a_change("1"), other=BESIDE)])

    assert {(one.value, one.holder) for one in publication.facts[INPUT].versions} == {("1", "MIN"), ("2", "FED-OPH")}
    assert len(publication.written) == 2
    assert publication.to_tell == {INPUT: "CONFLICT"}


def test_a_value_put_back_while_the_other_one_stands_replaces_ours_alone() -> None:
    both = (version("1", "MIN:1", "MIN"), version("2", "FED-OPH:1", "FED-OPH"))
    publication = a_publication(*both, told="FED-OPH:1,MIN:1")

    publication.take([replace(a_change("3"), other=BESIDE)])

    assert values(publication) == {"2", "3"}
    assert len(publication.written) == 1


def test_an_imported_file_does_not_choose_between_two_values_that_a_choice_was_taken_back_of() -> None:
    publication = a_publication(version("2", "FED-OPH:1,MIN:2", "MIN"), told="FED-OPH:1,MIN:2")
    publication.take([replace(a_change("1"), other=BESIDE)])

    publication.take([a_change("3", source=Source.IMPORTED)])

    assert values(publication) == {"2", "3"}


def test_who_took_a_choice_back_chooses_again_by_typing_though_nobody_has_told_forms_yet() -> None:
    publication = a_publication(version("2", "FED-OPH:1,MIN:2", "MIN"), told="FED-OPH:1,MIN:2")
    publication.take([replace(a_change("1"), other=BESIDE)])

    publication.take([a_change("2")])

    assert values(publication) == {"2"}


def test_forms_hears_that_a_value_typed_over_a_conflict_ended_it() -> None:
    both = (version("1", "MIN:1", "MIN"), version("2", "FED-OPH:1", "FED-OPH"))
    publication = a_publication(*both, told="FED-OPH:1,MIN:1")

    publication.take([a_change("3")])

    assert (values(publication), publication.to_tell) == ({"3"}, {INPUT: "CONFLICT"})
