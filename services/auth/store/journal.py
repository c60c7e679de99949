"""The journal of rights on PostgreSQL: rows are only ever added."""

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.auth.domain.events import AuthEvent, MemberRegistered, MemberShutOut, PartnerRegistered
from services.auth.store.rows import JournalRow


class SqlJournal:
    """The ``Journal`` port."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def append(self, event: AuthEvent) -> None:
        """Keep an event with this transaction."""
        await self._session.execute(
            insert(JournalRow).values(kind=type(event).__name__, happened_at=event.at, by=event.by, facts=_facts(event))
        )


def _facts(event: AuthEvent) -> dict[str, object]:
    match event:
        case MemberRegistered():
            roles = sorted(role.value for role in event.roles)
            return {"subject": event.subject, "scope": event.scope, "roles": roles}
        case MemberShutOut():
            return {"subject": event.subject, "scope": event.scope}
        case PartnerRegistered():
            return {"code": event.code}
