"""The gRPC door: decode, call the use case, encode."""

from dataclasses import dataclass
from typing import Any

from harmonia.signature.v1 import signature_pb2 as pb
from harmonia.signature.v1 import signature_pb2_grpc as pb_grpc

from chassis.rpc.identity import caller
from services.signature.domain.policy import SignaturePolicy
from services.signature.rpc.mapping import (
    container_name,
    from_prepared,
    from_signed,
    from_verification,
    to_held,
    to_intent_id,
)
from services.signature.usecases.prepare_signature import PrepareSignature
from services.signature.usecases.read_checkpoint import ReadCheckpoint
from services.signature.usecases.read_receipts import FetchContainer, GetContainer, GetReceipt
from services.signature.usecases.sign_filing import SignFiling
from services.signature.usecases.verify_container import VerifyContainer


@dataclass(frozen=True, slots=True)
class UseCases:
    """Everything the door leads to."""

    prepare_signature: PrepareSignature
    sign_filing: SignFiling
    get_receipt: GetReceipt
    get_container: GetContainer
    fetch_container: FetchContainer
    verify_container: VerifyContainer
    read_checkpoint: ReadCheckpoint


class SignatureServicer(pb_grpc.SignatureServiceServicer):
    """``harmonia.signature.v1.SignatureService``; each method is its use case."""

    def __init__(self, usecases: UseCases, policy: SignaturePolicy, trust_anchors: str) -> None:
        """Keep the use cases, the policy that names the level, and the PEM of our own root."""
        self._usecases, self._policy, self._trust_anchors = usecases, policy, trust_anchors

    async def PrepareSignature(self, request: pb.PrepareSignatureRequest, context: Any) -> pb.PrepareSignatureResponse:
        """See ``usecases/prepare_signature.py``."""
        prepared = await self._usecases.prepare_signature(caller(), request.filing_id)
        return from_prepared(prepared, self._policy)

    async def SignFiling(self, request: pb.SignFilingRequest, context: Any) -> pb.SignFilingResponse:
        """See ``usecases/sign_filing.py``; the intent, not the request id, makes repeats harmless."""
        intent_id, accepts = to_intent_id(request.intent_id), request.accepts_recipients
        signed = await self._usecases.sign_filing(caller(), intent_id, request.digest, accepts_recipients=accepts)
        return pb.SignFilingResponse(receipt=from_signed(signed))

    async def GetReceipt(self, request: pb.GetReceiptRequest, context: Any) -> pb.GetReceiptResponse:
        """See ``usecases/read_receipts.py``."""
        signed = await self._usecases.get_receipt(caller(), request.filing_id, request.version)
        return pb.GetReceiptResponse(receipt=from_signed(signed))

    async def GetContainer(self, request: pb.GetContainerRequest, context: Any) -> pb.GetContainerResponse:
        """See ``usecases/read_receipts.py``."""
        reading = self._usecases.get_container(caller(), request.filing_id, request.version)
        signed, container = await reading
        return pb.GetContainerResponse(container=container, file_name=container_name(signed))

    async def FetchContainer(self, request: pb.FetchContainerRequest, context: Any) -> pb.FetchContainerResponse:
        """See ``usecases/read_receipts.py``."""
        signed, container = await self._usecases.fetch_container(request.filing_id, request.version)
        return pb.FetchContainerResponse(container=container, receipt=from_signed(signed))

    async def VerifyContainer(self, request: pb.VerifyContainerRequest, context: Any) -> pb.VerifyContainerResponse:
        """See ``usecases/verify_container.py``."""
        return from_verification(await self._usecases.verify_container(request.container, to_held(request.files)))

    async def GetCheckpoint(self, request: pb.GetCheckpointRequest, context: Any) -> pb.GetCheckpointResponse:
        """See ``usecases/read_checkpoint.py``."""
        note, verifier = await self._usecases.read_checkpoint()
        return pb.GetCheckpointResponse(checkpoint=note, verifier_key=verifier)

    async def GetTrustAnchors(self, request: pb.GetTrustAnchorsRequest, context: Any) -> pb.GetTrustAnchorsResponse:
        """Return the certificates that our seals chain to."""
        return pb.GetTrustAnchorsResponse(pem=self._trust_anchors)
