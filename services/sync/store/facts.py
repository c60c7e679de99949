"""The shared facts, and what the forms service has been told of them."""

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Text, bindparam, delete, func, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import Clock
from chassis.database.prepared import Prepared
from services.sync.domain.fact import Fact, FactKey, Said, SharedFact, Source
from services.sync.domain.hlc import HybridTime
from services.sync.domain.publication import Telling
from services.sync.domain.version_vector import VersionVector
from services.sync.store.rows import FactVersionRow, TellingRow

_WANTED = """
    SELECT * FROM unnest(CAST(:sirens AS text[]), CAST(:years AS smallint[]), CAST(:concepts AS text[]))
"""
_READ = text(
    f"""
    SELECT siren, year, concept, value, vector, hlc, author, origin, source, is_provisional, is_sealed
    FROM fact_versions WHERE is_standing AND (siren, year, concept) IN ({_WANTED})
    """  # noqa: S608 - constants only
)
_SAID = text(
    f"""
    SELECT DISTINCT siren, year, concept, origin, value, author
    FROM fact_versions WHERE strpos(origin, '@') = 0 AND (siren, year, concept) IN ({_WANTED})
    """  # noqa: S608 - constants only
)
_LOCK = Prepared(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"))
TELLINGS_KEPT = 4
"""Per concept: enough to know what an author saw who saved a little before the latest telling."""

_COLUMNS = (
    FactVersionRow.siren,
    FactVersionRow.year,
    FactVersionRow.concept,
    FactVersionRow.value,
    FactVersionRow.vector,
    FactVersionRow.hlc,
    FactVersionRow.author,
    FactVersionRow.origin,
    FactVersionRow.source,
    FactVersionRow.is_provisional,
    FactVersionRow.is_sealed,
)
_OF_CONCEPTS = func.any(func.string_to_array(bindparam("concepts", type_=Text), " "))
_OF_BODY_AND_YEAR = (FactVersionRow.siren == bindparam("siren")) & (FactVersionRow.year == bindparam("year"))
_IS_SIGNED = select(FactVersionRow.siren).where(_OF_BODY_AND_YEAR, FactVersionRow.is_standing, FactVersionRow.is_sealed)
_OF_BODY = Prepared(select(*_COLUMNS).where(_OF_BODY_AND_YEAR, FactVersionRow.is_standing))
_TOUCHED = Prepared(
    select(*_COLUMNS).where(
        _OF_BODY_AND_YEAR,
        FactVersionRow.is_standing,
        (FactVersionRow.concept == _OF_CONCEPTS) | _IS_SIGNED.correlate(None).exists(),
    )
)
# One document whatever their number: an array a column takes the driver twenty times longer to write.
_SAVE = Prepared(
    text(
        """
        WITH given AS (
            SELECT siren, year, concept, decode(digest, 'hex') AS digest, value, vector, hlc, author, origin, source,
                is_provisional, is_sealed
            FROM json_to_recordset(CAST(:versions AS json)) AS given (
                siren text, year smallint, concept text, digest text, value text, vector text, hlc bigint, author text,
                origin text, source text, is_provisional boolean, is_sealed boolean
            )
        ), gone AS (
            UPDATE fact_versions SET is_standing = false
            WHERE is_standing AND (siren, year, concept) IN (SELECT siren, year, concept FROM given)
                AND digest NOT IN (SELECT digest FROM given)
        )
        INSERT INTO fact_versions (
            siren, year, concept, digest, value, vector, hlc, author, origin, source, is_provisional, is_sealed,
            is_standing, recorded_at
        )
        SELECT *, true, CAST(:recorded_at AS timestamptz) FROM given
        ON CONFLICT DO NOTHING
        """
    )
)
_TELLINGS = Prepared(
    select(TellingRow.concept, TellingRow.context, TellingRow.told_at)
    .where(
        TellingRow.siren == bindparam("siren"),
        TellingRow.year == bindparam("year"),
        TellingRow.concept == _OF_CONCEPTS,
    )
    .order_by(TellingRow.told_at)
)


class SqlFacts:
    """The ``Facts`` port on PostgreSQL."""

    def __init__(self, session: AsyncSession, clock: Clock) -> None:
        self._session, self._clock = session, clock

    async def lock(self, bodies: Iterable[str]) -> None:
        """Take each body's advisory lock until the transaction ends, sorted so that two never wait crosswise."""
        for siren in sorted(set(bodies)):
            _LOCK.later(self._session, key=f"sync.body:{siren}")

    async def of_body(self, siren: str, year: int) -> dict[str, SharedFact]:
        """Return the standing facts of a body and year."""
        found = _merged(await _OF_BODY.rows(self._session, siren=siren, year=year))
        return {key.concept: fact for key, fact in found.items()}

    async def touched_by(self, siren: str, year: int, concepts: Collection[str]) -> dict[str, SharedFact]:
        """Return the standing facts of these concepts, or of the whole body and year when one is sealed."""
        found = _merged(await _TOUCHED.rows(self._session, siren=siren, year=year, concepts=" ".join(concepts)))
        return {key.concept: fact for key, fact in found.items()}

    async def of_keys(self, keys: Iterable[FactKey]) -> dict[FactKey, SharedFact]:
        """Return the standing facts asked for."""
        wanted = sorted(set(keys))
        return _merged(await self._session.execute(_READ, _arrays(wanted))) if wanted else {}

    async def said(self, keys: Iterable[FactKey]) -> dict[FactKey, frozenset[Said]]:
        """Return what each server ever wrote of these facts for itself, versions that stand no more included."""
        wanted = sorted(set(keys))
        if not wanted:
            return {}
        found: dict[FactKey, set[Said]] = {}
        for siren, year, concept, *said in await self._session.execute(_SAID, _arrays(wanted)):
            found.setdefault(FactKey(siren, year, concept), set()).add(tuple(said))
        return {key: frozenset(said) for key, said in found.items()}

    async def keys_of(self, bodies: Iterable[str]) -> list[FactKey]:
        """Return which facts are held of these bodies."""
        rows = FactVersionRow
        found = await self._session.execute(
            select(rows.siren, rows.year, rows.concept).where(rows.siren.in_(list(bodies)), rows.is_standing).distinct()
        )
        return sorted(FactKey(siren, year, concept) for siren, year, concept in found)

    async def save(self, facts: Iterable[SharedFact]) -> None:
        """Insert new versions, and let those that are gone from a fact stand no more."""
        standing = [_to_row(version) for fact in facts for version in fact.versions]
        if standing:
            _SAVE.later(self._session, versions=json.dumps(standing), recorded_at=self._clock.now())


class SqlTellings:
    """The ``Tellings`` port on PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def about(self, siren: str, year: int, concepts: Collection[str]) -> Sequence[Telling]:
        """Return the tellings of these concepts, oldest first."""
        found = await _TELLINGS.rows(self._session, siren=siren, year=year, concepts=" ".join(concepts))
        return [Telling(concept, VersionVector.from_text(context), told_at) for concept, context, told_at in found]

    async def add(self, siren: str, year: int, tellings: Iterable[Telling]) -> None:
        """Keep tellings; a context told before keeps its first time. Of each concept the last few stay."""
        values = [
            {"siren": siren, "year": year, "concept": t.concept, "context": t.context.to_text(), "told_at": t.told_at}
            for t in tellings
        ]
        if not values:
            return
        rows = TellingRow
        await self._session.execute(insert(rows).on_conflict_do_nothing(), values)
        place = func.row_number().over(partition_by=rows.concept, order_by=rows.told_at.desc())
        mine = (rows.siren == siren, rows.year == year, rows.concept.in_([value["concept"] for value in values]))
        ranked = select(rows.concept, rows.context, place.label("place")).where(*mine).subquery()
        old = select(ranked.c.concept, ranked.c.context).where(ranked.c.place > TELLINGS_KEPT)
        await self._session.execute(
            delete(rows)
            .where(*mine, tuple_(rows.concept, rows.context).in_(old))
            .execution_options(synchronize_session=False)
        )


def _to_row(fact: Fact) -> dict[str, object]:
    return {
        "siren": fact.key.siren,
        "year": fact.key.year,
        "concept": fact.key.concept,
        "digest": fact.digest().hex(),
        "value": fact.value,
        "vector": fact.vector.to_text(),
        "hlc": fact.hlc.packed(),
        "author": fact.author,
        "origin": fact.origin,
        "source": fact.source.value,
        "is_provisional": fact.is_provisional,
        "is_sealed": fact.is_sealed,
    }


def _arrays(keys: Sequence[FactKey]) -> dict[str, list[Any]]:
    return {
        "sirens": [key.siren for key in keys],
        "years": [key.year for key in keys],
        "concepts": [key.concept for key in keys],
    }


def _merged(rows: Iterable[Any]) -> dict[FactKey, SharedFact]:
    facts: dict[FactKey, SharedFact] = {}
    for row in rows:
        version = _to_domain(row)
        facts[version.key] = facts.get(version.key, SharedFact(version.key)).merged(version)[0]
    return facts


def _to_domain(row: Any) -> Fact:
    return Fact(
        key=FactKey(row.siren, row.year, row.concept),
        value=row.value,
        vector=VersionVector.from_text(row.vector),
        hlc=HybridTime.unpacked(row.hlc),
        author=row.author,
        origin=row.origin,
        source=Source(row.source),
        is_provisional=row.is_provisional,
        is_sealed=row.is_sealed,
    )
