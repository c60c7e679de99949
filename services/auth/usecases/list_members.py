"""List the members of a body with their roles."""

from collections.abc import Sequence

from chassis.identity import Caller
from services.auth.domain.member import Member
from services.auth.domain.permissions import Permission
from services.auth.usecases.ports import UnitsOfWork


class ListMembers:
    """For those who manage the users of that body."""

    def __init__(self, units: UnitsOfWork) -> None:
        self._units = units

    async def __call__(self, caller: Caller, scope: str) -> Sequence[Member]:
        """Return the members by name, disabled ones included.

        Raises:
            NotFound, Forbidden: the caller does not manage the users of this scope.
        """
        caller.require(Permission.MEMBER_MANAGE, scope)
        async with self._units() as unit:
            return await unit.members.of_scope(scope)
