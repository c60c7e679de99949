"""Judge a container that came from anywhere: the signature, then whether its files make one signed filing."""

from dataclasses import dataclass

from chassis.clock import Clock
from services.signature.domain.evidence import FILING, contradictions, signatory_named_in
from services.signature.usecases.ports import Indication, Seals, Verdict


@dataclass(frozen=True, slots=True)
class Verification:
    """The verdict, and what may be relied on when it passed."""

    verdict: Verdict
    content: bytes = b""
    """The bytes *B*, empty unless passed."""
    signatory: str = ""
    """Name in the consent that the seal covers, empty unless passed."""


class VerifyContainer:
    """Anybody may ask; a refusal is an answer."""

    def __init__(self, seals: Seals, clock: Clock) -> None:
        self._seals, self._clock = seals, clock

    async def __call__(self, container: bytes) -> Verification:
        """Return what a verifier may say of the container today."""
        verdict = await self._seals.verify(container, self._clock.now())
        files = verdict.verified_bytes
        if files is None:
            return Verification(verdict)
        reasons = contradictions(files)
        if reasons:
            return Verification(Verdict(Indication.FAILED, reasons))
        return Verification(verdict, files[FILING], signatory_named_in(files))
