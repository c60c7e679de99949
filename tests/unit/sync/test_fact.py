import itertools
from dataclasses import replace

import pytest

from services.sync.domain.concept import Concept, Nature
from services.sync.domain.errors import (
    CausalityForged,
    ChoiceOutdated,
    ConceptReadOnly,
    FactInConflict,
    FactSealed,
    NotInConflict,
)
from services.sync.domain.fact import Edit, Fact, FactKey, OtherValue, Outcome, SharedFact, Source, Writer
from services.sync.domain.hlc import HybridTime
from services.sync.domain.version_vector import VersionVector
from services.sync.domain.view import view_of

KEY = FactKey("123456789", 2024, "PRD.LOYERS_CONV")
TWO_WAY = Concept("PRD.LOYERS_CONV", Nature.INPUT, has_alias=True)
WITHOUT_ALIAS = Concept("PRD.LOYERS_CONV", Nature.INPUT, has_alias=False)
COMPUTED = Concept("PRD.LOYERS_CONV", Nature.COMPUTED, has_alias=True)
MIN = Writer("MIN", is_ministry=True)
FED = Writer("FED-OPH", is_ministry=False)
NOW = HybridTime(1_000)
EMPTY = SharedFact(KEY)


def typed(value: str | None, base: str | None = None) -> Edit:
    return Edit(value, Source.TYPED, "u1", None if base is None else VersionVector.from_text(base))


def changed(fact: SharedFact, value: str | None, writer: Writer, base: str | None = None) -> SharedFact:
    return fact.changed(typed(value, base), concept=TWO_WAY, writer=writer, now=NOW)[0]


def received(fact: SharedFact, other: SharedFact, sender: Writer, concept: Concept = TWO_WAY) -> SharedFact:
    here = FED.server if sender.is_ministry else MIN.server
    said = {(one.origin, one.value, one.author) for one in (*fact.versions, version("10", "MIN:1"))}
    for one in other.versions:
        fact, _ = fact.received(one, concept=concept, sender=sender, here=here, said=said)
    return fact


def version(value: str, vector: str, origin: str = "MIN", **flags: bool) -> Fact:
    return Fact(KEY, value, VersionVector.from_text(vector), NOW, "u1", origin, Source.TYPED, **flags)


def clash() -> SharedFact:
    """MIN and FED-OPH both typed, from nothing, without seeing each other."""
    return received(changed(EMPTY, "10", MIN), changed(EMPTY, "20", FED), FED)


def test_a_later_edit_replaces_the_one_it_knew() -> None:
    there = received(EMPTY, changed(EMPTY, "10", MIN), MIN)

    back = received(changed(EMPTY, "10", MIN), changed(there, "20", FED), FED)

    assert back.current is not None
    assert (back.current.value, back.current.vector.to_text()) == ("20", "FED-OPH:1,MIN:1")


def test_an_equal_value_changes_nothing() -> None:
    fact = changed(EMPTY, "10", MIN)

    assert fact.changed(typed("10"), concept=TWO_WAY, writer=MIN, now=NOW) == (fact, Outcome.UNCHANGED)


def test_empty_is_a_value_of_its_own() -> None:
    fact = changed(changed(EMPTY, "0", MIN), None, MIN)

    assert fact.current is not None
    assert fact.current.value is None


def test_concurrent_different_values_are_both_kept() -> None:
    fact = clash()

    assert fact.is_conflict
    assert fact.current is None
    assert {v.value for v in fact.versions} == {"10", "20"}


def test_the_later_time_does_not_win() -> None:
    late = SharedFact(KEY).changed(typed("20"), concept=TWO_WAY, writer=FED, now=HybridTime(9_999_999))[0]

    assert received(changed(EMPTY, "10", MIN), late, FED).is_conflict


def test_concurrent_equal_values_are_no_conflict() -> None:
    fact = received(changed(EMPTY, "10", MIN), changed(EMPTY, "10", FED), FED)

    assert not fact.is_conflict
    assert fact.current is not None
    assert fact.current.value == "10"


def test_merging_gives_the_same_in_every_order_and_however_often() -> None:
    versions = [
        version("1", "MIN:1"),
        version("2", "MIN:2"),
        version("2", "FED-OPH:1", "FED-OPH"),
        version("3", "FED-OPH:2,MIN:1", "FED-OPH"),
        version("4", "MIN:2", "MIN"),
    ]

    digests = set()
    for order in itertools.permutations(versions):
        fact = EMPTY
        for one in (*order, *order):
            fact = fact.merged(one)[0]
        digests.add(fact.digest())

    assert len(digests) == 1


def test_a_dominated_version_is_ignored() -> None:
    fact = changed(changed(EMPTY, "10", MIN), "11", MIN)

    assert fact.merged(changed(EMPTY, "10", MIN).versions[0])[1] is Outcome.IGNORED


def test_one_vector_for_two_values_is_a_conflict_and_never_a_silent_choice() -> None:
    assert EMPTY.merged(version("1", "MIN:1"))[0].merged(version("2", "MIN:1"))[1] is Outcome.CONFLICT


def test_the_choice_dominates_both() -> None:
    fact = clash()
    chosen = next(v for v in fact.versions if v.value == "20")

    after = fact.resolved(chosen.vector, fact.context, author="u2", writer=MIN, now=NOW)

    assert not after.is_conflict
    assert after.current is not None
    assert all(after.current.vector.dominates(v.vector) for v in fact.versions)
    assert received(received(changed(EMPTY, "20", FED), changed(EMPTY, "10", MIN), MIN), after, MIN) == after


def test_two_different_choices_are_a_conflict_again() -> None:
    fact = clash()
    here = fact.resolved(fact.versions[0].vector, fact.context, author="u2", writer=MIN, now=NOW)
    there = fact.resolved(fact.versions[1].vector, fact.context, author="u3", writer=FED, now=NOW)

    assert received(here, there, FED).is_conflict


def test_a_choice_on_values_that_changed_meanwhile_is_refused() -> None:
    fact = clash()

    with pytest.raises(ChoiceOutdated):
        fact.resolved(fact.versions[0].vector, VersionVector(), author="u2", writer=MIN, now=NOW)


def test_there_is_nothing_to_choose_without_a_conflict() -> None:
    fact = changed(EMPTY, "10", MIN)

    with pytest.raises(NotInConflict):
        fact.resolved(fact.context, fact.context, author="u2", writer=MIN, now=NOW)


def test_typing_over_a_conflict_is_refused() -> None:
    with pytest.raises(FactInConflict):
        changed(clash(), "30", MIN)


def test_an_edit_based_on_an_older_version_stands_beside_what_it_did_not_know() -> None:
    arrived = received(
        changed(EMPTY, "10", MIN), changed(received(EMPTY, changed(EMPTY, "10", MIN), MIN), "20", FED), FED
    )

    after = changed(arrived, "30", MIN, base="MIN:1")

    assert {v.value for v in after.versions} == {"20", "30"}


@pytest.mark.parametrize("concept", [COMPUTED, WITHOUT_ALIAS])
def test_a_federation_writes_only_input_concepts_with_a_line_of_its_own(concept: Concept) -> None:
    with pytest.raises(ConceptReadOnly):
        EMPTY.changed(typed("1"), concept=concept, writer=FED, now=NOW)
    with pytest.raises(ConceptReadOnly):
        received(EMPTY, changed(EMPTY, "1", FED), FED, concept)


def test_a_computed_fact_is_provisional_until_sealed() -> None:
    edit = Edit("12.5", Source.COMPUTED, "forms")
    fact = EMPTY.changed(edit, concept=COMPUTED, writer=MIN, now=NOW)[0]

    sealed = fact.sealed_as(edit, writer=MIN, now=NOW)[0]

    assert fact.current is not None
    assert sealed.current is not None
    assert (fact.current.is_provisional, sealed.current.is_provisional) == (True, False)


def sealed_ten() -> SharedFact:
    return changed(EMPTY, "10", MIN).sealed_as(typed("10"), writer=MIN, now=NOW)[0]


@pytest.mark.parametrize("writer", [MIN, FED])
def test_a_sealed_fact_refuses_changes_everywhere(writer: Writer) -> None:
    with pytest.raises(FactSealed):
        changed(sealed_ten(), "11", writer)


def test_a_change_under_way_while_the_er_was_signed_is_shown_and_does_not_alter_the_signed_value() -> None:
    late = changed(received(EMPTY, changed(EMPTY, "10", MIN), MIN), "20", FED)

    at_ministry = received(sealed_ten(), late, FED)
    at_federation = received(late, sealed_ten(), MIN)

    assert at_ministry == at_federation
    assert at_ministry.is_conflict
    assert at_ministry.current is not None
    assert at_ministry.current.value == "10"


def test_beside_a_sealed_value_only_the_ministry_may_choose_and_only_that_value() -> None:
    late = changed(received(EMPTY, changed(EMPTY, "10", MIN), MIN), "20", FED)
    fact = received(sealed_ten(), late, FED)
    signed, other = fact.sealed, late.versions[0]
    assert signed is not None

    with pytest.raises(FactSealed):
        fact.resolved(other.vector, fact.context, author="u2", writer=MIN, now=NOW)
    with pytest.raises(FactSealed):
        fact.resolved(signed.vector, fact.context, author="u2", writer=FED, now=NOW)
    after = fact.resolved(signed.vector, fact.context, author="u2", writer=MIN, now=NOW)
    assert after.sealed is not None
    assert not after.is_conflict


def test_a_reopened_er_lets_the_fact_change_again() -> None:
    fact = sealed_ten().reopened(author="u3", writer=MIN, now=NOW)[0]

    assert changed(fact, "11", MIN).current is not None
    assert received(sealed_ten(), fact, MIN).sealed is None


def test_sealing_names_the_signed_version_so_that_nothing_newer_is_swallowed() -> None:
    there = received(EMPTY, changed(EMPTY, "10", MIN), MIN)
    arrived = received(changed(EMPTY, "10", MIN), changed(there, "20", FED), FED)

    fact = arrived.sealed_as(typed("10", base="MIN:1"), writer=MIN, now=NOW)[0]

    assert fact.is_conflict
    assert fact.current is not None
    assert fact.current.value == "10"


def test_only_the_ministry_seals_and_reopens() -> None:
    with pytest.raises(ConceptReadOnly):
        EMPTY.sealed_as(typed("1"), writer=FED, now=NOW)
    with pytest.raises(ConceptReadOnly):
        sealed_ten().reopened(author="u", writer=FED, now=NOW)


def test_sealing_a_conflict_without_saying_which_value_is_refused() -> None:
    with pytest.raises(FactInConflict):
        clash().sealed_as(typed("10"), writer=MIN, now=NOW)


@pytest.mark.parametrize(
    ("forged", "failure"),
    [
        (version("9", "FED-OPH:1,MIN:7", "FED-OPH"), CausalityForged),  # knows changes of ours that we never made
        (version("9", "FED-OPH:1", "MIN"), CausalityForged),  # speaks for another
        (version("9", "MIN:1", "FED-OPH"), CausalityForged),  # not its own change
        (version("9", "FED-OPH:1", "FED-OPH", is_sealed=True), FactSealed),
        (version("9", "FED-OPH:1,MIN:2", "FED-OPH"), FactSealed),  # replaces the signed version
    ],
)
def test_a_federation_cannot_forge_history(forged: Fact, failure: type[Exception]) -> None:
    with pytest.raises(failure):
        sealed_ten().received(forged, concept=TWO_WAY, sender=FED, here="MIN")


LONG_AGO = HybridTime(7)


def settled(writer: Writer = MIN) -> SharedFact:
    """Two values typed at once, of which MIN's was chosen."""
    fact = clash()
    ours = next(v for v in fact.versions if v.origin == "MIN")
    return fact.resolved(ours.vector, fact.context, author="u2", writer=writer, now=NOW)


def taken_back(
    fact: SharedFact, value: str = "10", writer: Writer = MIN, other: OtherValue | None = None
) -> SharedFact:
    theirs = other or OtherValue("20", "FED-OPH", "u9", LONG_AGO)
    edit = replace(typed(value), base=fact.context)
    return fact.taken_back(edit, theirs, concept=TWO_WAY, writer=writer, now=NOW)[0]


def standing(fact: SharedFact) -> set[tuple[str | None, str, str]]:
    return {(one.value, one.holder, one.author) for one in fact.versions}


def test_a_choice_taken_back_lets_both_values_stand_again_each_under_its_server_and_author() -> None:
    fact = taken_back(settled())

    assert fact.is_conflict
    assert standing(fact) == {("10", "MIN", "u1"), ("20", "FED-OPH", "u9")}
    assert {one.writer for one in fact.versions} == {"MIN"}
    assert next(one.hlc for one in fact.versions if one.holder == "FED-OPH") == LONG_AGO


def test_a_choice_taken_back_is_so_on_the_other_server_too() -> None:
    at_ministry = taken_back(settled())
    there = received(settled(), at_ministry, MIN)

    assert there.digest() == at_ministry.digest()


def test_a_federation_takes_its_own_choice_back_at_the_ministry_too() -> None:
    chosen = settled(FED)
    there = taken_back(chosen, "20", FED, OtherValue("10", "MIN", "u1", LONG_AGO))

    here = received(chosen, there, FED)

    assert standing(here) == {("20", "FED-OPH", "u1"), ("10", "MIN", "u1")}
    assert here.digest() == there.digest()


def test_what_is_taken_back_can_be_chosen_again_and_taken_back_again() -> None:
    fact = taken_back(settled())
    theirs = next(one for one in fact.versions if one.holder == "FED-OPH")
    again = fact.resolved(theirs.vector, fact.context, author="u2", writer=MIN, now=NOW)

    assert again.current is not None
    assert again.current.value == "20"
    assert standing(taken_back(again)) == {("10", "MIN", "u1"), ("20", "FED-OPH", "u9")}


def test_a_value_that_came_before_the_choice_was_taken_back_stands_beside_both() -> None:
    chosen = settled()
    later = received(chosen, changed(chosen, "30", FED), FED)
    edit = replace(typed("10"), base=chosen.context)
    theirs = OtherValue("20", "FED-OPH", "u9", LONG_AGO)

    fact, outcome = later.taken_back(edit, theirs, concept=TWO_WAY, writer=MIN, now=NOW)

    assert outcome is Outcome.CONFLICT
    assert {one.value for one in fact.versions} == {"10", "20", "30"}


def test_no_choice_is_taken_back_once_the_er_is_signed_nor_about_what_a_federation_may_not_write() -> None:
    signed, _ = settled().sealed_as(replace(typed("10"), base=settled().context), writer=MIN, now=NOW)

    with pytest.raises(FactSealed):
        taken_back(signed)
    with pytest.raises(ConceptReadOnly):
        settled().taken_back(
            typed("10"), OtherValue("20", "MIN", "u9", NOW), concept=WITHOUT_ALIAS, writer=FED, now=NOW
        )


def test_nobody_claims_what_we_never_wrote_for_another_server() -> None:
    forged = version("9", "FED-OPH:2,FED-OPH@MIN:4", "FED-OPH")

    with pytest.raises(CausalityForged):
        settled().received(forged, concept=TWO_WAY, sender=FED, here="MIN")
    with pytest.raises(CausalityForged):
        settled().received(version("9", "FED-OPH@MIN:1", "FED-OPH@MIN"), concept=TWO_WAY, sender=FED, here="MIN")


@pytest.mark.parametrize(
    ("value", "author", "origin"),
    [
        ("999", "u1", "MIN@FED-OPH"),
        ("10", "Alice", "MIN@FED-OPH"),
        ("10", "u1", "FED-ESH@FED-OPH"),
        ("10", "u1", "MIN@FED-ESH@FED-OPH"),
    ],
    ids=["a value never written", "another author", "another federation", "another federation's hand"],
)
def test_a_federation_puts_no_word_in_the_mouth_of_another_server(value: str, author: str, origin: str) -> None:
    vector = VersionVector((("MIN", 1),)).join(VersionVector(((origin, 1),)))
    forged = replace(version(value, vector.to_text(), origin), author=author)

    with pytest.raises(CausalityForged):
        changed(EMPTY, "10", MIN).received(forged, concept=TWO_WAY, sender=FED, here="MIN", said={("MIN", "10", "u1")})


def test_what_was_written_here_is_shown_before_what_another_server_put_back_in_our_name() -> None:
    ours = changed(EMPTY, "30", MIN)
    put_back = replace(version("10", "FED-OPH:2,MIN@FED-OPH:1", "MIN@FED-OPH"), hlc=HybridTime(9_000))
    fact, _ = ours.received(put_back, concept=TWO_WAY, sender=FED, here="MIN", said={("MIN", "10", "u1")})

    view = view_of(fact, "MIN")

    assert view is not None
    assert view.shown.value == "30"
