"""Whether two answers are alike, and a hash that agrees with it, however deep they are and whatever they share.

What dataclasses compare by themselves recurses: a chain of a thousand findings is deeper than Python's calls, and where
branches are shared every way through them is walked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cxrules.portable.fields import own_fields, remember

__all__ = ["are_alike", "hash_of"]

_HASHED = 2
"""How many levels of what is inside an answer its hash looks at. Answers that differ below share a hash."""


def are_alike(one: object, other: object) -> bool:
    """Whether two answers, or parts of them, are of one class and equal in every field that counts.

    Examples:
        >>> are_alike((1, {"a": (2,)}), (1, {"a": (2,)})), are_alike((1, {"a": (2,)}), (1, {"a": (3,)}))
        (True, False)
    """
    waiting: list[tuple[Any, Any]] = [(one, other)]
    seen: set[tuple[int, int]] = set()
    while waiting:
        left, right = waiting.pop()
        pair = (id(left), id(right))  # nothing ends meanwhile: the answers hold it
        if left is right or pair in seen:
            continue
        seen.add(pair)
        inside = _pair_parts(left, right)
        if inside is None:
            return False
        waiting += inside
    return True


def _pair_parts(left: Any, right: Any) -> list[tuple[Any, Any]] | None:
    """Return the parts that must be alike for two things to be so; None where the two themselves are not."""
    if isinstance(left, tuple) and isinstance(right, tuple):
        return list(zip(left, right, strict=True)) if len(left) == len(right) else None
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return [(value, right[key]) for key, value in left.items()] if left.keys() == right.keys() else None
    if own_fields(type(left)):
        if type(left) is not type(right):
            return None
        return [(getattr(left, name), getattr(right, name)) for name in _compared(type(left))]
    return [] if left == right else None


def hash_of(value: Any, levels: int = _HASHED) -> int:
    """Return a hash of an answer, or of a part of one."""
    if isinstance(value, Mapping):
        return hash(frozenset((key, hash_of(item, levels)) for key, item in value.items()))
    if isinstance(value, tuple):
        return hash(tuple([hash_of(item, levels) for item in value]))
    kind = type(value)
    if own_fields(kind):
        return hash((kind, *(hash_of(getattr(value, name), levels - 1) for name in _compared(kind) if levels)))
    return hash(value)


@remember
def _compared(kind: Any) -> tuple[str, ...]:
    return tuple([each.name for each in own_fields(kind) if each.compare])
