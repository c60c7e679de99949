"""`GrpcRecipients`: tells the transmission service that a signed version was reopened."""

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp
from harmonia.transmission.v1 import transmission_pb2 as pb
from harmonia.transmission.v1 import transmission_pb2_grpc as pb_grpc

from chassis.peers import Peers


class GrpcRecipients:
    """The transmission service of this stack; it recognises repeats by the event's id."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers

    async def suspend(self, event_id: str, filing_id: str, version: int, reopened_at: datetime) -> None:
        """Have the recipients told. What the person wrote does not travel: it is for the body."""
        at = Timestamp()
        at.FromDatetime(reopened_at)
        stub: pb_grpc.TransmissionServiceAsyncStub = pb_grpc.TransmissionServiceStub(
            self._peers.channel("transmission")
        )
        await stub.SuspendFiling(
            pb.SuspendFilingRequest(event_id=event_id, filing_id=filing_id, version=version, reopened_at=at)
        )
