"""What programs send: typed, and anything unknown refused. What they get is the services' answers under the same names."""

from dataclasses import asdict
from datetime import date, datetime
from enum import Enum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.gateway.clients.answers import (
    JUSTIFICATION_REASONS,
    AccountRule,
    CellEdit,
    Document,
    ImportChoice,
    ReviewState,
    Step,
)

RequestId = Field(default="", max_length=64, description="Makes repeats harmless; empty: each call stands alone.")

LARGEST_VERSION = 2**31 - 1
LARGEST_COUNT = 2**63 - 1
"""What the contracts can hold: a number beyond is malformed here already."""


class Sent(BaseModel):
    """Base of what programs send."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class OpenRequest(Sent):
    """Opens a document."""

    body: str = Field(pattern=r"^[0-9]{9}$", description="SIREN of the body.")
    document: Literal["ER", "QDIS"] = Field(description="Document.")
    year: int = Field(ge=1990, le=2100, description="Accounting year.")

    @property
    def asked(self) -> Document:
        """The document."""
        return Document[self.document]


class TrialRequest(OpenRequest):
    """Opens a trial of a form set."""

    form_set: str = Field(max_length=20, description="Form set in trial.")


class EditedCell(Sent):
    """A cell to save."""

    address: str = Field(max_length=32, description="`LINE.column`.")
    text: str = Field(max_length=4000, description="Text as typed; empty empties the cell.")
    base_version: int = Field(
        default=0, ge=0, le=LARGEST_COUNT, description="Version the person saw; 0 when it had none."
    )

    def edit(self) -> CellEdit:
        """Return the edit."""
        return CellEdit(self.address, self.text, self.base_version)


class SaveRequest(Sent):
    """Saves cells, all or none."""

    cells: list[EditedCell] = Field(min_length=1, max_length=2000, description="Cells.")
    request_id: str = RequestId


class SentChoice(Sent):
    """What is taken and left out of an import: cells (`BA.010.brut`), lines (`BA.010`) or forms (`BA`) of its preview."""

    taken: list[str] = Field(
        default=[], max_length=5000, description="Taken; a typed correction is replaced when its own cell is named."
    )
    left: list[str] = Field(default=[], max_length=5000, description="Left out; the narrowest name decides.")

    @property
    def asked(self) -> ImportChoice:
        """The choice."""
        return ImportChoice(tuple(self.taken), tuple(self.left))


class ConfirmRequest(Sent):
    """Writes a previewed import."""

    accept_partial: bool = Field(default=False, description="Write the good lines although some are refused.")
    overwrite_typed: bool = Field(default=False, description="Replace values that persons typed.")
    choice: SentChoice = Field(
        default=SentChoice(), description="What is written; all that may be, when nothing is named."
    )
    request_id: str = RequestId


class SentRule(Sent):
    """Accounts that begin so fill a cell."""

    prefix: str = Field(max_length=20, description="Digits.")
    address: str = Field(max_length=32, description="`LINE.column`.")
    side: Literal["debit", "credit"] = Field(default="debit", description="Side that counts positively.")

    def rule(self) -> AccountRule:
        """Return the rule."""
        return AccountRule(self.prefix, self.address, self.side)


class AccountsRequest(Sent):
    """Replaces the body's own rules."""

    rules: list[SentRule] = Field(max_length=2000, description="Rules.")
    request_id: str = RequestId


class JustifyRequest(Sent):
    """Justifies a failed control, or one cell of it."""

    control: str = Field(max_length=16, description="Official id.")
    text: str = Field(max_length=2000, description="At least 20 characters.")
    cell: str = Field(
        default="", max_length=40, description="Cell that it is about; empty for all that the control found."
    )
    reason: Literal[*JUSTIFICATION_REASONS] = Field(  # type: ignore[valid-type] # pydantic reads the contract's words here
        default="other", description="Kind of reason."
    )
    request_id: str = RequestId


class MoveRequest(Sent):
    """Moves a filing to another step."""

    step: Literal["entry", "accounting", "signature"] = Field(description="Step to go to.")
    reason: str = Field(default="", max_length=2000, description="Required when going back.")
    cells: list[str] = Field(default=[], max_length=500, description="Cells to look at again, when going back.")
    request_id: str = RequestId

    @property
    def asked(self) -> Step:
        """The step."""
        return Step(self.step)


class ReopenRequest(Sent):
    """Reopens a signed filing."""

    reason: str = Field(
        min_length=3, max_length=2000, description="Why, for the people of the body; recipients never see it."
    )
    cells: list[str] = Field(default=[], max_length=500, description="Cells to look at again.")
    request_id: str = RequestId


class DatesRequest(Sent):
    """Changes dates of a campaign; those left out stay."""

    opens_on: date | None = Field(default=None, description="First day of entry.")
    due_on: date | None = Field(default=None, description="Last day to file.")
    closes_on: date | None = Field(default=None, description="Last day to type, import and sign.")
    corrected_until: date | None = Field(default=None, description="Last day of corrections of what was signed.")


class ReviewRequest(Sent):
    """Takes a transmitted filing through its review."""

    state: Literal["in_progress", "asked", "answered", "reliable"] = Field(description="State to bring it to.")
    text: str = Field(default="", max_length=2000, description="The question, or an answer that came by another way.")
    cells: list[str] = Field(default=[], max_length=500, description="Cells that a question is about.")
    request_id: str = RequestId

    @property
    def asked(self) -> ReviewState:
        """The state."""
        return ReviewState(self.state)


class AnswerRequest(Sent):
    """Answers the question of the authority."""

    text: str = Field(min_length=3, max_length=2000, description="The answer.")
    request_id: str = RequestId


class ReturnRequest(Sent):
    """Asks for a closed filing back at step 4."""

    reason: str = Field(min_length=3, max_length=2000, description="Why.")
    request_id: str = RequestId


class DecideRequest(Sent):
    """Decides on such a request."""

    is_accepted: bool = Field(description="True to let the filing come back.")
    reason: str = Field(default="", max_length=2000, description="Required to refuse.")
    request_id: str = RequestId


class CommentRequest(Sent):
    """Comments a cell."""

    address: str = Field(max_length=32, description="`LINE.column`.")
    text: str = Field(default="", max_length=2000, description="May be empty when the flag changes.")
    is_flagged: bool = Field(default=False, description="Follow-up flag after it; officers leave it as it is.")
    is_shared: bool = Field(default=False, description="True to let the authority read it.")
    request_id: str = RequestId


class Repeatable(Sent):
    """What needs nothing but an id that makes repeats harmless."""

    request_id: str = RequestId


class TickRequest(Sent):
    """Ticks or unticks a box."""

    is_ticked: bool = Field(description="New state.")
    request_id: str = RequestId


class SignRequest(Sent):
    """Signs what was prepared and shown."""

    digest: str = Field(pattern=r"^[0-9a-f]{64}$", description="Digest the person saw.")
    accepts_recipients: bool = Field(description="True when the person accepts the recipients shown.")
    request_id: str = RequestId


def plain(answer: Any) -> Any:
    """Return an answer as JSON values: instants in ISO 8601 UTC, words in lower case, documents in capitals."""
    return _plain(asdict(answer))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Document):
        return value.code
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value
