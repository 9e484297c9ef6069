"""Seeded draws: thousands of coherent completions of what is known, side by side."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from random import Random
from typing import NamedTuple, TypeAlias

from cxrules.columns.cohort import Cohort, Column, SetColumn, column_of, truth
from cxrules.language.facts import Facts, FactValue, Kind
from cxrules.language.regions import cut
from cxrules.language.rules import FactTest
from cxrules.rulebase import RuleBase

__all__ = ["DRAWN", "Draw", "Draws"]

DRAWN = 8192
"""The number of completions in a draw."""

_PRECISION = 14
"""The binary digits of a probability in a draw."""

_ROUNDS = 24
"""How often impossible completions are drawn again before the rest is dropped."""

_EVERYTHING = (1 << DRAWN) - 1


_DrawnRows: TypeAlias = list[list[tuple[int, tuple[int, ...]]]]
"""For each value of a fact, the conjunctions that make it impossible, each with its other tests."""


class Draw(NamedTuple):
    """Random coherent completions of what is known.

    Attributes:
        cohort: The completions.
        valid: The columns that are coherent; the others do not count.
    """

    cohort: Cohort
    valid: int


class Draws:
    """Draws completions of what is known about organisations of one rule base."""

    def __init__(
        self,
        rulebase: RuleBase,
        tests: Mapping[str, tuple[FactTest, ...]],
        cases: Mapping[str, tuple[FactValue, ...]],
        optional: frozenset[str],
    ) -> None:
        self._rulebase = rulebase
        self._tests = tests
        self._cases = cases
        entries = [entry.when for entry in rulebase.impossible]
        self._asked = tuple(dict.fromkeys(test for when in entries for test in when))
        self._facts = tuple(test.fact for test in self._asked)
        numbers = {test: number for number, test in enumerate(self._asked)}
        self._entries = tuple(tuple(numbers[test] for test in when) for when in entries)
        self._rivals: dict[str, _DrawnRows] = {
            name: [
                [(bit, tuple(numbers[test] for test in others)) for bit, others in rivals]
                for rivals in rulebase.coherence.rivals(name, values)
            ]
            for name, values in cases.items()
            if name in optional
        }

    @cached_property
    def _columns(self) -> dict[str, Column]:
        return {name: self._draw_fact(name) for name in self._cases}

    def draw(self, known: Facts, free: Iterable[str], impossible: int, wanted: Collection[str] | None = None) -> Draw:
        """Draw coherent completions in which every value of every free fact is equally likely.

        Where a completion meets an impossible conjunction, the free facts of that conjunction are drawn again (partial
        rejection sampling: Guo, Jerrum and Liu 2019); a fact for which the others leave no coherent value has none. The
        same question always gets the same draw.

        Args:
            known: What is known.
            free: The facts to draw.
            impossible: The conjunctions that must not be met.
            wanted: The free facts that the draw needs to hold; the others are left out of it. None for all.
        """
        free = dict.fromkeys(free)
        drawing = _Drawing(self._start(known, free))
        # Tests that known facts pass hold everywhere and need not be examined again.
        asked = [fact in free for fact in self._facts]
        entries = [
            _Entry(
                numbers := tuple([number for number in whole if asked[number]]),
                _bits_of(numbers),
                tuple([self._facts[number] for number in numbers]),
            )
            for position, whole in enumerate(self._entries)
            if impossible >> position & 1 and drawing.may_hold(whole)
        ]
        rivals = [
            _Rival(
                name,
                self._numbers[name],
                _bits_of(number for row in alive for others in row for number in others),
                alive,
            )
            for name, rows in self._rivals.items()
            if name in free and (alive := _list_alive(rows, impossible, drawing, asked))
        ]
        bad, redrawn = self._redraw(drawing, entries, rivals)
        columns: dict[str, Column] = {
            name: column_of(self._rulebase.vocabulary, name, value, _EVERYTHING) for name, value in known.items()
        }
        for name in free if wanted is None else wanted:
            column = self._columns[name]
            if rounds := redrawn.get(name):
                column = _mix(column, self._doubled[name], rounds)
            blank = drawing.blank.get(name)
            columns[name] = _keep(column, ~blank) if blank else column
        return Draw(Cohort(_EVERYTHING, columns), _EVERYTHING & ~bad)

    def _redraw(
        self, drawing: _Drawing, entries: Sequence[_Entry], rivals: Sequence[_Rival]
    ) -> tuple[int, dict[str, list[tuple[int, int]]]]:
        """Redraw impossible completions; return those that still are, and for each fact where and how."""
        shifts = iter(self._shifts)
        redrawn: dict[str, list[tuple[int, int]]] = {}
        looked_at = _join([*(entry.tests for entry in entries), *(rival.tests for rival in rivals)])
        numbers = {name: [number for number in own if looked_at >> number & 1] for name, own in self._numbers.items()}
        meeting = [0] * len(entries)
        altered = looked_at  # the tests whose columns may differ from the round before
        bad = 0
        for left in reversed(range(_ROUNDS)):
            altered = drawing.blank_out(rivals, altered)
            again: dict[str, int] = {}
            bad = 0
            for place, entry in enumerate(entries):
                if altered & entry.tests:
                    meeting[place] = drawing.meeting(entry.numbers)
                if met := meeting[place]:
                    bad |= met
                    for name in entry.facts:
                        again[name] = again.get(name, 0) | met
            if not bad or not left:  # what is drawn again must be examined again
                break
            altered = 0
            for name, where in again.items():
                shift = next(shifts)
                redrawn.setdefault(name, []).append((where, shift))
                self._alter(drawing.truths, numbers[name], where, shift)
                altered |= _bits_of(numbers[name])
        for rival in rivals:
            bad |= drawing.without_value(rival.rows) ^ drawing.blank[rival.name]
        return bad, redrawn

    def _alter(self, truths: list[int], numbers: Iterable[int], where: int, shift: int) -> None:
        """Record where tests hold after their fact was redrawn in some places."""
        doubled = self._doubled_truths
        for number in numbers:
            old = truths[number]
            truths[number] = old ^ (doubled[number] >> shift ^ old) & where

    def _start(self, known: Facts, free: Collection[str]) -> list[int]:
        """Return where each test of an impossible conjunction holds before anything is drawn again."""
        vocabulary = self._rulebase.vocabulary
        return [
            self._truths[number]
            if test.fact in free
            else _EVERYTHING * (test.fact in known and test.holds(known[test.fact], vocabulary[test.fact]))
            for number, test in enumerate(self._asked)
        ]

    @cached_property
    def _shifts(self) -> tuple[int, ...]:
        """The rotations of redrawn columns, one for every time that a fact may be redrawn."""
        random = Random(0)  # noqa: S311 - chance for an estimate, no secret
        return tuple([random.randrange(DRAWN) for _ in range(_ROUNDS * len(self._cases))])

    @cached_property
    def _truths(self) -> tuple[int, ...]:
        cohort = Cohort(_EVERYTHING, self._columns)
        return tuple(truth(test, cohort, self._rulebase.vocabulary) for test in self._asked)

    @cached_property
    def _doubled_truths(self) -> tuple[int, ...]:
        return tuple(_double(mask) for mask in self._truths)

    @cached_property
    def _doubled(self) -> dict[str, Column]:
        return {
            name: SetColumn(column.known, {element: _double(mask) for element, mask in column.elements.items()})
            if isinstance(column, SetColumn)
            else {value: _double(mask) for value, mask in column.items()}
            for name, column in self._columns.items()
        }

    @cached_property
    def _numbers(self) -> dict[str, tuple[int, ...]]:
        return {
            name: tuple(number for number, test in enumerate(self._asked) if test.fact == name) for name in self._cases
        }

    def _draw_fact(self, name: str) -> Column:
        fact = self._rulebase.vocabulary[name]
        random = Random(f"{name} of {len(self._cases)}")  # noqa: S311 - chance for an estimate, no secret
        if fact.kind is Kind.SET:
            return SetColumn(_EVERYTHING, {element: random.getrandbits(DRAWN) for element in fact.names})
        weights = [1] * len(self._cases[name])
        if fact.kind is Kind.PERCENT:
            weights = [region.weight for region in cut(self._tests[name])]
        column: dict[FactValue, int] = {}
        left, total = _EVERYTHING, sum(weights)
        for value, weight in zip(self._cases[name], weights, strict=True):
            column[value] = left & _biased(random, weight / total) if weight < total else left
            left &= ~column[value]
            total -= weight
        return column


class _Entry(NamedTuple):
    """A conjunction that must not be met: its tests, the same as bits, and the facts to redraw where it is met."""

    numbers: tuple[int, ...]
    tests: int
    facts: tuple[str, ...]


class _Rival(NamedTuple):
    """A fact that may be left without a coherent value.

    Attributes:
        name: The fact.
        numbers: Its own tests.
        tests: The other tests that make its values impossible, as bits.
        rows: For each value the conjunctions that make it impossible: their other tests.
    """

    name: str
    numbers: tuple[int, ...]
    tests: int
    rows: list[list[tuple[int, ...]]]


def _list_alive(
    rows: _DrawnRows, impossible: int, drawing: _Drawing, asked: Sequence[bool]
) -> list[list[tuple[int, ...]]]:
    """Return what may make each value of a fact impossible; nothing if some value is always possible."""
    alive = []
    for row in rows:
        may = [
            tuple([number for number in others if asked[number]])
            for bit, others in row
            if bit & impossible and drawing.may_hold(others)
        ]
        if not may:
            return []
        alive.append(may)
    return alive


class _Drawing:
    """A draw in the making, as far as impossible conjunctions can see it. Tests are given by number.

    Attributes:
        truths: Where each test holds in the draw.
        blank: Where a fact has no value because the others leave no coherent one.
    """

    def __init__(self, truths: list[int]) -> None:
        self.truths = truths
        self.blank: dict[str, int] = {}
        self._holding = truths

    def may_hold(self, numbers: Iterable[int]) -> bool:
        """Return whether neither a known fact nor one that stays unknown fails any of the tests."""
        return all(self.truths[number] for number in numbers)

    def blank_out(self, rivals: Sequence[_Rival], altered: int) -> int:
        """Remove the values of facts for which the others leave no coherent one.

        Args:
            rivals: The facts, with what makes their values impossible.
            altered: The tests whose columns may have changed.

        Returns:
            These tests, and those whose columns changed because a value was removed or restored.
        """
        if not rivals:
            return altered
        holding = self._holding = list(self.truths)
        for name, numbers, tests, rows in rivals:
            blank = self.blank.get(name)
            if blank is None or altered & tests:
                before, blank = blank, self.without_value(rows)
                if blank != before:
                    self.blank[name] = blank
                    altered |= _bits_of(numbers)
            if blank:
                filled = _EVERYTHING ^ blank
                for number in numbers:
                    holding[number] &= filled
        return altered

    def meeting(self, numbers: Iterable[int]) -> int:
        """Return the completions in which all of some tests hold."""
        columns = _EVERYTHING
        holding = self._holding
        for place, number in enumerate(numbers):
            columns = columns & holding[number] if place else holding[number]
            if not columns:
                break
        return columns

    def without_value(self, rows: Iterable[Iterable[tuple[int, ...]]]) -> int:
        """Return where every value of a fact would meet an impossible conjunction: one row of rivals for each value."""
        columns = _EVERYTHING
        seen: dict[tuple[int, ...], int] = {}
        for row in rows:
            refused = 0
            for others in row:
                if others not in seen:
                    seen[others] = self.meeting(others)
                refused |= seen[others]
            columns &= refused
            if not columns:
                break
        return columns


def _bits_of(numbers: Iterable[int]) -> int:
    bits = 0
    for number in numbers:
        bits |= 1 << number
    return bits


def _biased(random: Random, probability: float) -> int:
    """Return a random set of columns, each included with a probability: a random number is compared digit by digit."""
    columns = 0
    digits = round(probability * 2**_PRECISION)
    for digit in range(_PRECISION):
        chance = random.getrandbits(DRAWN)
        columns = columns | chance if digits >> digit & 1 else columns & chance
    return columns


def _double(mask: int) -> int:
    """Return columns twice, side by side, so that a shift to the right rotates them."""
    return mask | mask << DRAWN


def _mix(column: Column, twice: Column, rounds: Sequence[tuple[int, int]]) -> Column:
    """Replace a column in some places by the rotated draw, round after round."""
    if isinstance(twice, SetColumn):
        assert isinstance(column, SetColumn)
        drawn, doubled = column.elements, twice.elements
        return SetColumn(column.known, {each: _mix_mask(drawn[each], doubled[each], rounds) for each in drawn})
    assert not isinstance(column, SetColumn)
    *values, last = column
    mixed = {value: _mix_mask(column[value], twice[value], rounds) for value in values}
    left = _EVERYTHING  # an organisation without any of the other values has the last
    for mask in mixed.values():
        left ^= mask
    mixed[last] = left
    return mixed


def _mix_mask(mask: int, twice: int, rounds: Sequence[tuple[int, int]]) -> int:
    for where, shift in rounds:
        mask ^= (twice >> shift ^ mask) & where
    return mask


def _keep(column: Column, where: int) -> Column:
    if isinstance(column, SetColumn):
        return SetColumn(column.known & where, {element: mask & where for element, mask in column.elements.items()})
    return {value: mask & where for value, mask in column.items()}


def _join(masks: Iterable[int]) -> int:
    joined = 0
    for mask in masks:
        joined |= mask
    return joined
