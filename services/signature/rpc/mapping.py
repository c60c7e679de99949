"""Messages ↔ domain, both directions side by side."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp
from harmonia.signature.v1 import signature_pb2 as pb
from harmonia.types.v1 import types_pb2

from chassis.errors import Invalid, Violation
from services.signature.domain.errors import IntentUnknown
from services.signature.domain.evidence import HeldFile
from services.signature.domain.manifest import FilingManifest, ReleaseTerm, Sentence
from services.signature.domain.policy import SignaturePolicy
from services.signature.usecases.complete_signature import Signed
from services.signature.usecases.ports import Indication
from services.signature.usecases.prepare_signature import Prepared
from services.signature.usecases.verify_container import Verification

MOST_HELD = 20
"""Files that one verification compares; a filing has no more attachments."""
_INDICATIONS = {
    Indication.PASSED: pb.INDICATION_PASSED,
    Indication.FAILED: pb.INDICATION_FAILED,
    Indication.INDETERMINATE: pb.INDICATION_INDETERMINATE,
}


def to_intent_id(text: str) -> UUID:
    """Read an intent's identifier.

    Raises:
        IntentUnknown: no identifier looks like this; the same answer as for one that nobody has.
    """
    try:
        return UUID(text)
    except ValueError as error:
        raise IntentUnknown from error


def from_prepared(prepared: Prepared, policy: SignaturePolicy) -> pb.PrepareSignatureResponse:
    """Write what the signatory is to read; without an intent while an obstacle stands."""
    manifest = prepared.manifest
    obstacles = [from_sentence(obstacle) for obstacle in prepared.obstacles]
    if manifest is None:
        return pb.PrepareSignatureResponse(level=policy.assurance, obstacles=obstacles)
    return pb.PrepareSignatureResponse(
        intent_id=str(prepared.intent.id) if prepared.intent else "",
        content=manifest.content,
        digest=manifest.digest,
        code=manifest.code,
        terms=from_terms(manifest),
        level=policy.assurance,
        obstacles=obstacles,
    )


def from_signed(signed: Signed) -> pb.Receipt:
    """Write a receipt."""
    receipt, manifest = signed.receipt, signed.manifest
    return pb.Receipt(
        number=receipt.number,
        identity=from_identity(manifest),
        version=receipt.filing_version,
        digest=receipt.digest,
        container_digest=receipt.container_digest,
        signatory=receipt.signatory.name,
        signed_at=from_instant(receipt.signed_at),
        level=receipt.assurance,
        log_index=receipt.proof.index,
        log_proof=receipt.log_proof,
        terms=from_terms(manifest),
        code=receipt.code,
        previous=from_previous(manifest),
        attachments=from_attachments(manifest),
    )


def from_verification(verification: Verification) -> pb.VerifyContainerResponse:
    """Write what a verifier says; content, signatory and time only when it passed."""
    verdict, manifest = verification.verdict, verification.manifest
    return pb.VerifyContainerResponse(
        indication=_INDICATIONS[verdict.indication],
        reasons=[from_reason(reason) for reason in verdict.reasons],
        content=verification.content,
        signatory=verification.signatory,
        signed_at=from_instant(verdict.signed_at) if verdict.signed_at else None,
        previous=from_previous(manifest) if manifest else None,
        attachments=from_attachments(manifest) if manifest else [],
    )


def to_held(files: Iterable[pb.HeldFile]) -> list[HeldFile]:
    """Read the files held beside a container.

    Raises:
        Invalid: more than a filing can have.
    """
    held = [HeldFile(one.file_name, one.size, one.digest.lower()) for one in files]
    if len(held) > MOST_HELD:
        raise Invalid(violations=[Violation("files", f"Au plus {MOST_HELD} fichiers.")])
    return held


def from_previous(manifest: FilingManifest) -> pb.PreviousVersion | None:
    """Write what the version comes after; nothing for a first one."""
    before = manifest.previous
    if before is None:
        return None
    return pb.PreviousVersion(
        version=before.version,
        digest=before.digest,
        receipt_number=before.receipt_number,
        log_index=before.log_index,
    )


def from_attachments(manifest: FilingManifest) -> list[pb.SignedAttachment]:
    """Write the attached files that the signature covers."""
    return [
        pb.SignedAttachment(kind=one.kind, file_name=one.file_name, size=one.size, digest=one.digest)
        for one in manifest.attachments
    ]


def from_identity(manifest: FilingManifest) -> types_pb2.FilingIdentity:
    """Write what the manifest is about."""
    return types_pb2.FilingIdentity(
        filing_id=manifest.filing_id,
        body=manifest.body,
        body_name=manifest.body_name,
        family=types_pb2.Family.Value(f"FAMILY_{manifest.family}"),
        document=types_pb2.Document.Value(f"DOCUMENT_{manifest.document}"),
        year=manifest.year,
        form_set=manifest.form_set_version,
        departement=manifest.departement,
    )


def from_terms(manifest: FilingManifest) -> list[pb.ReleaseTerm]:
    """Write who receives what, in the order of the signed bytes."""
    return [_from_term(term) for term in sorted(manifest.release_terms, key=lambda term: term.recipient)]


def _from_term(term: ReleaseTerm) -> pb.ReleaseTerm:
    return pb.ReleaseTerm(
        recipient=term.recipient,
        is_released=term.is_released,
        rule=term.rule,
        level=term.level,
        reason=from_sentence(term.reason),
    )


def from_sentence(sentence: Sentence) -> types_pb2.Sentence:
    """Write a sentence in both languages."""
    return types_pb2.Sentence(fr=sentence.fr, en=sentence.en)


def from_reason(reason: str) -> types_pb2.Sentence:
    """Write a sub-indication: the French sentence, and the standard's own word for readers of English."""
    code, _, _ = reason.partition(":")
    return types_pb2.Sentence(fr=reason, en=f"{code} (ETSI EN 319 102-1)")


def from_instant(moment: datetime) -> Timestamp:
    """Write an instant."""
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp


def container_name(signed: Signed) -> str:
    """Return the file name under which people save a container."""
    receipt = signed.receipt
    return f"{receipt.document}-{receipt.year}-{receipt.body}-v{receipt.filing_version}.asice"
