"""What the authority may change of a control, and what the change does to a verdict and to the digest."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

import formsets
from formsets.consequences import CONSEQUENCES
from services.validation.clients.pooled_engine import evaluate_in_worker
from services.validation.domain.adjustment import WITHDRAWN, Adjustment, adjusted, softened
from services.validation.domain.errors import AdjustmentRefused
from services.validation.domain.verdict import Verdict
from services.validation.usecases.campaign_runs import notice_of
from services.validation.usecases.ports import ToEvaluate
from tests.support.form_sets import sample_cells

FORM_SET = formsets.load("2024.1")


def a_decision(control: str = "A-20", severity: str = "R", **changes: object) -> Adjustment:
    at = datetime(2025, 6, 2, tzinfo=UTC)
    about = "2024.1", "ER", 2024, control, severity, "Instruction contraire.", "Alex Agent", at
    decision = Adjustment(*about, UUID(int=1))
    return replace(decision, **changes)  # type: ignore[arg-type]


def judged(*decisions: Adjustment):  # type: ignore[no-untyped-def]
    cells = {
        a: formsets.values.written(v) for a, v in sample_cells("saisie").items() if FORM_SET.document_of(a) == "ER"
    }
    cells["ID.200.v"] = "2025-07-01"
    return evaluate_in_worker(ToEvaluate("2024.1", "ER", cells, softenings=softened(FORM_SET, decisions)))


def test_a_control_softened_to_a_remark_asks_for_no_justification() -> None:
    before, after = judged(), judged(a_decision())

    assert (before.verdict, after.verdict) == (Verdict.TO_JUSTIFY, Verdict.REMARKS)
    assert next(f.severity for f in after.findings if f.control == "A-20") == "R"


@pytest.mark.parametrize(
    ("control", "severity", "french", "english"),
    [
        ("A-20", "R", "Simple remarque : aucune action n'est exigée.", "A remark only: no action is required."),
        ("A-01", "A", "Corrigez, ou justifiez en 20 caractères au moins.", "Correct it, or justify it in 20 "),
        ("A-01", "R", "Simple remarque : aucune action n'est exigée.", "A remark only: no action is required."),
    ],
)
def test_the_advice_of_a_softened_control_follows_from_its_severity_in_force(
    control: str, severity: str, french: str, english: str
) -> None:
    official = FORM_SET.control(control)
    found = adjusted(FORM_SET, softened(FORM_SET, [a_decision(control, severity)])).control(control)

    assert french in found.text("fr").how
    assert english in found.text("en").how
    for language in ("fr", "en"):
        kept, told = official.text(language).how, found.text(language).how
        assert not told.endswith(CONSEQUENCES[official.severity][language])
        assert told.removesuffix(CONSEQUENCES[severity][language]) == kept.removesuffix(
            CONSEQUENCES[official.severity][language]
        )
        assert (found.text(language).what, found.text(language).where) == (
            official.text(language).what,
            official.text(language).where,
        )


def test_the_finding_of_a_softened_control_carries_its_new_advice() -> None:
    finding = next(f for f in judged(a_decision()).findings if f.control == "A-20")

    assert "justifiez" not in finding.french.how
    assert "remark only" in finding.english.how


def test_a_withdrawn_control_says_nothing_more() -> None:
    after = judged(a_decision(severity=WITHDRAWN))

    assert after.verdict is Verdict.CLEAN
    assert "A-20" not in {finding.control for finding in after.findings}


def test_the_digest_of_the_rules_tells_what_was_adjusted() -> None:
    plain, softer, gone = judged(), judged(a_decision()), judged(a_decision(severity=WITHDRAWN))

    assert plain.rule_set == FORM_SET.digest
    assert len({plain.rule_set, softer.rule_set, gone.rule_set}) == 3
    assert judged(a_decision()).rule_set == softer.rule_set


def test_a_control_put_back_as_it_was_changes_nothing() -> None:
    assert judged(a_decision(severity="A")).rule_set == FORM_SET.digest
    assert adjusted(FORM_SET, ()) is FORM_SET


def test_a_control_of_another_form_set_is_left_alone() -> None:
    assert softened(FORM_SET, [a_decision("A-99")]) == ()


@pytest.mark.parametrize(
    ("control", "severity"),
    [
        (next(c.id for c in FORM_SET.controls if c.severity == "B" and c.expression), "R"),
        (next(c.id for c in FORM_SET.controls if c.severity == "B" and c.expression), WITHDRAWN),
        (next(c.id for c in FORM_SET.controls if c.severity == "R" and c.expression), "T"),
        ("A-20", "T"),
        ("A-20", "B"),
        ("A-99", "R"),
        ("F-31", "R"),
    ],
)
def test_no_control_is_made_heavier_and_no_blocking_one_is_touched(control: str, severity: str) -> None:
    with pytest.raises(AdjustmentRefused):
        a_decision(control, severity).require_sound(FORM_SET)


@pytest.mark.parametrize(("control", "document"), [("A-20", "QDIS"), ("Q-02", "ER"), ("Q-08", "QDIS"), ("Q-08", "ER")])
def test_a_control_is_adjusted_for_its_own_document_only(control: str, document: str) -> None:
    with pytest.raises(AdjustmentRefused):
        a_decision(control, document=document).require_sound(FORM_SET)


def test_a_decision_is_dated_after_the_one_it_replaces_though_the_clock_was_set_back() -> None:
    earlier = a_decision()
    later = a_decision(at=earlier.at - timedelta(hours=1))

    assert later.after(earlier).at > earlier.at
    assert later.after(None) == later


def test_a_decision_needs_a_reason() -> None:
    with pytest.raises(AdjustmentRefused):
        a_decision(reason="bof").require_sound(FORM_SET)


def test_every_lower_severity_and_a_withdrawal_are_sound() -> None:
    heavy = next(c.id for c in FORM_SET.controls if c.severity == "T" and c.expression)
    for severity in ("T", "A", "R", WITHDRAWN):
        a_decision(heavy, severity).require_sound(FORM_SET)


def test_the_notice_says_what_was_decided_and_why() -> None:
    assert notice_of("A-20", "R", "Parce que.") == (
        "Le contrôle A-20 est désormais une remarque : Parce que.",
        "Control A-20 is now a remark: Parce que.",
    )
    assert notice_of("A-20", WITHDRAWN, "Parce que.")[0].startswith("Le contrôle A-20 est retiré")
