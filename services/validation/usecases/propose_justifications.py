"""Offers a body what it wrote in earlier years about controls that fail again."""

from collections.abc import Collection

from chassis.identity import Caller
from services.validation.domain.answer import AnsweredJustification
from services.validation.usecases.ports import OpensWork


class ProposeJustifications:
    """A proposal counts for nothing until a person records it for the new year's figures."""

    def __init__(self, open_work: OpensWork) -> None:
        self._open_work = open_work

    async def __call__(
        self, caller: Caller, siren: str, year: int, controls: Collection[str]
    ) -> list[AnsweredJustification]:
        """Return the latest earlier text of each control and cell that was not refused, in this order.

        Raises:
            NotFound: the caller has no right on this body.
            Forbidden: the caller may not justify for it.
        """
        caller.require("filing.justify", siren)
        async with self._open_work() as work:
            found = await work.justifications.before(siren, year, controls)
        return [one for one in found if not one.is_refused]
