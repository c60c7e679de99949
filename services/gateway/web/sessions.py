"""Web sessions: a random id in the browser, its hash in Redis, and the tokens on our side only."""

import hashlib
import hmac
import json
import secrets
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from chassis.clock import Clock
from chassis.errors import Unauthenticated
from services.gateway.clients.answers import Passport, ScopeGrant
from services.gateway.clients.ports import (
    IdentityProvider,
    LoginAttempt,
    LoginRefused,
    Passports,
    RefreshRefused,
    Shelf,
    Tokens,
)

IDLE = timedelta(minutes=60)
"""A session that nobody uses ends."""
LONGEST = timedelta(hours=10)
"""A session ends whatever happens: a working day."""
ATTEMPT_LASTS = timedelta(minutes=15)
_MARGIN = timedelta(seconds=30)
"""A passport this close to its end is renewed first."""


class SignInNeeded(Unauthenticated):
    """Connectez-vous pour continuer."""

    reason = "SIGN_IN_NEEDED"


@dataclass(frozen=True, slots=True)
class Session:
    """A person at a browser."""

    id: str
    """The secret of the cookie; kept nowhere else."""
    csrf: str
    """Secret of the forms of this session."""
    passport: Passport
    tokens: Tokens
    began_at: datetime
    csrf_before: str = ""
    """Secret of the forms that this browser showed to the same person before they signed in again: still taken.

    Who was away for too long typed into those forms; they sign in in another tab and send the page as it is, so that
    nothing typed waits on the server. The secret comes from the cookie, which only this browser has, and from the person:
    somebody else who signs in at the same browser does not send in their own name what the first one typed.
    """

    def shows(self, csrf: str) -> bool:
        """Tell whether a form with this secret was shown to this person at this browser."""
        known = [token.encode() for token in (self.csrf, self.csrf_before) if token]
        return any(hmac.compare_digest(csrf.encode(), token) for token in known)


class Sessions:
    """Opens, finds, renews and ends sessions.

    Cookies ignore ports: five servers on one machine would overwrite each other's, so the name carries the server's.
    """

    def __init__(
        self, server: str, shelf: Shelf, provider: IdentityProvider, passports: Passports, clock: Clock
    ) -> None:
        self._shelf, self._provider, self._passports, self._clock = shelf, provider, passports, clock
        self.cookie = f"__Host-harmonia-{server.lower()}"
        self.login_cookie = f"{self.cookie}-login"
        self.language_cookie = f"{self.cookie}-lang"

    async def start(self, way_back: str, *, proves_again: bool) -> tuple[str, str]:
        """Begin a login; returns where to send the browser, and the secret that binds the attempt to it."""
        browser = secrets.token_urlsafe(32)
        url, attempt = await self._provider.start(fingerprint(browser), way_back, proves_again=proves_again)
        await self._shelf.put(f"login:{fingerprint(attempt.state)}", json.dumps(asdict(attempt)), ATTEMPT_LASTS)
        return url, browser

    async def finish(self, request: Request) -> tuple[Session, str]:
        """End a login with what the browser brought back; the session before it ends, and its id with it.

        Returns:
            The session, under a new id, and the path to return to.

        Raises:
            SignInNeeded: the attempt is unknown, belongs to another browser, or the provider's answer does not hold.
        """
        answer = dict(request.query_params)
        kept = await self._shelf.take(f"login:{fingerprint(answer.get('state', ''))}")
        attempt = LoginAttempt(**json.loads(kept)) if kept else None
        browser = fingerprint(request.cookies.get(self.login_cookie, ""))
        if attempt is None or not hmac.compare_digest(attempt.browser, browser):
            raise SignInNeeded("Cette connexion a expiré ou a commencé dans un autre navigateur ; recommencez.")
        try:
            tokens = await self._provider.finish(attempt, answer)
        except LoginRefused:
            raise SignInNeeded("La connexion n'a pas abouti ; recommencez.") from None
        passport = await self._passports.of_person(tokens.access_token)
        await self.end(request)
        id_, before = secrets.token_urlsafe(32), request.cookies.get(self.cookie, "")
        session = Session(
            *(id_, _csrf_of(id_, passport), passport, tokens, self._clock.now()),
            csrf_before=_csrf_of(before, passport) if before else "",
        )
        await self._keep(session)
        return session, attempt.way_back

    async def current(self, request: Request) -> Session | None:
        """Return the session of the browser with a passport that still holds, None when there is none.

        Raises:
            Unavailable: Redis, the provider or the auth service does not answer and the passport has ended.
        """
        id_ = request.cookies.get(self.cookie, "")
        if not id_:
            return None
        session = await self._find(id_)
        if session is not None and not self._holds(session):
            # A refresh token serves once: one request renews, the others wait and read what it got.
            async with self._shelf.turn(fingerprint(id_)):
                session = await self._find(id_)
                if session is not None and not self._holds(session):
                    session = await self._renew(session)
        return session

    async def end(self, request: Request) -> Session | None:
        """Forget the session of the browser and return it."""
        id_ = request.cookies.get(self.cookie, "")
        session = await self._find(id_) if id_ else None
        if session is not None:
            await self._shelf.drop(_key(id_))
        return session

    async def tell(self, session: Session, note: str) -> None:
        """Leave a note for the next page of this person."""
        await self._shelf.put(f"note:{fingerprint(session.id)}", note, timedelta(minutes=5))

    async def told(self, session: Session) -> str:
        """Return the note left, once."""
        return await self._shelf.take(f"note:{fingerprint(session.id)}") or ""

    def put_cookie(self, response: Response, name: str, value: str, *, lasts: timedelta | None = None) -> None:
        """Set a cookie of this host only, unseen by scripts."""
        age = int(lasts.total_seconds()) if lasts else None
        response.set_cookie(name, value, max_age=age, path="/", secure=True, httponly=True, samesite="lax")

    def drop_cookie(self, response: Response, name: str) -> None:
        """Delete a cookie."""
        response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")

    def _holds(self, session: Session) -> bool:
        return self._clock.now() + _MARGIN < session.passport.expires_at

    async def _renew(self, session: Session) -> Session | None:
        try:
            tokens = await self._provider.refresh(session.tokens.refresh_token)
            passport = await self._passports.of_person(tokens.access_token)
        except (RefreshRefused, Unauthenticated):
            await self._shelf.drop(_key(session.id))
            return None
        renewed = replace(session, tokens=tokens, passport=passport)
        await self._keep(renewed)
        return renewed

    async def _find(self, id_: str) -> Session | None:
        kept = await self._shelf.get(_key(id_))
        if kept is None:
            return None
        session = _from_text(id_, kept)
        if self._clock.now() >= session.began_at + LONGEST:
            await self._shelf.drop(_key(id_))
            return None
        # Only the time to live: writing the text back could undo a renewal that another request made meanwhile.
        await self._shelf.touch(_key(id_), IDLE)
        return session

    async def _keep(self, session: Session) -> None:
        await self._shelf.put(_key(session.id), _to_text(session), IDLE)


def fingerprint(secret: str) -> str:
    """Return the SHA-256 of a random secret: what is kept instead of it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _csrf_of(id_: str, passport: Passport) -> str:
    """Return the secret of the forms of a session: known again from the cookie alone once the session is forgotten."""
    return hmac.new(id_.encode(), f"csrf {passport.subject}".encode(), hashlib.sha256).hexdigest()


def _key(id_: str) -> str:
    return f"session:{fingerprint(id_)}"


def _to_text(session: Session) -> str:
    kept = asdict(session)
    del kept["id"]
    return json.dumps(kept, default=_instant)


def _instant(at: Any) -> str:
    assert isinstance(at, datetime)
    return at.isoformat()


def _from_text(id_: str, text: str) -> Session:
    kept: dict[str, Any] = json.loads(text)
    passport = kept["passport"]
    proven = passport["authenticated_at"]
    grants = tuple(ScopeGrant(g["scope"], tuple(g["permissions"]), g["name"]) for g in passport["grants"])
    return Session(
        id=id_,
        csrf=kept["csrf"],
        passport=Passport(
            **{
                **passport,
                "expires_at": datetime.fromisoformat(passport["expires_at"]),
                "grants": grants,
                "authenticated_at": datetime.fromisoformat(proven) if proven else None,
            }
        ),
        tokens=Tokens(**kept["tokens"]),
        began_at=datetime.fromisoformat(kept["began_at"]),
        csrf_before=kept.get("csrf_before", ""),
    )
