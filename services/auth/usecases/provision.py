"""Load bodies, people and partners from a provisioning document."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.auth.domain.body import Body
from services.auth.usecases.ports import UnitsOfWork
from services.auth.usecases.register_member import MemberDraft, RegisterMember
from services.auth.usecases.register_partner import PartnerDraft, RegisterPartner

PROVISIONING = "provisioning"
"""Who the journal says it was."""


@dataclass(frozen=True, slots=True)
class ProvisioningDocument:
    """What must be there."""

    bodies: Sequence[Body]
    members: Sequence[MemberDraft]
    partners: Sequence[PartnerDraft]


class Provision:
    """Idempotent: what exists is updated; a password that somebody has is never changed."""

    def __init__(self, units: UnitsOfWork, register_member: RegisterMember, register_partner: RegisterPartner) -> None:
        self._units = units
        self._register_member = register_member
        self._register_partner = register_partner

    async def __call__(self, document: ProvisioningDocument) -> int:
        """Return how many bodies, members and partners were made or changed.

        Each body, member and partner is its own transaction: after a failure, the same document is sent again.
        """
        changed = 0
        for body in document.bodies:
            changed += await self._put(body)
        for member in document.members:
            changed += (await self._register_member.apply(member, PROVISIONING, is_trusted=True)).is_changed
        for partner in document.partners:
            _, is_changed = await self._register_partner(partner, PROVISIONING)
            changed += is_changed
        return changed

    async def _put(self, body: Body) -> bool:
        async with self._units() as unit:
            if await unit.bodies.find(body.siren) == body:
                return False
            await unit.bodies.put(body)
            await unit.commit()
        return True
