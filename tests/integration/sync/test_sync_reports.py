"""Several reports of forms at once do what each would have done alone, in order: random ones, on real tables."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from random import Random

import pytest
from sqlalchemy import text

from chassis.database.engine import Sessions
from chassis.identifiers import TimeSortableIdentifiers
from services.sync.domain.concept import Concept, Nature
from services.sync.domain.entitlement import Membership, MembershipDocument
from services.sync.domain.envelope import Envelope
from services.sync.domain.fact import Fact, FactKey, OtherValue, SharedFact, Source
from services.sync.domain.hlc import HybridClock, HybridTime
from services.sync.domain.publication import ReportedChange, Telling
from services.sync.domain.version_vector import VersionVector
from services.sync.store.unit_of_work import SqlSync
from services.sync.usecases.publish_facts import PublishFacts, Report
from services.sync.usecases.sending import Here
from tests.support.clocks import FrozenClock

NOON = datetime(2025, 6, 2, 12, 0, tzinfo=UTC)
ALONE, TOGETHER = ("100000001", "100000003"), ("200000002", "200000004")
"""Bodies that are reported alone, and those of which the same is said at once, in the same places."""
INPUTS, COMPUTED, UNKNOWN = ("PAT.SURFACE", "PAT.LOG_NEUFS"), "PAT.LOG_GERES", "PAT.NOWHERE"
CATALOGUE = {
    **{concept: Concept(concept, Nature.INPUT, has_alias=True) for concept in INPUTS},
    COMPUTED: Concept(COMPUTED, Nature.COMPUTED, has_alias=False),
}
YEARS = (2023, 2024)
MEMBERS = tuple(Membership(siren, "OPH", 2020) for siren in (*ALONE, *TOGETHER))
FAMILIES = frozenset({"OPH"})
_names = count(1)


class Server:
    """One server's sync on real tables, with a clock that stands still."""

    def __init__(self, sessions: Sessions, name: str) -> None:
        self.sessions, self.name, clock = sessions, name, FrozenClock(NOON)
        ids = TimeSortableIdentifiers(clock)
        self.open = partial(SqlSync, sessions, clock, ids, name, lambda: "c" * 32)
        peers = frozenset({"FED-OPH"}) if name == "MIN" else frozenset()
        self.publish = PublishFacts(self.open, Here(name, "MIN", CATALOGUE, peers), clock, HybridClock())

    async def begin(self, random: Random) -> "Server":
        """Know the bodies, and of each the same facts of another server, some told to forms and some not."""
        other = "FED-OPH" if self.name == "MIN" else "MIN"
        facts = [
            Fact(
                FactKey("", year, concept),
                random.choice(["7", "8", None]),
                VersionVector(((other, 1),)),
                HybridTime(1),
                "u",
                other,
                Source.TYPED,
            )
            for year in YEARS
            for concept in INPUTS
            if random.random() < 0.6
        ]
        told = {(fact.key.year, fact.key.concept) for fact in facts if random.random() < 0.5}
        async with self.open() as work:
            await work.memberships.put(MembershipDocument("MIN", "FED-OPH", 1, FAMILIES, MEMBERS))
            for siren in (*ALONE, *TOGETHER):
                for fact in facts:
                    key = replace(fact.key, siren=siren)
                    held = (await work.facts.of_keys([key])).get(key) or SharedFact(key)
                    await work.facts.save([held.merged(replace(fact, key=key))[0]])
                    if (key.year, key.concept) in told:
                        await work.tellings.add(siren, key.year, [Telling(key.concept, fact.vector, NOON)])
            await work.commit()
        return self

    async def holds(self, siren: str) -> list[tuple[object, ...]]:
        """Return every version held of a body, those that stand no more included."""
        return await self._rows(
            f"""
            SELECT year, concept, value, vector, author, origin, source, is_provisional, is_sealed, is_standing
            FROM fact_versions WHERE siren = '{siren}' ORDER BY year, concept, vector, value, is_sealed
            """
        )

    async def sent(self, siren: str) -> list[tuple[object, ...]]:
        """Return what was put into the streams about a body, in order, without the times."""
        rows = await self._rows("SELECT content FROM envelopes ORDER BY seq")
        contents = [Envelope.from_bytes(bytes(content)).content for (content,) in rows]
        return [
            (one.data_set, one.period, one.vector, one.author, one.payload) for one in contents if one.body == siren
        ]

    async def to_tell(self, siren: str) -> set[tuple[object, ...]]:
        """Return what forms is to hear of."""
        return set(
            await self._rows(
                f"""
                SELECT payload->>'year', jsonb_array_elements_text(payload->'concepts')
                FROM outbox_events WHERE lane = '{siren}'
                """
            )
        )

    async def refused(self, siren: str) -> list[tuple[object, ...]]:
        """Return the incidents kept of a body."""
        return await self._rows(
            f"""
            SELECT kind, facts->>'year', facts->>'concept', facts->>'reason' FROM incidents
            WHERE facts->>'siren' = '{siren}' ORDER BY 2, 3, 4
            """
        )

    async def _rows(self, query: str) -> list[tuple[object, ...]]:
        async with self.sessions() as session:
            return [tuple(row) for row in await session.execute(text(query))]


def reports_of(random: Random, sirens: Sequence[str]) -> list[Report]:
    """Return a row of reports about these bodies; the same for the same seed, whatever the bodies are called."""
    return [_report(random, sirens) for _ in range(random.randint(2, 12))]


def _report(random: Random, sirens: Sequence[str]) -> Report:
    concepts = [*INPUTS, COMPUTED, UNKNOWN]
    chosen = random.sample(concepts, random.randint(0, len(concepts)))
    place, year, seals = random.randrange(len(sirens)), random.choice(YEARS), random.random() < 0.15
    changes = [_change(random, concept) for concept in chosen]
    return Report(f"event-{next(_names)}", sirens[place], year, changes, seals)


def _change(random: Random, concept: str) -> ReportedChange:
    source = random.choice([Source.TYPED, Source.IMPORTED, Source.COMPUTED])
    at = NOON + timedelta(minutes=random.choice([-1, 1, 2]))
    beside = OtherValue("7", "FED-OPH", "u", HybridTime(1)) if random.random() < 0.1 else None
    return ReportedChange(concept, random.choice(["1", "2", "3", None]), source, "Camille", at, beside)


@pytest.mark.parametrize("name", ["MIN", "FED-OPH"])
@pytest.mark.parametrize("seed", range(12))
async def test_reports_at_once_do_what_each_does_alone(sessions: Sessions, name: str, seed: int) -> None:
    server = await Server(sessions, name).begin(Random(seed))

    appended = [await server.publish([one]) for one in reports_of(Random(seed), ALONE)]
    at_once = await server.publish(reports_of(Random(seed), TOGETHER))

    assert at_once == sum(appended)
    for alone, together in zip(ALONE, TOGETHER, strict=True):
        assert await server.holds(together) == await server.holds(alone)
        assert await server.refused(together) == await server.refused(alone)
        assert await server.to_tell(together) == await server.to_tell(alone)
        assert sorted(map(repr, await server.sent(together))) == sorted(map(repr, await server.sent(alone)))


async def test_an_event_is_taken_once_whether_it_comes_alone_or_among_others(sessions: Sessions) -> None:
    server = await Server(sessions, "MIN").begin(Random(0))
    first, second = (
        Report(value, ALONE[0], 2024, [ReportedChange(INPUTS[0], value, Source.TYPED, "Camille", NOON)])
        for value in ("41", "42")
    )

    counts = [await server.publish(some) for some in ([first], [first, second, second], [second], [first, second])]

    assert [bool(appended) for appended in counts] == [True, True, False, False]
    assert [row[2] for row in await server.holds(ALONE[0]) if row[5] == "MIN"] == ["41", "42"]
