"""Fakes of the ports of the transmission service, and the use cases wired to them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from chassis.errors import NotFound
from services.transmission.domain.box import Box
from services.transmission.domain.dispatch import Dispatch, SignedFiling
from services.transmission.domain.errors import BoxChanged
from services.transmission.domain.events import Fact
from services.transmission.domain.feed import Entry
from services.transmission.domain.notice import Notice
from services.transmission.domain.release_table import PublishedMatrix
from services.transmission.domain.routing import KnownVersions
from services.transmission.usecases.dispatch_filing import SignatureReported
from services.transmission.usecases.ports import PresentFiling, SealedFiling
from tests.support.transmission import NOON, a_container, a_content, a_report, an_identity


class SteppingClock:
    """A clock that tells one second later each time it is asked."""

    def __init__(self, start: datetime = NOON) -> None:
        self._next = start

    def now(self) -> datetime:
        now, self._next = self._next, self._next + timedelta(seconds=1)
        return now


class CountingIdentifiers:
    """Identifiers 1, 2, 3…"""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> UUID:
        self._last += 1
        return UUID(int=self._last)


class InMemoryContainers:
    """The signature service: the containers that tests signed."""

    def __init__(self) -> None:
        self.contents: dict[tuple[str, int], bytes] = {}
        self.before_fetching: Callable[[], Awaitable[None]] | None = None
        """What happens meanwhile, for once."""

    def sign(
        self,
        version: int = 1,
        recipients: tuple[str, ...] = ("MIN", "CDC"),
        *,
        previous: str = "",
        **changes: Any,
    ) -> SignatureReported:
        """Keep a container and return what would be reported."""
        identity = changes.get("identity", an_identity())
        content = a_content(version, recipients, identity=identity, previous=previous)
        self.contents[identity.filing_id, version] = content
        return a_report(version, recipients, content=content, **changes)

    async def verified(self, filing_id: str, version: int) -> SealedFiling:
        container = await self.fetch(filing_id, version)
        return SealedFiling(container, self.contents[filing_id, version])

    async def fetch(self, filing_id: str, version: int) -> bytes:
        if (filing_id, version) not in self.contents:
            raise NotFound
        meanwhile, self.before_fetching = self.before_fetching, None
        if meanwhile is not None:
            await meanwhile()
        return a_container(self.contents[filing_id, version])


class InMemoryFilings:
    """The forms service: the filings that the caller may see."""

    def __init__(self, *filings: PresentFiling) -> None:
        self.filings = {filing.identity.filing_id: filing for filing in filings}

    async def get(self, filing_id: str) -> PresentFiling:
        if filing_id not in self.filings:
            raise NotFound
        return self.filings[filing_id]


@dataclass
class Kept:
    """What a store holds."""

    matrices: list[PublishedMatrix] = field(default_factory=list)
    boxes: dict[tuple[str, str, str, int], Box] = field(default_factory=dict)
    dispatches: dict[UUID, Dispatch] = field(default_factory=dict)
    events: set[tuple[str, str]] = field(default_factory=set)
    routed: dict[str, dict[int, datetime]] = field(default_factory=dict)
    reopened: dict[str, dict[int, datetime]] = field(default_factory=dict)
    notices: dict[UUID, Notice] = field(default_factory=dict)
    heads: dict[str, int] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)

    def copied(self) -> "Kept":
        """Return the same values in containers of their own; the values themselves never change."""
        return Kept(
            matrices=list(self.matrices),
            boxes=dict(self.boxes),
            dispatches=dict(self.dispatches),
            events=set(self.events),
            routed={filing: dict(versions) for filing, versions in self.routed.items()},
            reopened={filing: dict(versions) for filing, versions in self.reopened.items()},
            notices=dict(self.notices),
            heads=dict(self.heads),
            facts=list(self.facts),
        )


class InMemoryMatrices:
    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    async def in_force(self) -> PublishedMatrix | None:
        return self._kept.matrices[-1] if self._kept.matrices else None

    async def find(self, digest: str) -> PublishedMatrix | None:
        return next((one for one in reversed(self._kept.matrices) if one.matrix.digest == digest), None)

    async def publish(self, published: PublishedMatrix) -> None:
        self._kept.matrices.append(published)


class InMemoryBoxes:
    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    async def of_filing(self, body: str, filing_id: str) -> Sequence[Box]:
        mine = [box for key, box in sorted(self._kept.boxes.items()) if key[:2] == (body, filing_id)]
        return list({box.recipient: box for box in mine}.values())

    async def add(self, box: Box) -> None:
        key = (box.body, box.filing_id, box.recipient, box.version)
        if key in self._kept.boxes:
            raise BoxChanged
        self._kept.boxes[key] = box


class InMemoryDispatches:
    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    async def lock_filing(self, filing_id: str) -> None:
        """One loop, one transaction at a time: nothing to wait for."""

    async def remember_event(self, method: str, event_id: str) -> bool:
        is_new = (method, event_id) not in self._kept.events
        self._kept.events.add((method, event_id))
        return is_new

    async def of_filing(self, filing_id: str) -> Sequence[Dispatch]:
        found = [one for one in self._kept.dispatches.values() if one.filing.identity.filing_id == filing_id]
        return sorted(found, key=lambda one: (one.filing.version, one.recipient))

    async def find(self, recipient: str, dispatch_id: UUID) -> Dispatch | None:
        found = self._kept.dispatches.get(dispatch_id)
        return found if found is not None and found.recipient == recipient else None

    async def add(self, dispatches: Sequence[Dispatch]) -> None:
        self._kept.dispatches |= {one.id: one for one in dispatches}

    async def save(self, dispatch: Dispatch) -> None:
        self._kept.dispatches[dispatch.id] = dispatch


class InMemoryVersions:
    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    async def of_filing(self, filing_id: str) -> KnownVersions:
        routed, reopened = self._kept.routed.get(filing_id, {}), self._kept.reopened.get(filing_id, {})
        return KnownVersions(max(routed, default=0), dict(reopened))

    async def mark_routed(self, filing_id: str, version: int, at: datetime) -> None:
        self._kept.routed.setdefault(filing_id, {}).setdefault(version, at)

    async def mark_reopened(self, filing_id: str, version: int, at: datetime) -> None:
        self._kept.reopened.setdefault(filing_id, {}).setdefault(version, at)


class InMemoryNotices:
    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    async def add(self, notices: Sequence[Notice]) -> None:
        for one in notices:
            assert not any((one.dispatch.id, one.kind) == (n.dispatch.id, n.kind) for n in self._kept.notices.values())
            self._kept.notices[one.id] = one

    async def save(self, notice: Notice) -> None:
        self._kept.notices[notice.id] = notice

    async def of_filing(self, filing_id: str) -> Sequence[Notice]:
        found = [one for one in self._all() if one.dispatch.filing.identity.filing_id == filing_id]
        return sorted(found, key=lambda one: (one.recipient, one.sequence or 0))

    async def find(self, recipient: str, notice_id: UUID) -> Notice | None:
        return next((one for one in self._all() if (one.id, one.recipient) == (notice_id, recipient)), None)

    def _all(self) -> list[Notice]:
        """Each with its dispatch as that is now."""
        return [replace(one, dispatch=self._kept.dispatches[one.dispatch.id]) for one in self._kept.notices.values()]


class InMemoryFeeds:
    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    async def append(self, dispatches: Sequence[Dispatch], notices: Sequence[Notice]) -> None:
        for dispatch in dispatches:
            self._kept.dispatches[dispatch.id] = dispatch.make_available(self._next(dispatch.recipient), NOON)
        for notice in notices:
            self._kept.notices[notice.id] = notice.make_available(self._next(notice.recipient), NOON)

    async def read(self, recipient: str, after: int, limit: int, document: str | None) -> tuple[Sequence[Entry], int]:
        entries: list[Entry] = [
            *self._kept.dispatches.values(),
            *(replace(one, dispatch=self._kept.dispatches[one.dispatch.id]) for one in self._kept.notices.values()),
        ]
        found = [
            one
            for one in entries
            if one.recipient == recipient
            and (one.sequence or 0) > after
            and document in {None, filing_of(one).identity.document}
        ]
        return sorted(found, key=lambda one: one.sequence or 0)[:limit], self._kept.heads.get(recipient, 0)

    def _next(self, recipient: str) -> int:
        self._kept.heads[recipient] = self._kept.heads.get(recipient, 0) + 1
        return self._kept.heads[recipient]


def filing_of(entry: Entry) -> SignedFiling:
    """Return the signed version that an entry is, or is about."""
    return entry.dispatch.filing if isinstance(entry, Notice) else entry.filing


class InMemoryJournal:
    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    async def append(self, fact: Fact) -> None:
        self._kept.facts.append(fact)


class InMemoryTransmission:
    """A transaction: what it writes is seen by others only once it commits."""

    def __init__(self, store: "InMemoryStore") -> None:
        self._store = store

    async def __aenter__(self) -> Self:
        self._work = self._store.kept.copied()
        self.matrices = InMemoryMatrices(self._work)
        self.boxes = InMemoryBoxes(self._work)
        self.dispatches = InMemoryDispatches(self._work)
        self.versions = InMemoryVersions(self._work)
        self.notices = InMemoryNotices(self._work)
        self.feeds = InMemoryFeeds(self._work)
        self.journal = InMemoryJournal(self._work)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Forget what was not committed."""

    async def commit(self) -> None:
        self._store.kept = self._work.copied()


class InMemoryStore:
    """The store behind the transactions."""

    def __init__(self) -> None:
        self.kept = Kept()

    def __call__(self) -> InMemoryTransmission:
        return InMemoryTransmission(self)
