"""The client of the identity provider believes one issuer, its keys, and the answer to its own question."""

import json
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from chassis.errors import Unavailable
from services.gateway.clients.oidc import OidcProvider
from services.gateway.clients.ports import LoginRefused, RefreshRefused
from tests.support.clocks import FrozenClock

ISSUER = "https://id.example/realms/harmonia"
KEY = ECKey.generate_key("P-256", {"kid": "k1", "use": "sig"})
OTHER_KEY = ECKey.generate_key("P-256", {"kid": "k1", "use": "sig"})


class Provider:
    """A provider that answers as the test says."""

    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.sent: dict[str, str] = {}
        self.token: Callable[[], str] = lambda: ""
        self.status = 200
        self.issuer = ISSUER
        http = httpx2.AsyncClient(transport=httpx2.MockTransport(self._answer))
        self.client = OidcProvider(ISSUER, "gateway", "", "https://min.example/auth/callback", http, self.clock)

    def claims(self, **other: object) -> dict[str, object]:
        now = int(self.clock.now().timestamp())
        base = {"iss": ISSUER, "aud": "gateway", "azp": "gateway", "iat": now, "exp": now + 300, "auth_time": now}
        return {**base, **other}

    def sign(self, claims: dict[str, object], key: ECKey = KEY, **header: object) -> str:
        return jwt.encode({"alg": "ES256", "kid": "k1", **header}, claims, key, algorithms=["ES256"])

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/openid-configuration"):
            names = ("authorization_endpoint", "token_endpoint", "end_session_endpoint", "jwks_uri")
            return httpx2.Response(200, json={"issuer": self.issuer, **{n: f"{ISSUER}/{n}" for n in names}})
        if request.url.path.endswith("/jwks_uri"):
            return httpx2.Response(200, json={"keys": [KEY.as_dict(private=False)]})
        self.sent = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        if self.status != 200:
            return httpx2.Response(self.status, json={"error": "invalid_grant"})
        tokens = {"access_token": "a", "refresh_token": "r", "id_token": self.token()}
        return httpx2.Response(200, content=json.dumps(tokens))


async def test_a_login_asks_for_a_code_with_pkce_state_and_nonce():
    provider = Provider()
    url, attempt = await provider.client.start("browser", "/", proves_again=True)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["state"] == attempt.state
    assert asked["nonce"] == attempt.nonce
    assert (asked["prompt"], asked["max_age"]) == ("login", "0")
    assert attempt.verifier not in url


async def test_the_code_is_exchanged_with_the_verifier():
    provider = Provider()
    _, attempt = await provider.client.start("browser", "/", proves_again=False)
    provider.token = lambda: provider.sign(provider.claims(nonce=attempt.nonce))
    tokens = await provider.client.finish(attempt, {"code": "c", "state": attempt.state, "iss": ISSUER})
    assert tokens.access_token == "a"
    assert provider.sent["code_verifier"] == attempt.verifier


@pytest.mark.parametrize(
    "other",
    [
        {"nonce": "another"},
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"azp": "another"},
        {"exp": 1},
        {"iat": 4102444800},
        {"auth_time": 1},
    ],
)
async def test_an_identity_that_does_not_answer_the_question_is_refused(other):
    provider = Provider()
    _, attempt = await provider.client.start("browser", "/", proves_again=True)
    provider.token = lambda: provider.sign(provider.claims(**{"nonce": attempt.nonce, **other}))
    with pytest.raises(LoginRefused):
        await provider.client.finish(attempt, {"code": "c"})


async def test_an_identity_signed_by_another_key_or_by_none_is_refused():
    provider = Provider()
    _, attempt = await provider.client.start("browser", "/", proves_again=False)
    claims = provider.claims(nonce=attempt.nonce)
    forged = provider.sign(claims, OTHER_KEY)
    body = forged.split(".")[1]
    for token in (
        forged,
        provider.sign(claims, KEY, kid="k2"),
        f"eyJhbGciOiJub25lIiwia2lkIjoiazEifQ.{body}.",
        "x.y",
        "",
    ):
        provider.token = lambda token=token: token
        with pytest.raises(LoginRefused):
            await provider.client.finish(attempt, {"code": "c"})


@pytest.mark.parametrize("answer", [{"error": "access_denied"}, {}, {"code": "c", "iss": "https://evil.example"}])
async def test_an_error_no_code_or_another_issuer_is_no_login(answer):
    provider = Provider()
    _, attempt = await provider.client.start("browser", "/", proves_again=False)
    with pytest.raises(LoginRefused):
        await provider.client.finish(attempt, answer)


async def test_a_refused_refresh_ends_the_session_and_a_broken_provider_does_not():
    provider = Provider()
    provider.status = 400
    with pytest.raises(RefreshRefused):
        await provider.client.refresh("r")
    provider.status = 500
    with pytest.raises(Unavailable):
        await provider.client.refresh("r")


async def test_another_issuer_at_the_address_is_not_believed():
    provider = Provider()
    provider.issuer = "https://evil.example"
    with pytest.raises(Unavailable):
        await provider.client.start("browser", "/", proves_again=False)


async def test_signing_out_leads_to_the_provider_and_back_home():
    url = await Provider().client.logout_url("id-token")
    asked = parse_qs(urlsplit(url).query)
    assert asked["post_logout_redirect_uri"] == ["https://min.example/"]
