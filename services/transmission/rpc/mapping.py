"""Messages ↔ domain, both directions side by side."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp
from harmonia.transmission.v1 import transmission_pb2 as pb
from harmonia.types.v1 import types_pb2

from chassis.errors import Invalid, Violation
from services.transmission.domain.dispatch import Dispatch, DispatchState, Standing
from services.transmission.domain.errors import UnknownDelivery
from services.transmission.domain.explanation import label_fr
from services.transmission.domain.feed import Entry
from services.transmission.domain.filing import FilingIdentity
from services.transmission.domain.notice import Notice, NoticeKind, NoticeReason
from services.transmission.domain.release_table import ReleaseRow
from services.transmission.usecases.dispatch_filing import SignatureReported
from services.transmission.usecases.list_deliveries import FollowedDispatch

_STATES = {
    DispatchState.AVAILABLE: pb.DELIVERY_STATE_AVAILABLE,
    DispatchState.DELIVERED: pb.DELIVERY_STATE_DELIVERED,
    DispatchState.ACKNOWLEDGED: pb.DELIVERY_STATE_ACKNOWLEDGED,
    DispatchState.SUPERSEDED: pb.DELIVERY_STATE_SUPERSEDED,
}
_STANDINGS = {
    Standing.CURRENT: pb.STANDING_CURRENT,
    Standing.SUSPENDED: pb.STANDING_SUSPENDED,
    Standing.REPLACED: pb.STANDING_REPLACED,
    Standing.WITHDRAWN: pb.STANDING_WITHDRAWN,
}
_KINDS = {
    NoticeKind.SUSPENSION: pb.ENTRY_KIND_SUSPENSION,
    NoticeKind.WITHDRAWAL: pb.ENTRY_KIND_WITHDRAWAL,
}
_REASONS = {
    NoticeReason.REOPENED: pb.NOTICE_REASON_REOPENED,
    NoticeReason.NOT_RELEASED: pb.NOTICE_REASON_NOT_RELEASED,
}


def to_identity(message: types_pb2.FilingIdentity) -> FilingIdentity:
    """Read a filing's identity.

    Raises:
        Invalid: the body, the filing, the document or the family is missing.
    """
    required = {
        "identity.filing_id": message.filing_id,
        "identity.body": message.body,
        "identity.document": message.document,
        "identity.family": message.family,
    }
    if missing := [Violation(name, "Obligatoire.") for name, value in required.items() if not value]:
        raise Invalid(violations=missing)
    return FilingIdentity(
        message.filing_id,
        message.body,
        message.body_name,
        _family(message.family),
        _document(message.document),
        message.year,
        message.form_set,
        message.departement,
    )


def from_identity(identity: FilingIdentity) -> types_pb2.FilingIdentity:
    """Write a filing's identity."""
    return types_pb2.FilingIdentity(
        filing_id=identity.filing_id,
        body=identity.body,
        body_name=identity.body_name,
        family=types_pb2.Family.Value(f"FAMILY_{identity.family}"),
        document=types_pb2.Document.Value(f"DOCUMENT_{identity.document}"),
        year=identity.year,
        form_set=identity.form_set,
        departement=identity.departement,
    )


def to_document(value: types_pb2.Document.ValueType) -> str | None:
    """Read a document to narrow to; nothing for both."""
    return _document(value) if value else None


def to_delivery_id(text: str) -> UUID:
    """Read a delivery's identifier.

    Raises:
        UnknownDelivery: no identifier looks like this; the same answer as for one that nobody has.
    """
    try:
        return UUID(text)
    except ValueError as error:
        raise UnknownDelivery from error


def to_report(request: pb.DispatchFilingRequest) -> SignatureReported:
    """Read the report of a signature.

    Raises:
        Invalid: it lacks its event, its version or its time.
    """
    if not (request.event_id and request.version > 0 and request.HasField("signed_at")):
        raise Invalid(violations=[Violation("event_id, version, signed_at", "Obligatoires.")])
    return SignatureReported(
        request.event_id,
        to_identity(request.identity),
        request.version,
        frozenset(request.recipients),
        request.container_digest,
        request.content_digest,
        request.receipt_number,
        request.signed_at.ToDatetime(UTC),
    )


def to_reopening(request: pb.SuspendFilingRequest) -> tuple[str, str, int, datetime]:
    """Read the report of a reopening: event, filing, version and instant.

    Raises:
        Invalid: one of them is missing.
    """
    if not (request.event_id and request.filing_id and request.version > 0 and request.HasField("reopened_at")):
        raise Invalid(violations=[Violation("event_id, filing_id, version, reopened_at", "Obligatoires.")])
    return request.event_id, request.filing_id, request.version, request.reopened_at.ToDatetime(UTC)


def from_row(row: ReleaseRow) -> pb.ReleaseDecision:
    """Write one row of the release table."""
    decision = row.decision
    return pb.ReleaseDecision(
        recipient=decision.question.recipient,
        recipient_name=label_fr(decision.question.recipient),
        is_released=decision.is_allowed,
        rule=decision.rule or "",
        level=decision.level.number,
        reason=types_pb2.Sentence(fr=decision.reason_fr, en=decision.reason_en),
        is_choice=decision.is_offered,
        is_ticked=row.is_ticked,
        decided_by=row.decided_by,
        decided_at=from_instant(row.decided_at),
    )


def from_rows(rows: Iterable[ReleaseRow]) -> list[pb.ReleaseDecision]:
    """Write the whole table."""
    return [from_row(row) for row in rows]


def from_entry(entry: Entry) -> pb.FeedEntry:
    """Write an entry of the recipient's own feed."""
    if isinstance(entry, Notice):
        return _from_notice(entry)
    dispatch, replaced = entry, entry.replaces
    return pb.FeedEntry(
        **_from_dispatch(dispatch),
        kind=pb.ENTRY_KIND_RELEASE,
        sequence=dispatch.sequence or 0,
        delivery_id=str(dispatch.id),
        dispatched_at=from_instant(dispatch.available_at),
        supersedes=str(replaced.dispatch_id) if replaced else "",
        replaced_version=replaced.version if replaced else 0,
        replaced_digest=replaced.content_digest if replaced else "",
        state=_STATES.get(dispatch.state, pb.DELIVERY_STATE_UNSPECIFIED),
    )


def _from_notice(notice: Notice) -> pb.FeedEntry:
    is_taken = notice.acknowledged_at is not None
    return pb.FeedEntry(
        **_from_dispatch(notice.dispatch),
        kind=_KINDS[notice.kind],
        sequence=notice.sequence or 0,
        delivery_id=str(notice.id),
        dispatched_at=from_instant(notice.available_at),
        state=pb.DELIVERY_STATE_ACKNOWLEDGED if is_taken else pb.DELIVERY_STATE_AVAILABLE,
        concerns=str(notice.dispatch.id),
        reason=_REASONS[notice.reason],
        since=from_instant(notice.since),
    )


def _from_dispatch(dispatch: Dispatch) -> dict[str, Any]:
    """Write what names a version in every entry about it."""
    filing = dispatch.filing
    return {
        "identity": from_identity(filing.identity),
        "version": filing.version,
        "container_digest": filing.container_digest,
        "content_digest": filing.content_digest,
        "receipt_number": filing.receipt_number,
        "signed_at": from_instant(filing.signed_at),
        "rule": dispatch.rule,
        "standing": _STANDINGS[dispatch.standing],
    }


def from_delivery(followed: FollowedDispatch) -> pb.Delivery:
    """Write a delivery as the body sees it."""
    dispatch, notice = followed.dispatch, followed.notice
    return pb.Delivery(
        recipient=dispatch.recipient,
        recipient_name=label_fr(dispatch.recipient),
        version=dispatch.filing.version,
        rule=dispatch.rule,
        state=_STATES.get(dispatch.state, pb.DELIVERY_STATE_UNSPECIFIED),
        dispatched_at=from_instant(dispatch.available_at),
        delivered_at=from_instant(dispatch.delivered_at),
        acknowledged_at=from_instant(dispatch.acknowledged_at),
        container_digest=dispatch.filing.container_digest,
        standing=_STANDINGS[dispatch.standing],
        suspended_at=from_instant(dispatch.suspended_at),
        withdrawn_at=from_instant(dispatch.withdrawn_at),
        notice_acknowledged_at=from_instant(notice.acknowledged_at) if notice else None,
    )


def from_instant(instant: datetime | None) -> Timestamp | None:
    """Write an instant; nothing stays nothing."""
    if instant is None:
        return None
    timestamp = Timestamp()
    timestamp.FromDatetime(instant)
    return timestamp


def _family(value: types_pb2.Family.ValueType) -> str:
    if value not in types_pb2.Family.values():
        raise Invalid(violations=[Violation("identity.family", "Famille inconnue.")])
    return types_pb2.Family.Name(value).removeprefix("FAMILY_")


def _document(value: types_pb2.Document.ValueType) -> str:
    if value not in types_pb2.Document.values():
        raise Invalid(violations=[Violation("identity.document", "Document inconnu.")])
    return types_pb2.Document.Name(value).removeprefix("DOCUMENT_")
