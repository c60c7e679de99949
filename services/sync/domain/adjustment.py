"""A decision of an authority on one of its controls, on its way to the other servers; sync carries it and judges nothing.

The ER's controls are the ministry's, the QDIS's each federation's (domain.md §9). A decision has an identifier and never
changes: taking it in twice is taking it in once, and which of two counts is told by their own times, whatever the order
they arrive in.
"""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final

from services.sync.domain.envelope import Content, Kind, canonical_json
from services.sync.domain.errors import EnvelopeMalformed
from services.sync.domain.hlc import HybridTime
from services.sync.domain.version_vector import VersionVector

ADJUSTMENTS: Final = "adjustments"
"""The data set of the decisions on controls; they are about no body."""
ADJUSTMENT_SCHEMA: Final = "harmonia.sync.adjustment/1"
_MINISTRYS: Final = "ER"
_FEDERATIONS: Final = "QDIS"


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A control softened, withdrawn or put back for one campaign, as the validation service of its server decided it."""

    id: str
    origin: str
    """The server whose authority decided."""
    document: str
    year: int
    form_set: str
    control: str
    severity: str
    """T, A or R; empty for a withdrawn control."""
    reason: str
    author: str
    at: datetime
    """Aware UTC."""

    def is_its_own(self, ministry: str) -> bool:
        """Tell whether the server that decided is the authority of the document."""
        return self.document == (_MINISTRYS if self.origin == ministry else _FEDERATIONS)

    def to_bytes(self) -> bytes:
        """Return the canonical bytes."""
        return canonical_json({**asdict(self), "at": self.at.astimezone(UTC).isoformat(timespec="microseconds")})

    @classmethod
    def from_bytes(cls, content: bytes) -> "Adjustment":
        """Read a decision, in its canonical bytes only.

        Raises:
            EnvelopeMalformed: it is something else.
        """
        try:
            fields = json.loads(content)
            adjustment = cls(**{**fields, "at": datetime.fromisoformat(fields["at"])})
            is_canonical = adjustment.to_bytes() == content
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise EnvelopeMalformed(str(error)) from error
        texts = {name: value for name, value in fields.items() if name != "year"}
        if not is_canonical or type(adjustment.year) is not int or not all(isinstance(v, str) for v in texts.values()):
            raise EnvelopeMalformed("not the canonical bytes of a decision on a control")
        return adjustment


def content_of_adjustment(adjustment: Adjustment, hlc: HybridTime) -> Content:
    """Return what an envelope says about a decision."""
    return Content(
        kind=Kind.ADJUSTMENT,
        body="",
        data_set=ADJUSTMENTS,
        period=str(adjustment.year),
        object_id=f"adjustment/{adjustment.id}",
        vector=VersionVector(((adjustment.origin, 1),)),
        hlc=hlc,
        author=adjustment.author,
        schema=ADJUSTMENT_SCHEMA,
        payload=adjustment.to_bytes(),
    )


def adjustment_of_content(content: Content) -> Adjustment:
    """Read back the decision.

    Raises:
        EnvelopeMalformed: the payload does not say a decision, or says another one than the header.
    """
    if content.kind is not Kind.ADJUSTMENT or content.schema != ADJUSTMENT_SCHEMA:
        raise EnvelopeMalformed(f"schema {content.schema!r} is not known here")
    adjustment = Adjustment.from_bytes(content.payload)
    if content_of_adjustment(adjustment, content.hlc) != content:
        raise EnvelopeMalformed("the header is not that of the payload")
    return adjustment
