"""Stand-ins for the neighbours of the forms service, served over gRPC in the same host: auth, sync, transmission."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from harmonia.auth.v1 import auth_pb2 as auth
from harmonia.auth.v1 import auth_pb2_grpc as auth_grpc
from harmonia.sync.v1 import sync_pb2 as sync
from harmonia.sync.v1 import sync_pb2_grpc as sync_grpc
from harmonia.transmission.v1 import transmission_pb2 as transmission
from harmonia.transmission.v1 import transmission_pb2_grpc as transmission_grpc
from harmonia.validation.v1 import validation_pb2 as validation
from harmonia.validation.v1 import validation_pb2_grpc as validation_grpc

from chassis.errors import NotFound, Unavailable
from chassis.peers import Peers
from chassis.rpc.identity import caller
from chassis.service import Opened


class BodiesServicer(auth_grpc.AuthServiceServicer):
    """Knows a few bodies."""

    def __init__(self, *bodies: auth.Body) -> None:
        self._bodies = {body.siren: body for body in bodies}

    async def GetBody(self, request: auth.GetBodyRequest, context: Any) -> auth.GetBodyResponse:  # noqa: N802 - the name is the contract's
        if request.siren not in self._bodies:
            raise NotFound
        return auth.GetBodyResponse(body=self._bodies[request.siren])

    async def ListBodies(self, request: auth.ListBodiesRequest, context: Any) -> auth.ListBodiesResponse:  # noqa: N802 - the name is the contract's
        grants = caller().grants
        return auth.ListBodiesResponse(bodies=[b for s, b in self._bodies.items() if s in grants or "*" in grants])


class FactsServicer(sync_grpc.SyncServiceServicer):
    """Remembers what is published, says what it is told to know; may be down."""

    def __init__(self) -> None:
        self.arrived = asyncio.Event()
        self.forget()

    def forget(self) -> None:
        """Start over."""
        self.known: list[sync.Fact] = []
        self.published: list[sync.PublishFactsRequest] = []
        self.adjusted: list[validation.Adjustment] = []
        self.resolved: list[sync.ResolveFactRequest] = []
        self.is_down = False

    async def ListFacts(self, request: sync.ListFactsRequest, context: Any) -> sync.ListFactsResponse:  # noqa: N802 - the name is the contract's
        return sync.ListFactsResponse(facts=self.known)

    async def PublishFacts(self, request: sync.PublishFactsRequest, context: Any) -> sync.PublishFactsResponse:  # noqa: N802 - the name is the contract's
        if self.is_down:
            raise Unavailable
        self.published.append(request)
        self.arrived.set()
        return sync.PublishFactsResponse()

    async def PublishReports(self, request: sync.PublishReportsRequest, context: Any) -> sync.PublishReportsResponse:  # noqa: N802 - the name is the contract's
        if self.is_down:
            raise Unavailable
        self.published += request.reports
        self.arrived.set()
        return sync.PublishReportsResponse()

    async def PublishAdjustment(  # noqa: N802 - the name is the contract's
        self, request: sync.PublishAdjustmentRequest, context: Any
    ) -> sync.PublishAdjustmentResponse:
        self.adjusted.append(request.adjustment)
        return sync.PublishAdjustmentResponse()

    async def ResolveFact(self, request: sync.ResolveFactRequest, context: Any) -> sync.ResolveFactResponse:  # noqa: N802 - the name is the contract's
        self.resolved.append(request)
        return sync.ResolveFactResponse()


class RecipientsServicer(transmission_grpc.TransmissionServiceServicer):
    """Remembers what is suspended."""

    def __init__(self) -> None:
        self.arrived = asyncio.Event()
        self.suspended: list[transmission.SuspendFilingRequest] = []

    async def SuspendFiling(  # noqa: N802 - the name is the contract's
        self, request: transmission.SuspendFilingRequest, context: Any
    ) -> transmission.SuspendFilingResponse:
        self.suspended.append(request)
        self.arrived.set()
        return transmission.SuspendFilingResponse(told=2)


class ControlsServicer(validation_grpc.ValidationServiceServicer):
    """Finds nothing wrong, and remembers what it was asked to evaluate."""

    def __init__(self) -> None:
        self.evaluated: list[validation.EvaluateFilingRequest] = []

    async def EvaluateFiling(  # noqa: N802 - the name is the contract's
        self, request: validation.EvaluateFilingRequest, context: Any
    ) -> validation.EvaluateFilingResponse:
        self.evaluated.append(request)
        return validation.EvaluateFilingResponse(verdict=validation.VERDICT_CLEAN, rule_set="rules-1")


class StandIn:
    """A service that is one servicer."""

    def __init__(self, name: str, full_name: str, add: Any, servicer: Any) -> None:
        self.name, self._full_name, self._add, self._servicer = name, full_name, add, servicer

    @asynccontextmanager
    async def open(self, peers: Peers) -> AsyncIterator[Opened]:
        """Serve."""
        yield Opened(register=partial(self._add, self._servicer), grpc_services=(self._full_name,))


def an_auth_service(*bodies: auth.Body) -> StandIn:
    """An auth service that knows these bodies."""
    add = auth_grpc.add_AuthServiceServicer_to_server
    return StandIn("auth", "harmonia.auth.v1.AuthService", add, BodiesServicer(*bodies))


def a_sync_service(servicer: FactsServicer) -> StandIn:
    """A sync service."""
    add = sync_grpc.add_SyncServiceServicer_to_server
    return StandIn("sync", "harmonia.sync.v1.SyncService", add, servicer)


def a_validation_service(servicer: ControlsServicer) -> StandIn:
    """A validation service."""
    add = validation_grpc.add_ValidationServiceServicer_to_server
    return StandIn("validation", "harmonia.validation.v1.ValidationService", add, servicer)


def a_transmission_service(servicer: RecipientsServicer) -> StandIn:
    """A transmission service."""
    add = transmission_grpc.add_TransmissionServiceServicer_to_server
    return StandIn("transmission", "harmonia.transmission.v1.TransmissionService", add, servicer)
