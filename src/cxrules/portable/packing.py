"""Answers packed for a pickle: the words of rules and claims repeat themselves, so that a third of the size is left."""

from __future__ import annotations

import pickle
import zlib
from io import BytesIO
from typing import Any

__all__ = ["pack", "unpack"]


class _Packer(pickle.Pickler):
    parts: type[Any]

    def reducer_override(self, thing: Any) -> Any:  # noqa: ANN401 - whatever is inside an answer
        """Take the answers inside an answer as they are, so that what they share is packed once."""
        return (object.__new__, (type(thing),), vars(thing)) if isinstance(thing, self.parts) else NotImplemented


def pack(answer: object, parts: type[Any]) -> bytes:
    """Return the fields of an answer, packed; parts of it of some class are packed in the same way."""
    packed = BytesIO()
    packer = _Packer(packed, pickle.HIGHEST_PROTOCOL)
    packer.parts = parts
    packer.dump(vars(answer))
    return zlib.compress(packed.getvalue())


def unpack(kind: type[Any], packed: bytes) -> Any:  # noqa: ANN401 - an answer of that class
    """Return the answer that was packed."""
    answer = object.__new__(kind)
    vars(answer).update(pickle.loads(zlib.decompress(packed)))  # noqa: S301 - part of a pickle that is being read
    return answer
