"""No client is held up by others: places of a server, and connections that are not kept open."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import urllib.request
from threading import Event
from typing import Any

import pytest
import uvicorn
from starlette.exceptions import HTTPException

from cxrules.search.budget import Budget
from cxrules.web.connection import make_protocol
from cxrules.web.limits import Limits
from cxrules.web.places import Places


def test_requests_do_not_wait_for_another_kind() -> None:
    async def ask() -> None:
        places, release = Places(Limits(wait=0.05)), Event()
        busy = [
            asyncio.create_task(place(release.wait))
            for place in (places.search, places.search, places.table)
            for _ in range(3)
        ]
        await asyncio.sleep(0.01)
        assert await places.recommend(lambda: 1) == 1
        for place in (places.search, places.table):
            with pytest.raises(HTTPException) as refused:
                await place(lambda: 1)
            assert refused.value.status_code == 503
        release.set()
        await asyncio.gather(*busy, return_exceptions=True)  # all of them, or a place is not free yet
        assert await places.search(lambda: 2) == await places.table(lambda: 2) == 2

    asyncio.run(ask())


def test_every_place_has_a_time_limit() -> None:
    async def ask() -> list[float | None]:
        places = Places(Limits(search=1, deciding=100))
        return [await place(lambda: Budget().seconds) for place in (places.recommend, places.search, places.table)]

    times = asyncio.run(ask())
    assert all(time is not None for time in times)
    assert [time > 1 for time in times if time is not None] == [False, False, True]


async def answer(_scope: object, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"x" * 30_000_000})


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (b"", True),
        (b"GET / HTTP/1.1\r\n", True),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", True),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", False),
    ],
    ids=["silent", "begins", "goes on", "does not read"],
)
def test_an_unfinished_connection_is_closed(sent: bytes, read: bool) -> None:
    async def talk() -> None:
        config = uvicorn.Config(
            answer, http=make_protocol(Limits(arrival=0.1)), lifespan="off", log_level="critical", port=0
        )
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup()
        port = server.servers[0].sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        if read:
            assert await reader.read() == b""
        else:
            while server.server_state.connections:
                await asyncio.sleep(0.01)
        writer.close()
        await server.shutdown()

    asyncio.run(talk())


def test_the_server_accepts_connections_once_it_prints_its_address() -> None:
    command = [sys.executable, "-m", "cxrules", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline().split()[4]
            with urllib.request.urlopen(f"{address}api/health") as answered:  # noqa: S310 - the address is our own
                assert answered.status == 200
        finally:
            server.terminate()
