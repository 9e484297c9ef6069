"""The values of a fact that a rule base can tell apart: one for each region of a percentage and kind of set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import ceil, floor, inf, nextafter

from cxrules.language.facts import Fact, FactValue, Kind, as_percentage
from cxrules.language.rulebase_parts import Parts
from cxrules.language.rules import FactTest, Operator, leaf_tests

__all__ = ["MOST_SETS", "Region", "are_too_many", "cut", "list_cases", "list_starts", "list_tests"]

MOST_SETS = 2**16
"""The most sets of one fact that tests may tell apart: sixteen elements, each tested alone. Searches list them."""

_FULL = 100
_FINEST = 12
"""The most decimal places that are tried to find a readable number."""


@dataclass(frozen=True, slots=True)
class Region:
    """Percentages that no test tells apart.

    Attributes:
        low: Where it begins.
        low_open: Whether it begins just above that.
        high: Where it ends.
        high_open: Whether it ends just below that.
    """

    low: float
    low_open: bool
    high: float
    high_open: bool

    def holds(self, number: float) -> bool:
        """Return whether a percentage lies in it."""
        above = number > self.low if self.low_open else number >= self.low
        return above and (number < self.high if self.high_open else number <= self.high)

    @property
    def lowest(self) -> float:
        """Its least percentage or, if it has none, the least of its roundest ones."""
        if not self.low_open:
            return self.low
        return next((number for number in self._round(upwards=True)), nextafter(self.low, inf))

    @property
    def highest(self) -> float:
        """Its greatest percentage or, if it has none (below 20, say), the greatest of its roundest ones (19)."""
        if not self.high_open:
            return self.high
        return next((number for number in self._round(upwards=False)), nextafter(self.high, -inf))

    @property
    def weight(self) -> int:
        """How many whole percentages it holds, at least 1."""
        return max(1, sum(self.holds(number) for number in range(_FULL + 1)))

    def nearest(self, number: float) -> float:
        """Return its nearest point to a percentage outside it."""
        return self.lowest if number < self.lowest else self.highest

    def _round(self, *, upwards: bool) -> Iterator[float]:
        for places in range(_FINEST + 1):
            scale = 10**places
            multiple = ceil(self.low * scale) if upwards else floor(self.high * scale)
            step = 1 if upwards else -1
            for candidate in (multiple, multiple + step):
                number = round(candidate / scale, places or None)
                if self.holds(number):
                    yield number


def cut(tests: Iterable[FactTest]) -> tuple[Region, ...]:
    """Cut the percentages where tests cut them, from low to high.

    Examples:
        >>> [(region.lowest, region.highest) for region in cut([FactTest("share", Operator.BELOW, 20)])]
        [(0, 19), (20, 100)]
    """
    regions = []
    low: float = 0
    low_open = False
    for place, after in sorted(_list_cuts(tests)):
        if 0 <= place <= _FULL:
            regions.append(Region(low, low_open, place, not after))
            low, low_open = place, after
    regions.append(Region(low, low_open, _FULL, False))
    return tuple(region for region in regions if region.holds(region.lowest))


def list_starts(tests: Iterable[FactTest]) -> list[float]:
    """Return, in order, the least number of each region that tests cut, except the first region.

    Examples:
        >>> list_starts([FactTest("share", Operator.BELOW, 20), FactTest("share", Operator.AT_MOST, 50)])
        [20, 50.00000000000001]
    """
    return sorted({nextafter(place, inf) if after else place for place, after in _list_cuts(tests)})


def _list_cuts(tests: Iterable[FactTest]) -> set[tuple[float, bool]]:
    """Return where tests cut, and whether just after that number."""
    cuts: set[tuple[float, bool]] = set()
    for test in tests:
        for operand in test.operand if isinstance(test.operand, tuple) else (test.operand,):
            assert not isinstance(operand, str)
            if test.operator is not Operator.AT_MOST:
                cuts.add((operand, False))
            if test.operator not in (Operator.AT_LEAST, Operator.BELOW):
                cuts.add((operand, True))
    return cuts


def list_tests(rulebase: Parts) -> dict[str, tuple[FactTest, ...]]:
    """Return for each fact its different tests, in rules and in impossible conjunctions."""
    found: dict[str, dict[FactTest, None]] = {name: {} for name in rulebase.vocabulary.facts}
    conditions = [rule.when for rule in rulebase.rules.values()] + [entry.when for entry in rulebase.impossible]
    for when in conditions:
        for test in leaf_tests(when):
            if isinstance(test, FactTest):
                found[test.fact][test] = None
    return {name: tuple(tests) for name, tests in found.items()}


def list_cases(fact: Fact, tests: Iterable[FactTest]) -> tuple[FactValue, ...]:
    """Return one value for each way in which tests can come out.

    Returns:
        Every value of an ordered fact, a choice or a flag, in the order of the vocabulary; for a percentage the lowest
        point of each region; for a set the smallest set of each kind.
    """
    if fact.kind is Kind.FLAG:
        return (True, False)
    if fact.kind is Kind.PERCENT:
        return tuple(as_percentage(region.lowest) for region in cut(tests))
    if fact.kind is Kind.SET:
        return tuple(_list_sets(fact, tests))
    return fact.names


def are_too_many(fact: Fact, tests: Iterable[FactTest]) -> bool:
    """Return whether tests tell more than `MOST_SETS` sets of a fact apart."""
    elements = {element for test in tests for element in _elements(test)}
    return 2 ** len(elements) > MOST_SETS and not _tell_apart(fact, tests, MOST_SETS)


def _list_sets(fact: Fact, tests: Iterable[FactTest]) -> list[tuple[str, ...]]:
    place = {element: number for number, element in enumerate(fact.names)}
    smallest = _tell_apart(fact, tests).values()
    return sorted(smallest, key=lambda chosen: (len(chosen), [place[element] for element in chosen]))


def _tell_apart(fact: Fact, tests: Iterable[FactTest], most: float = inf) -> dict[int, tuple[str, ...]]:
    """Return what tests see of a set, each with the smallest set of which they see it; empty if that is too many."""
    # Sets are built element by element. Of those that no test can tell apart, whatever elements follow, only the
    # smallest is kept. All that a test can see is whether all its elements are in the set (for `includes_all`), or
    # whether any is: one bit for each test.
    start = 0
    adds: dict[str, int] = defaultdict(int)
    drops: dict[str, int] = defaultdict(int)
    for bit, test in enumerate(tests):
        of_all = test.operator is Operator.INCLUDES_ALL
        start |= of_all << bit
        for element in _elements(test):
            (drops if of_all else adds)[element] |= 1 << bit
    smallest: dict[int, tuple[str, ...]] = {start: ()}
    for element in fact.names:
        following: dict[int, tuple[str, ...]] = {}
        for seen, chosen in smallest.items():
            for state, grown in ((seen & ~drops[element], chosen), (seen | adds[element], (*chosen, element))):
                if state not in following or len(grown) < len(following[state]):
                    following[state] = grown
        smallest = following
        if len(smallest) > most:
            return {}
    return smallest


def _elements(test: FactTest) -> tuple[str, ...]:
    assert isinstance(test.operand, tuple)
    return test.operand
