"""Tell which bodies somebody may act for, and what one body is."""

from collections.abc import Sequence

from chassis.identity import EVERY_SCOPE, Caller
from services.auth.domain.body import Body
from services.auth.domain.errors import UnknownBody
from services.auth.domain.permissions import Permission
from services.auth.usecases.ports import UnitsOfWork


class ListBodies:
    """The bodies whose filings the caller may read."""

    def __init__(self, units: UnitsOfWork) -> None:
        self._units = units

    async def __call__(self, caller: Caller) -> Sequence[Body]:
        """Return the bodies, by name."""
        scopes = caller.scopes(Permission.FILING_READ)
        async with self._units() as unit:
            return await unit.bodies.every() if EVERY_SCOPE in scopes else await unit.bodies.named(scopes)

    async def one(self, siren: str) -> Body:
        """Return one body, for another service.

        Raises:
            UnknownBody: no body has this SIREN.
        """
        async with self._units() as unit:
            body = await unit.bodies.find(siren)
        if body is None:
            raise UnknownBody(metadata={"siren": siren[:9]})
        return body
