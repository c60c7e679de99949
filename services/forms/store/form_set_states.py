"""`SqlFormSetStates`: the states that staff declared."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.forms.domain.form_set_life import DeclaredState, FormSetState
from services.forms.store.rows import FormSetStateRow


class SqlFormSetStates:
    """States in the table `form_set_states`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, version: str) -> FormSetState:
        """Return the state of a form set; published when nobody declared one."""
        declared = await self.declared(version)
        return declared.state if declared else FormSetState.PUBLISHED

    async def declared(self, version: str) -> DeclaredState | None:
        """Return the state that somebody gave to a form set, None when nobody did."""
        row = await self._session.get(FormSetStateRow, version)
        return DeclaredState(FormSetState(row.state), row.changed_by, row.changed_at) if row else None

    async def save(self, version: str, state: FormSetState, author: str, at: datetime) -> None:
        """Add or replace a state."""
        await self._session.merge(FormSetStateRow(form_set=version, state=str(state), changed_by=author, changed_at=at))
