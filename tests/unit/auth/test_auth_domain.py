"""Roles, members, passports and bodies."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Invalid
from chassis.identity import Caller
from services.auth.domain.account import Client, refuse_weak_password
from services.auth.domain.body import Body, Family
from services.auth.domain.errors import InvalidMember, InvalidScope, PasswordRefused, RoleOutOfScope, RolesIncompatible
from services.auth.domain.matrix import RolesMatrix
from services.auth.domain.partner import Partner
from services.auth.domain.passport import Passport, issuer_of
from services.auth.domain.permissions import Permission
from services.auth.domain.role import Grant, Role
from tests.support.auth import BODY, NOW, OTHER_BODY, a_member, a_profile

DATA = {permission for permission in Permission if permission is not Permission.MEMBER_MANAGE}


def test_what_is_not_ticked_is_refused():
    assert RolesMatrix({}).permissions(Role.DIRECTOR) == frozenset()
    assert RolesMatrix({}).rights([Grant(BODY, Role.DIRECTOR)]) == {}


def test_a_technical_administrator_touches_neither_data_nor_signature():
    assert RolesMatrix().permissions(Role.TECHNICAL_ADMINISTRATOR).isdisjoint(DATA)


def test_only_the_director_signs_and_chooses_recipients():
    rows = {row.permission: row.holders for row in RolesMatrix().table()}
    assert rows[Permission.FILING_SIGN] == rows[Permission.RELEASE_CHOOSE] == {Role.DIRECTOR}


def test_an_authority_officer_has_no_right_on_filings_that_are_not_transmitted():
    held = RolesMatrix().permissions(Role.AUTHORITY_OFFICER)
    assert Permission.STAFF_READ in held
    assert Permission.FILING_READ not in held


def test_an_authority_officer_reviews_what_it_reads():
    held = RolesMatrix().permissions(Role.AUTHORITY_OFFICER)
    assert {Permission.STAFF_READ, Permission.FILING_REVIEW} <= held


def test_a_partner_reads_its_feed_and_nothing_else():
    partner = Partner("CDC", "Caisse des dépôts", "partner-cdc", "cdc-1", NOW)
    assert RolesMatrix().rights(partner.grants) == {"*": {"feed.read"}}


def test_the_table_has_one_row_for_each_permission_with_a_french_sentence():
    table = RolesMatrix().table()
    assert [row.permission for row in table] == list(Permission)
    assert all(row.meaning.endswith(".") for row in table)


def test_the_version_changes_with_any_box():
    assert RolesMatrix().version != RolesMatrix({Role.READER: frozenset({Permission.FILING_READ})}).version


@given(st.lists(st.tuples(st.sampled_from([BODY, OTHER_BODY]), st.sampled_from(list(Role)[:5])), max_size=6))
def test_rights_add_up_and_never_spill_to_another_body(pairs):
    grants = [Grant(scope, role) for scope, role in pairs]
    rights = RolesMatrix().rights(grants)
    caller = Caller("s", grants=rights)
    for scope in (BODY, OTHER_BODY):
        due = {p for g in grants if g.scope == scope for p in RolesMatrix().permissions(g.role)}
        assert {p for p in Permission if caller.may(p, scope)} == due


@pytest.mark.parametrize("scope", ["", "27030001", "2703000111", "27030001a", "２７０３０００１１", "**", "27030001\n"])
def test_a_scope_is_a_siren_or_a_star(scope):
    with pytest.raises(InvalidScope):
        Grant(scope, Role.READER)


@pytest.mark.parametrize(
    ("scope", "role"), [("*", Role.DIRECTOR), (BODY, Role.AUTHORITY_OFFICER), (BODY, Role.PARTNER)]
)
def test_a_role_is_given_only_where_it_makes_sense(scope, role):
    with pytest.raises(RoleOutOfScope):
        Grant(scope, role)


def test_user_administration_and_filing_work_do_not_mix_on_one_body():
    with pytest.raises(RolesIncompatible):
        a_member(Role.TECHNICAL_ADMINISTRATOR, Role.DIRECTOR)


def test_one_person_may_enter_validate_and_sign_in_a_small_body():
    assert len(a_member(Role.DATA_ENTRY, Role.ACCOUNTANT, Role.DIRECTOR).grants) == 3


def test_a_member_needs_a_role_that_people_have():
    with pytest.raises(InvalidMember):
        a_member(roles=frozenset())
    with pytest.raises(InvalidMember):
        a_member(Role.PARTNER, scope="*")


@pytest.mark.parametrize(
    "changes", [{"username": "A"}, {"username": "a b"}, {"name": " "}, {"name": "a\nb"}, {"email": "x"}]
)
def test_a_malformed_profile_is_refused_field_by_field(changes):
    with pytest.raises(InvalidMember) as refusal:
        a_profile(**changes)
    assert [violation.field for violation in refusal.value.violations] == [f"member.{next(iter(changes))}"]


def test_a_disabled_member_holds_nothing():
    member = a_member(Role.DIRECTOR).disabled(NOW)
    assert member.grants == frozenset()
    assert member.disabled(NOW + timedelta(days=1)) is member


def test_new_roles_bring_a_disabled_member_back_and_count_a_version():
    member = a_member(Role.DIRECTOR).disabled(NOW).with_roles({Role.READER}, a_profile())
    assert member.is_active
    assert member.version == 3


def test_the_same_roles_again_change_nothing():
    member = a_member(Role.DIRECTOR)
    assert member.with_roles({Role.DIRECTOR}, a_profile()) is member


def test_a_passport_says_who_for_whom_and_what_for_five_minutes():
    rights = {BODY: frozenset({"filing.read", "filing.edit"})}
    passport = Passport("jti", issuer_of("MIN"), "s", "Anne", "anne", "1", NOW, rights, None, "sid-1", NOW)
    assert passport.claims() == {
        "iss": "harmonia/MIN",
        "aud": "harmonia-services",
        "sub": "s",
        "name": "Anne",
        "preferred_username": "anne",
        "acr": "1",
        "auth_time": int(NOW.timestamp()),
        "grants": [{"scope": BODY, "permissions": ["filing.edit", "filing.read"]}],
        "partner": None,
        "sid": "sid-1",
        "jti": "jti",
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 300,
    }


def test_a_malformed_body_is_refused_with_every_reason():
    with pytest.raises(Invalid) as refusal:
        Body("27030", " ", Family.OPH, "99")
    assert [violation.field for violation in refusal.value.violations] == [
        "body.siren",
        "body.name",
        "body.departement",
    ]


@pytest.mark.parametrize("password", ["court", "x" * 129, "anne.dupre-2024"])
def test_a_weak_password_is_refused(password):
    with pytest.raises(PasswordRefused):
        refuse_weak_password(password, "anne.dupre")


def test_a_public_client_may_choose_only_the_port_of_a_loopback_address():
    client = Client("cli", "Harmonia", None, frozenset(), redirect_uris=("http://127.0.0.1/callback",))
    accepted = ["http://127.0.0.1:53123/callback", "http://127.0.0.1/callback"]
    refused = [
        "http://127.0.0.1:53123/other",
        "http://127.0.0.1:80@evil.example/callback",
        "http://127.0.0.1:x/callback",
        "http://127.0.0.1:053/callback",
        "http://127.0.0.1:53123/callback?x=1",
        "http://127.0.0.1.evil.example:1/callback",
        "https://127.0.0.1:53123/callback",
        "http://localhost:53123/callback",
    ]
    assert all(client.accepts_redirect(uri) for uri in accepted)
    assert not any(client.accepts_redirect(uri) for uri in refused)
