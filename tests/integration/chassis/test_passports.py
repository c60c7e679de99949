"""Passports are verified offline, with keys that the auth service hands out; a new key is fetched once it is met."""

import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

import pytest
from harmonia.auth.v1 import auth_pb2 as pb
from harmonia.auth.v1 import auth_pb2_grpc as pb_grpc
from joserfc import jwt
from joserfc.jwk import ECKey

from chassis.errors import Unauthenticated
from chassis.rpc.passports import AUDIENCE, AuthServicePassports, issuer_of
from chassis.service import Opened
from tests.support.clocks import FrozenClock
from tests.support.hosting import FakePassports, a_stack, hosting

FIRST, SECOND, FOREIGN = (ECKey.generate_key("P-256", {"kid": kid}) for kid in ("first", "second", "foreign"))


class Keys(pb_grpc.AuthServiceServicer):
    """An auth service that hands out the public keys it is given, and counts how often."""

    name = "auth"

    def __init__(self) -> None:
        self.keys, self.fetches = [FIRST], 0

    async def GetSigningKeys(self, request, context):  # noqa: N802
        self.fetches += 1
        return pb.GetSigningKeysResponse(jwks=json.dumps({"keys": [key.as_dict(private=False) for key in self.keys]}))

    @asynccontextmanager
    async def open(self, peers):
        yield Opened(partial(pb_grpc.add_AuthServiceServicer_to_server, self), ("harmonia.auth.v1.AuthService",))


@pytest.fixture
async def world():
    """Give the key server, the verifier and its clock."""
    keys, clock = Keys(), FrozenClock(datetime(2025, 6, 2, 9, 0, tzinfo=UTC))
    async with hosting(a_stack(), [keys], FakePassports()) as (peers, _):
        yield keys, AuthServicePassports("MIN", peers, clock), clock


def a_passport(clock, key=FIRST, **changes) -> str:
    claims = {
        "iss": issuer_of("MIN"),
        "aud": AUDIENCE,
        "sub": "anne",
        "name": "Anne",
        "exp": int(clock.now().timestamp()) + 60,
        "grants": [{"scope": "000000018", "permissions": ["filing.read"]}],
    }
    return jwt.encode({"alg": "ES256", "kid": key.kid}, claims | changes, key, algorithms=["ES256"])


async def test_a_good_passport_proves_its_bearer(world):
    _, passports, clock = world

    caller = await passports.verify(a_passport(clock))

    assert (caller.subject, caller.name) == ("anne", "Anne")
    assert caller.may("filing.read", "000000018")
    assert not caller.is_service


async def test_the_keys_are_fetched_once(world):
    keys, passports, clock = world

    for _ in range(10):
        await passports.verify(a_passport(clock))

    assert keys.fetches == 1


async def test_a_new_key_is_fetched_when_it_is_met(world):
    keys, passports, clock = world
    await passports.verify(a_passport(clock))
    keys.keys = [SECOND, FIRST]
    clock.advance(seconds=10)

    caller = await passports.verify(a_passport(clock, SECOND))

    assert caller.subject == "anne"
    assert keys.fetches == 2


async def test_forged_passports_do_not_make_the_keys_fetched_each_time(world):
    keys, passports, clock = world

    for _ in range(10):
        with pytest.raises(Unauthenticated):
            await passports.verify(a_passport(clock, FOREIGN))

    assert keys.fetches == 1


@pytest.mark.parametrize(
    "changes",
    [{"iss": issuer_of("FED-OPH")}, {"aud": "someone-else"}, {"exp": 1}],
    ids=["of another server", "for somebody else", "expired"],
)
async def test_a_passport_that_is_not_for_here_and_now_is_refused(world, changes):
    _, passports, clock = world

    with pytest.raises(Unauthenticated):
        await passports.verify(a_passport(clock, **changes))


@pytest.mark.parametrize("token", ["garbage", "a.b.c", "", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm5lIn0."])
async def test_what_is_no_passport_is_refused(world, token):
    _, passports, _ = world

    with pytest.raises(Unauthenticated):
        await passports.verify(token)


async def test_a_passport_that_was_verified_expires_all_the_same(world):
    _, passports, clock = world
    token = a_passport(clock)
    await passports.verify(token)

    clock.advance(seconds=61)

    with pytest.raises(Unauthenticated):
        await passports.verify(token)


async def test_what_a_key_proved_is_proven_no_more_once_another_took_its_place(world):
    keys, passports, clock = world
    token = a_passport(clock)
    await passports.verify(token)
    keys.keys = [SECOND]
    clock.advance(seconds=10)

    await passports.verify(a_passport(clock, SECOND))

    with pytest.raises(Unauthenticated):
        await passports.verify(token)
