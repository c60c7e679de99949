"""The files of a container, and how they hold together: a seal over contradictory files proves nothing."""

import json
from collections.abc import Mapping

from services.signature.domain.canonical import digest_of
from services.signature.domain.errors import ManifestMalformed
from services.signature.domain.manifest import FilingManifest

FILING = "filing.json"
"""The bytes *B*."""
VIEW = "filing.html"
"""The readable view *R*."""
CONSENT = "consent.json"
"""Who consented to the seal, in which role, when they proved who they are."""


def evidence(content: bytes, view: bytes, consent: bytes) -> dict[str, bytes]:
    """Return the files of a container, in their order."""
    return {FILING: content, VIEW: view, CONSENT: consent}


def contradictions(files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Return why files that are each intact do not make one signed filing; nothing when they do."""
    if missing := {FILING, VIEW, CONSENT} - files.keys():
        return (f"SIGNED_DATA_NOT_FOUND: fichiers absents : {', '.join(sorted(missing))}",)
    try:
        manifest = FilingManifest.from_bytes(files[FILING])
        consent = json.loads(files[CONSENT])
        agrees = (
            consent["digest"] == digest_of(files[FILING])
            and consent["filing"] == {"id": manifest.filing_id, "version": manifest.filing_version}
            and isinstance(consent["signatory"]["name"], str)
        )
    except (ManifestMalformed, ValueError, KeyError, TypeError, RecursionError):
        return ("FORMAT_FAILURE: le dépôt ou le consentement est illisible",)
    return () if agrees else ("SIG_CONSTRAINTS_FAILURE: le consentement porte sur un autre dépôt",)


def signatory_named_in(files: Mapping[str, bytes]) -> str:
    """Return the name of the person in the consent of files that hold together."""
    name: str = json.loads(files[CONSENT])["signatory"]["name"]
    return name
