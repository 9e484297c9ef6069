"""Doubts about facts that are valid but unlikely: a warning for their author, or words for a host to pass on."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType
from typing import Final

__all__ = ["UnlikelyFact", "doubt_fact", "forward_doubts", "hear_doubts", "tell_doubts"]

_LIBRARIES: Final = frozenset({"contextlib", "cxrules", "duckdb", "narwhals", "pydantic"})
"""Packages that pass a fact on from the line that gave it."""

_HEARD: Final[ContextVar[dict[str, str] | None]] = ContextVar("heard", default=None)


class UnlikelyFact(UserWarning):
    """A fact is valid but probably not what was meant, such as a share of 0.15 where 15 % was meant."""


@contextmanager
def hear_doubts() -> Iterator[dict[str, str]]:
    """Collect doubts instead of warning of them, the first about each fact.

    Meant for a server: its facts are given by others, who do not see its warnings, and Python keeps the text of every
    warning. It applies to the caller's context, its thread or its task, and so not to the threads of a pool, nor to an
    answer that is read after the block.

    Yields:
        What is doubtful, by fact.

    Examples:
        >>> import cxrules
        >>> with hear_doubts() as doubts:
        ...     advice = cxrules.recommend(retention_budget_share=0.15)
        >>> doubts
        {'retention_budget_share': 'is 0.15 %; write 15 if 15 % was meant'}
    """
    heard: dict[str, str] = {}
    before = _HEARD.get()
    _HEARD.set(heard)
    try:
        yield heard
    finally:
        _HEARD.set(before)  # a token would be refused where a generator is closed in another context


def forward_doubts(doubts: Mapping[str, str]) -> None:
    """Raise doubts again that were heard: for the host that listens outside, or as warnings."""
    for name, says in doubts.items():
        doubt_fact(name, says)


def tell_doubts(doubts: Mapping[str, str]) -> list[str]:
    """Return doubts as texts that name the facts.

    Examples:
        >>> tell_doubts({"retention_budget_share": "is 0.15 %; write 15 if 15 % was meant"})
        ['retention_budget_share is 0.15 %; write 15 if 15 % was meant']
    """
    return [f"{name} {says}" for name, says in doubts.items()]


def doubt_fact(name: str, says: str) -> None:
    """Report an unlikely fact to the host that listens, or by a warning at the line that called the library."""
    heard = _HEARD.get()
    if heard is not None:
        heard.setdefault(name, says)
        return
    level = 1
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - `inspect` takes longer to load than a first answer
    while frame is not None and str(frame.f_globals.get("__name__")).partition(".")[0] in _LIBRARIES:
        level, frame = level + 1, frame.f_back
    warnings.warn(f"{name} {says}", UnlikelyFact, stacklevel=level)
