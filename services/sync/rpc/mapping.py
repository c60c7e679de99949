"""Messages ↔ domain, both directions side by side."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp
from harmonia.sync.v1 import sync_pb2 as pb
from harmonia.types.v1 import types_pb2 as types
from harmonia.validation.v1 import validation_pb2 as validation

from chassis.errors import Invalid, Violation
from services.sync.domain.adjustment import Adjustment
from services.sync.domain.batch import Batch
from services.sync.domain.entitlement import Membership
from services.sync.domain.fact import Fact, FactKey, OtherValue, Source
from services.sync.domain.hlc import HybridTime
from services.sync.domain.publication import ReportedChange
from services.sync.domain.receipt import Receipt
from services.sync.domain.stream import EpochNotice
from services.sync.domain.view import FactView
from services.sync.usecases.get_peer_status import PeerStatus
from services.sync.usecases.publish_facts import Report

FAMILIES = {"FED-OPH": "OPH", "FED-ESH": "ESH", "FED-COOP": "COOP", "FED-EPL": "SEM"}
"""Federation → family of its bodies (domain.md §4)."""
_SOURCES = {
    pb.FACT_SOURCE_TYPED: Source.TYPED,
    pb.FACT_SOURCE_IMPORTED: Source.IMPORTED,
    pb.FACT_SOURCE_COMPUTED: Source.COMPUTED,
    pb.FACT_SOURCE_RESOLVED: Source.RESOLVED,
}
_SOURCE_NUMBERS = {source: number for number, source in _SOURCES.items()}
_DOCUMENTS = {types.DOCUMENT_ER: "ER", types.DOCUMENT_QDIS: "QDIS"}
_LETTERS = {
    validation.SEVERITY_TRANSMISSION: "T",
    validation.SEVERITY_ANOMALY: "A",
    validation.SEVERITY_REMARK: "R",
}
_SIREN_DIGITS = 9
MOST_REPORTS = 100
_YEARS = range(1900, 2200)


def to_body(siren: str, year: int) -> tuple[str, int]:
    """Return a body and year.

    Raises:
        Invalid: not a SIREN of nine digits, or not a year.
    """
    wrong = []
    if not (len(siren) == _SIREN_DIGITS and siren.isascii() and siren.isdecimal()):
        wrong.append(Violation("body", "Le SIREN a neuf chiffres."))
    if year not in _YEARS:
        wrong.append(Violation("year", "L'exercice est une année."))
    if wrong:
        raise Invalid(violations=wrong)
    return siren, year


def to_report(request: pb.PublishFactsRequest) -> Report:
    """Return a report.

    Raises:
        Invalid: without event, body or year, or a change without concept or known source.
    """
    if not request.event_id:
        raise Invalid(violations=[Violation("event_id", "L'événement qui rapporte le changement est nécessaire.")])
    siren, year = to_body(request.body, request.year)
    return Report(request.event_id, siren, year, to_changes(request.facts), request.seals)


def to_reports(requests: Sequence[pb.PublishFactsRequest]) -> list[Report]:
    """Return reports.

    Raises:
        Invalid: more than a hundred, or one is as `to_report` refuses it.
    """
    if len(requests) > MOST_REPORTS:
        raise Invalid(violations=[Violation("reports", f"Au plus {MOST_REPORTS} comptes rendus à la fois.")])
    return [to_report(request) for request in requests]


def to_changes(messages: Iterable[pb.ChangedFact]) -> list[ReportedChange]:
    """Return the changes of a report.

    Raises:
        Invalid: a change without concept or known source.
    """
    changes = []
    for place, message in enumerate(messages):
        source = _SOURCES.get(message.source)
        if source is None or not message.concept:
            raise Invalid(violations=[Violation(f"facts[{place}]", "Concept et origine sont nécessaires.")])
        changed_at = message.changed_at.ToDatetime(tzinfo=UTC)
        other = _other_value(message.beside) if message.HasField("beside") else None
        changes.append(
            ReportedChange(message.concept, message.value or None, source, message.author, changed_at, other)
        )
    return changes


def _other_value(message: pb.ConflictingValue) -> OtherValue:
    millis = round(message.changed_at.ToDatetime(tzinfo=UTC).timestamp() * 1000)
    return OtherValue(message.value or None, message.server, message.author, HybridTime(millis))


def to_adjustment(message: validation.Adjustment, server: str) -> Adjustment:
    """Return a decision of this server's authority.

    Raises:
        Invalid: without identifier or document.
    """
    if not message.id or message.document not in _DOCUMENTS:
        raise Invalid(violations=[Violation("adjustment", "Identifiant et document sont nécessaires.")])
    return Adjustment(
        id=message.id,
        origin=server,
        document=_DOCUMENTS[message.document],
        year=message.year,
        form_set=message.form_set,
        control=message.control,
        severity=_LETTERS.get(message.severity, ""),
        reason=message.reason,
        author=message.author,
        at=message.adjusted_at.ToDatetime(tzinfo=UTC),
    )


def to_choice(request: pb.ResolveFactRequest) -> tuple[FactKey, str | None, str]:
    """Return the fact, the chosen value and who chose."""
    siren, year = to_body(request.body, request.year)
    return FactKey(siren, year, request.concept), request.value or None, request.author


def to_members(messages: Iterable[pb.Membership], first_year: int) -> dict[str, list[Membership]]:
    """Return the members of each federation.

    Raises:
        Invalid: not a SIREN, or not one of the four federations.
    """
    members: defaultdict[str, list[Membership]] = defaultdict(list)
    for place, message in enumerate(messages):
        family = FAMILIES.get(message.federation)
        if family is None:
            raise Invalid(violations=[Violation(f"memberships[{place}].federation", "Fédération inconnue.")])
        siren, _ = to_body(message.body, first_year)
        members[message.federation].append(Membership(siren, family, first_year))
    return dict(members)


def to_receipt(request: pb.AcknowledgeBatchRequest) -> Receipt:
    """Return the receipt, not yet checked."""
    return Receipt.from_bytes(request.receipt, request.signature)


def from_view(view: FactView, address: str) -> pb.Fact:
    """Encode a fact as this server shows it."""
    shown = view.shown
    message = pb.Fact(
        concept=shown.key.concept,
        address=address,
        value=shown.value or "",
        server=shown.holder,
        author=shown.author,
        changed_at=from_instant(_written_at(shown)),
        source=_SOURCE_NUMBERS[shown.source],
        is_provisional=shown.is_provisional,
        is_sealed=shown.is_sealed,
    )
    if view.other is not None:
        other = view.other
        message.conflict.CopyFrom(
            pb.ConflictingValue(
                value=other.value or "",
                server=other.holder,
                author=other.author,
                changed_at=from_instant(_written_at(other)),
            )
        )
    return message


def from_batch(answer: Batch | EpochNotice) -> pb.PullBatchResponse:
    """Encode a batch, or the word that the caller asks in an epoch that has ended."""
    if isinstance(answer, EpochNotice):
        return pb.PullBatchResponse(checkpoint=answer.signed_bytes(), signature=answer.signature)
    return pb.PullBatchResponse(
        envelopes=[item.to_bytes() for item in answer.items],
        checkpoint=answer.checkpoint.signed_bytes(),
        signature=answer.signature,
    )


def from_status(status: PeerStatus) -> pb.PeerStatus:
    """Encode how a peer is doing."""
    message = pb.PeerStatus(peer=status.peer, backlog=status.backlog, applied=status.applied, failure=status.failure)
    if status.exchanged_at is not None:
        message.last_exchange_at.CopyFrom(from_instant(status.exchanged_at))
    return message


def from_instant(instant: datetime) -> Timestamp:
    """Encode an aware instant."""
    stamp = Timestamp()
    stamp.FromDatetime(instant)
    return stamp


def _written_at(fact: Fact) -> datetime:
    return datetime.fromtimestamp(fact.hlc.millis / 1000, UTC)
