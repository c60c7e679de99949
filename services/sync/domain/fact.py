"""A shared fact: one concept of one body and year, in all the versions that no later version has replaced.

A fact held on two servers is a set of versions of which none was made in the knowledge of another. Merging takes the
union and drops what is dominated: it is commutative, associative and idempotent, so two servers that have seen the same
versions hold the same fact, in whatever order they came. Two values left standing are a *conflict*: never decided by
time, always by a person of the body, whose choice dominates both.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import Enum
from hashlib import sha256

from services.sync.domain.concept import Concept, Nature
from services.sync.domain.errors import (
    CausalityForged,
    ChoiceOutdated,
    ConceptReadOnly,
    FactInConflict,
    FactSealed,
    NotInConflict,
)
from services.sync.domain.hlc import START, HybridTime
from services.sync.domain.version_vector import VersionVector


class Source(Enum):
    """How the value came into the document where it was written."""

    TYPED = "typed"
    IMPORTED = "imported"
    COMPUTED = "computed"
    RESOLVED = "resolved"
    """Chosen by a person between values in conflict."""


class Outcome(Enum):
    """What taking in a version did to the fact."""

    UNCHANGED = "unchanged"
    """The very version was there."""
    IGNORED = "ignored"
    """A later version, made in its knowledge, is held already."""
    APPLIED = "applied"
    CONFLICT = "conflict"
    """It stands beside a different value: both are kept."""


@dataclass(frozen=True, order=True, slots=True)
class FactKey:
    """Which fact: body, year, concept."""

    siren: str
    year: int
    concept: str

    def to_text(self) -> str:
        """Return the object id, ``123456789/2024/PRD.LOYERS_CONV``."""
        return f"{self.siren}/{self.year}/{self.concept}"


@dataclass(frozen=True, slots=True)
class Fact:
    """One version of a shared fact, as its author's server wrote it; it never changes."""

    key: FactKey
    value: str | None
    """Written form of decisions.md 7; None for an empty cell."""
    vector: VersionVector
    hlc: HybridTime
    author: str
    """Subject of the person or service who wrote it."""
    origin: str
    """The server it was written on. ``FED-OPH@MIN`` is what MIN wrote of FED-OPH, when it took back a choice between both."""
    source: Source
    is_provisional: bool = False
    """Computed and not yet signed: for display, not for statistics."""
    is_sealed: bool = False
    """Belongs to a signed ER."""

    @property
    def writer(self) -> str:
        """The server it was written on."""
        return self.origin.rpartition("@")[2]

    @property
    def holder(self) -> str:
        """The server whose value it is: the one it was written on, or the one it was written for."""
        return self.origin.partition("@")[0]

    @property
    def is_put_back(self) -> bool:
        """Whether it was written for another server, when a choice was taken back."""
        return self.origin != self.writer

    def sort_key(self) -> tuple[HybridTime, str, str, str]:
        """Order for display: by time, then by what makes the order the same on all servers."""
        return (self.hlc, self.origin, self.vector.to_text(), self.value or "")

    def digest(self) -> bytes:
        """Return a digest of everything said here, for comparing two servers."""
        parts = (
            self.key.to_text(),
            "=" + self.value if self.value is not None else "",
            self.vector.to_text(),
            str(self.hlc.packed()),
            self.author,
            self.origin,
            self.source.value,
            str(self.is_provisional),
            str(self.is_sealed),
        )
        return sha256("\x00".join(parts).encode()).digest()


Said = tuple[str, str | None, str]
"""The server where a value was written, the value, and its author."""


@dataclass(frozen=True, slots=True)
class OtherValue:
    """The value of another server, as it stood beside ours before a person chose between the two."""

    value: str | None
    server: str
    author: str
    hlc: HybridTime


@dataclass(frozen=True, slots=True)
class Edit:
    """A change made on this server, before it has a place in the order of things."""

    value: str | None
    source: Source
    author: str
    base: VersionVector | None = None
    """The version the author had before their eyes; None means whatever is held now."""


@dataclass(frozen=True, slots=True)
class Writer:
    """The server on which a change is made."""

    server: str
    is_ministry: bool


@dataclass(frozen=True, slots=True)
class SharedFact:
    """All standing versions of one fact. Usually one; more than one value is a conflict."""

    key: FactKey
    versions: tuple[Fact, ...] = ()
    """None of them dominates another; sorted for display."""

    @property
    def context(self) -> VersionVector:
        """Everything known here about the fact."""
        known = VersionVector()
        for version in self.versions:
            known = known.join(version.vector)
        return known

    @property
    def is_conflict(self) -> bool:
        """Whether different values stand beside each other."""
        return len({version.value for version in self.versions}) > 1

    @property
    def sealed(self) -> Fact | None:
        """The signed version, if the ER is signed."""
        return next((version for version in reversed(self.versions) if version.is_sealed), None)

    @property
    def current(self) -> Fact | None:
        """The version to show and compute with: the signed one, else the latest shown; None while in conflict."""
        if self.sealed:
            return self.sealed
        return self.versions[-1] if self.versions and not self.is_conflict else None

    def digest(self) -> bytes:
        """Return a digest of the standing versions; equal on two servers if and only if they hold the same."""
        return sha256(b"".join(sorted(version.digest() for version in self.versions))).digest()

    def merged(self, incoming: Fact) -> tuple["SharedFact", Outcome]:
        """Take in one version, from anywhere, any number of times, in any order."""
        if incoming in self.versions:
            return self, Outcome.UNCHANGED
        if any(version.vector.dominates(incoming.vector) for version in self.versions):
            return self, Outcome.IGNORED
        standing = [version for version in self.versions if not incoming.vector.dominates(version.vector)]
        merged = replace(self, versions=tuple(sorted([*standing, incoming], key=Fact.sort_key)))
        return merged, Outcome.CONFLICT if merged.is_conflict else Outcome.APPLIED

    def received(
        self, incoming: Fact, *, concept: Concept, sender: Writer, here: str, said: Collection[Said] = ()
    ) -> tuple["SharedFact", Outcome]:
        """Take in a version that a peer sent, after checking that the peer may say so.

        Args:
            incoming: the version.
            concept: of the fact.
            sender: the peer.
            here: this server.
            said: what was ever written of the fact, as far as this server was told: a federation that takes a choice back
                may put that, and nothing else, beside its own value in the name of another server.

        Raises:
            ConceptReadOnly: a federation wrote a concept that only the ministry writes.
            CausalityForged: it speaks for another server, puts words in our mouth, or claims changes of ours that we never
                made; those we made for another server are ours too.
            FactSealed: a federation replaces or forges a signed version.
        """
        ours = [(name, count) for name, count in incoming.vector.entries if name.rpartition("@")[2] == here]
        if incoming.vector.count(incoming.origin) < 1 or any(count > self.context.count(name) for name, count in ours):
            raise CausalityForged
        if not sender.is_ministry:
            if incoming.origin not in (sender.server, f"{incoming.holder}@{sender.server}"):
                raise CausalityForged("A federation relays a version written elsewhere.")
            if incoming.is_put_back and (incoming.holder, incoming.value, incoming.author) not in said:
                raise CausalityForged("A federation gives another server a value that was never written there.")
            if not concept.is_two_way:
                raise ConceptReadOnly
            if incoming.is_sealed or any(v.is_sealed and incoming.vector.dominates(v.vector) for v in self.versions):
                raise FactSealed
        return self.merged(incoming)

    def changed(self, edit: Edit, *, concept: Concept, writer: Writer, now: HybridTime) -> tuple["SharedFact", Outcome]:
        """Write a new value on this server; an equal value changes nothing.

        A change whose author had not yet heard of the seal stands beside the signed version, as a conflict.

        Raises:
            ConceptReadOnly: this server may not write the concept.
            FactSealed: the ER is signed, and the author knew.
            FactInConflict: two values stand and no ``base`` says that the author knew them: one must be chosen.
        """
        if not (writer.is_ministry or concept.is_two_way):
            raise ConceptReadOnly
        if self.current and self.current.value == edit.value:
            return self, Outcome.UNCHANGED
        if self.sealed and (edit.base is None or edit.base.knows(self.sealed.vector)):
            raise FactSealed
        if self.is_conflict and edit.base is None:
            raise FactInConflict
        written = self._version(edit, writer, now)
        return self.merged(replace(written, is_provisional=concept.nature is Nature.COMPUTED))

    def resolved(
        self, chosen: VersionVector, seen: VersionVector, *, author: str, writer: Writer, now: HybridTime
    ) -> "SharedFact":
        """Choose one of the standing versions; the choice dominates them all.

        Raises:
            NotInConflict: there is nothing to choose.
            ChoiceOutdated: ``seen`` is not the present context, or ``chosen`` no longer stands.
            FactSealed: the ER is signed, and the choice is not the signed value or not made at the ministry.
        """
        if not self.is_conflict:
            raise NotInConflict
        choice = next((version for version in self.versions if version.vector == chosen), None)
        if choice is None or seen != self.context:
            raise ChoiceOutdated
        if self.sealed and not (writer.is_ministry and choice.is_sealed):
            raise FactSealed
        source = Source.COMPUTED if choice.source is Source.COMPUTED else Source.RESOLVED
        version = self._version(Edit(choice.value, source, author), writer, now)
        flags = replace(version, is_provisional=choice.is_provisional, is_sealed=choice.is_sealed)
        return self.merged(flags)[0]

    def taken_back(
        self, edit: Edit, other: OtherValue, *, concept: Concept, writer: Writer, now: HybridTime
    ) -> tuple["SharedFact", Outcome]:
        """Take a choice back: our value and the other one stand beside each other again, until somebody chooses.

        Both know what ``edit.base`` knows, the choice in it, and neither knows the other: this server writes the second one
        with another hand, so that they are two changes at once like those they were before. What came meanwhile stands too.

        Raises:
            ConceptReadOnly: this server may not write the concept.
            FactSealed: the ER is signed.
        """
        if not (writer.is_ministry or concept.is_two_way):
            raise ConceptReadOnly
        if self.sealed:
            raise FactSealed
        other_hand = Writer(f"{other.server}@{writer.server}", writer.is_ministry)
        theirs = self._version(replace(edit, value=other.value, author=other.author), other_hand, now)
        beside, _ = self.merged(replace(theirs, hlc=other.hlc))
        return beside.merged(self._version(edit, writer, now))

    def sealed_as(self, edit: Edit, *, writer: Writer, now: HybridTime) -> tuple["SharedFact", Outcome]:
        """Freeze the value that was signed with the ER; a change not known to the signed version stays as a conflict.

        Raises:
            ConceptReadOnly: only the ministry holds the ER.
            FactInConflict: no ``base`` says which version was signed, and two stand.
        """
        if not writer.is_ministry:
            raise ConceptReadOnly
        if self.sealed and self.sealed.value == edit.value:
            return self, Outcome.UNCHANGED
        if self.is_conflict and edit.base is None and not self.sealed:
            raise FactInConflict
        return self.merged(replace(self._version(edit, writer, now), is_sealed=True))

    def reopened(self, *, author: str, writer: Writer, now: HybridTime) -> tuple["SharedFact", Outcome]:
        """Let the fact change again because its ER was reopened; changes refused meanwhile become ordinary conflicts.

        Raises:
            ConceptReadOnly: only the ministry holds the ER.
        """
        if not writer.is_ministry:
            raise ConceptReadOnly
        if self.sealed is None:
            return self, Outcome.UNCHANGED
        signed = self.sealed
        version = self._version(Edit(signed.value, signed.source, author, base=signed.vector), writer, now)
        return self.merged(replace(version, is_provisional=signed.source is Source.COMPUTED))

    def _version(self, edit: Edit, writer: Writer, now: HybridTime) -> Fact:
        known = self.context
        base = known if edit.base is None else edit.base
        count = max(known.count(writer.server), base.count(writer.server)) + 1
        latest = max((version.hlc for version in self.versions), default=START)
        return Fact(
            key=self.key,
            value=edit.value,
            vector=base.raised(writer.server, count),
            hlc=now if now > latest else latest.next(now.millis),
            author=edit.author,
            origin=writer.server,
            source=edit.source,
        )
