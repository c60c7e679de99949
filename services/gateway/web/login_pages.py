"""Signing in and out: the browser goes to the identity provider and comes back."""

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from services.gateway.web.sessions import ATTEMPT_LASTS
from services.gateway.web.visit import Visitor, safe_path

router = APIRouter(include_in_schema=False)


@router.get("/auth/login")
async def log_in(visit: Visitor) -> Response:
    """Send the browser to the identity provider; `again=1` asks for a new proof of identity, as signing needs."""
    query = visit.request.query_params
    sessions = visit.desk.sessions
    url, browser = await sessions.start(safe_path(query.get("next", "/")), proves_again=query.get("again") == "1")
    response = RedirectResponse(url, 303)
    sessions.put_cookie(response, sessions.login_cookie, browser, lasts=ATTEMPT_LASTS)
    return response


@router.get("/auth/callback")
async def come_back(visit: Visitor) -> Response:
    """Open a session under a new id with what the browser brought back."""
    sessions = visit.desk.sessions
    session, way_back = await sessions.finish(visit.request)
    response = RedirectResponse(safe_path(way_back), 303)
    sessions.put_cookie(response, sessions.cookie, session.id)
    sessions.drop_cookie(response, sessions.login_cookie)
    return response


@router.post("/auth/logout")
async def log_out(visit: Visitor) -> Response:
    """End the session here, then at the identity provider."""
    await visit.fields()
    desk = visit.desk
    session = await desk.sessions.end(visit.request)
    url = await desk.provider.logout_url(session.tokens.id_token) if session else ""
    response = RedirectResponse(url or "/", 303)
    desk.sessions.drop_cookie(response, desk.sessions.cookie)
    return response
