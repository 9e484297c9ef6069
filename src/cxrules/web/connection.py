"""Connections of clients that do not finish what they begin, which uvicorn would keep open for ever."""

from __future__ import annotations

from asyncio import TimerHandle, Transport

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from cxrules.web.limits import Limits

__all__ = ["PatientProtocol", "make_protocol"]

_LEAST = 64 * 1024


class PatientProtocol(H11Protocol):
    """HTTP/1.1 that closes a connection whose client does not finish the head of a request or does not read its answer.

    Attributes:
        patience: How many seconds it waits: for the whole head, and for each 64 KiB of an answer.
    """

    patience = Limits().arrival
    _head: TimerHandle | None = None
    _answer: TimerHandle | None = None
    _unread = 0

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Start waiting for a head."""
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """Keep waiting until the head is complete."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._expect_head()
        elif self._head:
            self._head.cancel()
            self._head = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        for timer in (self._head, self._answer):
            if timer:
                timer.cancel()
        self._head = self._answer = None
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Start waiting for the client to read."""
        super().pause_writing()
        if not self._answer:
            self._unread = self.transport.get_write_buffer_size()
            self._answer = self.loop.call_later(self.patience, self._look_at_answer)

    def resume_writing(self) -> None:
        """Wait no more."""
        super().resume_writing()
        if self._answer:
            self._answer.cancel()
            self._answer = None

    def _expect_head(self) -> None:
        if not self._head and not self.transport.is_closing():
            self._head = self.loop.call_later(self.patience, self.transport.abort)

    def _look_at_answer(self) -> None:
        left = self.transport.get_write_buffer_size()
        if self._unread - left < _LEAST:
            self.transport.abort()
        else:
            self._unread = left
            self._answer = self.loop.call_later(self.patience, self._look_at_answer)


def make_protocol(limits: Limits) -> type[PatientProtocol]:
    """Make the protocol class for a server."""
    return type("_Protocol", (PatientProtocol,), {"patience": limits.arrival})
