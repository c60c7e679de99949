"""Shared facts: what is published, what is taken in."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.forms.domain.cell import Origin
from services.forms.domain.filing import Document
from services.forms.domain.sharing import FactSource, computed_facts, facts_of, receivable, receive, sealed_facts
from tests.support.forms import (
    ALIAS,
    AMOUNT,
    GIVEN,
    NOON,
    ONE_WAY,
    OTHER_SHARED,
    SHARED,
    TOTALLED,
    a_cell,
    a_fact,
    a_form_set,
    a_source,
    an_other_value,
    concept_of,
)

FORM_SET = a_form_set()


def published(document, *cells):
    return [(fact.address, fact.value, fact.source) for fact in facts_of(FORM_SET, document, cells)]


@pytest.mark.parametrize(
    ("origin", "source"),
    [(Origin.TYPED, FactSource.TYPED), (Origin.IMPORTED, FactSource.IMPORTED), (Origin.LAST_YEAR, FactSource.TYPED)],
)
def test_a_shared_cell_that_people_change_is_published(origin, source):
    assert published(Document.ER, a_cell(SHARED, origin=origin)) == [(SHARED, "100", source)]


@pytest.mark.parametrize("origin", [Origin.SYNCHRONISED, Origin.CHOSEN])
def test_what_sync_knows_already_is_not_sent_back(origin):
    assert published(Document.ER, a_cell(SHARED, origin=origin)) == []


def test_a_cell_that_is_not_shared_is_not_published():
    assert published(Document.ER, a_cell(AMOUNT), a_cell(TOTALLED)) == []


def test_a_one_way_concept_leaves_the_er_only():
    assert published(Document.ER, a_cell(ONE_WAY)) == [(ONE_WAY, "100", FactSource.TYPED)]
    assert published(Document.QDIS, a_cell(ONE_WAY)) == []


def test_an_emptied_fact_is_published_as_empty():
    assert published(Document.QDIS, a_cell(SHARED, "")) == [(SHARED, "", FactSource.TYPED)]


def test_a_published_fact_says_who_and_when():
    (fact,) = facts_of(FORM_SET, Document.ER, [a_cell(SHARED, author="Alix")])

    assert (fact.concept, fact.author, fact.at) == (concept_of(SHARED), "Alix", NOON)


def test_computed_concepts_are_published_when_they_change():
    (fact,) = computed_facts(FORM_SET, {GIVEN: "2.5", TOTALLED: "2"}, "Alix", NOON)

    assert (fact.address, fact.value, fact.source) == (GIVEN, "2.5", FactSource.COMPUTED)
    assert computed_facts(FORM_SET, {TOTALLED: "2"}, "Alix", NOON) == []


def test_a_computed_concept_that_became_empty_is_published_as_empty():
    (fact,) = computed_facts(FORM_SET, {GIVEN: ""}, "Alix", NOON)

    assert fact.value == ""


def test_a_received_fact_fills_a_cell():
    (cell,) = receive({}, [a_fact()])

    assert (cell.address, cell.value, cell.version) == (SHARED, "7", 1)
    assert cell.source == a_source("Dominique Distant", Origin.SYNCHRONISED, server="FED-OPH")


def test_an_equal_value_keeps_its_author_and_version():
    assert receive({SHARED: a_cell(SHARED, "7")}, [a_fact()]) == []


@pytest.mark.parametrize(
    "mark", [{"is_provisional": True}, {"is_sealed": True}, {"conflict": an_other_value("9")}], ids=str
)
def test_a_mark_alone_changes_the_cell_but_is_no_new_version(mark):
    present = a_cell(SHARED, "7")

    (cell,) = receive({SHARED: present}, [a_fact(**mark)])

    assert cell == replace(present, **mark)


def test_a_conflict_on_an_empty_cell_is_shown():
    (cell,) = receive({}, [a_fact(value="", conflict=an_other_value("9"))])

    assert (cell.value, cell.awaits_choice) == ("", True)


def test_a_fact_signed_as_empty_is_sealed_as_empty():
    (cell,) = receive({}, [a_fact(value="", is_sealed=True)])

    assert (cell.value, cell.is_sealed) == ("", True)


def test_an_empty_fact_about_nothing_changes_nothing():
    assert receive({}, [a_fact(value="")]) == []


def test_a_settled_conflict_goes_away():
    present = a_cell(SHARED, "7", conflict=an_other_value("9"))

    (cell,) = receive({SHARED: present}, [a_fact(value="9")])

    assert (cell.value, cell.version, cell.conflict) == ("9", 2, None)


FACTS = st.lists(
    st.builds(
        a_fact,
        st.sampled_from([SHARED, OTHER_SHARED]),
        st.sampled_from(["", "1", "2"]),
        is_sealed=st.booleans(),
        is_provisional=st.booleans(),
        conflict=st.sampled_from([None, an_other_value("3")]),
    ),
    max_size=2,
    unique_by=lambda fact: fact.address,
)


@given(before=FACTS, facts=FACTS)
def test_receiving_again_changes_nothing(before, facts):
    cells = {cell.address: cell for cell in receive({}, before)}

    cells |= {cell.address: cell for cell in receive(cells, facts)}

    assert receive(cells, facts) == []
    assert all(cells[fact.address].value == fact.value for fact in facts if fact.address in cells)


@pytest.mark.parametrize(
    ("document", "fact"),
    [
        (Document.QDIS, a_fact()),
        (Document.QDIS, a_fact(ONE_WAY)),
        (Document.QDIS, a_fact(GIVEN, "1.5", is_computed=True)),
        (Document.ER, a_fact()),
        (Document.ER, a_fact(value="")),
    ],
)
def test_what_travels_this_way_is_taken_in(document, fact):
    assert receivable(FORM_SET, document, [fact]) == [fact]


@pytest.mark.parametrize(
    ("document", "fact"),
    [
        (Document.ER, a_fact(ONE_WAY)),
        (Document.ER, a_fact(GIVEN, is_computed=True)),
        (Document.ER, a_fact(AMOUNT, concept="FIN.X")),
        (Document.QDIS, a_fact(AMOUNT, concept="FIN.X")),
        (Document.QDIS, a_fact(ALIAS)),
        (Document.QDIS, a_fact(SHARED, concept="ORG.SIREN")),
        (Document.QDIS, a_fact("ZZ.1.n", concept="FIN.X")),
        (Document.QDIS, a_fact(value="12,5")),
        (Document.QDIS, a_fact(value="douze")),
        (Document.QDIS, a_fact(conflict=an_other_value("1e9"))),
    ],
    ids=lambda one: getattr(one, "address", str(one)),
)
def test_another_server_writes_nothing_else(document, fact):
    assert receivable(FORM_SET, document, [fact]) == []


def test_a_seal_names_every_concept_with_its_signed_value():
    cells = {SHARED: a_cell(SHARED, author="Alix", origin=Origin.IMPORTED)}
    later = NOON + timedelta(days=1)

    facts = {f.address: f for f in sealed_facts(FORM_SET, {SHARED: "100"}, cells, {GIVEN: "1.5"}, "Dominique", later)}

    assert len(facts) == len(FORM_SET.concepts) == 137
    assert (facts[SHARED].value, facts[SHARED].author, facts[SHARED].source) == ("100", "Alix", FactSource.IMPORTED)
    assert (facts[GIVEN].value, facts[GIVEN].author, facts[GIVEN].source) == ("1.5", "Dominique", FactSource.COMPUTED)
    assert (facts[OTHER_SHARED].value, facts[OTHER_SHARED].author) == ("", "Dominique")
    assert {fact.at for fact in facts.values()} == {later}
