"""Codes as binary digits: a program that reads the digits of codes, instead of comparing each code with many others.

A fact has few codes, so two or three digits answer everything that rules ask of it; each test needs a gate or two.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cxrules.columns.bits.gates import Gate, Gates, Schedule
from cxrules.columns.program import Element, Input, Program, Within
from cxrules.language.facts import Fact, Kind

__all__ = ["Digit", "count_digits", "lower"]


class Digit(NamedTuple):
    """An input: a binary digit of the code of a fact; the lowest is digit 0."""

    fact: str
    place: int


def count_digits(program: Program, fact: Fact) -> int:
    """Return how many binary digits the codes of a fact have.

    The code of a fact other than a set is 0 if the fact is unknown, otherwise the position of its case in
    `Program.cases`, plus one. The code of a set has a bit that says whether it is known, followed by one bit for each
    element, in order.
    """
    return 1 + len(fact.names) if fact.kind is Kind.SET else len(program.cases[fact.name]).bit_length()


def lower(program: Program, outputs: Iterable[Gate]) -> tuple[Schedule, tuple[Digit, ...]]:
    """Return the instructions that make some gates of a program from digits of codes, and the digits by number.

    The digits of one fact are read one after another.
    """
    reader = _DigitReader(program)
    wanted = program.gates.copy(outputs, reader.gates, lambda number: reader.decode(program.inputs[number]))
    digits = tuple(reader.digits)
    return reader.gates.schedule(wanted, lambda number: digits[number].fact), digits


class _DigitReader:
    def __init__(self, program: Program) -> None:
        self._program = program
        self.gates = Gates()
        self.digits: dict[Digit, int] = {}

    def decode(self, what: Input) -> Gate:
        """Return an input of the program, computed from digits."""
        assert isinstance(what, Within | Element)
        fact = self._program.rulebase.vocabulary[what.fact]
        if isinstance(what, Element):
            return self._read(what.fact, 1 + fact.names.index(what.element) if what.element else 0)
        codes = 1 + len(self._program.cases[what.fact])
        holds = [what.first < code <= what.last + 1 for code in range(codes)]
        return self._choose(what.fact, holds, count_digits(self._program, fact) - 1)

    def _choose(self, fact: str, holds: Sequence[bool], place: int) -> Gate:
        """Return where the fact has one of some codes, according to the digits from a place downwards."""
        if all(holds) or not any(holds):
            return self.gates.true if holds[0] else self.gates.false
        half = 1 << place
        low = self._choose(fact, holds[:half], place - 1)
        if half >= len(holds):
            return low
        high = self._choose(fact, holds[half:], place - 1)
        digit = self._read(fact, place)
        if low and high:
            return low ^ (low ^ high) & digit
        return high & digit if high else low & ~digit

    def _read(self, fact: str, place: int) -> Gate:
        return self.gates.read(self.digits.setdefault(Digit(fact, place), len(self.digits)))
