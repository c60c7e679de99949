"""`GrpcTransmittedFilings`: what the forms service of this stack says of a filing."""

from uuid import UUID

from harmonia.forms.v1 import forms_pb2 as pb
from harmonia.forms.v1 import forms_pb2_grpc as pb_grpc

from chassis.peers import Peers


class GrpcTransmittedFilings:
    """Asks forms with the passport of the person who calls, so that forms decides."""

    def __init__(self, peers: Peers) -> None:
        self._stub = pb_grpc.FormsServiceStub(peers.channel("forms"))

    async def require(self, filing_id: UUID) -> None:
        """Let pass, or refuse.

        Raises:
            NotFound: no such filing, or not transmitted.
        """
        await self._stub.GetTransmittedFiling(pb.GetTransmittedFilingRequest(filing_id=str(filing_id)))
