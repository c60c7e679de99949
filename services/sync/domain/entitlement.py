"""Who may receive what: deny by default, from the membership document in force.

Of bodies, the only thing that crosses is a shared concept, and only between the ministry and that body's own federation
(T-26, domain.md §4). The same function is asked three times: when an envelope is appended, when it is read out, and by
the receiver. What an authority decides about its own controls is about no body and goes to every server.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from services.sync.domain.adjustment import ADJUSTMENTS, adjustment_of_content
from services.sync.domain.concept import Catalogue
from services.sync.domain.envelope import MEMBERSHIP, SHARED_CONCEPTS, Content, Kind, canonical_json, fact_of_content
from services.sync.domain.errors import EnvelopeMalformed, MembershipRejected
from services.sync.domain.fact import FactKey

YEAR_DIGITS = 4
"""Nothing longer is turned into a number: a peer may have written anything there."""


@dataclass(frozen=True, order=True, slots=True)
class Membership:
    """A body belongs to the federation for the years from first to last, both included."""

    siren: str
    family: str
    first_year: int
    last_year: int | None = None
    """None while it lasts."""

    def covers(self, year: int) -> bool:
        """Tell whether the year lies within the membership."""
        return self.first_year <= year and (self.last_year is None or year <= self.last_year)


@dataclass(frozen=True)
class MembershipDocument:
    """What the ministry states about one federation's bodies; each version replaces the one before as a whole."""

    ministry: str
    federation: str
    version: int
    families: frozenset[str] = frozenset()
    """Families whose shared facts travel."""
    members: tuple[Membership, ...] = ()

    def to_bytes(self) -> bytes:
        """Return the canonical bytes, which its digest names."""
        members: list[dict[str, str | int]] = []
        for member in sorted(self.members, key=lambda m: (m.siren, m.first_year, m.last_year or 0, m.family)):
            row: dict[str, str | int] = {"siren": member.siren, "family": member.family, "from": member.first_year}
            members.append(row if member.last_year is None else {**row, "to": member.last_year})
        return canonical_json(
            {
                "families": sorted(self.families),
                "federation": self.federation,
                "members": members,
                "ministry": self.ministry,
                "version": self.version,
            }
        )

    @classmethod
    def from_bytes(cls, content: bytes) -> "MembershipDocument":
        """Read a document, in its canonical bytes only.

        Raises:
            EnvelopeMalformed: it is something else.
        """
        try:
            fields = json.loads(content)
            document = cls(
                ministry=fields["ministry"],
                federation=fields["federation"],
                version=fields["version"],
                families=frozenset(fields["families"]),
                members=tuple(_member(row) for row in fields["members"]),
            )
            canonical = document.to_bytes()
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise EnvelopeMalformed(str(error)) from error
        if canonical != content or type(document.version) is not int:
            raise EnvelopeMalformed("not the canonical bytes of a membership document")
        return document

    def digest(self) -> str:
        """Return the hex digest by which envelopes cite the document."""
        return sha256(self.to_bytes()).hexdigest()

    def has_member(self, siren: str, year: int) -> bool:
        """Tell whether the body's shared facts of the year travel between the two servers."""
        return any(m.covers(year) and m.family in self.families for m in self._by_siren.get(siren, ()))

    @cached_property
    def _by_siren(self) -> Mapping[str, Sequence[Membership]]:
        index: dict[str, list[Membership]] = {}
        for member in self.members:
            index.setdefault(member.siren, []).append(member)
        return index

    def successor(self, other: "MembershipDocument", sender: str) -> "MembershipDocument":
        """Return ``other`` if it may replace this one, this one if it is the same or older.

        Raises:
            MembershipRejected: it is about other servers, does not come from the ministry, or reuses a version.
        """
        about = (other.ministry, other.federation) == (self.ministry, self.federation)
        reused = other.version == self.version and other.to_bytes() != self.to_bytes()
        if not about or sender != self.ministry or reused:
            raise MembershipRejected
        return other if other.version > self.version else self


def entitled(document: MembershipDocument, catalogue: Catalogue, sender: str, receiver: str, key: FactKey) -> bool:
    """Tell whether ``sender`` may let ``receiver`` have the fact. Anything not said is no."""
    concept = catalogue.get(key.concept)
    if concept is None or not document.has_member(key.siren, key.year):
        return False
    if (sender, receiver) == (document.ministry, document.federation):
        return True
    return (sender, receiver) == (document.federation, document.ministry) and concept.is_two_way


def may_travel(
    document: MembershipDocument, catalogue: Catalogue, sender: str, receiver: str, content: Content
) -> bool:
    """Tell whether an envelope with this content may pass; what cannot be read may not.

    The ministry relays what a former federation wrote to the present one; a federation speaks for itself only.
    """
    if content.kind is Kind.MEMBERSHIP:
        return content.data_set == MEMBERSHIP and (sender, receiver) == (document.ministry, document.federation)
    if content.kind is Kind.ADJUSTMENT:
        return content.data_set == ADJUSTMENTS and _is_of_its_authority(document, sender, receiver, content)
    if content.data_set != SHARED_CONCEPTS:
        return False
    # The header alone says no to most peers: what it says of body and year, the fact says too.
    is_a_year = len(content.period) == YEAR_DIGITS and content.period.isdecimal()
    if not is_a_year or not document.has_member(content.body, int(content.period)):
        return False
    try:
        fact = fact_of_content(content)
    except EnvelopeMalformed:
        return False
    is_authentic = fact.writer == sender or sender == document.ministry
    return is_authentic and entitled(document, catalogue, sender, receiver, fact.key)


def _is_of_its_authority(document: MembershipDocument, sender: str, receiver: str, content: Content) -> bool:
    """Tell whether the decision is its author's to take and the sender's to pass on; nobody is told its own decisions."""
    try:
        adjustment = adjustment_of_content(content)
    except EnvelopeMalformed:
        return False
    if {sender, receiver} != {document.ministry, document.federation} or adjustment.origin == receiver:
        return False
    return adjustment.is_its_own(document.ministry) and sender in (adjustment.origin, document.ministry)


def newly_entitled(before: MembershipDocument, after: MembershipDocument, keys: Iterable[FactKey]) -> list[FactKey]:
    """Return the facts to send because the new document covers their body and year and the old one did not."""
    return [key for key in keys if after.has_member(key.siren, key.year) and not before.has_member(key.siren, key.year)]


def _member(row: dict[str, object]) -> Membership:
    siren, family, first, last = row["siren"], row["family"], row["from"], row.get("to")
    if not (isinstance(siren, str) and isinstance(family, str) and type(first) is int):
        raise TypeError("a membership has a SIREN, a family and a first year")
    if last is not None and type(last) is not int:
        raise TypeError("a last year is a whole number")
    return Membership(siren, family, first, last)
