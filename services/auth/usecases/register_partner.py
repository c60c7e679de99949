"""Register a partner, or any program, with a credential of its own at the identity provider."""

from dataclasses import dataclass, replace

from chassis.clock import Clock
from services.auth.domain.events import PartnerRegistered
from services.auth.domain.partner import Partner
from services.auth.usecases.identity_ports import Credential, Directory
from services.auth.usecases.ports import UnitsOfWork


@dataclass(frozen=True, slots=True)
class PartnerDraft:
    """The partner as it must be."""

    code: str
    """``CDC``, ``PREFET-21``; empty for a program that is no partner and gets its rights as a member."""
    name: str
    client_id: str
    secret: str = ""
    """Empty: one is made."""


class RegisterPartner:
    """Idempotent by code; the secret is renewed each time."""

    def __init__(self, units: UnitsOfWork, directory: Directory, clock: Clock) -> None:
        self._units = units
        self._directory = directory
        self._clock = clock

    async def __call__(self, draft: PartnerDraft, by: str) -> tuple[Credential, bool]:
        """Return the credential, to be shown once, and whether the partner is new or changed.

        Raises:
            PartnerExists: the identifier is that of an application with users.
        """
        credential = await self._directory.register_software(draft.client_id, draft.name, draft.secret)
        if not draft.code:
            return credential, False
        now = self._clock.now()
        partner = Partner(draft.code, draft.name, draft.client_id, credential.subject, now)
        async with self._units() as unit:
            before = await unit.partners.of_code(draft.code)
            if before is not None and replace(partner, registered_at=before.registered_at) == before:
                return credential, False
            await unit.partners.put(partner)
            await unit.journal.append(PartnerRegistered(draft.code, by, now))
            await unit.commit()
        return credential, True
