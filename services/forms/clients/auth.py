"""`GrpcBodies`: the bodies port over gRPC."""

from harmonia.auth.v1 import auth_pb2 as pb
from harmonia.auth.v1 import auth_pb2_grpc as pb_grpc

from chassis.identity import Caller
from chassis.peers import Peers
from services.forms.domain.filing import Body


class GrpcBodies:
    """The auth service of this stack."""

    def __init__(self, peers: Peers) -> None:
        self._stub = pb_grpc.AuthServiceStub(peers.channel("auth"))

    async def get(self, siren: str) -> Body:
        """Return a body.

        Raises:
            NotFound: this server does not know it.
        """
        return _body((await self._stub.GetBody(pb.GetBodyRequest(siren=siren))).body)

    async def of_caller(self, caller: Caller) -> list[Body]:
        """Return the bodies the caller may read; the passport of the call says who that is."""
        return [_body(body) for body in (await self._stub.ListBodies(pb.ListBodiesRequest())).bodies]


def _body(message: pb.Body) -> Body:
    return Body(message.siren, message.name, message.family, message.departement)
