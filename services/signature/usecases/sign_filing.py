"""Sign what was prepared and shown: write the intent down for good, then carry it out.

Two transactions on purpose (P3): the first commits the intent, and only then may the key be used; the second, in
``complete_signature``, uses the key and keeps what came of it. A crash between the two leaves a committed intent,
which a repeat of the request, or the completing worker, carries out.
"""

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from chassis.clock import Clock
from chassis.errors import Failure, Forbidden, NotFound
from chassis.identity import Caller
from formsets.signing import is_as_shown, recipients_confirmed
from services.signature.domain.errors import (
    AlreadySigned,
    DigestChanged,
    FilingNotSignable,
    IntentUnknown,
    NotSignatory,
    RecipientsNotAccepted,
)
from services.signature.domain.intent import IntentState, Signatory, SigningIntent
from services.signature.domain.manifest import FilingManifest, ReleaseTerm
from services.signature.domain.policy import SignaturePolicy
from services.signature.usecases.complete_signature import CompleteSignature, Signed
from services.signature.usecases.ports import FilingIdentity, Filings, Release, Releases, UnitsOfWork
from services.signature.usecases.prepare_signature import require_signatory


class SignFiling:
    """Binds a person to a digest, at most once per filing version; a repeat returns the same receipt."""

    def __init__(
        self,
        units: UnitsOfWork,
        filings: Filings,
        releases: Releases,
        complete: CompleteSignature,
        clock: Clock,
        policy: SignaturePolicy,
    ) -> None:
        self._units, self._filings, self._releases, self._complete = units, filings, releases, complete
        self._clock, self._policy = clock, policy

    async def __call__(self, caller: Caller, intent_id: UUID, digest: str, *, accepts_recipients: bool) -> Signed:
        """Sign, or return the receipt of the signature that this intent already led to.

        Raises:
            RecipientsNotAccepted: the box under the list of recipients is not ticked (W-09).
            IntentUnknown: no such intent, or the caller may not know of it.
            NotSignatory: the caller may not sign for the body (W-05), or somebody else prepared the intent.
            DigestChanged: the digest is not the one shown, or cells, recipients or rules changed since (W-06).
            ReauthenticationTooOld: the proof of identity is older than the policy allows.
            IntentExpired: the intent waited too long.
            FilingNotSignable: controls stand in the way.
            AlreadySigned: this version is signed under another intent.
        """
        if not recipients_confirmed(accepts_recipients, {}, {}):
            raise RecipientsNotAccepted
        intent = await self._find(caller, intent_id)
        committed = intent.commit(
            by=Signatory(caller.subject, caller.name),
            digest=digest,
            authenticated_at=caller.authenticated_at,
            policy=self._policy,
            now=self._clock.now(),
        )
        if intent.state is IntentState.PREPARED:
            try:
                await self._check_still_true(intent)
            except Failure:
                # A double click: the other request may have signed meanwhile, and its receipt answers this one too.
                if (await self._find(caller, intent_id)).state is IntentState.PREPARED:
                    raise
            else:
                await self._write_down(committed)
        return await self._complete(intent_id)

    async def _find(self, caller: Caller, intent_id: UUID) -> SigningIntent:
        async with self._units() as unit:
            intent = await unit.intents.find(intent_id)
        if intent is None:
            raise IntentUnknown
        try:
            require_signatory(caller, intent.body)
        except NotFound:
            raise IntentUnknown from None
        except Forbidden:
            raise NotSignatory from None
        return intent

    async def _check_still_true(self, intent: SigningIntent) -> None:
        """What changed between view and signature must be seen again (A21)."""
        async with self._units() as unit:
            shown = FilingManifest.from_bytes(await unit.intents.content(intent.id))
        if not shown.verdict.is_signable:
            raise FilingNotSignable(metadata={"verdict": shown.verdict.outcome})
        release = await self._releases.decide(identity_of(shown))
        if not recipients_confirmed(True, _terms(shown.release_terms), _terms(release.terms)):
            raise DigestChanged(recipients=changed_recipients(shown, release))
        present = replace(shown, matrix_digest=release.matrix_digest, release_terms=release.terms)
        if not is_as_shown(shown.digest, present.digest):
            raise DigestChanged(recipients=changed_recipients(shown, release))
        lock = await self._filings.lock(intent)
        if not lock.is_held:
            raise DigestChanged(cells=lock.changed)

    async def _write_down(self, committed: SigningIntent) -> None:
        async with self._units() as unit:
            present = await unit.intents.locked(committed.id)
            if present is None:
                raise IntentUnknown
            if present.state is not IntentState.PREPARED:
                return
            settled = await unit.intents.settled(committed.filing_id, committed.filing_version, committed.role)
            if settled is not None:
                raise AlreadySigned(metadata={"intent": str(settled.id)})
            await unit.intents.save(committed)
            await unit.commit()


def identity_of(manifest: FilingManifest) -> FilingIdentity:
    """Return what the manifest is about."""
    return FilingIdentity(
        filing_id=manifest.filing_id,
        body=manifest.body,
        body_name=manifest.body_name,
        family=manifest.family,
        departement=manifest.departement,
        document=manifest.document,
        year=manifest.year,
        form_set=manifest.form_set_version,
    )


def changed_recipients(shown: FilingManifest, release: Release) -> list[str]:
    """Return the recipients whose decision is another one now."""
    before, after = _terms(shown.release_terms), _terms(release.terms)
    return sorted(code for code in before | after if before.get(code) != after.get(code))


def _terms(terms: Iterable[ReleaseTerm]) -> dict[str, ReleaseTerm]:
    return {term.recipient: term for term in terms}
