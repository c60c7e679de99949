"""Lets a person of the body tick or untick a recipient, where the controller left the choice, until the signature."""

from chassis.clock import Clock
from chassis.identity import Caller
from services.transmission.domain.box import Box, Choice
from services.transmission.domain.errors import NothingThere
from services.transmission.domain.events import BoxChosen
from services.transmission.domain.release_table import ReleaseRow, release_row
from services.transmission.usecases.get_release_table import in_force
from services.transmission.usecases.ports import Filings, UnitsOfWork

CHOOSE = "release.choose"


class TickBox:
    """One version of a box a call; asking for what already is changes nothing."""

    def __init__(self, units: UnitsOfWork, filings: Filings, clock: Clock) -> None:
        self._units, self._filings, self._clock = units, filings, clock

    async def __call__(
        self, caller: Caller, filing_id: str, body: str, recipient: str, *, is_ticked: bool
    ) -> ReleaseRow:
        """Choose, and return the row as it is now decided.

        The filing is read from ``forms`` with the caller's own rights: family, seat and state are never taken from
        the request.

        Raises:
            NotFound: no such filing, or the caller has no right on its body.
            Forbidden: the caller may read the body but not choose.
            BoxNotOffered: the rule or the controller leaves no choice.
            FilingAlreadySigned: the terms are inside a signature.
            BoxChanged: somebody chose at the same time.
        """
        caller.require(CHOOSE, body)
        filing = await self._filings.get(filing_id)
        if filing.identity.body != body:
            raise NothingThere
        now = self._clock.now()
        choice = Choice(is_ticked, caller.subject, now)
        async with self._units() as unit:
            published = await in_force(unit)
            boxes = {box.recipient: box for box in await unit.boxes.of_filing(body, filing_id)}
            before = release_row(published, filing.identity, boxes.values(), recipient, now.date())
            box = boxes.get(recipient, Box(body, filing_id, recipient))
            chosen = box.choose(choice, before.decision, is_signed=filing.is_signed)
            if chosen is not box:
                await unit.boxes.add(chosen)
                await unit.journal.append(
                    BoxChosen(body, filing_id, recipient, chosen.is_ticked, chosen.version, chosen.chosen_by, now)
                )
            await unit.commit()
        boxes[recipient] = chosen
        return release_row(published, filing.identity, boxes.values(), recipient, now.date())
