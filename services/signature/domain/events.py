"""Facts of this service that others react to."""

from dataclasses import dataclass

from services.signature.domain.manifest import FilingManifest
from services.signature.domain.receipt import Receipt


@dataclass(frozen=True, slots=True)
class FilingSigned:
    """A filing version is signed and logged: `forms` seals it, `transmission` routes it to the signed recipients."""

    receipt: Receipt
    revision: int
    """Revision of the filing that was frozen and shown."""
    manifest: FilingManifest

    @property
    def recipients(self) -> tuple[str, ...]:
        """Codes of the recipients that the signed terms release to, in order."""
        return tuple(sorted(term.recipient for term in self.manifest.release_terms if term.is_released))
