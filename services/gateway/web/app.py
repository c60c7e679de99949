"""Puts pages, JSON interface, feeds and the guard together as one ASGI application."""

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from services.gateway.web import (
    account_pages,
    api,
    attachment_pages,
    calendar_pages,
    campaign_pages,
    consultation_pages,
    control_pages,
    export_pages,
    feeds,
    filing_pages,
    form_set_pages,
    history_pages,
    home_pages,
    import_pages,
    login_pages,
    open_pages,
    release_pages,
    remark_pages,
    review_pages,
    sign_pages,
    staff_pages,
)
from services.gateway.web.desk import Desk
from services.gateway.web.errors import translate_failures
from services.gateway.web.guard import Guard
from services.gateway.web.pages import STATIC

_ROUTERS = (
    login_pages,
    home_pages,
    open_pages,
    staff_pages,
    review_pages,
    calendar_pages,
    campaign_pages,
    control_pages,
    form_set_pages,
    import_pages,
    account_pages,
    attachment_pages,
    remark_pages,
    release_pages,
    sign_pages,
    history_pages,
    export_pages,
    consultation_pages,
    filing_pages,
    api,
    feeds,
)


class _Cached(StaticFiles):
    """Static files; their address changes with their content."""

    async def get_response(self, path: str, scope: Scope):  # type: ignore[no-untyped-def]
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=86400"
        return response


def gateway_app(desk: Desk) -> FastAPI:
    """Return the application on these ports."""
    app = FastAPI(
        title="Harmonia",
        version="1",
        description="Filings, imports, controls, signatures, releases and feeds of one Harmonia server.",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        redirect_slashes=False,
        # The guard makes the one span of a request, and does not believe a trace that comes from outside.
        telemetry={"tracing": False},
        middleware=[Middleware(Guard, place=desk.place)],
    )
    app.state.desk = desk
    for room in _ROUTERS:
        app.include_router(room.router)
    app.mount("/static", _Cached(directory=STATIC), name="static")
    translate_failures(app)
    return app
