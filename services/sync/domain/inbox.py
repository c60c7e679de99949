"""What becomes of one received item, decided without I/O: applied, dropped, withheld, or parked with the rest of its body."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum

from chassis.errors import Failure
from services.sync.domain.batch import Item, Withheld
from services.sync.domain.concept import Catalogue
from services.sync.domain.entitlement import MembershipDocument, may_travel
from services.sync.domain.envelope import Envelope, Kind, fact_of_content
from services.sync.domain.fact import FactKey, Outcome, Said, SharedFact, Writer


class Fate(Enum):
    """What was done with an item; every number of the stream has exactly one."""

    APPLIED = "applied"
    WITHHELD = "withheld"
    """The origin sent only its place."""
    DROPPED = "dropped"
    """We are not entitled to it: its payload is not stored. An incident."""
    PARKED = "parked"
    """It could not be applied; it waits, and so does what follows for the same body."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """The decision on one item."""

    fate: Fate
    fact: SharedFact | None = None
    """The fact after it, when it changed."""
    outcome: Outcome | None = None
    reason: str = ""
    """Stable reason of a drop or a parking."""


@dataclass(frozen=True, slots=True)
class Reception:
    """The receiver's side: who we are, and under which document the sender writes to us."""

    here: str
    sender: str
    document: MembershipDocument
    catalogue: Catalogue
    said: Mapping[FactKey, Collection[Said]] = field(default_factory=dict)
    """What was ever written of the facts that the sender puts back in the name of another server."""

    def admits(self, item: Item) -> bool:
        """Tell whether the item may be kept at all."""
        if isinstance(item, Withheld):
            return True
        return may_travel(self.document, self.catalogue, self.sender, self.here, item.content)

    def settle(self, envelope: Envelope, held: SharedFact, *, now_ms: int, is_lane_parked: bool = False) -> Settlement:
        """Decide on an envelope with a fact, given what is held of that fact."""
        if not self.admits(envelope):
            return Settlement(Fate.DROPPED, reason="NOT_ENTITLED")
        if is_lane_parked:
            return Settlement(Fate.PARKED, reason="BEHIND_A_PARKED_ENVELOPE")
        sender = Writer(self.sender, is_ministry=self.sender == self.document.ministry)
        try:
            envelope.content.hlc.require_plausible(now_ms)
            incoming = fact_of_content(envelope.content)
            concept = self.catalogue[incoming.key.concept]
            fact, outcome = held.received(
                incoming, concept=concept, sender=sender, here=self.here, said=self.said.get(incoming.key, ())
            )
        except Failure as failure:
            return Settlement(Fate.PARKED, reason=failure.code)
        is_changed = outcome in (Outcome.APPLIED, Outcome.CONFLICT)
        return Settlement(Fate.APPLIED, fact if is_changed else None, outcome)

    def succeed(self, envelope: Envelope) -> MembershipDocument:
        """Return the document in force after a membership envelope.

        Raises:
            EnvelopeMalformed: the payload is not a membership document.
            MembershipRejected: the sender may not replace the document.
        """
        if envelope.content.kind is not Kind.MEMBERSHIP:
            return self.document
        return self.document.successor(MembershipDocument.from_bytes(envelope.content.payload), self.sender)
