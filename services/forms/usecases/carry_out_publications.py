"""Gives open filings the form set that was published, or puts them back, one after the other (F9, ADR 0013).

Each filing in its own transaction under its row lock: a save in flight is either before, and carried, or after, and read
under the new form set. The same transaction renews the lease: a worker that lost it changes nothing more.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from chassis.agreement import in_both
from chassis.clock import Clock
from chassis.errors import Exhausted, Failure, Invalid, Unavailable
from services.forms.domain.activity import Activity
from services.forms.domain.cell import Cell, Origin, Source
from services.forms.domain.errors import PublicationLeaseLost
from services.forms.domain.filing import Filing, Lock
from services.forms.domain.form_set_change import Unfit, change_form_set, emptied, is_open, set_aside, take_back
from services.forms.domain.publication import (
    MOST_ATTEMPTS,
    NEVER_ENDED,
    SIGNATURES_UNDER_WAY,
    ChangedFiling,
    Publication,
)
from services.forms.usecases.evaluating import write_cells
from services.forms.usecases.ports import Controls, FormSets, Mishaps, OpensWork, UnitOfWork

PAGE = 100
"""Filings looked up at once."""


class CarryOutPublications:
    """Takes the publication up that was asked for first, and brings it to its end, one filing at a time.

    The row of a filing is held while it is judged, and whoever saves it waits: `controls` are those that people have.
    """

    def __init__(
        self,
        open_work: OpensWork,
        controls: Controls,
        form_sets: FormSets,
        mishaps: Mishaps,
        clock: Clock,
        lease: timedelta,
    ) -> None:
        self._open_work, self._controls, self._form_sets, self._mishaps = open_work, controls, form_sets, mishaps
        self._clock, self._lease = clock, lease

    async def __call__(self) -> bool:
        """Do what is due of one publication; False when nothing is."""
        now = self._clock.now()
        async with self._open_work() as work:
            publication = await work.publications.take(now, now + self._lease)
            await work.commit()
        if publication is None:
            return False
        with suppress(PublicationLeaseLost):  # another worker has it, or it is being taken back
            if publication.attempts > MOST_ATTEMPTS:
                await self._keep(publication.given_up(NEVER_ENDED, now))
            else:
                await self._bring_to_end(publication)
        return True

    async def _bring_to_end(self, publication: Publication) -> None:
        locks, refusals = [], []
        async for filing_id in self._in_turn(publication):
            try:
                if publication.is_wary_of(filing_id):
                    await self._keep(self._failed(publication, filing_id, NEVER_ENDED))
                if (lock := await self._change(publication, filing_id)) is not None:
                    locks.append(lock)
                else:
                    publication = publication.went_on(filing_id, self._clock.now() + self._lease)
            except Invalid as refusal:
                # What this filing holds is in the way, and not in that of the others. No page says which: T-26.
                self._mishaps.left_out(publication.id, filing_id, refusal.code)
                refusals.append(refusal.code)
            except PublicationLeaseLost:
                raise
            except Failure as failure:
                if not await self._is_its_own(failure, publication):
                    await self._keep(publication.waits_for_others(failure.code, self._clock.now()))
                    return
                publication = await self._put_off(publication, filing_id, failure.code)
            except Exception as error:
                # First: when the lease is gone as well, that is all there is to keep.
                self._mishaps.interrupted(publication.id, error)
                publication = await self._put_off(publication, filing_id, type(error).__name__)
        await self._keep(_at_the_end(publication, locks, refusals, self._clock.now()))

    async def _is_its_own(self, failure: Failure, publication: Publication) -> bool:
        """Tell whether a failure is of one filing: the controls have turns left, and answer when nothing is asked of them."""
        if not isinstance(failure, Unavailable):
            return not isinstance(failure, Exhausted)
        try:
            await self._controls.read(publication.after, publication.year, ())
        except Failure:
            return False
        return True

    def _failed(self, publication: Publication, filing_id: UUID, why: str) -> Publication:
        now = self._clock.now()
        return publication.failed_on(filing_id, why, now, now + self._lease)

    async def _put_off(self, publication: Publication, filing_id: UUID, why: str) -> Publication:
        """Have a filing tried again later, or put aside once that was too often; the others go on."""
        failed = self._failed(publication, filing_id, why)
        await self._keep(failed)
        self._mishaps.left_out(publication.id, filing_id, why)
        return failed

    async def _in_turn(self, publication: Publication) -> AsyncIterator[UUID]:
        """Yield the filings left to change; those on which it failed come last, once they are due."""
        failed, left = {one.filing_id: one for one in publication.failed}, set()
        async for filing_id in self._left(publication):
            if filing_id not in failed:
                yield filing_id
            left.add(filing_id)
        for filing_id, failure in failed.items():
            # One that is not left any more was signed meanwhile: nothing is done to it, and its failure is forgotten.
            if filing_id not in left or failure.is_due(self._clock.now()):
                yield filing_id

    async def _left(self, publication: Publication) -> AsyncIterator[UUID]:
        after = None
        while True:
            async with self._open_work() as work:
                page = await work.publications.left(publication, after, PAGE)
            for filing_id in page:
                yield filing_id
            if len(page) < PAGE:
                return
            after = page[-1]

    async def _keep(self, publication: Publication) -> None:
        async with self._open_work() as work:
            await work.publications.keep(publication)
            await work.commit()

    async def _change(self, publication: Publication, filing_id: UUID) -> Lock | None:
        """Change one filing, or put it back; return the lock of one that is being signed, which must wait."""
        async with self._open_work() as work:
            filing = await work.filings.get_for_change(filing_id)
            if not is_open(filing) or publication.is_done_with(filing.form_set):
                return None
            if filing.lock is not None:
                return filing.lock
            change = self._put_back if publication.is_undone else self._give
            await change(work, publication, filing)
            # Last, so that nobody who asks about the publication waits for a filing.
            await work.publications.keep(publication.went_on(filing_id, self._clock.now() + self._lease))
            await work.commit()
        return None

    async def _give(self, work: UnitOfWork, publication: Publication, filing: Filing) -> None:
        before, after = self._form_sets.load(filing.form_set), self._form_sets.load(publication.after)
        cells, now = await work.cells.of(filing.id), self._clock.now()
        change = change_form_set(before, after, filing.document, filing.year, cells.values())
        by = Source(Origin.TYPED, publication.author, now)
        present = await _put_aside(work, publication.id, filing.id, cells, change.unfit, by)
        moved = replace(filing, form_set=after.version)
        await write_cells(work, self._controls, after, moved, present, (), publication.author, now)
        await work.publications.add_filing(ChangedFiling(publication.id, filing.id, filing.form_set))
        told = in_both(
            "Référentiel {before} remplacé par {after} : {carried} valeur(s) reprise(s), "
            "{aside} mise(s) de côté à choisir.",
            "Form set {before} replaced by {after}: {carried} value(s) carried over, {aside} set aside for a choice.",
            before=before.version,
            after=after.version,
            carried=len(change.carried),
            aside=len(change.to_choose),
        )
        await work.activities.add(Activity(filing.id, now, publication.author, "FORM_SET_CHANGED", *told))

    async def _put_back(self, work: UnitOfWork, publication: Publication, filing: Filing) -> None:
        changed = await work.publications.filing(publication.id, filing.id)
        if changed is None:  # opened since
            changed = ChangedFiling(publication.id, filing.id, publication.before)
        after, before = self._form_sets.load(filing.form_set), self._form_sets.load(changed.before)
        cells, now = await work.cells.of(filing.id), self._clock.now()
        by = publication.undone_by
        aside = [one for one in await work.set_aside.of(filing.id) if one.publication_id == publication.id]
        back = take_back(after, before, filing, cells, aside, Source(Origin.TYPED, by, now))
        await work.set_aside.save([*back.returned, *(set_aside(publication.id, filing.id, one) for one in back.unfit)])
        gone = {one.cell.address for one in back.unfit}
        await work.cells.save(filing.id, [cell for cell in back.changed if cell.address in gone])
        present = {**cells, **{cell.address: cell for cell in back.changed}}
        returned = [cell for cell in back.changed if cell.address not in gone]
        moved = replace(filing, form_set=before.version)
        await write_cells(work, self._controls, before, moved, present, returned, by, now)
        await work.publications.add_filing(replace(changed, is_undone=True))
        told = in_both(
            "Retour au référentiel {before} : {returned} valeur(s) remise(s), {aside} mise(s) de côté à choisir.",
            "Back to form set {before}: {returned} value(s) put back, {aside} set aside for a choice.",
            before=before.version,
            returned=len(back.returned),
            aside=len(back.to_choose),
        )
        await work.activities.add(Activity(filing.id, now, by, "FORM_SET_TAKEN_BACK", *told))


def _at_the_end(publication: Publication, locks: Sequence[Lock], refusals: Sequence[str], at: datetime) -> Publication:
    if any(lock.lasts(at) for lock in locks):
        return publication.waits_for_others(SIGNATURES_UNDER_WAY, at)
    waiting = [(one.due_at, one.why) for one in publication.failed if one.due_at is not None]
    if waiting:
        return publication.waits_until(*min(waiting))
    # The signature of an old lock may never come, and may come late: its filing is not changed, and holds nothing up.
    left = [*refusals, *(one.why for one in publication.failed), *(SIGNATURES_UNDER_WAY for _ in locks)]
    return publication.given_up(left[0], at) if left else publication.done(at)


async def _put_aside(
    work: UnitOfWork,
    publication_id: UUID,
    filing_id: UUID,
    cells: Mapping[str, Cell],
    unfit: Sequence[Unfit],
    source: Source,
) -> dict[str, Cell]:
    """Keep values aside and empty their cells; return the cells then. Other servers are not told: nobody erased a fact."""
    empty = [emptied(one.cell, source) for one in unfit]
    await work.set_aside.save([set_aside(publication_id, filing_id, one) for one in unfit])
    await work.cells.save(filing_id, empty)
    return {**cells, **{cell.address: cell for cell in empty}}
