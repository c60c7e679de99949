"""Who would receive a filing, had from the transmission service."""

from harmonia.transmission.v1 import transmission_pb2 as pb
from harmonia.transmission.v1 import transmission_pb2_grpc as pb_grpc
from harmonia.types.v1 import types_pb2

from chassis.peers import Peers
from services.signature.domain.manifest import ALLOW, DENY, ReleaseTerm, Sentence
from services.signature.usecases.ports import FilingIdentity, Release


class GrpcReleases:
    """The ``Releases`` port over gRPC."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers

    async def decide(self, filing: FilingIdentity) -> Release:
        """Have every recipient decided as of now."""
        stub: pb_grpc.TransmissionServiceAsyncStub = pb_grpc.TransmissionServiceStub(
            self._peers.channel("transmission")
        )
        response = await stub.DecideRelease(pb.DecideReleaseRequest(identity=from_identity(filing)))
        return Release(response.matrix_digest, tuple(to_term(decision) for decision in response.decisions))


def to_term(decision: pb.ReleaseDecision) -> ReleaseTerm:
    """Read one row of the release table."""
    return ReleaseTerm(
        recipient=decision.recipient,
        decision=ALLOW if decision.is_released else DENY,
        rule=decision.rule,
        level=decision.level,
        reason=Sentence(decision.reason.fr, decision.reason.en),
    )


def from_identity(filing: FilingIdentity) -> types_pb2.FilingIdentity:
    """Write what a filing is about."""
    return types_pb2.FilingIdentity(
        filing_id=filing.filing_id,
        body=filing.body,
        body_name=filing.body_name,
        family=types_pb2.Family.Value(f"FAMILY_{filing.family}"),
        document=types_pb2.Document.Value(f"DOCUMENT_{filing.document}"),
        year=filing.year,
        form_set=filing.form_set,
        departement=filing.departement,
    )
