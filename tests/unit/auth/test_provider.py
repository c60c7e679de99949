"""The embedded OpenID provider, driven over ASGI as a browser and an application would."""

from datetime import timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from services.auth.domain.errors import ProviderNotForProduction
from services.auth.provider.tokens import challenge_of
from tests.support.auth import (
    AUDIENCE,
    CALLBACK,
    GATEWAY_SECRET,
    ISSUER,
    NOW,
    PASSWORD,
    SIGNED_OUT,
    a_gateway_client,
    a_provider,
    answer_of,
    hidden_fields,
)

AT = f"{ISSUER}/protocol/openid-connect"


def claims_of(world, token):
    return jwt.decode(token, KeySet.import_key_set(world.keys.jwks()), algorithms=["ES256"]).claims


async def test_it_refuses_to_start_in_production():
    with pytest.raises(ProviderNotForProduction):
        await a_provider(is_production=True)


async def test_discovery_names_the_issuer_and_only_what_is_done():
    browser = (await a_provider()).browser()
    document = (await browser.http.get(f"{ISSUER}/.well-known/openid-configuration")).json()
    assert document["issuer"] == ISSUER
    assert document["response_types_supported"] == ["code"]
    assert document["code_challenge_methods_supported"] == ["S256"]
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint", "end_session_endpoint"):
        assert document[name].startswith(ISSUER)


async def test_the_published_keys_hold_no_private_part():
    world = await a_provider()
    jwks = (await world.browser().http.get(f"{AT}/certs")).json()
    assert "d" not in jwks["keys"][0]
    assert jwks["keys"][0]["alg"] == "ES256"


async def test_a_login_gives_tokens_with_the_claims_of_keycloak():
    world = await a_provider()
    tokens = await world.browser().tokens()
    access, identity = claims_of(world, tokens["access_token"]), claims_of(world, tokens["id_token"])
    assert access["aud"] == [AUDIENCE]
    assert identity["aud"] == "gateway"
    assert (access["typ"], identity["typ"]) == ("Bearer", "ID")
    assert access["realm_access"] == {"roles": ["member"]}
    assert identity["nonce"] == "nonce-1"
    for claims in (access, identity):
        assert claims["iss"] == ISSUER
        assert claims["sub"] == world.subject
        assert claims["azp"] == "gateway"
        assert claims["preferred_username"] == "anne.dupre"
        assert claims["name"] == "Anne Dupré"
        assert claims["email"] == "anne@example.org"
        assert claims["auth_time"] == int(NOW.timestamp())
        assert claims["acr"] == "1"
        assert claims["sid"] == tokens["session_state"]
        assert claims["exp"] - claims["iat"] == 300


async def test_the_answer_names_the_issuer_and_returns_the_state():
    browser = (await a_provider()).browser()
    answer = answer_of(await browser.type_password(await browser.ask()))
    assert answer["iss"] == ISSUER
    assert answer["state"] == "state-1"


async def test_a_code_works_once_and_its_replay_revokes_what_it_gave():
    browser = (await a_provider()).browser()
    code = await browser.log_in()
    first = (await browser.exchange(code)).json()
    assert (await browser.exchange(code)).json() == {"error": "invalid_grant"}
    late = await refresh(browser, first["refresh_token"])
    assert late.json() == {"error": "invalid_grant"}


async def test_a_code_dies_after_sixty_seconds():
    world = await a_provider()
    browser = world.browser()
    code = await browser.log_in()
    world.clock.move(timedelta(seconds=60))
    assert (await browser.exchange(code)).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": None},
        {"code_verifier": "x" * 43},
        {"code_verifier": "court"},
        {"redirect_uri": None},
        {"redirect_uri": CALLBACK + "/"},
        {"code": "x"},
        {"code": None},
    ],
)
async def test_a_code_needs_its_verifier_and_its_address(changes):
    browser = (await a_provider()).browser()
    answer = await browser.exchange(**{"code": await browser.log_in()} | changes)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})


async def test_a_code_of_one_application_is_worth_nothing_to_another():
    world = await a_provider()
    await world.stores.clients.put(a_gateway_client(client_id="other"))
    browser = world.browser()
    answer = await browser.exchange(await browser.log_in(), client_id="other")
    assert answer.json() == {"error": "invalid_grant"}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "trop-court"}, "invalid_request"),
        ({"nonce": None}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"request_uri": "https://evil.example/r"}, "request_uri_not_supported"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
    ],
)
async def test_a_weakened_request_is_sent_back_with_an_error(changes, error):
    browser = (await a_provider()).browser()
    answer = answer_of(await browser.ask(**changes))
    assert answer["error"] == error
    assert answer["state"] == "state-1"


@pytest.mark.parametrize(
    "uri",
    [
        None,
        CALLBACK + "/",
        CALLBACK + "?x=1",
        CALLBACK + "#x",
        CALLBACK + "/../evil",
        CALLBACK.replace("8080", "8081"),
        CALLBACK.replace("http:", "https:"),
        CALLBACK.replace("127.0.0.1", "localhost"),
        CALLBACK.replace("callback", "Callback"),
        CALLBACK.replace("127.0.0.1", "127.0.0.1@evil.example"),
        CALLBACK.replace("127.0.0.1:8080", "evil.example"),
        CALLBACK.replace("/auth", "//auth"),
        CALLBACK.replace("/auth", "\\auth"),
        CALLBACK.replace("callback", "%63allback"),
        " " + CALLBACK,
        CALLBACK + "\n",
        "javascript:alert(1)",
        "//evil.example",
        "https://evil.example/?" + CALLBACK,
    ],
)
async def test_an_address_that_is_not_registered_to_the_letter_is_never_redirected_to(uri):
    browser = (await a_provider()).browser()
    page = await browser.ask(redirect_uri=uri)
    assert page.status_code == 400
    assert "location" not in page.headers


async def test_a_repeated_parameter_is_refused():
    browser = (await a_provider()).browser()
    page = await browser.http.get(f"{AT}/auth?client_id=gateway&client_id=gateway")
    assert page.status_code == 400


async def test_an_unknown_or_disabled_application_gets_a_page_and_no_redirect():
    world = await a_provider()
    await world.stores.clients.put(a_gateway_client(client_id="old", is_active=False))
    for client_id in ("nobody", "old", None):
        assert (await world.browser().ask(client_id=client_id)).status_code == 400


async def test_the_login_page_is_french_without_script_and_under_a_strict_policy():
    page = await (await a_provider()).browser().ask()
    assert page.status_code == 200
    assert '<html lang="fr">' in page.text
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert '<label for="password">' in page.text
    policy = page.headers["content-security-policy"]
    assert policy == (
        "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
        "form-action 'self' http://127.0.0.1:8080"
    )
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-content-type-options"] == "nosniff"


async def test_what_was_typed_is_shown_back_as_text_only():
    browser = (await a_provider()).browser()
    page = await browser.type_password(await browser.ask(), username='"><script>alert(1)</script>')
    assert page.status_code == 401
    assert "<script" not in page.text


async def test_unknown_disabled_and_wrong_get_the_same_answer():
    world = await a_provider()
    await world.directory.create_user("paul.disabled", "Paul", "", PASSWORD)
    paul = await world.stores.accounts.by_username("paul.disabled")
    await world.directory.disable_user(paul.subject)
    texts = []
    for username, password in [("anne.dupre", "faux"), ("paul.disabled", PASSWORD), ("personne", PASSWORD)]:
        browser = world.browser()
        page = await browser.type_password(await browser.ask(), password, username)
        assert page.status_code == 401
        assert "location" not in page.headers
        texts.append(page.text.split('role="alert"')[1].split("</p>")[0])
    assert len(set(texts)) == 1


async def test_a_login_form_that_this_browser_did_not_ask_for_is_refused():
    world = await a_provider()
    page = await world.browser().ask()
    victim = world.browser()
    await victim.ask()
    assert (await victim.type_password(page)).status_code == 403


@pytest.mark.parametrize("changes", [{"csrf": "autre"}, {"csrf": ""}, {"ticket": "x.y.z"}, {"ticket": ""}])
async def test_a_login_form_with_another_token_is_refused(changes):
    browser = (await a_provider()).browser()
    answer = await browser.type_password(await browser.ask(), **changes)
    assert answer.status_code == 403


async def test_a_login_form_posted_from_another_site_is_refused():
    browser = (await a_provider()).browser()
    fields = hidden_fields(await browser.ask()) | {"username": "anne.dupre", "password": PASSWORD}
    answer = await browser.http.post(f"{AT}/login", data=fields, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403


async def test_a_login_page_left_open_for_too_long_is_refused():
    world = await a_provider()
    browser = world.browser()
    page = await browser.ask()
    world.clock.move(timedelta(minutes=15))
    assert (await browser.type_password(page)).status_code == 403


async def test_a_browser_that_is_logged_in_gets_a_code_at_once():
    world = await a_provider()
    browser = world.browser()
    await browser.log_in()
    world.clock.move(timedelta(minutes=20))
    tokens = (await browser.exchange(answer_of(await browser.ask(prompt="none"))["code"])).json()
    assert claims_of(world, tokens["id_token"])["auth_time"] == int(NOW.timestamp())


@pytest.mark.parametrize("changes", [{"prompt": "login"}, {"max_age": "0"}, {"max_age": "60"}])
async def test_a_signature_can_ask_for_a_fresh_proof_of_identity(changes):
    world = await a_provider()
    browser = world.browser()
    before = await browser.tokens()
    world.clock.move(timedelta(seconds=61))
    page = await browser.ask(**changes)
    assert "Confirmez votre identité" in page.text
    after = (await browser.exchange(answer_of(await browser.type_password(page))["code"])).json()
    assert claims_of(world, after["id_token"])["auth_time"] == int(NOW.timestamp()) + 61
    assert after["session_state"] == before["session_state"]


async def test_a_recent_enough_proof_satisfies_max_age():
    world = await a_provider()
    browser = world.browser()
    await browser.log_in()
    world.clock.move(timedelta(seconds=60))
    assert "code" in answer_of(await browser.ask(max_age="60"))


async def test_each_login_gets_a_new_cookie_and_another_person_a_new_session():
    world = await a_provider()
    await world.directory.create_user("paul.martin", "Paul Martin", "", PASSWORD)
    browser = world.browser()
    first = await browser.tokens()
    cookie = sso_cookie(browser)
    page = await browser.ask(prompt="login")
    code = answer_of(await browser.type_password(page, username="paul.martin"))["code"]
    second = (await browser.exchange(code)).json()
    assert sso_cookie(browser) != cookie
    assert second["session_state"] != first["session_state"]
    assert (await refresh(browser, first["refresh_token"])).json()["error"] == "invalid_grant"


async def test_a_planted_cookie_is_worth_nothing_after_login():
    world = await a_provider()
    attacker, victim = world.browser(), world.browser()
    await attacker.log_in()
    planted = sso_cookie(attacker)
    victim.http.cookies.update(attacker.http.cookies)
    page = await victim.ask(prompt="login")
    await victim.type_password(page)
    assert sso_cookie(victim) != planted
    assert answer_of(await attacker.ask(prompt="none"))["error"] == "login_required"


async def test_a_login_ends_after_ten_hours():
    world = await a_provider()
    browser = world.browser()
    await browser.log_in()
    world.clock.move(timedelta(hours=10))
    assert answer_of(await browser.ask(prompt="none"))["error"] == "login_required"


async def test_cookies_are_hidden_from_scripts_and_named_after_the_issuer():
    page = await (await a_provider()).browser().ask()
    cookie = page.headers["set-cookie"]
    assert cookie.startswith("harmonia_form_")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


async def test_over_https_cookies_are_host_cookies():
    world = await a_provider(issuer="https://id.example.org/realms/harmonia")
    url = "https://id.example.org/realms/harmonia/protocol/openid-connect/auth"
    page = await world.browser().http.get(url, params=world.browser().question())
    assert page.headers["set-cookie"].startswith("__Host-harmonia_form_")
    assert "Secure" in page.headers["set-cookie"]


async def test_a_refresh_rotates_and_keeps_the_time_of_the_proof():
    world = await a_provider()
    browser = world.browser()
    first = await browser.tokens()
    world.clock.move(timedelta(minutes=5))
    second = (await refresh(browser, first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    claims = claims_of(world, second["id_token"])
    assert claims["auth_time"] == int(NOW.timestamp())
    assert "nonce" not in claims


async def test_a_refresh_token_used_twice_breaks_the_chain():
    browser = (await a_provider()).browser()
    first = await browser.tokens()
    second = (await refresh(browser, first["refresh_token"])).json()
    assert (await refresh(browser, first["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await refresh(browser, second["refresh_token"])).json()["error"] == "invalid_grant"


async def test_a_refresh_token_of_another_application_is_refused():
    world = await a_provider()
    await world.stores.clients.put(a_gateway_client(client_id="other"))
    browser = world.browser()
    first = await browser.tokens()
    assert (await refresh(browser, first["refresh_token"], client_id="other")).json()["error"] == "invalid_grant"


async def test_a_refresh_token_dies_of_thirty_minutes_of_silence():
    world = await a_provider()
    browser = world.browser()
    tokens = await browser.tokens()
    world.clock.move(timedelta(minutes=30))
    assert (await refresh(browser, tokens["refresh_token"])).json()["error"] == "invalid_grant"


async def test_disabling_the_account_ends_everything_at_the_provider():
    world = await a_provider()
    browser = world.browser()
    tokens = await browser.tokens()
    await world.directory.disable_user(world.subject)
    assert (await refresh(browser, tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await userinfo(browser, tokens["access_token"])).status_code == 401
    assert answer_of(await browser.ask(prompt="none"))["error"] == "login_required"


async def test_a_software_logs_in_with_its_own_secret():
    world = await a_provider()
    credential = await world.directory.register_software("partner-cdc", "CDC")
    answer = await world.browser().token(
        grant_type="client_credentials", client_id="partner-cdc", client_secret=credential.secret
    )
    claims = claims_of(world, answer.json()["access_token"])
    assert claims["sub"] == credential.subject
    assert claims["azp"] == "partner-cdc"
    assert claims["preferred_username"] == "service-account-partner-cdc"
    assert "auth_time" not in claims
    assert "refresh_token" not in answer.json()


async def test_a_renewed_secret_puts_the_older_out_of_use():
    world = await a_provider()
    old = await world.directory.register_software("partner-cdc", "CDC")
    new = await world.directory.register_software("partner-cdc", "CDC")
    form = {"grant_type": "client_credentials", "client_id": "partner-cdc"}
    assert (await world.browser().token(**form, client_secret=old.secret)).status_code == 401
    assert (await world.browser().token(**form, client_secret=new.secret)).status_code == 200
    assert new.subject == old.subject


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "faux"}, 401, "invalid_client"),
        ({"client_secret": None}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"client_id": None}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": None}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, 400, "unauthorized_client"),
    ],
)
async def test_the_token_endpoint_refuses_in_the_words_of_the_standard(changes, status, error):
    answer = await (await a_provider()).browser().exchange("x", **changes)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.headers["cache-control"] == "no-store"


async def test_a_client_may_authenticate_by_header_but_not_twice():
    browser = (await a_provider()).browser()
    browser.http.auth = ("gateway", GATEWAY_SECRET)
    answer = await browser.exchange(await browser.log_in(), client_id=None, client_secret=None)
    assert answer.status_code == 200
    twice = await browser.exchange(await browser.log_in())
    assert twice.json()["error"] == "invalid_request"


async def test_a_public_client_proves_itself_by_pkce_alone():
    world = await a_provider()
    public = a_gateway_client(client_id="cli", secret_hash=None, redirect_uris=("http://127.0.0.1/callback",))
    await world.stores.clients.put(public)
    browser, at = world.browser(), "http://127.0.0.1:53123/callback"
    code = await browser.log_in(client_id="cli", redirect_uri=at)
    answer = await browser.exchange(code, client_id="cli", client_secret=None, redirect_uri=at)
    assert answer.status_code == 200


async def test_a_form_that_is_too_big_or_not_a_form_is_refused():
    browser = (await a_provider()).browser()
    assert (await browser.http.post(f"{AT}/token", data={"x": "y" * 20_000})).status_code == 413
    assert (await browser.http.post(f"{AT}/token", json={"grant_type": "x"})).status_code == 400


async def test_userinfo_tells_who_it_is_and_takes_access_tokens_only():
    world = await a_provider()
    browser = world.browser()
    tokens = await browser.tokens()
    assert (await userinfo(browser, tokens["access_token"])).json() == {
        "sub": world.subject,
        "preferred_username": "anne.dupre",
        "name": "Anne Dupré",
        "email": "anne@example.org",
    }
    assert (await userinfo(browser, tokens["id_token"])).status_code == 401
    world.clock.move(timedelta(minutes=5))
    assert (await userinfo(browser, tokens["access_token"])).status_code == 401


async def test_logout_ends_the_login_and_goes_back_to_a_registered_address_only():
    browser = (await a_provider()).browser()
    tokens = await browser.tokens()
    wanted = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": SIGNED_OUT, "state": "s"}
    answer = await browser.http.get(f"{AT}/logout", params=wanted)
    assert answer.headers["location"] == f"{SIGNED_OUT}?state=s"
    assert (await refresh(browser, tokens["refresh_token"])).json()["error"] == "invalid_grant"
    elsewhere = wanted | {"post_logout_redirect_uri": "https://evil.example/"}
    assert "location" not in (await browser.http.get(f"{AT}/logout", params=elsewhere)).headers


async def test_logout_without_a_hint_asks_first():
    browser = (await a_provider()).browser()
    await browser.log_in()
    page = await browser.http.get(f"{AT}/logout")
    assert "Se déconnecter ?" in page.text
    assert "code" in answer_of(await browser.ask(prompt="none"))
    await browser.http.post(f"{AT}/logout", data=hidden_fields(page))
    assert answer_of(await browser.ask(prompt="none"))["error"] == "login_required"


@pytest.mark.parametrize("hint", ["x", "a.b.c", "access"])
async def test_logout_refuses_a_hint_that_is_not_an_identity_token_of_ours(hint):
    browser = (await a_provider()).browser()
    tokens = await browser.tokens()
    token = tokens["access_token"] if hint == "access" else hint
    answer = await browser.http.get(f"{AT}/logout", params={"id_token_hint": token})
    assert answer.status_code == 400


async def refresh(browser, token, client_id="gateway"):
    return await browser.token(
        grant_type="refresh_token", refresh_token=token, client_id=client_id, client_secret=GATEWAY_SECRET
    )


async def userinfo(browser, token):
    return await browser.http.get(f"{AT}/userinfo", headers={"Authorization": f"Bearer {token}"})


def sso_cookie(browser):
    return next(value for name, value in browser.http.cookies.items() if "_sso_" in name)


def test_the_challenge_is_the_one_of_the_standard():
    # RFC 7636, appendix B.
    assert challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
