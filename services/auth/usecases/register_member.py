"""Register a member of a body, or change their roles."""

import secrets
from dataclasses import dataclass

from chassis.clock import Clock
from chassis.identity import EVERY_SCOPE, Caller
from services.auth.domain.errors import OwnRightsUntouchable, UnknownBody, UnknownMember, UsernameTaken
from services.auth.domain.events import MemberRegistered
from services.auth.domain.member import Member, Profile, check_roles
from services.auth.domain.permissions import Permission
from services.auth.domain.role import Role
from services.auth.usecases.identity_ports import Directory
from services.auth.usecases.ports import UnitOfWork, UnitsOfWork


@dataclass(frozen=True, slots=True)
class MemberDraft:
    """The member as it must be."""

    scope: str
    profile: Profile
    roles: frozenset[Role]
    subject: str = ""
    """Empty for somebody new on this scope, who is then found by login name or created."""
    password: str = ""
    """First password when the person must be created; empty: one is made."""

    def __post_init__(self) -> None:
        """Refuse roles that may not be given here or not together, before anybody is created for them."""
        check_roles(self.scope, self.roles)


@dataclass(frozen=True, slots=True)
class RegisteredMember:
    """The member as it is now."""

    member: Member
    first_password: str
    """Given once, when the person was created with a password that we made; empty otherwise."""
    is_changed: bool


class RegisterMember:
    """Idempotent by person and scope: the same draft again changes nothing."""

    def __init__(self, units: UnitsOfWork, directory: Directory, clock: Clock) -> None:
        self._units = units
        self._directory = directory
        self._clock = clock

    async def __call__(self, caller: Caller, draft: MemberDraft) -> RegisteredMember:
        """Register for an administrator of the scope.

        Raises:
            NotFound, Forbidden: the caller does not manage the users of this scope.
            OwnRightsUntouchable: the caller would change their own rights.
            UnknownBody: no body has this SIREN.
            UsernameTaken: the name belongs to a person whose e-mail address is not the one given.
            MemberChanged: somebody changed the member at the same time.
        """
        caller.require(Permission.MEMBER_MANAGE, draft.scope)
        return await self.apply(draft, caller.subject, is_trusted=False)

    async def apply(self, draft: MemberDraft, by: str, *, is_trusted: bool) -> RegisteredMember:
        """Register on behalf of ``by``; a trusted caller need not prove that it knows the person's e-mail address."""
        async with self._units() as unit:
            await _require_body(unit, draft.scope)
            subject = await self._known(unit, draft, is_trusted=is_trusted)
        first_password = ""
        if not subject:
            subject, first_password = await self._find_or_create(draft, is_trusted=is_trusted)
        if subject == by:
            raise OwnRightsUntouchable
        async with self._units() as unit:
            before = await unit.members.find(subject, draft.scope)
            member = self._next(before, subject, draft)
            if member is not before:
                await self._let_in_again(unit, subject)
                await unit.members.save(member)
                await unit.journal.append(MemberRegistered(subject, draft.scope, draft.roles, by, self._clock.now()))
                await unit.commit()
        return RegisteredMember(member, first_password, is_changed=member is not before)

    async def _known(self, unit: UnitOfWork, draft: MemberDraft, *, is_trusted: bool) -> str:
        """Return the subject of somebody who is a member of something here; empty when nobody is meant."""
        if draft.subject:
            if await unit.members.find(draft.subject, draft.scope) is None:
                raise UnknownMember
            return draft.subject
        known = await unit.members.of_username(draft.profile.username)
        if not known:
            return ""
        here = [member for member in known if member.scope == draft.scope]
        if not here and not is_trusted and not (draft.profile.email and _is_same(known[0].profile.email, draft)):
            raise UsernameTaken(metadata={"username": draft.profile.username})
        return known[0].subject

    async def _find_or_create(self, draft: MemberDraft, *, is_trusted: bool) -> tuple[str, str]:
        profile = draft.profile
        user = await self._directory.find_user(profile.username)
        if user is not None:
            # Also the way on after a crash between the creation of the person and that of the member.
            if not is_trusted and not _is_same(user.email, draft):
                raise UsernameTaken(metadata={"username": profile.username})
            return user.subject, ""
        made = "" if draft.password else secrets.token_urlsafe(12)
        subject = await self._directory.create_user(
            profile.username, profile.name, profile.email, draft.password or made
        )
        return subject, made

    async def _let_in_again(self, unit: UnitOfWork, subject: str) -> None:
        """Reopen the login of a person whom we had shut out of everything; one whom others shut out stays out."""
        known = await unit.members.of_subject(subject)
        if known and not any(one.is_active for one in known):
            await self._directory.enable_user(subject)

    def _next(self, before: Member | None, subject: str, draft: MemberDraft) -> Member:
        if before is None:
            return Member(subject, draft.scope, draft.profile, draft.roles, self._clock.now())
        profile = Profile(before.profile.username, draft.profile.name, draft.profile.email)
        return before.with_roles(draft.roles, profile)


async def _require_body(unit: UnitOfWork, scope: str) -> None:
    if scope != EVERY_SCOPE and await unit.bodies.find(scope) is None:
        raise UnknownBody


def _is_same(email: str, draft: MemberDraft) -> bool:
    """Tell whether the administrator knows the person's address: rights are not given to a namesake by mistake."""
    return email.lower() == draft.profile.email.lower()
