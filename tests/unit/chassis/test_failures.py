"""Failures become statuses and come back as what they were, whichever of the nine meanings."""

import grpc
import pytest
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from chassis.errors import (
    AlreadyExists,
    Conflict,
    Exhausted,
    Failure,
    Forbidden,
    Invalid,
    NotFound,
    RuleBroken,
    Unauthenticated,
    Unavailable,
    Violation,
)
from chassis.rpc.failures import InternalFailure, from_error, meaning_of, opaque_status, to_status

MEANINGS = [
    (Invalid, grpc.StatusCode.INVALID_ARGUMENT),
    (Unauthenticated, grpc.StatusCode.UNAUTHENTICATED),
    (Forbidden, grpc.StatusCode.PERMISSION_DENIED),
    (NotFound, grpc.StatusCode.NOT_FOUND),
    (AlreadyExists, grpc.StatusCode.ALREADY_EXISTS),
    (RuleBroken, grpc.StatusCode.FAILED_PRECONDITION),
    (Conflict, grpc.StatusCode.ABORTED),
    (Exhausted, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (Unavailable, grpc.StatusCode.UNAVAILABLE),
]


class FilingNotSigned(RuleBroken):
    """The filing is not signed."""

    reason = "FILING_NOT_SIGNED"


def error_of(status: status_pb2.Status) -> grpc.aio.AioRpcError:
    """Return what a call raises that received this status."""
    encoded = rpc_status.to_status(status)
    trailing = grpc.aio.Metadata(*(encoded.trailing_metadata or ()))
    return grpc.aio.AioRpcError(encoded.code, grpc.aio.Metadata(), trailing, encoded.details)


def details_of(status: status_pb2.Status) -> list[str]:
    return [detail.TypeName().rpartition(".")[2] for detail in status.details]


def unpacked(box: any_pb2.Any, into):
    assert box.Unpack(into)
    return into


@pytest.mark.parametrize(("meaning", "code"), MEANINGS)
def test_each_meaning_has_its_status_code(meaning, code):
    assert to_status(meaning("Non.")).code == code.value[0]


@pytest.mark.parametrize(("meaning", "code"), MEANINGS)
def test_each_meaning_comes_back_as_itself(meaning, code):
    sent = meaning("Non, parce que…", metadata={"siren": "000000018"}, reason="SOME_REASON")

    received = from_error(error_of(to_status(sent)))

    assert type(received) is meaning
    assert (received.message, received.code, received.metadata) == (sent.message, "SOME_REASON", sent.metadata)


def test_a_named_failure_keeps_its_reason_and_arrives_as_its_meaning():
    received = from_error(error_of(to_status(FilingNotSigned())))

    assert isinstance(received, RuleBroken)
    assert received.code == "FILING_NOT_SIGNED"
    assert received.message == "The filing is not signed."


def test_the_wrong_fields_of_a_malformed_request_arrive():
    violations = [Violation("BA.010.brut", "Pas un montant.", "F-01"), Violation("year", "Hors campagne.")]

    received = from_error(error_of(to_status(Invalid("Deux champs.", violations=violations))))

    assert list(received.violations) == violations


def test_the_conditions_of_a_broken_rule_arrive():
    violations = [Violation("filing", "Le dépôt n'est pas signé.", "NOT_SIGNED")]

    received = from_error(error_of(to_status(FilingNotSigned("Non.", violations=violations))))

    assert list(received.violations) == violations


@pytest.mark.parametrize("meaning", [Invalid, RuleBroken, Conflict])
def test_violations_arrive_in_both_languages(meaning):
    violations = [Violation("a", "Il manque a.", "A", "A is missing."), Violation("b", "Il manque b.", "B")]

    received = from_error(error_of(to_status(meaning("Non.", violations=violations))))

    assert list(received.violations) == violations


@pytest.mark.parametrize(
    ("failure", "details"),
    [
        (Invalid(violations=[Violation("a", "b")]), ["ErrorInfo", "BadRequest"]),
        (Forbidden(), ["ErrorInfo"]),
        (NotFound(), ["ErrorInfo", "ResourceInfo"]),
        (AlreadyExists(), ["ErrorInfo", "ResourceInfo"]),
        (RuleBroken(violations=[Violation("a", "b")]), ["ErrorInfo", "PreconditionFailure"]),
        (Exhausted(), ["ErrorInfo", "QuotaFailure", "RetryInfo"]),
        (Unavailable(), ["ErrorInfo", "RetryInfo"]),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Failure) else "",
)
def test_the_reason_is_the_first_detail_whatever_follows(failure, details):
    assert details_of(to_status(failure)) == details


def test_an_exhausted_quota_says_when_to_try_again():
    status = to_status(Exhausted("Trop d'essais.", metadata={"retry_after": "60"}))

    assert unpacked(status.details[2], error_details_pb2.RetryInfo()).retry_delay.seconds == 60


def test_an_unforeseen_failure_says_nothing_but_a_reference():
    status = opaque_status()

    received = from_error(error_of(status))

    assert isinstance(received, InternalFailure)
    assert not list(status.details)
    assert received.message.startswith("Erreur interne, référence ")


def test_words_of_the_transport_do_not_reach_people():
    words = "failed to connect to all addresses; last error: ipv4:10.0.0.7:8443"
    error = grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata(), words)

    received = from_error(error)

    assert type(received) is Unavailable
    assert "10.0.0.7" not in received.message


@pytest.mark.parametrize("code", [grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED])
def test_a_call_that_was_cut_short_may_be_tried_again(code):
    error = grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(), "Deadline Exceeded")

    assert type(from_error(error)) is Unavailable


def test_the_meaning_of_a_named_failure_is_its_base():
    assert meaning_of(FilingNotSigned()) is RuleBroken
