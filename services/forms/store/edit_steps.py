"""`SqlEditSteps`: the steps that can be undone."""

import json
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.database.prepared import Prepared
from services.forms.domain.cell import Origin
from services.forms.domain.errors import EditStepUnknown
from services.forms.domain.undoing import CellTrace, EditKind, EditStep
from services.forms.store.rows import EditStepRow

LATEST = 200
_ADD = Prepared(
    insert(EditStepRow).values(
        {one.name: bindparam(one.name) for one in EditStepRow.__table__.columns if one.name != "number"}
    )
)
_FIELDS = tuple(field.name for field in fields(CellTrace))
_VALUES = attrgetter(*_FIELDS)


class SqlEditSteps:
    """Steps in the table `edit_steps`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, step: EditStep) -> None:
        """Keep a step."""
        await _ADD.run(
            self._session,
            id=step.id,
            filing_id=step.filing_id,
            kind=str(step.kind),
            author=step.author,
            at=step.at,
            fr=step.fr,
            en=step.en,
            cells=json.dumps([_stored(trace) for trace in step.cells]),
            undoes=step.undoes,
            is_undone=step.is_undone,
        )

    async def get(self, filing_id: UUID, step_id: UUID) -> EditStep:
        """Return a step.

        Raises:
            EditStepUnknown: there is none of this id for this filing.
        """
        row = await self._session.scalar(
            select(EditStepRow).where(EditStepRow.id == step_id, EditStepRow.filing_id == filing_id)
        )
        if row is None:
            raise EditStepUnknown
        return _to_domain(row)

    async def of(self, filing_id: UUID) -> list[EditStep]:
        """Return the last two hundred, newest first."""
        rows = await self._session.scalars(
            select(EditStepRow)
            .where(EditStepRow.filing_id == filing_id)
            .order_by(EditStepRow.number.desc())
            .limit(LATEST)
        )
        return [_to_domain(row) for row in rows]

    async def undoings(self, filing_id: UUID) -> list[EditStep]:
        """Return every step that undid another one."""
        rows = await self._session.scalars(
            select(EditStepRow).where(EditStepRow.filing_id == filing_id, EditStepRow.undoes.is_not(None))
        )
        return [_to_domain(row) for row in rows]

    async def mark_undone(self, step_id: UUID, *, is_undone: bool) -> None:
        """Mark a step as undone, or as undone no more."""
        await self._session.execute(update(EditStepRow).where(EditStepRow.id == step_id).values(is_undone=is_undone))


def _to_domain(row: EditStepRow) -> EditStep:
    return EditStep(
        row.id,
        row.filing_id,
        EditKind(row.kind),
        row.author,
        row.at,
        row.fr,
        row.en,
        tuple(_trace(cell) for cell in row.cells),
        row.undoes,
        row.is_undone,
    )


def _stored(trace: CellTrace) -> dict[str, Any]:
    # By hand: `asdict` copies deeply, which costs a large save more than writing its cells.
    kept = dict(zip(_FIELDS, _VALUES(trace), strict=True))
    kept["before_at"] = trace.before_at.isoformat() if trace.before_at else None
    return kept


def _trace(content: dict[str, Any]) -> CellTrace:
    at = content.get("before_at")
    return CellTrace(
        **{
            **content,
            "before_origin": Origin(content["before_origin"]),
            "before_at": datetime.fromisoformat(at) if at else None,
        }
    )
