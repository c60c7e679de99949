"""The gRPC door: decode, call the use case, encode."""

from dataclasses import dataclass
from typing import Any

from harmonia.sync.v1 import sync_pb2 as pb
from harmonia.sync.v1 import sync_pb2_grpc as pb_grpc

from chassis.rpc.identity import caller
from services.sync.domain.concept import Catalogue
from services.sync.domain.view import FactView
from services.sync.rpc import mapping
from services.sync.usecases.get_peer_status import GetPeerStatus
from services.sync.usecases.list_facts import ListFacts
from services.sync.usecases.provision_membership import ProvisionMembership
from services.sync.usecases.publish_adjustment import PublishAdjustment
from services.sync.usecases.publish_facts import PublishFacts
from services.sync.usecases.pull_batch import PullBatch
from services.sync.usecases.resolve_fact import ResolveFact
from services.sync.usecases.take_receipt import TakeReceipt


@dataclass(frozen=True, slots=True)
class UseCases:
    """Everything the door leads to."""

    publish_facts: PublishFacts
    publish_adjustment: PublishAdjustment
    list_facts: ListFacts
    resolve_fact: ResolveFact
    get_peer_status: GetPeerStatus
    pull_batch: PullBatch
    take_receipt: TakeReceipt
    provision_membership: ProvisionMembership


class SyncServicer(pb_grpc.SyncServiceServicer):
    """``harmonia.sync.v1.SyncService``; each method is its use case."""

    def __init__(self, usecases: UseCases, server: str, catalogue: Catalogue, first_year: int) -> None:
        self._use, self._server, self._catalogue, self._first_year = usecases, server, catalogue, first_year

    async def PublishFacts(self, request: pb.PublishFactsRequest, context: Any) -> pb.PublishFactsResponse:
        """See ``usecases/publish_facts.py``."""
        return pb.PublishFactsResponse(appended=await self._use.publish_facts([mapping.to_report(request)]))

    async def PublishReports(self, request: pb.PublishReportsRequest, context: Any) -> pb.PublishReportsResponse:
        """See ``usecases/publish_facts.py``."""
        appended = await self._use.publish_facts(mapping.to_reports(request.reports))
        return pb.PublishReportsResponse(appended=appended)

    async def PublishAdjustment(
        self, request: pb.PublishAdjustmentRequest, context: Any
    ) -> pb.PublishAdjustmentResponse:
        """See ``usecases/publish_adjustment.py``."""
        appended = await self._use.publish_adjustment(mapping.to_adjustment(request.adjustment, self._server))
        return pb.PublishAdjustmentResponse(appended=appended)

    async def ListFacts(self, request: pb.ListFactsRequest, context: Any) -> pb.ListFactsResponse:
        """See ``usecases/list_facts.py``."""
        views = await self._use.list_facts(*mapping.to_body(request.body, request.year))
        return pb.ListFactsResponse(facts=[self._fact(view) for view in views])

    async def ResolveFact(self, request: pb.ResolveFactRequest, context: Any) -> pb.ResolveFactResponse:
        """See ``usecases/resolve_fact.py``."""
        return pb.ResolveFactResponse(fact=self._fact(await self._use.resolve_fact(*mapping.to_choice(request))))

    async def GetPeerStatus(self, request: pb.GetPeerStatusRequest, context: Any) -> pb.GetPeerStatusResponse:
        """See ``usecases/get_peer_status.py``."""
        statuses = await self._use.get_peer_status()
        return pb.GetPeerStatusResponse(peers=[mapping.from_status(status) for status in statuses])

    async def PullBatch(self, request: pb.PullBatchRequest, context: Any) -> pb.PullBatchResponse:
        """See ``usecases/pull_batch.py``."""
        first: int = getattr(request, "from")
        return mapping.from_batch(await self._use.pull_batch(caller().peer, request.epoch, first, request.wait_ms))

    async def AcknowledgeBatch(self, request: pb.AcknowledgeBatchRequest, context: Any) -> pb.AcknowledgeBatchResponse:
        """See ``usecases/take_receipt.py``."""
        await self._use.take_receipt(caller().peer, mapping.to_receipt(request))
        return pb.AcknowledgeBatchResponse()

    async def ProvisionMembership(
        self, request: pb.ProvisionMembershipRequest, context: Any
    ) -> pb.ProvisionMembershipResponse:
        """See ``usecases/provision_membership.py``."""
        await self._use.provision_membership(mapping.to_members(request.memberships, self._first_year))
        return pb.ProvisionMembershipResponse()

    def _fact(self, view: FactView) -> pb.Fact:
        concept = self._catalogue.get(view.shown.key.concept)
        return mapping.from_view(view, concept.address if concept else "")
