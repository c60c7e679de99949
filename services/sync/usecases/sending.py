"""Puts versions into the streams of the peers entitled to them; part of the use cases that write facts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.sync.domain.adjustment import Adjustment, content_of_adjustment
from services.sync.domain.concept import Catalogue
from services.sync.domain.entitlement import MembershipDocument, may_travel, newly_entitled
from services.sync.domain.envelope import Content, content_of_fact
from services.sync.domain.fact import Fact, Writer
from services.sync.domain.hlc import HybridTime
from services.sync.usecases.ports import UnitOfWork


@dataclass(frozen=True, slots=True)
class Here:
    """This server, as the exchange sees it."""

    server: str
    ministry: str
    catalogue: Catalogue
    peers: frozenset[str] = frozenset()
    """Servers configured as peers: they may ask for their stream, empty as it may be."""

    @property
    def writer(self) -> Writer:
        """This server as the author of changes."""
        return Writer(self.server, self.server == self.ministry)

    def federation_between(self, peer: str) -> str:
        """Return which of the two servers is the federation."""
        return peer if self.writer.is_ministry else self.server

    async def document(self, work: UnitOfWork, peer: str) -> MembershipDocument:
        """Return the document that governs what passes between us and the peer; without one nothing passes."""
        return self._or_empty(peer, await work.memberships.in_force(self.federation_between(peer)))

    async def partners(self, work: UnitOfWork) -> Sequence[str]:
        """Return the servers that may ask for a stream: the federations of the ministry, the ministry of a federation."""
        return self._partners_among(await work.memberships.federations())

    async def documents(self, work: UnitOfWork) -> dict[str, MembershipDocument]:
        """Return the document of each partner."""
        kept = await work.memberships.all_in_force()
        return {
            peer: self._or_empty(peer, kept.get(self.federation_between(peer))) for peer in self._partners_among(kept)
        }

    def _partners_among(self, federations: Iterable[str]) -> list[str]:
        return sorted(self.peers.union(federations)) if self.writer.is_ministry else [self.ministry]

    def _or_empty(self, peer: str, kept: MembershipDocument | None) -> MembershipDocument:
        return kept or MembershipDocument(self.ministry, self.federation_between(peer), 0)


async def send(work: UnitOfWork, here: Here, versions: Iterable[Fact]) -> int:
    """Append the versions for every entitled peer, in this transaction; return how many envelopes that makes."""
    contents = [content_of_fact(version) for version in versions]
    documents = await here.documents(work) if contents else {}
    return sum(_append(work, here, peer, document, contents) for peer, document in documents.items())


async def send_adjustments(
    work: UnitOfWork, here: Here, adjustments: Iterable[tuple[Adjustment, HybridTime]], peers: Sequence[str] = ()
) -> int:
    """Append decisions for every peer that may have them, or for those named; return how many envelopes that makes."""
    contents = [content_of_adjustment(adjustment, hlc) for adjustment, hlc in adjustments]
    return sum([await append(work, here, peer, contents) for peer in peers or await here.partners(work)])


async def append(work: UnitOfWork, here: Here, peer: str, contents: Sequence[Content]) -> int:
    """Append what the peer may have; return how many envelopes that makes."""
    return _append(work, here, peer, await here.document(work, peer), contents)


def _append(work: UnitOfWork, here: Here, peer: str, document: MembershipDocument, contents: Sequence[Content]) -> int:
    allowed = [c for c in contents if may_travel(document, here.catalogue, here.server, peer, c)]
    if allowed:
        work.streams.append(peer, allowed, document)
    return len(allowed)


async def backfill(
    work: UnitOfWork, here: Here, peer: str, before: MembershipDocument, after: MembershipDocument
) -> int:
    """Send the peer what is held of bodies that the new document opens and the old one did not."""
    bodies = {member.siren for member in after.members}
    keys = newly_entitled(before, after, await work.facts.keys_of(bodies))
    facts = await work.facts.of_keys(keys)
    versions = [version for key in sorted(facts) for version in facts[key].versions]
    return await append(work, here, peer, [content_of_fact(version) for version in versions])
