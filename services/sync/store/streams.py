"""Our streams: dense numbers, envelopes, roots; and the receipts that confirm them."""

import json
from collections.abc import Callable, Sequence

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import Clock
from chassis.database.engine import Sessions
from chassis.database.prepared import Prepared
from services.sync.domain.entitlement import MembershipDocument
from services.sync.domain.envelope import Content, Epoch
from services.sync.domain.merkle import EMPTY_ROOT, Frontier
from services.sync.domain.receipt import Receipt
from services.sync.domain.stream import Head
from services.sync.store.rows import EnvelopeRow, IncarnationRow, ReceiptRow, StreamHeadRow
from services.sync.usecases.ports import StoredEnvelope

CHANNEL = "harmonia_sync"
"""PostgreSQL notification channel; the payload is the peer whose stream grew."""
_PRESENT = Prepared(
    select(IncarnationRow.ordinal, IncarnationRow.nonce).order_by(IncarnationRow.ordinal.desc()).limit(1)
)
_HEAD = Prepared(
    text(
        """
        INSERT INTO stream_heads (epoch, peer, size, peaks) VALUES (:epoch, :peer, 0, '')
        ON CONFLICT (epoch, peer) DO UPDATE SET size = stream_heads.size RETURNING size, peaks
        """
    )
)
"""Locks the head, which it makes if there is none."""
_ADD = Prepared(
    text(
        """
        INSERT INTO envelopes (epoch, peer, seq, content, root, appended_at)
        SELECT :epoch, :peer, seq, decode(content, 'hex'), decode(root, 'hex'), :appended_at
        FROM json_to_recordset(CAST(:envelopes AS json)) AS given (seq bigint, content text, root text)
        """
    )
)
_MOVE = Prepared(
    text(
        """
        UPDATE stream_heads SET size = :size, peaks = :peaks WHERE epoch = :epoch AND peer = :peer
        RETURNING pg_notify(:channel, :peer)
        """
    )
)


class SqlStreams:
    """The ``Streams`` port on PostgreSQL.

    Args:
        session: the transaction.
        sessions: for what must outlive it: the first epoch.
        server: this server's name.
        blind: gives 32 random hex digits, never twice the same.
        clock: the time of appending.
    """

    def __init__(
        self, session: AsyncSession, sessions: Sessions, server: str, blind: Callable[[], str], clock: Clock
    ) -> None:
        self._session, self._sessions = session, sessions
        self._server, self._blind, self._clock = server, blind, clock
        self._pending: list[tuple[str, Content, str]] = []
        self._epoch: Epoch | None = None

    async def epoch(self) -> Epoch:
        """Return the incarnation with the highest ordinal."""
        if self._epoch is None:
            self._epoch = await self._present() or await self._begin()
        return self._epoch

    async def _present(self) -> Epoch | None:
        found = await _PRESENT.rows(self._session)
        return Epoch(*found[0]) if found else None

    async def _begin(self) -> Epoch:
        """Begin the first incarnation of this database at its first use, for good, whatever becomes of this transaction."""
        values = {"ordinal": 1, "nonce": self._blind(), "began_at": self._clock.now()}
        async with self._sessions.begin() as session:
            await session.execute(upsert(IncarnationRow).values(**values).on_conflict_do_nothing())
        epoch = await self._present()
        assert epoch is not None, "inserted by us or by another just before"
        return epoch

    async def peers(self) -> Sequence[str]:
        """Return the peers of the present epoch."""
        rows, epoch = StreamHeadRow, (await self.epoch()).to_text()
        return list(await self._session.scalars(select(rows.peer).where(rows.epoch == epoch).order_by(rows.peer)))

    async def head(self, peer: str) -> Head:
        """Return the head of our stream to the peer."""
        rows, epoch = StreamHeadRow, await self.epoch()
        mine = select(rows.size, rows.peaks).where(rows.epoch == epoch.to_text(), rows.peer == peer)
        row = (await self._session.execute(mine)).first()
        frontier = Frontier.from_bytes(row.size, row.peaks) if row else Frontier()
        return Head(self._server, epoch, peer, frontier)

    def append(self, peer: str, contents: Sequence[Content], document: MembershipDocument) -> None:
        """Keep for ``flush``."""
        digest = document.digest()
        self._pending += [(peer, content, digest) for content in contents]

    async def flush(self) -> None:
        """Number what was appended: the last statements before the outbox and the commit, peers in a fixed order."""
        for peer in sorted({peer for peer, _, _ in self._pending}):
            await self._append(peer, [(content, digest) for name, content, digest in self._pending if name == peer])
        self._pending.clear()

    async def _append(self, peer: str, contents: list[tuple[Content, str]]) -> None:
        epoch = (await self.epoch()).to_text()
        [(size, peaks)] = await _HEAD.rows(self._session, epoch=epoch, peer=peer)
        head = Head(self._server, await self.epoch(), peer, Frontier.from_bytes(size, peaks))
        appended = []
        for content, digest in contents:
            head, envelope = head.appended(content, entitlement=digest, blind=self._blind())
            root = head.frontier.root
            appended.append({"seq": envelope.seq, "content": envelope.to_bytes().hex(), "root": root.hex()})
        stream = {"epoch": epoch, "peer": peer}
        _ADD.later(self._session, **stream, envelopes=json.dumps(appended), appended_at=self._clock.now())
        peaks = head.frontier.to_bytes()
        _MOVE.later(self._session, **stream, size=head.size, peaks=peaks, channel=CHANNEL)

    async def read(self, peer: str, first: int, limit: int) -> Sequence[StoredEnvelope]:
        """Return envelopes in order."""
        rows, epoch = EnvelopeRow, (await self.epoch()).to_text()
        found = await self._session.execute(
            select(rows.seq, rows.content, rows.root)
            .where(rows.epoch == epoch, rows.peer == peer, rows.seq >= first)
            .order_by(rows.seq)
            .limit(limit)
        )
        return [StoredEnvelope(seq, content, root) for seq, content, root in found]

    async def root_at(self, peer: str, size: int) -> bytes | None:
        """Return the root at a size of the present epoch."""
        if size == 0:
            return EMPTY_ROOT
        rows, epoch = EnvelopeRow, (await self.epoch()).to_text()
        mine = select(rows.root).where(rows.epoch == epoch, rows.peer == peer, rows.seq == size)
        root: bytes | None = await self._session.scalar(mine)
        return root


class SqlReceipts:
    """The ``Receipts`` port on PostgreSQL."""

    def __init__(self, session: AsyncSession, clock: Clock) -> None:
        self._session, self._clock = session, clock

    async def put(self, peer: str, receipt: Receipt, *, is_ours: bool) -> None:
        """Keep a receipt once."""
        values = {
            "peer": peer,
            "is_ours": is_ours,
            "epoch": receipt.epoch.to_text(),
            "size": receipt.size,
            "content": receipt.signed_bytes(),
            "signature": receipt.signature,
            "kept_at": self._clock.now(),
        }
        await self._session.execute(upsert(ReceiptRow).values(**values).on_conflict_do_nothing())

    async def acknowledged(self, peer: str, epoch: Epoch) -> int:
        """Return the greatest size for which the peer gave a receipt."""
        rows = ReceiptRow
        mine = (rows.peer == peer, rows.epoch == epoch.to_text(), rows.is_ours.is_(False))
        return await self._session.scalar(select(func.max(rows.size)).where(*mine)) or 0
