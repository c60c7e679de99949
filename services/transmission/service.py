"""Puts the transmission service together; the only file that knows all its rooms."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.resources import files

from harmonia.transmission.v1 import transmission_pb2_grpc as pb_grpc
from pydantic import SecretStr

from chassis.database.engine import has_schema, lone_sessions_of, open_engine, sessions_of
from chassis.database.unit_of_work import SqlAppliedRequests
from chassis.peers import Peers
from chassis.service import Opened
from chassis.settings import DatabaseSettings
from chassis.stack import Stack
from services.transmission.clients.forms import GrpcFilings
from services.transmission.clients.signature import GrpcContainers
from services.transmission.domain.matrix_document import read_matrix
from services.transmission.rpc.servicer import TransmissionServicer
from services.transmission.settings import TransmissionSettings
from services.transmission.store.unit_of_work import TransmissionUnitOfWork
from services.transmission.usecases import UseCases
from services.transmission.usecases.acknowledge_delivery import AcknowledgeDelivery
from services.transmission.usecases.dispatch_filing import DispatchFiling
from services.transmission.usecases.fetch_delivery import FetchDelivery
from services.transmission.usecases.get_release_table import GetReleaseTable
from services.transmission.usecases.list_deliveries import ListDeliveries
from services.transmission.usecases.ports import Containers, Filings, UnitsOfWork
from services.transmission.usecases.provision_matrix import ProvisionMatrix
from services.transmission.usecases.read_feed import ReadFeed
from services.transmission.usecases.suspend_filing import SuspendFiling
from services.transmission.usecases.tick_box import TickBox

SCHEMA = "transmission"


def wire(units: UnitsOfWork, containers: Containers, filings: Filings, stack: Stack) -> UseCases:
    """Return every use case on these ports; tests pass fakes."""
    clock = stack.clock
    return UseCases(
        get_release_table=GetReleaseTable(units, clock),
        tick_box=TickBox(units, filings, clock),
        dispatch_filing=DispatchFiling(units, containers, clock, stack.identifiers),
        suspend_filing=SuspendFiling(units, clock, stack.identifiers),
        read_feed=ReadFeed(units),
        fetch_delivery=FetchDelivery(units, containers, clock),
        acknowledge_delivery=AcknowledgeDelivery(units, clock),
        list_deliveries=ListDeliveries(units),
        provision_matrix=ProvisionMatrix(units, clock),
    )


class TransmissionService:
    """The transmission service of one stack."""

    name = SCHEMA

    def __init__(self, stack: Stack, settings: TransmissionSettings) -> None:
        self._stack, self._settings = stack, settings

    @asynccontextmanager
    async def open(self, peers: Peers) -> AsyncIterator[Opened]:
        """Open the database and say what to serve; nothing runs unasked here."""
        engine = open_engine(self._settings.database, SCHEMA)
        sessions, stack = sessions_of(engine), self._stack
        open_work = partial(TransmissionUnitOfWork, sessions, stack.clock, stack.identifiers)
        use = wire(open_work, GrpcContainers(peers), GrpcFilings(peers), stack)
        try:
            yield Opened(
                register=partial(pb_grpc.add_TransmissionServiceServicer_to_server, TransmissionServicer(use)),
                grpc_services=("harmonia.transmission.v1.TransmissionService",),
                is_ready=partial(has_schema, engine, SCHEMA),
                applied_requests=SqlAppliedRequests(lone_sessions_of(engine)),
            )
        finally:
            await engine.dispose()


def make_service(stack: Stack, database_url: str) -> TransmissionService:
    """Return the service for this stack; the environment may override the database."""
    return TransmissionService(stack, TransmissionSettings(database=DatabaseSettings(url=SecretStr(database_url))))


def shipped_matrix() -> str:
    """Return the matrix document shipped with this version, to be published with ``ProvisionMatrix``.

    Raises:
        MatrixUnreadable: the file is not the one its digest was published for.
    """
    folder = files("services.transmission").joinpath("matrix")
    document = folder.joinpath("2024.json").read_text("utf-8")
    read_matrix(document.encode(), folder.joinpath("2024.json.sha256").read_text("utf-8").split()[0])
    return document
