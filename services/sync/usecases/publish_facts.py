"""Takes in what changed in the filings of this server, and sends it to whoever is entitled."""

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.clock import Clock
from services.sync.domain.events import EditRefused, FactsChanged
from services.sync.domain.fact import Fact
from services.sync.domain.hlc import HybridClock, HybridTime
from services.sync.domain.publication import Publication, ReportedChange
from services.sync.usecases.ports import OpensWork, UnitOfWork
from services.sync.usecases.sending import Here, send


@dataclass(frozen=True, slots=True)
class Report:
    """What forms says of one body and year, in one event."""

    event_id: str
    siren: str
    year: int
    changes: Sequence[ReportedChange]
    seals: bool = False
    """The ER is signed with these values."""


class PublishFacts:
    """Harmless to repeat: by event. One transaction: facts, envelopes, events, with the dense counters last."""

    def __init__(self, open_work: OpensWork, here: Here, clock: Clock, hybrid: HybridClock) -> None:
        self._open_work, self._here, self._clock, self._hybrid = open_work, here, clock, hybrid

    async def __call__(self, reports: Sequence[Report]) -> int:
        """Take the reports in order, as if each had come alone; return how many envelopes were appended.

        Those of one body and year read the facts held of it once. A change that may not be made is not an error of its
        report: it is kept as an incident, and forms is told how the fact stands.
        """
        by_event = {report.event_id: report for report in reports}
        async with self._open_work() as work:
            first = await work.first_of(list(by_event))
            of_years: dict[tuple[str, int], list[Report]] = {}
            for report in by_event.values():
                if report.event_id in first:
                    of_years.setdefault((report.siren, report.year), []).append(report)
            if not of_years:
                return 0
            await work.facts.lock(siren for siren, _ in of_years)
            written = [version for of_year in of_years.values() for version in await self._take(work, of_year)]
            appended = await send(work, self._here, written)
            await work.commit()
        return appended

    async def _take(self, work: UnitOfWork, reports: Sequence[Report]) -> list[Fact]:
        siren, year = reports[0].siren, reports[0].year
        concepts = {change.concept for report in reports for change in report.changes}
        seals = any(report.seals for report in reports)
        publication = Publication(
            siren,
            year,
            self._here.writer,
            self._here.catalogue,
            # A seal freezes those too that the report does not name.
            await (work.facts.of_body(siren, year) if seals else work.facts.touched_by(siren, year, concepts)),
            await work.tellings.about(siren, year, concepts),
            self._now(),
        )
        to_tell: set[str] = set()
        for report in reports:
            publication.now = self._now()
            before = len(publication.written)
            (publication.seal if report.seals else publication.take)(report.changes)
            # Each time: what a later report replaces was written too, and whoever is told of it must find it.
            touched = sorted({version.key.concept for version in publication.written[before:]})
            await work.facts.save(publication.facts[concept] for concept in touched)
            for concept, reason in sorted(publication.to_tell.items()):
                if reason != "CONFLICT":
                    work.publish(EditRefused(siren, year, concept, reason))
            to_tell |= publication.to_tell.keys()
            publication.to_tell.clear()
        if to_tell:
            work.publish(FactsChanged(siren, year, tuple(sorted(to_tell))))
        return publication.written

    def _now(self) -> HybridTime:
        return self._hybrid.tick(int(self._clock.now().timestamp() * 1000))
