"""The PDFs that go with a filing: which are taken, and which the campaign demands (W-03)."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from chassis.errors import Violation
from formsets.workflow import missing_attachments
from services.forms.domain.errors import AttachmentRefused

LARGEST = 25 * 1024 * 1024
MOST_FILES = 20
END_WITHIN = 2_048
"""Bytes from the end in which a PDF says that it ends."""
_ENCRYPT = re.compile(
    rb"/(?:E|#45)(?:n|#6[eE])(?:c|#63)(?:r|#72)(?:y|#79)(?:p|#70)(?:t|#74)(?=[\s/<\[(%]|\d)",
)
"""The name `/Encrypt` of a trailer or of a cross-reference stream, escaped or not."""


class AttachmentKind(StrEnum):
    """What an attached PDF is."""

    MANAGEMENT_REPORT = "MANAGEMENT_REPORT"
    DELIBERATION = "DELIBERATION"
    AUDITOR_REPORT = "AUDITOR_REPORT"
    NOTES = "NOTES"
    OTHER = "OTHER"


_OFFICIAL = {
    AttachmentKind.MANAGEMENT_REPORT: (
        "rapport_gestion",
        "Le rapport de gestion manque.",
        "The management report is missing.",
    ),
    AttachmentKind.DELIBERATION: (
        "deliberation",
        "La délibération ou le procès-verbal d'approbation manque.",
        "The resolution or the minutes of the approval are missing.",
    ),
    AttachmentKind.AUDITOR_REPORT: (
        "rapport_cac",
        "Le rapport du commissaire aux comptes manque.",
        "The auditor's report is missing.",
    ),
}
"""Kinds that control W-03 knows: its name, and the sentence when it is missing, in French and in English."""
DEMANDABLE = frozenset(_OFFICIAL)


@dataclass(frozen=True, slots=True)
class Attachment:
    """One PDF of a filing; its content is kept apart, by digest."""

    id: UUID
    filing_id: UUID
    kind: AttachmentKind
    file_name: str
    digest: str
    """SHA-256, hexadecimal."""
    size: int
    author: str
    at: datetime


def require_pdf(content: bytes) -> None:
    """Let a file be attached.

    Raises:
        AttachmentRefused: it is too large, no whole PDF, or encrypted.
    """
    if len(content) > LARGEST:
        raise AttachmentRefused([Violation("content", "Le fichier dépasse 25 Mo.", "TOO_LARGE")])
    if not content.startswith(b"%PDF-") or b"%%EOF" not in content[-END_WITHIN:]:
        raise AttachmentRefused([Violation("content", "Le fichier n'est pas un PDF complet.", "NOT_A_PDF")])
    if _ENCRYPT.search(content):
        sentence = "Le PDF est protégé : joignez-le sans mot de passe ni restriction."
        raise AttachmentRefused([Violation("content", sentence, "ENCRYPTED")])


def missing(demanded: Collection[AttachmentKind], attached: Iterable[Attachment]) -> list[Violation]:
    """Return one violation per demanded kind that is not attached (W-03), in official order."""
    names = {name: (kind, french, english) for kind, (name, french, english) in _OFFICIAL.items()}
    wanted = [_OFFICIAL[kind][0] for kind in demanded if kind in _OFFICIAL]
    present = [_OFFICIAL[one.kind][0] for one in attached if one.kind in _OFFICIAL]
    lacking = (names[name] for name in missing_attachments(wanted, present))
    return [Violation(str(kind), french, "W-03", english) for kind, french, english in lacking]
