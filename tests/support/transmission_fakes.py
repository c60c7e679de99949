"""Fakes of the ports of the transmission service, and the use cases wired to them."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from chassis.errors import NotFound
from services.transmission.domain.box import Box
from services.transmission.domain.dispatch import Dispatch
from services.transmission.domain.errors import BoxChanged
from services.transmission.domain.events import Fact
from services.transmission.domain.release_table import PublishedMatrix
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

    def sign(self, version: int = 1, recipients: tuple[str, ...] = ("MIN", "CDC"), **changes: Any) -> SignatureReported:
        """Keep a container and return what would be reported."""
        identity = changes.get("identity", an_identity())
        self.contents[identity.filing_id, version] = a_content(version, recipients, identity=identity)
        return a_report(version, recipients, **changes)

    async def verified(self, filing_id: str, version: int) -> SealedFiling:
        container = await self.fetch(filing_id, version)
        return SealedFiling(container, self.contents[filing_id, version])

    async def fetch(self, filing_id: str, version: int) -> bytes:
        if (filing_id, version) not in self.contents:
            raise NotFound
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
    events: set[str] = field(default_factory=set)
    heads: dict[str, int] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)


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

    async def remember_event(self, event_id: str) -> bool:
        is_new = event_id not in self._kept.events
        self._kept.events.add(event_id)
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

    async def make_available(self, dispatches: Sequence[Dispatch]) -> None:
        for one in dispatches:
            self._kept.heads[one.recipient] = sequence = self._kept.heads.get(one.recipient, 0) + 1
            self._kept.dispatches[one.id] = replace(one, sequence=sequence, available_at=NOON)

    async def feed(self, recipient: str, after: int, limit: int, document: str | None) -> Sequence[Dispatch]:
        found = [
            one
            for one in self._kept.dispatches.values()
            if one.recipient == recipient
            and (one.sequence or 0) > after
            and document in {None, one.filing.identity.document}
        ]
        return sorted(found, key=lambda one: one.sequence or 0)[:limit]

    async def last_sequence(self, recipient: str) -> int:
        return self._kept.heads.get(recipient, 0)


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
        self._work = copy.deepcopy(self._store.kept)
        self.matrices = InMemoryMatrices(self._work)
        self.boxes = InMemoryBoxes(self._work)
        self.dispatches = InMemoryDispatches(self._work)
        self.journal = InMemoryJournal(self._work)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Forget what was not committed."""

    async def commit(self) -> None:
        self._store.kept = copy.deepcopy(self._work)


class InMemoryStore:
    """The store behind the transactions."""

    def __init__(self) -> None:
        self.kept = Kept()

    def __call__(self) -> InMemoryTransmission:
        return InMemoryTransmission(self)
