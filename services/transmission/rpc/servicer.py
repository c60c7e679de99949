"""The gRPC door: decode, call the use case, encode."""

from typing import Any

import grpc
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
    to_reopening,
    to_report,
)
from services.transmission.usecases import UseCases

Context = grpc.aio.ServicerContext[Any, Any]


class TransmissionServicer(pb_grpc.TransmissionServiceServicer):
    """``harmonia.transmission.v1.TransmissionService``; each method is its use case."""

    def __init__(self, use: UseCases) -> None:
        self._use = use

    async def GetReleaseTable(self, request: pb.GetReleaseTableRequest, context: Context) -> pb.GetReleaseTableResponse:
        """Show every recipient with the decision for one filing."""
        identity = to_identity(request.identity)
        table = await self._use.get_release_table.for_caller(caller(), identity, request.simulate_recipient)
        return pb.GetReleaseTableResponse(decisions=from_rows(table.rows), matrix_digest=table.matrix_digest)

    async def DecideRelease(self, request: pb.DecideReleaseRequest, context: Context) -> pb.DecideReleaseResponse:
        """Decide for another service of the stack."""
        table = await self._use.get_release_table.decide(to_identity(request.identity))
        return pb.DecideReleaseResponse(decisions=from_rows(table.rows), matrix_digest=table.matrix_digest)

    async def TickBox(self, request: pb.TickBoxRequest, context: Context) -> pb.TickBoxResponse:
        """Tick or untick a box."""
        filing = to_identity(request.identity)
        row = await self._use.tick_box(
            caller(), filing.filing_id, filing.body, request.recipient, is_ticked=request.is_ticked
        )
        return pb.TickBoxResponse(decision=from_row(row))

    async def DispatchFiling(self, request: pb.DispatchFilingRequest, context: Context) -> pb.DispatchFilingResponse:
        """Route a signed version."""
        return pb.DispatchFilingResponse(dispatched=await self._use.dispatch_filing(to_report(request)))

    async def SuspendFiling(self, request: pb.SuspendFilingRequest, context: Context) -> pb.SuspendFilingResponse:
        """Tell the recipients of a reopened version."""
        return pb.SuspendFilingResponse(told=await self._use.suspend_filing(*to_reopening(request)))

    async def ReadFeed(self, request: pb.ReadFeedRequest, context: Context) -> pb.ReadFeedResponse:
        """Read the caller's own feed."""
        page = await self._use.read_feed(caller(), request.after, request.limit, to_document(request.document))
        entries = [from_entry(entry) for entry in page.entries]
        return pb.ReadFeedResponse(entries=entries, next_after=page.next_after, is_complete=page.is_complete)

    async def FetchDelivery(self, request: pb.FetchDeliveryRequest, context: Context) -> pb.FetchDeliveryResponse:
        """Return the container of one entry."""
        delivery_id, accepts = to_delivery_id(request.delivery_id), request.accepts_suspended
        container, entry = await self._use.fetch_delivery(caller(), delivery_id, accepts_suspended=accepts)
        return pb.FetchDeliveryResponse(container=container, entry=from_entry(entry))

    async def AcknowledgeDelivery(
        self, request: pb.AcknowledgeDeliveryRequest, context: Context
    ) -> pb.AcknowledgeDeliveryResponse:
        """Record that the partner took it into account."""
        entry = await self._use.acknowledge_delivery(caller(), to_delivery_id(request.delivery_id))
        return pb.AcknowledgeDeliveryResponse(entry=from_entry(entry))

    async def ListDeliveries(self, request: pb.ListDeliveriesRequest, context: Context) -> pb.ListDeliveriesResponse:
        """List who received what."""
        found = await self._use.list_deliveries(caller(), request.filing_id, request.body)
        return pb.ListDeliveriesResponse(deliveries=[from_delivery(one) for one in found])

    async def ProvisionMatrix(self, request: pb.ProvisionMatrixRequest, context: Context) -> pb.ProvisionMatrixResponse:
        """Publish a matrix."""
        return pb.ProvisionMatrixResponse(matrix_digest=await self._use.provision_matrix(request.matrix))
