"""`python -m node serve|migrate|config|health`: one program, many roles, checked before it starts."""

import asyncio
import gc
import json
import os
import signal
import sys
from typing import Annotated

import typer
from pydantic import ValidationError

from chassis.logging import configure_logging, log
from chassis.telemetry import configure_telemetry
from node import roster
from node.running import migrate, running
from node.settings import NodeSettings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Run one server of the federation, or part of it.")
Names = Annotated[list[str] | None, typer.Argument(help="Services to host; none means all.")]


def _settings() -> NodeSettings:
    try:
        return NodeSettings()
    except ValidationError as error:
        for problem in error.errors():
            name = "__".join(str(part) for part in problem["loc"]).upper()
            typer.echo(f"HARMONIA_{name}: {problem['msg']}", err=True)
        raise typer.Exit(2) from error


def _checked(names: list[str] | None) -> list[str]:
    chosen = names or list(roster.ALL)
    if unknown := [name for name in chosen if name not in roster.ALL]:
        typer.echo(f"Unknown service: {', '.join(unknown)}. There are {', '.join(roster.ALL)}.", err=True)
        raise typer.Exit(2)
    return chosen


@app.command()
def serve(services: Names = None) -> None:
    """Host the services until a signal; prints one JSON line when ready."""
    settings = _settings()
    asyncio.run(serve_until_signal(settings, _checked(services)))


async def serve_until_signal(settings: NodeSettings, names: list[str]) -> None:
    """Run the services until SIGINT or SIGTERM, then stop them gracefully."""
    configure_logging(settings.telemetry, settings.stack)
    provider = configure_telemetry(settings.telemetry, settings.stack)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        async with running(settings, names) as hosted:
            await hosted.health.check()
            # What is loaded by now lives as long as the process: a full collection that walks it stops every call 0.1 s.
            gc.collect()
            gc.freeze()
            typer.echo(json.dumps({"ready": settings.stack, "services": names, "pid": os.getpid()}))
            sys.stdout.flush()
            await stop.wait()
            log("node").info("stopping", services=names)
    finally:
        provider.shutdown()


@app.command(name="migrate")
def migrate_command(services: Names = None) -> None:
    """Make schemas and roles and run migrations on HARMONIA_DATABASE_ADMIN_URL, then exit."""
    settings = _settings()
    admin_url = settings.database_admin_url.get_secret_value()
    if not admin_url:
        typer.echo("Set HARMONIA_DATABASE_ADMIN_URL to a role that may make roles and schemas.", err=True)
        raise typer.Exit(2)
    names = [name for name in _checked(services) if name in roster.STORED]
    migrate(admin_url, names, settings.database_password.get_secret_value())
    typer.echo(f"Migrated: {', '.join(names)}.")


@app.command()
def config() -> None:
    """Print the effective configuration, secrets masked, and check it without starting anything."""
    settings = _settings()
    typer.echo(settings.model_dump_json(indent=2))


@app.command()
def health(address: Annotated[str, typer.Argument(help="host:port or unix: address of the health service.")]) -> None:
    """Ask a running node whether it is ready; exit code 0 when it is, 1 when it is not."""
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    with grpc.insecure_channel(address) as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(  # type: ignore[attr-defined]
                health_pb2.HealthCheckRequest(), timeout=5
            )
        except grpc.RpcError as error:
            typer.echo(f"No answer: {error}", err=True)
            raise typer.Exit(1) from error
    is_ready = answer.status == health_pb2.HealthCheckResponse.SERVING
    typer.echo("ready" if is_ready else "not ready")
    raise typer.Exit(0 if is_ready else 1)


if __name__ == "__main__":
    app()
