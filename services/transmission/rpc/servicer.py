"""The gRPC door: decode, call the use case, encode."""

# ruff: noqa: N802 - the methods are named by the contract

from dataclasses import dataclass
from typing import Any

from harmonia.transmission.v1 import transmission_pb2 as pb
from harmonia.transmission.v1 import transmission_pb2_grpc as pb_grpc

from chassis.rpc.identity import caller
from services.transmission.rpc.mapping import (
    from_delivery,
    from_entry,
    from_row,
    from_rows,
    to_delivery_id,
    to_document,
    to_identity,
    to_report,
)
from services.transmission.usecases.acknowledge_delivery import AcknowledgeDelivery
from services.transmission.usecases.dispatch_filing import DispatchFiling
from services.transmission.usecases.fetch_delivery import FetchDelivery
from services.transmission.usecases.get_release_table import GetReleaseTable
from services.transmission.usecases.list_deliveries import ListDeliveries
from services.transmission.usecases.provision_matrix import ProvisionMatrix
from services.transmission.usecases.read_feed import ReadFeed
from services.transmission.usecases.tick_box import TickBox


@dataclass(frozen=True, slots=True)
class UseCases:
    """Everything the door leads to."""

    get_release_table: GetReleaseTable
    tick_box: TickBox
    dispatch_filing: DispatchFiling
    read_feed: ReadFeed
    fetch_delivery: FetchDelivery
    acknowledge_delivery: AcknowledgeDelivery
    list_deliveries: ListDeliveries
    provision_matrix: ProvisionMatrix


class TransmissionServicer(pb_grpc.TransmissionServiceServicer):
    """``harmonia.transmission.v1.TransmissionService``; each method is its use case."""

    def __init__(self, usecases: UseCases) -> None:
        self._usecases = usecases

    async def GetReleaseTable(self, request: pb.GetReleaseTableRequest, context: Any) -> pb.GetReleaseTableResponse:
        """See ``usecases/get_release_table.py``."""
        identity = to_identity(request.identity)
        table = await self._usecases.get_release_table.for_caller(caller(), identity, request.simulate_recipient)
        return pb.GetReleaseTableResponse(decisions=from_rows(table.rows), matrix_digest=table.matrix_digest)

    async def DecideRelease(self, request: pb.DecideReleaseRequest, context: Any) -> pb.DecideReleaseResponse:
        """See ``usecases/get_release_table.py``."""
        table = await self._usecases.get_release_table.decide(to_identity(request.identity))
        return pb.DecideReleaseResponse(decisions=from_rows(table.rows), matrix_digest=table.matrix_digest)

    async def TickBox(self, request: pb.TickBoxRequest, context: Any) -> pb.TickBoxResponse:
        """See ``usecases/tick_box.py``."""
        filing = to_identity(request.identity)
        row = await self._usecases.tick_box(
            caller(), filing.filing_id, filing.body, request.recipient, is_ticked=request.is_ticked
        )
        return pb.TickBoxResponse(decision=from_row(row))

    async def DispatchFiling(self, request: pb.DispatchFilingRequest, context: Any) -> pb.DispatchFilingResponse:
        """See ``usecases/dispatch_filing.py``."""
        return pb.DispatchFilingResponse(dispatched=await self._usecases.dispatch_filing(to_report(request)))

    async def ReadFeed(self, request: pb.ReadFeedRequest, context: Any) -> pb.ReadFeedResponse:
        """See ``usecases/read_feed.py``."""
        page = await self._usecases.read_feed(caller(), request.after, request.limit, to_document(request.document))
        entries = [from_entry(entry) for entry in page.entries]
        return pb.ReadFeedResponse(entries=entries, next_after=page.next_after, is_complete=page.is_complete)

    async def FetchDelivery(self, request: pb.FetchDeliveryRequest, context: Any) -> pb.FetchDeliveryResponse:
        """See ``usecases/fetch_delivery.py``."""
        container, entry = await self._usecases.fetch_delivery(caller(), to_delivery_id(request.delivery_id))
        return pb.FetchDeliveryResponse(container=container, entry=from_entry(entry))

    async def AcknowledgeDelivery(
        self, request: pb.AcknowledgeDeliveryRequest, context: Any
    ) -> pb.AcknowledgeDeliveryResponse:
        """See ``usecases/acknowledge_delivery.py``."""
        entry = await self._usecases.acknowledge_delivery(caller(), to_delivery_id(request.delivery_id))
        return pb.AcknowledgeDeliveryResponse(entry=from_entry(entry))

    async def ListDeliveries(self, request: pb.ListDeliveriesRequest, context: Any) -> pb.ListDeliveriesResponse:
        """See ``usecases/list_deliveries.py``."""
        found = await self._usecases.list_deliveries(caller(), request.filing_id, request.body)
        return pb.ListDeliveriesResponse(deliveries=[from_delivery(one) for one in found])

    async def ProvisionMatrix(self, request: pb.ProvisionMatrixRequest, context: Any) -> pb.ProvisionMatrixResponse:
        """See ``usecases/provision_matrix.py``."""
        return pb.ProvisionMatrixResponse(matrix_digest=await self._usecases.provision_matrix(request.matrix))
