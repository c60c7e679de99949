"""Logins, codes and refresh tokens of the embedded provider on PostgreSQL; each verb is its own transaction."""

from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from chassis.database.engine import Sessions
from services.auth.domain.login import AuthorizationCode, Login, RefreshToken
from services.auth.store.rows import CodeRow, LoginRow, RefreshTokenRow

KEPT_AFTER_EXPIRY = timedelta(days=1)
"""A used code or token is remembered this long, so that its replay is noticed."""


class SqlLogins:
    """The ``Logins`` port."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def by_token(self, token_hash: str) -> Login | None:
        """Return the login whose cookie has this digest."""
        return await self._one(LoginRow.token_hash == token_hash)

    async def by_sid(self, sid: str) -> Login | None:
        """Return the login of this identifier."""
        return await self._one(LoginRow.sid == sid)

    async def put(self, login: Login) -> None:
        """Keep the login, in place of the one of the same ``sid``; one that was ended meanwhile stays ended."""
        values = asdict(login)
        changed = {name: value for name, value in values.items() if name not in {"sid", "ended_at"}}
        statement = insert(LoginRow).values(values)
        async with self._sessions.begin() as session:
            await session.execute(statement.on_conflict_do_update(index_elements=["sid"], set_=changed))

    async def end(self, sid: str, at: datetime) -> None:
        """End one login."""
        await self._end(LoginRow.sid == sid, at)

    async def end_all(self, subject: str, at: datetime) -> None:
        """End every login of a subject."""
        await self._end(LoginRow.subject == subject, at)

    async def _end(self, condition: ColumnElement[bool], at: datetime) -> None:
        async with self._sessions.begin() as session:
            await session.execute(update(LoginRow).where(condition, LoginRow.ended_at.is_(None)).values(ended_at=at))

    async def _one(self, condition: ColumnElement[bool]) -> Login | None:
        async with self._sessions() as session:
            row = await session.scalar(select(LoginRow).where(condition))
        if row is None:
            return None
        return Login(row.sid, row.token_hash, row.subject, row.authenticated_at, row.expires_at, row.acr, row.ended_at)


class SqlCodes:
    """The ``Codes`` port; one statement decides who was first."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def add(self, code: AuthorizationCode) -> None:
        """Keep a fresh code."""
        async with self._sessions.begin() as session:
            await session.execute(insert(CodeRow).values(asdict(code)))

    async def spend(self, code_hash: str, at: datetime) -> tuple[AuthorizationCode, bool] | None:
        """Use the code up and tell whether this was its first use."""
        first = update(CodeRow).where(CodeRow.code_hash == code_hash, CodeRow.spent_at.is_(None))
        async with self._sessions.begin() as session:
            spent = (await session.execute(first.values(spent_at=at).returning(CodeRow.code_hash))).first()
            row = await session.get(CodeRow, code_hash)
        return (_to_code(row), spent is not None) if row is not None else None


class SqlRefreshTokens:
    """The ``RefreshTokens`` port; one statement decides who was first."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def add(self, token: RefreshToken) -> None:
        """Keep a fresh token."""
        async with self._sessions.begin() as session:
            await session.execute(insert(RefreshTokenRow).values(asdict(token)))

    async def spend(self, token_hash: str, at: datetime) -> tuple[RefreshToken, bool] | None:
        """Use the token up and tell whether it was still good."""
        rows = RefreshTokenRow
        first = update(rows).where(rows.token_hash == token_hash, rows.spent_at.is_(None))
        async with self._sessions.begin() as session:
            spent = (await session.execute(first.values(spent_at=at).returning(rows.token_hash))).first()
            row = await session.get(rows, token_hash)
        return (_to_token(row), spent is not None) if row is not None else None

    async def revoke_family(self, family: str, at: datetime) -> None:
        """Make every token of the family useless."""
        rows = RefreshTokenRow
        async with self._sessions.begin() as session:
            await session.execute(
                update(rows).where(rows.family == family, rows.spent_at.is_(None)).values(spent_at=at)
            )


async def forget_expired(sessions: Sessions, now: datetime) -> None:
    """Remove logins, codes and tokens that have long been of no use."""
    before = now - KEPT_AFTER_EXPIRY
    async with sessions.begin() as session:
        for rows in (LoginRow, CodeRow, RefreshTokenRow):
            await session.execute(delete(rows).where(rows.expires_at < before))


def _to_code(row: CodeRow) -> AuthorizationCode:
    return AuthorizationCode(
        code_hash=row.code_hash,
        family=row.family,
        client_id=row.client_id,
        redirect_uri=row.redirect_uri,
        scope=row.scope,
        nonce=row.nonce,
        code_challenge=row.code_challenge,
        sid=row.sid,
        subject=row.subject,
        authenticated_at=row.authenticated_at,
        acr=row.acr,
        expires_at=row.expires_at,
    )


def _to_token(row: RefreshTokenRow) -> RefreshToken:
    return RefreshToken(row.token_hash, row.family, row.client_id, row.scope, row.sid, row.expires_at)
