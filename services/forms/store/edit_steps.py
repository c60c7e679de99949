"""`SqlEditSteps`: the steps that can be undone."""

import json
from dataclasses import asdict, fields
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.database.prepared import Prepared
from services.forms.domain.cell import Origin
from services.forms.domain.errors import EditStepUnknown
from services.forms.domain.undoing import AsideTrace, CellTrace, EditKind, EditStep
from services.forms.store.other_values import read_other, stored_other
from services.forms.store.rows import EditStepRow

_ADD = Prepared(
    insert(EditStepRow).values(
        {one.name: bindparam(one.name) for one in EditStepRow.__table__.columns if one.name != "number"}
    )
)
_CONFLICTS = ("before_conflict", "after_conflict")
_FIELDS = tuple(field.name for field in fields(CellTrace) if field.name not in _CONFLICTS)
"""Kept of every trace; conflicts, which are rare, only where there is one."""
_VALUES = attrgetter(*_FIELDS)


class SqlEditSteps:
    """Steps in the table `edit_steps`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, step: EditStep) -> None:
        """Keep a step."""
        _ADD.later(
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
            aside=json.dumps([asdict(trace) for trace in step.aside]),
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

    async def of(self, filing_id: UUID, before: UUID | None, limit: int) -> list[EditStep]:
        """Return a page of steps, newest first: the last ones, or those just before a step of this filing.

        Raises:
            EditStepUnknown: there is no such step to begin before.
        """
        wanted = select(EditStepRow).where(EditStepRow.filing_id == filing_id)
        if before is not None:
            wanted = wanted.where(EditStepRow.number < await self._number(filing_id, before))
        rows = await self._session.scalars(wanted.order_by(EditStepRow.number.desc()).limit(limit))
        return [_to_domain(row) for row in rows]

    async def _number(self, filing_id: UUID, step_id: UUID) -> int:
        number = await self._session.scalar(
            select(EditStepRow.number).where(EditStepRow.id == step_id, EditStepRow.filing_id == filing_id)
        )
        if number is None:
            raise EditStepUnknown
        return number

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
        tuple(AsideTrace(**trace) for trace in row.aside),
    )


def _stored(trace: CellTrace) -> dict[str, Any]:
    # By hand: `asdict` copies deeply, which costs a large save more than writing its cells.
    kept = dict(zip(_FIELDS, _VALUES(trace), strict=True))
    kept["before_at"] = trace.before_at.isoformat() if trace.before_at else None
    for name in _CONFLICTS:
        if other := getattr(trace, name):
            kept[name] = stored_other(other)
    return kept


def _trace(content: dict[str, Any]) -> CellTrace:
    at = content.get("before_at")
    return CellTrace(
        **{
            **content,
            "before_origin": Origin(content["before_origin"]),
            "before_at": datetime.fromisoformat(at) if at else None,
            **{name: read_other(content[name]) for name in _CONFLICTS if name in content},
        }
    )
