"""What requests may cost: the size of their bodies, the time they may take to arrive, the searches that run at once."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cxrules.doubts import hear_doubts, tell_doubts
from cxrules.language.plain import read_integer, unite_pairs
from cxrules.web.security_headers import HEADERS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

__all__ = ["Guard", "Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What requests may cost.

    Attributes:
        body: The most bytes of the body of an ordinary request.
        table: The most bytes of the body of a table.
        bodies: The most bytes of the bodies of all tables that are being answered, and of all other requests.
        arrival: Seconds within which the head of a request has to arrive, and within which its body has to.
        search: Seconds that one search may take; the answer is what it found by then.
        searches: How many searches run at once; others wait. Plain recommendations have separate places.
        deciding: Seconds that one table may take.
        tables: How many tables are decided at once; others wait.
        wait: Seconds that a search or a table may wait for its place.
        connections: How many connections there may be at once.
    """

    body: int = 64 * 1024
    table: int = 16 * 1024 * 1024
    bodies: int = 64 * 1024 * 1024
    arrival: float = 10.0
    search: float = 2.0
    searches: int = 2
    deciding: float = 10.0
    tables: int = 1
    wait: float = 20.0
    connections: int = 2000


_DOUBTS: Final = 20
"""The most doubts about facts in the header `cxrules-doubts`."""


class _RefusedError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Guard:
    """An ASGI layer: refuses bodies too large, too slow or with a key twice; adds doubts and the security headers."""

    def __init__(self, application: Application, limits: Limits) -> None:
        self._application = application
        self._limits = limits
        self._held = {True: 0, False: 0}  # bytes of tables, and of the bodies of other requests

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        table = scope["path"].endswith("/table")
        body = _Body(self, table=table, most=self._limits.table if table else self._limits.body)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = tell_doubts(doubts)[:_DOUBTS]
                told = [(b"cxrules-doubts", json.dumps(said).encode())] if said else []
                message["headers"] = [*message.get("headers", ()), *HEADERS, *told]
            await send(message)

        try:
            with hear_doubts() as doubts:  # the client is told, and no fact reaches a log
                if await self._collect(dict(scope["headers"]), receive, body):
                    if not table:
                        body.refuse_repeated_keys()
                    await self._application(scope, body.hand_over(receive), send_guarded)
        except _RefusedError as error:
            await _refuse(send_guarded, error.status, str(error))
        finally:
            self._held[table] -= body.size

    async def _collect(self, headers: dict[bytes, bytes], receive: Receive, body: _Body) -> bool:
        declared = headers.get(b"content-length", b"0")
        if declared.isdigit() and int(declared[:20]) > body.most:
            raise body.too_large
        try:
            async with asyncio.timeout(self._limits.arrival):
                return await body.collect(receive)
        except TimeoutError:
            raise _RefusedError(408, f"the body did not arrive within {self._limits.arrival:g} seconds") from None

    def hold(self, size: int, *, table: bool) -> None:
        """Count bytes that have arrived."""
        self._held[table] += size
        if self._held[table] > self._limits.bodies:
            raise _RefusedError(503, "the server is receiving too much at once; try again in a minute")


class _Body:
    """The body of a request, as it arrives."""

    def __init__(self, guard: Guard, *, table: bool, most: int) -> None:
        self.size = 0
        self.most = most
        self._guard = guard
        self._table = table
        self._parts: list[bytes] = []

    @property
    def too_large(self) -> _RefusedError:
        """The answer if the body is too large."""
        return _RefusedError(413, f"the body may have {self.most} bytes at most")

    async def collect(self, receive: Receive) -> bool:
        """Receive the body; return false if the client has gone."""
        brackets = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return False
            part = message.get("body", b"")
            self.size += len(part)
            self._guard.hold(len(part), table=self._table)
            if self.size > self.most:
                raise self.too_large
            brackets += (part.count(b"[") + part.count(b"{")) * self._table
            if brackets > _BRACKETS:  # as JSON, each takes about 60 bytes, and a table is one long text
                raise _RefusedError(422, "an object with the name and the content of a table is expected")
            self._parts.append(part)
            if not message.get("more_body"):
                return True

    def refuse_repeated_keys(self) -> None:
        """Refuse JSON with a key that is given twice; what else is wrong with it is named where it is read."""
        try:
            json.loads(b"".join(self._parts), object_pairs_hook=unite_pairs, parse_int=read_integer)
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
            pass
        except ValueError as error:
            raise _RefusedError(422, str(error)) from None

    def hand_over(self, receive: Receive) -> Receive:
        """Return a function that delivers the body once, in one piece."""

        async def receive_whole() -> Message:
            if not self._parts:
                return await receive()
            whole = b"".join(self._parts)
            self._parts.clear()
            return {"type": "http.request", "body": whole, "more_body": False}

        return receive_whole


_BRACKETS: Final = 100


async def _refuse(send: Send, status: int, message: str) -> None:
    body = json.dumps({"message": message}).encode()
    again = [(b"retry-after", b"60")] if status == 503 else []
    headers = [(b"content-type", b"application/json"), (b"connection", b"close"), *again]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
