"""The filings, as the forms service shows them to the caller whose passport travels along."""

from harmonia.forms.v1 import forms_pb2 as pb
from harmonia.forms.v1 import forms_pb2_grpc as pb_grpc
from harmonia.types.v1 import types_pb2

from chassis.peers import Peers
from services.transmission.domain.filing import FilingIdentity
from services.transmission.usecases.ports import PresentFiling

_SIGNED = frozenset({pb.STEP_REVIEW, pb.STEP_CLOSED, pb.STEP_ARCHIVED})


class GrpcFilings:
    """The ``Filings`` port over gRPC."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers

    async def get(self, filing_id: str) -> PresentFiling:
        """Read a filing with the caller's rights; locked for the key counts as signed."""
        stub: pb_grpc.FormsServiceAsyncStub = pb_grpc.FormsServiceStub(self._peers.channel("forms"))
        filing = (await stub.GetFiling(pb.GetFilingRequest(filing_id=filing_id))).filing
        found = filing.identity
        identity = FilingIdentity(
            found.filing_id,
            found.body,
            found.body_name,
            types_pb2.Family.Name(found.family).removeprefix("FAMILY_"),
            types_pb2.Document.Name(found.document).removeprefix("DOCUMENT_"),
            found.year,
            found.form_set,
            found.departement,
        )
        return PresentFiling(identity, is_signed=filing.step in _SIGNED or filing.is_locked)
