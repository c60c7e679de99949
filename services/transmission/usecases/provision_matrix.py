"""Puts a matrix document in force; the rules, permits, agreements, statutes and default boxes come with it."""

from chassis.clock import Clock
from services.transmission.domain.events import MatrixPublished
from services.transmission.domain.release_table import PublishedMatrix
from services.transmission.usecases.ports import UnitsOfWork


class ProvisionMatrix:
    """Publishing what is in force changes nothing."""

    def __init__(self, units: UnitsOfWork, clock: Clock) -> None:
        self._units, self._clock = units, clock

    async def __call__(self, document: str) -> str:
        """Publish, and return the digest of the matrix in force.

        Raises:
            MatrixUnreadable: the document cannot be used; the one in force stays.
        """
        published = PublishedMatrix.read(document, self._clock.now())
        digest = published.matrix.digest
        async with self._units() as unit:
            present = await unit.matrices.in_force()
            if present is None or present.matrix.digest != digest:
                await unit.matrices.publish(published)
                await unit.journal.append(MatrixPublished(digest, published.published_at))
                await unit.commit()
        return digest
