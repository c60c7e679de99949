"""The gRPC health protocol: serving while a service's needs are met, not serving while they are not."""

import asyncio
from collections.abc import Mapping

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health_aio

from chassis.logging import log
from chassis.service import Opened

SECONDS_BETWEEN_CHECKS = 2.0


class Health:
    """Asks every service whether it is ready and tells the probes; the empty name is all of them together."""

    def __init__(self, opened: Mapping[str, Opened]) -> None:
        self._opened = opened
        self._servicer = health_aio.HealthServicer()

    def register(self, server: grpc.aio.Server) -> None:
        """Serve `grpc.health.v1.Health`."""
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)

    async def check(self) -> bool:
        """Ask every service once, publish the answers, and tell whether all are ready."""
        answers = {name: await _ask(name, opened) for name, opened in self._opened.items()}
        answers[""] = all(answers.values())
        for name, is_ready in answers.items():
            status = health_pb2.HealthCheckResponse.SERVING if is_ready else health_pb2.HealthCheckResponse.NOT_SERVING
            await self._servicer.set(name, status)
        return answers[""]

    async def leave(self) -> None:
        """Tell the probes that no new call should come, whatever the services would answer."""
        await self._servicer.enter_graceful_shutdown()

    async def run(self) -> None:
        """Check every two seconds, for ever."""
        while True:
            await self.check()
            await asyncio.sleep(SECONDS_BETWEEN_CHECKS)


async def _ask(name: str, opened: Opened) -> bool:
    try:
        async with asyncio.timeout(SECONDS_BETWEEN_CHECKS):
            return await opened.is_ready()
    except Exception:
        log("health").exception("readiness check failed", service=name)
        return False
