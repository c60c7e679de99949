"""End a member's roles on a body at once; the person's other bodies keep theirs."""

from chassis.clock import Clock
from chassis.identity import Caller
from services.auth.domain.errors import OwnRightsUntouchable, UnknownMember
from services.auth.domain.events import MemberShutOut
from services.auth.domain.permissions import Permission
from services.auth.usecases.identity_ports import Directory
from services.auth.usecases.ports import UnitsOfWork


class DisableMember:
    """Idempotent: a member already shut out stays so."""

    def __init__(self, units: UnitsOfWork, directory: Directory, clock: Clock) -> None:
        self._units = units
        self._directory = directory
        self._clock = clock

    async def __call__(self, caller: Caller, subject: str, scope: str) -> None:
        """Shut the member out; with no role left anywhere, the person can no longer log in either.

        Raises:
            NotFound, Forbidden: the caller does not manage the users of this scope.
            UnknownMember: nobody of this subject on this scope.
            OwnRightsUntouchable: the caller would shut themselves out.
        """
        caller.require(Permission.MEMBER_MANAGE, scope)
        if subject == caller.subject:
            raise OwnRightsUntouchable
        async with self._units() as unit:
            member = await unit.members.find(subject, scope)
            if member is None:
                raise UnknownMember
            now = self._clock.now()
            ended = member.disabled(now)
            if ended is not member:
                await unit.members.save(ended)
                await unit.journal.append(MemberShutOut(subject, scope, caller.subject, now))
                await unit.commit()
        async with self._units() as unit:
            is_over = not any(one.is_active for one in await unit.members.of_subject(subject))
        if is_over:
            await self._directory.disable_user(subject)
