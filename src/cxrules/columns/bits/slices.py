"""Arithmetic on many small numbers at once: bit `i` of plane `k` is binary digit `k` of the number in column `i`.

Adding or comparing a column costs no more than a few operations on ints that are as wide as there are columns. This is
the bit-slicing of hardware simulation, with the carry-save adders of Harley and Seal.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias, TypeVar

from cxrules.columns.bits.gates import Gate

__all__ = ["Planes", "add_up", "at_least", "equal_to", "greater", "select", "subtract"]

Bits = TypeVar("Bits", int, Gate)
"""Columns, or a gate: what will be columns once its program runs."""

Planes: TypeAlias = list[Bits]
"""The binary digits of one number for each column, the lowest first."""


def add_up(terms: Iterable[tuple[Bits, int]]) -> Planes[Bits]:
    """Add up, in every column, the weights of the terms that are true there.

    A term is the columns in which it is true, with its weight, which is not negative.

    Examples:
        >>> add_up([(0b11, 1), (0b10, 2)])  # 1 in the first column, 3 in the second
        [3, 2]
    """
    waiting: list[list[Bits]] = []
    for columns, weight in _count_alike(terms):
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


def _count_alike(terms: Iterable[tuple[Bits, int]]) -> Iterable[tuple[Bits, int]]:
    """Count the true terms of each weight that has several digits, so that not every term is added at every digit."""
    alike: dict[int, list[Bits]] = {}
    for columns, weight in terms:
        alike.setdefault(weight, []).append(columns)
    for weight, bits in alike.items():
        if weight.bit_count() > 1 and len(bits) > 2:
            yield from ((plane, weight << digit) for digit, plane in enumerate(add_up((bit, 1) for bit in bits)))
        else:
            yield from ((bit, weight) for bit in bits)


def subtract(planes: Planes[Bits], number: int, everything: Bits) -> Planes[Bits]:
    """Subtract one number in every column; where it is larger than the column's number, the result is meaningless."""
    result: Planes[Bits] = []
    borrow = everything ^ everything
    for digit, own in enumerate(planes):
        if number >> digit & 1:
            result.append(own ^ borrow ^ everything)
            borrow = own ^ everything | borrow
        else:
            result.append(own ^ borrow)
            borrow = borrow & (own ^ everything)
    return result


def greater(left: Planes[Bits], right: Planes[Bits], everything: Bits) -> Bits:
    """Return the columns in which the left number is greater."""
    above = everything ^ everything
    for digit in range(max(len(left), len(right))):
        if digit >= len(right):
            above = above | left[digit]
        elif digit >= len(left):
            above = above & ~right[digit]
        else:
            one = left[digit]
            above = above ^ (one ^ right[digit]) & (above ^ one)  # where the digits differ, the left one decides
    return above


def at_least(planes: Planes[Bits], number: int, everything: Bits) -> Bits:
    """Return the columns in which the number is at least this one."""
    if number <= 0:
        return everything
    less = number - 1
    above = everything ^ everything
    for digit in range(max(len(planes), less.bit_length())):
        plane = planes[digit] if digit < len(planes) else everything ^ everything
        above = above & plane if less >> digit & 1 else above | plane
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
