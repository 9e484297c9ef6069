"""How many values a Parquet file claims to have, read from its footer with the standard library alone.

If the statistics of a column contradict themselves, asking PyArrow for this ends the whole process, and so the server.
"""

from __future__ import annotations

from typing import Final

__all__ = ["count_values"]

_LARGEST: Final = 4 << 20  # bytes of a footer: with a thousand columns it has about 100 KB for each row group
_DEEPEST: Final = 32
_PATH: Final = (4, 1, 3, 5)  # the row groups, their columns, the description of a column, how many values it has
_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12
_INTEGERS: Final = (4, 5, 6)


def count_values(content: bytes) -> int:
    """Count the values in all columns of a Parquet file, including each element of lists.

    Raises:
        ValueError: If it has no footer that can be read.
    """
    size = int.from_bytes(content[-8:-4], "little")
    if len(content) < 12 or content[-4:] != b"PAR1" or size > len(content) - 12:
        raise ValueError("this is not a Parquet file")
    if size > _LARGEST:
        raise ValueError(f"the description of its columns is larger than {_LARGEST >> 20} MiB")
    footer = _Footer(content[-8 - size : -8])
    try:
        footer.read_struct(_PATH, 0)
    except IndexError:
        raise ValueError("the description of its columns ends too early") from None
    return footer.values


class _Footer:
    """Reads Thrift's compact protocol: what lies on the requested path is counted, and everything else is skipped."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self.values = 0

    def read_struct(self, path: tuple[int, ...], depth: int) -> None:
        if depth > _DEEPEST:
            raise ValueError("the description of its columns is nested too deeply")
        field = 0
        while head := self._byte():
            kind, step = head & 15, head >> 4
            field = field + step if step else self._integer()
            wanted = path[:1] == (field,)
            self._read(kind, path[1:] if wanted else (), depth, last=wanted and len(path) == 1)

    def _read(self, kind: int, path: tuple[int, ...], depth: int, *, last: bool = False) -> None:
        if kind in _INTEGERS:
            number = self._integer()
            self.values += max(number, 0) if last else 0
        elif kind == _BINARY:
            self._skip(self._number())
        elif kind in (_LIST, _SET):
            head = self._byte()
            self._read_many(head & 15, self._number() if head >> 4 == 15 else head >> 4, path, depth)
        elif kind == _MAP:
            count = self._number()
            kinds = self._byte() if count else 0
            for _ in range(count):
                self._read_one(kinds >> 4, (), depth)
                self._read_one(kinds & 15, (), depth)
        elif kind == _STRUCT:
            self.read_struct(path, depth + 1)
        elif kind not in (_TRUE, _FALSE):  # in a struct, these have no bytes besides their header
            self._read_one(kind, path, depth)

    def _read_many(self, kind: int, count: int, path: tuple[int, ...], depth: int) -> None:
        if kind in (_TRUE, _FALSE, _BYTE, _DOUBLE):
            self._skip(count * (8 if kind == _DOUBLE else 1))
            return
        for _ in range(count):
            self._read_one(kind, path, depth)

    def _read_one(self, kind: int, path: tuple[int, ...], depth: int) -> None:
        if kind in (_TRUE, _FALSE, _BYTE, _DOUBLE):
            self._skip(8 if kind == _DOUBLE else 1)
        elif kind in _INTEGERS or kind in (_BINARY, _LIST, _SET, _MAP, _STRUCT):
            self._read(kind, path, depth + 1)
        else:
            raise ValueError("the description of its columns has a value of an unknown kind")

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _skip(self, count: int) -> None:
        self._at += count
        if self._at > len(self._data):
            raise IndexError

    def _number(self) -> int:
        number = shift = 0
        while shift < 70:
            byte = self._byte()
            number |= (byte & 127) << shift
            if byte < 128:
                return number
            shift += 7
        raise ValueError("the description of its columns has a number without an end")

    def _integer(self) -> int:
        number = self._number()
        return number >> 1 ^ -(number & 1)
