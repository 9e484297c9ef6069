"""Ids and their order."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

__all__ = ["id_order", "sorted_ids"]


@lru_cache(maxsize=8192)  # reading an answer sorts the same few ids again and again
def id_order(identifier: str) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """Return a sort key for ids: text, with runs of digits as numbers.

    Examples:
        >>> sorted(["A0-10", "A0-9", "A0-1b"], key=id_order)
        ['A0-1b', 'A0-9', 'A0-10']
    """
    import re

    parts = tuple(
        (0, len(digits := part.lstrip("0")), digits) if "0" <= part[0] <= "9" else (1, 0, part)
        for part in re.split(r"([0-9]+)", identifier)
        if part
    )
    return parts, identifier  # "r-1" and "r-01" differ only as text


def sorted_ids(identifiers: Iterable[str]) -> tuple[str, ...]:
    """Sort ids, each once."""
    return tuple(sorted(set(identifiers), key=id_order))
