"""The validation service of this server: judges its filings under the decisions of the authorities."""

from google.protobuf.timestamp_pb2 import Timestamp
from harmonia.types.v1 import types_pb2 as types
from harmonia.validation.v1 import validation_pb2 as pb
from harmonia.validation.v1 import validation_pb2_grpc as pb_grpc

from chassis.peers import Peers
from services.sync.domain.adjustment import Adjustment

SECONDS = 10.0
_SEVERITIES = {"T": pb.SEVERITY_TRANSMISSION, "A": pb.SEVERITY_ANOMALY, "R": pb.SEVERITY_REMARK}


class GrpcControls:
    """The ``Controls`` port over gRPC."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers

    async def tell(self, adjustment: Adjustment) -> None:
        """Hand over the decision."""
        stub = pb_grpc.ValidationServiceStub(self._peers.channel("validation"))
        at = Timestamp()
        at.FromDatetime(adjustment.at)
        message = pb.Adjustment(
            id=adjustment.id,
            authority=adjustment.origin,
            form_set=adjustment.form_set,
            document=types.Document.Value(f"DOCUMENT_{adjustment.document}"),
            year=adjustment.year,
            control=adjustment.control,
            severity=_SEVERITIES.get(adjustment.severity, pb.SEVERITY_UNSPECIFIED),
            is_withdrawn=not adjustment.severity,
            reason=adjustment.reason,
            author=adjustment.author,
            adjusted_at=at,
        )
        await stub.ApplyAdjustment(pb.ApplyAdjustmentRequest(adjustment=message), timeout=SECONDS)
