"""A published matrix, and the table that it gives for one filing: every recipient, with who decided and when."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from services.transmission.domain.box import Box, ticked
from services.transmission.domain.decision import Decision, Level
from services.transmission.domain.filing import FilingIdentity
from services.transmission.domain.matrix_document import read_matrix, read_settings
from services.transmission.domain.recipient import FEDERATION_OF
from services.transmission.domain.release_matrix import BODY, LAW, ReleaseMatrix, decide
from services.transmission.domain.release_settings import ReleaseSettings


@dataclass(frozen=True, slots=True)
class PublishedMatrix:
    """A matrix document that was put in force on this server; kept for ever, since signatures refer to it."""

    document: str
    """The JSON text as published; its digest is taken over the UTF-8 bytes."""
    matrix: ReleaseMatrix
    published_at: datetime

    @classmethod
    def read(cls, document: str, at: datetime) -> "PublishedMatrix":
        """Read a document to publish, its settings included.

        Raises:
            MatrixUnreadable: the rules or the settings cannot be used.
        """
        matrix = read_matrix(document.encode())
        for family in FEDERATION_OF:
            read_settings(document.encode(), family)
        return cls(document, matrix, at)

    def settings(self, family: str) -> ReleaseSettings:
        """Return the settings that came with the rules, with the default boxes of one family."""
        return read_settings(self.document.encode(), family)


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """One row of the table shown to the body."""

    decision: Decision
    is_ticked: bool
    """State of the box, the default counted; true also where it has no effect yet."""
    decided_by: str
    """Who decided last: a person, a server or a partner; empty when the law decides."""
    decided_at: datetime | None
    """When the deciding fact was set."""


def release_table(
    published: PublishedMatrix, filing: FilingIdentity, boxes: Iterable[Box], on: date, pretended: str = ""
) -> tuple[ReleaseRow, ...]:
    """Decide for every recipient, refused ones included.

    Args:
        published: the matrix in force.
        filing: what would be sent.
        boxes: what the body chose for this filing.
        on: day of the decision.
        pretended: recipient whose box is taken the other way round (a simulation); nobody when empty.
    """
    boxes = tuple(boxes)
    settings = _settings_of(published, filing, boxes, pretended)
    recipients = published.matrix.recipients(filing.departement, settings)
    return tuple(_row(published, filing, boxes, settings, recipient, on) for recipient in recipients)


def release_row(
    published: PublishedMatrix, filing: FilingIdentity, boxes: Iterable[Box], recipient: str, on: date
) -> ReleaseRow:
    """Decide for one recipient, known or not."""
    boxes = tuple(boxes)
    return _row(published, filing, boxes, _settings_of(published, filing, boxes, ""), recipient, on)


def _settings_of(
    published: PublishedMatrix, filing: FilingIdentity, boxes: tuple[Box, ...], pretended: str
) -> ReleaseSettings:
    settings = published.settings(filing.family)
    defaults = frozenset(recipient for document, recipient in settings.boxes if document == filing.document)
    chosen = ticked(boxes, defaults) ^ (frozenset({pretended}) if pretended else frozenset())
    return replace(settings, boxes=frozenset((filing.document, recipient) for recipient in chosen))


def _row(
    published: PublishedMatrix,
    filing: FilingIdentity,
    boxes: tuple[Box, ...],
    settings: ReleaseSettings,
    recipient: str,
    on: date,
) -> ReleaseRow:
    decision = decide(published.matrix, filing.document, filing.family, filing.departement, recipient, on, settings)
    box = next((box for box in boxes if box.recipient == recipient and box.version > 0), None)
    is_by_person = decision.level is Level.BOX and box is not None
    party = "" if decision.decided_by in {LAW, BODY} else decision.decided_by
    return ReleaseRow(
        decision=decision,
        is_ticked=(filing.document, recipient) in settings.boxes,
        decided_by=box.chosen_by if is_by_person and box else party,
        decided_at=box.chosen_at if is_by_person and box else published.published_at,
    )
