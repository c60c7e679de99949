"""Version vectors: which changes of which servers a version was made in the knowledge of."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Self


class Causality(Enum):
    """How one version stands to another."""

    EQUAL = "equal"
    BEFORE = "before"
    """The other one was made in the knowledge of this one."""
    AFTER = "after"
    CONCURRENT = "concurrent"
    """Neither knew of the other: if they differ, only a person can choose."""


@dataclass(frozen=True, slots=True)
class VersionVector:
    """A count of changes per server, absent meaning none; kept sorted so that equal vectors have equal bytes."""

    entries: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        if any(count < 1 for _, count in self.entries) or list(self.entries) != sorted(dict(self.entries).items()):
            raise ValueError("a version vector has sorted servers, each once, with a count of at least one")

    @classmethod
    def of(cls, counts: Iterable[tuple[str, int]]) -> Self:
        """Build a vector from counts in any order."""
        return cls(tuple(sorted(counts)))

    def count(self, server: str) -> int:
        """Return how many changes of ``server`` are known."""
        return next((count for name, count in self.entries if name == server), 0)

    def join(self, other: "VersionVector") -> "VersionVector":
        """Return the least vector that knows what either knows."""
        if self == other:
            return self
        counts = dict(self.entries)
        for server, count in other.entries:
            counts[server] = max(count, counts.get(server, 0))
        return VersionVector.of(counts.items())

    def raised(self, server: str, count: int) -> "VersionVector":
        """Return this vector with ``server`` at exactly ``count``, which must not be a step back."""
        if count < self.count(server):
            raise ValueError("a version vector only grows")
        return VersionVector.of({**dict(self.entries), server: count}.items())

    def compare(self, other: "VersionVector") -> Causality:
        """Tell how this version stands to ``other``."""
        if self.entries == other.entries:
            return Causality.EQUAL
        mine, theirs = dict(self.entries), dict(other.entries)
        knows_all = all(mine.get(server, 0) >= count for server, count in theirs.items())
        known_by = all(theirs.get(server, 0) >= count for server, count in mine.items())
        if knows_all:
            return Causality.AFTER
        return Causality.BEFORE if known_by else Causality.CONCURRENT

    def dominates(self, other: "VersionVector") -> bool:
        """Tell whether this version was made in the knowledge of ``other`` and of more."""
        return self.compare(other) is Causality.AFTER

    def knows(self, other: "VersionVector") -> bool:
        """Tell whether this version is ``other`` or was made in its knowledge."""
        return self.compare(other) in (Causality.EQUAL, Causality.AFTER)

    def to_text(self) -> str:
        """Return ``FED-OPH:2,MIN:5``; the same for equal vectors."""
        return ",".join(f"{server}:{count}" for server, count in self.entries)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read what ``to_text`` wrote, and nothing else.

        Raises:
            ValueError: not the one written form of a vector.
        """
        pairs = [item.rpartition(":") for item in text.split(",")] if text else []
        vector = cls(tuple((server, int(count)) for server, _, count in pairs))
        if vector.to_text() != text:
            raise ValueError("not the canonical form of a version vector")
        return vector
