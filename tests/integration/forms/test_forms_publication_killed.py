"""Workers that give a form set to open filings as real processes: one killed in the middle, one that wakes too late."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest

from chassis.clock import SystemClock
from chassis.database.engine import sessions_of
from chassis.identifiers import TimeSortableIdentifiers
from services.forms.domain.filing import Document
from services.forms.domain.publication import Publication, PublicationState, Tally
from services.forms.store.snapshots import SignedContents
from services.forms.store.unit_of_work import FormsUnitOfWork
from services.forms.usecases.publish_form_set import UndoFormSetChange
from tests.support.forms import AMOUNT, NOON, a_body, a_campaign, a_cell, a_filing
from tests.support.hosting import a_caller
from tests.support.postgres import TestDatabase
from tests.support.workshop import Workshop, an_engine

pytestmark = pytest.mark.slow

FILINGS = 40
SLOW, FAST = 0.5, 0.0
"""Seconds before each transaction: the first worker must not end before it is killed."""
CLOSED_LATER = "CP.380.n"
PUBLICATION = UUID(int=1)
STAFF = a_caller("Alex Agent", on={"*": ["campaign.manage"]})
WORKER = """
import asyncio, os, signal, sys
from functools import partial

import formsets
from chassis.clock import SystemClock
from chassis.database.engine import sessions_of
from chassis.identifiers import TimeSortableIdentifiers
from services.forms.store.snapshots import SignedContents
from services.forms.store.unit_of_work import FormsUnitOfWork
from services.forms.usecases.carry_out_publications import CarryOutPublications
from services.forms.workers.carrying_out import LoggedMishaps
from tests.support.forms import CannedControls
from tests.support.workshop import Shift, an_engine

shift = Shift(*sys.argv[1:6])


class Telling(CannedControls):
    async def evaluate(self, filing, inputs, given, previous=None):
        shift.note("filing")
        if str(filing.id) in sys.argv[6:]:
            os.kill(os.getpid(), signal.SIGKILL)
        return await super().evaluate(filing, inputs, given, previous)


class Pausing(FormsUnitOfWork):
    async def __aenter__(self):
        await asyncio.sleep(shift.pause)
        return await super().__aenter__()


async def main():
    clock = SystemClock()
    sessions = sessions_of(an_engine(shift.url, "forms"))
    open_work = partial(Pausing, sessions, clock, TimeSortableIdentifiers(clock), lambda: None, SignedContents())
    await shift.work(CarryOutPublications(open_work, Telling(), formsets, LoggedMishaps(), clock, shift.lease))


asyncio.run(main())
"""


class Publishing(Workshop):
    """One publication to a campaign, and the processes that carry it out."""

    async def standing(self) -> tuple[Publication, Tally]:
        """The publication as it is kept, and how far it is."""
        async with self.open_work() as work:
            publication = await work.publications.get(PUBLICATION)
            return publication, await work.publications.tally(publication)

    async def form_sets(self) -> Counter[str]:
        """How many filings are under which form set."""
        async with self.open_work() as work:
            return Counter(one.form_set for one in await work.filings.of_campaign(Document.ER, 2024))

    async def written(self) -> tuple[Counter[str], Counter[str], int]:
        """What is filled, the kinds of what happened, and how many values are aside."""
        filled: Counter[str] = Counter()
        kinds: Counter[str] = Counter()
        aside = 0
        async with self.open_work() as work:
            for filing in await work.filings.of_campaign(Document.ER, 2024):
                filled.update(one.address for one in (await work.cells.of(filing.id)).values() if one.value)
                kinds.update(one.kind for one in await work.activities.of(filing.id))
                aside += len(await work.set_aside.of(filing.id))
        return filled, kinds, aside


@pytest.fixture
async def workshop(database: TestDatabase, tmp_path: Path) -> AsyncIterator[Publishing]:
    url, clock = database.apart("publication").fresh("forms"), SystemClock()
    engine = an_engine(url, "forms")
    identifiers = TimeSortableIdentifiers(clock)
    open_work = partial(FormsUnitOfWork, sessions_of(engine), clock, identifiers, lambda: None, SignedContents())
    async with open_work() as work:
        await work.campaigns.save(a_campaign(form_set="2025.1"))
        asked = Publication(PUBLICATION, Document.ER, 2024, "2024.1", "2025.1", "Alex Agent", clock.now())
        await work.publications.add(asked.asked(clock.now()))
        for number in range(1, FILINGS + 1):
            filing = a_filing(id=UUID(int=number), body=a_body(siren=f"{number:09}"), opened_at=NOON)
            await work.filings.add(filing)
            await work.cells.save(filing.id, [a_cell(AMOUNT, "1"), a_cell(CLOSED_LATER, "40")])
        await work.commit()
    yield Publishing(WORKER, url, tmp_path / "diary", open_work)
    await engine.dispose()


async def test_a_publication_whose_worker_is_killed_is_gone_on_with_by_another_after_the_lease(workshop):
    async with workshop.worker("first", SLOW) as first:
        await workshop.until("first filing")
        async with workshop.worker("second", FAST):
            await workshop.until("second idle")
            first.send_signal(signal.SIGKILL)
            await first.wait()
            half = await workshop.form_sets()
            await workshop.until("second ended")

    publication, tally = await workshop.standing()
    assert (publication.state, publication.token, tally) == (PublicationState.DONE, 2, Tally(FILINGS, 0))
    assert 0 < half["2025.1"] < FILINGS
    assert workshop.lines().count("second filing") == FILINGS - half["2025.1"], "from where the first one stopped"
    assert await workshop.form_sets() == {"2025.1": FILINGS}
    filled, kinds, aside = await workshop.written()
    assert (filled, kinds, aside) == ({AMOUNT: FILINGS}, {"FORM_SET_CHANGED": FILINGS}, FILINGS), "each of them once"


async def test_a_worker_that_sleeps_past_its_lease_and_wakes_is_fenced_out(workshop):
    async with workshop.worker("sleeper", SLOW) as sleeper:
        await workshop.until("sleeper filing")
        await asyncio.sleep(SLOW / 2)  # committed: a process that stops with a row in hand stops whoever wants it
        sleeper.send_signal(signal.SIGSTOP)
        async with workshop.worker("second", FAST):
            await workshop.until("second ended")
        done, before = await workshop.standing(), await workshop.written()
        sleeper.send_signal(signal.SIGCONT)
        await workshop.until("sleeper ended")

    assert done[0].state is PublicationState.DONE
    assert await workshop.standing() == done
    assert await workshop.written() == before == ({AMOUNT: FILINGS}, {"FORM_SET_CHANGED": FILINGS}, FILINGS)


async def test_what_a_killed_worker_had_published_is_taken_back_and_nothing_else(workshop):
    async with workshop.worker("first", SLOW) as first:
        await workshop.until("first filing")
        await asyncio.sleep(2 * SLOW)
        first.send_signal(signal.SIGKILL)
        await first.wait()
    half = (await workshop.form_sets())["2025.1"]

    await UndoFormSetChange(workshop.open_work, SystemClock())(STAFF, PUBLICATION)
    async with workshop.worker("second", FAST):
        await workshop.until("second ended")

    publication, tally = await workshop.standing()
    assert (publication.state, publication.is_undone, tally) == (PublicationState.DONE, True, Tally(half, 0))
    assert 0 < half < FILINGS
    assert await workshop.form_sets() == {"2024.1": FILINGS}
    filled, kinds, _ = await workshop.written()
    assert filled == {AMOUNT: FILINGS, CLOSED_LATER: FILINGS}
    assert kinds == {"FORM_SET_CHANGED": half, "FORM_SET_TAKEN_BACK": half}


async def test_a_filing_that_kills_every_worker_holds_no_other_up(workshop):
    deadly = UUID(int=3)
    for name in ("first", "second", "third"):
        async with workshop.worker(name, FAST, str(deadly)) as worker:
            await worker.wait()
    async with workshop.worker("last", FAST, str(deadly)), asyncio.timeout(120):
        while (await workshop.form_sets())["2025.1"] < FILINGS - 1:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.1)

    publication, tally = await workshop.standing()
    assert (publication.is_under_way, tally) == (True, Tally(FILINGS - 1, 1)), "it will be tried again"
    assert [(one.filing_id, one.why) for one in publication.failed] == [(deadly, "NEVER_ENDED")]
    filled, kinds, _ = await workshop.written()
    assert (filled[AMOUNT], filled[CLOSED_LATER]) == (FILINGS, 1), "of that one nothing is lost"
    assert kinds == {"FORM_SET_CHANGED": FILINGS - 1}
