"""Hosts real services on a Unix socket with every interceptor, and calls them as a chosen caller."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from chassis.errors import Unauthenticated
from chassis.host import Hosted, Listening, host
from chassis.identity import Caller
from chassis.peers import Peers
from chassis.service import Service
from chassis.stack import Stack
from tests.support.clocks import FrozenClock


@dataclass
class FakePassports:
    """Passports that are just names: the token `accountant` proves the caller registered under that name."""

    callers: dict[str, Caller] = field(default_factory=dict)

    async def verify(self, token: str) -> Caller:
        """Return the caller registered under the token."""
        if token not in self.callers:
            raise Unauthenticated("Session invalide ; reconnectez-vous.")
        return self.callers[token]


ACCOUNTANT = (
    "filing.open",
    "filing.read",
    "filing.edit",
    "filing.import",
    "filing.justify",
    "filing.validate",
    "filing.return",
    "release.read",
    "receipt.read",
    "delivery.read",
)
DIRECTOR = (*ACCOUNTANT, "filing.sign", "release.choose")
OFFICER = ("staff.read", "filing.review", "filing.close", "filing.return", "delivery.read", "campaign.manage")


def a_caller(name: str = "Camille Compte", *, on: Mapping[str, Sequence[str]] | None = None, **other: object) -> Caller:
    """Return a person with rights; by default every right of a director on the sample OPH (SIREN 000000018)."""
    grants = on if on is not None else {"000000018": DIRECTOR}
    values: dict[str, object] = {
        "subject": name.lower().replace(" ", "."),
        "name": name,
        "grants": {scope: frozenset(permissions) for scope, permissions in grants.items()},
        "authenticated_at": datetime(2025, 6, 2, 9, 0, tzinfo=UTC),
    }
    return Caller(**{**values, **other})  # type: ignore[arg-type]


def a_stack(name: str = "MIN", folder: Path | None = None, clock: FrozenClock | None = None) -> Stack:
    """Return a stack whose clock stands still at 2 June 2025, 9:00 UTC, unless another is given."""
    return Stack(name, folder or Path(tempfile.mkdtemp(prefix="harmonia-test-")), clock=clock or FrozenClock())


@asynccontextmanager
async def hosting(
    stack: Stack, services: Sequence[Service], passports: FakePassports, service: str = "gateway"
) -> AsyncIterator[tuple[Peers, Hosted]]:
    """Host services and give peers to call them with, as the named service."""
    with tempfile.TemporaryDirectory(prefix="h-") as folder:
        socket = f"unix:{folder}/test.sock"
        async with (
            Peers(service, socket) as peers,
            host(stack, services, peers, passports, Listening(socket)) as hosted,
        ):
            yield peers, hosted


async def until_ready(hosted: Hosted, seconds: float = 120.0) -> None:
    """Wait as a probe does: a busy machine makes a service miss the two seconds of one check."""
    async with asyncio.timeout(seconds):
        while True:
            if await hosted.health.check():
                return
            await asyncio.sleep(0.1)
