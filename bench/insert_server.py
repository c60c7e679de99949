"""The peer of S1 and S2: a web server that inserts the bytes it is sent and commits, with nothing else."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

_free: list[psycopg.AsyncConnection[tuple[object, ...]]] = []


@asynccontextmanager
async def _connected(_app: Starlette) -> AsyncIterator[None]:
    number, database = int(os.environ["PEER_CONNECTIONS"]), os.environ["PEER_DATABASE"]
    _free.extend([await psycopg.AsyncConnection.connect(database) for _ in range(number)])
    yield
    for connection in _free:
        await connection.close()


async def _insert(request: Request) -> JSONResponse:
    content = await request.body()
    connection = _free.pop()
    try:
        await connection.execute("INSERT INTO bench_peer (content) VALUES (%s)", (content,))
        await connection.commit()
    finally:
        _free.append(connection)
    return JSONResponse({"bytes": len(content)})


app = Starlette(routes=[Route("/", _insert, methods=["POST"])], lifespan=_connected)
