"""`SqlAccountMappings`: what bodies saved, one row for an accounting package."""

from dataclasses import asdict

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.forms.domain.accounts import AccountMapping, MappedPrefix
from services.forms.store.rows import AccountMappingRow


class SqlAccountMappings:
    """Mappings in the table `account_mappings`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, siren: str, form_set: str, package: str) -> AccountMapping | None:
        """Return what a body saved for a package: for this form set, else what it saved last for another one."""
        row = await self._session.scalar(
            select(AccountMappingRow)
            .where(AccountMappingRow.siren == siren, AccountMappingRow.package == package)
            .order_by((AccountMappingRow.form_set == form_set).desc(), AccountMappingRow.saved_at.desc())
            .limit(1)
        )
        return _to_domain(row) if row else None

    async def packages(self, siren: str) -> list[str]:
        """Return the packages that a body has a mapping for, in order of name."""
        named = select(AccountMappingRow.package).where(AccountMappingRow.siren == siren).distinct()
        return sorted(await self._session.scalars(named))

    async def save(self, mapping: AccountMapping) -> None:
        """Add or replace a mapping."""
        values = {
            "rules": [asdict(one) for one in mapping.prefixes],
            "saved_by": mapping.saved_by,
            "saved_at": mapping.saved_at,
        }
        place = {"siren": mapping.siren, "form_set": mapping.form_set, "package": mapping.package}
        add = insert(AccountMappingRow).values(**place, **values)
        await self._session.execute(add.on_conflict_do_update(index_elements=list(place), set_=values))


def _to_domain(row: AccountMappingRow) -> AccountMapping:
    prefixes = tuple(MappedPrefix(**stored) for stored in row.rules)
    return AccountMapping(row.siren, row.form_set, row.package, prefixes, row.saved_by, row.saved_at)
