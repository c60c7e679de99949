"""Routes a signed version to the recipients of its signed terms, each exactly once; decides nothing again."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chassis.clock import Clock
from chassis.identifiers import Identifiers
from services.transmission.domain.dispatch import Dispatch, SignedFiling, check_chain, check_terms
from services.transmission.domain.errors import ReleaseTermsMismatch
from services.transmission.domain.events import FilingDispatched, FilingWithheld
from services.transmission.domain.filing import FilingIdentity
from services.transmission.domain.routing import Routing, route
from services.transmission.domain.signed_manifest import SignedManifest, read_manifest
from services.transmission.usecases.giving_notice import keep
from services.transmission.usecases.ports import Containers, SealedFiling, UnitOfWork, UnitsOfWork


@dataclass(frozen=True, slots=True)
class SignatureReported:
    """What the signature service reports; every member is checked against the signed bytes."""

    event_id: str
    identity: FilingIdentity
    version: int
    recipients: frozenset[str]
    container_digest: str
    content_digest: str
    receipt_number: str
    signed_at: datetime


class DispatchFiling:
    """Harmless to repeat: by event, and by (filing, version, recipient)."""

    def __init__(self, units: UnitsOfWork, containers: Containers, clock: Clock, identifiers: Identifiers) -> None:
        self._units, self._containers, self._clock, self._identifiers = units, containers, clock, identifiers

    async def __call__(self, reported: SignatureReported) -> int:
        """Put the version into the feed of each recipient and return how many it was put into by this call.

        Raises:
            ReleaseTermsMismatch: the report, the container, the matrix and the version before do not agree; nothing is
                sent.
            ContainerMismatch: the container does not verify.
            Unavailable: the signature service does not answer; the event comes again.
        """
        sealed = await self._containers.verified(reported.identity.filing_id, reported.version)
        manifest = read_manifest(sealed.content, reported.signed_at.date())
        _refuse_difference(reported, sealed, manifest)
        filing = SignedFiling(
            manifest.identity,
            reported.version,
            reported.container_digest,
            reported.content_digest,
            reported.receipt_number,
            reported.signed_at,
        )
        async with self._units() as unit:
            await unit.dispatches.lock_filing(filing.identity.filing_id)
            if not await unit.dispatches.remember_event("DispatchFiling", reported.event_id):
                return 0
            routing = await self._route(unit, filing, manifest)
            await unit.feeds.append(routing.added, routing.notices)
            await unit.commit()
        return len(routing.added)

    async def _route(self, unit: UnitOfWork, filing: SignedFiling, manifest: SignedManifest) -> Routing:
        published = await unit.matrices.find(manifest.terms.matrix_digest)
        if published is None:
            raise ReleaseTermsMismatch(metadata={"signed": manifest.terms.matrix_digest})
        check_terms(filing, manifest.terms, published.matrix)
        now = self._clock.now()
        filing_id = filing.identity.filing_id
        existing = await unit.dispatches.of_filing(filing_id)
        check_chain(filing, manifest.previous_digest, existing)
        versions = await unit.versions.of_filing(filing_id)
        routing = route(filing, manifest.terms, existing, versions, now, self._identifiers.next)
        await unit.versions.mark_routed(filing_id, filing.version, now)
        await keep(unit, routing)
        await self._journal(unit, filing, manifest, existing, routing, now)
        return routing

    @staticmethod
    async def _journal(
        unit: UnitOfWork,
        filing: SignedFiling,
        manifest: SignedManifest,
        existing: Sequence[Dispatch],
        routing: Routing,
        now: datetime,
    ) -> None:
        identity, matrix_digest = filing.identity, manifest.terms.matrix_digest
        for added in routing.added:
            await unit.journal.append(
                FilingDispatched(
                    identity.body,
                    identity.filing_id,
                    filing.version,
                    added.recipient,
                    str(added.id),
                    added.rule,
                    added.level,
                    matrix_digest,
                    filing.container_digest,
                    now,
                )
            )
        released = {one.recipient for one in manifest.terms.recipients}
        for recipient in sorted({dispatch.recipient for dispatch in existing} - released):
            await unit.journal.append(
                FilingWithheld(identity.body, identity.filing_id, filing.version, recipient, matrix_digest, now)
            )


def _refuse_difference(reported: SignatureReported, sealed: SealedFiling, manifest: SignedManifest) -> None:
    """What is shown is what is signed is what is sent (promise P4).

    Raises:
        ReleaseTermsMismatch: the report differs from the signed bytes; the metadata names the first difference.
    """
    claimed_identity, signed_identity = reported.identity, manifest.identity
    pairs: dict[str, tuple[object, object]] = {
        "container_digest": (reported.container_digest, hashlib.sha256(sealed.container).hexdigest()),
        "content_digest": (reported.content_digest, hashlib.sha256(sealed.content).hexdigest()),
        "identity": (replace(claimed_identity, body_name=""), replace(signed_identity, body_name="")),
        "version": (reported.version, manifest.version),
        "recipients": (reported.recipients, frozenset(one.recipient for one in manifest.terms.recipients)),
    }
    for name, (claimed, signed) in pairs.items():
        if claimed != signed:
            raise ReleaseTermsMismatch(metadata={"difference": name})
