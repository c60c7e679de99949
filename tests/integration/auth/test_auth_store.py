"""The repositories on PostgreSQL."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chassis.database.engine import sessions_of
from chassis.identifiers import TimeSortableIdentifiers
from services.auth.domain.account import Account
from services.auth.domain.errors import MemberChanged, UsernameTaken
from services.auth.domain.events import MemberRegistered, MemberShutOut, PartnerRegistered
from services.auth.domain.login import AuthorizationCode, Login, RefreshToken
from services.auth.domain.partner import Partner
from services.auth.domain.role import Role
from services.auth.store.accounts import SqlAccounts, SqlClients
from services.auth.store.logins import SqlCodes, SqlLogins, SqlRefreshTokens, forget_expired
from services.auth.store.rows import Rows
from services.auth.store.unit_of_work import SqlAuth
from tests.support.auth import BODY, NOW, OTHER_BODY, SteppingClock, a_gateway_client, a_member, a_profile
from tests.support.auth_fakes import two_bodies

LATER = NOW + timedelta(hours=1)
ACCOUNT = Account("subject-1", "anne.dupre", "Anne Dupré", "anne@example.org", "$argon2id$x", NOW, ("member",))
LOGIN = Login("sid-1", "hash-1", "subject-1", NOW, LATER)
CODE = AuthorizationCode(
    *("code-1", "family-1", "gateway", "http://127.0.0.1/cb", "openid", "nonce", "challenge", "sid-1", "subject-1"),
    *(NOW, "1", LATER),
)
TOKEN = RefreshToken("token-1", "family-1", "gateway", "openid", "sid-1", LATER)


@pytest.fixture
def sessions(engine):
    return sessions_of(engine)


@pytest.fixture
def unit(sessions):
    clock = SteppingClock()
    return lambda: SqlAuth(sessions, clock, TimeSortableIdentifiers(clock))


async def test_the_migration_and_the_rows_say_the_same(engine):
    def drift(connection):
        found = compare_metadata(MigrationContext.configure(connection), Rows.metadata)
        return [change for change in found if getattr(change[1], "name", "") != "alembic_version"]

    async with engine.connect() as connection:
        assert await connection.run_sync(drift) == []


async def test_a_member_comes_back_as_it_was_kept(unit):
    kept = [a_member(Role.DATA_ENTRY, Role.DIRECTOR), a_member(Role.READER, scope=OTHER_BODY).disabled(NOW)]
    kept[1] = replace(kept[1], version=1)
    async with unit() as work:
        for member in kept:
            await work.members.save(member)
        await work.commit()
    async with unit() as work:
        assert await work.members.find("subject-1", BODY) == kept[0]
        assert list(await work.members.of_subject("subject-1")) == kept
        assert list(await work.members.of_username("anne.dupre")) == kept
        assert list(await work.members.of_scope(OTHER_BODY)) == kept[1:]
        assert await work.members.find("subject-1", "*") is None


async def test_of_two_changes_at_the_same_time_one_is_refused(unit):
    member = a_member()
    async with unit() as work:
        await work.members.save(member)
        await work.commit()
    async with unit() as work:
        await work.members.save(member.with_roles({Role.DIRECTOR}, a_profile()))
        await work.commit()
    async with unit() as work:
        for stale in (member.with_roles({Role.READER}, a_profile()), member):
            with pytest.raises(MemberChanged):
                await work.members.save(stale)


async def test_what_is_not_committed_is_not_kept(unit):
    async with unit() as work:
        await work.members.save(a_member())
    async with unit() as work:
        assert await work.members.find("subject-1", BODY) is None


async def test_bodies_and_partners_come_back_as_they_were_kept(unit):
    partner = Partner("CDC", "Caisse des dépôts", "cdc", "cdc-1", NOW)
    async with unit() as work:
        for body in two_bodies():
            await work.bodies.put(replace(body, name="Ancien nom"))
            await work.bodies.put(body)
        await work.partners.put(replace(partner, subject="ancien"))
        await work.partners.put(partner)
        await work.commit()
    async with unit() as work:
        assert list(await work.bodies.every()) == two_bodies()
        assert list(await work.bodies.named({OTHER_BODY, "*"})) == two_bodies()[1:]
        assert await work.bodies.find(BODY) == two_bodies()[0]
        assert await work.partners.of_subject("cdc-1") == partner == await work.partners.of_code("CDC")
        assert await work.partners.of_subject("ancien") is None


async def test_the_journal_takes_every_event_and_gives_none_back_for_change(unit, engine):
    async with unit() as work:
        await work.journal.append(MemberRegistered("s", BODY, frozenset({Role.READER}), "admin-1", NOW))
        await work.journal.append(MemberShutOut("s", BODY, "admin-1", NOW))
        await work.journal.append(PartnerRegistered("CDC", "admin-1", NOW))
        await work.commit()
    async with engine.connect() as connection:
        rows = (await connection.execute(text('SELECT kind, "by", facts FROM journal ORDER BY number'))).all()
    assert rows[0] == ("MemberRegistered", "admin-1", {"subject": "s", "scope": BODY, "roles": ["reader"]})
    assert [row.kind for row in rows] == ["MemberRegistered", "MemberShutOut", "PartnerRegistered"]
    for statement in ("UPDATE journal SET kind = 'x'", "DELETE FROM journal", "TRUNCATE journal"):
        async with engine.connect() as connection:
            with pytest.raises(DBAPIError, match="append-only"):
                await connection.execute(text(statement))


async def test_an_account_comes_back_as_it_was_kept_and_its_name_is_given_once(sessions):
    accounts = SqlAccounts(sessions)
    await accounts.add(ACCOUNT)
    assert await accounts.by_username("anne.dupre") == ACCOUNT == await accounts.by_subject("subject-1")
    with pytest.raises(UsernameTaken):
        await accounts.add(replace(ACCOUNT, subject="subject-2"))
    await accounts.replace(ACCOUNT.disabled())
    assert await accounts.page(0, 10) == [ACCOUNT.disabled()]
    assert await accounts.page(1, 10) == []
    assert await accounts.by_username("personne") is None


async def test_a_client_comes_back_as_it_was_last_put(sessions):
    clients = SqlClients(sessions)
    await clients.put(a_gateway_client(secret_hash=None))
    await clients.put(a_gateway_client())
    assert await clients.by_id("gateway") == a_gateway_client()
    assert await clients.by_id("nobody") is None


async def test_a_login_that_was_ended_stays_ended(sessions):
    logins = SqlLogins(sessions)
    await logins.put(LOGIN)
    assert await logins.by_token("hash-1") == LOGIN == await logins.by_sid("sid-1")
    again = LOGIN.proven_again("hash-2", NOW + timedelta(minutes=1))
    await logins.put(again)
    assert await logins.by_token("hash-1") is None
    await logins.end_all("subject-1", NOW)
    await logins.end("sid-1", LATER)
    await logins.put(again)
    assert (await logins.by_sid("sid-1")).ended_at == NOW


async def test_of_many_uses_of_a_code_or_token_at_once_exactly_one_is_the_first(sessions):
    codes, tokens = SqlCodes(sessions), SqlRefreshTokens(sessions)
    await codes.add(CODE)
    await tokens.add(TOKEN)
    for store, key, kept in ((codes, "code-1", CODE), (tokens, "token-1", TOKEN)):
        uses = await asyncio.gather(*(store.spend(key, NOW) for _ in range(20)))
        assert [use[0] for use in uses] == [kept] * 20
        assert sum(use[1] for use in uses) == 1
        assert await store.spend("unknown", NOW) is None


async def test_a_revoked_family_is_of_no_use(sessions):
    tokens = SqlRefreshTokens(sessions)
    await tokens.add(TOKEN)
    await tokens.add(replace(TOKEN, token_hash="token-2", family="other"))
    await tokens.revoke_family("family-1", NOW)
    assert (await tokens.spend("token-1", NOW))[1] is False
    assert (await tokens.spend("token-2", NOW))[1] is True


async def test_what_has_long_expired_is_forgotten(sessions):
    codes, logins, tokens = SqlCodes(sessions), SqlLogins(sessions), SqlRefreshTokens(sessions)
    await codes.add(CODE)
    await logins.put(LOGIN)
    await tokens.add(TOKEN)
    await forget_expired(sessions, LATER)
    assert await logins.by_sid("sid-1") == LOGIN
    await forget_expired(sessions, LATER + timedelta(days=1, seconds=1))
    assert await logins.by_sid("sid-1") is None
    assert await codes.spend("code-1", NOW) is None
    assert await tokens.spend("token-1", NOW) is None
