"""Signs in from a terminal: OpenID Connect authorization code with PKCE (RFC 7636), through a browser or the login form itself.

With a name and a password the command fills in the provider's own login form, as a browser without JavaScript would;
without them it opens the browser and waits on a loopback address (RFC 8252 §7.3).
"""

import base64
import hashlib
import secrets
import webbrowser
from collections.abc import Mapping
from html.parser import HTMLParser
from http.cookiejar import CookieJar, DefaultCookiePolicy
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx2

CLIENT_ID = "cli"
SCOPE = "openid profile offline_access"
BROWSER_SECONDS = 300
FEWEST_STEPS = 8


class LoginRefused(RuntimeError):
    """The provider refused; the message says why, in the words of its page where it has some."""


class _Form(HTMLParser):
    """The first form of a page: where it goes, and the fields it carries; and the page's alert, if any."""

    def __init__(self) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: dict[str, str] = {}
        self.alert = ""
        self._in_form = self._in_alert = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note forms, fields and alerts."""
        found = dict(attributes)
        if tag == "form" and self.action is None:
            self.action, self._in_form = found.get("action") or "", True
        elif tag == "input" and self._in_form and found.get("name"):
            self.fields[str(found["name"])] = found.get("value") or ""
        self._in_alert = self._in_alert or found.get("role") == "alert"

    def handle_endtag(self, tag: str) -> None:
        """Leave the form or the alert."""
        if tag == "form":
            self._in_form = False
        if tag in ("p", "div"):
            self._in_alert = False

    def handle_data(self, data: str) -> None:
        """Collect the words of the alert."""
        if self._in_alert:
            self.alert += data.strip()


def loopback_cookies() -> CookieJar:
    """Return a jar that sends `Secure` cookies to a loopback server in clear, as browsers do."""
    return CookieJar(DefaultCookiePolicy(secure_protocols=("https", "wss", "http")))


def log_in(issuer: str, username: str, password: str) -> dict[str, Any]:
    """Sign in through the provider's login form and return its tokens.

    Raises:
        LoginRefused: wrong name or password, or the provider said no.
    """
    with httpx2.Client(cookies=loopback_cookies(), timeout=20, follow_redirects=False) as http:
        provider = _discover(http, issuer)
        verifier, redirect_uri, state = (
            secrets.token_urlsafe(48),
            "http://127.0.0.1/callback",
            secrets.token_urlsafe(16),
        )
        address = _authorization(provider, verifier, redirect_uri, state)
        code = _walk(http, address, redirect_uri, state, {"username": username, "password": password})
        return _exchange(http, provider, code, verifier, redirect_uri)


def log_in_with_browser(issuer: str) -> dict[str, Any]:
    """Sign in through the person's browser and return the tokens.

    Raises:
        LoginRefused: nobody came back within five minutes, or the provider said no.
    """
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
    with _Callback() as callback, httpx2.Client(timeout=20) as http:
        provider = _discover(http, issuer)
        webbrowser.open(_authorization(provider, verifier, callback.address, state))
        answer = callback.wait()
        return _exchange(http, provider, _code(answer, state), verifier, callback.address)


def refresh(issuer: str, refresh_token: str) -> dict[str, Any]:
    """Return new tokens for a refresh token.

    Raises:
        LoginRefused: it has run out or was revoked.
    """
    with httpx2.Client(timeout=20) as http:
        provider = _discover(http, issuer)
        fields = {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": CLIENT_ID}
        return _tokens(http.post(provider["token_endpoint"], data=fields))


def _discover(http: httpx2.Client, issuer: str) -> dict[str, Any]:
    answer = http.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if answer.status_code != 200:
        raise LoginRefused(f"Le fournisseur d'identité {issuer} ne répond pas ({answer.status_code}).")
    provider: dict[str, Any] = answer.json()
    return provider


def _authorization(provider: Mapping[str, Any], verifier: str, redirect_uri: str, state: str) -> str:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": redirect_uri,
        "scope": SCOPE,
        "state": state,
        "nonce": secrets.token_urlsafe(16),
        "prompt": "login",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"{provider['authorization_endpoint']}?{urlencode(asked)}"


def _walk(http: httpx2.Client, address: str, redirect_uri: str, state: str, credentials: Mapping[str, str]) -> str:
    answer = http.get(address)
    given = False
    for _ in range(FEWEST_STEPS):
        location = answer.headers.get("location", "")
        if location.startswith(redirect_uri):
            return _code(parse_qs(urlsplit(location).query), state)
        if location:
            answer = http.get(urljoin(str(answer.url), location))
            continue
        form = _Form()
        form.feed(answer.text)
        if form.action is None or given:
            raise LoginRefused(form.alert or "Nom d'utilisateur ou mot de passe refusé.")
        given = True
        answer = http.post(
            urljoin(str(answer.url), form.action),
            data={**form.fields, **credentials},
            headers={"Origin": _origin(str(answer.url))},
        )
    raise LoginRefused("Le fournisseur d'identité renvoie sans fin d'une page à l'autre.")


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _code(answer: Mapping[str, list[str]], state: str) -> str:
    if answer.get("state") != [state]:
        raise LoginRefused("La réponse du fournisseur d'identité n'est pas celle de cette demande.")
    if "code" not in answer:
        raise LoginRefused(answer.get("error_description", answer.get("error", ["refusé"]))[0])
    return answer["code"][0]


def _exchange(
    http: httpx2.Client, provider: Mapping[str, Any], code: str, verifier: str, redirect_uri: str
) -> dict[str, Any]:
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": verifier,
        "redirect_uri": redirect_uri,
        "client_id": CLIENT_ID,
    }
    return _tokens(http.post(provider["token_endpoint"], data=fields))


def _tokens(answer: httpx2.Response) -> dict[str, Any]:
    tokens: dict[str, Any] = answer.json() if "json" in answer.headers.get("content-type", "") else {}
    if answer.status_code != 200:
        raise LoginRefused(tokens.get("error_description") or tokens.get("error") or "Connexion refusée.")
    return tokens


class _Callback:
    """A loopback address that waits for the browser to come back once."""

    def __enter__(self) -> Self:
        answers: list[dict[str, list[str]]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answers.append(parse_qs(urlsplit(self.path).query))
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; charset=utf-8")
                self.end_headers()
                self.wfile.write(b"Connexion faite. Vous pouvez fermer cette page.")

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._answers = answers
        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._server.timeout = BROWSER_SECONDS
        self.address = f"http://127.0.0.1:{self._server.server_port}/callback"
        return self

    def wait(self) -> dict[str, list[str]]:
        """Return the parameters the browser brought back."""
        self._server.handle_request()
        if not self._answers:
            raise LoginRefused("Personne n'est revenu du navigateur en cinq minutes.")
        return self._answers[0]

    def __exit__(self, *_: object) -> None:
        self._server.server_close()
