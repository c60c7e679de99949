"""Reports a signature to the services that act on it; both recognise a repeat by the event's id."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from harmonia.forms.v1 import forms_pb2, forms_pb2_grpc
from harmonia.transmission.v1 import transmission_pb2, transmission_pb2_grpc

from chassis.peers import Peers
from services.signature.clients.transmission import from_identity
from services.signature.usecases.ports import FilingIdentity


class GrpcReports:
    """Tells `forms` that a version is sealed, and `transmission` to route it."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers

    async def seal(self, event_id: str, facts: Mapping[str, Any]) -> None:
        """Make the filing read-only."""
        stub: forms_pb2_grpc.FormsServiceAsyncStub = forms_pb2_grpc.FormsServiceStub(self._peers.channel("forms"))
        await stub.SealFiling(
            forms_pb2.SealFilingRequest(
                event_id=event_id,
                filing_id=facts["filing_id"],
                version=facts["version"],
                revision=facts["revision"],
                receipt_number=facts["receipt_number"],
                signatory=facts["signatory"],
                signed_at=_instant(facts["signed_at"]),
            )
        )

    async def dispatch(self, event_id: str, facts: Mapping[str, Any]) -> None:
        """Have the version routed to the recipients of the signed terms."""
        stub: transmission_pb2_grpc.TransmissionServiceAsyncStub = transmission_pb2_grpc.TransmissionServiceStub(
            self._peers.channel("transmission")
        )
        identity = FilingIdentity(**{name: facts[name] for name in FilingIdentity.__slots__})
        await stub.DispatchFiling(
            transmission_pb2.DispatchFilingRequest(
                event_id=event_id,
                identity=from_identity(identity),
                version=facts["version"],
                recipients=facts["recipients"],
                container_digest=facts["container_digest"],
                content_digest=facts["digest"],
                receipt_number=facts["receipt_number"],
                signed_at=_instant(facts["signed_at"]),
            )
        )


def _instant(text: str) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(datetime.fromisoformat(text))
    return stamp
