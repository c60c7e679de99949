"""What can be done with people, partners and sessions: one file a verb, one transaction each. No technology here."""

from dataclasses import dataclass

from services.auth.usecases.disable_member import DisableMember
from services.auth.usecases.list_bodies import ListBodies
from services.auth.usecases.list_members import ListMembers
from services.auth.usecases.open_partner_session import OpenPartnerSession
from services.auth.usecases.open_session import OpenSession
from services.auth.usecases.provision import Provision
from services.auth.usecases.register_member import RegisterMember


@dataclass(frozen=True, slots=True)
class UseCases:
    """Every verb of this service, wired; what the servicer calls."""

    open_session: OpenSession
    open_partner_session: OpenPartnerSession
    list_members: ListMembers
    register_member: RegisterMember
    disable_member: DisableMember
    list_bodies: ListBodies
    provision: Provision
