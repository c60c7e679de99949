"""``SqlLog``: the append-only log of seals on PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, insert, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.signature.domain.log import Growth, Nodes
from services.signature.store.rows import LogCheckpointRow, LogEntryRow, LogNodeRow


class SqlLog:
    """The ``Log`` port, inside one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def reserve(self) -> int:
        """Return the size of the log; one transaction at a time may grow it."""
        await self._session.execute(text("SELECT pg_advisory_xact_lock(hashtext('signature.log'))"))
        last = await self._session.scalar(select(func.max(LogEntryRow.index)))
        return 0 if last is None else last + 1

    async def nodes(self, addresses: Sequence[tuple[int, int]]) -> Nodes:
        """Return the nodes at these addresses."""
        if not addresses:
            return {}
        rows = await self._session.execute(
            select(LogNodeRow.level, LogNodeRow.index, LogNodeRow.hash).where(
                tuple_(LogNodeRow.level, LogNodeRow.index).in_(addresses)
            )
        )
        return {(level, index): node for level, index, node in rows}

    async def append(self, growth: Growth, entry: bytes, checkpoint: str, at: datetime) -> None:
        """Write the entry, the nodes it completes, and the checkpoint of the new size."""
        nodes = [{"level": level, "index": index, "hash": node} for (level, index), node in growth.nodes.items()]
        await self._session.execute(insert(LogEntryRow).values(index=growth.index, digest=entry))
        await self._session.execute(insert(LogNodeRow), nodes)
        await self._session.execute(insert(LogCheckpointRow).values(size=growth.size, note=checkpoint, made_at=at))

    async def checkpoint(self) -> str | None:
        """Return the latest checkpoint; None for an empty log."""
        return await self._session.scalar(select(LogCheckpointRow.note).order_by(LogCheckpointRow.size.desc()).limit(1))
