"""Steps 4 to 6: the sub-steps of the review, closing, the request to return, archiving."""

from dataclasses import replace
from itertools import product

import pytest

from services.forms.domain.errors import ReasonMissing, StepRefused
from services.forms.domain.filing import Step
from services.forms.domain.review import UNREVIEWED, Review, ReviewState
from tests.support.forms import NOON, a_filing

WAITING, IN_PROGRESS, ASKED, ANSWERED, RELIABLE = ReviewState
WAYS = {
    *((state, IN_PROGRESS) for state in ReviewState),
    *((state, ASKED) for state in ReviewState),
    (ASKED, ANSWERED),
    *((state, RELIABLE) for state in ReviewState if state is not ASKED),
} - {(IN_PROGRESS, IN_PROGRESS), (RELIABLE, RELIABLE)}
STAYING = {(state, state) for state in ReviewState if state not in (ASKED, ANSWERED)}
SENT = a_filing(step=Step.REVIEW, signed_version=1)
BY = ("Alex Agent", NOON)


def at(step, **review):
    return replace(SENT, step=step, review=Review(**review))


@pytest.mark.parametrize(("now", "then"), sorted(set(product(ReviewState, ReviewState)) - STAYING))
def test_the_review_goes_the_ways_of_the_trade_and_no_other(now, then):
    if (now, then) in WAYS:
        assert Review(now).moved(then, "Pourquoi ?", *BY).state is then
    else:
        with pytest.raises(StepRefused):
            Review(now).moved(then, "Pourquoi ?", *BY)
    assert (then in Review(now).next_states) == ((now, then) in WAYS), "what is offered is what is done"


def test_bringing_the_review_where_it_is_changes_nothing():
    asked = UNREVIEWED.moved(ASKED, "Pourquoi ?", *BY)

    assert Review(RELIABLE).moved(RELIABLE, "Pourquoi ?", *BY) == Review(RELIABLE)
    assert asked.moved(ASKED, " Pourquoi ? ", "Une autre", NOON) is asked
    assert asked.moved(ASKED, "Et là ?", *BY).question == "Et là ?"


@pytest.mark.parametrize("state", [ASKED, ANSWERED])
def test_a_question_and_an_answer_have_words(state):
    with pytest.raises(ReasonMissing) as caught:
        Review(IN_PROGRESS if state is ASKED else ASKED).moved(state, " ? ", *BY)

    assert caught.value.violations[0].field == "text"


def test_an_answer_stays_beside_its_question_until_the_next_one():
    answered = at(Step.REVIEW, state=ASKED, question="Pourquoi ?").answered("Cession de 2023.", "Camille", NOON)

    assert (answered.review.question, answered.review.answer) == ("Pourquoi ?", "Cession de 2023.")
    assert answered.reviewed(ASKED, "Laquelle ?", *BY).review.answer == ""


@pytest.mark.parametrize("state", [one for one in ReviewState if one is not ASKED])
def test_only_a_question_is_answered(state):
    with pytest.raises(StepRefused):
        at(Step.REVIEW, state=state).answered("Cession de 2023.", "Camille", NOON)


@pytest.mark.parametrize("state", [one for one in ReviewState if one is not RELIABLE])
def test_only_a_filing_found_reliable_is_closed(state):
    assert at(Step.REVIEW, state=RELIABLE).closed(NOON).step is Step.CLOSED
    with pytest.raises(StepRefused):
        at(Step.REVIEW, state=state).closed(NOON)


ACTS = {
    "review": (Step.REVIEW, lambda filing: filing.reviewed(IN_PROGRESS, "", *BY)),
    "answer": (Step.REVIEW, lambda filing: filing.answered("Voici.", *BY)),
    "close": (Step.REVIEW, lambda filing: filing.closed(NOON)),
    "ask for it back": (Step.CLOSED, lambda filing: filing.return_asked("Erreur", *BY)),
    "archive": (Step.CLOSED, lambda filing: filing.archived(NOON)),
    "reopen": (Step.REVIEW, lambda filing: filing.reopened("Erreur", NOON)),
}


@pytest.mark.parametrize(("act", "step"), [(a, s) for a, s in product(ACTS, Step) if s is not ACTS[a][0]])
def test_each_act_has_its_step(act, step):
    with pytest.raises(StepRefused):
        ACTS[act][1](replace(SENT, step=step))


def test_a_request_waits_alone_and_is_accepted_or_refused_with_a_reason():
    closed = at(Step.CLOSED, state=RELIABLE)
    asked = closed.return_asked("Erreur de saisie", "Dominique", NOON)

    with pytest.raises(StepRefused):
        asked.return_asked("Encore", "Dominique", NOON)
    with pytest.raises(ReasonMissing):
        asked.return_decided("", *BY, is_accepted=False)
    with pytest.raises(StepRefused):
        closed.return_decided("Non.", *BY, is_accepted=False)
    back = asked.return_decided("", *BY, is_accepted=True)
    refused = asked.return_decided("Campagne close", *BY, is_accepted=False)

    assert (back.step, back.review.state, back.return_request) == (Step.REVIEW, IN_PROGRESS, None)
    assert (refused.step, refused.return_request.is_pending) == (Step.CLOSED, False)
    assert (refused.return_request.refusal, refused.return_request.refused_by) == ("Campagne close", "Alex Agent")
    assert refused.return_asked("Autre raison", "Dominique", NOON).return_request.is_pending
    with pytest.raises(StepRefused):
        refused.return_decided("Encore", *BY, is_accepted=True)


def test_a_request_is_over_once_archived():
    archived = at(Step.CLOSED).return_asked("Erreur", *BY).archived(NOON)

    assert (archived.step, archived.return_request) == (Step.ARCHIVED, None)
    with pytest.raises(StepRefused):
        archived.require_discussable()


def test_a_new_signature_is_reviewed_from_the_start():
    again = replace(at(Step.REVIEW, state=RELIABLE).reopened("Erreur", NOON), step=Step.SIGNATURE)

    assert again.sealed(2, "R2", NOON).review == UNREVIEWED
