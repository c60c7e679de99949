"""`SqlPublications` and `SqlSetAsideCells`: form sets given to open filings, and the values they did not take."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Select, Uuid, bindparam, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.database.prepared import Prepared
from services.forms.domain.cell import Origin, Source
from services.forms.domain.errors import PublicationLeaseLost, PublicationUnknown
from services.forms.domain.filing import Document
from services.forms.domain.form_set_change import Fate, SetAside, Why
from services.forms.domain.publication import ChangedFiling, FailedFiling, Publication, PublicationState, Tally
from services.forms.store.filings import reached
from services.forms.store.other_values import read_other, stored_other
from services.forms.store.rows import ChangedFilingRow, FilingRow, PublicationRow, SetAsideRow

_TO_DO = (PublicationState.WAITING, PublicationState.RUNNING)


class SqlPublications:
    """Publications in `publications`, their progress in `changed_filings`.

    Two workers never get the same one: rows are skipped while another holds them.
    """

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, publication: Publication) -> None:
        """Keep a publication."""
        self._session.add(
            PublicationRow(
                id=publication.id,
                document=str(publication.document),
                year=publication.year,
                before=publication.before,
                after=publication.after,
                author=publication.author,
                at=publication.at,
                **_changing(publication),
            )
        )
        await self._session.flush()

    async def get(self, publication_id: UUID) -> Publication:
        """Return a publication.

        Raises:
            PublicationUnknown: there is none.
        """
        return await self._one(select(PublicationRow).where(PublicationRow.id == publication_id))

    async def get_for_change(self, publication_id: UUID) -> Publication:
        """Return a publication and lock its row until the end of the transaction.

        Raises:
            PublicationUnknown: there is none.
        """
        return await self._one(select(PublicationRow).where(PublicationRow.id == publication_id).with_for_update())

    async def of(self, document: Document, year: int) -> list[Publication]:
        """Return the publications of a campaign, newest first."""
        return await self._all(
            select(PublicationRow)
            .where(PublicationRow.document == document, PublicationRow.year == year)
            .order_by(PublicationRow.number.desc())
        )

    async def latest(self, limit: int) -> list[Publication]:
        """Return the last publications of all campaigns, newest first."""
        return await self._all(select(PublicationRow).order_by(PublicationRow.number.desc()).limit(limit))

    async def under_way(self) -> list[Publication]:
        """Return those that wait or are worked on, in the order in which they were asked for."""
        return await self._all(
            select(PublicationRow).where(PublicationRow.state.in_(_TO_DO)).order_by(PublicationRow.asked_at)
        )

    async def take(self, now: datetime, until: datetime) -> Publication | None:
        """Give out the first one that is due, under a new token and a lease; None when none is."""
        row = await self._session.scalar(
            select(PublicationRow)
            .where(PublicationRow.state.in_(_TO_DO), PublicationRow.due_at <= now)
            .order_by(PublicationRow.asked_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if row is None:
            return None
        row.state, row.token, row.attempts = PublicationState.RUNNING, row.token + 1, row.attempts + 1
        row.due_at = until
        await self._session.flush()
        return _to_publication(row)

    async def save(self, publication: Publication) -> None:
        """Write a publication that was got for change."""
        await self._session.execute(
            update(PublicationRow).where(PublicationRow.id == publication.id).values(**_changing(publication))
        )

    async def keep(self, publication: Publication) -> None:
        """Write a publication that its worker took.

        Raises:
            PublicationLeaseLost: it was given to another worker or turned round since.
        """
        kept = await self._session.execute(
            update(PublicationRow)
            .where(
                PublicationRow.id == publication.id,
                PublicationRow.token == publication.token,
                PublicationRow.state == PublicationState.RUNNING,
                # The release before marks one as undone and knows no token.
                PublicationRow.is_undone == publication.is_undone,
            )
            .values(**_changing(publication))
            .returning(PublicationRow.number)
        )
        if kept.first() is None:
            raise PublicationLeaseLost

    async def left(self, publication: Publication, after: UUID | None, limit: int) -> list[UUID]:
        """Return the next filings to change or to put back, by id."""
        among = [*_left(publication), *([FilingRow.id > after] if after is not None else [])]
        found = await self._session.scalars(select(FilingRow.id).where(*among).order_by(FilingRow.id).limit(limit))
        return list(found)

    async def tally(self, publication: Publication) -> Tally:
        """Count the filings changed, or put back, and those left."""
        done = select(func.count()).where(
            ChangedFilingRow.publication_id == publication.id,
            *([ChangedFilingRow.is_undone] if publication.is_undone else []),
        )
        left = select(func.count()).select_from(FilingRow).where(*_left(publication))
        found = await self._session.execute(select(done.scalar_subquery(), left.scalar_subquery()))
        return Tally(*found.one())

    async def add_filing(self, changed: ChangedFiling) -> None:
        """Keep that a publication changed a filing, or put it back."""
        await self._session.merge(
            ChangedFilingRow(
                publication_id=changed.publication_id,
                filing_id=changed.filing_id,
                before=changed.before,
                is_undone=changed.is_undone,
            )
        )

    async def filing(self, publication_id: UUID, filing_id: UUID) -> ChangedFiling | None:
        """Return what a publication did to a filing, None when it did not change it."""
        row = await self._session.get(ChangedFilingRow, (publication_id, filing_id))
        return ChangedFiling(row.publication_id, row.filing_id, row.before, row.is_undone) if row else None

    async def _one(self, statement: Select[PublicationRow]) -> Publication:
        found = await self._all(statement)
        if not found:
            raise PublicationUnknown
        return found[0]

    async def _all(self, statement: Select[PublicationRow]) -> list[Publication]:
        # What another statement of this transaction wrote counts, not what the session read before.
        rows = await self._session.scalars(statement.execution_options(populate_existing=True))
        return [_to_publication(row) for row in rows]


_WAITING = Prepared(
    select(SetAsideRow.filing_id, func.count().label("waiting"))
    .where(
        SetAsideRow.filing_id == func.any(bindparam("filings", type_=ARRAY(Uuid))),
        SetAsideRow.fate == str(Fate.WAITING),
    )
    .group_by(SetAsideRow.filing_id)
)


class SqlSetAsideCells:
    """Values that wait for a choice, in `set_aside_cells`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def of(self, filing_id: UUID) -> list[SetAside]:
        """Return every one of a filing, in order of address and version."""
        rows = await self._session.scalars(
            select(SetAsideRow)
            .where(SetAsideRow.filing_id == filing_id)
            .order_by(SetAsideRow.address, SetAsideRow.version)
        )
        return [_to_set_aside(row) for row in rows]

    async def waiting(self, filing_ids: Collection[UUID]) -> Mapping[UUID, int]:
        """Count those that wait for a choice, filing by filing."""
        rows = await _WAITING.rows(self._session, filings=list(filing_ids))
        return {row.filing_id: row.waiting for row in rows}

    async def save(self, values: Iterable[SetAside]) -> None:
        """Add or replace."""
        for one in values:
            await self._session.merge(_to_row(one))


def _left(publication: Publication) -> list[ColumnElement[bool]]:
    """Tell the filings to change or to put back from all others."""
    about = (ChangedFilingRow.publication_id == publication.id) & (ChangedFilingRow.filing_id == FilingRow.id)
    are_open = reached(publication.document, publication.year)
    if not publication.is_undone:
        return [*are_open, FilingRow.form_set != publication.after]
    # Those that it changed, and those opened with its form set since.
    was_changed = exists().where(about, ~ChangedFilingRow.is_undone)
    is_back = exists().where(about, ChangedFilingRow.is_undone)
    return [
        *are_open,
        FilingRow.form_set == publication.after,
        was_changed | ((FilingRow.opened_at >= publication.at) & ~is_back),
    ]


def _changing(publication: Publication) -> dict[str, Any]:
    """Return the columns of a publication that change while it is worked on."""
    return {
        "is_undone": publication.is_undone,
        "undone_by": publication.undone_by,
        "state": str(publication.state),
        "token": publication.token,
        "attempts": publication.attempts,
        "failure": publication.failure,
        "asked_at": publication.asked_at,
        "due_at": publication.due_at,
        "finished_at": publication.finished_at,
        "failed": [_failed(one) for one in publication.failed],
    }


def _failed(one: FailedFiling) -> dict[str, Any]:
    due_at = one.due_at.isoformat() if one.due_at else None
    about = {"filing": str(one.filing_id), "attempts": one.attempts, "why": one.why}
    return {**about, "at": one.at.isoformat(), "due_at": due_at}


def _to_failed(kept: dict[str, Any]) -> FailedFiling:
    due_at = datetime.fromisoformat(kept["due_at"]) if kept["due_at"] else None
    at = datetime.fromisoformat(kept["at"])
    return FailedFiling(UUID(kept["filing"]), kept["attempts"], kept["why"], at, due_at)


def _to_publication(row: PublicationRow) -> Publication:
    return Publication(
        id=row.id,
        document=Document(row.document),
        year=row.year,
        before=row.before,
        after=row.after,
        author=row.author,
        at=row.at,
        is_undone=row.is_undone,
        undone_by=row.undone_by,
        state=PublicationState(row.state),
        token=row.token,
        attempts=row.attempts,
        asked_at=row.asked_at,
        due_at=row.due_at,
        finished_at=row.finished_at,
        failure=row.failure,
        failed=tuple(map(_to_failed, row.failed)),
    )


def _to_row(one: SetAside) -> SetAsideRow:
    source = one.source
    content: dict[str, Any] = {
        "value": one.value,
        "origin": str(source.origin),
        "author": source.author,
        "at": source.at.isoformat(),
        "file": source.file,
        "line": source.line,
        "server": source.server,
    }
    if one.other:
        content["other"] = stored_other(one.other)
    return SetAsideRow(
        filing_id=one.filing_id,
        address=one.address,
        version=one.version,
        publication_id=one.publication_id,
        content=content,
        why=str(one.why),
        fate=str(one.fate),
        kept_as=one.kept_as,
        kept_version=one.kept_version,
    )


def _to_set_aside(row: SetAsideRow) -> SetAside:
    kept = row.content
    return SetAside(
        row.publication_id,
        row.filing_id,
        row.address,
        row.version,
        kept["value"],
        Source(
            Origin(kept["origin"]),
            kept["author"],
            datetime.fromisoformat(kept["at"]),
            kept["file"],
            kept["line"],
            kept["server"],
        ),
        Why(row.why),
        read_other(kept.get("other")),
        Fate(row.fate),
        row.kept_as,
        row.kept_version,
    )
