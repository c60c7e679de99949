"""The gRPC health protocol: serving while a service's needs are met, not serving while they are not."""

import asyncio
from collections.abc import Mapping

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health_aio

from chassis.ending import end
from chassis.logging import log
from chassis.service import Opened

SECONDS_BETWEEN_CHECKS = 2.0
SECONDS_BEFORE_LEAVING = 10.0
"""As long as connecting to PostgreSQL may take."""


class Health:
    """Asks every service whether it is ready and tells the probes; the empty name is all of them together."""

    def __init__(self, opened: Mapping[str, Opened]) -> None:
        self._opened = opened
        self._asked: dict[str, asyncio.Task[bool]] = {}
        self._servicer = health_aio.HealthServicer()

    def register(self, server: grpc.aio.Server) -> None:
        """Serve `grpc.health.v1.Health`."""
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)

    async def check(self) -> bool:
        """Ask every service once, publish the answers, and tell whether all are ready."""
        answers = {name: await self._ask(name, opened) for name, opened in self._opened.items()}
        answers[""] = all(answers.values())
        for name, is_ready in answers.items():
            status = health_pb2.HealthCheckResponse.SERVING if is_ready else health_pb2.HealthCheckResponse.NOT_SERVING
            await self._servicer.set(name, status)
        return answers[""]

    async def leave(self) -> None:
        """Tell the probes that no new call should come, whatever the services would answer, and see what was asked to its end."""
        await self._servicer.enter_graceful_shutdown()
        if self._asked:
            _, lost = await asyncio.wait(self._asked.values(), timeout=SECONDS_BEFORE_LEAVING)
            await end(lost)

    async def run(self) -> None:
        """Check every two seconds, for ever."""
        while True:
            await self.check()
            await asyncio.sleep(SECONDS_BETWEEN_CHECKS)

    async def _ask(self, name: str, opened: Opened) -> bool:
        """Ask, unless it still thinks about the last time.

        It is never cut off: a connection whose making is cancelled is nobody's, and stays open until it is collected.
        """
        asked = self._asked.get(name)
        if asked is None or asked.done():
            asked = self._asked[name] = asyncio.create_task(_answer_of(name, opened))
        await asyncio.wait([asked], timeout=SECONDS_BETWEEN_CHECKS)
        if not asked.done():
            log("health").warning("no answer to the readiness check", service=name)
            return False
        return asked.result()


async def _answer_of(name: str, opened: Opened) -> bool:
    try:
        return await opened.is_ready()
    except Exception:
        log("health").exception("readiness check failed", service=name)
        return False
