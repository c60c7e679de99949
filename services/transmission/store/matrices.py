"""The published matrices."""

from sqlalchemy import Select, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.transmission.domain.matrix_document import read_matrix
from services.transmission.domain.release_table import PublishedMatrix
from services.transmission.store.rows import MatrixRow


class SqlMatrices:
    """The ``Matrices`` port on PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def in_force(self) -> PublishedMatrix | None:
        """Return the last published."""
        return await self._first(select(MatrixRow).order_by(MatrixRow.number.desc()).limit(1))

    async def find(self, digest: str) -> PublishedMatrix | None:
        """Return the last publication of this very document."""
        wanted = select(MatrixRow).where(MatrixRow.digest == digest)
        return await self._first(wanted.order_by(MatrixRow.number.desc()).limit(1))

    async def publish(self, published: PublishedMatrix) -> None:
        """Add the document after the others."""
        values = {
            "digest": published.matrix.digest,
            "document": published.document,
            "published_at": published.published_at,
        }
        await self._session.execute(insert(MatrixRow).values(**values))

    async def _first(self, query: Select[MatrixRow]) -> PublishedMatrix | None:
        row = await self._session.scalar(query)
        if row is None:
            return None
        return PublishedMatrix(row.document, read_matrix(row.document.encode(), row.digest), row.published_at)
