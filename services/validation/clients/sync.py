"""The sync service of this stack, which tells the other servers what was decided here."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from harmonia.sync.v1 import sync_pb2 as pb
from harmonia.sync.v1 import sync_pb2_grpc as pb_grpc
from harmonia.types.v1 import types_pb2 as types
from harmonia.validation.v1 import validation_pb2 as validation

from chassis.peers import Peers

_SEVERITIES = {
    "T": validation.SEVERITY_TRANSMISSION,
    "A": validation.SEVERITY_ANOMALY,
    "R": validation.SEVERITY_REMARK,
}


class GrpcOtherServers:
    """Delivers `ControlAdjusted` over gRPC."""

    def __init__(self, peers: Peers) -> None:
        self._stub = pb_grpc.SyncServiceStub(peers.channel("sync"))

    async def announce(self, payload: Mapping[str, Any]) -> None:
        """Hand a decision to sync, which recognises repeats by its identifier."""
        at = Timestamp()
        at.FromDatetime(datetime.fromisoformat(payload["at"]))
        adjustment = validation.Adjustment(
            id=payload["id"],
            form_set=payload["form_set"],
            document=types.Document.Value(f"DOCUMENT_{payload['document']}"),
            year=payload["year"],
            control=payload["control"],
            severity=_SEVERITIES.get(payload["severity"], validation.SEVERITY_UNSPECIFIED),
            is_withdrawn=not payload["severity"],
            reason=payload["reason"],
            author=payload["author"],
            adjusted_at=at,
        )
        await self._stub.PublishAdjustment(pb.PublishAdjustmentRequest(adjustment=adjustment))
