"""Carry out a committed intent: use the key once, log the seal, give the receipt its number, tell the others."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from chassis.clock import Clock
from services.signature.domain.canonical import digest_of
from services.signature.domain.errors import IntentUnknown
from services.signature.domain.events import FilingSigned
from services.signature.domain.evidence import evidence
from services.signature.domain.intent import IntentState, SigningIntent, instant
from services.signature.domain.log import Checkpoint, Growth, LogEntry, grow, root_nodes, salted, sign_note
from services.signature.domain.manifest import FilingManifest
from services.signature.domain.policy import SignaturePolicy
from services.signature.domain.receipt import InclusionProof, Receipt, receipt_number
from services.signature.domain.view import readable_view
from services.signature.usecases.ports import Labels, NoteKeys, Sealed, Seals, UnitOfWork, UnitsOfWork

SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Signed:
    """A receipt, and the manifest it is about."""

    receipt: Receipt
    manifest: FilingManifest


def log_origin(server: str) -> str:
    """Return the name of a server's log, in checkpoints and as key name."""
    return f"harmonia/{server}"


class CompleteSignature:
    """The only place where the seal key is used.

    Everything after the key use is one transaction that holds the intent: of two that run at once, one signs and the
    other waits and finds the receipt. The signing time is that of the commit and the key is deterministic, so that a
    repeat after a failure makes the same signature again.
    """

    def __init__(
        self,
        units: UnitsOfWork,
        seals: Seals,
        note_keys: NoteKeys,
        labels: Labels,
        clock: Clock,
        policy: SignaturePolicy,
        server: str,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._units, self._seals, self._note_keys, self._labels = units, seals, note_keys, labels
        self._clock, self._policy, self._server, self._random_bytes = clock, policy, server, random_bytes

    async def __call__(self, intent_id: UUID) -> Signed:
        """Return the receipt, made now unless it exists. Idempotent.

        Raises:
            IntentUnknown: there is no such intent, or it is not committed.
        """
        async with self._units() as unit:
            intent = await unit.intents.locked(intent_id)
            if intent is None or intent.state is IntentState.PREPARED:
                raise IntentUnknown
            content = await unit.intents.content(intent_id)
            manifest = FilingManifest.from_bytes(content)
            known = await unit.receipts.of_intent(intent_id)
            if known is not None:
                return Signed(known, manifest)
            receipt = await self._sign(unit, intent, manifest)
            unit.announce(FilingSigned(receipt, intent.revision, manifest))
            await unit.commit()
        return Signed(receipt, manifest)

    async def _sign(self, unit: UnitOfWork, intent: SigningIntent, manifest: FilingManifest) -> Receipt:
        assert intent.committed_at is not None
        labels = self._labels.of(manifest.form_set_version, manifest.form_set_digest)
        files = evidence(manifest.content, readable_view(manifest.content, labels), intent.consent())
        sealed = await self._seals.seal(files, intent.committed_at)
        salt = self._random_bytes(SALT_BYTES)
        entry = self._entry(intent, sealed, salt)
        growth, checkpoint = await self._log(unit, entry)
        sequence = await unit.receipts.next_sequence(intent.document, intent.year)
        receipt = Receipt(
            number=receipt_number(intent.document, intent.year, self._server, sequence),
            intent_id=intent.id,
            filing_id=intent.filing_id,
            filing_version=intent.filing_version,
            body=intent.body,
            document=intent.document,
            year=intent.year,
            signatory=intent.signatory,
            role=intent.role,
            signed_at=intent.committed_at,
            digest=intent.digest,
            container_digest=digest_of(sealed.container),
            level=intent.level,
            assurance=self._policy.assurance,
            policy=intent.policy,
            server=self._server,
            entry=entry,
            salt=salt,
            proof=InclusionProof(growth.index, growth.size, growth.proof, checkpoint),
        )
        await unit.intents.save(intent.sign(self._clock.now()))
        await unit.receipts.add(receipt, sealed.container)
        return receipt

    def _entry(self, intent: SigningIntent, sealed: Sealed, salt: bytes) -> LogEntry:
        return LogEntry(
            intent=str(intent.id),
            salted_digest=salted(intent.digest, salt),
            signature_digest=digest_of(sealed.signature),
            certificate_digest=digest_of(sealed.certificate),
            timestamp_digest="",
            policy=intent.policy,
            server=self._server,
            sealed_at=instant(self._clock.now()),
        )

    async def _log(self, unit: UnitOfWork, entry: LogEntry) -> tuple[Growth, str]:
        index = await unit.log.reserve()
        growth = grow(index, entry.digest, await unit.log.nodes(root_nodes(index)))
        origin = log_origin(self._server)
        keys = self._note_keys
        note = sign_note(Checkpoint(origin, growth.size, growth.root), origin, keys.public_key, keys.sign)
        await unit.log.append(growth, entry.digest, note, self._clock.now())
        return growth, note
