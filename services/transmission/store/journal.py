"""The journal: what happened, append-only."""

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.transmission.domain.events import Fact
from services.transmission.store.rows import JournalRow


class SqlJournal:
    """The ``Journal`` port on PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def append(self, fact: Fact) -> None:
        """Write the fact under its name; instants are kept in ISO 8601."""
        facts = {
            name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(fact).items()
        }
        values = {
            "kind": type(fact).__name__,
            "filing_id": facts.get("filing_id", ""),
            "recipient": facts.get("recipient", ""),
            "facts": facts,
        }
        await self._session.execute(insert(JournalRow).values(**values))
