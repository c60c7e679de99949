"""Reads the signed bytes of a filing just far enough to obey them: whose it is, and who the body agreed to release it to."""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.transmission.domain.decision import Answer
from services.transmission.domain.dispatch import ReleasedTo, ReleaseTerms
from services.transmission.domain.errors import ReleaseTermsMismatch
from services.transmission.domain.filing import FilingIdentity


@dataclass(frozen=True, slots=True)
class SignedManifest:
    """The part of the signed content that transmission needs."""

    identity: FilingIdentity
    """Family and seat included: the rules are checked against what was signed, not against what was reported."""
    version: int
    terms: ReleaseTerms
    previous_digest: str = ""
    """SHA-256 of the content of the version before, as signed; empty for a first version and for early manifests."""


def read_manifest(content: bytes, signed_on: date) -> SignedManifest:
    """Read the canonical JSON that the signature covers.

    Args:
        content: the bytes given back by the verification of the container, never the container's own.
        signed_on: day of the signature; the terms were decided that day or the day before.

    Raises:
        ReleaseTermsMismatch: the bytes are not a filing with release terms.
    """
    try:
        tree: Any = json.loads(content)
        released = tuple(
            ReleasedTo(str(term["recipient"]), str(term["rule"]), int(term["level"]))
            for term in tree["release"]
            if Answer(term["decision"]) is Answer.ALLOW
        )
        return SignedManifest(
            identity=FilingIdentity(
                filing_id=str(tree["filing"]["id"]),
                body=str(tree["body"]),
                body_name=str(tree["body_name"]),
                family=str(tree["family"]),
                document=str(tree["document"]),
                year=int(tree["year"]),
                form_set=str(tree["form_set"]["version"]),
                departement=str(tree["departement"]),
            ),
            version=int(tree["filing"]["version"]),
            terms=ReleaseTerms(str(tree["release_matrix"]["digest"]), signed_on, released),
            previous_digest=str((tree.get("previous") or {}).get("digest", "")),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ReleaseTermsMismatch(metadata={"cause": type(error).__name__}) from error
