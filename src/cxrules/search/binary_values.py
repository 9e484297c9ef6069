"""The values of a fact in a draw, in binary, so that few columns are rotated when the fact is redrawn.

To rotate a column takes several times as long as to combine two. So binary digits are redrawn, and the values, and
where tests hold, are computed from them: nine values need four digits, and two digits are enough for tests that
distinguish four kinds of value.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property

from cxrules.columns.bits.gates import Gate, Gates
from cxrules.columns.bits.translation import Translated, translate
from cxrules.columns.cohort import Column, SetColumn
from cxrules.language.facts import Fact, FactValue
from cxrules.language.rules import FactTest

__all__ = ["DRAWN", "EVERYTHING", "Coding", "Redrawn"]

DRAWN = 8192
"""The number of completions in a draw."""

EVERYTHING = (1 << DRAWN) - 1

_MOST_PROGRAMS = 16
"""The number of choices of tests for which a fact has its own programs; more choices share that of all tests."""


class Redrawn:
    """A fact of one draw that is redrawn in some places.

    Attributes:
        digits: Its digits, as far as they are needed.
        numbers: The numbers of the tests that are examined and that hold for some values only.
        tests: The same as the bits of an int.
    """

    __slots__ = ("_doubled", "_run", "digits", "numbers", "tests")

    def __init__(self, digits: Sequence[int], doubled: Sequence[int], numbers: Sequence[int], run: Translated) -> None:
        self.digits = digits
        self.numbers = numbers
        self.tests = sum(1 << number for number in numbers)
        self._doubled = doubled
        self._run = run

    def redraw(self, truths: list[int], where: int, shift: int) -> None:
        """Redraw it in some columns, from what was drawn in others, and record where its tests hold then."""
        found = self._run([where, *self.digits, *[twice >> shift for twice in self._doubled]], EVERYTHING)
        size = len(self._doubled)
        self.digits = found[:size]
        for number, held in zip(self.numbers, found[size:]):  # noqa: B905 - of one length; `strict` takes its time
            truths[number] = held


class Coding:
    """A drawn fact in digits.

    Values that no test distinguishes are of one kind. The first digits are those of the number of the kind, the others
    those of the number of the value within it.
    """

    def __init__(
        self, fact: Fact, cases: Sequence[FactValue], tests: Sequence[tuple[int, FactTest, int]], drawn: Column
    ) -> None:
        """Encode a drawn fact.

        Args:
            fact: The fact.
            cases: Its values.
            tests: Its tests, each with its number and where it holds.
            drawn: Where each value is.
        """
        kinds: dict[tuple[bool, ...], list[FactValue]] = {}
        for value in cases:
            kinds.setdefault(tuple([test.holds(value, fact) for _, test, _ in tests]), []).append(value)
        self._sizes = tuple(map(len, kinds.values()))
        passing = {
            number: [kind for kind, told in enumerate(kinds) if told[place]]
            for place, (number, _, _) in enumerate(tests)
        }
        # The others hold everywhere or nowhere, and go on to do so.
        self._passing = {number: some for number, some in passing.items() if 0 < len(some) < len(kinds)}
        truths = [held for _, _, held in tests]
        digits = list(_number([_meet(told, truths) for told in kinds]))
        self._telling = len(digits)
        self._elements: tuple[str, ...] = ()
        self._values = tuple(cases)
        self._numbers: list[int] = []
        if isinstance(drawn, SetColumn):
            self._elements = tuple(drawn.elements)
            digits += drawn.elements.values()
        else:
            places = {
                value: (kind, place) for kind, told in enumerate(kinds.values()) for place, value in enumerate(told)
            }
            self._numbers = [kind | place << self._telling for kind, place in map(places.__getitem__, cases)]
            rest = [0] * (max(self._sizes) - 1).bit_length()
            for value, (_, place) in places.items():
                for digit in range(len(rest)):
                    if place >> digit & 1:
                        rest[digit] |= drawn[value]
            digits += rest
        self._doubled = tuple([digit | digit << DRAWN for digit in digits])
        self._drawn = tuple(digits)
        self._programs: dict[tuple[int, tuple[int, ...]], Translated] = {}

    def start(self, looked_at: int, *, whole: bool) -> Redrawn:
        """Return the fact as it was drawn, to be redrawn.

        Args:
            looked_at: The tests that are examined, as the bits of an int.
            whole: Whether its values will be read; else it has only the digits that the tests need.
        """
        size = len(self._drawn) if whole else self._telling
        numbers = tuple([number for number in self._passing if looked_at >> number & 1])
        run = self._programs.get((size, numbers))
        if run is None:
            if len(self._programs) >= _MOST_PROGRAMS:
                numbers = tuple(self._passing)
            run = self._programs[size, numbers] = self._compile(numbers, size)
        return Redrawn(self._drawn[:size], self._doubled[:size], numbers, run)

    def _compile(self, numbers: Sequence[int], size: int) -> Translated:
        """Return the program that redraws a number of digits and computes where some tests hold."""
        gates = Gates()
        where = gates.read(0)
        before = [gates.read(1 + place) for place in range(size)]
        rotated = [gates.read(1 + size + place) for place in range(size)]
        after = [one ^ (one ^ other) & where for one, other in zip(before, rotated, strict=True)]
        numbers_of_kinds = range(len(self._sizes))
        kinds = [_match(gates, after[: self._telling], kind, numbers_of_kinds) for kind in numbers_of_kinds]
        held = [_any_of(gates, kinds, self._passing[number]) for number in numbers]
        return translate(gates.schedule([*after, *held]))

    def read(self, digits: Sequence[int]) -> Column:
        """Return where each value is."""
        if self._elements:
            return SetColumn(EVERYTHING, dict(zip(self._elements, digits[self._telling :], strict=True)))
        return dict(zip(self._values, self._reading(digits, EVERYTHING), strict=True))

    @cached_property
    def _reading(self) -> Translated:
        """The program that computes from its digits where each value is."""
        gates = Gates()
        digits = [gates.read(place) for place in range(len(self._drawn))]
        return translate(gates.schedule([_match(gates, digits, number, self._numbers) for number in self._numbers]))


def _match(gates: Gates, digits: Sequence[Gate], number: int, numbers: Collection[int]) -> Gate:
    """Return where the digits, the lowest first, are those of one of some numbers; they are always those of one."""
    needed = list(range(len(digits)))
    for place in range(len(digits)):
        others = [digit for digit in needed if digit != place]
        if not any(_agree(number, other, others) for other in numbers if other != number):
            needed = others
    found = gates.true
    for place in needed:
        found &= digits[place] if number >> place & 1 else ~digits[place]
    return found


def _agree(one: int, other: int, digits: Collection[int]) -> bool:
    return all((one ^ other) >> digit & 1 == 0 for digit in digits)


def _any_of(gates: Gates, parts: Sequence[Gate], chosen: Collection[int]) -> Gate:
    """Return where one of some parts is; one of all parts is everywhere."""
    others = [place for place in range(len(parts)) if place not in chosen]
    found = gates.false
    for place in min(chosen, others, key=len):
        found |= parts[place]
    return ~found if len(others) < len(chosen) else found


def _number(masks: Sequence[int]) -> Iterator[int]:
    """Return the binary digits, the lowest first, of the number of the mask that holds; one holds everywhere."""
    for digit in range((len(masks) - 1).bit_length()):
        found = 0
        for number, mask in enumerate(masks):
            if number >> digit & 1:
                found |= mask
        yield found


def _meet(told: Sequence[bool], truths: Sequence[int]) -> int:
    """Return where each of some tests has a result."""
    columns = EVERYTHING
    for holds, held in zip(told, truths, strict=True):
        columns &= held if holds else EVERYTHING ^ held
    return columns
