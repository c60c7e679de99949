"""Whom a certificate proves: a stack's name is believed only from that stack's own authority."""

import stat

import pytest

from chassis.clock import SystemClock
from chassis.tls import DevelopmentAuthority, ProcessName
from tests.support.clocks import FrozenClock
from tests.support.tiny import Federation


@pytest.fixture
def federation(tmp_path):
    return Federation(tmp_path, "MIN", "FED-OPH")


def test_a_certificate_proves_the_process_it_was_issued_to(federation):
    oph = federation.identity("FED-OPH", "sync")

    assert federation.identity("MIN", "sync").prove(oph.certificate) == ProcessName("FED-OPH", "sync")


def test_another_authority_cannot_speak_for_a_stack(federation):
    forged = federation.impostor("FED-OPH", claimed="MIN", service="forms")

    assert b"BEGIN CERTIFICATE" in forged.certificate
    assert federation.identity("MIN", "sync").prove(forged.certificate) is None


def test_an_authority_that_nobody_trusts_proves_nobody(federation, tmp_path):
    stranger = DevelopmentAuthority(tmp_path / "stranger", "MIN", SystemClock())
    certificate, _ = stranger.issue("forms", tmp_path / "stranger" / "processes")

    assert federation.identity("MIN", "sync").prove(certificate.read_bytes()) is None


def test_an_authority_is_not_itself_a_process(federation):
    authority = federation.authorities["MIN"].certificate_path.read_bytes()

    assert federation.identity("MIN", "sync").prove(authority) is None


def test_a_process_knows_its_own_stack_from_its_certificate(federation):
    assert federation.identity("FED-OPH", "forms").stack == "FED-OPH"


def test_keys_are_readable_by_their_owner_only(tmp_path):
    authority = DevelopmentAuthority(tmp_path / "tls", "MIN", SystemClock())
    _, key = authority.issue("forms", tmp_path / "tls" / "processes")

    modes = [stat.S_IMODE(path.stat().st_mode) for path in (key, tmp_path / "tls" / "authority.key")]

    assert modes == [0o600, 0o600]


def test_a_certificate_that_still_holds_is_kept_and_an_old_one_renewed(tmp_path):
    clock = FrozenClock()
    authority = DevelopmentAuthority(tmp_path, "MIN", clock)
    first = authority.issue("forms", tmp_path / "processes")[0].read_bytes()

    clock.advance(days=300)
    kept = authority.issue("forms", tmp_path / "processes")[0].read_bytes()
    clock.advance(days=80)
    renewed = authority.issue("forms", tmp_path / "processes")[0].read_bytes()

    assert kept == first
    assert renewed != first
