"""Tries again what is parked, body by body, oldest first."""

from chassis.clock import Clock
from services.sync.domain.envelope import Envelope, fact_of_content
from services.sync.domain.events import FactsChanged
from services.sync.domain.fact import FactKey, SharedFact
from services.sync.domain.inbox import Fate, Reception
from services.sync.usecases.ports import OpensWork, Received
from services.sync.usecases.sending import Here


class ReleaseLanes:
    """Harmless to repeat."""

    def __init__(self, open_work: OpensWork, here: Here, clock: Clock) -> None:
        self._open_work, self._here, self._clock = open_work, here, clock

    async def __call__(self, origin: str) -> int:
        """Return how many envelopes still wait."""
        async with self._open_work() as work:
            cursor = await work.cursors.find(origin, lock=True)
            waiting = await work.inbox.parked(origin, cursor.epoch) if cursor else []
            if cursor is None or not waiting:
                return 0
            await work.facts.lock({item.body for item in waiting})
            document = await self._here.document(work, origin)
            said = await work.facts.said(map(_key, waiting))
            reception = Reception(self._here.server, origin, document, self._here.catalogue, said)
            now_ms = int(self._clock.now().timestamp() * 1000)
            stuck: set[str] = set()
            for item in waiting:
                key = _key(item)
                held = (await work.facts.of_keys([key])).get(key, SharedFact(key))
                envelope = Envelope.from_bytes(item.content or b"")
                settlement = reception.settle(envelope, held, now_ms=now_ms, is_lane_parked=item.body in stuck)
                if settlement.fate is Fate.PARKED:
                    stuck.add(item.body)
                    continue
                if settlement.fact is not None:
                    await work.facts.save([settlement.fact])
                    work.publish(FactsChanged(key.siren, key.year, (key.concept,)))
                content = item.content if settlement.fate is Fate.APPLIED else None
                settled = Received(item.seq, settlement.fate, settlement.reason, item.body, content, item.root)
                await work.inbox.settle(origin, cursor.epoch, settled)
            await work.commit()
        return sum(item.body in stuck for item in waiting)


def _key(item: Received) -> FactKey:
    return fact_of_content(Envelope.from_bytes(item.content or b"").content).key
