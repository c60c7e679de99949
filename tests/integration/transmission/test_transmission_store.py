"""The store on PostgreSQL: two at once deliver once, feeds stay dense, first pages follow the index."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.database.engine import has_schema, sessions_of
from chassis.identifiers import TimeSortableIdentifiers
from chassis.stack import Stack
from services.transmission.domain.box import Box
from services.transmission.domain.dispatch import Replaced
from services.transmission.domain.errors import BoxChanged
from services.transmission.domain.feed import Entry, is_dense
from services.transmission.domain.notice import Notice, NoticeKind, NoticeReason
from services.transmission.domain.routing import KnownVersions
from services.transmission.service import shipped_matrix, wire
from services.transmission.store.feeds import feed_query, notice_query
from services.transmission.store.rows import Rows
from services.transmission.store.unit_of_work import TransmissionUnitOfWork
from services.transmission.usecases import UseCases
from services.transmission.usecases.ports import PresentFiling, UnitsOfWork
from tests.support.transmission import (
    NOON,
    a_dispatch,
    a_partner,
    a_person,
    a_signed_filing,
    an_identity,
)
from tests.support.transmission_fakes import InMemoryContainers, InMemoryFilings, SteppingClock

BODY, FILING = an_identity().body, an_identity().filing_id
READER = a_person("delivery.read")


class World:
    """The service on PostgreSQL, its neighbours faked."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine, self.sessions, clock = engine, sessions_of(engine), SteppingClock()
        identifiers = TimeSortableIdentifiers(clock)
        self.containers = InMemoryContainers()
        filings = InMemoryFilings(PresentFiling(an_identity(), is_signed=False))

        self.unit: UnitsOfWork = partial(TransmissionUnitOfWork, self.sessions, clock, identifiers)
        stack = Stack("MIN", Path(), clock=clock, identifiers=identifiers)
        self.run: UseCases = wire(self.unit, self.containers, filings, stack)

    async def feed(self, partner: str = "CDC") -> list[Entry]:
        return list((await self.run.read_feed(a_partner(partner), 0, 500)).entries)

    async def sql(self, statement: str, **values: Any) -> list[Any]:
        async with self.engine.begin() as connection:
            result = await connection.execute(text(statement), values)
            return list(result) if result.returns_rows else []


@pytest.fixture
async def world(engine: AsyncEngine) -> World:
    world = World(engine)
    await world.run.provision_matrix(shipped_matrix())
    return world


async def test_the_migrations_make_exactly_the_rows(engine: AsyncEngine) -> None:
    def differences(connection: Any) -> list[Any]:
        outside = {("table", "alembic_version"), ("index", "outbox_due")}
        options = {"include_name": lambda name, kind, _: (kind, name) not in outside}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), Rows.metadata))

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    assert await has_schema(engine, "transmission")


async def test_a_dispatch_is_read_back_as_it_was_written(world: World) -> None:
    written = [
        a_dispatch(1).make_available(1, NOON).deliver(NOON).acknowledge(NOON + timedelta(seconds=1)),
        a_dispatch(2, filing=a_signed_filing(2), replaces=Replaced(UUID(int=1), 1, "ab" * 32), superseded_by=3),
        a_dispatch(3, filing=a_signed_filing(3), suspended_at=NOON, withdrawn_at=NOON + timedelta(days=1)),
    ]

    async with world.unit() as unit:
        await unit.dispatches.add(written)
        read = await unit.dispatches.of_filing(FILING)

    assert list(read) == written


async def test_a_box_and_its_versions_are_read_back(world: World) -> None:
    boxes = [
        Box(BODY, FILING, "CDC", version % 2 == 1, version, "anne", NOON + timedelta(days=version))
        for version in (1, 2, 3)
    ]
    async with world.unit() as unit:
        for box in boxes:
            await unit.boxes.add(box)
        assert list(await unit.boxes.of_filing(BODY, FILING)) == [boxes[-1]]
        assert list(await unit.boxes.of_filing("999999999", FILING)) == []


async def test_two_choices_at_once_are_one_choice_and_one_conflict(world: World) -> None:
    box = Box(BODY, FILING, "CDC", is_ticked=True, version=1, chosen_by="anne", chosen_at=NOON)
    async with world.unit() as unit:
        await unit.boxes.add(box)
        await unit.commit()

    async with world.unit() as unit:
        with pytest.raises(BoxChanged):
            await unit.boxes.add(box)


async def test_ten_dispatches_of_one_version_at_once_deliver_once(world: World) -> None:
    report = world.containers.sign(recipients=("MIN", "CDC", "ANCOLS"))
    reports = [replace(report, event_id=f"event-{number % 2}") for number in range(10)]

    dispatched = await asyncio.gather(*(world.run.dispatch_filing(one) for one in reports))

    assert sorted(dispatched) == [0] * 9 + [3]
    assert [(entry.sequence, entry.filing.version) for entry in await world.feed()] == [(1, 1)]


async def test_many_filings_at_once_keep_every_feed_dense(world: World) -> None:
    reports = [
        world.containers.sign(
            recipients=("ANCOLS", "CDC", "MIN")[number % 2 :],
            identity=an_identity(filing_id=f"filing-{number}"),
            event_id=f"event-{number}",
        )
        for number in range(30)
    ]

    dispatched = await asyncio.gather(*(world.run.dispatch_filing(report) for report in reports))

    assert sum(dispatched) == 15 * 3 + 15 * 2
    for partner, size in (("CDC", 30), ("MIN", 30), ("ANCOLS", 15)):
        feed = await world.feed(partner)
        assert (len(feed), is_dense(feed)) == (size, True)


async def test_a_crash_before_the_commit_leaves_nothing_and_a_repeat_delivers(world: World) -> None:
    report = world.containers.sign()
    await world.sql(
        "CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'crash'; END $$"
    )
    await world.sql("CREATE TRIGGER crash BEFORE INSERT OR UPDATE ON feed_heads EXECUTE FUNCTION crash()")
    with pytest.raises(DBAPIError):
        await world.run.dispatch_filing(report)
    left = await world.sql("SELECT (SELECT count(*) FROM dispatches) + (SELECT count(*) FROM applied_requests)")
    await world.sql("DROP FUNCTION crash CASCADE")

    assert left == [(0,)]
    assert await world.run.dispatch_filing(report) == 2
    assert is_dense(await world.feed())


async def test_a_delivery_recorded_while_a_correction_arrives_is_kept(world: World) -> None:
    await world.run.dispatch_filing(world.containers.sign(1))
    (stale,) = await world.feed()
    await world.run.fetch_delivery(a_partner("CDC"), stale.id)
    async with world.unit() as unit:
        await unit.dispatches.save(replace(stale, superseded_by=2))
        await unit.commit()

    (entry,) = await world.feed()

    assert entry.delivered_at is not None
    assert entry.superseded_by == 2


async def test_a_correction_takes_the_place_of_the_version_before(world: World) -> None:
    await world.run.dispatch_filing(world.containers.sign(1))
    await world.run.dispatch_filing(world.containers.sign(2))

    first, second = await world.feed()

    assert (first.superseded_by, second.standing) == (2, "current")
    assert second.replaces == Replaced(first.id, 1, first.filing.content_digest)


async def test_notices_are_read_back_with_the_dispatch_they_are_about(world: World) -> None:
    about = a_dispatch(1)
    notice = Notice(UUID(int=9), NoticeKind.SUSPENSION, NoticeReason.REOPENED, about, NOON)

    async with world.unit() as unit:
        await unit.dispatches.add([about])
        await unit.notices.add([notice])
        assert list(await unit.notices.of_filing(FILING)) == [notice]
        assert await unit.notices.find("CDC", notice.id) == notice
        assert await unit.notices.find("MIN", notice.id) is None
        await unit.notices.save(notice.acknowledge(NOON))
        await unit.notices.save(notice.acknowledge(NOON + timedelta(days=1)))
        (kept,) = await unit.notices.of_filing(FILING)

    assert kept == notice.acknowledge(NOON)


async def test_what_is_known_of_versions_keeps_its_first_instants(world: World) -> None:
    later = NOON + timedelta(days=1)
    async with world.unit() as unit:
        assert await unit.versions.of_filing(FILING) == KnownVersions()
        for at in (NOON, later):
            await unit.versions.mark_reopened(FILING, 1, at)
            await unit.versions.mark_routed(FILING, 2, at)
            await unit.versions.mark_routed(FILING, 1, at)
        assert await unit.versions.of_filing(FILING) == KnownVersions(2, {1: NOON})
        assert await unit.versions.of_filing("other") == KnownVersions()


async def test_a_filing_that_is_signed_reopened_and_signed_again_leaves_one_version_to_rely_on(world: World) -> None:
    await world.run.dispatch_filing(world.containers.sign(1))
    await world.run.suspend_filing("reopened", FILING, 1, NOON)
    await world.run.dispatch_filing(world.containers.sign(2, ("MIN",)))

    of_the_ministry, of_the_cdc = await world.feed("MIN"), await world.feed("CDC")

    assert [kind_of(entry) for entry in of_the_ministry] == ["release", "suspension", "release"]
    assert [kind_of(entry) for entry in of_the_cdc] == ["release", "suspension", "withdrawal"]
    assert is_dense(of_the_ministry)
    assert is_dense(of_the_cdc)
    assert [one.dispatch.standing for one in await world.run.list_deliveries(READER, FILING, BODY)] == [
        "current",
        "replaced",
        "withdrawn",
    ]


async def test_signatures_and_reopenings_at_once_keep_every_feed_dense_and_tell_everybody_once(world: World) -> None:
    filings = [f"filing-{number}" for number in range(15)]
    reports = [
        world.containers.sign(
            recipients=("ANCOLS", "CDC", "MIN")[number % 2 :],
            identity=an_identity(filing_id=filing_id),
            event_id=f"event-{filing_id}",
        )
        for number, filing_id in enumerate(filings)
    ]

    await asyncio.gather(
        *(world.run.dispatch_filing(report) for report in reports),
        *(world.run.suspend_filing(f"reopened-{filing_id}", filing_id, 1, NOON) for filing_id in filings * 2),
    )

    for partner, size in (("CDC", 15), ("MIN", 15), ("ANCOLS", 8)):
        feed = await world.feed(partner)
        assert is_dense(feed)
        assert sorted(map(kind_of, feed)) == ["release"] * size + ["suspension"] * size


async def test_who_reads_while_others_write_passes_over_nothing(world: World) -> None:
    seen: list[Entry] = []

    async def read_on() -> None:
        while len(seen) < 40:
            after = seen[-1].sequence or 0 if seen else 0
            seen.extend((await world.run.read_feed(a_partner("CDC"), after, 3)).entries)

    async def write() -> None:
        for number in range(20):
            filing_id = f"filing-{number}"
            identity = an_identity(filing_id=filing_id)
            await world.run.dispatch_filing(world.containers.sign(identity=identity, event_id=filing_id))
            await world.run.suspend_filing(filing_id, filing_id, 1, NOON)

    async with asyncio.timeout(30):
        await asyncio.gather(read_on(), write())

    assert is_dense(seen)


async def test_what_happened_cannot_be_changed(world: World) -> None:
    await world.run.dispatch_filing(world.containers.sign())
    await world.run.tick_box(a_person("release.choose"), FILING, BODY, "CDC", is_ticked=False)

    for statement in ("UPDATE journal SET kind = ''", "DELETE FROM boxes", "DELETE FROM matrices", "TRUNCATE journal"):
        with pytest.raises(DBAPIError, match="append-only"):
            await world.sql(statement)


async def test_the_journal_names_who_what_rule_matrix_and_digest(world: World) -> None:
    report = world.containers.sign()
    await world.run.dispatch_filing(report)
    for entry in await world.feed():
        await world.run.fetch_delivery(a_partner("CDC"), entry.id)

    facts = [row[0] for row in await world.sql("SELECT facts FROM journal WHERE recipient = 'CDC' ORDER BY number")]

    assert [(fact.get("rule"), fact["container_digest"], fact.get("reader")) for fact in facts] == [
        ("T-13", report.container_digest, None),
        (None, report.container_digest, "client-CDC"),
    ]


@pytest.mark.parametrize("document", [None, "ER"])
async def test_a_feed_page_of_a_large_campaign_follows_the_index(world: World, document: str | None) -> None:
    await world.sql(
        """
        INSERT INTO dispatches (id, recipient, sequence, filing_id, version, body, body_name, family, document, year,
            form_set, departement, container_digest, content_digest, receipt_number, signed_at, rule, level, queued_at,
            available_at)
        SELECT gen_random_uuid(), CASE n % 3 WHEN 0 THEN 'CDC' WHEN 1 THEN 'ANCOLS' ELSE 'MIN' END, n, 'f' || n, 1,
            '275100016', '', 'OPH', CASE n % 2 WHEN 0 THEN 'ER' ELSE 'QDIS' END, 2024, '2024.1', '21', '', '', '',
            now(), 'T-13', 3, now(), now()
        FROM generate_series(1, 60000) AS n
        """
    )
    await world.sql("ANALYZE dispatches")
    await world.sql(
        """
        INSERT INTO notices (id, recipient, sequence, dispatch_id, document, kind, reason, since)
        SELECT gen_random_uuid(), recipient, sequence + 100000, id, document, 'suspension', 'reopened', now()
        FROM dispatches
        """
    )
    await world.sql("ANALYZE notices")
    index = "feed_of_document" if document else "feed"
    for after in (0, 30_000, 59_000):
        assert await along(world, feed_query("CDC", after, 200_000, 501, document)) == {index}
        notices = notice_query("CDC", after + 100_000, 200_000, 501, document)
        assert await along(world, notices) == {f"notices_of_{index}"}


async def along(world: World, query: Any) -> set[str]:
    """Return the indexes a query walks, having seen that it reads a page and no more."""
    compiled = query.compile(dialect=world.engine.dialect, compile_kwargs={"literal_binds": True})
    (plan,) = await world.sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {compiled}")
    scans = [node for node in nodes(plan[0][0]["Plan"]) if "Scan" in node["Node Type"]]

    assert {node["Node Type"] for node in scans} <= {"Index Scan", "Bitmap Index Scan", "Bitmap Heap Scan"}
    assert max(node["Actual Rows"] + node.get("Rows Removed by Filter", 0) for node in scans) <= 501
    assert plan[0][0]["Execution Time"] < 100
    return {node["Index Name"] for node in scans if "Index Name" in node}


def kind_of(entry: Entry) -> str:
    return str(entry.kind) if isinstance(entry, Notice) else "release"


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", []) for node in nodes(child))]
