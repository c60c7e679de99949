"""Lets a body see what a form set in trial makes of its figures, and throw that away."""

from dataclasses import dataclass, replace
from uuid import UUID

from chassis.clock import Clock, day_in_paris
from chassis.identifiers import Identifiers
from chassis.identity import Caller
from formsets import FormSet
from services.forms.domain.activity import Activity
from services.forms.domain.cell import Cell
from services.forms.domain.filing import Body, Document, Filing
from services.forms.domain.form_set_change import change_form_set
from services.forms.domain.form_set_life import require_on_trial
from services.forms.usecases.counting import FilingCard, card_of
from services.forms.usecases.evaluating import write_cells
from services.forms.usecases.permitting import require_on, require_on_body
from services.forms.usecases.ports import Bodies, Controls, FormSets, OpensWork, UnitOfWork
from services.forms.usecases.publish_form_set import load_known


@dataclass(frozen=True, slots=True)
class TrialOpened:
    """A trial, and what it took from the filing of the same document and year."""

    card: FilingCard
    is_new: bool
    taken: int = 0
    left_out: tuple[str, ...] = ()
    """Cells whose value the form set in trial does not take."""


class OpenTrial:
    """Opening again returns the trial that is there. A new one starts with the figures that the body has here, if any."""

    def __init__(
        self,
        open_work: OpensWork,
        bodies: Bodies,
        controls: Controls,
        form_sets: FormSets,
        clock: Clock,
        identifiers: Identifiers,
    ) -> None:
        self._open_work, self._bodies, self._controls = open_work, bodies, controls
        self._form_sets, self._clock, self._identifiers = form_sets, clock, identifiers

    async def __call__(self, caller: Caller, siren: str, document: Document, year: int, form_set: str) -> TrialOpened:
        """Return the trial.

        Raises:
            BodyUnknown: the caller may not know this body, or this server does not.
            Forbidden: the caller lacks `filing.open` on it.
            CampaignMalformed: this server does not have that form set.
            FormSetNotOnTrial: it is a draft, published, or closed.
        """
        require_on_body(caller, "filing.open", siren)
        asked = load_known(self._form_sets, form_set)
        body = await self._bodies.get(siren)
        async with self._open_work() as work:
            # A form set that leaves its trial meanwhile throws this one away, or refuses it.
            require_on_trial(form_set, await work.form_set_states.hold(form_set))
            if found := await work.filings.find_trial(siren, document, year, form_set):
                return TrialOpened(await card_of(work, self._form_sets, found, self._clock.now()), is_new=False)
            opened = await self._open(work, caller, body, document, year, asked)
            await work.commit()
        return opened

    async def _open(
        self, work: UnitOfWork, caller: Caller, body: Body, document: Document, year: int, form_set: FormSet
    ) -> TrialOpened:
        now = self._clock.now()
        trial = Filing(
            id=self._identifiers.next(),
            body=body,
            document=document,
            year=year,
            form_set=form_set.version,
            opened_by=caller.name,
            opened_at=now,
            changed_at=now,
            due_on=day_in_paris(now),
            is_trial=True,
        )
        await work.filings.add(trial)
        taken, left_out = await self._figures(work, trial, form_set)
        written = await write_cells(work, self._controls, form_set, trial, {}, taken, caller.name, now)
        # Opening is not a change: the first revision is the one opened with.
        trial = replace(written.filing, revision=1)
        await work.filings.save(trial)
        named = f" ({', '.join(left_out[:10])})" if left_out else ""
        fr = f"Essai du référentiel {form_set.version} : {len(taken)} valeur(s) reprise(s), {len(left_out)} laissée(s)"
        en = f"Trial of form set {form_set.version}: {len(taken)} value(s) taken, {len(left_out)} left out"
        activity = Activity(trial.id, now, caller.name, "TRIAL_OPENED", f"{fr}{named}.", f"{en}{named}.")
        await work.activities.add(activity)
        card = await card_of(work, self._form_sets, trial, now)
        return TrialOpened(card, True, len(taken), left_out)

    async def _figures(self, work: UnitOfWork, trial: Filing, form_set: FormSet) -> tuple[list[Cell], tuple[str, ...]]:
        """Return copies of the cells of the real filing that the form set takes, and the addresses of the others."""
        real = await work.filings.find(trial.body.siren, trial.document, trial.year)
        if real is None:
            return [], ()
        cells = await work.cells.of(real.id)
        before = self._form_sets.load(real.form_set)
        change = change_form_set(before, form_set, trial.document, trial.year, cells.values())
        taken = [Cell(address, cells[address].value, 1, cells[address].source) for address in change.carried]
        return taken, tuple(one.cell.address for one in change.to_choose)


class DiscardTrial:
    """Throws one trial away; the next one starts afresh."""

    def __init__(self, open_work: OpensWork) -> None:
        self._open_work = open_work

    async def __call__(self, caller: Caller, filing_id: UUID) -> None:
        """Forget a trial, with everything in it.

        Raises:
            FilingUnknown: no such filing for this caller.
            Forbidden: the caller lacks `filing.open` on its body.
            NotATrial: it is a real filing.
        """
        async with self._open_work() as work:
            filing = await work.filings.get_for_change(filing_id)
            require_on(caller, "filing.open", filing)
            filing.require_trial()
            await work.filings.throw_away([filing_id])
            await work.commit()
