"""The PDFs that go with a filing: which are taken, and which the campaign demands (W-03)."""

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from chassis.errors import ThreeParts, Violation, violation
from formsets.attachments import REFUSED_ATTACHMENT, refused_attachment
from formsets.formats import printable
from formsets.workflow import missing_attachments
from services.forms.domain.attachment_kind import AttachmentKind
from services.forms.domain.errors import AttachmentRefused
from services.forms.domain.refusing import of_control

MOST_FILES = 20
LONGEST_NAME = 120
"""Characters of a file name."""
_NAMELESS = "piece"
_MEANINGLESS = str.maketrans(dict.fromkeys('<>:"|?*', "-"))


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
DEMANDABLE = tuple(_OFFICIAL)


class PdfFlaw(StrEnum):
    """What makes a PDF unfit to be attached."""

    DAMAGED = "DAMAGED"
    ENCRYPTED = "ENCRYPTED"
    SCRIPT = "SCRIPT"
    LAUNCH = "LAUNCH"
    EMBEDDED = "EMBEDDED"
    TOO_HEAVY = "TOO_HEAVY"
    """It could not be looked into within the time and memory allowed."""


_FLAWS = {
    PdfFlaw.DAMAGED: (
        ("Le PDF est endommagé ou n'a aucune page.", "Enregistrez-le de nouveau en PDF."),
        ("The PDF is damaged or has no page.", "Save it again as PDF."),
    ),
    PdfFlaw.ENCRYPTED: (
        ("Le PDF est protégé.", "Joignez-le sans mot de passe ni restriction."),
        ("The PDF is protected.", "Attach it without a password or restriction."),
    ),
    PdfFlaw.SCRIPT: (
        ("Le PDF contient un programme (JavaScript, formulaire XFA).", "Imprimez-le en PDF, puis joignez ce PDF-là."),
        ("The PDF holds a program (JavaScript, XFA form).", "Print it to PDF, then attach that one."),
    ),
    PdfFlaw.LAUNCH: (
        (
            "Le PDF lance une action hors de lui-même (programme, envoi).",
            "Imprimez-le en PDF, puis joignez ce PDF-là.",
        ),
        ("The PDF starts an action outside itself (program, sending).", "Print it to PDF, then attach that one."),
    ),
    PdfFlaw.EMBEDDED: (
        ("Le PDF contient d'autres fichiers.", "Joignez-les séparément, en PDF."),
        ("The PDF holds other files.", "Attach them apart, as PDFs."),
    ),
    PdfFlaw.TOO_HEAVY: (
        (
            "Le PDF n'a pas pu être examiné dans le temps et la mémoire impartis.",
            "Imprimez-le en PDF, ou partagez-le.",
        ),
        ("The PDF could not be looked into within the time and memory allowed.", "Print it to PDF, or split it."),
    ),
}
"""What is wrong with each and how to mend it, in French and in English."""


class ScanAnswer(StrEnum):
    """What a virus scanner said of a file."""

    CLEAN = "CLEAN"
    INFECTED = "INFECTED"
    SILENT = "SILENT"
    """It did not answer, or not in time, or could not look."""


@dataclass(frozen=True, slots=True)
class Scan:
    """A file looked at by a virus scanner."""

    answer: ScanAnswer
    virus: str = ""
    """Name of what was found, as the scanner gives it."""


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
    scanned_at: datetime | None = None
    """When a virus scanner found nothing in its content, None when none was asked. Of the content: no part of what is signed."""


def require_pdf(content: bytes) -> None:
    """Let a file be looked into.

    Raises:
        AttachmentRefused: it is too large, no whole PDF, or says that it is encrypted (F-30).
    """
    if problem := refused_attachment(content):
        raise AttachmentRefused([of_control("content", problem)])


def require_flawless(flaws: Collection[PdfFlaw]) -> None:
    """Let a PDF that was looked into be attached.

    Raises:
        AttachmentRefused: something is wrong with it; each thing is said (F-30).
    """
    if flaws:
        raise AttachmentRefused([_told(flaw) for flaw in PdfFlaw if flaw in flaws])


def require_clean(scan: Scan) -> None:
    """Let a PDF that a virus scanner was asked about be attached.

    Raises:
        AttachmentRefused: something was found in it, or the scanner did not answer: what nobody looked at is not taken (F-30).
    """
    if scan.answer is ScanAnswer.INFECTED:
        virus = printable(scan.virus, 80)
        fr = ThreeParts(
            f"L'antivirus a trouvé « {virus} » dans le fichier.",
            "La pièce jointe.",
            "Examinez le poste d'où il vient, puis joignez un PDF sain ; rien n'a été enregistré.",
        )
        en = ThreeParts(
            f"The virus scanner found “{virus}” in the file.",
            "The attachment.",
            "Have the machine it comes from looked at, then attach a sound PDF; nothing was saved.",
        )
        raise AttachmentRefused([violation("content", REFUSED_ATTACHMENT, fr, en)])
    if scan.answer is ScanAnswer.SILENT:
        fr = ThreeParts(
            "L'antivirus ne répond pas : le fichier n'a pas été examiné.",
            "La pièce jointe.",
            "Réessayez dans quelques minutes ; rien n'a été enregistré.",
        )
        en = ThreeParts(
            "The virus scanner does not answer: the file was not looked at.",
            "The attachment.",
            "Try again in a few minutes; nothing was saved.",
        )
        raise AttachmentRefused([violation("content", REFUSED_ATTACHMENT, fr, en)])


def _told(flaw: PdfFlaw) -> Violation:
    (what_fr, how_fr), (what_en, how_en) = _FLAWS[flaw]
    fr, en = ThreeParts(what_fr, "La pièce jointe.", how_fr), ThreeParts(what_en, "The attachment.", how_en)
    return violation("content", REFUSED_ATTACHMENT, fr, en)


def clean_name(file_name: str) -> str:
    """Return a name under which the file can be shown and saved anywhere: no folder, nothing invisible, `.pdf` at the end."""
    bare = unicodedata.normalize("NFC", re.split(r"[/\\]", file_name)[-1])
    shown = "".join(c if c.isprintable() else " " if c.isspace() else "" for c in bare).translate(_MEANINGLESS)
    name = " ".join(shown.split())
    stem = name[:-4] if name.lower().endswith(".pdf") else name
    return f"{stem[:LONGEST_NAME].strip('. ') or _NAMELESS}.pdf"


def missing(demanded: Collection[AttachmentKind], attached: Iterable[Attachment]) -> list[Violation]:
    """Return one violation per demanded kind that is not attached (W-03), in official order."""
    names = {name: (kind, french, english) for kind, (name, french, english) in _OFFICIAL.items()}
    wanted = [_OFFICIAL[kind][0] for kind in demanded if kind in _OFFICIAL]
    present = [_OFFICIAL[one.kind][0] for one in attached if one.kind in _OFFICIAL]
    lacking = (names[name] for name in missing_attachments(wanted, present))
    return [violation(str(kind), "W-03", ThreeParts(french), ThreeParts(english)) for kind, french, english in lacking]
