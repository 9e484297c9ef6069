"""What a request may cost: the size of its body, the time it may take to arrive, the searches that run at once."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from cxrules.explanation.prose.report import STYLE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

__all__ = ["POLICY", "Guard", "Limits", "policy"]


def policy(*, offline: bool = False) -> str:
    """Return the content security policy of the page.

    Args:
        offline: Whether the library runs in the page, as WebAssembly.
    """
    style = b64encode(sha256(STYLE.encode()).digest()).decode()
    wasm = " 'wasm-unsafe-eval'" if offline else ""
    return (
        f"default-src 'none'; script-src 'self'{wasm}; style-src 'self' 'sha256-{style}'; img-src 'self' data:; "
        "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'"
    )


POLICY: Final = f"{policy()}; frame-ancestors 'none'"

_HEADERS: Final = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may cost.

    Attributes:
        body: The most bytes of the body of an ordinary request.
        table: The most bytes of the body of a table.
        arrival: Seconds within which a body has to arrive.
        search: Seconds that one search may take; what was found until then is the answer.
        searches: How many searches run at once; others wait.
    """

    body: int = 64 * 1024
    table: int = 16 * 1024 * 1024
    arrival: float = 10.0
    search: float = 2.0
    searches: int = 2


class _RefusedError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Guard:
    """An ASGI layer that refuses bodies that are too large or too slow, and adds the security headers."""

    def __init__(self, application: Application, limits: Limits) -> None:
        self._application = application
        self._limits = limits

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        limits = self._limits
        most = limits.table if scope["path"].endswith("/table") else limits.body
        started = False

        async def send_guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        try:
            declared = dict(scope["headers"]).get(b"content-length", b"0")
            if declared.isdigit() and int(declared[:20]) > most:
                raise _RefusedError(413, f"the body may have {most} bytes at most")
            body = await asyncio.wait_for(_collect(receive, most), limits.arrival)
        except TimeoutError:
            await _refuse(send_guarded, 408, f"the body did not arrive within {limits.arrival:g} seconds")
            return
        except _RefusedError as error:
            await _refuse(send_guarded, error.status, str(error))
            return
        if body is None:  # the client has gone
            return
        handed = False

        async def hand_over() -> Message:
            nonlocal handed
            if handed:
                return await receive()
            handed = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._application(scope, hand_over, send_guarded)


async def _collect(receive: Receive, most: int) -> bytes | None:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            raise _RefusedError(413, f"the body may have {most} bytes at most")
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


async def _refuse(send: Send, status: int, message: str) -> None:
    body = b'{"message": "' + message.encode() + b'"}'
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
