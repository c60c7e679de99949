"""A simulated change says exactly which decisions would turn, and changes nothing."""

from datetime import date

from services.transmission.domain.decision import Question
from services.transmission.domain.release_settings import Agreement, Permit
from services.transmission.domain.simulation import simulate
from tests.support.transmission import DAY, the_matrix, the_settings

QUESTIONS = [Question("ER", "OPH", "21", recipient, DAY) for recipient in ("MIN", "CDC", "CGLLS", "PREFET-21")]


def test_unticking_a_box_closes_that_recipient_alone() -> None:
    before = the_settings()

    effects = simulate(the_matrix(), QUESTIONS, before, before.with_box("ER", "CDC", is_ticked=False))

    assert [(effect.after.question.recipient, effect.closes) for effect in effects] == [("CDC", True)]


def test_an_agreement_moves_the_decision_to_the_box() -> None:
    before = the_settings()
    after = before.with_agreement(Agreement("CGLLS", date(2025, 1, 1)), is_signed=True)

    (effect,) = simulate(the_matrix(), QUESTIONS, before, after)

    assert (effect.before.level.number, effect.after.level.number, effect.opens) == (2, 3, False)


def test_taking_a_permit_back_for_one_family_keeps_the_others() -> None:
    permit = Permit("MIN", "ER", "CDC", frozenset({"OPH"}))
    after = the_settings().with_permit(permit, is_open=False)

    assert Permit("MIN", "ER", "CDC", frozenset({"ESH", "COOP"})) in after.permits
    assert simulate(the_matrix(), QUESTIONS, the_settings(), after)[0].closes


def test_changed_statutes_open_a_federation() -> None:
    question = Question("ER", "COOP", "21", "FED-COOP", DAY)
    before = the_settings("COOP")

    effects = simulate(the_matrix(), [question], before, before.with_statutes("FED-COOP", says_yes=True))

    assert effects[0].opens


def test_a_change_that_turns_nothing_has_no_effect() -> None:
    before = the_settings()

    assert simulate(the_matrix(), QUESTIONS, before, before.with_box("ER", "MIN", is_ticked=True)) == ()
