"""The sync services of the other servers, over mutual TLS."""

from collections.abc import Mapping

from harmonia.sync.v1 import sync_pb2 as pb
from harmonia.sync.v1 import sync_pb2_grpc as pb_grpc

from chassis.peers import Peers
from services.sync.domain.receipt import Receipt
from services.sync.usecases.ports import Pulled

SECONDS = 10.0
"""Beyond the wait that was asked for."""


class GrpcPeerServers:
    """The ``PeerServers`` port over gRPC. What it returns proves nothing until its signature is checked."""

    def __init__(self, peers: Peers, addresses: Mapping[str, str]) -> None:
        self._peers, self._addresses = peers, addresses

    async def pull(self, peer: str, epoch: str, first: int, wait_ms: int) -> Pulled:
        """Ask for a batch."""
        request = pb.PullBatchRequest(epoch=epoch, wait_ms=wait_ms, **{"from": first})
        answer = await self._stub(peer).PullBatch(request, timeout=wait_ms / 1000 + SECONDS)
        return Pulled(list(answer.envelopes), answer.checkpoint, answer.signature)

    async def acknowledge(self, peer: str, receipt: Receipt) -> None:
        """Hand over a receipt."""
        request = pb.AcknowledgeBatchRequest(receipt=receipt.signed_bytes(), signature=receipt.signature)
        await self._stub(peer).AcknowledgeBatch(request, timeout=SECONDS)

    def _stub(self, peer: str) -> "pb_grpc.SyncServiceAsyncStub":
        return pb_grpc.SyncServiceStub(self._peers.server_channel(self._addresses[peer], peer))
