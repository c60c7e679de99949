"""Accounts and clients of the embedded provider on PostgreSQL; each verb is its own transaction."""

from dataclasses import asdict

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.dialects.postgresql import insert

from chassis.database.engine import Sessions
from services.auth.domain.account import Account, Client
from services.auth.domain.errors import UsernameTaken
from services.auth.store.rows import AccountRow, ClientRow


class SqlAccounts:
    """The ``Accounts`` port."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def by_username(self, username: str) -> Account | None:
        """Return the account of this name."""
        return await self._one(AccountRow.username == username)

    async def by_subject(self, subject: str) -> Account | None:
        """Return the account of this subject."""
        return await self._one(AccountRow.subject == subject)

    async def add(self, account: Account) -> None:
        """Keep a new account, or refuse a name in use."""
        statement = insert(AccountRow).values(_to_values(account)).on_conflict_do_nothing()
        async with self._sessions.begin() as session:
            added = (await session.execute(statement.returning(AccountRow.subject))).first()
        if added is None:
            raise UsernameTaken(metadata={"username": account.username})

    async def replace(self, account: Account) -> None:
        """Keep the account in place of the one of the same subject."""
        async with self._sessions.begin() as session:
            await session.execute(
                update(AccountRow).where(AccountRow.subject == account.subject).values(_to_values(account))
            )

    async def page(self, first: int, limit: int) -> list[Account]:
        """Return accounts by name, from the ``first``-th."""
        async with self._sessions() as session:
            rows = await session.scalars(select(AccountRow).order_by(AccountRow.username).offset(first).limit(limit))
            return [_to_domain(row) for row in rows]

    async def _one(self, condition: ColumnElement[bool]) -> Account | None:
        async with self._sessions() as session:
            row = await session.scalar(select(AccountRow).where(condition))
        return _to_domain(row) if row is not None else None


class SqlClients:
    """The ``Clients`` port."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def by_id(self, client_id: str) -> Client | None:
        """Return the client of this identifier."""
        async with self._sessions() as session:
            row = await session.get(ClientRow, client_id)
        return _to_client(row) if row is not None else None

    async def put(self, client: Client) -> None:
        """Keep the client, in place of one of the same identifier."""
        values = asdict(client) | {
            "grant_types": sorted(client.grant_types),
            "redirect_uris": list(client.redirect_uris),
            "post_logout_redirect_uris": list(client.post_logout_redirect_uris),
            "realm_roles": list(client.realm_roles),
        }
        statement = insert(ClientRow).values(values)
        async with self._sessions.begin() as session:
            await session.execute(statement.on_conflict_do_update(index_elements=["client_id"], set_=values))


def _to_values(account: Account) -> dict[str, object]:
    return asdict(account) | {"realm_roles": list(account.realm_roles)}


def _to_domain(row: AccountRow) -> Account:
    return Account(
        subject=row.subject,
        username=row.username,
        name=row.name,
        email=row.email,
        password_hash=row.password_hash,
        created_at=row.created_at,
        realm_roles=tuple(row.realm_roles),
        is_active=row.is_active,
    )


def _to_client(row: ClientRow) -> Client:
    return Client(
        client_id=row.client_id,
        name=row.name,
        secret_hash=row.secret_hash,
        grant_types=frozenset(row.grant_types),
        redirect_uris=tuple(row.redirect_uris),
        post_logout_redirect_uris=tuple(row.post_logout_redirect_uris),
        subject=row.subject,
        realm_roles=tuple(row.realm_roles),
        is_active=row.is_active,
    )
