"""Members on PostgreSQL."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.auth.domain.errors import MemberChanged
from services.auth.domain.member import Member, Profile
from services.auth.domain.role import Role
from services.auth.store.rows import MemberRow


class SqlMembers:
    """The ``Members`` port."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, subject: str, scope: str) -> Member | None:
        """Return one member."""
        found = await self._where(MemberRow.subject == subject, MemberRow.scope == scope)
        return found[0] if found else None

    async def of_subject(self, subject: str) -> Sequence[Member]:
        """Return what one person is, scope by scope."""
        return await self._where(MemberRow.subject == subject)

    async def of_username(self, username: str) -> Sequence[Member]:
        """Return what the person of this login name is, scope by scope."""
        return await self._where(MemberRow.username == username)

    async def of_scope(self, scope: str) -> Sequence[Member]:
        """Return the members of one scope, by name."""
        return await self._where(MemberRow.scope == scope)

    async def save(self, member: Member) -> None:
        """Keep version 1 as a new row, and a later one only over the version just before it."""
        values = _to_values(member)
        if member.version == 1:
            statement = insert(MemberRow).values(values).on_conflict_do_nothing().returning(MemberRow.subject)
            saved = (await self._session.execute(statement)).first()
        else:
            key = (MemberRow.subject == member.subject, MemberRow.scope == member.scope)
            older = update(MemberRow).where(*key, MemberRow.version == member.version - 1)
            saved = (await self._session.execute(older.values(values).returning(MemberRow.subject))).first()
        if saved is None:
            raise MemberChanged

    async def _where(self, *conditions: ColumnElement[bool]) -> list[Member]:
        rows = await self._session.scalars(
            select(MemberRow).where(*conditions).order_by(MemberRow.name, MemberRow.scope, MemberRow.subject)
        )
        return [_to_domain(row) for row in rows]


def _to_values(member: Member) -> dict[str, object]:
    return {
        "subject": member.subject,
        "scope": member.scope,
        "username": member.profile.username,
        "name": member.profile.name,
        "email": member.profile.email,
        "roles": sorted(role.value for role in member.roles),
        "registered_at": member.registered_at,
        "disabled_at": member.disabled_at,
        "version": member.version,
    }


def _to_domain(row: MemberRow) -> Member:
    return Member(
        subject=row.subject,
        scope=row.scope,
        profile=Profile(row.username, row.name, row.email),
        roles=frozenset(Role(name) for name in row.roles),
        registered_at=row.registered_at,
        disabled_at=row.disabled_at,
        version=row.version,
    )
