"""`SqlJustifications`: the justifications port on PostgreSQL."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.database.prepared import Prepared
from services.validation.domain.answer import Answer, AnsweredJustification
from services.validation.domain.justification import Justification, ReasonCode
from services.validation.store.rows import AnswerRow, JustificationRow

_IN_FORCE = Prepared(
    select(JustificationRow)
    .where(JustificationRow.filing_id == bindparam("filing_id"))
    .ext(distinct_on(JustificationRow.control, JustificationRow.cell))
    .order_by(JustificationRow.control, JustificationRow.cell, JustificationRow.number.desc())
)


class SqlJustifications:
    """Justifications in the table `justifications`, their answers in `answers`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, justification: Justification) -> int:
        """Add one and return its number."""
        row = _to_row(justification)
        self._session.add(row)
        await self._session.flush()
        return row.number

    async def answer(self, answer: Answer) -> None:
        """Add an answer; it replaces the earlier one of its text without erasing it."""
        self._session.add(
            AnswerRow(
                justification=answer.number,
                is_accepted=answer.is_accepted,
                text=answer.text,
                author=answer.author,
                answered_at=answer.at,
            )
        )

    async def in_force(self, filing_id: UUID) -> list[AnsweredJustification]:
        """Return the latest of each control and cell, in this order."""
        return await self._answered(await _IN_FORCE.rows(self._session, filing_id=filing_id))

    async def before(self, siren: str, year: int, controls: Collection[str]) -> list[AnsweredJustification]:
        """Return the latest text of the latest year before this one, of each of these controls and its cells, in this order."""
        rows = await self._session.scalars(
            select(JustificationRow)
            .where(
                JustificationRow.siren == siren,
                JustificationRow.year < year,
                JustificationRow.control.in_(controls),
            )
            .ext(distinct_on(JustificationRow.control, JustificationRow.cell))
            .order_by(
                JustificationRow.control,
                JustificationRow.cell,
                JustificationRow.year.desc(),
                JustificationRow.number.desc(),
            )
        )
        return await self._answered(list(rows))

    async def _answered(self, rows: list[JustificationRow]) -> list[AnsweredJustification]:
        if not rows:
            return []
        found = await self._session.scalars(
            select(AnswerRow)
            .where(AnswerRow.justification.in_([row.number for row in rows]))
            .ext(distinct_on(AnswerRow.justification))
            .order_by(AnswerRow.justification, AnswerRow.number.desc())
        )
        answers = {
            row.justification: Answer(row.justification, row.is_accepted, row.text, row.author, row.answered_at)
            for row in found
        }
        return [AnsweredJustification(row.number, _to_domain(row), answers.get(row.number)) for row in rows]


def _to_row(justification: Justification) -> JustificationRow:
    return JustificationRow(
        filing_id=justification.filing_id,
        siren=justification.siren,
        year=justification.year,
        control=justification.control,
        text=justification.text,
        author=justification.author,
        written_at=justification.written_at,
        operands_digest=justification.operands_digest,
        cell=justification.cell,
        reason=justification.reason,
    )


def _to_domain(row: JustificationRow) -> Justification:
    return Justification(
        row.filing_id,
        row.siren,
        row.year,
        row.control,
        row.text,
        row.author,
        row.written_at,
        row.operands_digest,
        row.cell,
        ReasonCode(row.reason) if row.reason in set(ReasonCode) else ReasonCode.OTHER,
    )
