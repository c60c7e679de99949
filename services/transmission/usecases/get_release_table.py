"""Shows who would receive a filing now, row by row, and why."""

from dataclasses import dataclass

from chassis.clock import Clock
from chassis.identity import Caller
from services.transmission.domain.errors import NoMatrix
from services.transmission.domain.filing import FilingIdentity
from services.transmission.domain.release_table import PublishedMatrix, ReleaseRow, release_table
from services.transmission.usecases.ports import UnitOfWork, UnitsOfWork

READ = "release.read"


@dataclass(frozen=True, slots=True)
class ReleaseTable:
    """Every recipient, and the digest of the matrix that decided."""

    rows: tuple[ReleaseRow, ...]
    matrix_digest: str


class GetReleaseTable:
    """Reads only; the day of the decision is today's, in UTC."""

    def __init__(self, units: UnitsOfWork, clock: Clock) -> None:
        self._units, self._clock = units, clock

    async def for_caller(self, caller: Caller, filing: FilingIdentity, pretended: str = "") -> ReleaseTable:
        """Return the table of a filing of a body the caller may read.

        Args:
            caller: the person who asks.
            filing: as ``forms`` gave it; a false one only shows what the rules say of such a body.
            pretended: recipient whose box is taken the other way round; nothing is stored.

        Raises:
            NotFound: the caller has no right on this body.
            NoMatrix: nothing was published yet.
        """
        caller.require(READ, filing.body)
        return await self.decide(filing, pretended)

    async def decide(self, filing: FilingIdentity, pretended: str = "") -> ReleaseTable:
        """Return the table to another service of the stack: what a signature freezes into its release terms.

        Raises:
            NoMatrix: nothing was published yet.
        """
        async with self._units() as unit:
            published = await in_force(unit)
            boxes = await unit.boxes.of_filing(filing.body, filing.filing_id)
        rows = release_table(published, filing, boxes, self._clock.now().date(), pretended)
        return ReleaseTable(rows, published.matrix.digest)


async def in_force(unit: UnitOfWork) -> PublishedMatrix:
    """Return the matrix that decides now.

    Raises:
        NoMatrix: nothing was published yet.
    """
    published = await unit.matrices.in_force()
    if published is None:
        raise NoMatrix
    return published
