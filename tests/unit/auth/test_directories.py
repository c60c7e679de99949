"""The register of people and software: embedded, and Keycloak through its admin API."""

import pytest
from keycloak.exceptions import KeycloakConnectionError, KeycloakGetError, KeycloakPostError, KeycloakPutError

from chassis.errors import Unavailable
from services.auth.clients.keycloak.directory import KeycloakDirectory
from services.auth.domain.errors import PartnerExists, PasswordRefused, UnknownMember, UsernameTaken
from tests.support.auth import AUDIENCE, PASSWORD, a_provider


class InMemoryAdminApi:
    """The part of Keycloak's admin API that we use, answering as the real one does."""

    def __init__(self):
        self.users = {}
        self.clients = {}
        self.logged_out = []
        self.failure = None

    def _fail(self):
        if self.failure is not None:
            raise self.failure

    async def a_create_user(self, payload):
        self._fail()
        if any(user["username"] == payload["username"] for user in self.users.values()):
            raise KeycloakPostError("exists", response_code=409)
        key = f"user-{len(self.users)}"
        self.users[key] = {"id": key} | payload
        return key

    async def a_update_user(self, user_id, payload):
        self._fail()
        if user_id not in self.users:
            raise KeycloakPutError("not found", response_code=404)
        self.users[user_id] |= payload

    async def a_user_logout(self, user_id):
        self.logged_out.append(user_id)

    async def a_get_users(self, query):
        self._fail()
        found = [user for user in self.users.values() if query.get("username", user["username"]) == user["username"]]
        return found[query.get("first", 0) :][: query.get("max", 100)]

    async def a_get_client_id(self, client_id):
        return next((key for key, client in self.clients.items() if client["clientId"] == client_id), None)

    async def a_get_client(self, client_id):
        return self.clients[client_id]

    async def a_create_client(self, payload):
        self._fail()
        key = f"client-{len(self.clients)}"
        self.clients[key] = dict(payload)
        return key

    async def a_update_client(self, client_id, payload):
        self.clients[client_id] |= payload

    async def a_generate_client_secrets(self, client_id):
        self.clients[client_id]["secret"] = f"secret-{len(self.clients)}"
        return {"value": self.clients[client_id]["secret"]}

    async def a_get_client_service_account_user(self, client_id):
        return {"id": f"service-{client_id}"}


async def embedded():
    return (await a_provider()).directory


async def keycloak():
    directory = KeycloakDirectory(InMemoryAdminApi(), AUDIENCE)
    await directory.create_user("anne.dupre", "Anne Dupré", "anne@example.org", PASSWORD)
    return directory


pytestmark = pytest.mark.parametrize("build", [embedded, keycloak])


async def test_a_user_can_be_created_found_disabled_and_enabled(build):
    directory = await build()
    subject = await directory.create_user("paul.martin", "Paul Martin", "paul@example.org", PASSWORD)
    found = await directory.find_user("paul.martin")
    assert (found.subject, found.name, found.email, found.is_active) == (
        subject,
        "Paul Martin",
        "paul@example.org",
        True,
    )
    await directory.disable_user(subject)
    await directory.disable_user(subject)
    assert (await directory.find_user("paul.martin")).is_active is False
    await directory.enable_user(subject)
    assert (await directory.find_user("paul.martin")).is_active is True


async def test_a_name_is_given_once(build):
    directory = await build()
    with pytest.raises(UsernameTaken):
        await directory.create_user("anne.dupre", "Une autre", "", PASSWORD)


async def test_nobody_is_found_under_an_unknown_name(build):
    assert await (await build()).find_user("personne") is None


async def test_a_weak_password_creates_nobody(build):
    directory = await build()
    with pytest.raises(PasswordRefused):
        await directory.create_user("paul.martin", "Paul Martin", "", "court")
    assert await directory.find_user("paul.martin") is None


async def test_users_are_listed_by_pages(build):
    directory = await build()
    await directory.create_user("paul.martin", "Paul Martin", "", PASSWORD)
    assert [user.username for user in await directory.list_users()] == ["anne.dupre", "paul.martin"]
    assert [user.username for user in await directory.list_users(1, 1)] == ["paul.martin"]


async def test_a_software_keeps_its_subject_when_its_secret_is_renewed(build):
    directory = await build()
    first = await directory.register_software("partner-cdc", "CDC")
    second = await directory.register_software("partner-cdc", "CDC", "s" * 32)
    assert first.subject == second.subject
    assert second.secret == "s" * 32
    assert first.secret != second.secret


async def test_keycloak_failures_are_told_in_our_words(build):
    if build is embedded:
        return
    api = InMemoryAdminApi()
    directory = KeycloakDirectory(api, AUDIENCE)
    with pytest.raises(UnknownMember):
        await directory.disable_user("nobody")
    api.failure = KeycloakConnectionError("down")
    with pytest.raises(Unavailable):
        await directory.list_users()
    api.failure = KeycloakGetError("forbidden", response_code=403)
    with pytest.raises(KeycloakGetError):
        await directory.list_users()


async def test_the_secret_of_an_application_with_users_is_never_taken_over(build):
    if build is embedded:
        directory, application = await embedded(), "gateway"
    else:
        api = InMemoryAdminApi()
        api.clients["client-0"] = {"clientId": "gateway", "standardFlowEnabled": True}
        directory, application = KeycloakDirectory(api, AUDIENCE), "gateway"
    with pytest.raises(PartnerExists):
        await directory.register_software(application, "Pirate")
