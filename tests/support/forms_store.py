"""The forms service's unit of work in memory: what a transaction writes is seen by others once it commits."""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from types import TracebackType
from typing import Self
from uuid import UUID

from chassis.errors import Conflict
from formsets.workflow import APPROVED_ON
from services.forms.domain.accounts import AccountMapping
from services.forms.domain.activity import NOTICES, Activity
from services.forms.domain.attachment import Attachment
from services.forms.domain.campaign import Campaign, Extension
from services.forms.domain.cell import Cell, Origin
from services.forms.domain.comment import CellComment
from services.forms.domain.errors import (
    AttachmentUnknown,
    EditStepUnknown,
    FilingUnknown,
    ImportUnknown,
    PublicationLeaseLost,
    PublicationUnknown,
)
from services.forms.domain.events import FormsEvent
from services.forms.domain.filing import Document, Filing, Step
from services.forms.domain.form_set_change import Fate, SetAside, is_open
from services.forms.domain.form_set_life import DeclaredState, FormSetState
from services.forms.domain.form_set_preview import FilledCells, ValueCount
from services.forms.domain.importing import ImportChoice, ImportPreview
from services.forms.domain.publication import ChangedFiling, Publication, PublicationState, Tally
from services.forms.domain.review import CellToReview
from services.forms.domain.snapshot import Snapshot
from services.forms.domain.transmitted import TransmittedFilter, plain
from services.forms.domain.undoing import EditStep
from services.forms.usecases.ports import CellCounts


@dataclass
class Kept:
    """What the store holds."""

    filings: dict[UUID, Filing] = field(default_factory=dict)
    cells: dict[UUID, dict[str, Cell]] = field(default_factory=dict)
    versions: dict[tuple[UUID, str, int], Cell] = field(default_factory=dict)
    computed: dict[UUID, dict[str, str]] = field(default_factory=dict)
    imports: dict[UUID, ImportPreview] = field(default_factory=dict)
    steps: dict[UUID, EditStep] = field(default_factory=dict)
    campaigns: dict[tuple[Document, int], Campaign] = field(default_factory=dict)
    snapshots: dict[tuple[UUID, int, int], Snapshot] = field(default_factory=dict)
    signed: dict[tuple[UUID, int], int] = field(default_factory=dict)
    extensions: dict[tuple[Document, int, str], Extension] = field(default_factory=dict)
    comments: list[CellComment] = field(default_factory=list)
    attachments: dict[UUID, Attachment] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    scans: dict[str, datetime] = field(default_factory=dict)
    activities: list[Activity] = field(default_factory=list)
    events: list[FormsEvent] = field(default_factory=list)
    applied: set[tuple[str, str]] = field(default_factory=set)
    mappings: dict[tuple[str, str, str], AccountMapping] = field(default_factory=dict)
    publications: dict[UUID, Publication] = field(default_factory=dict)
    changed_filings: dict[tuple[UUID, UUID], ChangedFiling] = field(default_factory=dict)
    set_aside: dict[tuple[UUID, str, int], SetAside] = field(default_factory=dict)
    form_set_states: dict[str, DeclaredState] = field(default_factory=dict)
    to_review: dict[tuple[UUID, str], CellToReview] = field(default_factory=dict)

    def copied(self) -> "Kept":
        """Return a copy that may be written; what it holds is immutable."""
        return Kept(
            dict(self.filings),
            {filing_id: dict(cells) for filing_id, cells in self.cells.items()},
            dict(self.versions),
            dict(self.computed),
            dict(self.imports),
            dict(self.steps),
            dict(self.campaigns),
            dict(self.snapshots),
            dict(self.signed),
            dict(self.extensions),
            list(self.comments),
            dict(self.attachments),
            dict(self.contents),
            dict(self.scans),
            list(self.activities),
            list(self.events),
            set(self.applied),
            dict(self.mappings),
            dict(self.publications),
            dict(self.changed_filings),
            dict(self.set_aside),
            dict(self.form_set_states),
            dict(self.to_review),
        )


Write = Callable[[Kept], None]


class InMemoryAccountMappings:
    """What bodies saved about their accounts."""

    def __init__(self, work: "InMemoryUnitOfWork") -> None:
        self._work = work

    async def find(self, siren: str, form_set: str, package: str) -> AccountMapping | None:
        saved = [one for one in self._work.kept.mappings.values() if (one.siren, one.package) == (siren, package)]
        return max(saved, key=lambda one: (one.form_set == form_set, one.saved_at), default=None)

    async def packages(self, siren: str) -> list[str]:
        return sorted({one.package for one in self._work.kept.mappings.values() if one.siren == siren})

    async def save(self, mapping: AccountMapping) -> None:
        place = (mapping.siren, mapping.form_set, mapping.package)
        self._work.write(lambda kept: kept.mappings.update({place: mapping}))


class InMemoryStore:
    """Opens transactions on what is kept."""

    def __init__(self) -> None:
        self.kept = Kept()
        self.lock = asyncio.Lock()
        self.fails_at_commit = False

    def __call__(self) -> "InMemoryUnitOfWork":
        return InMemoryUnitOfWork(self)


class InMemoryUnitOfWork:
    """One transaction; what is got for change is held, here the whole store."""

    def __init__(self, store: InMemoryStore) -> None:
        self._store = store
        self._holds = False

    async def __aenter__(self) -> Self:
        self.kept = self._store.kept.copied()
        self._writes: list[Write] = []
        self.filings = InMemoryFilings(self)
        self.cells = InMemoryCells(self)
        self.imports = InMemoryImports(self)
        self.steps = InMemoryEditSteps(self)
        self.mappings = InMemoryAccountMappings(self)
        self.form_set_states = InMemoryFormSetStates(self)
        self.publications = InMemoryPublications(self)
        self.set_aside = InMemorySetAsideCells(self)
        self.campaigns = InMemoryCampaigns(self)
        self.snapshots = InMemorySnapshots(self)
        self.activities = InMemoryActivities(self)
        self.to_review = InMemoryCellsToReview(self)
        self.comments = InMemoryComments(self)
        self.attachments = InMemoryAttachments(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._holds:
            self._holds = False
            self._store.lock.release()

    async def hold(self) -> None:
        """Wait for the others, then see what they committed."""
        if not self._holds:
            await self._store.lock.acquire()
            self._holds = True
            self.kept = self._store.kept.copied()
            for write in self._writes:
                write(self.kept)

    def write(self, write: Write) -> None:
        """Do something now here, and again on what is kept when this commits."""
        write(self.kept)
        self._writes.append(write)

    def publish(self, event: FormsEvent) -> None:
        self.write(lambda kept: kept.events.append(event))

    async def is_first(self, method: str, event_id: str) -> bool:
        await self.hold()
        is_first = (method, event_id) not in self.kept.applied
        self.write(lambda kept: kept.applied.add((method, event_id)))
        return is_first

    async def commit(self) -> None:
        if self._store.fails_at_commit:
            raise RuntimeError("killed between flush and commit")
        kept = self._store.kept.copied()
        for write in self._writes:
            write(kept)
        self._store.kept = kept
        self._writes = []


class InMemoryFilings:
    def __init__(self, work: InMemoryUnitOfWork) -> None:
        self._work = work

    async def get(self, filing_id: UUID) -> Filing:
        if filing_id not in self._work.kept.filings:
            raise FilingUnknown
        return self._dated(self._work.kept.filings[filing_id])

    def _dated(self, filing: Filing) -> Filing:
        campaign = self._work.kept.campaigns.get((filing.document, filing.year))
        extension = self._work.kept.extensions.get((filing.document, filing.year, filing.body.siren))
        if campaign is None or filing.is_trial:
            return replace(filing, deadlines=None, demanded=frozenset())
        extended_to = extension.due_on if extension else None
        return replace(filing, deadlines=campaign.deadlines(extended_to), demanded=campaign.required_attachments)

    def _all(self) -> list[Filing]:
        return [self._dated(filing) for filing in self._work.kept.filings.values()]

    async def get_for_change(self, filing_id: UUID) -> Filing:
        await self._work.hold()
        return await self.get(filing_id)

    async def find(self, siren: str, document: Document, year: int) -> Filing | None:
        key = (siren, document, year)
        return next((f for f in self._real() if (f.body.siren, f.document, f.year) == key), None)

    def _real(self) -> list[Filing]:
        return [f for f in self._all() if not f.is_trial]

    async def find_trial(self, siren: str, document: Document, year: int, form_set: str) -> Filing | None:
        key = (siren, document, year)
        found = (f for f in await self.trials_of(form_set) if (f.body.siren, f.document, f.year) == key)
        return next(found, None)

    async def trials_of(self, form_set: str) -> list[Filing]:
        return [f for f in self._all() if f.is_trial and f.form_set == form_set]

    async def throw_away(self, trials: Collection[UUID]) -> None:
        gone = set(trials)

        def write(kept: Kept) -> None:
            for filing_id in gone:
                kept.filings.pop(filing_id)
                kept.cells.pop(filing_id, None)
                kept.computed.pop(filing_id, None)
            kept.activities = [one for one in kept.activities if one.filing_id not in gone]
            kept.comments = [one for one in kept.comments if one.filing_id not in gone]
            kept.to_review = {key: one for key, one in kept.to_review.items() if key[0] not in gone}
            kept.versions = {key: cell for key, cell in kept.versions.items() if key[0] not in gone}

        self._work.write(write)

    async def hold(self, siren: str, year: int) -> None:
        await self._work.hold()

    async def of_body_and_year(self, siren: str, year: int) -> list[Filing]:
        await self._work.hold()
        found = [f for f in self._real() if (f.body.siren, f.year) == (siren, year)]
        return sorted(found, key=lambda f: f.document)

    async def page_of_campaign(
        self, document: Document, year: int, after: UUID | None, limit: int, *, with_signed: bool
    ) -> list[Filing]:
        found = [
            f
            for f in self._real()
            if (f.document, f.year) == (document, year) and (with_signed or f.step <= 3) and (not after or f.id > after)
        ]
        return sorted(found, key=lambda f: f.id)[:limit]

    async def count_of_campaign(self, document: Document, year: int, after: UUID | None, *, with_signed: bool) -> int:
        return len(await self.page_of_campaign(document, year, after, sys.maxsize, with_signed=with_signed))

    async def of_bodies(self, sirens: frozenset[str]) -> list[Filing]:
        found = [f for f in self._all() if f.body.siren in sirens]
        return sorted(found, key=lambda f: (-f.year, f.body.name, f.document))

    async def of_campaign(self, document: Document, year: int) -> list[Filing]:
        found = [f for f in self._real() if (f.document, f.year) == (document, year)]
        return sorted(found, key=lambda f: f.body.siren)

    async def transmitted(self, wanted: TransmittedFilter, after: UUID | None, limit: int) -> list[Filing]:
        found = sorted(filter(wanted.takes, self._all()), key=_place)
        last = self._work.kept.filings.get(after) if after else None
        if after and not last:
            return []
        return [f for f in found if not last or _place(f) > _place(last)][:limit]

    async def open_by_form_set(self, document: Document, year: int) -> Mapping[str, int]:
        return Counter(filing.form_set for filing in await self.of_campaign(document, year) if is_open(filing))

    async def to_change(self, document: Document, year: int, form_set: str, after: str, limit: int) -> list[Filing]:
        found = [f for f in await self.of_campaign(document, year) if is_open(f) and f.form_set != form_set]
        return [f for f in found if f.body.siren > after][:limit]

    async def add(self, filing: Filing) -> None:
        key = filing.body.siren, filing.document, filing.year
        if await (self.find_trial(*key, filing.form_set) if filing.is_trial else self.find(*key)):
            raise Conflict
        self._work.write(lambda kept: kept.filings.update({filing.id: filing}))

    async def save(self, filing: Filing) -> None:
        assert filing.id in self._work.kept.filings
        self._work.write(lambda kept: kept.filings.update({filing.id: filing}))

    async def reschedule(self, document: Document, year: int, due_on: date, siren: str = "") -> None:
        for filing in self._real():
            if (filing.document, filing.year) == (document, year) and siren in ("", filing.body.siren):
                await self.save(replace(filing, due_on=due_on))

    async def closed_in_campaigns_ended_before(self, day: date, limit: int) -> list[UUID]:
        kept = self._work.kept
        ended = {key for key, campaign in kept.campaigns.items() if campaign.last_day < day}
        found = [f for f in kept.filings.values() if f.step is Step.CLOSED and (f.document, f.year) in ended]
        return [f.id for f in sorted(found, key=lambda f: (f.changed_at, f.id))[:limit]]

    async def counts(
        self, filing_ids: Sequence[UUID], places: Collection[str], unsigned: Collection[UUID]
    ) -> Mapping[UUID, CellCounts]:
        present = {f: self._work.kept.cells.get(f, {}).values() for f in filing_ids}
        return {
            filing_id: CellCounts(
                sum(1 for cell in cells if cell.value and cell.address in places),
                sorted(cell.address for cell in cells if cell.awaits_choice),
                tuple(c.address for c in cells if filing_id in unsigned and c.source.origin is not Origin.LAST_YEAR),
                next((cell.value for cell in cells if cell.address == APPROVED_ON), ""),
            )
            for filing_id, cells in present.items()
            if cells
        }


def _place(filing: Filing) -> tuple[int, str, str, str]:
    return -filing.year, plain(filing.body.name), filing.body.siren, filing.document


class InMemoryCells:
    def __init__(self, work: InMemoryUnitOfWork) -> None:
        self._work = work

    async def of(self, filing_id: UUID) -> dict[str, Cell]:
        return dict(self._work.kept.cells.get(filing_id, {}))

    async def some(self, filing_id: UUID, addresses: Collection[str]) -> dict[str, Cell]:
        return {address: cell for address, cell in (await self.of(filing_id)).items() if address in addresses}

    async def filled_in_campaign(
        self, document: Document, year: int, form_set: str, certain: Collection[str]
    ) -> FilledCells:
        reached = [
            filing.id
            for filing in self._work.kept.filings.values()
            if (filing.document, filing.year, filing.form_set) == (document, year, form_set)
            and is_open(filing)
            and not filing.is_trial
        ]
        return self._filled(reached, certain)

    async def filled(self, filing_ids: Sequence[UUID], certain: Collection[str]) -> Mapping[UUID, FilledCells]:
        found = {one: self._filled([one], certain) for one in filing_ids}
        return {one: cells for one, cells in found.items() if cells != FilledCells(0, [])}

    def _filled(self, filing_ids: Sequence[UUID], certain: Collection[str]) -> FilledCells:
        cells = [cell for one in filing_ids for cell in self._work.kept.cells.get(one, {}).values() if cell.value]
        others = Counter((c.address, c.value, c.conflict is not None) for c in cells if c.address not in certain)
        return FilledCells(len(cells) - others.total(), [ValueCount(*key, count) for key, count in others.items()])

    async def save(self, filing_id: UUID, cells: Iterable[Cell]) -> None:
        changed = list(cells)

        def write(kept: Kept) -> None:
            for cell in changed:
                kept.cells.setdefault(filing_id, {})[cell.address] = cell
                as_history = replace(cell, conflict=None, is_provisional=False, is_sealed=False)
                kept.versions.setdefault((filing_id, cell.address, cell.version), as_history)

        self._work.write(write)

    async def history(self, filing_id: UUID, address: str) -> list[Cell]:
        found = [c for (f, a, _), c in self._work.kept.versions.items() if (f, a) == (filing_id, address)]
        return sorted(found, key=lambda cell: -cell.version)

    async def computed(self, filing_id: UUID) -> dict[str, str]:
        return dict(self._work.kept.computed.get(filing_id, {}))

    async def move_computed(self, filing_id: UUID, moved: Mapping[str, str]) -> None:
        def write(kept: Kept) -> None:
            after = {**kept.computed.get(filing_id, {}), **moved}
            kept.computed[filing_id] = {address: value for address, value in after.items() if value}

        self._work.write(write)


class InMemoryImports:
    def __init__(self, work: InMemoryUnitOfWork) -> None:
        self._work = work

    async def add(self, preview: ImportPreview) -> None:
        self._work.write(lambda kept: kept.imports.update({preview.id: preview}))

    async def get(self, filing_id: UUID, import_id: UUID) -> ImportPreview:
        preview = self._work.kept.imports.get(import_id)
        if preview is None or preview.filing_id != filing_id:
            raise ImportUnknown
        return preview

    async def mark_confirmed(self, import_id: UUID, choice: ImportChoice) -> None:
        def write(kept: Kept) -> None:
            kept.imports[import_id] = replace(kept.imports[import_id], is_confirmed=True, choice=choice)

        self._work.write(write)


class InMemoryEditSteps:
    def __init__(self, work: InMemoryUnitOfWork) -> None:
        self._work = work

    async def add(self, step: EditStep) -> None:
        self._work.write(lambda kept: kept.steps.update({step.id: step}))

    async def get(self, filing_id: UUID, step_id: UUID) -> EditStep:
        step = self._work.kept.steps.get(step_id)
        if step is None or step.filing_id != filing_id:
            raise EditStepUnknown
        return step

    async def of(self, filing_id: UUID, before: UUID | None, limit: int) -> list[EditStep]:
        found = [step for step in reversed(self._work.kept.steps.values()) if step.filing_id == filing_id]
        if before is not None:
            found = found[found.index(await self.get(filing_id, before)) + 1 :]
        return found[:limit]

    async def undoings(self, filing_id: UUID) -> list[EditStep]:
        return [step for step in self._work.kept.steps.values() if step.filing_id == filing_id and step.undoes]

    async def mark_undone(self, step_id: UUID, *, is_undone: bool) -> None:
        def write(kept: Kept) -> None:
            kept.steps[step_id] = replace(kept.steps[step_id], is_undone=is_undone)

        self._work.write(write)


class InMemoryFormSetStates:
    def __init__(self, work: InMemoryUnitOfWork) -> None:
        self._work = work

    async def get(self, version: str) -> FormSetState:
        declared = await self.declared(version)
        return declared.state if declared else FormSetState.PUBLISHED

    async def declared(self, version: str) -> DeclaredState | None:
        return self._work.kept.form_set_states.get(version)

    async def hold(self, version: str) -> FormSetState:
        await self._work.hold()
        return await self.get(version)

    async def on_trial(self) -> list[str]:
        states = self._work.kept.form_set_states
        return sorted(version for version, declared in states.items() if declared.state is FormSetState.TRIAL)

    async def save(self, version: str, state: FormSetState, author: str, at: datetime) -> None:
        declared = DeclaredState(state, author, at)
        self._work.write(lambda kept: kept.form_set_states.update({version: declared}))


class InMemoryPublications:
    def __init__(self, work: InMemoryUnitOfWork) -> None:
        self._work = work

    async def add(self, publication: Publication) -> None:
        self._work.write(lambda kept: kept.publications.update({publication.id: publication}))

    async def get(self, publication_id: UUID) -> Publication:
        if publication_id not in self._work.kept.publications:
            raise PublicationUnknown
        return self._work.kept.publications[publication_id]

    async def get_for_change(self, publication_id: UUID) -> Publication:
        await self._work.hold()
        return await self.get(publication_id)

    async def of(self, document: Document, year: int) -> list[Publication]:
        kept = reversed(self._work.kept.publications.values())
        return [one for one in kept if (one.document, one.year) == (document, year)]

    async def latest(self, limit: int) -> list[Publication]:
        return list(reversed(self._work.kept.publications.values()))[:limit]

    async def under_way(self) -> list[Publication]:
        to_do = [one for one in self._work.kept.publications.values() if one.is_under_way]
        return sorted(to_do, key=lambda one: one.asked_at or one.at)

    async def take(self, now: datetime, until: datetime) -> Publication | None:
        await self._work.hold()
        due = [one for one in await self.under_way() if one.due_at and one.due_at <= now]
        if not due:
            return None
        token, attempts = due[0].token + 1, due[0].attempts + 1
        taken = replace(due[0], state=PublicationState.RUNNING, token=token, attempts=attempts, due_at=until)
        await self.add(taken)
        return taken

    async def save(self, publication: Publication) -> None:
        await self.add(publication)

    async def keep(self, publication: Publication) -> None:
        await self._work.hold()
        present = await self.get(publication.id)
        held = (publication.token, PublicationState.RUNNING, publication.is_undone)
        if (present.token, present.state, present.is_undone) != held:
            raise PublicationLeaseLost
        await self.add(publication)

    async def left(self, publication: Publication, after: UUID | None, limit: int) -> list[UUID]:
        found = sorted(filing.id for filing in self._work.kept.filings.values() if self._is_left(publication, filing))
        return [one for one in found if after is None or one > after][:limit]

    def _is_left(self, publication: Publication, filing: Filing) -> bool:
        about = (filing.document, filing.year) == (publication.document, publication.year) and not filing.is_trial
        if not about or not is_open(filing):
            return False
        if not publication.is_undone:
            return filing.form_set != publication.after
        changed = self._work.kept.changed_filings.get((publication.id, filing.id))
        is_its_own = not changed.is_undone if changed else filing.opened_at >= publication.at
        return filing.form_set == publication.after and is_its_own

    async def tally(self, publication: Publication) -> Tally:
        changed = [one for one in self._work.kept.changed_filings.values() if one.publication_id == publication.id]
        done = [one for one in changed if one.is_undone or not publication.is_undone]
        left = [one for one in self._work.kept.filings.values() if self._is_left(publication, one)]
        return Tally(len(done), len(left))

    async def add_filing(self, changed: ChangedFiling) -> None:
        key = (changed.publication_id, changed.filing_id)
        self._work.write(lambda kept: kept.changed_filings.update({key: changed}))

    async def filing(self, publication_id: UUID, filing_id: UUID) -> ChangedFiling | None:
        return self._work.kept.changed_filings.get((publication_id, filing_id))


class InMemorySetAsideCells:
    def __init__(self, work: InMemoryUnitOfWork) -> None:
        self._work = work

    async def of(self, filing_id: UUID) -> list[SetAside]:
        found = [one for one in self._work.kept.set_aside.values() if one.filing_id == filing_id]
        return sorted(found, key=lambda one: (one.address, one.version))

    async def waiting(self, filing_ids: Collection[UUID]) -> Mapping[UUID, int]:
        waiting = (one for one in self._work.kept.set_aside.values() if one.fate is Fate.WAITING)
        return Counter(one.filing_id for one in waiting if one.filing_id in filing_ids)

    async def save(self, values: Iterable[SetAside]) -> None:
        rows = {(one.filing_id, one.address, one.version): one for one in values}
        self._work.write(lambda kept: kept.set_aside.update(rows))


class InMemoryCampaigns:
    def __init__(self, work: InMemoryUnitOfWork) -> None:
        self._work = work

    async def find(self, document: Document, year: int) -> Campaign | None:
        return self._work.kept.campaigns.get((document, year))

    async def hold(self, document: Document, year: int) -> Campaign | None:
        await self._work.hold()
        return await self.find(document, year)

    async def get_for_change(self, document: Document, year: int) -> Campaign | None:
        return await self.hold(document, year)

    async def open_on(self, on: date) -> list[Campaign]:
        extended = {(e.document, e.year) for e in self._work.kept.extensions.values() if e.due_on >= on}
        found = [
            c
            for c in self._work.kept.campaigns.values()
            if c.opens_on <= on and (on <= c.closes_on or (c.document, c.year) in extended)
        ]
        return sorted(found, key=lambda c: (-c.year, c.document))

    async def all(self) -> list[Campaign]:
        return sorted(self._work.kept.campaigns.values(), key=lambda c: (-c.year, c.document))

    async def uses(self, form_set: str) -> bool:
        return any(campaign.form_set == form_set for campaign in self._work.kept.campaigns.values())

    async def save(self, campaign: Campaign) -> None:
        self._work.write(lambda kept: kept.campaigns.update({(campaign.document, campaign.year): campaign}))

    async def extend(self, extension: Extension) -> None:
        key = (extension.document, extension.year, extension.siren)
        self._work.write(lambda kept: kept.extensions.update({key: extension}))

    async def extension_of(self, document: Document, year: int, siren: str) -> Extension | None:
        return self._work.kept.extensions.get((document, year, siren))

    async def extensions_of(self, sirens: Collection[str]) -> list[Extension]:
        return [e for e in self._work.kept.extensions.values() if e.siren in sirens]

    async def extensions(self, document: Document, year: int) -> list[Extension]:
        found = [e for e in self._work.kept.extensions.values() if (e.document, e.year) == (document, year)]
        return sorted(found, key=lambda extension: extension.siren)


class InMemoryCellsToReview:
    def __init__(self, work: InMemoryUnitOfWork) -> None:
        self._work = work

    async def ask(self, cells: Iterable[CellToReview]) -> None:
        asked = {(cell.filing_id, cell.address): cell for cell in cells}
        self._work.write(lambda kept: kept.to_review.update(asked))

    async def settle(self, filing_id: UUID, address: str = "") -> None:
        def write(kept: Kept) -> None:
            for key in [key for key in kept.to_review if key[0] == filing_id and address in ("", key[1])]:
                del kept.to_review[key]

        self._work.write(write)

    async def left(self, filing_ids: Collection[UUID]) -> list[CellToReview]:
        found = [c for c in self._work.kept.to_review.values() if c.filing_id in filing_ids and self._is_as_asked(c)]
        return sorted(found, key=lambda cell: cell.address)

    def _is_as_asked(self, cell: CellToReview) -> bool:
        typed = self._work.kept.cells.get(cell.filing_id, {}).get(cell.address)
        computed = self._work.kept.computed.get(cell.filing_id, {}).get(cell.address, "")
        return cell.value == (typed.value if typed else computed)


class InMemoryComments:
    def __init__(self, work: InMemoryUnitOfWork) -> None:
        self._work = work

    async def add(self, comment: CellComment) -> None:
        self._work.write(lambda kept: kept.comments.append(comment))

    async def of(self, filing_id: UUID, address: str = "", *, is_for_authority: bool = False) -> list[CellComment]:
        found = [c for c in self._work.kept.comments if c.filing_id == filing_id and address in ("", c.address)]
        return [c for c in reversed(found) if c.is_shared or not is_for_authority][:1000]

    async def flagged(self, filing_id: UUID) -> frozenset[str]:
        of_filing = [c for c in self._work.kept.comments if c.filing_id == filing_id and not c.is_by_authority]
        is_up = {comment.address: comment.is_flagged for comment in of_filing}
        return frozenset(c.address for c in of_filing if is_up[c.address] and c.is_flagged and c.text)


class InMemoryAttachments:
    def __init__(self, work: InMemoryUnitOfWork) -> None:
        self._work = work

    async def add(self, attachment: Attachment, content: bytes) -> None:
        def write(kept: Kept) -> None:
            kept.attachments[attachment.id] = attachment
            kept.contents[attachment.digest] = content
            if attachment.scanned_at is not None:
                kept.scans[attachment.digest] = attachment.scanned_at

        self._work.write(write)

    async def scans(self, digests: Collection[str]) -> dict[str, datetime]:
        return {digest: at for digest, at in self._work.kept.scans.items() if digest in digests}

    async def note_scan(self, digest: str, at: datetime) -> None:
        self._work.write(lambda kept: kept.scans.update({digest: at}))

    async def remove(self, attachment_ids: Collection[UUID]) -> None:
        def write(kept: Kept) -> None:
            for one in attachment_ids:
                del kept.attachments[one]

        self._work.write(write)

    async def of(self, filing_id: UUID) -> list[Attachment]:
        found = [one for one in self._work.kept.attachments.values() if one.filing_id == filing_id]
        scanned = [replace(one, scanned_at=self._work.kept.scans.get(one.digest)) for one in found]
        return sorted(scanned, key=lambda attachment: attachment.kind)

    async def content(self, digest: str) -> bytes:
        try:
            return self._work.kept.contents[digest]
        except KeyError:
            raise AttachmentUnknown from None


class InMemorySnapshots:
    def __init__(self, work: InMemoryUnitOfWork) -> None:
        self._work = work

    async def add(self, snapshot: Snapshot) -> None:
        key = (snapshot.filing_id, snapshot.version, snapshot.revision)
        self._work.write(lambda kept: kept.snapshots.setdefault(key, snapshot) and None)

    async def get(self, filing_id: UUID, version: int, revision: int) -> Snapshot:
        if (filing_id, version, revision) not in self._work.kept.snapshots:
            raise FilingUnknown
        return self._work.kept.snapshots[filing_id, version, revision]

    async def get_signed(self, filing_id: UUID, version: int) -> Snapshot:
        if (filing_id, version) not in self._work.kept.signed:
            raise FilingUnknown
        return await self.get(filing_id, version, self._work.kept.signed[filing_id, version])

    async def signed_before(self, filing: Filing) -> tuple[str, Mapping[str, str]] | None:
        before = await self._work.filings.find(filing.body.siren, filing.document, filing.year - 1)
        if before is None or not before.signed_version:
            return None
        signed = await self.get_signed(before.id, before.signed_version)
        return f"{before.id}/{before.signed_version}", signed.cells

    async def mark_signed(self, filing_id: UUID, version: int, revision: int) -> None:
        self._work.write(lambda kept: kept.signed.update({(filing_id, version): revision}))


class InMemoryActivities:
    def __init__(self, work: InMemoryUnitOfWork) -> None:
        self._work = work

    async def add(self, activity: Activity) -> None:
        self._work.write(lambda kept: kept.activities.append(activity))

    async def of(self, filing_id: UUID, kinds: Collection[str] = ()) -> list[Activity]:
        found = [a for a in reversed(self._work.kept.activities) if a.filing_id == filing_id]
        return [a for a in found if not kinds or a.kind in kinds][:200]

    async def notices(self, filing_ids: Collection[UUID], since: datetime) -> list[Activity]:
        found = [a for a in reversed(self._work.kept.activities) if a.filing_id in filing_ids]
        return [a for a in found if a.kind in NOTICES and a.at >= since]

    async def page(self, filing_id: UUID, before: int, limit: int) -> list[Activity]:
        numbered = [replace(one, number=number) for number, one in enumerate(self._work.kept.activities, start=1)]
        found = [a for a in reversed(numbered) if a.filing_id == filing_id and (not before or a.number < before)]
        return found[:limit]
