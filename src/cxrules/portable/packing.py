"""Answers packed for a pickle: the words of rules and claims repeat themselves, so that a third of the size is left."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

from cxrules.portable.fields import own_fields

__all__ = ["pack", "unpack"]


class _Packer(pickle.Pickler):
    parts: type[Any]

    def reducer_override(self, thing: Any) -> Any:
        """Take the answers inside an answer as they are, so that what they share is packed once."""
        return (object.__new__, (type(thing),), vars(thing)) if isinstance(thing, self.parts) else NotImplemented


def pack(answer: object, parts: type[Any]) -> bytes:
    """Return the fields of an answer, packed; parts of it of some class are packed in the same way."""
    try:
        return _pack(vars(answer), parts)
    except RecursionError:
        # What stands deepest goes first, so that whatever holds it only points at it.
        return _pack((_list_inner(answer, parts), vars(answer)), parts)


def _pack(content: object, parts: type[Any]) -> bytes:
    packed = BytesIO()
    packer = _Packer(packed, pickle.HIGHEST_PROTOCOL)
    packer.parts = parts
    packer.dump(content)
    return zlib.compress(packed.getvalue())


def _list_inner(answer: object, parts: type[Any]) -> list[object]:
    """Return the answers inside an answer, each after those inside it."""
    found: list[object] = []
    seen = {id(answer)}
    waiting = [(inner, False) for inner in _list_parts(answer, parts)]
    while waiting:
        inner, done = waiting.pop()
        if done:
            found.append(inner)
        elif id(inner) not in seen:
            seen.add(id(inner))
            waiting.append((inner, True))
            waiting += [(each, False) for each in _list_parts(inner, parts)]
    return found


def _list_parts(answer: object, parts: type[Any]) -> Iterator[object]:
    waiting = [*vars(answer).values()]
    while waiting:
        value = waiting.pop()
        if isinstance(value, parts):
            yield value
        elif isinstance(value, tuple | list):
            waiting += value
        elif isinstance(value, Mapping):
            waiting += value.values()
        else:
            waiting += [getattr(value, each.name) for each in own_fields(type(value))]


def unpack(kind: type[Any], packed: bytes) -> Any:
    """Return the answer that was packed."""
    answer = object.__new__(kind)
    content = pickle.loads(zlib.decompress(packed))  # noqa: S301 - part of a pickle that is being read
    vars(answer).update(content[1] if isinstance(content, tuple) else content)
    return answer
