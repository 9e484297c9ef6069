"""The budget of a search: a number of steps, and time up to a deadline. A search that it stops says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf
from time import monotonic
from typing import Any, Final

from cxrules.errors import show_value, unwrap

__all__ = ["Budget", "time_limit"]

_FAR: Final = 1e12
"""Seconds that never pass."""

_LATEST: Final[ContextVar[float | None]] = ContextVar("latest", default=None)


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Limit every search that begins inside to a number of seconds, whatever its own deadline; None means no limit.

    Meant for a server whose questions set no deadline. It applies to the caller's context: its thread, or its task.

    Raises:
        ValueError: If it is negative or not a number.

    Examples:
        >>> with time_limit(0):
        ...     Budget().spent
        True
    """
    before = _LATEST.get()
    ends = [each for each in (before, _end_of(seconds)) if each is not None]
    _LATEST.set(min(ends, default=None))
    try:
        yield
    finally:
        _LATEST.set(before)  # a token would be refused where a generator is closed in another context


def _end_of(seconds: float | None) -> float | None:
    if seconds is None:
        return None
    given: Any = unwrap(seconds)  # whatever the caller gave
    if isinstance(given, bool) or not (isinstance(given, int | float) and given >= 0):
        raise ValueError(f"a deadline is a number of seconds from now, at least 0, not {show_value(given)}")
    return monotonic() + min(given, _FAR)


class Budget:
    """The budget of one search.

    Attributes:
        steps: How many steps may be taken.
        examined: How many have been.
        cut_short: Whether a search has seen that the budget is spent.

    Examples:
        >>> budget = Budget(10)
        >>> budget.spend(10)
        >>> budget.spent
        True
        >>> Budget(10, deadline=0).spent
        True
    """

    __slots__ = ("_end", "cut_short", "examined", "steps")

    def __init__(self, steps: float = inf, deadline: float | None = None) -> None:
        """Start counting; `deadline` is in seconds from now, or None.

        Raises:
            ValueError: If the deadline is negative or not a number.
        """
        own = _end_of(deadline)
        self.steps = steps
        self.examined = 0
        self.cut_short = False
        self._end = _LATEST.get()
        if own is not None:
            self._end = own if self._end is None else min(own, self._end)

    def spend(self, steps: int = 1) -> None:
        """Count some steps."""
        self.examined += steps

    @property
    def left(self) -> float:
        """How many steps are left."""
        return max(0, self.steps - self.examined)

    @property
    def seconds(self) -> float | None:
        """How many seconds are left; None where there is no deadline."""
        return None if self._end is None else max(0.0, self._end - monotonic())

    @property
    def spent(self) -> bool:
        """Whether no further step may be taken."""
        spent = self.examined >= self.steps or (self._end is not None and monotonic() >= self._end)
        self.cut_short |= spent
        return spent
