"""The provider's web server: its address and its limits."""

import uvicorn
from starlette.types import ASGIApp


def web_server(app: ASGIApp, host: str, port: int) -> uvicorn.Config:
    """Return how the application is served; `chassis.web` serves it."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        proxy_headers=False,
        timeout_graceful_shutdown=5,
        limit_concurrency=200,
    )
