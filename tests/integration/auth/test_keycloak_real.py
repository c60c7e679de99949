"""The auth service with a real Keycloak instead of the embedded provider: the same story, the same refusals."""

import asyncio
import os
import re
import secrets
import signal
import socket
from contextlib import AsyncExitStack
from dataclasses import dataclass
from html import unescape
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from harmonia.auth.v1 import auth_pb2 as pb
from harmonia.auth.v1 import auth_pb2_grpc as pb_grpc
from keycloak import KeycloakAdmin
from pydantic import SecretStr

from chassis.clock import SystemClock
from chassis.errors import Unauthenticated
from chassis.host import Listening, host
from chassis.peers import Peers
from chassis.rpc.identity import carrying
from chassis.rpc.passports import AuthServicePassports
from chassis.settings import DatabaseSettings
from chassis.stack import Stack
from services.auth.domain.errors import PartnerExists, PasswordRefused, UsernameTaken
from services.auth.provider.tokens import challenge_of
from services.auth.service import AuthService
from services.auth.settings import AuthSettings, KeycloakSettings, OidcSettings
from tests.support.auth import BODY, CALLBACK, PASSWORD
from tools.keycloak_realm import prepare_realm

pytestmark = [pytest.mark.real, pytest.mark.slow]
UP = Path(__file__).parents[3] / "tools" / "keycloak-up"
SECRET = "secret-of-cdc-" + "x" * 24


@pytest.fixture(scope="module")
async def keycloak(tmp_path_factory):
    """Start Keycloak and give its address and its administrator's password; skip with a sentence if it cannot run."""
    folder = Path(os.environ.get("HARMONIA_KEYCLOAK_FOLDER") or tmp_path_factory.mktemp("keycloak"))
    password, port = secrets.token_urlsafe(16), free_pair()
    process = await asyncio.create_subprocess_exec(
        *(str(UP), str(folder), str(port)),
        env={**os.environ, "KC_BOOTSTRAP_ADMIN_PASSWORD": password},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    if process.returncode == 3:
        pytest.skip(err.decode().strip().splitlines()[-1])
    assert process.returncode == 0, err.decode()
    url, pid = out.decode().split()
    yield url, password
    os.kill(int(pid), signal.SIGTERM)


@dataclass
class World:
    stub: pb_grpc.AuthServiceStub
    passports: AuthServicePassports
    issuer: str
    service: AuthService
    jar: AsyncExitStack

    async def browser(self):
        """Return a browser without any cookie, closed with the test."""
        browser = KeycloakBrowser(self.issuer)
        self.jar.push_async_callback(browser.http.aclose)
        return browser


@pytest.fixture
async def world(keycloak, database_url, tmp_path):
    url, password = keycloak
    secret = await asyncio.to_thread(make_realm, url, password)
    issuer = f"{url}/realms/harmonia"
    settings = AuthSettings(
        database=DatabaseSettings(url=SecretStr(database_url)),
        oidc=OidcSettings(issuer=issuer),
        keycloak=KeycloakSettings(client_secret=SecretStr(secret)),
    )
    stack = Stack("MIN", tmp_path, clock=SystemClock())
    at = f"unix:{tmp_path}/s.sock"
    service = AuthService(stack, settings)
    async with Peers("gateway", at) as peers:
        passports = AuthServicePassports("MIN", peers, stack.clock)
        async with host(stack, [service], peers, passports, Listening(at)), AsyncExitStack() as jar:
            yield World(pb_grpc.AuthServiceStub(peers.channel("auth")), passports, issuer, service, jar)


def make_realm(url, password):
    admin = KeycloakAdmin(server_url=url, username="admin", password=password, realm_name="master")
    try:
        return prepare_realm(admin, "MIN", CALLBACK.removesuffix("/auth/callback"))
    finally:
        admin.connection._s.close()


def free_pair():
    for port in range(28080, 28180, 2):
        with socket.socket() as one, socket.socket() as two:
            if one.connect_ex(("127.0.0.1", port)) and two.connect_ex(("127.0.0.1", port + 1)):
                return port
    raise AssertionError("no two free ports")


class KeycloakBrowser:
    """Walks through Keycloak's own pages."""

    def __init__(self, issuer):
        # Keycloak's cookies are Secure; browsers send them to loopback in clear, and so must we.
        jar = CookieJar(DefaultCookiePolicy(secure_protocols=("https", "wss", "http")))
        self.http = httpx2.AsyncClient(trust_env=False, cookies=jar, timeout=30)
        self.at = f"{issuer}/protocol/openid-connect"
        self.verifier = secrets.token_urlsafe(48)

    async def ask(self, **changes):
        question = {
            "client_id": "gateway",
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid profile email",
            "state": "s",
            "nonce": "n",
            "code_challenge": challenge_of(self.verifier),
            "code_challenge_method": "S256",
        }
        asked = {name: value for name, value in (question | changes).items() if value is not None}
        return await self.http.get(f"{self.at}/auth?{urlencode(asked)}")

    async def log_in(self, username, password):
        """Log in, choosing a new password when Keycloak wants one, and return the code; None when refused."""
        page = await self.send(await self.ask(), username=username, password=password)
        if "login-actions/required-action" in page.headers.get("location", ""):
            page = await self.http.get(page.headers["location"])
            page = await self.send(page, **{"password-new": password + "!", "password-confirm": password + "!"})
        answer = parse_qs(urlsplit(page.headers.get("location", "")).query)
        return answer["code"][0] if "code" in answer else None

    async def send(self, page, **fields):
        action = re.search(r'<form[^>]*action="([^"]+)"', page.text)
        return await self.http.post(unescape(action.group(1)), data=fields)

    async def exchange(self, code, **changes):
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "client_id": "gateway"}
        return await self.http.post(f"{self.at}/token", data=form | {"code_verifier": self.verifier} | changes)


async def provision(world, username):
    member = pb.Member(
        username=username, name="Camille Compte", email=f"{username}@example.org", body=BODY, roles=["director"]
    )
    await world.stub.Provision(
        pb.ProvisionRequest(
            bodies=[pb.Body(siren=BODY, name="Côte-d'Or Habitat", family="OPH", departement="21")],
            accounts=[pb.ProvisionedAccount(member=member, password=PASSWORD)],
            clients=[pb.ProvisionedClient(client_id="cdc", client_secret=SECRET, partner="CDC", name="CDC")],
        )
    )


async def open_session(world, username, password=PASSWORD):
    browser = await world.browser()
    tokens = (await browser.exchange(await browser.log_in(username, password))).json()
    return (await world.stub.OpenSession(pb.OpenSessionRequest(access_token=tokens["access_token"]))).passport, tokens


async def test_a_person_of_keycloak_gets_a_passport_and_loses_it_when_shut_out(world):
    await provision(world, "camille.compte")
    passport, tokens = await open_session(world, "camille.compte")
    caller = await world.passports.verify(passport.token)
    assert caller.may("filing.sign", BODY)
    assert caller.authenticated_at is not None
    with pytest.raises(Unauthenticated):
        await world.stub.OpenSession(pb.OpenSessionRequest(access_token=tokens["id_token"]))

    await provision(world, "autre.personne")
    admin_member = pb.Member(
        username="ada.admin", name="Ada", email="ada@example.org", body=BODY, roles=["technical_administrator"]
    )
    await world.stub.Provision(
        pb.ProvisionRequest(accounts=[pb.ProvisionedAccount(member=admin_member, password=PASSWORD)])
    )
    admin, _ = await open_session(world, "ada.admin")
    with carrying(admin.token):
        await world.stub.DisableMember(pb.DisableMemberRequest(subject=passport.subject, body=BODY))
    assert await (await world.browser()).log_in("camille.compte", PASSWORD + "!") is None


async def test_a_partner_of_keycloak_gets_a_passport_with_its_own_credentials(world):
    await provision(world, "paul.martin")
    request = pb.OpenPartnerSessionRequest(client_id="cdc", client_secret=SECRET)
    passport = (await world.stub.OpenPartnerSession(request)).passport
    assert (await world.passports.verify(passport.token)).partner == "CDC"
    with pytest.raises(Unauthenticated):
        await world.stub.OpenPartnerSession(pb.OpenPartnerSessionRequest(client_id="cdc", client_secret="faux"))


async def test_the_realm_refuses_what_the_embedded_provider_refuses(world):
    await provision(world, "lea.roux")
    browser = await world.browser()
    weak = await browser.ask(code_challenge=None, code_challenge_method=None)
    assert "error=invalid_request" in weak.headers["location"]
    assert "location" not in (await browser.ask(redirect_uri=CALLBACK + "/x")).headers
    code = await browser.log_in("lea.roux", PASSWORD)
    assert (await browser.exchange(code)).status_code == 200
    assert (await browser.exchange(code)).json()["error"] == "invalid_grant"
    again = await world.browser()
    code = await again.log_in("lea.roux", PASSWORD + "!")
    assert (await again.exchange(code, code_verifier="x" * 43)).json()["error"] == "invalid_grant"


async def test_the_register_answers_in_our_words(world):
    settings = world.service._settings
    async with world.service._keycloak(settings.oidc.issuer, "harmonia-MIN") as directory:
        subject = await directory.create_user("zoe.zed", "Zoé Zed", "zoe@example.org", PASSWORD)
        found = await directory.find_user("zoe.zed")
        assert (found.subject, found.name, found.is_active) == (subject, "Zoé Zed", True)
        with pytest.raises(UsernameTaken):
            await directory.create_user("zoe.zed", "Autre", "autre@example.org", PASSWORD)
        with pytest.raises(PasswordRefused):
            await directory.create_user("yves.y", "Yves", "", "court")
        await directory.disable_user(subject)
        assert (await directory.find_user("zoe.zed")).is_active is False
        await directory.enable_user(subject)
        assert (await directory.find_user("zoe.zed")).is_active is True
        assert "zoe.zed" in {user.username for user in await directory.list_users()}
        first = await directory.register_software("logiciel", "Logiciel")
        second = await directory.register_software("logiciel", "Logiciel")
        assert first.subject == second.subject
        assert first.secret != second.secret
        with pytest.raises(PartnerExists):
            await directory.register_software("gateway", "Pirate")
