"""What can go wrong in transmission, by name."""

from chassis.errors import Conflict, Invalid, NotFound, RuleBroken, Unavailable


class MatrixUnreadable(Invalid):
    """The matrix document is not a usable set of release rules."""

    reason = "MATRIX_UNREADABLE"


class NothingThere(NotFound):
    """There is nothing there that the caller may know of.

    Every "not found" of this service that a partner can meet is this one answer, to the letter: whether the thing
    never existed, belongs to another partner, or the partner is unknown must not be told apart.
    """

    reason = NotFound.reason

    def __init__(self) -> None:
        super().__init__("Rien à cette adresse.")


class UnknownPartner(NothingThere):
    """The credentials name no partner of this server; the caller sees "nothing there"."""


class UnknownDelivery(NothingThere):
    """This partner was never sent that; the caller sees "nothing there"."""


class BoxNotOffered(RuleBroken):
    """The body cannot choose here: the rule, or the controller of the document, leaves no choice."""

    reason = "BOX_NOT_OFFERED"


class FilingAlreadySigned(RuleBroken):
    """The boxes of a version are fixed by its signature; a later version may choose differently."""

    reason = "FILING_ALREADY_SIGNED"


class BoxChanged(Conflict):
    """Somebody changed this box meanwhile; reload the table and decide again."""

    reason = "BOX_CHANGED"


class ReleaseTermsMismatch(RuleBroken):
    """The signed release terms do not agree with the matrix, the container or the event: nothing is sent."""

    reason = "RELEASE_TERMS_MISMATCH"


class DispatchNotDelivered(RuleBroken):
    """A delivery is acknowledged after it was read, not before."""

    reason = "DISPATCH_NOT_DELIVERED"


class DispatchSuspended(RuleBroken):
    """The body reopened this version before it was read: it is given to who asks for it as suspended, and no one else."""

    reason = "DISPATCH_SUSPENDED"


class DispatchWithdrawn(RuleBroken):
    """A later version was signed without this recipient before it read this one: it is not given out any more."""

    reason = "DISPATCH_WITHDRAWN"


class CursorUnknown(Invalid):
    """The cursor was not given by this feed; start again from the beginning."""

    reason = "CURSOR_UNKNOWN"


class NoMatrix(Unavailable):
    """No release matrix was published on this server yet: nothing can be decided, so nothing is sent."""

    reason = "NO_MATRIX"


class ContainerMismatch(Unavailable):
    """The container at hand is not the one that was dispatched, or does not verify: it is not given out."""

    reason = "CONTAINER_MISMATCH"
