"""The three things the signature service asks: freeze, lock, seal."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from chassis.clock import Clock
from chassis.identity import Caller
from formsets import FormSet, values
from services.forms.domain.activity import Activity
from services.forms.domain.attachment import Attachment
from services.forms.domain.cell import Cell
from services.forms.domain.evaluation import Evaluation
from services.forms.domain.events import SharedFactsChanged
from services.forms.domain.filing import Document, Filing
from services.forms.domain.sharing import differing, sealed_facts
from services.forms.domain.shortcomings import obstacles_in
from services.forms.domain.snapshot import Snapshot, changed_since
from services.forms.usecases.attach_file import with_scans
from services.forms.usecases.counting import card_of
from services.forms.usecases.evaluating import refresh
from services.forms.usecases.permitting import require_on
from services.forms.usecases.ports import Controls, FormSets, OpensWork


def content_of(
    form_set: FormSet, document: Document, cells: dict[str, Cell], computed: dict[str, str]
) -> dict[str, str]:
    """Return the whole content in written form: inputs as they are, computed cells rounded for release (decisions.md 7)."""
    content = {cell.address: cell.value for cell in cells.values() if cell.value}
    for address, value in computed.items():
        if form_set.document_of(address) == document and value:
            content[address] = _released(form_set, address, value)
    return content


def _released(form_set: FormSet, address: str, value: str) -> str:
    cell_type = form_set.cell_type(address)
    return values.written(values.rounded(values.parse(value, cell_type), cell_type))


class FreezeFiling:
    """Takes a snapshot for signature of what the rules say now. Editing goes on and makes it stale.

    Freezing the same revision again returns the snapshot that was taken first.
    """

    def __init__(self, open_work: OpensWork, controls: Controls, form_sets: FormSets, clock: Clock) -> None:
        self._open_work, self._controls, self._form_sets, self._clock = open_work, controls, form_sets, clock

    async def __call__(self, caller: Caller, filing_id: UUID) -> tuple[Filing, Snapshot]:
        """Return the filing and its snapshot.

        Raises:
            FilingUnknown: no such filing for this caller.
            FilingNotReady: with one violation per obstacle.
            CampaignClosed: its last day is over.
        """
        async with self._open_work() as work:
            filing = await work.filings.get_for_change(filing_id)
            require_on(caller, "filing.sign", filing)
            filing.require_in_time(self._clock.now())
            form_set = self._form_sets.load(filing.form_set)
            cells = await work.cells.of(filing_id)
            now, attached = self._clock.now(), await work.attachments.of(filing_id)
            fresh = await refresh(work, self._controls, form_set, filing, cells, caller.name, now)
            filing = fresh.filing
            card = await card_of(work, self._form_sets, filing, now)
            filing.require_signable(differing(cells), card.set_aside, obstacles_in(card.lacking))
            await work.snapshots.add(_snapshot(filing, form_set, cells, fresh.evaluation, now, attached))
            # Frozen before at this revision: what was kept then is what is shown and signed.
            snapshot = await work.snapshots.get(filing_id, filing.next_version, filing.revision)
            await work.commit()
        return filing, snapshot


def _snapshot(
    filing: Filing,
    form_set: FormSet,
    cells: dict[str, Cell],
    report: Evaluation,
    now: datetime,
    attached: Sequence[Attachment],
) -> Snapshot:
    places = (place for finding in report.findings for place in finding.places)
    counting = dict.fromkeys(place.justification for place in places if place.justification)
    return Snapshot(
        filing_id=filing.id,
        version=filing.next_version,
        revision=filing.revision,
        cells=content_of(form_set, filing.document, cells, dict(report.computed)),
        verdict=report.verdict,
        rule_set=report.rule_set,
        form_set_digest=form_set.digest,
        justifications=tuple(counting),
        frozen_at=now,
        attachments=tuple(attached),
    )


class GetFrozenFiling:
    """Returns a snapshot taken earlier."""

    def __init__(self, open_work: OpensWork) -> None:
        self._open_work = open_work

    async def __call__(self, filing_id: UUID, version: int, revision: int) -> tuple[Filing, Snapshot]:
        """Return the filing and the snapshot.

        Raises:
            FilingUnknown: there is none.
        """
        async with self._open_work() as work:
            snapshot = await work.snapshots.get(filing_id, version, revision)
            attached = tuple(await with_scans(work, snapshot.attachments))
            return await work.filings.get(filing_id), replace(snapshot, attachments=attached)


class LockFiling:
    """Forbids edits while the key is used, if nothing changed since the snapshot that was shown (F1)."""

    def __init__(self, open_work: OpensWork, form_sets: FormSets, clock: Clock) -> None:
        self._open_work, self._form_sets, self._clock = open_work, form_sets, clock

    async def __call__(self, filing_id: UUID, version: int, revision: int, intent_id: str) -> list[str]:
        """Lock, or return the cells changed since the snapshot; an empty list means locked.

        `*` stands for a change that is not in a cell: step, verdict or justification.

        Raises:
            LockHeld: another signature is under way, or this version is signed.
            CampaignClosed: its last day is over.
        """
        async with self._open_work() as work:
            filing = await work.filings.get_for_change(filing_id)
            snapshot = await work.snapshots.get(filing_id, version, revision)
            cells, computed = await work.cells.of(filing_id), await work.cells.computed(filing_id)
            form_set = self._form_sets.load(filing.form_set)
            changed = changed_since(snapshot, content_of(form_set, filing.document, cells, computed))
            if changed or filing.revision != revision:
                return changed or ["*"]
            now = self._clock.now()
            if filing.lock is None or filing.lock.intent_id != intent_id:
                # The intent that holds the lock took it in time.
                filing.require_in_time(now)
            await work.filings.save(filing.locked(version, intent_id, now))
            await work.commit()
        return []


class SealFiling:
    """Records that a version is signed: read-only from now on; the shared facts of an ER are sealed everywhere."""

    def __init__(self, open_work: OpensWork, form_sets: FormSets) -> None:
        self._open_work, self._form_sets = open_work, form_sets

    async def __call__(
        self, event_id: str, filing_id: UUID, version: int, revision: int, number: str, signatory: str, at: datetime
    ) -> None:
        """Seal once; a repeat of the event, or a report of a version that is sealed already, changes nothing.

        Raises:
            FilingUnknown: there is no such filing or snapshot.
        """
        async with self._open_work() as work:
            if not await work.is_first("SealFiling", event_id):
                return
            filing = await work.filings.get_for_change(filing_id)
            if version <= filing.signed_version:
                await work.commit()
                return
            snapshot = await work.snapshots.get(filing_id, version, revision)
            await work.snapshots.mark_signed(filing_id, version, revision)
            await work.to_review.settle(filing_id)
            await work.filings.save(filing.sealed(version, number, at))
            if filing.document is Document.ER:
                form_set = self._form_sets.load(filing.form_set)
                cells, computed = await work.cells.of(filing_id), await work.cells.computed(filing_id)
                facts = sealed_facts(form_set, snapshot.cells, cells, computed, signatory, at)
                work.publish(SharedFactsChanged(filing_id, filing.body.siren, filing.year, tuple(facts), seals=True))
            await work.activities.add(
                Activity(
                    filing_id,
                    at,
                    signatory,
                    "FILING_SIGNED",
                    *_sealed(version, number),
                )
            )
            await work.commit()


def _sealed(version: int, number: str) -> tuple[str, str]:
    """Return what happened, in French and in English."""
    fr = f"Version {version} signée et transmise, récépissé {number}."
    en = f"Version {version} signed and transmitted, receipt {number}."
    if version == 1:
        return fr, en
    return (
        f"{fr} Elle remplace la version {version - 1}, dont la suspension prend fin.",
        f"{en} It replaces version {version - 1}, whose suspension ends.",
    )
