"""Provider tokens: only a fresh access token of the pinned issuer, for us, under a key of its set, passes."""

import base64
import hmac
import json
from datetime import timedelta

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from chassis.discovery import Discovery
from chassis.errors import Unavailable
from services.auth.clients.oidc.access_tokens import OidcAccessTokens
from services.auth.clients.oidc.client_credentials import OidcClientCredentials
from services.auth.clients.oidc.key_source import DiscoveredKeys
from services.auth.domain.errors import TokenRefused
from tests.support.auth import AUDIENCE, ISSUER, NOW, SteppingClock, a_provider

EC = ECKey.generate_key("P-256", {"kid": "ec"})
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
STRANGER = ECKey.generate_key("P-256", {"kid": "ec"})


class FixedKeys:
    """A key set that never changes."""

    async def find(self, kid):
        return {"ec": EC, "rsa": RSA}.get(kid)


def claims(**changes):
    good = {
        "iss": ISSUER,
        "aud": [AUDIENCE, "account"],
        "sub": "subject-1",
        "typ": "Bearer",
        "azp": "gateway",
        "sid": "sid-1",
        "jti": "jti-1",
        "auth_time": int(NOW.timestamp()),
        "acr": "1",
        "preferred_username": "anne.dupre",
        "name": "Anne Dupré",
        "email": "anne@example.org",
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 300,
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def signed(key=EC, alg="ES256", header=None, **changes):
    return jwt.encode(
        {"alg": alg, "kid": "ec", "typ": "JWT"} | (header or {}), claims(**changes), key, algorithms=[alg]
    )


def by_hand(header, body, signature=b""):
    parts = (json.dumps(header).encode(), json.dumps(body).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def by_hmac(header, body, secret):
    text = by_hand(header, body).rstrip(".")
    return f"{text}.{base64.urlsafe_b64encode(hmac.digest(secret, text.encode(), 'sha256')).rstrip(b'=').decode()}"


def verifier(clock=None):
    return OidcAccessTokens(ISSUER, AUDIENCE, FixedKeys(), clock or SteppingClock())


async def test_a_good_token_says_who_and_when():
    identity = await verifier().verify(signed())
    assert (identity.subject, identity.client_id, identity.session_id) == ("subject-1", "gateway", "sid-1")
    assert identity.authenticated_at == NOW


@pytest.mark.parametrize("alg", ["RS256", "PS256"])
async def test_the_algorithms_of_keycloak_pass_with_a_key_of_their_kind(alg):
    token = signed(RSA, alg, {"kid": "rsa"})
    assert (await verifier().verify(token)).subject == "subject-1"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "http://127.0.0.1:9080/realms/other"},
        {"iss": None},
        {"aud": "gateway"},
        {"aud": ["harmonia-FED-OPH"]},
        {"aud": []},
        {"aud": None},
        {"aud": AUDIENCE + "x"},
        {"aud": {AUDIENCE: 1}, "typ": "Refresh"},
        {"typ": "ID"},
        {"typ": None},
        {"exp": int(NOW.timestamp())},
        {"exp": None},
        {"exp": "never"},
        {"exp": float("nan")},
        {"iat": int(NOW.timestamp()) + 60},
        {"iat": None},
        {"nbf": int(NOW.timestamp()) + 60},
        {"sub": ""},
        {"sub": None},
        {"sub": 7},
        {"azp": None},
        {"auth_time": "hier"},
        {"auth_time": 1e30},
    ],
)
async def test_a_token_with_a_wrong_claim_is_refused(changes):
    with pytest.raises(TokenRefused):
        await verifier().verify(signed(**changes))


def _public(key):
    return key.as_dict(private=False)


FORGED = {
    "alg none": by_hand({"alg": "none", "kid": "ec"}, claims()),
    "alg None": by_hand({"alg": "None", "kid": "ec"}, claims()),
    "alg empty": by_hand({"alg": "", "kid": "ec"}, claims()),
    "alg missing": by_hand({"kid": "ec"}, claims()),
    "alg list": by_hand({"alg": ["ES256"], "kid": "ec"}, claims()),
    "another key, same kid": signed(STRANGER),
    "HMAC with the public key": by_hmac({"alg": "HS256", "kid": "rsa"}, claims(), RSA.as_pem(private=False)),
    "RSA algorithm on an EC kid": signed(RSA, "RS256"),
    "EC algorithm on an RSA kid": signed(EC, "ES256", {"kid": "rsa"}),
    "kid unknown": signed(header={"kid": "../../etc/passwd"}),
    "kid missing": by_hand({"alg": "ES256"}, claims(), b"x" * 64),
    "kid null": by_hand({"alg": "ES256", "kid": None}, claims(), b"x" * 64),
    "own key in jwk": signed(STRANGER, header={"jwk": _public(STRANGER)}),
    "own key by jku": signed(STRANGER, header={"jku": "https://evil.example/jwks"}),
    "own key by x5u": signed(STRANGER, header={"x5u": "https://evil.example/cert"}),
    "jku though signed by us": signed(header={"jku": "https://evil.example/jwks"}),
    "crit": by_hand({"alg": "ES256", "kid": "ec", "crit": ["b64"], "b64": False}, claims(), b"x" * 64),
    "empty signature": by_hand({"alg": "ES256", "kid": "ec"}, claims()),
    "zero signature": by_hand({"alg": "ES256", "kid": "ec"}, claims(), b"\0" * 64),
    "short signature": by_hand({"alg": "ES256", "kid": "ec"}, claims(), b"\0" * 8),
    "array instead of object": by_hand({"alg": "ES256", "kid": "ec"}, [1], b"x" * 64),
    "header is a list": by_hand([1], claims(), b"x" * 64),
    "two parts": "a.b",
    "four parts": signed() + ".x",
    "not base64": "é.é.é",
    "empty": "",
    "very long": "a" * 100_000,
}


@pytest.mark.parametrize("name", FORGED)
async def test_a_forged_token_is_refused(name):
    with pytest.raises(TokenRefused):
        await verifier().verify(FORGED[name])


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_a_token_changed_anywhere_is_refused(place):
    parts = signed().split(".")
    middle = len(parts[place]) // 2
    letter = "A" if parts[place][middle] != "A" else "B"
    parts[place] = parts[place][:middle] + letter + parts[place][middle + 1 :]
    with pytest.raises(TokenRefused):
        await verifier().verify(".".join(parts))


async def test_a_token_of_the_embedded_provider_passes_and_its_identity_token_does_not():
    world = await a_provider()
    browser = world.browser()
    tokens = await browser.tokens()
    keys = DiscoveredKeys(Discovery(ISSUER, browser.http), world.clock)
    provider_tokens = OidcAccessTokens(ISSUER, AUDIENCE, keys, world.clock)
    assert (await provider_tokens.verify(tokens["access_token"])).subject == world.subject
    with pytest.raises(TokenRefused):
        await provider_tokens.verify(tokens["id_token"])
    with pytest.raises(TokenRefused):
        await OidcAccessTokens(ISSUER, "harmonia-FED-OPH", keys, world.clock).verify(tokens["access_token"])


async def test_a_software_logs_in_through_the_client_credentials_port():
    world = await a_provider()
    credential = await world.directory.register_software("partner-cdc", "CDC")
    software = OidcClientCredentials(Discovery(ISSUER, world.browser().http), world.browser().http)
    token = await software.exchange("partner-cdc", credential.secret)
    keys = DiscoveredKeys(Discovery(ISSUER, world.browser().http), world.clock)
    identity = await OidcAccessTokens(ISSUER, AUDIENCE, keys, world.clock).verify(token)
    assert identity.client_id == "partner-cdc"
    assert identity.authenticated_at is None
    with pytest.raises(TokenRefused):
        await software.exchange("partner-cdc", "faux")


class ScriptedProvider:
    """A provider whose answers the test writes; counts how often its keys are read."""

    def __init__(self, *sets, issuer=ISSUER):
        self.sets = list(sets)
        self.issuer = issuer
        self.reads = 0

    def __call__(self, request):
        if request.url.path.endswith("openid-configuration"):
            return httpx2.Response(200, json={"issuer": self.issuer, "jwks_uri": f"{ISSUER}/certs"})
        self.reads += 1
        answer = self.sets.pop(0) if len(self.sets) > 1 else self.sets[0]
        return answer if isinstance(answer, httpx2.Response) else httpx2.Response(200, json=answer)

    def keys(self, clock):
        http = httpx2.AsyncClient(transport=httpx2.MockTransport(self))
        return DiscoveredKeys(Discovery(ISSUER, http), clock)


async def test_an_unknown_key_is_looked_for_once_and_a_flood_of_them_does_not_reach_the_provider():
    old, new, clock = {"keys": [_public(RSA)]}, {"keys": [_public(RSA), _public(EC)]}, SteppingClock()
    provider = ScriptedProvider(old, new)
    keys = provider.keys(clock)
    assert await keys.find("rsa") is not None
    for n in range(100):
        assert await keys.find(f"invented-{n}") is None
    assert provider.reads == 1
    clock.move(timedelta(seconds=10))
    assert await keys.find("ec") is not None
    assert provider.reads == 2


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(500),
        httpx2.Response(302, headers={"Location": "https://evil.example/"}),
        httpx2.Response(200, text="<html>"),
        httpx2.Response(200, json=[1]),
        httpx2.Response(200, json={"keys": 1}),
        httpx2.Response(200, json={"keys": [{"kty": "EC"}]}),
        httpx2.Response(200, json={"keys": [], "x": "y" * 300_000}),
    ],
)
async def test_a_provider_that_answers_nonsense_is_unavailable(answer):
    with pytest.raises(Unavailable):
        await ScriptedProvider(answer).keys(SteppingClock()).find("ec")


async def test_another_issuer_behind_the_address_is_not_believed():
    provider = ScriptedProvider({"keys": [_public(EC)]}, issuer="https://evil.example")
    with pytest.raises(Unavailable):
        await provider.keys(SteppingClock()).find("ec")


async def test_symmetric_and_encryption_keys_of_the_set_are_ignored():
    secret = OctKey.generate_key(256, {"kid": "oct"}).as_dict(private=True)
    keys = ScriptedProvider({"keys": [secret, _public(EC) | {"use": "enc"}, _public(RSA)]}).keys(SteppingClock())
    assert await keys.find("oct") is None
    assert await keys.find("ec") is None
