"""Shows changed facts to the forms service, and remembers what it has been told."""

from collections.abc import Sequence
from hashlib import sha256

from chassis.clock import Clock
from services.sync.domain.publication import Telling
from services.sync.domain.view import view_of
from services.sync.usecases.ports import Filings, OpensWork
from services.sync.usecases.sending import Here


class TellForms:
    """At least once: what is told is always how the facts stand now, so a late or repeated telling does no harm."""

    def __init__(self, open_work: OpensWork, here: Here, filings: Filings, clock: Clock) -> None:
        self._open_work, self._here, self._filings, self._clock = open_work, here, filings, clock

    async def __call__(self, event_id: str, siren: str, year: int, concepts: Sequence[str]) -> None:
        """Tell forms about these concepts.

        Raises:
            Unavailable: forms does not answer; the relay tries again.
        """
        async with self._open_work() as work:
            held = await work.facts.of_body(siren, year)
        facts = {concept: held[concept] for concept in concepts if concept in held}
        views = {concept: view_of(fact, self._here.server) for concept, fact in facts.items()}
        # Forms ignores an id it has seen; what stands differently by now must not be taken for a repeat.
        content = sha256(b"".join(facts[concept].digest() for concept in sorted(facts))).hexdigest()[:16]
        await self._filings.tell(
            f"{event_id}.{content}", siren, year, {concept: view for concept, view in views.items() if view}
        )
        told_at = self._clock.now()
        async with self._open_work() as work:
            await work.tellings.add(
                siren, year, [Telling(concept, fact.context, told_at) for concept, fact in facts.items()]
            )
            await work.commit()
