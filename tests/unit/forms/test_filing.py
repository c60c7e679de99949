"""The life cycle of a filing."""

from datetime import timedelta
from itertools import product

import pytest

from chassis.errors import Violation
from services.forms.domain.errors import FilingNotEditable, FilingNotReady, LockHeld, ReasonMissing, StepRefused
from services.forms.domain.filing import LOCK_LASTS, Lock, Step, Verdict, moves_made
from tests.support.forms import NOON, SHARED, a_filing

ALLOWED = {
    (Step.ENTRY, Step.ACCOUNTING): "filing.edit",
    (Step.ACCOUNTING, Step.SIGNATURE): "filing.validate",
    (Step.ACCOUNTING, Step.ENTRY): "filing.return",
    (Step.SIGNATURE, Step.ENTRY): "filing.return",
}
READY = a_filing(step=Step.SIGNATURE, verdict=Verdict.REMARKS)


@pytest.mark.parametrize(("now", "step"), ALLOWED)
def test_a_move_of_the_trade_needs_its_permission(now, step):
    assert moves_made(now, step) == [(now, step, ALLOWED[now, step])]


def test_from_entry_to_the_signatory_both_moves_are_made_with_both_permissions():
    validated = (Step.ACCOUNTING, Step.SIGNATURE, "filing.validate")

    assert moves_made(Step.ENTRY, Step.SIGNATURE) == [(Step.ENTRY, Step.ACCOUNTING, "filing.edit"), validated]
    assert a_filing().moves == {Step.ACCOUNTING: "filing.edit", Step.SIGNATURE: "filing.validate"}
    assert list(a_filing(step=Step.ACCOUNTING).moves) == [Step.SIGNATURE, Step.ENTRY]


IN_ONE_ACT = (Step.ENTRY, Step.SIGNATURE)


@pytest.mark.parametrize(("now", "step"), [pair for pair in product(Step, Step) if pair not in {*ALLOWED, IN_ONE_ACT}])
def test_any_other_move_is_refused(now, step):
    with pytest.raises(StepRefused):
        a_filing(step=now).moved(step, "une bonne raison", NOON)


@pytest.mark.parametrize("reason", ["", "  ", "ok", " a "])
def test_going_back_needs_a_reason(reason):
    with pytest.raises(ReasonMissing) as caught:
        a_filing(step=Step.SIGNATURE).moved(Step.ENTRY, reason, NOON)

    assert caught.value.violations[0].field == "reason"


def test_going_forward_needs_no_reason():
    assert a_filing().moved(Step.ACCOUNTING, "", NOON).step is Step.ACCOUNTING


@pytest.mark.parametrize("step", [Step.ENTRY, Step.ACCOUNTING])
def test_a_filing_is_editable_until_it_goes_to_the_signatory(step):
    a_filing(step=step).require_editable(NOON)


@pytest.mark.parametrize("step", [Step.SIGNATURE, Step.REVIEW, Step.CLOSED, Step.ARCHIVED])
def test_a_filing_past_accounting_is_not_editable(step):
    with pytest.raises(FilingNotEditable) as caught:
        a_filing(step=step).require_editable(NOON)

    assert caught.value.metadata["step"] == str(int(step))


def test_nothing_is_edited_or_moved_while_the_key_is_used():
    locked = a_filing(lock=Lock("intent", NOON))

    with pytest.raises(FilingNotEditable):
        locked.require_editable(NOON)
    with pytest.raises(FilingNotEditable):
        locked.moved(Step.ACCOUNTING, "", NOON)


def test_an_edit_counts_and_keeps_the_judgement():
    edited = a_filing(revision=4).edited(NOON + timedelta(1), Verdict.BLOCKED, "rules")

    assert (edited.revision, edited.verdict, edited.rule_set) == (5, Verdict.BLOCKED, "rules")
    assert edited.changed_at == NOON + timedelta(1)


@pytest.mark.parametrize("verdict", [Verdict.CLEAN, Verdict.REMARKS])
def test_a_filing_without_open_anomaly_is_signable_at_step_three(verdict):
    a_filing(step=Step.SIGNATURE, verdict=verdict).require_signable(())


@pytest.mark.parametrize("verdict", [None, Verdict.BLOCKED, Verdict.NOT_EVALUABLE, Verdict.TO_JUSTIFY])
def test_an_open_anomaly_stands_in_the_way_of_signing(verdict):
    obstacles = a_filing(step=Step.SIGNATURE, verdict=verdict).obstacles(())

    assert [violation.reason for violation in obstacles] == ["W-02"]


def test_every_obstacle_to_signing_is_named():
    with pytest.raises(FilingNotReady) as caught:
        a_filing(verdict=Verdict.BLOCKED).require_signable([Violation(SHARED, "Différente.", "Q-01")])

    assert [violation.reason for violation in caught.value.violations] == ["STEP", "W-02", "W-07", "Q-01"]


def test_the_same_intent_may_ask_for_its_lock_again():
    once = READY.locked(1, "mine", NOON)

    assert once.locked(1, "mine", NOON + timedelta(seconds=5)).lock == Lock("mine", NOON + timedelta(seconds=5))


def test_another_intent_waits_for_the_lock_to_go_stale():
    held = READY.locked(1, "theirs", NOON)

    with pytest.raises(LockHeld):
        held.locked(1, "mine", NOON + LOCK_LASTS - timedelta(seconds=1))
    assert held.locked(1, "mine", NOON + LOCK_LASTS).lock == Lock("mine", NOON + LOCK_LASTS)


@pytest.mark.parametrize("version", [0, 2])
def test_only_the_next_version_is_locked(version):
    with pytest.raises(LockHeld):
        READY.locked(version, "mine", NOON)


def test_a_filing_elsewhere_than_at_the_signatory_is_not_locked():
    with pytest.raises(LockHeld):
        a_filing(step=Step.ACCOUNTING).locked(1, "mine", NOON)


def test_a_sealed_filing_is_transmitted_and_free_of_its_lock():
    sealed = READY.locked(1, "mine", NOON).sealed(1, "ER-2024-MIN-000001", NOON)

    assert (sealed.step, sealed.signed_version, sealed.lock) == (Step.REVIEW, 1, None)
    assert sealed.receipt_number == "ER-2024-MIN-000001"
    assert sealed.next_version == 2
