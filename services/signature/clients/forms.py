"""The filings of this server, had from the forms service with the passport of the person who signs."""

from harmonia.forms.v1 import forms_pb2 as pb
from harmonia.forms.v1 import forms_pb2_grpc as pb_grpc
from harmonia.types.v1 import types_pb2
from harmonia.validation.v1 import validation_pb2

from chassis.peers import Peers
from chassis.rpc.words import words_of
from services.signature.domain.intent import SigningIntent
from services.signature.domain.manifest import SignedAttachment
from services.signature.usecases.ports import FilingIdentity, FrozenFiling, Lock

_REASONS = {
    value: word
    for value, word in words_of(validation_pb2.JustificationReason.DESCRIPTOR).items()
    if value != validation_pb2.JUSTIFICATION_REASON_OTHER
}
"""Those that are said; one that is not here is of a later release."""


class GrpcFilings:
    """The ``Filings`` port over gRPC."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers

    async def freeze(self, filing_id: str) -> FrozenFiling:
        """Have a snapshot taken; `forms` checks that the person may sign for the body."""
        response = await self._stub().FreezeFiling(pb.FreezeFilingRequest(filing_id=filing_id))
        return to_frozen(response.frozen)

    async def lock(self, intent: SigningIntent) -> Lock:
        """Ask for the lock on the snapshot that was shown."""
        request = pb.LockFilingRequest(
            filing_id=intent.filing_id,
            version=intent.filing_version,
            revision=intent.revision,
            intent_id=str(intent.id),
        )
        response = await self._stub().LockFiling(request)
        return Lock(response.is_locked, tuple(response.changed))

    def _stub(self) -> "pb_grpc.FormsServiceAsyncStub":
        return pb_grpc.FormsServiceStub(self._peers.channel("forms"))


def to_frozen(message: pb.FrozenFiling) -> FrozenFiling:
    """Read a snapshot; a filled cell is a cell with a value."""
    found = message.identity
    return FrozenFiling(
        identity=FilingIdentity(
            filing_id=found.filing_id,
            body=found.body,
            body_name=found.body_name,
            family=types_pb2.Family.Name(found.family).removeprefix("FAMILY_"),
            departement=found.departement,
            document=types_pb2.Document.Name(found.document).removeprefix("DOCUMENT_"),
            year=found.year,
            form_set=found.form_set,
        ),
        version=message.version,
        revision=message.revision,
        form_set_digest=message.form_set_digest,
        rule_set=message.rule_set,
        outcome=validation_pb2.Verdict.Name(message.verdict).removeprefix("VERDICT_").lower(),
        justifications={_about(one): one.text for one in message.justifications},
        cells={cell.address: cell.value for cell in message.cells if cell.value},
        attachments=tuple(
            SignedAttachment(one.kind, one.file_name, one.size, one.digest) for one in message.attachments
        ),
    )


def _about(justification: validation_pb2.Justification) -> str:
    """Return what a text is about: its control, its cell when it has one, and its reason unless it is just another one."""
    return " ".join(filter(None, (justification.control, justification.cell, _REASONS.get(justification.reason, ""))))
