"""What the pages need of others. Each port of a service is bound to one passport: it acts for that person and nobody else."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from services.gateway.clients.answers import (
    AccountMapping,
    AccountRule,
    Activities,
    Adjustment,
    AffectedFilings,
    AttachedFile,
    Attachment,
    Campaign,
    Campaigns,
    CarriedAnswers,
    Cell,
    CellComment,
    CellDifference,
    CellEdit,
    ConfirmedImport,
    Container,
    Delivery,
    Document,
    EditSteps,
    ErrorFile,
    Explanation,
    ExportedFile,
    ExportFormat,
    FeedEntry,
    FeedPage,
    FetchedDelivery,
    FiledCell,
    Filing,
    FilingCells,
    FilingIdentity,
    Filings,
    FormSetChange,
    FormSetStatus,
    Formula,
    HeldFile,
    ImportChoice,
    ImportPreview,
    Justification,
    OpenedFiling,
    OpenedTrial,
    Passport,
    PreparedSignature,
    Publication,
    QueueStatus,
    Receipt,
    ReleaseDecision,
    ReleaseTable,
    Report,
    ReviewState,
    RuleSet,
    SavedCells,
    SeriesPoint,
    SetAsideCell,
    SignedVersion,
    Step,
    TransmittedFiling,
    TransmittedFilings,
    TransmittedFilter,
    UndoneStep,
    Verdict,
    Verification,
)


class Forms(Protocol):
    """The forms service."""

    async def open(self, body: str, document: Document, year: int) -> OpenedFiling:
        """Open the filing of a body, or return it when it is open."""
        ...

    async def open_trial(self, body: str, document: Document, year: int, form_set: str) -> OpenedTrial:
        """Open a trial of a form set, or return it when it is open."""
        ...

    async def discard_trial(self, filing_id: str, request_id: str) -> None:
        """Throw a trial away."""
        ...

    async def list(self, body: str = "") -> Filings:
        """List what the person may read, what could be opened, and what could be tried."""
        ...

    async def get(self, filing_id: str) -> FilingCells:
        """Return a filing with its cells."""
        ...

    async def save(self, filing_id: str, edits: Sequence[CellEdit], request_id: str) -> SavedCells:
        """Save typed cells, all or none."""
        ...

    async def preview(
        self, filing_id: str, file_name: str, content: bytes, request_id: str, package: str = ""
    ) -> ImportPreview:
        """Read a file and tell what importing it would do; a balance or FEC is read with the mapping of the package."""
        ...

    async def error_file(self, filing_id: str, import_id: str, language: str) -> ErrorFile:
        """Return the person's file with what is wrong beside each line, said in the language."""
        ...

    async def accounts(self, body: str, form_set: str, package: str = "") -> AccountMapping:
        """Return how accounts fill cells: what the form set says and what the body saved."""
        ...

    async def save_accounts(
        self, body: str, form_set: str, package: str, rules: Sequence[AccountRule], request_id: str
    ) -> AccountMapping:
        """Replace the body's own rules for one accounting package."""
        ...

    async def get_import(self, filing_id: str, import_id: str) -> ImportPreview:
        """Return a preview made earlier."""
        ...

    async def confirm(
        self,
        filing_id: str,
        import_id: str,
        choice: ImportChoice,
        *,
        accept_partial: bool,
        overwrite_typed: bool,
        request_id: str,
    ) -> ConfirmedImport:
        """Write what is chosen of a previewed import."""
        ...

    async def check(self, filing_id: str) -> Report:
        """Run every control."""
        ...

    async def justify(self, filing_id: str, explanation: Explanation, request_id: str) -> Verdict:
        """Justify a failed control, or one cell of it; returns the verdict that follows."""
        ...

    async def move(self, filing_id: str, step: Step, reason: str, request_id: str, cells: Sequence[str] = ()) -> Filing:
        """Move the filing to another step; going back may name cells to look at again."""
        ...

    async def history(self, filing_id: str, address: str) -> tuple[FiledCell, ...]:
        """Return every version of a cell, newest first."""
        ...

    async def resolve(self, filing_id: str, address: str, value: str, request_id: str) -> FiledCell:
        """Choose between the two values of a cell in conflict."""
        ...

    async def activity(self, filing_id: str, page_token: str = "", page_size: int = 0) -> Activities:
        """List a page of what happened, newest first."""
        ...

    async def export(self, filing_id: str, chosen: ExportFormat, version: int = 0) -> ExportedFile:
        """Return the filing as a file; version 0 is the filing as it is now."""
        ...

    async def steps(self, filing_id: str, page_token: str = "", page_size: int = 0) -> EditSteps:
        """List a page of the changes that can be undone, newest first."""
        ...

    async def undo(self, filing_id: str, step_id: str, request_id: str) -> UndoneStep:
        """Undo one change; cells changed since are left as they are and named."""
        ...

    async def carry(self, filing_id: str, request_id: str) -> CarriedAnswers:
        """Carry last year's answers into empty cells, as each line is marked."""
        ...

    async def last_year(self, filing_id: str) -> tuple[Cell, ...]:
        """Return last year's answers to show beside this year's cells, at their addresses."""
        ...

    async def reopen(self, filing_id: str, reason: str, cells: Sequence[str], request_id: str) -> Filing:
        """Reopen a signed filing for a rectifying version; an officer returns it to the body so."""
        ...

    async def review(
        self, filing_id: str, state: ReviewState, text: str, cells: Sequence[str], request_id: str
    ) -> Filing:
        """Take a transmitted filing through its review, for officers."""
        ...

    async def answer_review(self, filing_id: str, text: str, request_id: str) -> Filing:
        """Answer the question of the authority."""
        ...

    async def close(self, filing_id: str, request_id: str) -> Filing:
        """Close a filing found reliable, for officers."""
        ...

    async def request_return(self, filing_id: str, reason: str, request_id: str) -> Filing:
        """Ask for a closed filing back at step 4."""
        ...

    async def decide_return(self, filing_id: str, reason: str, *, is_accepted: bool, request_id: str) -> Filing:
        """Accept or refuse such a request, for officers."""
        ...

    async def archive(self, filing_id: str, request_id: str) -> Filing:
        """Archive a closed filing, for officers."""
        ...

    async def signed_version(self, filing_id: str, version: int = 0) -> SignedVersion:
        """Return a version as it was signed; version 0 is the latest."""
        ...

    async def series(
        self, body: str, document: Document, addresses: Sequence[str], years: int = 0
    ) -> tuple[SeriesPoint, ...]:
        """Return cells over the years a body has filed, oldest year first; years 0 are the last five."""
        ...

    async def compare(
        self, filing_id: str, version: int, other_filing_id: str, other_version: int
    ) -> tuple[CellDifference, ...]:
        """Return the cells that differ; version 0 is a filing as it is now, no other filing is the same one."""
        ...

    async def form_sets(self) -> tuple[FormSetStatus, ...]:
        """List the form sets of the server, oldest first."""
        ...

    async def move_form_set(self, form_set: str, state: str) -> None:
        """Move a form set in its life."""
        ...

    async def preview_form_set(
        self, document: Document, year: int, form_set: str, *, is_counted_only: bool = False
    ) -> FormSetChange:
        """Count what a new form set would change in the open filings of a campaign; counted only, no filing is judged."""
        ...

    async def affected_filings(
        self, document: Document, year: int, form_set: str, page_token: str = "", page_size: int = 0
    ) -> AffectedFilings:
        """Name the filings that it would change and say how, page by page."""
        ...

    async def publish_form_set(
        self, document: Document, year: int, form_set: str, *, is_forced: bool = False, publication_id: str = ""
    ) -> str:
        """Have a form set given to the open filings of a campaign; forced, even one of other exercices.

        With a publication, have that one go on, and no other. Returns the publication, which goes on by itself.
        """
        ...

    async def undo_form_set(self, publication_id: str) -> None:
        """Have a publication taken back."""
        ...

    async def publication(self, publication_id: str) -> Publication:
        """Tell how far a publication is."""
        ...

    async def publications(self) -> tuple[Publication, ...]:
        """List the last publications, newest first."""
        ...

    async def set_aside(self, filing_id: str) -> tuple[SetAsideCell, ...]:
        """List the values that a form set published during entry did not take."""
        ...

    async def choose_set_aside(self, filing_id: str, address: str, keep_as: str, request_id: str) -> Filing:
        """Put a value set aside in an empty cell, or drop it when no cell is given."""
        ...

    async def comment(
        self, filing_id: str, address: str, text: str, *, is_flagged: bool, is_shared: bool, request_id: str
    ) -> CellComment:
        """Comment a cell, or raise or lower its flag; a shared comment is for the authority too."""
        ...

    async def comments(self, filing_id: str, address: str = "") -> tuple[CellComment, ...]:
        """List the comments of a cell, or of the whole filing, newest first."""
        ...

    async def campaigns(self) -> Campaigns:
        """List the campaigns of this server and what they may demand, for officers."""
        ...

    async def plan(self, campaign: Campaign) -> Campaign:
        """Change a campaign, for officers."""
        ...

    async def extend(self, document: Document, year: int, body: str, due_on: str, reason: str, request_id: str) -> str:
        """Give one body more time; returns its last day."""
        ...

    async def attach(self, filing_id: str, kind: str, file_name: str, content: bytes, request_id: str) -> Attachment:
        """Attach a PDF."""
        ...

    async def attachments(self, filing_id: str) -> tuple[Attachment, ...]:
        """List the PDFs attached, by kind."""
        ...

    async def attachment(self, filing_id: str, attachment_id: str) -> AttachedFile:
        """Return one PDF."""
        ...

    async def transmitted(
        self, wanted: TransmittedFilter, page_token: str = "", page_size: int = 0
    ) -> TransmittedFilings:
        """List what was transmitted to the authority of this server, page by page; 50 filings unless told otherwise."""
        ...

    async def get_transmitted(self, filing_id: str) -> TransmittedFiling:
        """Return a transmitted filing as signed."""
        ...


class Signatures(Protocol):
    """The signature service."""

    async def prepare(self, filing_id: str) -> PreparedSignature:
        """Return the exact bytes to sign, or what stands in the way."""
        ...

    async def sign(self, intent_id: str, digest: str, *, accepts_recipients: bool, request_id: str) -> Receipt:
        """Sign what was shown."""
        ...

    async def receipt(self, filing_id: str, version: int = 0) -> Receipt:
        """Return a receipt; version 0 is the latest."""
        ...

    async def container(self, filing_id: str, version: int = 0) -> Container:
        """Return a signed container; version 0 is the latest."""
        ...

    async def verify(self, container: bytes, held: Sequence[HeldFile] = ()) -> Verification:
        """Verify any container, and that files held beside it are its attachments; needs no passport."""
        ...


class Releases(Protocol):
    """The transmission service."""

    async def table(self, identity: FilingIdentity, simulate_recipient: str = "") -> ReleaseTable:
        """Return every recipient with the decision, pretending one box were the other way round."""
        ...

    async def tick(
        self, identity: FilingIdentity, recipient: str, *, is_ticked: bool, request_id: str
    ) -> ReleaseDecision:
        """Tick or untick the body's box."""
        ...

    async def deliveries(self, identity: FilingIdentity) -> tuple[Delivery, ...]:
        """List who received what."""
        ...

    async def feed(self, after: int, limit: int, document: Document) -> FeedPage:
        """Read the partner's own feed after a cursor."""
        ...

    async def fetch(self, delivery_id: str, *, accepts_suspended: bool = False) -> FetchedDelivery:
        """Return the container of an entry and record the delivery; a suspended one only to who accepts it as such."""
        ...

    async def acknowledge(self, delivery_id: str) -> FeedEntry:
        """Record that the partner took the entry, a version or a notice, into account."""
        ...


class Validations(Protocol):
    """The validation service, for what persons ask of it themselves."""

    async def propose(self, body: str, year: int, controls: Sequence[str]) -> tuple[Justification, ...]:
        """Offer what the body wrote in earlier years about controls that fail again."""
        ...

    async def review(self, filing_id: str) -> tuple[Justification, ...]:
        """List the justifications of a transmitted filing, for officers."""
        ...

    async def answer(
        self, filing_id: str, control: str, number: int, *, is_accepted: bool, text: str, request_id: str
    ) -> Justification:
        """Accept or refuse the justification that was read."""
        ...

    async def adjustments(self, document: Document, year: int) -> tuple[Adjustment, ...]:
        """List the decisions on the controls of a campaign that are in force."""
        ...

    async def formula(self, form_set: str, address: str) -> Formula:
        """Say how a cell is computed; an empty formula when none fills it."""
        ...

    async def rules(self, form_set: str, document: Document, year: int) -> RuleSet:
        """Tell under which rules the filings of a campaign are judged, for those who may read a filing."""
        ...

    async def adjust(self, adjustment: Adjustment, request_id: str) -> str:
        """Decide on a control; returns the run that judges the open filings again."""
        ...

    async def try_adjustment(self, adjustment: Adjustment, tried_on: int, request_id: str) -> str:
        """Try a decision on filings and change nothing; returns the run. `tried_on` 0 is the open ones."""
        ...

    async def check_campaign(self, document: Document, year: int, request_id: str, form_set: str = "") -> str:
        """Queue a check of every filing of a campaign, or a trial of another form set on it; returns the run."""
        ...

    async def runs(self) -> tuple[QueueStatus, ...]:
        """List the runs asked for last, newest first, without what they found."""
        ...

    async def queue(self, run_id: str) -> QueueStatus:
        """Tell where a run is."""
        ...


class Passports(Protocol):
    """The auth service."""

    async def of_person(self, access_token: str) -> Passport:
        """Exchange an access token of the identity provider."""
        ...

    async def of_partner(self, client_id: str, client_secret: str) -> Passport:
        """Exchange a partner's own credentials."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """The services, acting for one person."""

    forms: Forms
    signatures: Signatures
    releases: Releases
    validations: Validations


ActingFor = Callable[[str], Services]
"""Returns the services bound to a passport token; the empty token is nobody."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the identity provider gave for a login or a refresh."""

    access_token: str
    refresh_token: str
    id_token: str


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    """A login under way: what must be found again when the browser comes back."""

    state: str
    nonce: str
    verifier: str
    browser: str
    """Hash of the secret in the browser's cookie: only the browser that began may finish."""
    way_back: str
    """Path to return to on this server."""
    must_prove_after: float
    """Seconds since 1970 that `auth_time` must not precede; 0 when an older proof is good enough."""


class LoginRefused(Exception):
    """The identity provider or what the browser brought back does not add up to a login."""


class RefreshRefused(Exception):
    """The identity provider no longer honours this session."""


class IdentityProvider(Protocol):
    """An OpenID provider: authorization code, PKCE with S256, nonce and state."""

    async def start(self, browser: str, way_back: str, *, proves_again: bool) -> tuple[str, LoginAttempt]:
        """Return where to send the browser, and what to remember."""
        ...

    async def finish(self, attempt: LoginAttempt, answer: Mapping[str, str]) -> Tokens:
        """Exchange what the browser brought back.

        Raises:
            LoginRefused: an error, another issuer, or an ID token that does not hold.
        """
        ...

    async def refresh(self, refresh_token: str) -> Tokens:
        """Return fresh tokens.

        Raises:
            RefreshRefused: the session at the provider has ended.
        """
        ...

    async def logout_url(self, id_token: str) -> str:
        """Return where to send the browser to end the login at the provider too; empty when it has no such place."""
        ...


class Shelf(Protocol):
    """A place for short-lived texts: Redis, or this process's memory. Losing it signs people out and nothing more."""

    async def put(self, key: str, text: str, lasts: timedelta) -> None:
        """Keep a text for a while."""
        ...

    async def get(self, key: str) -> str | None:
        """Return a text, None when it is gone."""
        ...

    async def touch(self, key: str, lasts: timedelta) -> None:
        """Let a text that is there live on; its content is not written again."""
        ...

    async def take(self, key: str) -> str | None:
        """Return a text and forget it, at once: of two callers one gets it."""
        ...

    async def drop(self, key: str) -> None:
        """Forget a text."""
        ...

    def turn(self, key: str) -> AbstractAsyncContextManager[None]:
        """Wait for one's turn on a key, for a few seconds at most."""
        ...

    async def answers(self) -> bool:
        """Tell whether it can be reached."""
        ...
