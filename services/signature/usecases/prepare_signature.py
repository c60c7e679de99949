"""Freeze a filing, decide who would receive it, and write the exact bytes that a signatory is to read."""

from dataclasses import dataclass
from datetime import timedelta

from chassis.clock import Clock
from chassis.errors import Forbidden, NotFound, RuleBroken
from chassis.identifiers import Identifiers
from chassis.identity import Caller
from formsets.signing import RIGHT, may_sign
from formsets.verdicts import verdict_told
from services.signature.domain.errors import (
    AlreadySigned,
    FilingUnknown,
    NotSignatory,
    PreviousUnknown,
    SignatureUnderWay,
)
from services.signature.domain.intent import SIGNATORY, IntentState, Signatory, SigningIntent
from services.signature.domain.manifest import (
    CheckedVerdict,
    FilingManifest,
    PreviousVersion,
    Sentence,
    justifications_digest,
)
from services.signature.domain.policy import SignaturePolicy
from services.signature.usecases.ports import Filings, FrozenFiling, Release, Releases, Seals, UnitsOfWork


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the signatory is shown."""

    intent: SigningIntent | None
    """None while an obstacle stands."""
    manifest: FilingManifest | None
    """None when the filing is not even ready to be frozen."""
    obstacles: tuple[Sentence, ...]


def manifest_of(
    frozen: FrozenFiling, release: Release, server: str, previous: PreviousVersion | None
) -> FilingManifest:
    """Return the manifest of a frozen filing under these release terms, after the version signed before."""
    about = frozen.identity
    return FilingManifest(
        filing_id=about.filing_id,
        filing_version=frozen.version,
        body=about.body,
        body_name=about.body_name,
        family=about.family,
        departement=about.departement,
        document=about.document,
        year=about.year,
        form_set_version=about.form_set,
        form_set_digest=frozen.form_set_digest,
        rule_set_digest=frozen.rule_set,
        verdict=CheckedVerdict(frozen.outcome, justifications_digest(frozen.justifications)),
        matrix_digest=release.matrix_digest,
        release_terms=release.terms,
        cells=frozen.cells,
        server=server,
        attachments=frozen.attachments,
        previous=previous,
    )


def obstacles_of(verdict: CheckedVerdict) -> tuple[Sentence, ...]:
    """Return what stands in the way of a signature; nothing when the verdict lets it pass."""
    if verdict.is_signable:
        return ()
    return (Sentence(*(verdict_told(verdict.outcome, language).sentence for language in ("fr", "en"))),)


class PrepareSignature:
    """Writes nothing but the intent; may be repeated at will."""

    def __init__(
        self,
        units: UnitsOfWork,
        filings: Filings,
        releases: Releases,
        seals: Seals,
        clock: Clock,
        identifiers: Identifiers,
        policy: SignaturePolicy,
        server: str,
    ) -> None:
        self._units, self._filings, self._releases, self._seals = units, filings, releases, seals
        self._clock, self._identifiers, self._policy, self._server = clock, identifiers, policy, server

    async def __call__(self, caller: Caller, filing_id: str) -> Prepared:
        """Return the bytes to sign, with an intent when nothing stands in the way.

        Raises:
            FilingUnknown: there is no such filing, or the caller may not know of it.
            NotSignatory: the caller may read the filing and not sign it (W-05).
            RuleBroken: `forms` refuses to freeze and names no obstacle.
            AlreadySigned: this version is signed.
            SignatureUnderWay: somebody is signing this version right now.
            PreviousUnknown: the version before was not signed here.
        """
        try:
            frozen = await self._filings.freeze(filing_id)
            require_signatory(caller, frozen.identity.body)
        except RuleBroken as failure:
            if not failure.violations:
                raise
            return Prepared(None, None, tuple(Sentence(v.description, str(v.en or "")) for v in failure.violations))
        except Forbidden:
            raise NotSignatory from None
        except NotFound:
            raise FilingUnknown from None
        release, previous = await self._releases.decide(frozen.identity), await self._previous(frozen)
        manifest = manifest_of(frozen, release, self._server, previous)
        obstacles = obstacles_of(manifest.verdict)
        intent = None if obstacles else await self._intent(manifest, frozen.revision, caller)
        return Prepared(intent, manifest, obstacles)

    async def _previous(self, frozen: FrozenFiling) -> PreviousVersion | None:
        """Return the version that the next signature comes after; it is read off what was signed, not off what is said."""
        if frozen.version == 1:
            return None
        async with self._units() as unit:
            receipt = await unit.receipts.of_filing(frozen.identity.filing_id, frozen.version - 1)
        if receipt is None:
            raise PreviousUnknown
        return PreviousVersion(receipt.filing_version, receipt.digest, receipt.number, receipt.proof.index)

    async def _intent(self, manifest: FilingManifest, revision: int, caller: Caller) -> SigningIntent:
        intent = self._new_intent(manifest, revision, caller)
        async with self._units() as unit:
            settled = await unit.intents.settled(intent.filing_id, intent.filing_version, intent.role)
            if settled is not None:
                raise AlreadySigned if settled.state is IntentState.SIGNED else SignatureUnderWay
            # An intent is offered again for half of its life, so that reloading the page does not pile up copies of B.
            half_life_ago = intent.created_at - self._policy.intent_lives / 2
            earlier = await unit.intents.reusable(intent, half_life_ago)
            if earlier is not None:
                return earlier
            await unit.intents.add(intent, manifest.content)
            await unit.intents.forget(intent.created_at - timedelta(days=1))
            await unit.commit()
        return intent

    def _new_intent(self, manifest: FilingManifest, revision: int, caller: Caller) -> SigningIntent:
        return SigningIntent(
            id=self._identifiers.next(),
            filing_id=manifest.filing_id,
            filing_version=manifest.filing_version,
            revision=revision,
            body=manifest.body,
            document=manifest.document,
            year=manifest.year,
            digest=manifest.digest,
            signatory=Signatory(caller.subject, caller.name),
            role=SIGNATORY,
            level=self._policy.level,
            key_id=self._seals.key_id,
            policy=self._policy.id,
            created_at=self._clock.now(),
        )


def require_signatory(caller: Caller, body: str) -> None:
    """Let a person sign for this body, or refuse (W-05).

    Raises:
        NotFound: the caller must not learn that there is anything to sign.
        Forbidden: the caller may read it and not sign it, or administers accounts there.
    """
    if may_sign(caller.held(body)):
        return
    caller.require(RIGHT, body)
    raise NotSignatory
