"""Seeded draws: thousands of coherent completions of what is known, side by side."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from random import Random
from typing import NamedTuple, TypeAlias

from cxrules.columns.cohort import Cohort, Column, SetColumn, column_of, restrict, truth
from cxrules.engines import mask_of, places_of, unite
from cxrules.language.facts import Facts, FactValue, Kind
from cxrules.language.regions import cut
from cxrules.language.rules import FactTest
from cxrules.rulebase import RuleBase
from cxrules.search.binary_values import DRAWN, EVERYTHING, Coding
from cxrules.search.redrawing import ROUNDS, Conjunction, Redrawing, Rival

__all__ = ["DRAWN", "Draw", "Draws"]

_PRECISION = 14
"""The binary digits of a probability in a draw."""

_KEPT = 512
"""The number of values of a fact for which the tests they pass are kept, and of rivals that are."""

_DrawnRows: TypeAlias = tuple[tuple[tuple[int, int], ...], ...]
"""For each value of a fact, the conjunctions that make it impossible: each as a bit, with its other tests as bits."""


class Draw(NamedTuple):
    """Random coherent completions of what is known.

    Attributes:
        cohort: The completions.
        valid: The columns that are coherent; the others do not count.
        lacking: The facts that some completions lack, because the others leave them no coherent value.
    """

    cohort: Cohort
    valid: int
    lacking: frozenset[str] = frozenset()


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
        # The tests of impossible conjunctions go by their numbers, several of them as the bits of an int.
        self._asked = tuple(dict.fromkeys(test for when in entries for test in when))
        self._every_test = (1 << len(self._asked)) - 1
        self._facts = tuple(test.fact for test in self._asked)
        numbers = {test: number for number, test in enumerate(self._asked)}
        self._entries = tuple(tuple(numbers[test] for test in when) for when in entries)
        self._bits = tuple(map(mask_of, self._entries))
        self._own = {name: tuple(n for n, fact in enumerate(self._facts) if fact == name) for name in cases}
        self._rows: dict[str, _DrawnRows] = {
            name: tuple(
                tuple((bit, mask_of(numbers[test] for test in others)) for bit, others in rivals)
                for rivals in rulebase.coherence.rivals(name, values)
            )
            for name, values in cases.items()
            if name in optional
        }
        self._tested = {
            name: (unite(bit for row in rows for bit, _ in row), unite(others for row in rows for _, others in row))
            for name, rows in self._rows.items()
        }
        self._passed: dict[str, tuple[int, dict[FactValue, int]]] = {
            name: (mask_of(self._own[name]), {}) for name in self._facts
        }
        self._conjunctions: dict[tuple[int, int], Conjunction] = {}
        self._rivals: dict[tuple[str, int, int, int], Rival | None] = {}

    def draw(
        self,
        known: Facts,
        free: Iterable[str],
        impossible: int,
        wanted: Collection[str] | None = None,
        beside: int = 0,
    ) -> Draw:
        """Draw coherent completions in which every value of every free fact is equally likely.

        Where a completion meets an impossible conjunction, the free facts of that conjunction are drawn again (partial
        rejection sampling: Guo, Jerrum and Liu 2019); a fact for which the others leave no coherent value has none. The
        same question always gets the same draw.

        Args:
            known: What is known.
            free: The facts to draw.
            impossible: The conjunctions that must not be met.
            wanted: The free facts that the draw needs to hold; the others are left out of it. None for all.
            beside: For how many organisations the cohort has room after the completions; in them only the known facts
                are known.
        """
        free = dict.fromkeys(free)
        wanted = free if wanted is None else wanted
        drawing = Redrawing(list(self._truths), self._codings, wanted)
        asked, refused = self._sort_tests(known, free)
        conjunctions = [
            self._conjunction(position, tests & asked)
            for position, tests in enumerate(self._bits)
            if impossible >> position & 1 and not tests & refused
        ]
        rivals = [
            rival
            for name in self._rows
            if name in free and (rival := self._rival(name, impossible, asked, refused)) is not None
        ]
        bad = drawing.run(conjunctions, rivals, self._shifts)
        everything = (1 << DRAWN + beside) - 1
        vocabulary = self._rulebase.vocabulary
        columns = {name: column_of(vocabulary, name, value, everything) for name, value in known.items()}
        for name in wanted:
            again = drawing.redrawn.get(name)
            column = self._columns[name] if again is None else self._codings[name].read(again.digits)
            blank = drawing.blank.get(name)
            columns[name] = restrict(column, EVERYTHING ^ blank) if blank else column
        lacking = frozenset([name for name, blank in drawing.blank.items() if blank])
        return Draw(Cohort(everything, columns), EVERYTHING ^ bad, lacking)

    def _sort_tests(self, known: Facts, free: Collection[str]) -> tuple[int, int]:
        """Return the tests of what is drawn, and those that what is known fails or that stay unknown."""
        asked = passed = 0
        for name, (own, keep) in self._passed.items():
            if name in free:
                asked |= own
            elif name in known:
                value = known[name]
                found = keep.get(value)
                if found is None:
                    fact = self._rulebase.vocabulary[name]
                    found = mask_of(n for n in self._own[name] if self._asked[n].holds(value, fact))
                    if len(keep) < _KEPT:
                        keep[value] = found
                passed |= found
        return asked, self._every_test & ~(asked | passed)

    def _conjunction(self, position: int, asked: int) -> Conjunction:
        """Return a conjunction without the tests that known facts pass, which hold everywhere."""
        found = self._conjunctions.get((position, asked))
        if found is None:
            first, *others = [number for number in self._entries[position] if asked >> number & 1]
            facts = tuple([self._facts[number] for number in (first, *others)])
            found = self._conjunctions[position, asked] = Conjunction(first, tuple(others), asked, facts)
        return found

    def _rival(self, name: str, impossible: int, asked: int, refused: int) -> Rival | None:
        """Return a fact that may be left without a coherent value; None if it always has one."""
        bits, tests = self._tested[name]
        key = name, impossible & bits, asked & tests, refused & tests
        if key in self._rivals:
            return self._rivals[key]
        rows = _list_rows(self._rows[name], *key[1:])
        looked_at = unite(mask_of(numbers) for row in rows for numbers in row)
        rival = Rival(name, self._own[name], looked_at, rows) if rows else None
        if len(self._rivals) < _KEPT:
            self._rivals[key] = rival
        return rival

    @cached_property
    def _columns(self) -> dict[str, Column]:
        return {name: self._draw_fact(name) for name in self._cases}

    @cached_property
    def _shifts(self) -> tuple[int, ...]:
        """The rotations of redrawn columns, one for every time that a fact may be redrawn."""
        random = Random(0)  # noqa: S311 - for an estimate, not a secret
        return tuple([random.randrange(DRAWN) for _ in range(ROUNDS * len(self._cases))])

    @cached_property
    def _truths(self) -> tuple[int, ...]:
        """Where each test holds before anything is redrawn."""
        cohort = Cohort(EVERYTHING, self._columns)
        return tuple(truth(test, cohort, self._rulebase.vocabulary) for test in self._asked)

    @cached_property
    def _codings(self) -> dict[str, Coding]:
        vocabulary = self._rulebase.vocabulary
        return {
            name: Coding(
                vocabulary[name],
                self._cases[name],
                [(n, self._asked[n], self._truths[n]) for n in own],
                self._columns[name],
            )
            for name, own in self._own.items()
            if own
        }

    def _draw_fact(self, name: str) -> Column:
        fact = self._rulebase.vocabulary[name]
        random = Random(f"{name} of {len(self._cases)}")  # noqa: S311 - for an estimate, not a secret
        if fact.kind is Kind.SET:
            return SetColumn(EVERYTHING, {element: random.getrandbits(DRAWN) for element in fact.names})
        weights = [1] * len(self._cases[name])
        if fact.kind is Kind.PERCENT:
            weights = [region.weight for region in cut(self._tests[name])]
        column: dict[FactValue, int] = {}
        left, total = EVERYTHING, sum(weights)
        for value, weight in zip(self._cases[name], weights, strict=True):
            column[value] = left & _biased(random, weight / total) if weight < total else left
            left &= ~column[value]
            total -= weight
        return column


def _list_rows(rows: _DrawnRows, impossible: int, asked: int, refused: int) -> tuple[frozenset[tuple[int, ...]], ...]:
    """Return what may make each value of a fact impossible; nothing if some value is always possible.

    A value that is impossible wherever another one is need not be looked at.
    """
    found: dict[frozenset[tuple[int, ...]], None] = {}
    for row in rows:
        may = frozenset(
            [tuple(places_of(others & asked)) for bit, others in row if bit & impossible and not others & refused]
        )
        if not may:
            return ()
        found[may] = None
    return tuple([row for row in found if not any(other < row for other in found)])


def _biased(random: Random, probability: float) -> int:
    """Return columns each of which is in with a probability: the comparison, digit by digit, with a random number."""
    columns = 0
    digits = round(probability * 2**_PRECISION)
    for digit in range(_PRECISION):
        chance = random.getrandbits(DRAWN)
        columns = columns | chance if digits >> digit & 1 else columns & chance
    return columns
