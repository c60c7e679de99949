"""Messages ↔ domain, both directions side by side."""

from collections.abc import Iterable

from harmonia.auth.v1 import auth_pb2 as pb

from chassis.errors import Invalid, Violation
from services.auth.domain.body import Body, Family
from services.auth.domain.matrix import MatrixRow
from services.auth.domain.member import Member, Profile
from services.auth.domain.role import Role
from services.auth.usecases.issue_passport import IssuedPassport
from services.auth.usecases.provision import ProvisioningDocument
from services.auth.usecases.register_member import MemberDraft
from services.auth.usecases.register_partner import PartnerDraft


def from_passport(issued: IssuedPassport) -> pb.Passport:
    """Encode a passport: the signed token, and what it says in clear."""
    passport = issued.passport
    message = pb.Passport(
        token=issued.token,
        subject=passport.subject,
        name=passport.name,
        partner=passport.partner or "",
        grants=[
            pb.ScopeGrant(scope=scope, permissions=sorted(held), name=issued.names.get(scope, ""))
            for scope, held in sorted(passport.grants.items())
        ],
    )
    message.expires_at.FromDatetime(passport.expires_at)
    if passport.authenticated_at is not None:
        message.authenticated_at.FromDatetime(passport.authenticated_at)
    return message


def from_member(member: Member) -> pb.Member:
    """Encode a member."""
    return pb.Member(
        subject=member.subject,
        username=member.profile.username,
        name=member.profile.name,
        email=member.profile.email,
        body=member.scope,
        roles=sorted(role.value for role in member.roles),
        is_active=member.is_active,
    )


def to_draft(message: pb.Member, password: str = "") -> MemberDraft:
    """Decode a member as it must be; ``is_active`` is not read: disabling has its own method.

    Raises:
        Invalid: an unknown role, or a malformed field.
    """
    return MemberDraft(
        scope=message.body,
        profile=Profile(message.username.strip().lower(), message.name.strip(), message.email.strip()),
        roles=frozenset(_role(name) for name in message.roles),
        subject=message.subject,
        password=password,
    )


def from_body(body: Body) -> pb.Body:
    """Encode a body."""
    return pb.Body(siren=body.siren, name=body.name, family=body.family.value, departement=body.departement)


def to_body(message: pb.Body) -> Body:
    """Decode a body.

    Raises:
        Invalid: an unknown family, or a malformed field.
    """
    if message.family not in {family.value for family in Family}:
        raise Invalid(violations=[Violation("body.family", "La famille est OPH, ESH, COOP ou SEM.")])
    return Body(message.siren, message.name, Family(message.family), message.departement)


def from_matrix(rows: Iterable[MatrixRow]) -> list[pb.PermissionRow]:
    """Encode the roles matrix."""
    return [
        pb.PermissionRow(
            permission=row.permission.value,
            meaning=row.meaning,
            roles=[role.value for role in Role if role in row.holders],
        )
        for row in rows
    ]


def to_document(request: pb.ProvisionRequest) -> ProvisioningDocument:
    """Decode a provisioning document.

    Raises:
        Invalid: anything in it is malformed; nothing is then loaded.
    """
    return ProvisioningDocument(
        bodies=[to_body(body) for body in request.bodies],
        members=[to_draft(account.member, account.password) for account in request.accounts],
        partners=[PartnerDraft(one.partner, one.name, one.client_id, one.client_secret) for one in request.clients],
    )


def _role(name: str) -> Role:
    if name not in {role.value for role in Role}:
        raise Invalid(violations=[Violation("member.roles", f"Le rôle « {name[:40]} » n'existe pas.")])
    return Role(name)
