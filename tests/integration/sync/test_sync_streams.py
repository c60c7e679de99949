"""The naive outbox loses a third of its events under load; ours must lose none (T32)."""

import asyncio
import random
from functools import partial

import pytest
from sqlalchemy import text

from chassis.clock import SystemClock
from chassis.database.engine import Sessions
from chassis.identifiers import TimeSortableIdentifiers
from services.sync.domain.entitlement import MembershipDocument
from services.sync.domain.envelope import Content, Envelope, content_of_fact
from services.sync.domain.fact import Fact, FactKey, Source
from services.sync.domain.hlc import HybridTime
from services.sync.domain.merkle import root
from services.sync.domain.version_vector import VersionVector
from services.sync.store.unit_of_work import SqlSync

WRITERS = 8
TRANSACTIONS = 100
PEER = "FED-OPH"
DOCUMENT = MembershipDocument("MIN", PEER, 1)


def content(value: str) -> Content:
    key = FactKey("123456789", 2024, "PAT.SURFACE")
    return content_of_fact(Fact(key, value, VersionVector((("MIN", 1),)), HybridTime(1), "u", "MIN", Source.TYPED))


def opener(sessions: Sessions) -> partial[SqlSync]:
    clock = SystemClock()
    return partial(SqlSync, sessions, clock, TimeSortableIdentifiers(clock), "MIN", lambda: "b" * 32)


async def read_on(open_work: partial[SqlSync], seen: list[Envelope]) -> None:
    """Do what a peer does: ask from where it stands."""
    async with open_work() as work:
        stored = await work.streams.read(PEER, len(seen) + 1, 500)
    seen.extend(Envelope.from_bytes(one.content) for one in stored)


async def test_eight_writers_lose_nothing_and_leave_no_hole(sessions: Sessions) -> None:
    open_work = opener(sessions)
    rng = random.Random(32)
    committed: list[str] = []
    seen: list[Envelope] = []

    async def write(writer: int) -> None:
        for number in range(TRANSACTIONS):
            values = [f"{writer}.{number}.{part}" for part in range(rng.randrange(1, 4))]
            async with open_work() as work:
                work.streams.append(PEER, [content(value) for value in values], DOCUMENT)
                await asyncio.sleep(rng.random() * 0.004)
                if rng.random() < 0.1:
                    continue  # rolled back: must not leave a hole
                await work.commit()
            committed.extend(values)

    writing = asyncio.gather(*(write(writer) for writer in range(WRITERS)))
    while not writing.done():
        await read_on(open_work, seen)
    await writing
    await read_on(open_work, seen)

    assert [envelope.seq for envelope in seen] == list(range(1, len(committed) + 1))
    assert sorted(str(e.content.payload.decode().split('"value":"')[1][:-2]) for e in seen) == sorted(committed)
    async with open_work() as work:
        head = await work.streams.head(PEER)
    assert head.frontier.root == root([envelope.leaf for envelope in seen])


async def test_a_reader_of_a_plain_sequence_would_have_missed_events(sessions: Sessions) -> None:
    """The measure against which the test above means something."""
    rng = random.Random(32)
    async with sessions.begin() as session:
        await session.execute(text("CREATE TABLE naive (id bigserial PRIMARY KEY)"))
    seen = 0
    last = 0

    async def write() -> None:
        for _ in range(TRANSACTIONS):
            async with sessions.begin() as session:
                await session.execute(text("INSERT INTO naive DEFAULT VALUES"))
                await asyncio.sleep(rng.random() * 0.004)

    writing = asyncio.gather(*(write() for _ in range(WRITERS)))
    while not writing.done():
        async with sessions() as session:
            found = (
                await session.scalars(text("SELECT id FROM naive WHERE id > :last ORDER BY id"), {"last": last})
            ).all()
        seen, last = seen + len(found), max([last, *found])
    async with sessions.begin() as session:
        seen += len((await session.scalars(text("SELECT id FROM naive WHERE id > :last"), {"last": last})).all())
        written = await session.scalar(text("SELECT count(*) FROM naive"))
        await session.execute(text("DROP TABLE naive"))

    assert seen < (written or 0)


@pytest.mark.parametrize("table", ["envelopes", "receipts", "membership_documents", "incidents"])
async def test_evidence_cannot_be_changed_or_removed(sessions: Sessions, table: str) -> None:
    async with sessions() as session:
        with pytest.raises(Exception, match="append-only"):
            await session.execute(text(f"DELETE FROM {table}"))


async def test_two_first_uses_at_once_begin_one_epoch(sessions: Sessions) -> None:
    open_work = opener(sessions)

    async def epoch() -> str:
        async with open_work() as work:
            return (await work.streams.epoch()).to_text()

    assert len(set(await asyncio.gather(*(epoch() for _ in range(5))))) == 1
