"""Judge a container that came from anywhere: the signature, whether its files make one signed filing, and what is beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.clock import Clock
from services.signature.domain.evidence import (
    FILING,
    HeldFile,
    altered,
    breaks_chain,
    contradictions,
    signatory_named_in,
)
from services.signature.domain.manifest import FilingManifest
from services.signature.usecases.ports import Indication, Seals, UnitsOfWork, Verdict


@dataclass(frozen=True, slots=True)
class Verification:
    """The verdict, and what may be relied on when it passed."""

    verdict: Verdict
    content: bytes = b""
    """The bytes *B*, empty unless passed."""
    signatory: str = ""
    """Name in the consent that the seal covers, empty unless passed."""
    manifest: FilingManifest | None = None
    """The same bytes, read; nothing unless passed."""


class VerifyContainer:
    """Anybody may ask; a refusal is an answer."""

    def __init__(self, units: UnitsOfWork, seals: Seals, clock: Clock, server: str) -> None:
        self._units, self._seals, self._clock, self._server = units, seals, clock, server

    async def __call__(self, container: bytes, held: Sequence[HeldFile] = ()) -> Verification:
        """Return what a verifier may say of the container today.

        Args:
            container: the ASiC-E bytes.
            held: files that somebody holds beside it: each must be a signed attachment.
        """
        verdict = await self._seals.verify(container, self._clock.now())
        files = verdict.verified_bytes
        if files is None:
            return Verification(verdict)
        reasons = contradictions(files)
        if not reasons:
            manifest = FilingManifest.from_bytes(files[FILING])
            reasons = await self._broken_chain(manifest) + altered(manifest, held)
        if reasons:
            return Verification(Verdict(Indication.FAILED, reasons))
        return Verification(verdict, files[FILING], signatory_named_in(files), manifest)

    async def _broken_chain(self, manifest: FilingManifest) -> tuple[str, ...]:
        """Only the server that signed a filing knows what it signed before; another one takes the bytes at their word."""
        previous = manifest.previous
        if previous is None or manifest.server != self._server:
            return ()
        async with self._units() as unit:
            return breaks_chain(previous, await unit.receipts.of_filing(manifest.filing_id, previous.version))
