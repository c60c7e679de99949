"""What the use cases need from the outside, in their own words."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import TracebackType
from typing import NamedTuple, Protocol, Self
from uuid import UUID

from chassis.identity import Caller
from formsets import FormSet
from services.forms.domain.accounts import AccountBalance, AccountMapping
from services.forms.domain.activity import Activity
from services.forms.domain.attachment import Attachment, PdfFlaw, Scan
from services.forms.domain.campaign import Campaign, Extension
from services.forms.domain.cell import Cell
from services.forms.domain.comment import CellComment
from services.forms.domain.evaluation import Evaluation, Explanation, Justification, PreviousYear
from services.forms.domain.events import FormsEvent
from services.forms.domain.export import ExportContent, ExportedFile, ExportFormat
from services.forms.domain.filing import Body, Document, Filing
from services.forms.domain.form_set_change import SetAside
from services.forms.domain.form_set_life import DeclaredState, FormSetState
from services.forms.domain.form_set_preview import FilledCells
from services.forms.domain.importing import NOTHING_SAID, ImportChoice, ImportPreview, OwnTable, Problem, Sentences
from services.forms.domain.publication import ChangedFiling, Publication, Tally
from services.forms.domain.review import CellToReview
from services.forms.domain.sharing import ReceivedFact
from services.forms.domain.snapshot import Snapshot
from services.forms.domain.transmitted import TransmittedFilter
from services.forms.domain.undoing import EditStep


@dataclass(frozen=True, slots=True)
class RawText:
    """Text to read for one cell."""

    address: str
    text: str


@dataclass(frozen=True, slots=True)
class TextReading:
    """What the format controls made of a text: a written form, or a refusal."""

    address: str
    value: str
    control: str = ""
    fr: Sentences = NOTHING_SAID
    en: Sentences = NOTHING_SAID


class FileLine(NamedTuple):
    """One line of an uploaded file, before the format controls."""

    line: int
    address: str
    text: str
    extra: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FileContent:
    """What an uploaded file holds."""

    lines: Sequence[FileLine]
    problems: Sequence[Problem]
    guesses: Sequence[tuple[str, str]]
    accounts: Sequence[AccountBalance] = ()
    """Of a balance or a FEC, which then has no lines."""
    table: OwnTable | None = None
    """Of a balance or a FEC: its rows as they are in the file."""


@dataclass(frozen=True, slots=True)
class CellCounts:
    """What is counted about the cells of one filing."""

    filled: int = 0
    conflicts: Sequence[str] = ()
    """Cells that await a choice, in order."""
    saved: Sequence[str] = ()
    """Cells that somebody saved at least once, emptied ones included, carried ones left out."""
    approved_on: str = ""
    """The day on which the accounts were approved, in written form."""


class Filings(Protocol):
    """The filings of this server."""

    async def get(self, filing_id: UUID) -> Filing:
        """Return a filing.

        Raises:
            FilingUnknown: there is none.
        """
        ...

    async def get_for_change(self, filing_id: UUID) -> Filing:
        """Return a filing and hold it until the end of the transaction: changes of one filing follow each other."""
        ...

    async def find(self, siren: str, document: Document, year: int) -> Filing | None:
        """Return the filing of a body, document and year; never a trial."""
        ...

    async def find_trial(self, siren: str, document: Document, year: int, form_set: str) -> Filing | None:
        """Return the trial that a body makes of a form set, with the figures of a document and year."""
        ...

    async def trials_of(self, form_set: str) -> list[Filing]:
        """Return every trial of a form set; holds each."""
        ...

    async def throw_away(self, trials: Collection[UUID]) -> None:
        """Forget trials, with everything that was typed, read or said in them."""
        ...

    async def hold(self, siren: str, year: int) -> None:
        """Make others that hold this body and year wait until the end of the transaction, filing or not."""
        ...

    async def of_body_and_year(self, siren: str, year: int) -> list[Filing]:
        """Return the filings of a body and year on this server, trials left out; holds the body and year, and each."""
        ...

    async def of_bodies(self, sirens: frozenset[str]) -> list[Filing]:
        """Return the filings of these bodies, trials among them, newest year first."""
        ...

    async def of_campaign(self, document: Document, year: int) -> list[Filing]:
        """Return the filings of a document and year, in order of body, trials left out."""
        ...

    async def transmitted(self, wanted: TransmittedFilter, after: UUID | None, limit: int) -> list[Filing]:
        """Return a page of the filings signed at least once, newest year first, then by name of the body, after one of them."""
        ...

    async def page_of_campaign(
        self, document: Document, year: int, after: UUID | None, limit: int, *, with_signed: bool
    ) -> list[Filing]:
        """Return a page of the filings of a campaign by id, without trials; those at steps 4 and later only when asked."""
        ...

    async def count_of_campaign(self, document: Document, year: int, after: UUID | None, *, with_signed: bool) -> int:
        """Return how many filings such pages have after this one."""
        ...

    async def open_by_form_set(self, document: Document, year: int) -> Mapping[str, int]:
        """Count the filings of a campaign that a publication would reach, by the form set they have."""
        ...

    async def to_change(self, document: Document, year: int, form_set: str, after: str, limit: int) -> list[Filing]:
        """Return a page of the filings that giving a form set would change, in order of SIREN, after that of a body."""
        ...

    async def add(self, filing: Filing) -> None:
        """Add a filing.

        Raises:
            Conflict: the body has one of this document and year.
        """
        ...

    async def save(self, filing: Filing) -> None:
        """Save a filing that was got for change."""
        ...

    async def reschedule(self, document: Document, year: int, due_on: date, siren: str = "") -> None:
        """Give the filings of a document and year another due date; only that of one body when it is said."""
        ...

    async def closed_in_campaigns_ended_before(self, day: date, limit: int) -> list[UUID]:
        """Return filings at step 5 whose campaign's last day is before a day, oldest first."""
        ...

    async def counts(
        self, filing_ids: Sequence[UUID], places: Collection[str], unsigned: Collection[UUID]
    ) -> Mapping[UUID, CellCounts]:
        """Return for each filing how many cells of these places are filled, and the rest; `saved` of the unsigned only."""
        ...


class Cells(Protocol):
    """The input cells of filings, with every version they had, and the computed ones."""

    async def of(self, filing_id: UUID) -> dict[str, Cell]:
        """Return the present cells by address, emptied ones included."""
        ...

    async def some(self, filing_id: UUID, addresses: Collection[str]) -> dict[str, Cell]:
        """Return the present cells of these addresses, emptied ones included."""
        ...

    async def filled_in_campaign(
        self, document: Document, year: int, form_set: str, certain: Collection[str]
    ) -> FilledCells:
        """Count the filled cells of the filings that a publication would reach under a form set.

        Args:
            document: the document of the campaign.
            year: its year.
            form_set: the form set they have.
            certain: addresses that are counted together; the others are by value.
        """
        ...

    async def filled(self, filing_ids: Sequence[UUID], certain: Collection[str]) -> Mapping[UUID, FilledCells]:
        """Return the filled cells of each of these filings, the certain ones counted together; none for an empty filing."""
        ...

    async def save(self, filing_id: UUID, cells: Iterable[Cell]) -> None:
        """Save changed cells; each becomes a line of the cell's history."""
        ...

    async def history(self, filing_id: UUID, address: str) -> list[Cell]:
        """Return every version of a cell, newest first."""
        ...

    async def computed(self, filing_id: UUID) -> dict[str, str]:
        """Return the computed cells of the last evaluation."""
        ...

    async def move_computed(self, filing_id: UUID, moved: Mapping[str, str]) -> None:
        """Give these computed cells another value; empty text: none."""
        ...


class Imports(Protocol):
    """Previews of imports."""

    async def add(self, preview: ImportPreview) -> None:
        """Keep a preview."""
        ...

    async def get(self, filing_id: UUID, import_id: UUID) -> ImportPreview:
        """Return a preview.

        Raises:
            ImportUnknown: there is none of this id for this filing.
        """
        ...

    async def mark_confirmed(self, import_id: UUID, choice: ImportChoice) -> None:
        """Mark a preview as written, with what was taken of it."""
        ...


class AccountMappings(Protocol):
    """What bodies saved about their accounts."""

    async def find(self, siren: str, form_set: str, package: str) -> AccountMapping | None:
        """Return what a body saved for an accounting package: for this form set, else what it saved last for another one."""
        ...

    async def packages(self, siren: str) -> list[str]:
        """Return the packages that a body has a mapping for, in order of name."""
        ...

    async def save(self, mapping: AccountMapping) -> None:
        """Add or replace a mapping."""
        ...


class EditSteps(Protocol):
    """The changes of content that can be undone."""

    async def add(self, step: EditStep) -> None:
        """Keep a step."""
        ...

    async def get(self, filing_id: UUID, step_id: UUID) -> EditStep:
        """Return a step.

        Raises:
            EditStepUnknown: there is none of this id for this filing.
        """
        ...

    async def of(self, filing_id: UUID, before: UUID | None, limit: int) -> list[EditStep]:
        """Return a page of steps, newest first: the last ones, or those just before a step of this filing.

        Raises:
            EditStepUnknown: there is no such step to begin before.
        """
        ...

    async def undoings(self, filing_id: UUID) -> list[EditStep]:
        """Return every step that undid another one."""
        ...

    async def mark_undone(self, step_id: UUID, *, is_undone: bool) -> None:
        """Mark a step as undone, or as undone no more."""
        ...


class FormSetStates(Protocol):
    """Where the form sets of this server are in their life."""

    async def get(self, version: str) -> FormSetState:
        """Return the state of a form set; published when nobody declared one."""
        ...

    async def declared(self, version: str) -> DeclaredState | None:
        """Return the state that somebody gave to a form set, None when nobody did."""
        ...

    async def hold(self, version: str) -> FormSetState:
        """Return a state once nobody else holds it, and make others that hold it wait until the transaction ends."""
        ...

    async def on_trial(self) -> list[str]:
        """Return the versions in trial, in order."""
        ...

    async def save(self, version: str, state: FormSetState, author: str, at: datetime) -> None:
        """Add or replace a state."""
        ...


class Publications(Protocol):
    """The form sets published to open filings, and how far each publication is."""

    async def add(self, publication: Publication) -> None:
        """Keep a publication."""
        ...

    async def get(self, publication_id: UUID) -> Publication:
        """Return a publication.

        Raises:
            PublicationUnknown: there is none.
        """
        ...

    async def get_for_change(self, publication_id: UUID) -> Publication:
        """Return a publication and hold it until the end of the transaction: whoever works on it waits."""
        ...

    async def of(self, document: Document, year: int) -> list[Publication]:
        """Return the publications of a campaign, newest first."""
        ...

    async def latest(self, limit: int) -> list[Publication]:
        """Return the last publications of all campaigns, newest first."""
        ...

    async def under_way(self) -> list[Publication]:
        """Return those that wait or are worked on, in the order in which they were asked for."""
        ...

    async def take(self, now: datetime, until: datetime) -> Publication | None:
        """Give out the first one that is due, under a new token and a lease; None when none is."""
        ...

    async def save(self, publication: Publication) -> None:
        """Save a publication that was got for change."""
        ...

    async def keep(self, publication: Publication) -> None:
        """Save a publication that this worker took.

        Raises:
            PublicationLeaseLost: it was given to another worker or turned round since; nothing of this transaction counts.
        """
        ...

    async def left(self, publication: Publication, after: UUID | None, limit: int) -> list[UUID]:
        """Return the next filings that it is to change, or to put back once it is undone, by id."""
        ...

    async def tally(self, publication: Publication) -> Tally:
        """Count the filings that it changed, or put back once it is undone, and those left."""
        ...

    async def add_filing(self, changed: ChangedFiling) -> None:
        """Keep that a publication changed a filing, or put it back."""
        ...

    async def filing(self, publication_id: UUID, filing_id: UUID) -> ChangedFiling | None:
        """Return what a publication did to a filing, None when it did not change it."""
        ...


class SetAsideCells(Protocol):
    """The values that other form sets did not take, until somebody chooses."""

    async def of(self, filing_id: UUID) -> list[SetAside]:
        """Return every one of a filing, those with a known fate too, in order of address and version."""
        ...

    async def waiting(self, filing_ids: Collection[UUID]) -> Mapping[UUID, int]:
        """Count those that wait for a choice, filing by filing; filings without any are left out."""
        ...

    async def save(self, values: Iterable[SetAside]) -> None:
        """Add or replace."""
        ...


class Campaigns(Protocol):
    """The campaigns of this server."""

    async def find(self, document: Document, year: int) -> Campaign | None:
        """Return the campaign of a document and year."""
        ...

    async def hold(self, document: Document, year: int) -> Campaign | None:
        """Return a campaign and make its changes wait until the end of the transaction; others may hold it too."""
        ...

    async def get_for_change(self, document: Document, year: int) -> Campaign | None:
        """Return a campaign once nobody holds it; others wait until the end of the transaction."""
        ...

    async def open_on(self, on: date) -> list[Campaign]:
        """Return the campaigns under way on a day, for all bodies or for those with more time."""
        ...

    async def all(self) -> list[Campaign]:
        """Return every campaign, newest year first."""
        ...

    async def uses(self, form_set: str) -> bool:
        """Tell whether a campaign uses a form set."""
        ...

    async def save(self, campaign: Campaign) -> None:
        """Add or replace a campaign."""
        ...

    async def extend(self, extension: Extension) -> None:
        """Give one body more time; replaces what it was given before."""
        ...

    async def extension_of(self, document: Document, year: int, siren: str) -> Extension | None:
        """Return the extension of one body."""
        ...

    async def extensions_of(self, sirens: Collection[str]) -> list[Extension]:
        """Return every extension of some bodies, whatever the campaign."""
        ...

    async def extensions(self, document: Document, year: int) -> list[Extension]:
        """Return every extension of a campaign."""
        ...


class CellsToReview(Protocol):
    """The cells that somebody asked the body to look at again."""

    async def ask(self, cells: Iterable[CellToReview]) -> None:
        """Add cells; one that is there takes the new reason."""
        ...

    async def settle(self, filing_id: UUID, address: str = "") -> None:
        """Take a cell off, or all those of a filing."""
        ...

    async def left(self, filing_ids: Collection[UUID]) -> list[CellToReview]:
        """Return those that hold what they held when they were named, in order of address."""
        ...


class Comments(Protocol):
    """What people say about cells."""

    async def add(self, comment: CellComment) -> None:
        """Keep a comment."""
        ...

    async def of(self, filing_id: UUID, address: str = "", *, is_for_authority: bool = False) -> list[CellComment]:
        """Return the last thousand of a filing or cell, newest first; for the authority, its own and those shared."""
        ...

    async def flagged(self, filing_id: UUID) -> frozenset[str]:
        """Return the cells whose flag is up and was raised with a text, by the body."""
        ...


class Attachments(Protocol):
    """The PDFs of filings."""

    async def add(self, attachment: Attachment, content: bytes) -> None:
        """Keep an attachment and its content."""
        ...

    async def remove(self, attachment_ids: Collection[UUID]) -> None:
        """Take attachments off their filing; contents stay, since a signed version may list them."""
        ...

    async def of(self, filing_id: UUID) -> list[Attachment]:
        """Return the attachments of a filing, by kind, oldest first."""
        ...

    async def scans(self, digests: Collection[str]) -> Mapping[str, datetime]:
        """Return when nothing was found in these contents; those that were not scanned are left out."""
        ...

    async def note_scan(self, digest: str, at: datetime) -> None:
        """Say that nothing was found in a content."""
        ...

    async def content(self, digest: str) -> bytes:
        """Return a content by its digest; it outlives the attachment, since a signed version may list it.

        Raises:
            AttachmentUnknown: there is none.
        """
        ...


class Snapshots(Protocol):
    """Frozen contents; never changed, but for the mark of the one that was signed."""

    async def add(self, snapshot: Snapshot) -> None:
        """Keep a snapshot; the same version and revision again changes nothing."""
        ...

    async def get(self, filing_id: UUID, version: int, revision: int) -> Snapshot:
        """Return a snapshot.

        Raises:
            FilingUnknown: there is none.
        """
        ...

    async def get_signed(self, filing_id: UUID, version: int) -> Snapshot:
        """Return the snapshot that was signed as this version.

        Raises:
            FilingUnknown: there is none.
        """
        ...

    async def signed_before(self, filing: Filing) -> tuple[str, Mapping[str, str]] | None:
        """Return what the body signed last for this document and the year before: the version's name and its cells."""
        ...

    async def mark_signed(self, filing_id: UUID, version: int, revision: int) -> None:
        """Say which snapshot of a version was signed."""
        ...


class Activities(Protocol):
    """What happened to filings."""

    async def add(self, activity: Activity) -> None:
        """Add one."""
        ...

    async def of(self, filing_id: UUID, kinds: Collection[str] = ()) -> list[Activity]:
        """Return the last two hundred, newest first; of these kinds only, when some are given."""
        ...

    async def notices(self, filing_ids: Collection[UUID], since: datetime) -> list[Activity]:
        """Return what their people are to find said (`NOTICES`), of some filings since a moment, newest first."""
        ...

    async def page(self, filing_id: UUID, before: int, limit: int) -> list[Activity]:
        """Return a page, newest first: the last ones, or when a number is given those that were kept before it."""
        ...


class UnitOfWork(Protocol):
    """One transaction over all of the above."""

    @property
    def filings(self) -> Filings:
        """The filings."""
        ...

    @property
    def cells(self) -> Cells:
        """Their cells."""
        ...

    @property
    def imports(self) -> Imports:
        """Import previews."""
        ...

    @property
    def mappings(self) -> AccountMappings:
        """Mappings of accounts."""
        ...

    @property
    def steps(self) -> EditSteps:
        """Changes that can be undone."""
        ...

    @property
    def form_set_states(self) -> FormSetStates:
        """States of form sets."""
        ...

    @property
    def publications(self) -> Publications:
        """Form sets published."""
        ...

    @property
    def set_aside(self) -> SetAsideCells:
        """Values that wait for a choice."""
        ...

    @property
    def campaigns(self) -> Campaigns:
        """Campaigns."""
        ...

    @property
    def snapshots(self) -> Snapshots:
        """Frozen contents."""
        ...

    @property
    def to_review(self) -> CellsToReview:
        """Cells to look at again."""
        ...

    @property
    def comments(self) -> Comments:
        """Comments on cells."""
        ...

    @property
    def attachments(self) -> Attachments:
        """Attached PDFs."""
        ...

    @property
    def activities(self) -> Activities:
        """What happened."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def publish(self, event: FormsEvent) -> None:
        """Record an event, delivered after the commit."""
        ...

    async def is_first(self, method: str, event_id: str) -> bool:
        """Record that another service's event is applied here; False for a repeat."""
        ...

    async def commit(self) -> None:
        """Commit; without it everything is rolled back."""
        ...


class OpensWork(Protocol):
    """Starts a transaction."""

    def __call__(self) -> UnitOfWork:
        """Return a unit of work to enter."""
        ...


class Mishaps(Protocol):
    """What goes wrong while nobody waits, told to those who run this server."""

    def left_out(self, publication_id: UUID, filing_id: UUID, reason: str) -> None:
        """Tell that a publication did not change a filing, and why."""
        ...

    def interrupted(self, publication_id: UUID, error: Exception) -> None:
        """Tell what a publication stopped at that nobody foresaw."""
        ...


class Controls(Protocol):
    """The validation service."""

    async def read(self, form_set: str, year: int, texts: Sequence[RawText]) -> list[TextReading]:
        """Run the format controls on texts, in order."""
        ...

    async def evaluate(
        self, filing: Filing, inputs: Mapping[str, str], given: Mapping[str, str], previous: PreviousYear | None
    ) -> Evaluation:
        """Compute every formula and run every control of the filing's document; some need the year before."""
        ...

    async def recheck(
        self, filing: Filing, changed: Mapping[str, str], previous: PreviousYear | None, about: Collection[str]
    ) -> Evaluation | None:
        """Judge a change of a filing from its last report: computed cells that moved, and failed controls only.

        Of these, those that look at one of the cells `about` or at one that moved; all when there are none.

        None when validation cannot go on from that report: the whole filing is to be evaluated then.
        """
        ...

    async def justify(
        self, request_id: str, filing: Filing, explanation: Explanation, author: str, operands: Mapping[str, str]
    ) -> Justification:
        """Keep a justification written about these operands."""
        ...


class Facts(Protocol):
    """The sync service."""

    async def known(self, siren: str, year: int) -> list[ReceivedFact]:
        """Return the shared facts this server knows of a body and year."""
        ...

    async def resolve(self, request_id: str, filing: Filing, concept: str, value: str, author: str) -> None:
        """Choose the value of a fact in conflict."""
        ...


class Bodies(Protocol):
    """The bodies known to this server (auth service)."""

    async def get(self, siren: str) -> Body:
        """Return a body.

        Raises:
            NotFound: this server does not know it.
        """
        ...

    async def of_caller(self, caller: Caller) -> list[Body]:
        """Return the bodies the caller may read."""
        ...


class FormSets(Protocol):
    """The form packages shipped with this server."""

    def load(self, version: str) -> FormSet:
        """Return a package."""
        ...

    def available(self) -> tuple[str, ...]:
        """Return the versions shipped, oldest first."""
        ...


class ExportFiles(Protocol):
    """Writes documents in the published file formats."""

    async def write(self, content: ExportContent, chosen: ExportFormat) -> ExportedFile:
        """Return the file."""
        ...


class Pdfs(Protocol):
    """Looks into uploaded PDFs, in bounded time and memory."""

    async def flaws(self, content: bytes) -> Collection[PdfFlaw]:
        """Return what is wrong with a PDF, nothing when it may be attached.

        Raises:
            Unavailable: this machine cannot look into files safely.
        """
        ...


class VirusScanner(Protocol):
    """Looks for viruses in a file, in bounded time."""

    async def scan(self, content: bytes) -> Scan:
        """Return what was found; a scanner that does not answer in time is an answer, no failure."""
        ...


class FlatFiles(Protocol):
    """Reads uploaded files, in bounded time and memory."""

    async def read(self, form_set: FormSet, filing: Filing, file_name: str, content: bytes) -> FileContent:
        """Return what the file holds.

        Raises:
            ImportRefused: the file as a whole cannot be read, or is about another body or year.
        """
        ...
