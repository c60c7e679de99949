"""What can go wrong in the exchange, by name; each is one of the nine meanings of ``chassis.errors``."""

from enum import Enum
from typing import ClassVar

from chassis.errors import Conflict, Forbidden, Invalid, NotFound, RuleBroken


class Refusal(Enum):
    """Why a whole batch was turned away; nothing of it was stored."""

    FROZEN = "FROZEN"
    """The stream is stopped because its origin contradicted itself; a person must look."""
    WRONG_ORIGIN = "WRONG_ORIGIN"
    """The TLS identity, the checkpoint and the stream do not name the same server."""
    NOT_FOR_US = "NOT_FOR_US"
    """The batch was written for another peer."""
    BAD_SIGNATURE = "BAD_SIGNATURE"
    EPOCH_UNKNOWN = "EPOCH_UNKNOWN"
    """A later incarnation of the origin that has not been announced."""
    EPOCH_RETIRED = "EPOCH_RETIRED"
    """An incarnation that has ended, as after a restore."""
    TOO_LARGE = "TOO_LARGE"
    CLOCK_AHEAD = "CLOCK_AHEAD"
    """The origin's clock is more than a minute ahead of ours."""
    DAMAGED = "DAMAGED"
    """The bytes are not those that were signed; fetch again."""
    REPLAYED = "REPLAYED"
    """Already applied; harmless."""
    GAP = "GAP"
    """It does not start right after what we hold; ask again from our cursor."""
    FORKED = "FORKED"
    """Two signed histories for one stream: freeze, and raise an incident."""


class BatchRefused(RuleBroken):
    """A peer's batch was refused as a whole; the cursor did not move."""

    reason: ClassVar[str] = "BATCH_REFUSED"

    def __init__(self, refusal: Refusal, message: str = "") -> None:
        super().__init__(
            message or f"Lot refusé : {refusal.value}.",
            metadata={"refusal": refusal.value},
            reason=f"BATCH_{refusal.value}",
        )
        self.refusal = refusal


class EnvelopeMalformed(Invalid):
    """The bytes are not those of an envelope."""

    reason = "ENVELOPE_MALFORMED"


class EnvelopeTooLarge(Invalid):
    """An envelope with its payload exceeds 64 kB."""

    reason = "ENVELOPE_TOO_LARGE"


class ClockTooFarAhead(RuleBroken):
    """A remote time lies more than a minute in our future."""

    reason = "CLOCK_TOO_FAR_AHEAD"


class UnknownConcept(NotFound):
    """No shared concept has this code."""

    reason = "UNKNOWN_CONCEPT"


class UnknownFact(NotFound):
    """Nothing is held about this concept, body and year."""

    reason = "UNKNOWN_FACT"


class UnknownPeer(Forbidden):
    """The calling server is not one we exchange with."""

    reason = "UNKNOWN_PEER"


class NotEntitled(Forbidden):
    """No membership document in force lets this fact travel this way."""

    reason = "NOT_ENTITLED"


class ConceptReadOnly(Forbidden):
    """This server may read the concept, not write it (decisions.md 1)."""

    reason = "CONCEPT_READ_ONLY"


class FactSealed(RuleBroken):
    """The ER is signed: its shared facts change only after it is reopened."""

    reason = "FACT_SEALED"


class FactInConflict(RuleBroken):
    """Two servers hold different values; someone of the body must choose first."""

    reason = "FACT_IN_CONFLICT"


class NotInConflict(RuleBroken):
    """There is nothing to choose: the fact has one value."""

    reason = "NOT_IN_CONFLICT"


class ChoiceOutdated(Conflict):
    """The values changed since they were shown; look again before choosing."""

    reason = "CHOICE_OUTDATED"


class CausalityForged(Forbidden):
    """A peer claims to have seen changes of ours that we never made, or speaks for another server."""

    reason = "CAUSALITY_FORGED"


class MembershipRejected(Forbidden):
    """A membership document that does not come from the ministry, or is older than the one in force."""

    reason = "MEMBERSHIP_REJECTED"


class ReceiptRejected(Forbidden):
    """A receipt that its bearer did not sign, or about a state that our stream never had."""

    reason = "RECEIPT_REJECTED"
