"""What a signed or a reopened version brings about at its recipients; whatever the order in which the reports arrive."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from services.transmission.domain.dispatch import Dispatch, ReleaseTerms, Replaced, SignedFiling
from services.transmission.domain.notice import Notice, NoticeKind, NoticeReason

NewId = Callable[[], UUID]
_REASONS = {NoticeKind.SUSPENSION: NoticeReason.REOPENED, NoticeKind.WITHDRAWAL: NoticeReason.NOT_RELEASED}


@dataclass(frozen=True, slots=True)
class KnownVersions:
    """What is known of the versions of one filing, besides who was sent them."""

    latest: int = 0
    """Highest version that was routed, to however many recipients; 0 for none."""
    reopened: Mapping[int, datetime] = field(default_factory=dict)
    """Version → when the body reopened it; also versions whose signature was not reported yet."""


@dataclass(frozen=True, slots=True)
class Routing:
    """What is new in the feeds, and what changes about earlier versions."""

    added: tuple[Dispatch, ...] = ()
    changed: tuple[Dispatch, ...] = ()
    """Earlier versions that are replaced, suspended or withdrawn from now on."""
    notices: tuple[Notice, ...] = ()


def route(
    filing: SignedFiling,
    terms: ReleaseTerms,
    existing: Sequence[Dispatch],
    versions: KnownVersions,
    at: datetime,
    new_id: NewId,
) -> Routing:
    """Turn a signed version into one dispatch per recipient of its signed terms, and tell who had one and gets none.

    Repeating it adds nothing. A recipient that the new terms leave out keeps what it read, and is told that it is no
    longer current. Versions that arrive out of order still leave at most one current version per recipient: the
    highest, if the highest of all goes to it.

    Args:
        filing: the signed version.
        terms: its signed release terms, already checked.
        existing: every dispatch of this filing so far, all versions and recipients.
        versions: what is known of the versions so far.
        at: the present instant.
        new_id: gives the identifiers of new dispatches and notices.
    """
    present = {dispatch.id: dispatch for dispatch in existing}
    for released in terms.recipients:
        held = {d.filing.version: d for d in existing if d.recipient == released.recipient}
        if filing.version in held:
            continue
        earlier = [held[version] for version in sorted(held) if version < filing.version]
        added = Dispatch(
            id=new_id(),
            recipient=released.recipient,
            filing=filing,
            rule=released.rule,
            level=released.level,
            queued_at=at,
            replaces=_replaced(earlier[-1]) if earlier else None,
            superseded_by=max((version for version in held if version > filing.version), default=None),
        )
        present[added.id] = added
        for one in earlier:
            present[one.id] = replace(one, superseded_by=max(one.superseded_by or 0, filing.version))
    routed = replace(versions, latest=max(versions.latest, filing.version))
    return _settled(existing, present, routed, at, new_id)


def suspend(existing: Sequence[Dispatch], versions: KnownVersions, at: datetime, new_id: NewId) -> Routing:
    """Suspend what was reopened wherever it is current; a version that is replaced or withdrawn meanwhile is left alone.

    Repeating it tells nobody twice.

    Args:
        existing: every dispatch of this filing so far, all versions and recipients.
        versions: what is known of the versions, the reopened one included.
        at: the present instant.
        new_id: gives the identifiers of notices.
    """
    return _settled(existing, {dispatch.id: dispatch for dispatch in existing}, versions, at, new_id)


def _replaced(dispatch: Dispatch) -> Replaced:
    return Replaced(dispatch.id, dispatch.filing.version, dispatch.filing.content_digest)


def _settled(
    existing: Sequence[Dispatch],
    present: dict[UUID, Dispatch],
    versions: KnownVersions,
    at: datetime,
    new_id: NewId,
) -> Routing:
    """Give the last version of each recipient its standing, and the notice that says so."""
    # A dispatch made by yesterday's release is known by itself only.
    latest = max((versions.latest, *(one.filing.version for one in present.values())))
    notices = []
    for held in _by_recipient(present.values()):
        last = held[-1]
        if last.filing.version < latest:
            kind, since, is_told = NoticeKind.WITHDRAWAL, at, last.withdrawn_at is not None
            present |= {one.id: replace(one, withdrawn_at=one.withdrawn_at or at) for one in held}
        elif last.filing.version in versions.reopened:
            since = versions.reopened[last.filing.version]
            kind, is_told = NoticeKind.SUSPENSION, last.suspended_at is not None
            present[last.id] = replace(last, suspended_at=last.suspended_at or since)
        else:
            continue
        if not is_told:
            notices.append(Notice(new_id(), kind, _REASONS[kind], present[last.id], since))
    before = {dispatch.id: dispatch for dispatch in existing}
    return Routing(
        added=tuple(one for one in present.values() if one.id not in before),
        changed=tuple(one for one in present.values() if one.id in before and one != before[one.id]),
        notices=tuple(notices),
    )


def _by_recipient(dispatches: Iterable[Dispatch]) -> list[list[Dispatch]]:
    """Return the dispatches of each recipient, by version."""
    held: dict[str, list[Dispatch]] = {}
    for dispatch in sorted(dispatches, key=lambda one: one.filing.version):
        held.setdefault(dispatch.recipient, []).append(dispatch)
    return list(held.values())
