"""Whether findings can still be established by facts that may yet become known: a backward search through the rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cxrules.language.facts import Facts, FactValue
from cxrules.language.rules import AnyOf, Condition, FactTest, FindingTest, leaf_tests
from cxrules.policy.judge import Judge
from cxrules.search.backward_chaining import concluding, list_ways
from cxrules.search.budget import Budget
from cxrules.search.coherent_values import assign
from cxrules.search.possibilities import possibilities_of

__all__ = ["complete_for", "opposed", "wanted"]

_BUDGET = 20_000  # steps of the search; the built-in rule base never needs a hundredth of them

_Passing = dict[str, tuple[FactValue, ...]]


def complete_for(judge: Judge, known: Facts, findings: Iterable[str]) -> dict[str, FactValue] | None:
    """Find facts that, learnt in addition to the known ones, would establish all of some findings.

    Returns:
        Values of unknown facts, coherent with the known ones; or None if no coherent additional facts would establish
        the findings. If the search takes too long, an empty answer: they may be within reach.
    """
    possibilities = possibilities_of(judge)
    vocabulary = judge.rulebase.vocabulary
    budget = Budget(_BUDGET)

    def learn(values: _Passing, test: FactTest) -> _Passing | None:
        """Require one more test of the facts; None if it cannot hold."""
        fact = vocabulary[test.fact]
        if test.fact in known:
            return values if test.holds(known[test.fact], fact) else None
        passing = tuple(
            [value for value in values.get(test.fact, possibilities.cases[test.fact]) if test.holds(value, fact)]
        )
        return {**values, test.fact: passing} if passing else None

    goals = [FindingTest(finding) for finding in findings]
    start: _Passing = {}
    for values in list_ways(judge.rulebase, goals, learn, start, budget):
        for chosen in assign(possibilities.coherence, known, values, possibilities.unmet(known), budget):
            return {name: value for name, value in chosen.items() if value is not None}
    return {} if budget.cut_short else None


def wanted(judge: Judge, known: Facts, finding: str) -> tuple[str, ...]:
    """Return the unknown facts that can still establish a finding, in vocabulary order."""
    found: set[str] = set()
    seen = {finding}
    waiting = [finding]
    for name in waiting:  # it grows as it is read
        for rule in judge.rulebase.concluders[name]:
            for alternative in _flat(judge.rulebase.rules[rule].when):
                tests = [test for test in alternative if isinstance(test, FactTest)]
                if any(test.fact in known and not _passes(judge, known, test) for test in tests):
                    continue
                found.update(test.fact for test in tests if test.fact not in known)
                needs = [test.finding for test in alternative if not isinstance(test, FactTest)]
                waiting += [need for need in needs if need not in seen]
                seen.update(needs)
    return tuple(name for name in judge.rulebase.vocabulary.facts if name in found)


def opposed(judge: Judge, known: Facts, finding: str) -> tuple[str, ...]:
    """Return the known facts that keep a finding from being established, in vocabulary order."""
    rules = judge.rulebase.rules
    found = {
        test.fact
        for rule in concluding(judge.rulebase, [finding])
        for test in leaf_tests(rules[rule].when)
        if isinstance(test, FactTest) and test.fact in known and not _passes(judge, known, test)
    }
    return tuple(name for name in judge.rulebase.vocabulary.facts if name in found)


def _flat(conditions: tuple[Condition, ...]) -> Iterator[list[FactTest | FindingTest]]:
    """Return the plain tests of a conjunction with each of its alternatives in turn, never their cross product."""
    plain = [condition for condition in conditions if not isinstance(condition, AnyOf)]
    choices = [condition for condition in conditions if isinstance(condition, AnyOf)]
    if not choices:
        yield plain
    for choice in choices:
        for alternative in choice.alternatives:
            yield [*plain, *alternative]


def _passes(judge: Judge, known: Facts, test: FactTest) -> bool:
    return test.holds(known[test.fact], judge.rulebase.vocabulary[test.fact])
