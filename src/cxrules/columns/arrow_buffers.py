"""Arrow's buffers as arrays: bits, indices, lists, and texts that are each one of a few names."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["Lexicon", "group_rows", "is_valid", "list_indices", "look_up", "open_lists", "read_bits", "unite_lists"]

_SMALL = 256
_FEW = 16
"""Tables with at most this many entries are looked up by comparison, which is faster than indexing each cell."""
_COMPARED = 9
"""The largest number of names that Arrow is asked about."""
_BLOCK = 1 << 14
"""At most this many cells, and letters, are read together: their words fit in a core's second-level cache."""
_LETTERS = 72_000
_WORD = 8
_TWO_WORDS = 16


def read_bits(column: pa.Array, buffer: int) -> npt.NDArray[np.uint8]:
    """Return a buffer of bits, of an array that may be a slice, as bytes of 0 and 1."""
    first, skipped = divmod(column.offset, 8)
    data = np.frombuffer(column.buffers()[buffer], np.uint8, count=(skipped + len(column) + 7) // 8, offset=first)
    return np.unpackbits(data, bitorder="little", count=skipped + len(column))[skipped:]


def is_valid(column: pa.Array) -> npt.NDArray[np.bool_]:
    """Return which cells are not missing."""
    if column.buffers()[0] is None:
        return np.ones(len(column), np.bool_)
    return read_bits(column, 0).view(np.bool_)


def list_indices(column: pa.DictionaryArray) -> npt.NDArray[np.integer]:
    """Return the indices of a column into its dictionary; for a missing cell the index is arbitrary."""
    indices = column.indices
    kind = np.dtype(str(indices.type))  # to_pandas_dtype() needs pandas
    return np.frombuffer(indices.buffers()[1], kind, count=indices.offset + len(indices))[indices.offset :]


def group_rows(
    indices: npt.NDArray[np.integer], valid: npt.NDArray[np.bool_] | None, groups: Sequence[int], size: int
) -> list[npt.NDArray[np.intp]]:
    """Return the rows of each of some entries of a dictionary, all in one pass.

    Args:
        indices: The entry of each row.
        valid: Which rows have one; all where left out.
        groups: The entries.
        size: How many entries the dictionary has.
    """
    asked = np.zeros(max(size, 1), np.uint8)
    asked[groups] = 1
    rows = np.flatnonzero(look_up(asked, indices, valid))
    rows = rows[np.argsort(indices[rows], kind="stable")]
    starts, stops = (np.searchsorted(indices[rows], groups, side).tolist() for side in ("left", "right"))
    return [rows[start:stop] for start, stop in zip(starts, stops, strict=True)]


def look_up(
    table: npt.NDArray[np.unsignedinteger],
    places: npt.NDArray[np.integer],
    valid: npt.NDArray[np.bool_] | None = None,
) -> npt.NDArray[np.unsignedinteger]:
    """Return for each cell the table's entry at its place; 0 where the cell is not valid, whatever its place is.

    The table must have at least one entry.
    """
    if table.dtype != np.uint8 or len(table) > _SMALL:
        found = np.take(table, places, mode="clip")
    else:
        found = _look_up_bytes(table, places.astype(np.uint8) if places.dtype.itemsize > 1 else places.view(np.uint8))
    if valid is not None:
        found *= valid
    return found


def _look_up_bytes(table: npt.NDArray[np.uint8], places: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    if (np.diff(table) == 1).all():
        moved: npt.NDArray[np.uint8] = places + table[0]
        return moved
    if len(table) > _FEW:
        return np.frombuffer(bytearray(places.tobytes().translate(table.tobytes().ljust(_SMALL, b"\0"))), np.uint8)
    return _choose(places, ((place, entry) for place, entry in enumerate(table.tolist()) if entry))


def open_lists(column: pa.Array) -> tuple[pa.Array, npt.NDArray[np.intp], npt.NDArray[np.integer]]:
    """Return the elements of all lists that are not missing, and the start and length of each list."""
    known = is_valid(column)
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        offsets: npt.NDArray[np.integer] = column.offsets.to_numpy()
        lengths = offsets[1:] - offsets[:-1]
        if known.all() or not (lengths * ~known).any():  # otherwise missing lists have elements, which are left out
            elements = column.values.slice(offsets[0], offsets[-1] - offsets[0])
            return elements, (offsets[:-1] - offsets[0]).astype(np.intp), lengths
        lengths = lengths * known
    else:
        lengths = pc.list_value_length(column).fill_null(0).to_numpy()
    return column.flatten(), np.cumsum(lengths, dtype=np.intp) - lengths, lengths


def unite_lists(
    flags: npt.NDArray[np.unsignedinteger], starts: npt.NDArray[np.intp], lengths: npt.NDArray[np.integer]
) -> npt.NDArray[np.unsignedinteger]:
    """Return the union of the flags of each list's elements."""
    longest = int(lengths.max(initial=0))
    flags = np.append(flags, np.zeros(max(longest, 1), flags.dtype))
    if longest > _SMALL - 1:
        # For an empty list, reduceat returns the flags of the next one, which are cleared here.
        return np.bitwise_or.reduceat(flags, starts) * (lengths > 0)
    united = np.zeros(len(lengths), flags.dtype)
    short = lengths.astype(np.uint8)
    for place in range(longest):
        united |= flags[place:].take(starts) * (short > place)
    return united


class Lexicon:
    """A few names that are recognised in columns of text. Threads may share it.

    Short names are compared eight letters at a time, all cells at once. Arrow compares longer ones, one after another:
    it looks at letters only where a cell is as long as the name, which is quick unless several names have the same
    length.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        texts = [name.encode() for name in names]
        self._longest = max(map(len, texts), default=0)
        self._words = [(len(text), _cut(text)) for text in texts]
        alike = len({len(text) for text in texts}) < len(texts)
        self._reads = self._longest <= (_TWO_WORDS if alike else _WORD) or len(texts) > _COMPARED

    def find(self, column: pa.Array) -> npt.NDArray[np.uint8] | None:
        """Return the position of each cell's name, from 1, or 0 if it is missing; None if any cell is not a name."""
        places = np.zeros(len(column), np.uint8)
        if len(column) and len(self._names) < _SMALL:
            if pa.types.is_string_view(column.type):
                column = column.cast(pa.string())
            if self._reads:
                self._read(column, places)
            else:
                for place, name in enumerate(self._names, 1):
                    places += read_bits(pc.equal(column, pa.scalar(name, column.type)), 1) * np.uint8(place)
            if column.null_count:
                places *= is_valid(column)
        return places if np.count_nonzero(places) == len(column) - column.null_count else None

    def _read(self, column: pa.Array, places: npt.NDArray[np.uint8]) -> None:
        """Write the positions of names, in blocks that stay in the cache: each byte is read once for a few words."""
        _, offsets, letters = column.buffers()
        ends: Any = np.frombuffer(offsets, np.int64 if pa.types.is_large_string(column.type) else np.int32)
        ends = ends[column.offset : column.offset + len(column) + 1]
        text = np.frombuffer(letters, np.uint8) if letters and letters.size else np.zeros(0, np.uint8)
        block = max(_BLOCK // 4, min(_BLOCK, _LETTERS * len(column) // max(int(ends[-1] - ends[0]), 1)))
        for start in range(0, len(column), block):
            here = ends[start : start + block + 1]
            lengths = here[1:] - here[:-1]
            if lengths.max() > self._longest:
                return
            words = _list_words(text[here[0] : here[-1]], (here[:-1] - here[0]).astype(np.intp), self._longest)
            self._compare(words, lengths.astype(np.uint8), places[start : start + block])

    def _compare(
        self, words: list[npt.NDArray[np.uint64]], lengths: npt.NDArray[np.uint8], places: npt.NDArray[np.uint8]
    ) -> None:
        masked = np.empty(len(lengths), np.uint64)
        for place, (length, parts) in enumerate(self._words, 1):
            found = lengths == length
            for word, (letters, mask) in zip(words, parts, strict=False):
                found &= np.bitwise_and(word, mask, out=masked) == letters
            places |= found.view(np.uint8) * np.uint8(place)


def _cut(text: bytes) -> list[tuple[np.uint64, np.uint64]]:
    """Return the letters of a text as words, each with a mask of the letters that it has."""
    parts = [text[start : start + _WORD] for start in range(0, len(text), _WORD)]
    return [(_word(part), _word(b"\xff" * len(part))) for part in parts]


def _word(letters: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(letters.ljust(_WORD, b"\0"), sys.byteorder))


def _list_words(
    text: npt.NDArray[np.uint8], starts: npt.NDArray[np.intp], longest: int
) -> list[npt.NDArray[np.uint64]]:
    """Return the first eight letters from some places in a text, the next eight, and so on."""
    count = -(-longest // _WORD)
    padded = np.zeros(len(text) + _WORD * count, np.uint8)
    padded[: len(text)] = text
    # The words at all places are copied next to each other, where fetching them takes a third of the time.
    everywhere = np.ndarray((len(padded) - _WORD + 1,), np.uint64, padded, strides=(1,)).copy()
    return [everywhere[_WORD * number :].take(starts) for number in range(count)]


def _choose(values: npt.NDArray[np.uint8], entries: Iterable[tuple[int, int]]) -> npt.NDArray[np.uint8]:
    """Return the entry of each value; 0 if it has none."""
    found = np.zeros(len(values), np.uint8)
    for value, entry in entries:
        found |= (values == value).view(np.uint8) * np.uint8(entry)
    return found
