"""The values of facts that rules can tell apart, and the ways in which a rule can fire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice, pairwise
from typing import TypeAlias

from cxrules.language.facts import Fact, FactValue, Kind, as_percentage
from cxrules.language.regions import list_cases, list_tests
from cxrules.language.rules import FactTest
from cxrules.rulebase import RuleBase
from cxrules.search.backward_chaining import list_ways
from cxrules.search.budget import Budget

__all__ = ["Way", "find_ways", "forget_impossible", "telling_values", "thresholds"]

Way: TypeAlias = Mapping[str, tuple[FactValue, ...]]
"""The values of facts with which a rule fires."""

_BESIDE = (-1, -1e-9, 0, 1e-9, 1)  # the distance from a threshold
_TRIES = 20_000
_MANY = 10  # names, with more than a thousand subsets


def thresholds(rulebase: RuleBase) -> dict[str, list[float]]:
    """Return the numbers with which rules and impossible conjunctions compare each percentage."""
    found: dict[str, set[float]] = {
        name: set() for name, fact in rulebase.vocabulary.facts.items() if fact.kind is Kind.PERCENT
    }
    for name, tests in list_tests(rulebase).items():
        for test in tests if name in found else ():
            for operand in test.operand if isinstance(test.operand, tuple) else (test.operand,):
                assert not isinstance(operand, str)
                found[name].add(operand)
    return {name: sorted(numbers) for name, numbers in found.items()}


def telling_values(fact: Fact, cuts: Sequence[float] = ()) -> list[FactValue]:
    """Return every value; for a percentage, or a set of more than ten elements, a selection.

    Percentages are on each threshold, next to it and between two. Large sets have one element, or all but one.
    """
    if fact.kind is Kind.FLAG:
        return [True, False]
    if fact.kind is Kind.SET:
        return list(_list_subsets(fact.names))
    if fact.kind is Kind.PERCENT:
        near = {cut + step for cut in cuts for step in _BESIDE}
        between = {(low + high) / 2 for low, high in pairwise(cuts)}
        return [as_percentage(number) for number in sorted(near | between | {0, 50, 100}) if 0 <= number <= 100]
    return list(fact.names)


def _list_subsets(names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return every subset or, of many names, those of one, and those that lack one."""
    if len(names) > _MANY:
        without = [tuple(other for other in names if other != name) for name in names]
        return [(), *((name,) for name in names), *without, tuple(names)]
    subsets: list[tuple[str, ...]] = [()]
    for name in reversed(names):
        subsets += [(name, *subset) for subset in subsets]
    return subsets


def find_ways(rulebase: RuleBase, rule: str, most: int = 64) -> list[Way]:
    """Find ways in which a rule can fire, through the findings that it needs.

    Returns:
        Ways whose first choice of values meets no impossible conjunction.
    """
    cuts, tests = thresholds(rulebase), list_tests(rulebase)
    values: dict[str, tuple[FactValue, ...]] = {}
    for name, fact in rulebase.vocabulary.facts.items():
        telling = telling_values(fact, cuts.get(name, ()))
        # Of a large set also the smallest of each kind, because a rule may ask for two elements and the lack of two.
        large = fact.kind is Kind.SET and len(fact.names) > _MANY
        values[name] = tuple(dict.fromkeys([*telling, *list_cases(fact, tests[name])]) if large else telling)

    def learn(way: Way, test: FactTest) -> Way | None:
        fact = rulebase.vocabulary[test.fact]
        passing = tuple(value for value in way.get(fact.name, values[fact.name]) if test.holds(value, fact))
        return {**way, fact.name: passing} if passing else None

    start: Way = {}
    ways = list_ways(rulebase, rulebase.rules[rule].when, learn, start, Budget(_TRIES))
    coherent = (narrowed for way in ways if (narrowed := _cohere(rulebase, way)) is not None)
    return list(islice(coherent, most))


def forget_impossible(
    rulebase: RuleBase, known: Mapping[str, FactValue], keep: Mapping[str, object]
) -> dict[str, FactValue]:
    """Forget facts, other than those to keep, until no impossible conjunction is met.

    The facts of `keep` stay; they alone must be coherent.
    """
    left = dict(known)
    while met := rulebase.incoherences(left):
        del left[next(test.fact for test in reversed(met[0].when) if test.fact not in keep)]
    return left


def _cohere(rulebase: RuleBase, way: Way) -> Way | None:
    """Narrow a way until its first choice is coherent; None if that is impossible."""
    narrowed = dict(way)
    while met := rulebase.incoherences({name: values[0] for name, values in narrowed.items()}):
        name = next((test.fact for test in met[0].when if len(narrowed[test.fact]) > 1), None)
        if name is None:
            return None
        narrowed[name] = narrowed[name][1:]
    return narrowed
