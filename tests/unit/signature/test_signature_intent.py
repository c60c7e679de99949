import json
from dataclasses import replace
from datetime import timedelta

import pytest

from services.signature.domain.canonical import readable_code
from services.signature.domain.errors import (
    AlreadySigned,
    DigestChanged,
    IntentExpired,
    NotSignatory,
    ReauthenticationTooOld,
)
from services.signature.domain.intent import IntentState, Signatory
from services.signature.domain.policy import SERVER_SEAL_1
from tests.support.signature import DIRECTOR, NOW, an_intent


def commit(intent, **changes):
    terms = {
        "by": DIRECTOR,
        "digest": intent.digest,
        "authenticated_at": NOW - timedelta(minutes=2),
        "policy": SERVER_SEAL_1,
        "now": NOW,
    }
    return intent.commit(**terms | changes)


def test_a_fresh_proof_of_identity_on_the_shown_digest_commits_the_intent():
    committed = commit(an_intent())

    assert (committed.state, committed.committed_at) == (IntentState.COMMITTED, NOW)


@pytest.mark.parametrize("age", [timedelta(minutes=5, seconds=1), timedelta(days=1), timedelta(seconds=-61)])
def test_a_stale_or_future_proof_of_identity_is_refused(age):
    with pytest.raises(ReauthenticationTooOld):
        commit(an_intent(), authenticated_at=NOW - age)


def test_a_missing_proof_of_identity_is_refused():
    with pytest.raises(ReauthenticationTooOld):
        commit(an_intent(), authenticated_at=None)


def test_another_digest_than_the_one_shown_is_refused():
    with pytest.raises(DigestChanged):
        commit(an_intent(), digest="cd" * 32)


def test_another_person_cannot_take_over_an_intent():
    with pytest.raises(NotSignatory):
        commit(an_intent(), by=Signatory("user-8", DIRECTOR.name))


def test_an_intent_that_waited_half_an_hour_has_expired():
    with pytest.raises(IntentExpired):
        commit(an_intent(created_at=NOW - timedelta(minutes=31)))


def test_a_committed_intent_never_expires_so_that_a_crash_can_be_completed():
    committed = commit(an_intent())

    assert commit(committed, now=NOW + timedelta(days=3)) == committed


def test_an_intent_is_signed_once():
    signed = commit(an_intent()).sign(NOW)

    with pytest.raises(AlreadySigned):
        signed.sign(NOW)


def test_an_uncommitted_intent_cannot_be_signed():
    with pytest.raises(AlreadySigned):
        an_intent().sign(NOW)


def test_the_consent_names_the_person_the_role_the_digest_and_the_proof():
    record = json.loads(commit(an_intent()).consent())

    assert record["signatory"] == {"name": "Anne Dupré", "subject": "user-7"}
    assert (record["role"], record["digest"]) == ("signatory", an_intent().digest)
    assert (record["authenticated_at"], record["consented_at"]) == ("2026-07-01T08:28:00Z", "2026-07-01T08:30:00Z")


def test_there_is_no_consent_before_the_commit():
    with pytest.raises(ValueError, match="from the commit on"):
        an_intent().consent()


@pytest.mark.parametrize(
    ("digest", "code"), [("00" * 32, "0000-0000"), ("ff" * 32, "ZZZZ-ZZZZ"), ("0123456789" + "00" * 27, "04HM-ASW9")]
)
def test_the_code_spells_the_first_forty_bits_of_the_digest(digest, code):
    assert readable_code(digest) == code


def test_a_replayed_commit_keeps_the_first_time():
    first = commit(an_intent())

    assert commit(replace(first), now=NOW + timedelta(minutes=1)).committed_at == NOW
