"""The files of a container, and how they hold together: a seal over contradictory files proves nothing."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.signature.domain.canonical import digest_of
from services.signature.domain.errors import ManifestMalformed
from services.signature.domain.manifest import FilingManifest, PreviousVersion
from services.signature.domain.receipt import Receipt

FILING = "filing.json"
"""The bytes *B*."""
VIEW = "filing.html"
"""The readable view *R*."""
CONSENT = "consent.json"
"""Who consented to the seal, in which role, when they proved who they are."""


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file that somebody holds beside a container."""

    name: str
    size: int
    digest: str
    """SHA-256."""


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
    except ManifestMalformed as failure:
        part = failure.metadata.get("field")
        return (f"FORMAT_FAILURE: {FILING} est illisible{f', partie « {part} »' if part else ''}",)
    except (ValueError, KeyError, TypeError, RecursionError):
        return ("FORMAT_FAILURE: le dépôt ou le consentement est illisible",)
    return () if agrees else ("SIG_CONSTRAINTS_FAILURE: le consentement porte sur un autre dépôt",)


def signatory_named_in(files: Mapping[str, bytes]) -> str:
    """Return the name of the person in the consent of files that hold together."""
    name: str = json.loads(files[CONSENT])["signatory"]["name"]
    return name


def altered(manifest: FilingManifest, held: Iterable[HeldFile]) -> tuple[str, ...]:
    """Return a sentence for each held file that is not one of the signed attachments, byte for byte."""
    digests = {one.digest for one in manifest.attachments}
    names = {one.file_name for one in manifest.attachments}
    wrong = [one.name for one in held if one.digest not in digests]
    return tuple(
        f"HASH_FAILURE: pièce jointe modifiée depuis la signature : {name}"
        if name in names
        else f"SIGNED_DATA_NOT_FOUND: la signature ne couvre aucune pièce jointe nommée {name}"
        for name in wrong
    )


def breaks_chain(previous: PreviousVersion, known: Receipt | None) -> tuple[str, ...]:
    """Return why a version does not come after the one that this server signed before it; nothing when it does.

    Args:
        previous: the version before, as the signed bytes name it.
        known: the receipt of that version, as this server keeps it.
    """
    kept = known and (known.digest, known.number, known.proof.index)
    if kept == (previous.digest, previous.receipt_number, previous.log_index):
        return ()
    part = f"{FILING}, partie « previous »"
    return (f"SIG_CONSTRAINTS_FAILURE: {part} : la version {previous.version} signée sur ce serveur est une autre",)
