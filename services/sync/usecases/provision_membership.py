"""States, at the ministry, which bodies belong to which federation; the federations learn it through the stream."""

from collections.abc import Iterable, Mapping

from chassis.clock import Clock
from services.sync.domain.entitlement import Membership, MembershipDocument
from services.sync.domain.envelope import MEMBERSHIP, MEMBERSHIP_SCHEMA, Content, Kind
from services.sync.domain.hlc import HybridClock
from services.sync.domain.version_vector import VersionVector
from services.sync.usecases.ports import OpensWork, UnitOfWork
from services.sync.usecases.sending import Here, append, backfill


class ProvisionMembership:
    """Idempotent: what is stated already changes nothing. A federation does nothing here: the ministry's word comes by sync."""

    def __init__(
        self, open_work: OpensWork, here: Here, families: frozenset[str], clock: Clock, hybrid: HybridClock
    ) -> None:
        self._open_work, self._here, self._families = open_work, here, families
        self._clock, self._hybrid = clock, hybrid

    async def __call__(self, members: Mapping[str, Iterable[Membership]]) -> int:
        """Replace the documents of the federations named, and withdraw the bodies of those that are not.

        Returns:
            How many documents changed.
        """
        if not self._here.writer.is_ministry:
            return 0
        changed = 0
        async with self._open_work() as work:
            for federation in sorted({*members, *await work.memberships.federations()}):
                changed += await self._state(work, federation, tuple(sorted(members.get(federation, ()))))
            await work.commit()
        return changed

    async def _state(self, work: UnitOfWork, federation: str, members: tuple[Membership, ...]) -> bool:
        before = await self._here.document(work, federation)
        if before.version and (before.members, before.families) == (members, self._families):
            return False
        after = MembershipDocument(self._here.ministry, federation, before.version + 1, self._families, members)
        await work.facts.lock({member.siren for member in (*before.members, *after.members)})
        await work.memberships.put(after)
        content = Content(
            kind=Kind.MEMBERSHIP,
            body="",
            data_set=MEMBERSHIP,
            period="",
            object_id=f"membership/{after.version}",
            vector=VersionVector(((self._here.server, after.version),)),
            hlc=self._hybrid.tick(int(self._clock.now().timestamp() * 1000)),
            author="sync",
            schema=MEMBERSHIP_SCHEMA,
            payload=after.to_bytes(),
        )
        await append(work, self._here, federation, [content])
        await backfill(work, self._here, federation, before, after)
        return True
