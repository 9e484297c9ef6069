"""Where questions are answered: in threads, with a limit for each kind, so that quick ones need not wait for others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Final, TypeVar

from starlette.exceptions import HTTPException

from cxrules.search.budget import time_limit
from cxrules.web.limits import Limits

__all__ = ["Places"]

_Answer = TypeVar("_Answer")
_RECOMMENDING: Final = 2
_BUSY: Final = "the server has too many requests at once; try again in a minute"


class Places:
    """The places of a server, for all its endpoints together. A question that waits too long for one is refused."""

    def __init__(self, limits: Limits) -> None:
        self.recommend = _Place(_RECOMMENDING, limits.search, limits.wait)
        self.search = _Place(limits.searches, limits.search, limits.wait)
        self.table = _Place(limits.tables, limits.deciding, limits.wait)


class _Place:
    """Answers a number of questions at once, with limits in seconds for answering each and for waiting before that."""

    def __init__(self, most: int, seconds: float, wait: float) -> None:
        self._free = asyncio.Semaphore(most)
        self._threads = ThreadPoolExecutor(most, "cxrules")
        self._seconds = seconds
        self._wait = wait

    async def __call__(self, ask: Callable[[], _Answer]) -> _Answer:
        try:
            async with asyncio.timeout(self._wait):
                await self._free.acquire()
        except TimeoutError:
            raise HTTPException(503, _BUSY, {"retry-after": "60"}) from None
        try:
            answer = partial(copy_context().run, self._answer, ask)
            return await asyncio.get_running_loop().run_in_executor(self._threads, answer)
        finally:
            self._free.release()

    def _answer(self, ask: Callable[[], _Answer]) -> _Answer:
        with time_limit(self._seconds):
            return ask()
