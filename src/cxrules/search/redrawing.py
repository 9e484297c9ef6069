"""Partial rejection sampling on columns: what meets an impossible conjunction is redrawn until little is left.

Tests are given by number, several of them as the bits of an int.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from cxrules.search.binary_values import EVERYTHING, Coding, Redrawn

__all__ = ["ROUNDS", "Conjunction", "Redrawing", "Rival"]

ROUNDS = 24
"""How often impossible completions are redrawn before the rest is dropped."""


class Conjunction(NamedTuple):
    """A conjunction that must not be met, as far as it depends on what is drawn.

    Attributes:
        first: One of its tests.
        others: The others.
        tests: All of them.
        facts: The facts to redraw where it is met.
    """

    first: int
    others: tuple[int, ...]
    tests: int
    facts: tuple[str, ...]


class Rival(NamedTuple):
    """A fact that may be left without a coherent value.

    Attributes:
        name: The fact.
        own: Its own tests.
        tests: The other tests that make its values impossible.
        rows: For each value the conjunctions that make it impossible: their other tests. A value that is impossible
            wherever another one is needs no row.
    """

    name: str
    own: tuple[int, ...]
    tests: int
    rows: tuple[frozenset[tuple[int, ...]], ...]


class Redrawing:
    """A draw in the making, as far as impossible conjunctions can see it.

    Attributes:
        redrawn: The facts that were redrawn.
        blank: Where a fact has no value because the others leave no coherent one.
    """

    def __init__(self, truths: list[int], codings: Mapping[str, Coding], wanted: Collection[str]) -> None:
        """Begin with where each test holds in the draw; `wanted` are the facts whose values will be read."""
        self._truths = truths
        self._codings = codings
        self._wanted = wanted
        self._holding = truths
        self.redrawn: dict[str, Redrawn] = {}
        self.blank: dict[str, int] = {}

    def run(self, conjunctions: Sequence[Conjunction], rivals: Sequence[Rival], shifts: Iterable[int]) -> int:
        """Redraw impossible completions, as often as allowed; return those that still are."""
        shift = iter(shifts)
        looked_at = 0
        for tests in (*[entry.tests for entry in conjunctions], *[rival.tests for rival in rivals]):
            looked_at |= tests
        rivals = [rival._replace(own=tuple([n for n in rival.own if looked_at >> n & 1])) for rival in rivals]
        met = [0] * len(conjunctions)
        altered = looked_at  # the tests whose columns may differ from the round before
        for left in reversed(range(ROUNDS)):
            if rivals:
                altered = self._blank_out(rivals, altered)
            again = self._meet(conjunctions, met, altered)
            if not again or not left:  # what is redrawn must be examined again
                break
            altered = 0
            for name, where in again.items():
                fact = self.redrawn.get(name)
                if fact is None:
                    fact = self._codings[name].start(looked_at, whole=name in self._wanted)
                    self.redrawn[name] = fact
                fact.redraw(self._truths, where, next(shift))
                altered |= fact.tests
        bad = 0
        for meeting in met:
            bad |= meeting
        for rival in rivals:
            bad |= self._without_value(rival.rows) ^ self.blank[rival.name]
        return bad

    def _meet(self, conjunctions: Sequence[Conjunction], met: list[int], altered: int) -> dict[str, int]:
        """Return for each fact where one of its conjunctions is met.

        Where each is met is recorded; only those with an altered test are examined again.
        """
        holding = self._holding
        again: dict[str, int] = {}
        for place, (first, others, tests, facts) in enumerate(conjunctions):
            if altered & tests:
                meeting = holding[first]
                for number in others:
                    meeting &= holding[number]
                met[place] = meeting
            else:
                meeting = met[place]
            if meeting:
                for name in facts:
                    again[name] = again[name] | meeting if name in again else meeting
        return again

    def _blank_out(self, rivals: Sequence[Rival], altered: int) -> int:
        """Leave out the values of facts for which the others leave no coherent one.

        It returns the `altered` tests and those that hold elsewhere now, because a value was left out or no longer is.
        """
        holding = self._holding = list(self._truths)
        for name, own, tests, rows in rivals:
            blank = self.blank.get(name)
            if blank is None or altered & tests:
                before, blank = blank, self._without_value(rows)
                if blank != before:
                    self.blank[name] = blank
                    for number in own:
                        altered |= 1 << number
            if blank:
                filled = EVERYTHING ^ blank
                for number in own:
                    holding[number] &= filled
        return altered

    def _without_value(self, rows: Iterable[Iterable[tuple[int, ...]]]) -> int:
        """Return where every value of a fact would meet an impossible conjunction: one row of rivals for each value."""
        columns = EVERYTHING
        holding = self._holding
        for place, row in enumerate(rows):
            refused = 0
            for numbers in row:
                meeting = holding[numbers[0]] if numbers else EVERYTHING
                for number in numbers[1:]:
                    meeting &= holding[number]
                refused = refused | meeting if refused else meeting
            columns = columns & refused if place else refused
        return columns
