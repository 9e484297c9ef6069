"""Arithmetic on many small numbers at once: bit `i` of plane `k` is binary digit `k` of the number in column `i`.

Adding or comparing a column costs no more than a few operations on ints that are as wide as there are columns. This is
the bit-slicing of hardware simulation, with the carry-save adders of Harley and Seal.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias, TypeVar

from cxrules.columns.gates import Gate

__all__ = ["Planes", "add_constant", "add_up", "constant", "equal_to", "greater", "select"]

Bits = TypeVar("Bits", int, Gate)
"""Columns, or a gate: what will be columns once its program runs."""

Planes: TypeAlias = list[Bits]
"""The binary digits of one number for each column, the lowest first."""


def constant(number: int, everything: Bits) -> Planes[Bits]:
    """Return the same number in every column."""
    return [everything if number >> digit & 1 else everything ^ everything for digit in range(number.bit_length())]


def add_up(terms: Iterable[tuple[Bits, int]]) -> Planes[Bits]:
    """Add in every column the weights of the terms that hold there.

    Each term has the columns in which it holds, and its weight, which is not negative.

    Examples:
        >>> add_up([(0b11, 1), (0b10, 2)])  # 1 in the first column, 3 in the second
        [3, 2]
    """
    waiting: list[list[Bits]] = []
    for columns, weight in terms:
        for digit in range(weight.bit_length()):
            if weight >> digit & 1 and columns:
                while len(waiting) <= digit:
                    waiting.append([])
                waiting[digit].append(columns)
    planes: Planes[Bits] = []
    digit = 0
    while digit < len(waiting):
        bits, carries = waiting[digit], []
        while len(bits) > 2:
            first, second, third = bits.pop(), bits.pop(), bits.pop()
            odd = first ^ second
            bits.append(odd ^ third)
            carries.append(first & second | odd & third)
        if len(bits) == 2:
            first, second = bits
            bits = [first ^ second]
            carries.append(first & second)
        planes.append(bits[0] if bits else waiting[-1][0] ^ waiting[-1][0])
        carries = [carry for carry in carries if carry]
        if carries:
            if digit + 1 == len(waiting):
                waiting.append([])
            waiting[digit + 1] += carries
        digit += 1
    return planes


def add_constant(planes: Planes[Bits], number: int, everything: Bits) -> Planes[Bits]:
    """Add one number in every column."""
    result: Planes[Bits] = []
    nothing = carry = everything ^ everything
    for digit in range(max(len(planes), number.bit_length())):
        own = planes[digit] if digit < len(planes) else nothing
        if number >> digit & 1:
            result.append(own ^ carry ^ everything)
            carry = own | carry
        else:
            result.append(own ^ carry)
            carry = own & carry
    if carry:
        result.append(carry)
    return result


def greater(left: Planes[Bits], right: Planes[Bits], everything: Bits) -> Bits:
    """Return the columns in which the left number is greater."""
    nothing = everything ^ everything
    above = nothing
    for digit in range(max(len(left), len(right))):
        one = left[digit] if digit < len(left) else nothing
        other = right[digit] if digit < len(right) else nothing
        below = ~other & everything
        above = one & below | above & (one | below)
    return above


def equal_to(planes: Planes[Bits], number: int, everything: Bits) -> Bits:
    """Return the columns in which the number is this one."""
    if number >> len(planes):
        return everything ^ everything
    equal = everything
    for digit, plane in enumerate(planes):
        equal &= plane if number >> digit & 1 else ~plane
    return equal


def select(columns: Bits, left: Planes[Bits], right: Planes[Bits]) -> Planes[Bits]:
    """Return the left number in some columns and the right one in the others."""
    size = max(len(left), len(right))
    nothing = [columns ^ columns]
    left, right = left + nothing * (size - len(left)), right + nothing * (size - len(right))
    return [other ^ (one ^ other) & columns for one, other in zip(left, right, strict=True)]
