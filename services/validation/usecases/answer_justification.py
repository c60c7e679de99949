"""The authority reads the justifications of the filings it was sent, and accepts or refuses them."""

from dataclasses import replace
from uuid import UUID

from chassis.clock import Clock
from chassis.identity import EVERY_SCOPE, Caller
from services.validation.domain.answer import Answer, AnsweredJustification
from services.validation.domain.errors import FilingArchived, JustificationChanged
from services.validation.domain.justification import normalised
from services.validation.usecases.ports import OpensWork, TransmittedFilings


class ReviewJustifications:
    """Lists what a transmitted filing was justified with."""

    def __init__(self, open_work: OpensWork, transmitted: TransmittedFilings) -> None:
        self._open_work, self._transmitted = open_work, transmitted

    async def __call__(self, caller: Caller, filing_id: UUID) -> list[AnsweredJustification]:
        """Return the latest justification of each control and cell, in this order.

        Raises:
            NotFound: the filing was not transmitted to this authority.
            Forbidden: the caller is not of its staff.
        """
        caller.require("staff.read", EVERY_SCOPE)
        await self._transmitted.require(filing_id)
        async with self._open_work() as work:
            return await work.justifications.in_force(filing_id)


class AnswerJustification:
    """Accepts or refuses a text; the filing is judged without a refused one from its next evaluation on."""

    def __init__(self, open_work: OpensWork, transmitted: TransmittedFilings, clock: Clock) -> None:
        self._open_work, self._transmitted, self._clock = open_work, transmitted, clock

    async def __call__(
        self, caller: Caller, filing_id: UUID, control: str, number: int, *, is_accepted: bool, text: str
    ) -> AnsweredJustification:
        """Keep the answer to the text that was read, and return that text with it.

        Raises:
            NotFound: the filing was not transmitted to this authority.
            Forbidden: the caller lacks `filing.review`.
            FilingArchived: nothing is added to it any more.
            JustificationChanged: the filer wrote another text since, or none.
            AnswerRefused: a refusal without a reason, or too long an answer.
        """
        caller.require("filing.review", EVERY_SCOPE)
        answer = Answer(number, is_accepted, normalised(text), caller.name, self._clock.now())
        if await self._transmitted.is_archived(filing_id):
            raise FilingArchived
        async with self._open_work() as work:
            in_force = await work.justifications.in_force(filing_id)
            kept = next((one for one in in_force if one.number == number), None)
            if kept is None or kept.justification.control != control:
                raise JustificationChanged(
                    "Cette justification n'est plus celle en vigueur ; relisez avant de répondre."
                )
            await work.justifications.answer(answer)
            await work.commit()
        return replace(kept, answer=answer)
