"""Keeps and lists the justifications of a filing."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from chassis.clock import Clock
from services.validation.domain.answer import AnsweredJustification
from services.validation.domain.justification import Justification, ReasonCode, digest_of, normalised
from services.validation.usecases.ports import OpensWork


@dataclass(frozen=True, slots=True)
class Written:
    """What a person wrote about a failed control."""

    filing_id: UUID
    siren: str
    year: int
    control: str
    text: str
    author: str
    operands: Mapping[str, str]
    """Written form of the figures it is about."""
    cell: str = ""
    """Where it is about; empty for all that the control found."""
    reason: ReasonCode = ReasonCode.OTHER


class RecordJustification:
    """Adds one; it replaces the earlier one of its control and cell, which stays in history."""

    def __init__(self, open_work: OpensWork, clock: Clock) -> None:
        self._open_work, self._clock = open_work, clock

    async def __call__(self, written: Written) -> AnsweredJustification:
        """Keep it and return it as kept.

        Raises:
            JustificationRefused: too short, too long, or about no control.
        """
        justification = Justification(
            written.filing_id,
            written.siren,
            written.year,
            written.control,
            normalised(written.text),
            written.author,
            self._clock.now(),
            digest_of(written.operands),
            written.cell,
            written.reason,
        )
        async with self._open_work() as work:
            number = await work.justifications.add(justification)
            await work.commit()
        return AnsweredJustification(number, justification)


class ListJustifications:
    """Lists what is in force."""

    def __init__(self, open_work: OpensWork) -> None:
        self._open_work = open_work

    async def __call__(self, filing_id: UUID) -> list[AnsweredJustification]:
        """Return the latest justification of each control and cell, in this order."""
        async with self._open_work() as work:
            return await work.justifications.in_force(filing_id)
