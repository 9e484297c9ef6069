"""Bytes ↔ planes: the byte of an organisation becomes one bit in each of several planes, and back.

With `8 * n` organisations, byte `k` of a plane holds eight that are far apart: bit `b` is organisation `k + n * b`. The
bytes are eight rows of `n`, and squares of eight by eight bits are transposed by swapping halves, then quarters, then
single bits (Warren, Hacker's Delight), with a few operations on long rows and none on single bytes. Each swap is its
own inverse, so planes become bytes in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["LANE", "Words", "read_planes", "write_planes"]

LANE = 64
"""How many bytes are transposed together: eight rows of whole words."""

Words: TypeAlias = npt.NDArray[np.uint64]
"""Bits, 64 to a word: planes, or rows of bytes."""

_HALVES, _PAIRS, _BITS = (
    (np.uint64(shift), np.uint64(mask))
    for shift, mask in ((4, 0x0F0F0F0F0F0F0F0F), (2, 0x3333333333333333), (1, 0x5555555555555555))
)


def read_planes(rows: Words, targets: Sequence[Words | None]) -> None:
    """Write the binary digits of bytes into planes.

    Args:
        rows: The bytes, as eight rows of words.
        targets: The plane that each digit goes to, the lowest digit first; the bytes have no more digits than these.
    """
    size = len(targets)
    if size <= 4:
        rows = _put_together(rows[:4], rows[4:], _HALVES)
    else:
        rows = rows.copy()
        _swap(rows[:4], rows[4:], _HALVES)
    for start in range(0, size, 4):
        quarter = rows[start : start + 4]
        if size - start <= 2:
            quarter = _put_together(quarter[:2], quarter[2:], _PAIRS)
        else:
            _swap(quarter[:2], quarter[2:], _PAIRS)
        for digit in range(start, min(start + 4, size), 2):
            _read_pair(quarter[digit - start], quarter[digit - start + 1], targets[digit : digit + 2])


def _read_pair(one: Words, other: Words, targets: Sequence[Words | None]) -> None:
    shift, mask = _BITS
    if len(targets) == 1:
        if targets[0] is not None:
            np.bitwise_or(one, np.left_shift(other, shift), out=targets[0])
        return
    low, high = targets
    moved = np.right_shift(one, shift)
    np.bitwise_xor(moved, other, out=moved)
    np.bitwise_and(moved, mask, out=moved)
    if high is not None:
        np.bitwise_xor(other, moved, out=high)
    if low is not None:
        np.left_shift(moved, shift, out=moved)
        np.bitwise_xor(one, moved, out=low)


def write_planes(planes: Sequence[Words]) -> npt.NDArray[np.uint8]:
    """Return the bytes whose binary digits are in planes, up to eight, the lowest first."""
    rows = np.zeros((8, len(planes[0])), np.uint64)
    for digit, plane in enumerate(planes):
        rows[digit] = plane
    for start in range(0, len(planes), 2):
        _swap(rows[start : start + 1], rows[start + 1 : start + 2], _BITS)
    for start in range(0, len(planes), 4):
        _swap(rows[start : start + 2], rows[start + 2 : start + 4], _PAIRS)
    _swap(rows[:4], rows[4:], _HALVES)
    return rows.reshape(-1).view(np.uint8)


def _put_together(low: Words, high: Words, step: tuple[np.uint64, np.uint64]) -> Words:
    """Return pairs of rows merged into one row; their high bits must be free."""
    together = np.left_shift(high, step[0])
    return np.bitwise_or(low, together, out=together)


def _swap(low: Words, high: Words, step: tuple[np.uint64, np.uint64]) -> None:
    """Swap the high bits of one with the low bits of the other."""
    shift, mask = step
    moved = np.right_shift(low, shift)
    np.bitwise_xor(moved, high, out=moved)
    np.bitwise_and(moved, mask, out=moved)
    np.bitwise_xor(high, moved, out=high)
    np.left_shift(moved, shift, out=moved)
    np.bitwise_xor(low, moved, out=low)
