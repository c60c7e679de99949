"""Writes the choice of a person of the body between values in conflict; it dominates them on every server."""

from chassis.clock import Clock
from services.sync.domain.errors import ChoiceOutdated, UnknownFact
from services.sync.domain.events import FactsChanged
from services.sync.domain.fact import FactKey
from services.sync.domain.hlc import HybridClock
from services.sync.domain.publication import latest_tellings
from services.sync.domain.version_vector import VersionVector
from services.sync.domain.view import FactView, view_of
from services.sync.usecases.ports import OpensWork
from services.sync.usecases.sending import Here, send


class ResolveFact:
    """Once per request id (kept by the chassis)."""

    def __init__(self, open_work: OpensWork, here: Here, clock: Clock, hybrid: HybridClock) -> None:
        self._open_work, self._here, self._clock, self._hybrid = open_work, here, clock, hybrid

    async def __call__(self, key: FactKey, value: str | None, author: str) -> FactView:
        """Return the fact after the choice.

        Raises:
            UnknownFact: nothing is held about it.
            NotInConflict: there is nothing to choose.
            ChoiceOutdated: the value no longer stands, or something arrived that nobody here has been shown.
            FactSealed: the ER is signed, and this is not its value or not its server.
        """
        async with self._open_work() as work:
            await work.facts.lock([key.siren])
            fact = (await work.facts.of_keys([key])).get(key)
            if fact is None:
                raise UnknownFact
            told = latest_tellings(await work.tellings.about(key.siren, key.year, [key.concept])).get(key.concept)
            if fact.is_conflict and (told is None or not told.knows(fact.context)):
                raise ChoiceOutdated("Une autre valeur vient d'arriver ; rechargez avant de choisir.")
            chosen = next((v.vector for v in fact.versions if v.value == value), VersionVector())
            now = self._hybrid.tick(int(self._clock.now().timestamp() * 1000))
            after = fact.resolved(chosen, fact.context, author=author, writer=self._here.writer, now=now)
            await work.facts.save([after])
            await send(work, self._here, [version for version in after.versions if version not in fact.versions])
            work.publish(FactsChanged(key.siren, key.year, (key.concept,)))
            await work.commit()
        view = view_of(after, self._here.server)
        assert view is not None, "a fact that was resolved has a version"
        return view
