"""The manifest: the bytes *B* that a signatory sees, that the key signs and that a partner receives.

It says whose filing this is, which signed version it comes after, under which questionnaire and rules it was checked,
with which verdict, who will receive it and why, every filled cell, and every attached file by its digest. Two servers that hold the same facts write the same bytes
(decisions.md 12: RFC 8785, amounts as strings, empty cells left out).
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from services.signature.domain.canonical import Canonical, canonical_bytes, digest_of, readable_code
from services.signature.domain.errors import ManifestMalformed

KIND = "harmonia.filing/2"
"""Names the layout of the bytes; a change of layout is a new kind, never a new meaning of this one."""
FIRST_KIND = "harmonia.filing/1"
"""The layout before versions were chained: no previous version, attachments by name only. Read for ever, written no more."""

ALLOW, DENY = "allow", "deny"
SIGNABLE_OUTCOMES = frozenset({"clean", "remarks"})

_SIREN = re.compile(r"[0-9]{9}")
_DIGEST = re.compile(r"(?:[0-9a-z]+:)?[0-9a-f]{64}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence for people, in the two languages of the product."""

    fr: str
    en: str = ""


@dataclass(frozen=True, slots=True)
class ReleaseTerm:
    """What the release matrix answers for one recipient, as the signatory saw it."""

    recipient: str
    """Code of the server or partner, such as ``CDC``."""
    decision: str
    """``allow`` or ``deny``."""
    rule: str
    """Official id of the rule that decided (``T-13``); empty when no rule speaks of this recipient."""
    level: int
    """Layer of the matrix that decided: 0 is the law, 1 the document, 2 the body, 3 the box ticked."""
    reason: Sentence
    """The sentence shown beside the decision."""

    @property
    def is_released(self) -> bool:
        """Tell whether the recipient will receive the filing."""
        return self.decision == ALLOW


@dataclass(frozen=True, slots=True)
class CheckedVerdict:
    """How the controls of the named rule set judge these very cells; anyone who holds the rules can judge again."""

    outcome: str
    """Decisions.md 16: ``clean``, ``remarks``, ``to_justify``, ``blocked`` or ``not_evaluable``."""
    justifications_digest: str
    """SHA-256 of the justifications: see :func:`justifications_digest`."""

    @property
    def is_signable(self) -> bool:
        """Tell whether nothing is left to correct or to justify."""
        return self.outcome in SIGNABLE_OUTCOMES


@dataclass(frozen=True, slots=True)
class PreviousVersion:
    """The signed version that this one comes after: whoever holds both can tell that nothing was put in between."""

    version: int
    digest: str
    """SHA-256 of its bytes *B*."""
    receipt_number: str
    log_index: int
    """Place of its seal in the log, from 0."""


@dataclass(frozen=True, slots=True)
class SignedAttachment:
    """A file that the signature covers by its digest; the file itself stays on the server of the filing."""

    kind: str
    """``MANAGEMENT_REPORT``, ``DELIBERATION``, ``AUDITOR_REPORT``, ``NOTES`` or ``OTHER``; empty in the first layout."""
    file_name: str
    size: int
    """Bytes; 0 in the first layout, which does not say."""
    digest: str
    """SHA-256."""


@dataclass(frozen=True)
class FilingManifest:
    """Everything one signature covers. Equal manifests have equal bytes."""

    filing_id: str
    filing_version: int
    """Version of the filing that was frozen, from 1."""
    body: str
    """SIREN of the body, nine digits."""
    body_name: str
    family: str
    """``OPH``, ``ESH``, ``COOP`` or ``SEM``."""
    departement: str
    """Of the seat; decides which préfet receives."""
    document: str
    """``ER`` or ``QDIS``."""
    year: int
    """Exercice the figures describe."""
    form_set_version: str
    form_set_digest: str
    rule_set_digest: str
    verdict: CheckedVerdict
    matrix_digest: str
    """SHA-256 of the release matrix that decided the terms: transmission obeys no other matrix."""
    release_terms: tuple[ReleaseTerm, ...]
    cells: Mapping[str, str]
    """Address → value in written form; empty cells are dropped when the bytes are written."""
    server: str = ""
    """Name of the server that froze the filing."""
    attachments: tuple[SignedAttachment, ...] = ()
    """What was attached when the filing was frozen."""
    previous: PreviousVersion | None = None
    """Required of every version but the first."""
    kind: str = KIND

    def __post_init__(self) -> None:
        """Refuse what could not be read back as the same filing.

        Raises:
            ManifestMalformed: the body is no SIREN, a digest is no SHA-256, a recipient comes twice, or the version does
                not say rightly what it comes after; ``field`` names the part.
        """
        if self.kind not in {KIND, FIRST_KIND}:
            raise ManifestMalformed(metadata={"field": "kind"})
        if not _SIREN.fullmatch(self.body):
            raise ManifestMalformed(metadata={"field": "body"})
        if self.filing_version < 1:
            raise ManifestMalformed(metadata={"field": "filing.version"})
        for name, digest in (("form_set", self.form_set_digest), ("rule_set", self.rule_set_digest)):
            if not _DIGEST.fullmatch(digest):
                raise ManifestMalformed(metadata={"field": f"{name}.digest"})
        if len({term.recipient for term in self.release_terms}) != len(self.release_terms):
            raise ManifestMalformed(metadata={"field": "release"})
        if not self._follows():
            raise ManifestMalformed(metadata={"field": "previous"})
        if not all(map(_is_sound, self.attachments)):
            raise ManifestMalformed(metadata={"field": "attachments"})

    def _follows(self) -> bool:
        if self.kind == FIRST_KIND or self.filing_version == 1:
            return self.previous is None
        before = self.previous
        return (
            before is not None
            and before.version == self.filing_version - 1
            and _SHA256.fullmatch(before.digest) is not None
            and bool(before.receipt_number)
            and before.log_index >= 0
        )

    @cached_property
    def content(self) -> bytes:
        """The bytes *B*."""
        return canonical_bytes(self._written())

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the bytes *B*, the figure shown on the page and printed on the receipt."""
        return digest_of(self.content)

    @property
    def code(self) -> str:
        """Short readable form of the digest."""
        return readable_code(self.digest)

    def _written(self) -> Mapping[str, Canonical]:
        return {
            "kind": self.kind,
            "server": self.server,
            "filing": {"id": self.filing_id, "version": self.filing_version},
            "body": self.body,
            "body_name": self.body_name,
            "family": self.family,
            "departement": self.departement,
            "document": self.document,
            "year": self.year,
            "form_set": {"version": self.form_set_version, "digest": self.form_set_digest},
            "rule_set": {"digest": self.rule_set_digest},
            "verdict": {
                "outcome": self.verdict.outcome,
                "justifications_digest": self.verdict.justifications_digest,
            },
            "release_matrix": {"digest": self.matrix_digest},
            "release": [_term_written(term) for term in sorted(self.release_terms, key=lambda term: term.recipient)],
            "cells": {address: value for address, value in self.cells.items() if value != ""},
            **self._around(),
        }

    def _around(self) -> Mapping[str, Canonical]:
        if self.kind == FIRST_KIND:
            return {"attachments": {one.file_name: one.digest for one in self.attachments}}
        ordered = sorted(self.attachments, key=lambda one: (one.kind, one.file_name, one.digest))
        return {
            "previous": _previous_written(self.previous) if self.previous else None,
            "attachments": [_attachment_written(one) for one in ordered],
        }

    @classmethod
    def from_bytes(cls, content: bytes) -> "FilingManifest":
        """Read the bytes *B* back, accepting only the one canonical form.

        Raises:
            ManifestMalformed: the bytes are not JSON, lack a member, hold one too many, or are not canonical.
        """
        try:
            manifest = _read(json.loads(content, parse_float=_no_fraction))
        except ManifestMalformed:
            raise
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as failure:
            raise ManifestMalformed(metadata={"cause": type(failure).__name__}) from failure
        if manifest.content != content:
            raise ManifestMalformed(metadata={"cause": "not canonical"})
        return manifest


def justifications_digest(justifications: Mapping[str, str]) -> str:
    """Return the SHA-256 over the justifications.

    Args:
        justifications: what a text is about → text of the body. What it is about is the control id, then the cell when
            it is about one, then the code of its reason unless that is `other`, with a blank between:
            `H-01 BA.010.n1 scope_change`.
    """
    return digest_of(canonical_bytes(dict(justifications)))


def _term_written(term: ReleaseTerm) -> Canonical:
    return {
        "recipient": term.recipient,
        "decision": term.decision,
        "rule": term.rule,
        "level": term.level,
        "reason": {"fr": term.reason.fr, "en": term.reason.en},
    }


def _previous_written(previous: PreviousVersion) -> Canonical:
    return {
        "version": previous.version,
        "digest": previous.digest,
        "receipt_number": previous.receipt_number,
        "log_index": previous.log_index,
    }


def _attachment_written(one: SignedAttachment) -> Canonical:
    return {"kind": one.kind, "file_name": one.file_name, "size": one.size, "digest": one.digest}


def _is_sound(attachment: SignedAttachment) -> bool:
    return bool(attachment.file_name) and attachment.size >= 0 and _SHA256.fullmatch(attachment.digest) is not None


def _read(tree: Any) -> FilingManifest:
    kind = tree["kind"]
    return FilingManifest(
        filing_id=tree["filing"]["id"],
        filing_version=tree["filing"]["version"],
        body=tree["body"],
        body_name=tree["body_name"],
        family=tree["family"],
        departement=tree["departement"],
        document=tree["document"],
        year=tree["year"],
        form_set_version=tree["form_set"]["version"],
        form_set_digest=tree["form_set"]["digest"],
        rule_set_digest=tree["rule_set"]["digest"],
        verdict=CheckedVerdict(**tree["verdict"]),
        matrix_digest=tree["release_matrix"]["digest"],
        release_terms=tuple(ReleaseTerm(**term | {"reason": Sentence(**term["reason"])}) for term in tree["release"]),
        cells=tree["cells"],
        server=tree["server"],
        attachments=tuple(_attachments(kind, tree["attachments"])),
        previous=PreviousVersion(**tree["previous"]) if kind == KIND and tree["previous"] else None,
        kind=kind,
    )


def _attachments(kind: str, written: Any) -> Iterable[SignedAttachment]:
    if kind == FIRST_KIND:
        return (SignedAttachment("", name, 0, digest) for name, digest in written.items())
    return (SignedAttachment(**one) for one in written)


def _no_fraction(text: str) -> float:
    raise ValueError(f"{text} is a fraction; amounts are strings")
