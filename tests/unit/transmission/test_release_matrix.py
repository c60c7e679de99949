"""The shipped matrix gives exactly the expected answers, and refuses whatever no rule names."""

import hashlib
from dataclasses import replace
from datetime import date

import pytest

from services.transmission.domain.decision import Answer, Finding, Level, Mode
from services.transmission.domain.release_settings import Agreement, Permit, ReleaseSettings
from tests.support.transmission import (
    DAY,
    MATRIX_FILE,
    a_decision,
    matrix_bytes,
    matrix_content,
    the_matrix,
    the_settings,
)

EXPECTED = matrix_content()["expected"]


@pytest.mark.parametrize("expected", EXPECTED["answers"], ids=lambda row: f"{row['document']}-{row['recipient']}")
def test_the_shipped_matrix_gives_the_expected_answer(expected: dict[str, object]) -> None:
    decision = a_decision(
        str(expected["recipient"]),
        str(expected["document"]),
        EXPECTED["family"],
        EXPECTED["departement"],
        date.fromisoformat(EXPECTED["on"]),
    )

    assert {
        "document": decision.question.document,
        "recipient": decision.question.recipient,
        "answer": decision.answer,
        "rule": decision.rule,
        "level": decision.level.number,
    } == expected


def test_the_shipped_matrix_has_the_published_digest() -> None:
    published = MATRIX_FILE.with_suffix(".json.sha256").read_text().split()[0]

    assert hashlib.sha256(matrix_bytes()).hexdigest() == published == the_matrix().digest


@pytest.mark.parametrize("recipient", ["", "PREFET-75", "PREFET-", "XYZ", "FED", "OTHER_FED", "PREFET_OF_SEAT", "min"])
def test_what_no_rule_names_is_denied_at_level_zero(recipient: str) -> None:
    decision = a_decision(recipient)

    assert (decision.answer, decision.rule, decision.level) == (Answer.DENY, None, Level.SCOPE)


def test_an_unknown_federation_is_another_federation() -> None:
    assert a_decision("FED-XYZ").rule == "T-25"


def test_a_day_before_the_first_rule_is_denied() -> None:
    assert a_decision("MIN", on=date(2008, 4, 1)).rule is None


def test_a_document_that_does_not_exist_yet_is_denied() -> None:
    decision = a_decision("MIN", family="SEM", on=date(2015, 12, 31))

    assert (decision.answer, decision.rule, decision.mode) == (Answer.DENY, "T-05", Mode.NONE)


def test_the_period_follows_the_day_of_the_decision() -> None:
    before = a_decision("ANCOLS", on=date(2016, 12, 31))
    after = a_decision("ANCOLS", on=date(2017, 1, 1))

    assert (before.answer, after.answer) == (Answer.DENY, Answer.ALLOW)


def test_statutes_that_say_no_deny_at_level_zero_by_the_federation() -> None:
    decision = a_decision("FED-COOP", family="COOP")

    assert (decision.answer, decision.level, decision.decided_by) == (Answer.DENY, Level.SCOPE, "FED-COOP")


def test_an_automatic_release_needs_no_permit_agreement_or_box() -> None:
    decision = a_decision("PREFET-21", settings=ReleaseSettings())

    assert decision.is_allowed


def test_the_prefet_of_the_seat_receives_even_without_an_account_listed() -> None:
    assert a_decision("PREFET-971", departement="971").is_allowed


def test_without_a_seat_no_prefet_receives() -> None:
    assert not a_decision("PREFET-21", departement="").is_allowed


def test_a_permit_given_to_the_prefet_of_the_seat_reaches_that_prefet() -> None:
    settings = ReleaseSettings(
        permits=frozenset({Permit("FED-OPH", "QDIS", "PREFET_OF_SEAT", frozenset({"OPH"}))}),
        agreements=frozenset({Agreement("PREFET-21", date(2020, 1, 1))}),
        boxes=frozenset({("QDIS", "PREFET-21")}),
    )

    assert a_decision("PREFET-21", "QDIS", settings=settings).level is Level.BOX


def test_the_permit_of_another_controller_opens_nothing() -> None:
    settings = the_settings("OPH").with_permit(Permit("MIN", "QDIS", "CDC", frozenset({"OPH"})), is_open=True)

    assert a_decision("CDC", "QDIS", settings=settings).level is Level.CONTROLLER


def test_an_agreement_that_ended_denies_at_level_two() -> None:
    settings = replace(
        the_settings("OPH"), agreements=frozenset({Agreement("CDC", date(2020, 1, 1), date(2025, 6, 30))})
    )

    assert a_decision("CDC", settings=settings).level is Level.AGREEMENT


def test_an_agreement_binds_on_its_last_day() -> None:
    settings = replace(the_settings("OPH"), agreements=frozenset({Agreement("CDC", date(2020, 1, 1), DAY)}))

    assert a_decision("CDC", settings=settings).is_allowed


def test_layers_after_a_refusal_are_not_asked() -> None:
    layers = a_decision("CGLLS").layers

    assert [layer.finding for layer in layers] == [
        Finding.HOLDS,
        Finding.HOLDS,
        Finding.REFUSES,
        Finding.NOT_NEEDED,
    ]
