"""The smallest coherent change of the facts that makes a rule fire: a backward search, then one for the fewest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from cxrules.language.facts import Fact, Facts, FactValue, Kind, as_percentage
from cxrules.language.regions import cut
from cxrules.language.rules import Condition, FactTest, Operator
from cxrules.search.backward_chaining import list_ways
from cxrules.search.budget import Budget
from cxrules.search.coherent_values import assign
from cxrules.search.possibilities import Possibilities

__all__ = ["AskedTests", "Firing", "FiringSearch", "find_firing"]


class Firing(NamedTuple):
    """The result of a search for the smallest change.

    Attributes:
        change: The facts that would have to change, with their new values; None for one that has to be unknown. None in
            place of the whole if no change does it.
        complete: Whether the search ended within its budget, which proves that no smaller change does it.
    """

    change: dict[str, FactValue | None] | None
    complete: bool


AskedTests = dict[str, tuple[FactTest, ...]]


def find_firing(
    possibilities: Possibilities, known: Facts, goals: Sequence[tuple[Condition, ...]], budget: Budget
) -> Firing:
    """Find a change of the fewest facts after which one of some conjunctions holds.

    Unknown facts may become known, and known ones may change, immutable or not; the changed organisation meets no
    impossible conjunction that it did not meet before. Among changes of equally many facts, the one that asks least of
    the known facts comes first: learning a fact before changing one, and changes by effort.
    """
    search = FiringSearch(possibilities, known, budget)
    for goal in goals:
        search.look_for(goal)
    return Firing(search.best, not budget.cut_short)


class FiringSearch:
    """Searches for the change. `search.advised_action` uses its knowledge of the facts, too."""

    def __init__(self, possibilities: Possibilities, known: Facts, budget: Budget) -> None:
        self._possibilities = possibilities
        self._vocabulary = possibilities.rulebase.vocabulary
        self._known = known
        self._budget = budget
        self._order = {name: place for place, name in enumerate(self._vocabulary.facts)}
        self.best: dict[str, FactValue | None] | None = None
        self._least: tuple[int, int, list[int]] | None = None

    def look_for(self, goal: Iterable[Condition]) -> None:
        """Keep the best change after which some conditions hold, if it beats the best found so far."""
        start: AskedTests = {}
        for asked in list_ways(self._possibilities.rulebase, goal, self.learn, start, self._budget):
            needed = self.list_needed(asked)
            if self._may_be_better(needed):
                self._complete(asked, needed)

    def learn(self, asked: AskedTests, test: FactTest) -> AskedTests | None:
        """Add a test to those required of the facts; None if no value passes, or a smaller change is known."""
        tests = (*asked.get(test.fact, ()), test)
        grown = {**asked, test.fact: tests}
        possible = self._passes(test.fact, tests) or any(True for _ in self._find_values(test.fact, tests))
        return grown if possible and self._may_be_better(self.list_needed(grown)) else None

    def list_needed(self, asked: AskedTests) -> list[str]:
        """Return the facts whose values have to change."""
        return [name for name, tests in asked.items() if not self._passes(name, tests)]

    def _passes(self, name: str, tests: Iterable[FactTest]) -> bool:
        value = self._known.get(name)
        return value is not None and all(test.holds(value, self._vocabulary[name]) for test in tests)

    def in_order(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return facts in the order of the vocabulary."""
        return tuple(sorted(names, key=self._order.__getitem__))

    def rate(self, names: Iterable[str]) -> tuple[int, int, list[int]]:
        """Return the cost of changing some facts: how many they are, the price of the known ones, their places."""
        names = list(names)
        prices = [(self._vocabulary[name].effort or _DEAREST) for name in names if name in self._known]
        return len(names), sum(prices), sorted(self._order[name] for name in names)

    def _may_be_better(self, names: Iterable[str]) -> bool:
        return self._least is None or self.rate(names)[:2] < self._least[:2]

    def _complete(self, asked: AskedTests, needed: list[str]) -> None:
        """Change the facts that have to change and, only if that is incoherent, as few other known facts as will do."""
        coherence = self._possibilities.coherence
        impossible = coherence.everything & ~coherence.met(self._known)
        others = self._list_entangled(needed)
        for size in range(len(others) + 1):
            for extra in combinations(others, size):
                names = self.in_order([*needed, *extra])
                if self._budget.spent or (self._least and len(names) > self._least[0]):
                    return
                if not self._may_be_better(names):
                    continue
                candidates = {name: self._list_candidates(name, asked.get(name, ())) for name in names}
                for chosen in assign(coherence, self._known, candidates, impossible, self._budget):
                    self.best = {name: chosen[name] for name in names}
                    self._least = self.rate(names)
                    break

    def _list_entangled(self, names: Iterable[str]) -> list[str]:
        """Return the other known facts that impossible conjunctions link to some facts, directly or through others."""
        tested = self._possibilities.coherence.tested
        tied, conjunctions, before = set(names), 0, -1
        while before != conjunctions:
            before = conjunctions
            for name in tied:
                conjunctions |= tested.get(name, 0)
            tied.update(name for name, bits in tested.items() if bits & conjunctions)
        return [name for name in tested if name in tied and name in self._known and name not in names]

    def _list_candidates(self, name: str, tests: Sequence[FactTest]) -> Sequence[FactValue | None]:
        # A fact that no test requires may as well become unknown, such as whom a CCO reports to if there is none.
        values = self.list_values(name, tests)
        return values if tests else [*values, None]

    def list_values(self, name: str, tests: Sequence[FactTest]) -> list[FactValue]:
        """Return values that pass some tests, nearest first, other than the known one."""
        fact, now = self._vocabulary[name], self._known.get(name)
        return sorted(dict.fromkeys(self._find_values(name, tests)), key=lambda value: _distance(fact, now, value))

    def _find_values(self, name: str, tests: Sequence[FactTest]) -> Iterator[FactValue]:
        fact, now = self._vocabulary[name], self._known.get(name)
        for value in self._near(fact, now, tests):
            if value != now and all(test.holds(value, fact) for test in tests):
                yield value

    def _near(self, fact: Fact, now: FactValue | None, tests: Sequence[FactTest]) -> Iterator[FactValue]:
        if fact.kind is Kind.PERCENT and isinstance(now, int | float):
            every = self._possibilities.tests[fact.name]
            yield from (as_percentage(region.nearest(now)) for region in cut(every) if not region.holds(now))
        if isinstance(now, tuple):
            yield from _adapt(fact, now, tests)
        yield from self._possibilities.cases[fact.name]


_DEAREST = 4
"""The price of a change that nobody can make, for ranking."""


def _adapt(fact: Fact, now: tuple[str, ...], tests: Sequence[FactTest]) -> Iterator[FactValue]:
    """Return a set with as few elements added and removed as the tests require."""
    found = set(now)
    for test in tests:
        assert isinstance(test.operand, tuple)
        if test.operator is Operator.LACKS_ALL:
            found -= set(test.operand)
        elif test.operator is Operator.INCLUDES_ALL:
            found |= set(test.operand)
    yield tuple(name for name in fact.names if name in found)
    if not tests:
        yield from (tuple(name for name in fact.names if (name in found) is not (name == one)) for one in fact.names)
    for test in tests:
        if test.operator is Operator.INCLUDES_ANY:
            assert isinstance(test.operand, tuple)
            yield from (
                tuple(name for name in fact.names if name in found or name == element) for element in test.operand
            )


def _distance(fact: Fact, now: FactValue | None, value: FactValue) -> float:
    if now is None:
        return 0
    if fact.kind is Kind.ORDERED:
        return abs(fact.rank(str(now)) - fact.rank(str(value)))
    if isinstance(now, tuple) and isinstance(value, tuple):
        return len(set(now) ^ set(value))
    if fact.kind is Kind.PERCENT and isinstance(now, int | float) and isinstance(value, int | float):
        return abs(now - value)
    return 1
