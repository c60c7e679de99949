"""What the services answer, as plain values: the fields of the messages in `proto/`, under the same names.

Pages read these, the JSON interface writes them; the wire's own classes stop at this room.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from harmonia.validation.v1.validation_pb2 import JustificationReason

from chassis.rpc.words import words_of


class Document(StrEnum):
    """The document a body files."""

    UNSPECIFIED = "unspecified"
    ER = "er"
    QDIS = "qdis"

    @property
    def code(self) -> str:
        """`ER` or `QDIS`, as form sets write it."""
        return self.value.upper()


class Family(StrEnum):
    """The family of a body."""

    UNSPECIFIED = "unspecified"
    OPH = "oph"
    ESH = "esh"
    COOP = "coop"
    SEM = "sem"


class Step(StrEnum):
    """Step of a filing."""

    UNSPECIFIED = "unspecified"
    ENTRY = "entry"
    ACCOUNTING = "accounting"
    SIGNATURE = "signature"
    REVIEW = "review"
    CLOSED = "closed"
    ARCHIVED = "archived"

    @property
    def number(self) -> int:
        """The number people know it by, from 1."""
        return list(Step).index(self)


class ReviewState(StrEnum):
    """Sub-step of step 4 (fiabilisation)."""

    UNSPECIFIED = "unspecified"
    WAITING = "waiting"
    IN_PROGRESS = "in_progress"
    ASKED = "asked"
    ANSWERED = "answered"
    RELIABLE = "reliable"


class Origin(StrEnum):
    """Where the value of a cell comes from."""

    UNSPECIFIED = "unspecified"
    TYPED = "typed"
    IMPORTED = "imported"
    SYNCHRONISED = "synchronised"
    LAST_YEAR = "last_year"
    COMPUTED = "computed"
    CHOSEN = "chosen"


class ImportEffect(StrEnum):
    """What an import would do to a cell."""

    UNSPECIFIED = "unspecified"
    FILL = "fill"
    REPLACE = "replace"
    SAME = "same"
    PROTECTED = "protected"
    COMPARED = "compared"
    ELSEWHERE = "elsewhere"
    SEALED = "sealed"


class ExportFormat(StrEnum):
    """A published file format."""

    UNSPECIFIED = "unspecified"
    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"
    XBRL_JSON = "xbrl_json"
    XBRL_CSV = "xbrl_csv"
    TAXONOMY = "taxonomy"

    @property
    def word(self) -> str:
        """The word of addresses and commands: `xbrl-json`."""
        return self.value.replace("_", "-")


class Severity(StrEnum):
    """How much a control weighs, heaviest first."""

    UNSPECIFIED = "unspecified"
    BLOCKING = "blocking"
    TRANSMISSION = "transmission"
    ANOMALY = "anomaly"
    REMARK = "remark"


class ControlStatus(StrEnum):
    """What came of a control."""

    UNSPECIFIED = "unspecified"
    PASSED = "passed"
    FAILED = "failed"
    NOT_EVALUATED = "not_evaluated"


class Verdict(StrEnum):
    """The one word on top of a report (decisions.md 16)."""

    UNSPECIFIED = "unspecified"
    CLEAN = "clean"
    REMARKS = "remarks"
    TO_JUSTIFY = "to_justify"
    BLOCKED = "blocked"
    NOT_EVALUABLE = "not_evaluable"


class Indication(StrEnum):
    """Outcome of a verification (EN 319 102-1)."""

    UNSPECIFIED = "unspecified"
    PASSED = "passed"
    FAILED = "failed"
    INDETERMINATE = "indeterminate"


class DeliveryState(StrEnum):
    """State of one delivery."""

    UNSPECIFIED = "unspecified"
    AVAILABLE = "available"
    DELIVERED = "delivered"
    ACKNOWLEDGED = "acknowledged"
    SUPERSEDED = "superseded"


class Standing(StrEnum):
    """What a version is to its recipient now."""

    UNSPECIFIED = "unspecified"
    CURRENT = "current"
    SUSPENDED = "suspended"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


class EntryKind(StrEnum):
    """What a feed entry is: a signed version, or a notice about one."""

    UNSPECIFIED = "unspecified"
    RELEASE = "release"
    SUSPENSION = "suspension"
    WITHDRAWAL = "withdrawal"


class NoticeReason(StrEnum):
    """Why a notice was given."""

    UNSPECIFIED = "unspecified"
    REOPENED = "reopened"
    NOT_RELEASED = "not_released"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence in the two languages of the product."""

    fr: str = ""
    en: str = ""


@dataclass(frozen=True, slots=True)
class ThreePartMessage:
    """What is wrong, where, and how to mend it."""

    what: Sentence = Sentence()
    where: Sentence = Sentence()
    how: Sentence = Sentence()


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell address and its value in written form."""

    address: str
    value: str


@dataclass(frozen=True, slots=True)
class FilingIdentity:
    """What a filing is about."""

    filing_id: str
    body: str
    body_name: str
    family: Family
    document: Document
    year: int
    form_set: str
    departement: str


@dataclass(frozen=True, slots=True)
class ScopeGrant:
    """Permissions held on one body, or on `*`."""

    scope: str
    permissions: tuple[str, ...]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Passport:
    """A proof of who is calling; only the auth service can make one."""

    token: str
    expires_at: datetime
    subject: str
    name: str
    grants: tuple[ScopeGrant, ...] = ()
    partner: str = ""
    authenticated_at: datetime | None = None

    def may(self, permission: str, scope: str) -> bool:
        """Tell whether to offer something; the services decide again."""
        return any(permission in g.permissions for g in self.grants if g.scope in (scope, "*"))

    def may_everywhere(self, permission: str) -> bool:
        """Tell whether the permission is held on the whole server."""
        return any(permission in g.permissions for g in self.grants if g.scope == "*")


@dataclass(frozen=True, slots=True)
class CellConflict:
    """The other value of a cell in conflict with another server."""

    value: str
    server: str
    author: str
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class FiledCell:
    """A cell with where its value comes from."""

    address: str
    value: str
    version: int = 0
    origin: Origin = Origin.UNSPECIFIED
    author: str = ""
    changed_at: datetime | None = None
    file: str = ""
    line: int = 0
    server: str = ""
    conflict: CellConflict | None = None
    is_provisional: bool = False
    is_sealed: bool = False
    put_back_by: str = ""
    put_back_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """How far the authority is with a transmitted filing; the last question, and what was answered to it."""

    state: ReviewState
    author: str = ""
    at: datetime | None = None
    question: str = ""
    answer: str = ""
    next_states: tuple[ReviewState, ...] = ()
    """Where an officer may bring it, the likeliest first."""


@dataclass(frozen=True, slots=True)
class Move:
    """A step that the people of the body may move a filing to."""

    step: Step
    permission: str = ""
    needs_reason: bool = False


@dataclass(frozen=True, slots=True)
class ReturnRequest:
    """The body asks for a closed filing back at step 4; pending while nobody refused it."""

    reason: str
    author: str
    at: datetime | None
    refusal: str = ""
    refused_by: str = ""
    refused_at: datetime | None = None

    @property
    def is_pending(self) -> bool:
        """Tell whether it waits for a decision."""
        return not self.refused_by


@dataclass(frozen=True, slots=True)
class CellToReview:
    """A cell named in a return, a reopening or a question, and not changed or answered since."""

    address: str
    reason: str
    author: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Filing:
    """A filing without its cells."""

    identity: FilingIdentity
    step: Step
    revision: int
    signed_version: int
    opened_by: str
    opened_at: datetime | None
    changed_at: datetime | None
    verdict: Verdict
    receipt_number: str
    due_on: str
    is_locked: bool
    filled: int
    fillable: int
    conflicts: tuple[str, ...] = ()
    lacking: "tuple[Finding, ...]" = ()
    """Controls of the workflow (W-*) that do not hold; those of severity T stand in the way of signing."""
    signed_at: datetime | None = None
    is_late: bool = False
    """Transmitted after the official deadline (W-08)."""
    reopened_at: datetime | None = None
    is_trial: bool = False
    """A trial of a form set: never signed, sent or counted."""
    review: Review | None = None
    """From step 4 on."""
    return_request: ReturnRequest | None = None
    to_review: tuple[CellToReview, ...] = ()
    """For the people of the body only."""
    last_day: str = ""
    """Last day to type, import and sign; empty when the campaign is not known."""
    first_day: str = ""
    """First day of the same."""
    moves: tuple[Move, ...] = ()
    """Where the people of the body may move it now."""
    set_aside: int = 0
    """Values that a form set did not take and that wait for a choice."""
    notices: "tuple[Activity, ...]" = ()
    """What happened in the last thirty days while its people may have looked elsewhere, newest first."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign with its four dates; no `corrected_until` is the same as `closes_on`."""

    document: Document
    year: int
    form_set: str
    opens_on: str
    due_on: str
    closes_on: str
    families: tuple[Family, ...] = ()
    required_attachments: tuple[str, ...] = ()
    corrected_until: str = ""


@dataclass(frozen=True, slots=True)
class Campaigns:
    """The campaigns of a server, newest year first."""

    campaigns: tuple[Campaign, ...]
    demandable_attachments: tuple[str, ...] = ()
    """Kinds of PDF that a campaign may demand."""


@dataclass(frozen=True, slots=True)
class OpenableDocument:
    """A document that may be opened in a campaign under way."""

    body: str
    body_name: str
    document: Document
    year: int
    due_on: str


@dataclass(frozen=True, slots=True)
class TryableFormSet:
    """A form set in trial that may be tried."""

    body: str
    body_name: str
    document: Document
    year: int
    form_set: str


@dataclass(frozen=True, slots=True)
class Filings:
    """Filings, what could be opened, and what could be tried."""

    filings: tuple[Filing, ...]
    openable: tuple[OpenableDocument, ...] = ()
    tryable: tuple[TryableFormSet, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenedTrial:
    """A trial, and what it took from the body's filing."""

    filing: Filing
    is_new: bool
    taken: int
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpenedFiling:
    """The filing that opening gave."""

    filing: Filing
    is_new: bool


@dataclass(frozen=True, slots=True)
class FilingCells:
    """A filing with its cells, computed ones included."""

    filing: Filing
    cells: tuple[FiledCell, ...]


@dataclass(frozen=True, slots=True)
class CellEdit:
    """A cell to save."""

    address: str
    text: str
    base_version: int


JUSTIFICATION_REASONS = tuple(words_of(JustificationReason.DESCRIPTOR).values())
"""Kinds of reason for which a figure that a control finds doubtful is right."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a person writes to justify a failed control, or one cell of it."""

    control: str
    text: str
    cell: str = ""
    reason: str = ""
    """One of `JUSTIFICATION_REASONS`; empty when none was given."""


@dataclass(frozen=True, slots=True)
class Justification:
    """The written reason for which an anomaly is right."""

    control: str
    text: str
    author: str
    written_at: datetime | None
    operands_digest: str = ""
    number: int = 0
    """What an answer is about."""
    year: int = 0
    """Accounting year it was written for."""
    answer: str = ""
    is_accepted: bool = False
    """Says nothing while `answered_by` is empty."""
    answered_by: str = ""
    answered_at: datetime | None = None
    cell: str = ""
    """Where it is about; empty for all that the control found."""
    reason: str = "unspecified"
    """Word of the kind of reason."""


@dataclass(frozen=True, slots=True)
class FindingPlace:
    """Where a control fails, justified on its own: a line, an empty mandatory cell, or all that it reads."""

    cells: tuple[str, ...] = ()
    justification: Justification | None = None
    refused: Justification | None = None
    """The justification of these very figures that the authority refused; it does not count."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One control and what came of it."""

    control: str
    severity: Severity
    status: ControlStatus
    message: Sentence
    detail: ThreePartMessage = ThreePartMessage()
    cells: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    operands: tuple[Cell, ...] = ()
    places: tuple[FindingPlace, ...] = ()
    """Where it fails, when it does."""
    is_justified: bool = False
    """Whether it is wherever it fails."""
    instruction: str = ""
    """Where the control's entry stands in the open catalogue; empty for one that holds."""
    line_instructions: tuple[str, ...] = ()
    """Where the instructions of the lines of its cells stand there."""


class RunState(StrEnum):
    """Where a queued run is."""

    UNSPECIFIED = "unspecified"
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A decision of the authority on one control for one campaign; no severity when withdrawn."""

    form_set: str
    document: Document
    year: int
    control: str
    severity: Severity
    is_withdrawn: bool
    reason: str
    author: str = ""
    adjusted_at: datetime | None = None
    authority: str = ""
    """The server that decided; empty for this one."""
    applies_here: bool = True
    """Whether the filings of this server are judged under it."""


@dataclass(frozen=True, slots=True)
class Formula:
    """How a cell is computed: the formula as the form set writes it, empty when there is none, and the cells it reads."""

    formula: str
    operands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules of a campaign: what the authority adjusted, and the digest that reports carry."""

    form_set_digest: str
    rule_set: str
    adjustments: tuple[Adjustment, ...]


@dataclass(frozen=True, slots=True)
class VerdictChange:
    """A filing whose verdict would change."""

    identity: FilingIdentity
    before: Verdict
    after: Verdict


@dataclass(frozen=True, slots=True)
class AdjustmentPreview:
    """What an adjustment would change, over all the filings it was tried on."""

    tried: int
    changed: int
    skipped: int
    failing: int
    examples: tuple[VerdictChange, ...]
    milliseconds_before: float
    milliseconds_after: float


@dataclass(frozen=True, slots=True)
class VerdictCount:
    """How many filings have a verdict."""

    verdict: Verdict
    filings: int


@dataclass(frozen=True, slots=True)
class ControlCount:
    """How a control fares over a campaign."""

    control: str
    severity: Severity
    message: Sentence
    failing: int
    justified: int
    not_evaluated: int


@dataclass(frozen=True, slots=True)
class CampaignCheck:
    """Verdicts and findings counted over a campaign."""

    checked: int
    skipped: int
    verdicts: tuple[VerdictCount, ...]
    controls: tuple[ControlCount, ...]


def _beside(before: tuple[VerdictCount, ...], after: tuple[VerdictCount, ...]) -> list[tuple[Verdict, int, int]]:
    then, there = ({one.verdict: one.filings for one in counted} for counted in (before, after))
    return [(one, then.get(one, 0), there.get(one, 0)) for one in Verdict if one in then or one in there]


@dataclass(frozen=True, slots=True)
class ControlTrial:
    """How a control fares over a campaign, under the form sets of its filings and under the one that is tried."""

    control: str
    severity: Severity
    message: Sentence
    failing_before: int
    failing_after: int
    newly_failing: int
    no_longer_failing: int
    newly_not_evaluated: int
    examples: tuple[FilingIdentity, ...]
    """Transmitted filings on which it would newly fail."""


@dataclass(frozen=True, slots=True)
class FormSetTrial:
    """What another form set would change for the filings of a campaign."""

    checked: int
    skipped: int
    changed: int
    to_choose: int
    """Values that the form set that is tried does not take."""
    verdicts_before: tuple[VerdictCount, ...]
    verdicts_after: tuple[VerdictCount, ...]
    controls: tuple[ControlTrial, ...]
    milliseconds_before: float
    milliseconds_after: float

    @property
    def verdicts(self) -> list[tuple[Verdict, int, int]]:
        """Every verdict met, from the best, with how many filings have it now and would have it."""
        return _beside(self.verdicts_before, self.verdicts_after)


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """Where a queued run is, how long until it is done, what it found."""

    run_id: str
    kind: str
    state: RunState
    place: int
    estimate_seconds: float
    done: int
    queued_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    failure: str
    changed: int
    preview: AdjustmentPreview | None
    adjustment: Adjustment | None = None
    tried_on: int = 0
    """Year of the filings it is tried on, 0 for the open ones."""
    check: CampaignCheck | None = None
    trial: FormSetTrial | None = None
    document: Document = Document.UNSPECIFIED
    """Of the filings that a check or a trial looks at."""
    year: int = 0
    form_set: str = ""
    """The one that is tried."""


@dataclass(frozen=True, slots=True)
class SavedCells:
    """What a save changed and what it makes fail."""

    filing: Filing
    cells: tuple[FiledCell, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class ImportChange:
    """What an import would do to one cell."""

    address: str
    line: int
    text: str
    value: str
    current: str
    effect: ImportEffect
    current_origin: Origin
    is_written: bool = False
    """Whether confirming writes it when nothing is chosen."""
    is_open_to_choice: bool = False
    """Whether a person may decide otherwise."""
    control: str = ""
    """F-22, when the file gives a computed cell another value than the formula."""
    message: ThreePartMessage | None = None


@dataclass(frozen=True, slots=True)
class ImportProblem:
    """Why a line of a file is refused."""

    line: int
    column: str
    code: str
    control: str
    message: ThreePartMessage
    text: str
    extra: dict[str, str]


@dataclass(frozen=True, slots=True)
class AccountFeed:
    """Where the balance of one account goes; no `address` when no cell takes it."""

    account: str
    label: str
    line: int
    amount: str
    address: str
    prefix: str
    is_own: bool
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AccountRule:
    """Accounts that begin so fill this cell; `side`, `debit` or `credit`, counts positively."""

    prefix: str
    address: str
    side: str
    is_own: bool = True


@dataclass(frozen=True, slots=True)
class AccountMapping:
    """Every rule in force, longest prefix first, and the accounting packages the body has a mapping for."""

    rules: tuple[AccountRule, ...]
    packages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ErrorFile:
    """The person's own file with what, where and how beside each refused line."""

    content: bytes
    file_name: str


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """What reading a file gave."""

    import_id: str
    file_name: str
    changes: tuple[ImportChange, ...]
    problems: tuple[ImportProblem, ...]
    guesses: tuple[Sentence, ...]
    is_confirmed: bool
    revision: int
    feeds: tuple[AccountFeed, ...] = ()
    """Of a balance or a FEC: where each account goes."""
    left_out: tuple[str, ...] = ()
    """Once written: the cells left out by choice."""
    package: str = ""
    """Whose mapping of accounts was used; empty for the body's default one."""


@dataclass(frozen=True, slots=True)
class ImportChoice:
    """What is taken and what is left out of an import: cells, lines or forms; the narrowest name decides."""

    taken: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConfirmedImport:
    """What an import wrote."""

    filing: Filing
    written: int
    kept: int
    left_out: tuple[str, ...] = ()
    """Cells left out by choice."""


@dataclass(frozen=True, slots=True)
class VerdictText:
    """What a verdict is called and says."""

    word: Sentence = Sentence()
    sentence: Sentence = Sentence()


@dataclass(frozen=True, slots=True)
class Report:
    """Every control of the document, and the verdict."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    rule_set: str
    revision: int
    verdict_text: VerdictText = VerdictText()
    """For programs; pages say the same from the same table."""


@dataclass(frozen=True, slots=True)
class Activity:
    """One thing that happened to a filing."""

    at: datetime | None
    author: str
    kind: str
    summary: Sentence


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A filing as a file."""

    content: bytes
    file_name: str
    media_type: str


@dataclass(frozen=True, slots=True)
class EditStep:
    """One change of content, which can be undone while `is_undone` is false."""

    step_id: str
    kind: str
    author: str
    at: datetime | None
    cells: int
    summary: Sentence
    is_undone: bool


@dataclass(frozen=True, slots=True)
class Activities:
    """A page of what happened, newest first; `next_page_token` asks for what was before, and is empty on the last page."""

    activities: tuple[Activity, ...]
    next_page_token: str = ""


@dataclass(frozen=True, slots=True)
class EditSteps:
    """A page of changes, newest first; `next_page_token` asks for those before, and is empty on the last page."""

    steps: tuple[EditStep, ...]
    next_page_token: str = ""


@dataclass(frozen=True, slots=True)
class UndoneStep:
    """What undoing put back, and what it left because somebody changed it since."""

    filing: Filing
    restored: tuple[str, ...]
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CarriedAnswers:
    """What carrying last year's answers filled, and last year's values that are only shown beside."""

    filing: Filing
    carried: int
    beside: tuple[Cell, ...] = ()


@dataclass(frozen=True, slots=True)
class SignedVersion:
    """A version as it was signed, under the form set it was signed with."""

    filing: Filing
    version: int
    form_set: str
    cells: tuple[Cell, ...]
    versions: tuple[int, ...]
    has_other_labels: bool = False
    """Its form set is shipped no more: `form_set` is another one."""


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    """The value of a cell one year; `is_break` when the definition changed from the year before."""

    year: int
    address: str
    value: str
    label: str
    form_set: str
    is_break: bool
    is_signed: bool
    has_other_labels: bool = False


@dataclass(frozen=True, slots=True)
class CellDifference:
    """A cell that differs between two versions."""

    address: str
    label: str
    value: str
    other_value: str
    is_break: bool = False
    """The definition changed between the two form sets."""
    has_other_labels: bool = False


@dataclass(frozen=True, slots=True)
class FormSetStatus:
    """A form set of the server: `DRAFT`, `TRIAL`, `PUBLISHED` or `CLOSED`; nobody's name when nobody declared it."""

    form_set: str
    state: str
    changed_by: str
    changed_at: datetime | None
    is_used: bool
    moves: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CellsToChoose:
    """A filled cell that a new form set does not take as it is, and in how many filings it is."""

    address: str
    label: str
    why: str
    filings: int


@dataclass(frozen=True, slots=True)
class NewlyFailingControl:
    """A control that would newly fail, and on how many filings."""

    control: str
    filings: int


@dataclass(frozen=True, slots=True)
class PublicationInForce:
    """The publication that gave a campaign its form set; it may be taken back."""

    publication_id: str
    before: str
    after: str
    author: str
    at: datetime


@dataclass(frozen=True, slots=True)
class FormSetChange:
    """What a new form set would do to the open filings of a campaign, in all; signed ones keep their version."""

    concerned: int
    """Open filings that would change."""
    untouched: int
    already: int = 0
    """Open filings that are under it already."""
    carried: int = 0
    """Filled cells that stay as they are, of all filings."""
    to_choose: tuple[CellsToChoose, ...] = ()
    dropped: int = 0
    """Zeros in cells that it closes, about which nobody is asked."""
    gained: tuple[str, ...] = ()
    judged: int = 0
    """Filings that were evaluated; what follows is about those."""
    changed: int = 0
    """Whose verdict would change."""
    verdicts_before: tuple[VerdictCount, ...] = ()
    verdicts_after: tuple[VerdictCount, ...] = ()
    newly_failing: tuple[NewlyFailingControl, ...] = ()
    recomputed: int = 0
    is_applicable: bool = True
    """False when exercices of that year are filed with another form set (F-28): publishing must be forced."""
    in_force: PublicationInForce | None = None

    @property
    def verdicts(self) -> list[tuple[Verdict, int, int]]:
        """Every verdict met, from the best, with how many filings have it now and would have it."""
        return _beside(self.verdicts_before, self.verdicts_after)


@dataclass(frozen=True, slots=True)
class FailedFiling:
    """A filing, not named, on which a publication failed while it went on with the others."""

    attempts: int
    why: str
    at: datetime
    due_at: datetime | None
    """When it is tried again; None once it is put aside."""


@dataclass(frozen=True, slots=True)
class CellToChoose:
    """A filled cell whose value would be set aside until the body chooses."""

    address: str
    label: str
    why: str


@dataclass(frozen=True, slots=True)
class AffectedFiling:
    """An open filing that a publication would change, and how: no value of it, no verdict."""

    body: str
    body_name: str
    document: Document
    year: int
    form_set: str
    """That it has."""
    step: Step
    carried: int
    """Filled cells that stay as they are."""
    to_choose: tuple[CellToChoose, ...]
    recomputed: int | None
    """Computed cells that change; None when that could not be told in time."""


@dataclass(frozen=True, slots=True)
class AffectedFilings:
    """A page of them in order of SIREN; `next_page_token` asks for those after, and is empty on the last page."""

    filings: tuple[AffectedFiling, ...]
    next_page_token: str = ""


@dataclass(frozen=True, slots=True)
class Publication:
    """A form set published to the open filings of a campaign, how far that is, or its taking back."""

    publication_id: str
    document: Document
    year: int
    before: str
    after: str
    author: str
    at: datetime
    is_undone: bool
    undone_by: str
    state: RunState
    done: int
    left: int
    place: int
    estimate_seconds: float
    finished_at: datetime | None
    failure: str
    is_superseded: bool
    """True while a later one of its campaign is in force."""
    failed: tuple[FailedFiling, ...] = ()

    @property
    def put_aside(self) -> int:
        """How many filings are not tried again by themselves."""
        return sum(one.due_at is None for one in self.failed)

    @property
    def is_under_way(self) -> bool:
        """Tell whether it goes on by itself."""
        return self.state in (RunState.WAITING, RunState.RUNNING)


@dataclass(frozen=True, slots=True)
class SetAsideCell:
    """A value that a form set published during entry did not take."""

    address: str
    label: str
    value: str
    other_value: str
    why: str
    fate: str
    kept_as: str
    author: str
    at: datetime | None

    @property
    def is_waiting(self) -> bool:
        """Tell whether it waits for a choice."""
        return self.fate == "WAITING"


@dataclass(frozen=True, slots=True)
class CellComment:
    """A comment on a cell, with the state of the follow-up flag after it."""

    comment_id: str
    address: str
    text: str
    author: str
    at: datetime | None
    is_flagged: bool
    is_shared: bool = False
    """The authority reads it too."""
    is_by_authority: bool = False


@dataclass(frozen=True, slots=True)
class Attachment:
    """A PDF attached to a filing; `size` is in bytes, `digest` SHA-256 in hexadecimal."""

    attachment_id: str
    kind: str
    file_name: str
    digest: str
    size: int
    author: str
    at: datetime | None
    scanned_at: datetime | None = None
    """When a virus scanner found nothing in it, None when nobody looked."""


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """An attachment with its content."""

    attachment: Attachment
    content: bytes


@dataclass(frozen=True, slots=True)
class TransmittedFilter:
    """What a transmitted filing must be to be listed; what is not said does not matter."""

    body: str = ""
    """Some of the name of the body, or the beginning of its SIREN."""
    document: Document = Document.UNSPECIFIED
    year: int = 0
    step: Step = Step.UNSPECIFIED
    review: ReviewState = ReviewState.UNSPECIFIED
    """Of filings at step 4 only."""


@dataclass(frozen=True, slots=True)
class TransmittedFilings:
    """A page of them, newest year first; `next_page_token` asks for those after, and is empty on the last page."""

    filings: tuple[Filing, ...]
    next_page_token: str = ""


@dataclass(frozen=True, slots=True)
class TransmittedFiling:
    """A transmitted filing as signed, and what was done with it since."""

    filing: Filing
    cells: tuple[Cell, ...]
    activities: tuple[Activity, ...] = ()


@dataclass(frozen=True, slots=True)
class ReleaseTerm:
    """One recipient in the terms that are signed."""

    recipient: str
    is_released: bool
    rule: str
    level: int
    reason: Sentence


@dataclass(frozen=True, slots=True)
class PreparedSignature:
    """What the signatory is shown."""

    intent_id: str
    content: bytes
    digest: str
    code: str
    terms: tuple[ReleaseTerm, ...]
    level: str
    obstacles: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class PreviousVersion:
    """The signed version that a rectifying one comes after."""

    version: int
    digest: str
    receipt_number: str
    log_index: int


@dataclass(frozen=True, slots=True)
class SignedAttachment:
    """A file that the signature covers by its digest."""

    kind: str
    file_name: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file held beside a container."""

    file_name: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that a filing was signed here."""

    number: str
    identity: FilingIdentity
    version: int
    digest: str
    container_digest: str
    signatory: str
    signed_at: datetime | None
    level: str
    log_index: int
    log_proof: str
    terms: tuple[ReleaseTerm, ...]
    code: str
    previous: PreviousVersion | None = None
    attachments: tuple[SignedAttachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Container:
    """A signed container and the name to save it under."""

    container: bytes
    file_name: str


@dataclass(frozen=True, slots=True)
class Verification:
    """Outcome of the verification of a container."""

    indication: Indication
    reasons: tuple[Sentence, ...]
    content: bytes
    signatory: str
    signed_at: datetime | None
    previous: PreviousVersion | None = None
    attachments: tuple[SignedAttachment, ...] = ()


@dataclass(frozen=True, slots=True)
class ReleaseDecision:
    """One row of the release table."""

    recipient: str
    recipient_name: str
    is_released: bool
    rule: str
    level: int
    reason: Sentence
    is_choice: bool
    is_ticked: bool
    decided_by: str
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReleaseTable:
    """Every recipient with the decision for one filing."""

    decisions: tuple[ReleaseDecision, ...]
    matrix_digest: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """Who received what."""

    recipient: str
    recipient_name: str
    version: int
    rule: str
    state: DeliveryState
    dispatched_at: datetime | None
    delivered_at: datetime | None
    acknowledged_at: datetime | None
    container_digest: str
    standing: Standing = Standing.UNSPECIFIED
    suspended_at: datetime | None = None
    withdrawn_at: datetime | None = None
    notice_acknowledged_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One entry of a partner's feed: a signed version, or a notice about one."""

    sequence: int
    delivery_id: str
    identity: FilingIdentity
    version: int
    container_digest: str
    content_digest: str
    receipt_number: str
    signed_at: datetime | None
    dispatched_at: datetime | None
    rule: str
    supersedes: str
    state: DeliveryState
    kind: EntryKind = EntryKind.UNSPECIFIED
    replaced_version: int = 0
    replaced_digest: str = ""
    standing: Standing = Standing.UNSPECIFIED
    concerns: str = ""
    reason: NoticeReason = NoticeReason.UNSPECIFIED
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Entries of a feed, in order."""

    entries: tuple[FeedEntry, ...]
    next_after: int
    is_complete: bool


@dataclass(frozen=True, slots=True)
class FetchedDelivery:
    """The container of one feed entry."""

    container: bytes
    entry: FeedEntry
