"""Takes in what changed in the filings of this server, and sends it to whoever is entitled."""

from collections.abc import Sequence

from chassis.clock import Clock
from services.sync.domain.events import EditRefused, FactsChanged
from services.sync.domain.hlc import HybridClock
from services.sync.domain.publication import Publication, ReportedChange
from services.sync.usecases.ports import OpensWork
from services.sync.usecases.sending import Here, send


class PublishFacts:
    """Harmless to repeat: by event. One transaction: facts, envelopes, event, with the dense counters last."""

    def __init__(self, open_work: OpensWork, here: Here, clock: Clock, hybrid: HybridClock) -> None:
        self._open_work, self._here, self._clock, self._hybrid = open_work, here, clock, hybrid

    async def __call__(
        self, event_id: str, siren: str, year: int, changes: Sequence[ReportedChange], *, seals: bool
    ) -> int:
        """Return how many envelopes were appended by this call; 0 for a repeat.

        A change that may not be made is not an error of the report: it is kept as an incident, and forms is told how
        the fact stands.
        """
        async with self._open_work() as work:
            if not await work.is_first(event_id):
                return 0
            await work.facts.lock([siren])
            concepts = {change.concept for change in changes}
            publication = Publication(
                siren,
                year,
                self._here.writer,
                self._here.catalogue,
                # A seal freezes those too that the report does not name.
                await (work.facts.of_body(siren, year) if seals else work.facts.touched_by(siren, year, concepts)),
                await work.tellings.about(siren, year, concepts),
                self._hybrid.tick(int(self._clock.now().timestamp() * 1000)),
            )
            (publication.seal if seals else publication.take)(changes)
            await work.facts.save(publication.facts[concept] for concept in _concepts(publication))
            appended = await send(work, self._here, publication.written)
            for concept, reason in sorted(publication.to_tell.items()):
                if reason != "CONFLICT":
                    work.publish(EditRefused(siren, year, concept, reason))
            if publication.to_tell:
                work.publish(FactsChanged(siren, year, tuple(sorted(publication.to_tell))))
            await work.commit()
        return appended


def _concepts(publication: Publication) -> list[str]:
    return sorted({version.key.concept for version in publication.written})
