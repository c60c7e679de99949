"""The signed containers, had from the signature service."""

from harmonia.signature.v1 import signature_pb2 as pb
from harmonia.signature.v1 import signature_pb2_grpc as pb_grpc

from chassis.peers import Peers
from services.transmission.domain.errors import ContainerMismatch
from services.transmission.usecases.ports import SealedFiling


class GrpcContainers:
    """The ``Containers`` port over gRPC."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers

    async def verified(self, filing_id: str, version: int) -> SealedFiling:
        """Fetch the container and have it verified; the content is what the verification gives back."""
        container = await self.fetch(filing_id, version)
        verdict = await self._stub().VerifyContainer(pb.VerifyContainerRequest(container=container))
        if verdict.indication != pb.INDICATION_PASSED:
            reasons = "; ".join(reason.fr for reason in verdict.reasons)
            raise ContainerMismatch(metadata={"filing_id": filing_id, "reasons": reasons[:200]})
        return SealedFiling(container, verdict.content)

    async def fetch(self, filing_id: str, version: int) -> bytes:
        """Fetch the container's bytes."""
        response = await self._stub().FetchContainer(pb.FetchContainerRequest(filing_id=filing_id, version=version))
        return response.container

    def _stub(self) -> "pb_grpc.SignatureServiceAsyncStub":
        return pb_grpc.SignatureServiceStub(self._peers.channel("signature"))
