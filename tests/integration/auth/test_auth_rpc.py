"""The whole service over a socket, with its embedded provider on a real port: from provisioning to a passport."""

import asyncio
import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import httpx2
import pytest
from harmonia.auth.v1 import auth_pb2 as pb
from harmonia.auth.v1 import auth_pb2_grpc as pb_grpc
from pydantic import SecretStr

from chassis.clock import SystemClock
from chassis.errors import (
    AlreadyExists,
    Forbidden,
    Invalid,
    NotFound,
    RuleBroken,
    Unauthenticated,
    Unavailable,
)
from chassis.host import Listening, host
from chassis.peers import Peers
from chassis.rpc.identity import carrying
from chassis.rpc.passports import AuthServicePassports
from chassis.settings import DatabaseSettings
from chassis.stack import Stack
from services.auth.domain.errors import PassportKeysMissing, ProviderNotForProduction
from services.auth.service import AuthService, make_service
from services.auth.settings import AuthSettings, OidcSettings, PassportSettings, ProviderSettings
from tests.support.auth import BODY, OTHER_BODY, PASSWORD, Browser, answer_of
from tests.support.clocks import FrozenClock
from tests.support.ports import free_port

SECRET = "secret-of-cdc-" + "x" * 24
CALLBACK = "http://127.0.0.1:8080/auth/callback"


@dataclass
class Running:
    """The service, and how to call it."""

    stub: pb_grpc.AuthServiceStub
    issuer: str
    passports: AuthServicePassports

    async def log_in(self, username="camille.compte"):
        """Log in as a person does, over HTTP, and return the passport."""
        async with httpx2.AsyncClient(trust_env=False) as http:
            browser = Browser(http, issuer=self.issuer)
            page = await browser.ask()
            code = answer_of(await browser.type_password(page, username=username))["code"]
            tokens = (await browser.exchange(code, client_secret=None)).json()
        return (await self.stub.OpenSession(pb.OpenSessionRequest(access_token=tokens["access_token"]))).passport


@asynccontextmanager
async def running(database_url, folder: Path, port=None, **changes):
    address = f"127.0.0.1:{port or free_port()}"
    settings = AuthSettings(
        database=DatabaseSettings(url=SecretStr(database_url)),
        provider=ProviderSettings(address=address, **changes),
    )
    stack = Stack("MIN", folder, clock=SystemClock())
    at = f"unix:{folder}/s.sock"
    async with Peers("gateway", at) as peers:
        passports = AuthServicePassports("MIN", peers, stack.clock)
        async with host(stack, [AuthService(stack, settings)], peers, passports, Listening(at)) as hosted:
            stub = pb_grpc.AuthServiceStub(peers.channel("auth"))
            await provision(stub)
            assert await hosted.opened["auth"].is_ready()
            yield Running(stub, settings.provider.effective_issuer, passports)


def a_message(username, body, *roles, **changes):
    facts = {"username": username, "name": username.title(), "body": body, "roles": roles}
    return pb.Member(**facts | changes)


def a_document():
    people = [
        a_message("camille.compte", BODY, "accountant", email="camille@example.org"),
        a_message("ada.admin", BODY, "technical_administrator"),
        a_message("olga.officer", "*", "authority_officer"),
    ]
    return pb.ProvisionRequest(
        bodies=[
            pb.Body(siren=BODY, name="Côte-d'Or Habitat", family="OPH", departement="21"),
            pb.Body(siren=OTHER_BODY, name="Habitat du Rhône", family="ESH", departement="69"),
        ],
        accounts=[pb.ProvisionedAccount(member=member, password=PASSWORD) for member in people],
        clients=[pb.ProvisionedClient(client_id="cdc", client_secret=SECRET, partner="CDC", name="CDC")],
    )


async def provision(stub):
    return (await stub.Provision(a_document())).changed


@pytest.fixture
async def service(database_url, tmp_path):
    async with running(database_url, tmp_path) as one:
        yield one


async def test_a_person_logs_in_and_gets_a_passport_that_other_services_verify(service):
    passport = await service.log_in()
    caller = await service.passports.verify(passport.token)
    assert caller.subject == passport.subject
    assert caller.name == "Camille.Compte"
    assert caller.may("filing.validate", BODY)
    assert not caller.may("filing.sign", BODY)
    assert not caller.may("filing.read", OTHER_BODY)
    assert caller.authenticated_at == passport.authenticated_at.ToDatetime(caller.authenticated_at.tzinfo)
    assert [(grant.scope, grant.name) for grant in passport.grants] == [(BODY, "Côte-d'Or Habitat")]


async def test_a_partner_gets_a_passport_with_its_own_credentials(service):
    request = pb.OpenPartnerSessionRequest(client_id="cdc", client_secret=SECRET)
    passport = (await service.stub.OpenPartnerSession(request)).passport
    caller = await service.passports.verify(passport.token)
    assert caller.partner == passport.partner == "CDC"
    assert caller.may_somewhere("feed.read")
    for wrong in (
        pb.OpenPartnerSessionRequest(client_id="cdc", client_secret="faux"),
        pb.OpenPartnerSessionRequest(client_id="gateway"),
        pb.OpenPartnerSessionRequest(),
    ):
        with pytest.raises(Unauthenticated):
            await service.stub.OpenPartnerSession(wrong)


async def test_what_proves_nothing_opens_nothing(service):
    for token in ("", "x", "a.b.c", (await service.log_in()).token):
        with pytest.raises(Unauthenticated):
            await service.stub.OpenSession(pb.OpenSessionRequest(access_token=token))


async def test_an_administrator_registers_and_shuts_out_a_member(service):
    admin = await service.log_in("ada.admin")
    request = pb.RegisterMemberRequest(request_id="r1", member=a_message("nina.neuve", BODY, "director", "data_entry"))
    with carrying(admin.token):
        made = await service.stub.RegisterMember(request)
        again = await service.stub.RegisterMember(request)
        listed = (await service.stub.ListMembers(pb.ListMembersRequest(body=BODY))).members
    assert made.first_password
    assert again == pb.RegisterMemberResponse(member=made.member)
    assert list(made.member.roles) == ["data_entry", "director"]
    assert {member.username for member in listed} == {"ada.admin", "camille.compte", "nina.neuve"}
    with carrying(admin.token):
        await service.stub.DisableMember(pb.DisableMemberRequest(subject=made.member.subject, body=BODY))
        listed = (await service.stub.ListMembers(pb.ListMembersRequest(body=BODY))).members
    assert [member.is_active for member in listed if member.username == "nina.neuve"] == [False]


async def test_what_an_administrator_may_not_do_is_refused_by_name(service):
    admin = await service.log_in("ada.admin")
    refused = [
        (a_message("nina.neuve", OTHER_BODY, "reader"), NotFound, "NOT_FOUND"),
        (a_message("nina.neuve", "*", "authority_officer"), NotFound, "NOT_FOUND"),
        (a_message("nina.neuve", BODY, "authority_officer"), RuleBroken, "ROLE_OUT_OF_SCOPE"),
        (a_message("nina.neuve", BODY, "king"), Invalid, "INVALID"),
        (a_message("nina.neuve", BODY), Invalid, "INVALID_MEMBER"),
        (a_message("nina.neuve", BODY, "technical_administrator", "reader"), RuleBroken, "ROLES_INCOMPATIBLE"),
        (a_message("a b", BODY, "reader", email="x"), Invalid, "INVALID_MEMBER"),
        (a_message("ada.admin", BODY, "director"), Forbidden, "OWN_RIGHTS_UNTOUCHABLE"),
        (a_message("olga.officer", BODY, "reader"), AlreadyExists, "USERNAME_TAKEN"),
    ]
    for member, meaning, reason in refused:
        with carrying(admin.token), pytest.raises(meaning) as refusal:
            await service.stub.RegisterMember(pb.RegisterMemberRequest(member=member))
        assert refusal.value.code == reason, member


async def test_members_are_out_of_reach_without_the_permission(service):
    with pytest.raises(Unauthenticated):
        await service.stub.ListMembers(pb.ListMembersRequest(body=BODY))
    with carrying((await service.log_in()).token), pytest.raises(Forbidden):
        await service.stub.ListMembers(pb.ListMembersRequest(body=BODY))


async def test_a_member_shut_out_opens_no_further_session(service):
    camille = await service.log_in()
    with carrying((await service.log_in("ada.admin")).token):
        await service.stub.DisableMember(pb.DisableMemberRequest(subject=camille.subject, body=BODY))
    with pytest.raises(AssertionError):
        await service.log_in()


async def test_bodies_are_those_of_the_caller(service):
    with carrying((await service.log_in()).token):
        bodies = (await service.stub.ListBodies(pb.ListBodiesRequest())).bodies
    assert [body.siren for body in bodies] == [BODY]
    assert (await service.stub.GetBody(pb.GetBodyRequest(siren=OTHER_BODY))).body.family == "ESH"
    with pytest.raises(NotFound):
        await service.stub.GetBody(pb.GetBodyRequest(siren="999999999"))


async def test_the_roles_matrix_is_public(service):
    rows = (await service.stub.GetRolesMatrix(pb.GetRolesMatrixRequest())).rows
    assert {row.permission: list(row.roles) for row in rows}["filing.sign"] == ["director"]


async def test_provisioning_again_changes_nothing_and_a_malformed_document_loads_nothing(service):
    assert await provision(service.stub) == 0
    for family, departement in (("HLM", "21"), ("OPH", "99")):
        body = pb.Body(siren="111111118", name="Neuf", family=family, departement=departement)
        with pytest.raises(Invalid):
            await service.stub.Provision(pb.ProvisionRequest(bodies=[body]))
    with pytest.raises(NotFound):
        await service.stub.GetBody(pb.GetBodyRequest(siren="111111118"))


async def test_keys_people_and_logins_outlive_a_restart(database_url, tmp_path):
    port = free_port()
    async with running(database_url, tmp_path, port) as before:
        passport = await before.log_in()
    async with running(database_url, tmp_path, port) as after:
        assert (await after.passports.verify(passport.token)).subject == passport.subject
        assert (await after.log_in()).subject == passport.subject
    for name in ("passport-keys.json", "provider-keys.json"):
        assert (tmp_path / "auth" / name).stat().st_mode & 0o077 == 0


async def test_an_address_in_use_stops_the_start_with_a_sentence(database_url, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(Unavailable, match="cannot listen"):
            async with running(database_url, tmp_path, taken.getsockname()[1]):
                pass


async def test_without_a_database_the_service_starts_and_says_it_is_not_ready(tmp_path):
    settings = AuthSettings(
        database=DatabaseSettings(url=SecretStr("postgresql+psycopg://nobody@127.0.0.1:1/none")),
        provider=ProviderSettings(address=f"127.0.0.1:{free_port()}"),
    )
    stack = Stack("MIN", tmp_path, clock=FrozenClock())
    async with Peers("auth", "unix:/nowhere") as peers, AuthService(stack, settings).open(peers) as opened:
        await asyncio.sleep(0.1)
        assert not await opened.is_ready()


def test_production_needs_an_issuer_and_mounted_keys(tmp_path):
    stack = Stack("MIN", tmp_path, is_production=True)
    with pytest.raises(ProviderNotForProduction):
        make_service(stack, "")
    oidc = OidcSettings(issuer="https://id.example.org/realms/harmonia")
    with pytest.raises(PassportKeysMissing):
        AuthService(stack, AuthSettings(oidc=oidc))
    AuthService(stack, AuthSettings(oidc=oidc, passport=PassportSettings(keys=tmp_path / "keys.json")))


async def test_with_keycloak_down_the_service_opens_and_logins_say_unavailable(database_url, tmp_path):
    settings = AuthSettings(
        database=DatabaseSettings(url=SecretStr(database_url)),
        oidc=OidcSettings(issuer=f"http://127.0.0.1:{free_port()}/realms/harmonia"),
    )
    stack = Stack("MIN", tmp_path, clock=SystemClock())
    at = f"unix:{tmp_path}/s.sock"
    async with Peers("gateway", at) as peers:
        passports = AuthServicePassports("MIN", peers, stack.clock)
        async with host(stack, [AuthService(stack, settings)], peers, passports, Listening(at)):
            stub = pb_grpc.AuthServiceStub(peers.channel("auth"))
            with pytest.raises(Unavailable):
                await stub.OpenPartnerSession(pb.OpenPartnerSessionRequest(client_id="cdc", client_secret="x"))


async def test_from_outside_nobody_reaches_what_is_internal(service, tmp_path):
    async with grpc.aio.insecure_channel(f"unix:{tmp_path}/s.sock") as channel:
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await pb_grpc.AuthServiceStub(channel).GetBody(pb.GetBodyRequest(siren=BODY))
    assert refusal.value.code() == grpc.StatusCode.PERMISSION_DENIED
