"""Turn a proven identity into a passport: the one place where *who* becomes *what they may*."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chassis.clock import Clock
from chassis.identifiers import Identifiers
from services.auth.domain.errors import NotAMember
from services.auth.domain.identity import ProvenIdentity
from services.auth.domain.matrix import RolesMatrix
from services.auth.domain.member import Member
from services.auth.domain.partner import Partner
from services.auth.domain.passport import Passport, issuer_of
from services.auth.usecases.ports import PassportSigner, UnitsOfWork


@dataclass(frozen=True, slots=True)
class IssuedPassport:
    """A signed passport, and the names of the bodies it is good for."""

    passport: Passport
    token: str
    names: Mapping[str, str]
    """SIREN → name of the body."""


class IssuePassport:
    """Looks the subject up among partners and members; who is neither gets nothing."""

    def __init__(
        self,
        stack: str,
        units: UnitsOfWork,
        matrix: RolesMatrix,
        signer: PassportSigner,
        clock: Clock,
        identifiers: Identifiers,
    ) -> None:
        self._stack = stack
        self._units = units
        self._matrix = matrix
        self._signer = signer
        self._clock = clock
        self._identifiers = identifiers

    async def __call__(self, identity: ProvenIdentity) -> IssuedPassport:
        """Return a fresh passport with the rights of this very moment.

        Raises:
            NotAMember: neither a partner nor an active member of anything here.
        """
        async with self._units() as unit:
            partner = await unit.partners.of_subject(identity.subject)
            members = await unit.members.of_subject(identity.subject)
            rights = self._rights(partner, members)
            bodies = await unit.bodies.named(rights.keys())
        passport = Passport(
            id=str(self._identifiers.next()),
            issuer=issuer_of(self._stack),
            subject=identity.subject,
            name=partner.name if partner else identity.name or members[0].profile.name,
            username=identity.username,
            acr=identity.acr,
            authenticated_at=identity.authenticated_at,
            grants=rights,
            partner=partner.code if partner else None,
            session_id=identity.session_id,
            issued_at=self._clock.now(),
        )
        return IssuedPassport(passport, self._signer.sign(passport), {body.siren: body.name for body in bodies})

    def _rights(self, partner: Partner | None, members: Sequence[Member]) -> dict[str, frozenset[str]]:
        if partner is not None:
            rights = self._matrix.rights(partner.grants) if partner.is_active else {}
        else:
            rights = self._matrix.rights(grant for member in members for grant in member.grants)
        if not rights:
            raise NotAMember
        return rights
