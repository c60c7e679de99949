"""Passports, members, partners and provisioning, on fakes."""

import json
from dataclasses import dataclass, replace

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from chassis.errors import Forbidden, NotFound
from chassis.identifiers import TimeSortableIdentifiers
from chassis.identity import Caller
from services.auth.domain.body import Body, Family
from services.auth.domain.errors import (
    MemberChanged,
    NotAMember,
    OwnRightsUntouchable,
    RoleOutOfScope,
    TokenRefused,
    UnknownBody,
    UnknownMember,
    UsernameTaken,
)
from services.auth.domain.events import MemberRegistered, MemberShutOut, PartnerRegistered
from services.auth.domain.matrix import RolesMatrix
from services.auth.domain.partner import Partner
from services.auth.domain.role import Role
from services.auth.provider.directory import EmbeddedDirectory
from services.auth.usecases.disable_member import DisableMember
from services.auth.usecases.issue_passport import IssuePassport
from services.auth.usecases.list_bodies import ListBodies
from services.auth.usecases.list_members import ListMembers
from services.auth.usecases.open_partner_session import OpenPartnerSession
from services.auth.usecases.open_session import OpenSession
from services.auth.usecases.provision import Provision, ProvisioningDocument
from services.auth.usecases.register_member import MemberDraft, RegisterMember
from services.auth.usecases.register_partner import PartnerDraft, RegisterPartner
from tests.support.auth import (
    BODY,
    CHEAP_PASSWORDS,
    NOW,
    OTHER_BODY,
    PASSWORD,
    SteppingClock,
    a_member,
    a_profile,
    an_identity,
    in_memory_stores,
)
from tests.support.auth_fakes import SIGNER, FakeTokens, Shelf, an_administrator, two_bodies


@dataclass
class World:
    shelf: Shelf
    clock: SteppingClock
    directory: EmbeddedDirectory
    tokens: FakeTokens

    def issue(self):
        return IssuePassport(
            "MIN", self.shelf.unit, RolesMatrix(), SIGNER, self.clock, TimeSortableIdentifiers(self.clock)
        )

    @property
    def open_session(self):
        return OpenSession(self.tokens, self.issue())

    @property
    def open_partner_session(self):
        return OpenPartnerSession(self.tokens, self.tokens, self.issue())

    @property
    def register(self):
        return RegisterMember(self.shelf.unit, self.directory, self.clock)

    @property
    def disable(self):
        return DisableMember(self.shelf.unit, self.directory, self.clock)

    @property
    def provision(self):
        partners = RegisterPartner(self.shelf.unit, self.directory, self.clock)
        return Provision(self.shelf.unit, self.register, partners)


def a_world(*members, partners=()):
    stores, clock = in_memory_stores(), SteppingClock()
    shelf = Shelf()
    shelf.members.update({(member.subject, member.scope): member for member in members})
    shelf.partners.update({partner.code: partner for partner in partners})
    directory = EmbeddedDirectory(stores.accounts, stores.clients, stores.logins, CHEAP_PASSWORDS, clock)
    tokens = FakeTokens(
        {"good": an_identity(), "program": an_identity(subject="cdc-1", client_id="cdc", authenticated_at=None)}
    )
    tokens.secrets["cdc", "secret"] = "program"
    return World(shelf, clock, directory, tokens)


def a_draft(username="paul.martin", scope=BODY, roles=(Role.READER,), **changes):
    known = {name: changes.pop(name) for name in ("subject", "password") if name in changes}
    profile = a_profile(username, **{"name": "Paul Martin", "email": "paul@example.org"} | changes)
    return MemberDraft(scope, profile, frozenset(roles), **known)


CDC = Partner("CDC", "Caisse des dépôts", "cdc", "cdc-1", NOW)


async def test_a_login_becomes_a_passport_that_verifies_with_the_published_keys():
    world = a_world(a_member(Role.DIRECTOR), a_member(Role.READER, scope=OTHER_BODY))
    issued = await world.open_session("good")
    keys = KeySet.import_key_set(json.loads(SIGNER.public_keys()))
    token = jwt.decode(issued.token, keys, algorithms=["ES256"])
    assert token.header["typ"] == "passport+jwt"
    assert token.claims == issued.passport.claims()
    assert "filing.sign" in issued.passport.grants[BODY]
    assert "filing.sign" not in issued.passport.grants[OTHER_BODY]
    assert issued.names == {BODY: "Côte-d'Or Habitat", OTHER_BODY: "Habitat du Rhône"}
    assert issued.passport.authenticated_at == NOW


def test_the_published_keys_hold_no_private_part():
    assert all("d" not in key for key in json.loads(SIGNER.public_keys())["keys"])


async def test_a_refused_token_opens_nothing():
    with pytest.raises(TokenRefused):
        await a_world(a_member()).open_session("forged")


async def test_who_is_known_to_the_provider_but_not_to_us_gets_nothing():
    with pytest.raises(NotAMember):
        await a_world().open_session("good")


async def test_a_disabled_member_gets_nothing_and_keeps_what_they_hold_elsewhere():
    ended = a_member(Role.DIRECTOR).disabled(NOW)
    with pytest.raises(NotAMember):
        await a_world(ended).open_session("good")
    issued = await a_world(ended, a_member(Role.READER, scope=OTHER_BODY)).open_session("good")
    assert set(issued.passport.grants) == {OTHER_BODY}


async def test_rights_are_read_anew_for_each_passport():
    world = a_world(a_member(Role.DIRECTOR))
    await world.open_session("good")
    await world.register(an_administrator(), a_draft("anne.dupre", subject="subject-1"))
    assert "filing.sign" not in (await world.open_session("good")).passport.grants[BODY]


async def test_a_partner_gets_its_feed_and_its_code():
    issued = await a_world(partners=[CDC]).open_partner_session("cdc", "secret")
    assert issued.passport.grants == {"*": {"feed.read"}}
    assert issued.passport.partner == "CDC"
    assert issued.passport.authenticated_at is None


async def test_a_wrong_secret_an_inactive_or_unknown_partner_gets_nothing():
    with pytest.raises(TokenRefused):
        await a_world(partners=[CDC]).open_partner_session("cdc", "faux")
    for partners in ([], [replace(CDC, is_active=False)]):
        with pytest.raises(NotAMember):
            await a_world(partners=partners).open_partner_session("cdc", "secret")


@pytest.mark.parametrize(
    "identity", [an_identity(client_id="other", authenticated_at=None), an_identity(client_id="cdc")]
)
async def test_a_partner_session_is_for_the_program_itself(identity):
    world = a_world(a_member(), partners=[CDC])
    world.tokens.identities["program"] = identity
    with pytest.raises(TokenRefused):
        await world.open_partner_session("cdc", "secret")


async def test_members_are_listed_for_those_who_manage_them_only():
    world = a_world(a_member())
    list_members = ListMembers(world.shelf.unit)
    assert [member.profile.username for member in await list_members(an_administrator(), BODY)] == ["anne.dupre"]
    with pytest.raises(NotFound):
        await list_members(an_administrator(OTHER_BODY), BODY)
    with pytest.raises(Forbidden):
        await list_members(Caller("d", grants={BODY: frozenset({"filing.sign"})}), BODY)


async def test_a_new_member_gets_an_account_and_a_first_password_once():
    world = a_world()
    registered = await world.register(an_administrator(), a_draft())
    assert len(registered.first_password) >= 16
    assert (await world.directory.find_user("paul.martin")).subject == registered.member.subject
    again = await world.register(an_administrator(), a_draft())
    assert (again.first_password, again.is_changed, again.member) == ("", False, registered.member)
    assert world.shelf.events == [
        MemberRegistered(registered.member.subject, BODY, frozenset({Role.READER}), "admin-1", NOW)
    ]


async def test_an_administrator_registers_on_their_own_body_only():
    world = a_world()
    for draft in (a_draft(scope=OTHER_BODY), a_draft(scope="*", roles=[Role.AUTHORITY_OFFICER])):
        with pytest.raises(NotFound):
            await world.register(an_administrator(), draft)
    assert world.shelf.members == {}


def test_roles_that_may_not_be_given_are_refused_before_anybody_is_created():
    with pytest.raises(RoleOutOfScope):
        a_draft(roles=[Role.AUTHORITY_OFFICER])


async def test_after_a_crash_between_person_and_member_the_same_request_goes_through():
    world = a_world()
    subject = await world.directory.create_user("paul.martin", "Paul Martin", "", PASSWORD)
    registered = await world.register(an_administrator(), a_draft(email=""))
    assert registered.member.subject == subject


async def test_staff_of_the_server_is_registered_by_the_servers_administrator():
    world = a_world()
    draft = a_draft(scope="*", roles=[Role.AUTHORITY_OFFICER])
    registered = await world.register(an_administrator("*"), draft)
    assert registered.member.scope == "*"


async def test_nobody_is_registered_on_a_body_that_is_not_there():
    with pytest.raises(UnknownBody):
        await a_world().register(an_administrator("999999999"), a_draft(scope="999999999"))


async def test_nobody_changes_their_own_rights():
    world = a_world(a_member(Role.TECHNICAL_ADMINISTRATOR, subject="admin-1"))
    with pytest.raises(OwnRightsUntouchable):
        await world.register(an_administrator(), a_draft("anne.dupre", roles=[Role.DIRECTOR]))
    with pytest.raises(OwnRightsUntouchable):
        await world.disable(an_administrator(), "admin-1", BODY)


async def test_a_person_of_another_body_is_taken_on_by_who_knows_their_address():
    world = a_world(a_member(scope=OTHER_BODY))
    taken_on = await world.register(an_administrator(), a_draft("anne.dupre", email="Anne@example.org"))
    assert taken_on.member.subject == "subject-1"


async def test_a_person_of_another_body_is_not_revealed_to_who_does_not_know_them():
    world = a_world(a_member(scope=OTHER_BODY))
    with pytest.raises(UsernameTaken):
        await world.register(an_administrator(), a_draft("anne.dupre", email="autre@example.org"))


async def test_a_person_only_the_provider_knows_is_taken_on_with_their_address():
    world = a_world()
    subject = await world.directory.create_user("paul.martin", "Paul Martin", "paul@example.org", PASSWORD)
    registered = await world.register(an_administrator(), a_draft())
    assert (registered.member.subject, registered.first_password) == (subject, "")
    await world.directory.create_user("lea.roux", "Léa Roux", "lea@example.org", PASSWORD)
    with pytest.raises(UsernameTaken):
        await world.register(an_administrator(), a_draft("lea.roux"))


async def test_a_subject_that_is_not_a_member_here_cannot_be_named():
    with pytest.raises(UnknownMember):
        await a_world(a_member(scope=OTHER_BODY)).register(an_administrator(), a_draft(subject="subject-1"))


async def test_the_login_name_of_a_member_does_not_change():
    world = a_world(a_member())
    changed = await world.register(an_administrator(), a_draft("autre.nom", subject="subject-1"))
    assert changed.member.profile.username == "anne.dupre"
    assert changed.member.profile.name == "Paul Martin"


async def test_a_member_shut_out_everywhere_can_no_longer_log_in_until_taken_on_again():
    world = a_world()
    member = (await world.register(an_administrator(), a_draft())).member
    await world.register(an_administrator(OTHER_BODY), a_draft(scope=OTHER_BODY))
    await world.disable(an_administrator(), member.subject, BODY)
    assert (await world.directory.find_user("paul.martin")).is_active
    await world.disable(an_administrator(OTHER_BODY), member.subject, OTHER_BODY)
    assert not (await world.directory.find_user("paul.martin")).is_active
    await world.register(an_administrator(), a_draft())
    assert (await world.directory.find_user("paul.martin")).is_active


async def test_shutting_out_twice_is_written_once_and_a_stranger_is_not_found():
    world = a_world(a_member())
    for _ in range(2):
        await world.disable(an_administrator(), "subject-1", BODY)
    assert world.shelf.events == [MemberShutOut("subject-1", BODY, "admin-1", NOW)]
    with pytest.raises(UnknownMember):
        await world.disable(an_administrator(), "nobody", BODY)
    with pytest.raises(NotFound):
        await world.disable(an_administrator(OTHER_BODY), "subject-1", BODY)


async def test_a_member_changed_meanwhile_is_not_overwritten():
    member = a_member()
    world = a_world(member.disabled(NOW))
    async with world.shelf.unit() as unit:
        with pytest.raises(MemberChanged):
            await unit.members.save(member.with_roles({Role.DIRECTOR}, a_profile()))


async def test_bodies_are_those_whose_filings_one_may_read():
    list_bodies = ListBodies(a_world().shelf.unit)
    reader = Caller("r", grants={BODY: frozenset({"filing.read"}), OTHER_BODY: frozenset({"member.manage"})})
    assert [body.siren for body in await list_bodies(reader)] == [BODY]
    everywhere = Caller("s", grants={"*": frozenset({"filing.read"})})
    assert len(await list_bodies(everywhere)) == 2
    assert (await list_bodies.one(BODY)).name == "Côte-d'Or Habitat"
    with pytest.raises(UnknownBody):
        await list_bodies.one("999999999")


def a_document():
    return ProvisioningDocument(
        bodies=[*two_bodies(), Body("111111118", "Coop", Family.COOP, "35")],
        members=[
            a_draft(password=PASSWORD),
            a_draft(scope=OTHER_BODY, email=""),
            a_draft("ada.admin", scope="*", roles=[Role.TECHNICAL_ADMINISTRATOR], password=PASSWORD),
        ],
        partners=[
            PartnerDraft("CDC", "Caisse des dépôts", "cdc", "s" * 32),
            PartnerDraft("", "Logiciel", "soft", "t" * 32),
        ],
    )


async def test_a_provisioning_document_can_be_loaded_again():
    world = a_world()
    assert await world.provision(a_document()) == 1 + 3 + 1
    assert await world.provision(a_document()) == 0
    assert PartnerRegistered("CDC", "provisioning", NOW) in world.shelf.events
    assert len({member.subject for member in world.shelf.members.values()}) == 2


async def test_provisioning_updates_what_exists_and_leaves_passwords_alone():
    world = a_world()
    await world.provision(a_document())
    before = await world.directory._accounts.by_username("paul.martin")
    document = replace(a_document(), members=[a_draft(roles=[Role.DIRECTOR], password="un autre mot de passe")])
    assert await world.provision(document) == 1
    assert await world.directory._accounts.by_username("paul.martin") == before
