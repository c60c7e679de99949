"""Who is calling: the passport of a person or partner, and the service or peer that carries the call.

Two proofs may travel together: `forms` calling `validation` on behalf of an accountant is both a service of the
stack and the bearer of the accountant's passport. A service is proven by its certificate on TCP, or by the
owner-only socket inside one process; a passport by its signature.
"""

from contextvars import ContextVar
from dataclasses import replace
from functools import lru_cache
from typing import Protocol

from google.protobuf.message import Message

from chassis.errors import Unauthenticated
from chassis.identity import Caller
from chassis.rpc.wrapping import Call, CallInterceptor, Proceed
from chassis.tls import Identity

AUTHORIZATION = "authorization"
SERVICE_KEY = "x-harmonia-service"
CERTIFICATES_REMEMBERED = 100
_NOBODY = Caller(subject="")
_caller: ContextVar[Caller] = ContextVar("caller", default=_NOBODY)
_passport: ContextVar[str] = ContextVar("passport", default="")


class Passports(Protocol):
    """Verifies passports."""

    async def verify(self, token: str) -> Caller:
        """Return whom the passport proves.

        Raises:
            Unauthenticated: it is expired, forged or for another stack.
        """
        ...


def caller() -> Caller:
    """Return who made the call being served; a caller without subject or rights outside a call."""
    return _caller.get()


def passport() -> str:
    """Return the passport of the call being served, to be carried on; empty when there is none."""
    return _passport.get()


class carrying:  # noqa: N801 - reads as a phrase: `with carrying(token):`
    """Context in which calls made carry this passport; for the gateway, which has it from the session."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __enter__(self) -> None:
        self._reset = _passport.set(self._token)

    def __exit__(self, *_: object) -> None:
        _passport.reset(self._reset)


class IdentityInterceptor(CallInterceptor):
    """Proves the caller before the method runs. What cannot be proven is not there: the permission check then refuses."""

    def __init__(self, stack: str, passports: Passports, identity: Identity | None) -> None:
        self._stack, self._passports = stack, passports
        # A neighbour shows the same certificate at every call; TLS has looked at its dates.
        self._prove = lru_cache(CERTIFICATES_REMEMBERED)(identity.prove) if identity else None

    async def serve(self, call: Call, proceed: Proceed) -> Message:
        """Prove the passport and the carrier, then run the method."""
        token = call.metadata.get(AUTHORIZATION, "").removeprefix("Bearer ")
        person = await self._passports.verify(token) if token else _NOBODY
        _caller.set(self._with_carrier(person, call))
        _passport.set(token)
        return await proceed()

    def _with_carrier(self, person: Caller, call: Call) -> Caller:
        claimed = call.metadata.get(SERVICE_KEY, "")
        if call.context.peer().startswith("unix:"):
            return replace(person, subject=person.subject or claimed, is_service=bool(claimed))
        certificates = list(call.context.auth_context().get("x509_pem_cert", ()))
        name = self._prove(certificates[0]) if self._prove and certificates else None
        if name is None:
            raise Unauthenticated("Ce canal ne prouve aucun service connu.")
        if name.stack == self._stack:
            return replace(person, subject=person.subject or name.service, is_service=True)
        # Another organisation's server never speaks for a person of ours.
        return Caller(subject=f"{name.stack}/{name.service}", peer=name.stack)
