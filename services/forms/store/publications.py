"""`SqlPublications` and `SqlSetAsideCells`: form sets given to open filings, and the values they did not take."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.forms.domain.cell import Origin, OtherValue, Source
from services.forms.domain.errors import PublicationUnknown
from services.forms.domain.filing import Document
from services.forms.domain.form_set_change import ChangedFiling, Fate, Publication, SetAside, Why
from services.forms.store.rows import ChangedFilingRow, PublicationRow, SetAsideRow


class SqlPublications:
    """Publications in `publications`, their progress in `changed_filings`."""

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
                is_undone=publication.is_undone,
            )
        )
        await self._session.flush()

    async def get(self, publication_id: UUID) -> Publication:
        """Return a publication.

        Raises:
            PublicationUnknown: there is none.
        """
        row = await self._session.get(PublicationRow, publication_id)
        if row is None:
            raise PublicationUnknown
        return _to_publication(row)

    async def of(self, document: Document, year: int) -> list[Publication]:
        """Return the publications of a campaign, newest first."""
        rows = await self._session.scalars(
            select(PublicationRow)
            .where(PublicationRow.document == document, PublicationRow.year == year)
            .order_by(PublicationRow.number.desc())
        )
        return [_to_publication(row) for row in rows]

    async def mark_undone(self, publication_id: UUID) -> None:
        """Mark a publication as undone."""
        await self._session.execute(
            update(PublicationRow).where(PublicationRow.id == publication_id).values(is_undone=True)
        )

    async def add_filing(self, changed: ChangedFiling) -> None:
        """Keep that a publication changed a filing."""
        await self._session.merge(
            ChangedFilingRow(
                publication_id=changed.publication_id,
                filing_id=changed.filing_id,
                before=changed.before,
                is_undone=changed.is_undone,
            )
        )

    async def filings(self, publication_id: UUID) -> list[ChangedFiling]:
        """Return the filings that a publication changed."""
        rows = await self._session.scalars(
            select(ChangedFilingRow)
            .where(ChangedFilingRow.publication_id == publication_id)
            .order_by(ChangedFilingRow.filing_id)
        )
        return [ChangedFiling(row.publication_id, row.filing_id, row.before, row.is_undone) for row in rows]

    async def mark_filing_undone(self, changed: ChangedFiling) -> None:
        """Keep that a filing was put back."""
        await self._session.execute(
            update(ChangedFilingRow)
            .where(
                ChangedFilingRow.publication_id == changed.publication_id,
                ChangedFilingRow.filing_id == changed.filing_id,
            )
            .values(is_undone=True)
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

    async def save(self, values: Iterable[SetAside]) -> None:
        """Add or replace."""
        for one in values:
            await self._session.merge(_to_row(one))


def _to_publication(row: PublicationRow) -> Publication:
    return Publication(
        row.id, Document(row.document), row.year, row.before, row.after, row.author, row.at, row.is_undone
    )


def _to_row(one: SetAside) -> SetAsideRow:
    source, other = one.source, one.other
    content: dict[str, Any] = {
        "value": one.value,
        "origin": str(source.origin),
        "author": source.author,
        "at": source.at.isoformat(),
        "file": source.file,
        "line": source.line,
        "server": source.server,
    }
    if other:
        content["other"] = {
            "value": other.value,
            "server": other.server,
            "author": other.author,
            "at": other.at.isoformat(),
        }
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
    kept, other = row.content, row.content.get("other")
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
        OtherValue(other["value"], other["server"], other["author"], datetime.fromisoformat(other["at"]))
        if other
        else None,
        Fate(row.fate),
        row.kept_as,
        row.kept_version,
    )
