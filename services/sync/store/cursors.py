"""Where we stand in the peers' streams, and what became of every number."""

from collections.abc import Iterable, Sequence

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import Clock
from services.sync.domain.envelope import Epoch
from services.sync.domain.inbox import Fate
from services.sync.domain.merkle import Frontier
from services.sync.domain.stream import Cursor
from services.sync.store.rows import CursorRow, ExchangeRow, InboxRow
from services.sync.usecases.ports import Exchange, Received


class SqlCursors:
    """The ``Cursors`` port on PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, origin: str, *, lock: bool = False) -> Cursor | None:
        """Return the cursor."""
        query = select(CursorRow).where(CursorRow.origin == origin).execution_options(populate_existing=True)
        row = await self._session.scalar(query.with_for_update() if lock else query)
        if row is None:
            return None
        frontier = Frontier.from_bytes(row.size, row.peaks)
        return Cursor(row.origin, Epoch.from_text(row.epoch), row.peer, frontier, row.is_frozen)

    async def save(self, cursor: Cursor) -> None:
        """Insert or replace the cursor."""
        values = {
            "epoch": cursor.epoch.to_text(),
            "peer": cursor.peer,
            "size": cursor.size,
            "peaks": cursor.frontier.to_bytes(),
            "is_frozen": cursor.is_frozen,
        }
        statement = upsert(CursorRow).values(origin=cursor.origin, **values)
        await self._session.execute(statement.on_conflict_do_update(index_elements=["origin"], set_=values))

    async def note_exchange(self, origin: str, exchange: Exchange) -> None:
        """Keep the last failure, and the last success when there was one."""
        values = {"failure": exchange.failure[:500]} | ({"succeeded_at": exchange.at} if exchange.at else {})
        statement = upsert(ExchangeRow).values(peer=origin, **values)
        await self._session.execute(statement.on_conflict_do_update(index_elements=["peer"], set_=values))

    async def exchange(self, origin: str) -> Exchange:
        """Return how the last exchange went; nothing before the first."""
        rows = ExchangeRow
        found = await self._session.execute(select(rows.succeeded_at, rows.failure).where(rows.peer == origin))
        row = found.first()
        return Exchange(row.succeeded_at, row.failure) if row else Exchange(None, "")


class SqlInbox:
    """The ``Inbox`` port on PostgreSQL."""

    def __init__(self, session: AsyncSession, clock: Clock) -> None:
        self._session, self._clock = session, clock

    async def add(self, origin: str, epoch: Epoch, items: Iterable[Received]) -> None:
        """Insert one row a number."""
        now = self._clock.now()
        values = [
            {
                "origin": origin,
                "epoch": epoch.to_text(),
                "seq": item.seq,
                "fate": item.fate.value,
                "reason": item.reason,
                "body": item.body,
                "content": item.content,
                "root": item.root,
                "received_at": now,
            }
            for item in items
        ]
        if values:
            await self._session.execute(insert(InboxRow), values)

    async def parked(self, origin: str, epoch: Epoch) -> Sequence[Received]:
        """Read along the partial index ``parked``."""
        rows = InboxRow
        found = await self._session.scalars(
            select(rows)
            .where(rows.origin == origin, rows.epoch == epoch.to_text(), rows.fate == Fate.PARKED.value)
            .order_by(rows.seq)
        )
        return [Received(r.seq, Fate(r.fate), r.reason, r.body, r.content, r.root) for r in found]

    async def settle(self, origin: str, epoch: Epoch, item: Received) -> None:
        """Change the fate of one row."""
        rows = InboxRow
        await self._session.execute(
            update(rows)
            .where(rows.origin == origin, rows.epoch == epoch.to_text(), rows.seq == item.seq)
            .values(fate=item.fate.value, reason=item.reason, content=item.content)
            .execution_options(synchronize_session=False)
        )

    async def root_at(self, origin: str, epoch: Epoch, size: int) -> bytes | None:
        """Return the root at a size that was reached here."""
        rows = InboxRow
        mine = select(rows.root).where(rows.origin == origin, rows.epoch == epoch.to_text(), rows.seq == size)
        root: bytes | None = await self._session.scalar(mine)
        return root
