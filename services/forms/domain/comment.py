"""What people say about a cell, and whether somebody must come back to it (F8)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.errors import Violation
from formsets import FormSet
from services.forms.domain.errors import CommentRefused

LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class CellComment:
    """A comment, or only a change of the flag; never changed once written."""

    id: UUID
    filing_id: UUID
    address: str
    text: str
    author: str
    at: datetime
    is_flagged: bool
    """State of the flag after this comment: somebody must come back to the cell, or, on a cell that comes from an
    earlier year, the cell was restated on purpose (F-21, H-01)."""
    is_shared: bool = False
    """True when the authority reads it too, once the filing is transmitted."""
    is_by_authority: bool = False
    """True when an officer of the authority wrote it; such a comment is always shared, and restates nothing."""


def require_sayable(text: str, *, is_flagged: bool, was_flagged: bool) -> None:
    """Let a comment be kept.

    Raises:
        CommentRefused: it is too long, or it neither says anything nor changes the flag.
    """
    if len(text) > LONGEST:
        raise CommentRefused([Violation("text", f"Au plus {LONGEST} caractères.", "TOO_LONG")])
    if not text and is_flagged == was_flagged:
        raise CommentRefused([Violation("text", "Écrivez un texte, ou changez le drapeau.", "EMPTY")])


def restated(form_set: FormSet, flagged: Collection[str]) -> frozenset[str]:
    """Return the cells, among those flagged with a text, that differ on purpose from the filing of the year before."""
    return frozenset(filter(form_set.is_prefilled, filter(form_set.has_cell, flagged)))
