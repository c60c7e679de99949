"""The gRPC door: decode, call the use case, encode."""

from typing import Any

from harmonia.auth.v1 import auth_pb2 as pb
from harmonia.auth.v1 import auth_pb2_grpc as pb_grpc

from chassis.rpc.identity import caller
from services.auth.domain.matrix import RolesMatrix
from services.auth.rpc.mapping import (
    from_body,
    from_matrix,
    from_member,
    from_passport,
    to_document,
    to_draft,
)
from services.auth.usecases import UseCases
from services.auth.usecases.ports import PassportSigner


class AuthServicer(pb_grpc.AuthServiceServicer):
    """``harmonia.auth.v1.AuthService``; each method is its use case."""

    def __init__(self, usecases: UseCases, signer: PassportSigner, issuer: str, matrix: RolesMatrix) -> None:
        self._usecases = usecases
        self._signer = signer
        self._issuer = issuer
        self._matrix = matrix

    async def OpenSession(self, request: pb.OpenSessionRequest, context: Any) -> pb.OpenSessionResponse:
        """See ``usecases/open_session.py``."""
        return pb.OpenSessionResponse(passport=from_passport(await self._usecases.open_session(request.access_token)))

    async def GetSigningKeys(self, request: pb.GetSigningKeysRequest, context: Any) -> pb.GetSigningKeysResponse:
        """Return the public keys that verify passports, and who signs them."""
        return pb.GetSigningKeysResponse(jwks=self._signer.public_keys(), issuer=self._issuer)

    async def OpenPartnerSession(
        self, request: pb.OpenPartnerSessionRequest, context: Any
    ) -> pb.OpenPartnerSessionResponse:
        """See ``usecases/open_partner_session.py``."""
        issued = await self._usecases.open_partner_session(request.client_id, request.client_secret)
        return pb.OpenPartnerSessionResponse(passport=from_passport(issued))

    async def ListMembers(self, request: pb.ListMembersRequest, context: Any) -> pb.ListMembersResponse:
        """See ``usecases/list_members.py``."""
        members = await self._usecases.list_members(caller(), request.body)
        return pb.ListMembersResponse(members=[from_member(member) for member in members])

    async def RegisterMember(self, request: pb.RegisterMemberRequest, context: Any) -> pb.RegisterMemberResponse:
        """See ``usecases/register_member.py``."""
        registered = await self._usecases.register_member(caller(), to_draft(request.member))
        return pb.RegisterMemberResponse(
            member=from_member(registered.member), first_password=registered.first_password
        )

    async def DisableMember(self, request: pb.DisableMemberRequest, context: Any) -> pb.DisableMemberResponse:
        """See ``usecases/disable_member.py``."""
        await self._usecases.disable_member(caller(), request.subject, request.body)
        return pb.DisableMemberResponse()

    async def GetRolesMatrix(self, request: pb.GetRolesMatrixRequest, context: Any) -> pb.GetRolesMatrixResponse:
        """Return the roles matrix as a table."""
        return pb.GetRolesMatrixResponse(rows=from_matrix(self._matrix.table()))

    async def ListBodies(self, request: pb.ListBodiesRequest, context: Any) -> pb.ListBodiesResponse:
        """See ``usecases/list_bodies.py``."""
        bodies = await self._usecases.list_bodies(caller())
        return pb.ListBodiesResponse(bodies=[from_body(body) for body in bodies])

    async def GetBody(self, request: pb.GetBodyRequest, context: Any) -> pb.GetBodyResponse:
        """See ``usecases/list_bodies.py``."""
        return pb.GetBodyResponse(body=from_body(await self._usecases.list_bodies.one(request.siren)))

    async def Provision(self, request: pb.ProvisionRequest, context: Any) -> pb.ProvisionResponse:
        """See ``usecases/provision.py``."""
        return pb.ProvisionResponse(changed=await self._usecases.provision(to_document(request)))
