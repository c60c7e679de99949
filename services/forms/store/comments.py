"""`SqlComments`: what people say about cells."""

from uuid import UUID

from sqlalchemy import ARRAY, Boolean, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from services.forms.domain.comment import CellComment
from services.forms.store.rows import CommentRow

LATEST = 1_000


class SqlComments:
    """Comments in the table `comments`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, comment: CellComment) -> None:
        """Keep a comment."""
        self._session.add(
            CommentRow(
                id=comment.id,
                filing_id=comment.filing_id,
                address=comment.address,
                text=comment.text,
                author=comment.author,
                at=comment.at,
                is_flagged=comment.is_flagged,
                is_shared=comment.is_shared,
                is_by_authority=comment.is_by_authority,
            )
        )
        await self._session.flush()

    async def of(self, filing_id: UUID, address: str = "", *, is_for_authority: bool = False) -> list[CellComment]:
        """Return the last thousand of a filing or cell, newest first; for the authority, its own and those shared."""
        statement = select(CommentRow).where(CommentRow.filing_id == filing_id)
        if address:
            statement = statement.where(CommentRow.address == address)
        if is_for_authority:
            statement = statement.where(CommentRow.is_shared)
        rows = await self._session.scalars(statement.order_by(CommentRow.number.desc()).limit(LATEST))
        return [
            CellComment(
                row.id,
                row.filing_id,
                row.address,
                row.text,
                row.author,
                row.at,
                row.is_flagged,
                row.is_shared,
                row.is_by_authority,
            )
            for row in rows
        ]

    async def flagged(self, filing_id: UUID) -> frozenset[str]:
        """Return the cells whose flag is up and was raised with a text, by the body."""
        states = func.array_agg(
            aggregate_order_by(CommentRow.is_flagged, CommentRow.number.desc()), type_=ARRAY(Boolean)
        )
        found = await self._session.scalars(
            select(CommentRow.address)
            .where(CommentRow.filing_id == filing_id, ~CommentRow.is_by_authority)
            .group_by(CommentRow.address)
            .having(states[1], func.bool_or(CommentRow.is_flagged & (CommentRow.text != "")))
        )
        return frozenset(found)
