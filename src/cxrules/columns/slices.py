"""Arithmetic on many small numbers at once: bit `i` of plane `k` is binary digit `k` of the number in column `i`.

Adding or comparing a column costs no more than a few operations on ints that are as wide as there are columns. This is
the bit-slicing of hardware simulation, with the carry-save adders of Harley and Seal.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

__all__ = ["Planes", "add_constant", "add_up", "constant", "equal_to", "greater", "select"]

Planes: TypeAlias = list[int]
"""The binary digits of one number for each column, the lowest first."""


def constant(number: int, everything: int) -> Planes:
    """Return the same number in every column."""
    return [everything if number >> digit & 1 else 0 for digit in range(number.bit_length())]


def add_up(terms: Iterable[tuple[int, int]]) -> Planes:
    """Add in every column the weights of the terms that hold there.

    Each term has the columns in which it holds, and its weight, which is not negative.

    Examples:
        >>> add_up([(0b11, 1), (0b10, 2)])  # 1 in the first column, 3 in the second
        [3, 2]
    """
    waiting: list[list[int]] = []
    for columns, weight in terms:
        for digit in range(weight.bit_length()):
            if weight >> digit & 1 and columns:
                while len(waiting) <= digit:
                    waiting.append([])
                waiting[digit].append(columns)
    planes: Planes = []
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
        planes.append(bits[0] if bits else 0)
        carries = [carry for carry in carries if carry]
        if carries:
            if digit + 1 == len(waiting):
                waiting.append([])
            waiting[digit + 1] += carries
        digit += 1
    return planes


def add_constant(planes: Planes, number: int, everything: int) -> Planes:
    """Add one number in every column."""
    result: Planes = []
    carry = 0
    for digit in range(max(len(planes), number.bit_length())):
        own = planes[digit] if digit < len(planes) else 0
        if number >> digit & 1:
            result.append(own ^ carry ^ everything)
            carry = own | carry
        else:
            result.append(own ^ carry)
            carry = own & carry
    return [*result, carry] if carry else result


def greater(left: Planes, right: Planes, everything: int) -> int:
    """Return the columns in which the left number is greater."""
    above, equal = 0, everything
    for digit in reversed(range(max(len(left), len(right)))):
        one = left[digit] if digit < len(left) else 0
        other = right[digit] if digit < len(right) else 0
        differ = one ^ other
        above |= equal & differ & one
        equal &= ~differ
    return above


def equal_to(planes: Planes, number: int, everything: int) -> int:
    """Return the columns in which the number is this one."""
    if number >> len(planes):
        return 0
    equal = everything
    for digit, plane in enumerate(planes):
        equal &= plane if number >> digit & 1 else ~plane
    return equal


def select(columns: int, left: Planes, right: Planes) -> Planes:
    """Return the left number in some columns and the right one in the others."""
    size = max(len(left), len(right))
    left, right = left + [0] * (size - len(left)), right + [0] * (size - len(right))
    return [other ^ (one ^ other) & columns for one, other in zip(left, right, strict=True)]
