"""The envelope: one numbered item of a stream, with deterministic bytes.

Bytes = one line of canonical JSON (sorted keys, strings and whole numbers only, as RFC 8785 writes them), a line feed,
the payload. The Merkle leaf covers the line, which names the payload by digest: a payload can be withheld or erased later
and the stream still verifies. ``blind`` keeps that leaf from confirming a guess about what was withheld.
"""

import json
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from hashlib import sha256
from typing import Any, Final

from services.sync.domain.errors import EnvelopeMalformed, EnvelopeTooLarge
from services.sync.domain.fact import Fact, FactKey, Source
from services.sync.domain.hlc import HybridTime
from services.sync.domain.merkle import leaf_hash
from services.sync.domain.version_vector import VersionVector

VERSION: Final = 1
MAX_BYTES: Final = 64 * 1024
SHARED_CONCEPTS: Final = "shared-concepts"
"""The data set of the facts common to the ER and the QDIS."""
MEMBERSHIP: Final = "membership"
"""The data set of the documents that say which bodies a federation has."""
FACT_SCHEMA: Final = "harmonia.sync.fact/1"
MEMBERSHIP_SCHEMA: Final = "harmonia.sync.membership/1"


class Kind(Enum):
    """What an envelope carries."""

    FACT = "fact"
    MEMBERSHIP = "membership"
    ADJUSTMENT = "adjustment"


@dataclass(frozen=True, slots=True)
class Epoch:
    """One incarnation of a server's streams; a restore from a backup starts the next."""

    ordinal: int
    nonce: str
    """Random, so that two restores of one backup cannot pass for each other."""

    def to_text(self) -> str:
        """Return ``2.9f3a…``."""
        return f"{self.ordinal}.{self.nonce}"

    @classmethod
    def from_text(cls, text: str) -> "Epoch":
        """Read what ``to_text`` wrote.

        Raises:
            ValueError: it is something else.
        """
        ordinal, dot, nonce = text.partition(".")
        epoch = cls(int(ordinal), nonce)
        if not dot or not nonce.isalnum() or epoch.to_text() != text or epoch.ordinal < 1:
            raise ValueError("not an epoch")
        return epoch


@dataclass(frozen=True, slots=True)
class Content:
    """What an envelope says, before it has a place in a stream."""

    kind: Kind
    body: str
    """SIREN; empty for what is about no body: a membership document, a decision on a control."""
    data_set: str
    period: str
    """The year; empty for a membership document."""
    object_id: str
    vector: VersionVector
    hlc: HybridTime
    author: str
    schema: str
    payload: bytes


@dataclass(frozen=True)
class Envelope:
    """A numbered item of the stream from ``origin`` to ``peer``."""

    origin: str
    epoch: Epoch
    peer: str
    seq: int
    """From 1, without holes."""
    content: Content
    entitlement: str
    """Hex digest of the membership document under which it was written."""
    blind: str
    """32 random hex digits."""
    version: int = VERSION
    extensions: tuple[tuple[str, str], ...] = field(default=())
    """Fields of later releases, kept so that the leaf stays the same."""

    @cached_property
    def header(self) -> bytes:
        """The canonical line that the Merkle leaf covers; worked out once, an envelope never changes."""
        content = self.content
        fields: dict[str, str | int] = {
            **dict(self.extensions),
            "author": content.author,
            "blind": self.blind,
            "body": content.body,
            "data_set": content.data_set,
            "entitlement": self.entitlement,
            "epoch": self.epoch.to_text(),
            "hlc": str(content.hlc.packed()),
            "kind": content.kind.value,
            "object": content.object_id,
            "origin": self.origin,
            "payload_sha256": sha256(content.payload).hexdigest(),
            "peer": self.peer,
            "period": content.period,
            "schema": content.schema,
            "seq": self.seq,
            "vector": content.vector.to_text(),
            "version": self.version,
        }
        return canonical_json(fields)

    @cached_property
    def leaf(self) -> bytes:
        """The Merkle leaf hash."""
        return leaf_hash(self.header)

    def to_bytes(self) -> bytes:
        """Return the deterministic bytes.

        Raises:
            EnvelopeTooLarge: they exceed 64 kB.
        """
        content = self.header + b"\n" + self.content.payload
        if len(content) > MAX_BYTES:
            raise EnvelopeTooLarge(metadata={"bytes": str(len(content))})
        return content

    @classmethod
    def from_bytes(cls, content: bytes) -> "Envelope":
        """Read an envelope, and refuse any bytes but the ones ``to_bytes`` writes.

        Raises:
            EnvelopeTooLarge: more than 64 kB.
            EnvelopeMalformed: not canonical, a field missing or of the wrong kind, or the payload is another one.
        """
        if len(content) > MAX_BYTES:
            raise EnvelopeTooLarge(metadata={"bytes": str(len(content))})
        line, _, payload = content.partition(b"\n")
        try:
            envelope = cls._from_fields(_object(line), payload)
            is_canonical = envelope.header == line
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise EnvelopeMalformed(str(error)) from error
        if not is_canonical:
            raise EnvelopeMalformed("not the canonical bytes, or not the payload that was announced")
        return envelope

    @classmethod
    def _from_fields(cls, fields: dict[str, Any], payload: bytes) -> "Envelope":
        text = {key: value for key, value in fields.items() if isinstance(value, str)}
        number = {key: value for key, value in fields.items() if type(value) is int}
        if len(text) + len(number) != len(fields) or number["seq"] < 1:
            raise ValueError("a field of the wrong kind")
        return cls(
            origin=text.pop("origin"),
            epoch=Epoch.from_text(text.pop("epoch")),
            peer=text.pop("peer"),
            seq=number["seq"],
            content=Content(
                kind=Kind(text.pop("kind")),
                body=text.pop("body"),
                data_set=text.pop("data_set"),
                period=text.pop("period"),
                object_id=text.pop("object"),
                vector=VersionVector.from_text(text.pop("vector")),
                hlc=HybridTime.unpacked(int(text.pop("hlc"))),
                author=text.pop("author"),
                schema=text.pop("schema"),
                payload=payload,
            ),
            entitlement=text.pop("entitlement"),
            blind=text.pop("blind"),
            version=number["version"],
            extensions=tuple(sorted((key, value) for key, value in text.items() if key != "payload_sha256")),
        )


def canonical_json(fields: dict[str, Any]) -> bytes:
    """Return JSON with sorted keys, no spaces and raw UTF-8: RFC 8785 for ASCII keys, strings, whole numbers, booleans."""
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def content_of_fact(fact: Fact) -> Content:
    """Return what an envelope says about one version of a fact."""
    payload: dict[str, str | bool] = {
        "concept": fact.key.concept,
        "origin": fact.origin,
        "provisional": fact.is_provisional,
        "sealed": fact.is_sealed,
        "source": fact.source.value,
    }
    if fact.value is not None:
        payload["value"] = fact.value
    return Content(
        kind=Kind.FACT,
        body=fact.key.siren,
        data_set=SHARED_CONCEPTS,
        period=str(fact.key.year),
        object_id=fact.key.to_text(),
        vector=fact.vector,
        hlc=fact.hlc,
        author=fact.author,
        schema=FACT_SCHEMA,
        payload=canonical_json(payload),
    )


def fact_of_content(content: Content) -> Fact:
    """Read back the version of a fact.

    Raises:
        EnvelopeMalformed: the payload does not say a fact, or says another one than the header.
    """
    if content.kind is not Kind.FACT or content.schema != FACT_SCHEMA:
        raise EnvelopeMalformed(f"schema {content.schema!r} is not known here")
    try:
        fields = _object(content.payload)
        fact = Fact(
            key=FactKey(content.body, int(content.period), str(fields["concept"])),
            value=None if "value" not in fields else _text(fields["value"]),
            vector=content.vector,
            hlc=content.hlc,
            author=content.author,
            origin=_text(fields["origin"]),
            source=Source(fields["source"]),
            is_provisional=fields["provisional"] is True,
            is_sealed=fields["sealed"] is True,
        )
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise EnvelopeMalformed(str(error)) from error
    if fact.key.to_text() != content.object_id:
        raise EnvelopeMalformed("the object id is not that of the payload")
    return fact


def _object(content: bytes) -> dict[str, Any]:
    value = json.loads(content)
    if not isinstance(value, dict):
        raise TypeError("not a JSON object")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
