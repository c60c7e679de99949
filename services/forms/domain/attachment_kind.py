"""The kinds of PDF that go with a filing; a module of its own, since a filing says which its campaign demands."""

from enum import StrEnum


class AttachmentKind(StrEnum):
    """What an attached PDF is."""

    MANAGEMENT_REPORT = "MANAGEMENT_REPORT"
    DELIBERATION = "DELIBERATION"
    AUDITOR_REPORT = "AUDITOR_REPORT"
    NOTES = "NOTES"
    OTHER = "OTHER"
