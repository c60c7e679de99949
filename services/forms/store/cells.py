"""`SqlCells`: present cells, their history, and the computed ones."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Text, bindparam, cast, exists, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.database.prepared import Prepared
from services.forms.domain.cell import Cell, Origin, PutBack, Source
from services.forms.domain.filing import Document
from services.forms.domain.form_set_preview import FilledCells, ValueCount
from services.forms.store.filings import reached
from services.forms.store.other_values import read_other, stored_other
from services.forms.store.rows import SPLIT_ADDRESSES, CellRow, CellVersionRow, FilingRow

# One document, because a statement a cell costs ten times more, and an array a column twice as much. A change of conflict,
# provisional or seal mark alone is not a new version.
_SAVE = Prepared(
    text(
        """
        WITH given AS (
            SELECT * FROM json_to_recordset(CAST(:cells AS json)) AS given (
                address text, value text, version bigint, origin text, author text, changed_at timestamptz, file text,
                line integer, server text, put_back jsonb, conflict jsonb, is_provisional boolean, is_sealed boolean
            )
        ), saved AS (
            INSERT INTO cells (
                filing_id, address, value, version, origin, author, changed_at, file, line, server, put_back, conflict,
                is_provisional, is_sealed
            )
            SELECT CAST(:filing_id AS uuid), given.* FROM given
            ON CONFLICT (filing_id, address) DO UPDATE SET
                value = excluded.value, version = excluded.version, origin = excluded.origin, author = excluded.author,
                changed_at = excluded.changed_at, file = excluded.file, line = excluded.line, server = excluded.server,
                put_back = excluded.put_back, conflict = excluded.conflict, is_provisional = excluded.is_provisional, is_sealed = excluded.is_sealed
        )
        INSERT INTO cell_versions (
            filing_id, address, value, version, origin, author, changed_at, file, line, server, put_back
        )
        SELECT CAST(:filing_id AS uuid), address, value, version, origin, author, changed_at, file, line, server, put_back
        FROM given
        ON CONFLICT DO NOTHING
        """
    )
)
_MOVE = Prepared(
    text(
        """
        UPDATE filings SET computed = (computed || CAST(:filled AS jsonb)) - CAST(:emptied AS text[])
        WHERE id = CAST(:filing_id AS uuid)
        """
    )
)


# Some seven hundred rows a filing: taken by place, since by name costs twice as much.
_PRESENT = select(
    CellRow.address,
    CellRow.value,
    CellRow.version,
    CellRow.origin,
    CellRow.author,
    CellRow.changed_at,
    CellRow.file,
    CellRow.line,
    CellRow.server,
    CellRow.put_back,
    CellRow.conflict,
    CellRow.is_provisional,
    CellRow.is_sealed,
)
_SOME = Prepared(
    _PRESENT.where(
        CellRow.filing_id == bindparam("filing_id"), CellRow.address == func.any(func.array(SPLIT_ADDRESSES))
    )
)
_ORIGINS = {origin.value: origin for origin in Origin}


class SqlCells:
    """Cells in `cells` and `cell_versions`, computed cells beside the filing."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def of(self, filing_id: UUID) -> dict[str, Cell]:
        """Return the present cells by address."""
        rows = await self._session.execute(_PRESENT.where(CellRow.filing_id == filing_id))
        return {row[0]: _to_domain(*row) for row in rows}

    async def some(self, filing_id: UUID, addresses: Collection[str]) -> dict[str, Cell]:
        """Return the present cells of these addresses."""
        rows = await _SOME.rows(self._session, filing_id=filing_id, addresses=" ".join(addresses))
        return {row[0]: _to_domain(*row) for row in rows}

    async def filled_in_campaign(
        self, document: Document, year: int, form_set: str, certain: Collection[str]
    ) -> FilledCells:
        """Count in two statements, whatever the number of filings: all of them, and by value those that are not sure."""
        filled = (
            select(func.count())
            .select_from(CellRow)
            .join(FilingRow, FilingRow.id == CellRow.filing_id)
            .where(*reached(document, year), FilingRow.form_set == form_set, CellRow.value != "")
        )
        key = CellRow.address, CellRow.value, CellRow.conflict.is_not(None)
        others = filled.where(_is_none_of(certain)).with_only_columns(*key, func.count())
        counted = [ValueCount(*row) for row in await self._session.execute(others.group_by(*key))]
        all_there_are = await self._session.scalar(filled) or 0
        return FilledCells(all_there_are - sum(one.filings for one in counted), counted)

    async def filled(self, filing_ids: Sequence[UUID], certain: Collection[str]) -> Mapping[UUID, FilledCells]:
        """Return the filled cells of each filing, in two statements whatever the number of filings."""
        are_theirs = CellRow.filing_id.in_(filing_ids), CellRow.value != ""
        counted = select(CellRow.filing_id, func.count()).where(*are_theirs).group_by(CellRow.filing_id)
        counts = {row[0]: row[1] for row in await self._session.execute(counted)}
        key = CellRow.filing_id, CellRow.address, CellRow.value, CellRow.conflict.is_not(None)
        others: dict[UUID, list[ValueCount]] = defaultdict(list)
        for row in await self._session.execute(select(*key).where(*are_theirs, _is_none_of(certain))):
            others[row[0]].append(ValueCount(row[1], row[2], row[3], 1))
        return {one: FilledCells(count - len(others[one]), others[one]) for one, count in counts.items()}

    async def save(self, filing_id: UUID, cells: Iterable[Cell]) -> None:
        """Write cells and a line of history for each new version, in one statement whatever their number."""
        rows = _to_rows(cells)
        if rows:
            _SAVE.later(self._session, filing_id=filing_id, cells=json.dumps(rows))

    async def history(self, filing_id: UUID, address: str) -> list[Cell]:
        """Return every version, newest first."""
        rows = await self._session.execute(
            select(CellVersionRow.__table__)
            .where(CellVersionRow.filing_id == filing_id, CellVersionRow.address == address)
            .order_by(CellVersionRow.version.desc())
        )
        return [
            Cell(
                row.address,
                row.value,
                row.version,
                Source(
                    _ORIGINS[row.origin],
                    row.author,
                    row.changed_at,
                    row.file,
                    row.line,
                    row.server,
                    _put_back(row.put_back),
                ),
            )
            for row in rows
        ]

    async def computed(self, filing_id: UUID) -> dict[str, str]:
        """Return the computed cells of the last evaluation."""
        return await self._session.scalar(select(FilingRow.computed).where(FilingRow.id == filing_id)) or {}

    async def move_computed(self, filing_id: UUID, moved: Mapping[str, str]) -> None:
        """Write the values that moved into the document of computed cells, and take out those that are empty now."""
        if moved:
            filled = {address: value for address, value in moved.items() if value}
            emptied = [address for address, value in moved.items() if not value]
            _MOVE.later(self._session, filing_id=filing_id, filled=json.dumps(filled), emptied=emptied)


def _is_none_of(addresses: Collection[str]) -> ColumnElement[bool]:
    # Joined to, since a plan made once compares with a list one by one: 0.2 s for 900 filings instead of 5.
    listed = func.unnest(cast(list(addresses), ARRAY(Text))).table_valued("address").render_derived()
    return ~exists().where(listed.c.address == CellRow.address)


def _to_rows(cells: Iterable[Cell]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    source, from_source = None, {}
    for cell in cells:
        # What one person does in one go has one source: it is written out once, not for each of five hundred cells.
        if cell.source is not source:
            source, from_source = cell.source, _source_columns(cell.source)
        rows.append(
            {
                "address": cell.address,
                "value": cell.value,
                "version": cell.version,
                **from_source,
                "conflict": stored_other(cell.conflict),
                "is_provisional": cell.is_provisional,
                "is_sealed": cell.is_sealed,
            }
        )
    return rows


def _source_columns(source: Source) -> dict[str, Any]:
    put_back = source.put_back
    return {
        "origin": str(source.origin),
        "author": source.author,
        "changed_at": source.at.isoformat(),
        "file": source.file,
        "line": source.line,
        "server": source.server,
        "put_back": {"author": put_back.author, "at": put_back.at.isoformat(), "version": put_back.version}
        if put_back
        else None,
    }


def _to_domain(
    address: str,
    value: str,
    version: int,
    origin: str,
    author: str,
    at: datetime,
    file: str,
    line: int,
    server: str,
    put_back: dict[str, Any] | None,
    conflict: dict[str, Any] | None,
    is_provisional: bool,
    is_sealed: bool,
) -> Cell:
    return Cell(
        address,
        value,
        version,
        Source(_ORIGINS[origin], author, at, file, line, server, _put_back(put_back)),
        read_other(conflict),
        is_provisional,
        is_sealed,
    )


def _put_back(stored: dict[str, Any] | None) -> PutBack | None:
    return PutBack(stored["author"], datetime.fromisoformat(stored["at"]), stored["version"]) if stored else None
