"""Keeps how the last exchange with a peer went, for the people who watch."""

from chassis.clock import Clock
from services.sync.usecases.ports import Exchange, OpensWork


class NoteExchange:
    """Replaces what was noted before."""

    def __init__(self, open_work: OpensWork, clock: Clock) -> None:
        self._open_work, self._clock = open_work, clock

    async def __call__(self, peer: str, failure: str) -> None:
        """Note a success (no failure), or the failure in words."""
        async with self._open_work() as work:
            await work.cursors.note_exchange(peer, Exchange(None if failure else self._clock.now(), failure))
            await work.commit()
