"""`SqlCells`: present cells, their history, and the computed ones."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.forms.domain.cell import Cell, Origin, OtherValue, PutBack, Source
from services.forms.store.rows import CellRow, CellVersionRow, FilingRow

_SOURCE = ("origin", "author", "changed_at", "file", "line", "server", "put_back")
_HISTORY = ("filing_id", "address", "version", "value", *_SOURCE)


class SqlCells:
    """Cells in `cells` and `cell_versions`, computed cells beside the filing."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def of(self, filing_id: UUID) -> dict[str, Cell]:
        """Return the present cells by address."""
        rows = await self._session.execute(select(CellRow.__table__).where(CellRow.filing_id == filing_id))
        return {row.address: _to_domain(row) for row in rows}

    async def save(self, filing_id: UUID, cells: Iterable[Cell]) -> None:
        """Write cells and a line of history for each new version."""
        rows = [_to_row(filing_id, cell) for cell in cells]
        if not rows:
            return
        statement = upsert(CellRow)
        columns = {name: statement.excluded[name] for name in rows[0] if name not in ("filing_id", "address")}
        await self._session.execute(
            statement.on_conflict_do_update(index_elements=["filing_id", "address"], set_=columns), rows
        )
        # A change of conflict, provisional or seal mark alone is not a new version.
        history = [{name: row[name] for name in _HISTORY} for row in rows]
        await self._session.execute(upsert(CellVersionRow).on_conflict_do_nothing(), history)

    async def history(self, filing_id: UUID, address: str) -> list[Cell]:
        """Return every version, newest first."""
        rows = await self._session.execute(
            select(CellVersionRow.__table__)
            .where(CellVersionRow.filing_id == filing_id, CellVersionRow.address == address)
            .order_by(CellVersionRow.version.desc())
        )
        return [Cell(row.address, row.value, row.version, _source(row)) for row in rows]

    async def computed(self, filing_id: UUID) -> dict[str, str]:
        """Return the computed cells of the last evaluation."""
        return await self._session.scalar(select(FilingRow.computed).where(FilingRow.id == filing_id)) or {}

    async def save_computed(self, filing_id: UUID, computed: Mapping[str, str]) -> None:
        """Replace the computed cells."""
        await self._session.execute(
            update(FilingRow)
            .where(FilingRow.id == filing_id)
            .values(computed=dict(computed))
            .execution_options(synchronize_session=False)
        )


def _to_row(filing_id: UUID, cell: Cell) -> dict[str, Any]:
    conflict, put_back = cell.conflict, cell.source.put_back
    return {
        "filing_id": filing_id,
        "address": cell.address,
        "value": cell.value,
        "version": cell.version,
        "origin": str(cell.source.origin),
        "author": cell.source.author,
        "changed_at": cell.source.at,
        "file": cell.source.file,
        "line": cell.source.line,
        "server": cell.source.server,
        "put_back": {"author": put_back.author, "at": put_back.at.isoformat(), "version": put_back.version}
        if put_back
        else None,
        "conflict": {
            "value": conflict.value,
            "server": conflict.server,
            "author": conflict.author,
            "at": conflict.at.isoformat(),
        }
        if conflict
        else None,
        "is_provisional": cell.is_provisional,
        "is_sealed": cell.is_sealed,
    }


def _to_domain(row: Any) -> Cell:
    conflict = row.conflict
    return Cell(
        address=row.address,
        value=row.value,
        version=row.version,
        source=_source(row),
        conflict=OtherValue(
            conflict["value"], conflict["server"], conflict["author"], datetime.fromisoformat(conflict["at"])
        )
        if conflict
        else None,
        is_provisional=row.is_provisional,
        is_sealed=row.is_sealed,
    )


def _source(row: Any) -> Source:
    stored = row.put_back
    put_back = PutBack(stored["author"], datetime.fromisoformat(stored["at"]), stored["version"]) if stored else None
    return Source(Origin(row.origin), row.author, row.changed_at, row.file, row.line, row.server, put_back)
