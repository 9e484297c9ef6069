"""Whether findings can still be established, by whatever may yet become known: a search backwards through the rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cxrules.language.facts import Facts, FactValue
from cxrules.language.regions import list_cases
from cxrules.language.rules import AnyOf, Condition, FactTest, FindingTest, leaf_tests
from cxrules.policy.judge import Judge

__all__ = ["complete_for", "opposed", "wanted"]

_BUDGET = 20_000  # steps of the search; the built-in rule base never needs a hundredth of them

_Tests = dict[str, tuple[FactTest, ...]]


class _BudgetSpentError(Exception):
    """The search has grown too long."""


def complete_for(judge: Judge, known: Facts, findings: Iterable[str]) -> dict[str, FactValue] | None:
    """Find facts that, learnt beside the known ones, would establish findings, all of them at once.

    Returns:
        Values of unknown facts, coherent with the known ones; or None when no coherent facts beside the known ones
        would establish the findings. If the search grows too long, an empty answer: they may be within reach.
    """
    try:
        return _Search(judge, known).run(tuple(findings))
    except _BudgetSpentError:
        return {}


def wanted(judge: Judge, known: Facts, finding: str) -> tuple[str, ...]:
    """Return the unknown facts from which it can still become known that a finding holds, in vocabulary order."""
    found: set[str] = set()
    for conditions in _ways(judge, finding):
        for alternative in _flat(conditions):
            tests = [test for test in alternative if isinstance(test, FactTest)]
            if not any(test.fact in known and not _passes(judge, known, test) for test in tests):
                found.update(test.fact for test in tests if test.fact not in known)
                for test in alternative:
                    if not isinstance(test, FactTest):
                        found.update(wanted(judge, known, test.finding))
    return tuple(name for name in judge.rulebase.vocabulary.facts if name in found)


def opposed(judge: Judge, known: Facts, finding: str) -> tuple[str, ...]:
    """Return the known facts that keep a finding from being established, in vocabulary order."""
    found: set[str] = set()
    for conditions in _ways(judge, finding):
        for test in leaf_tests(conditions):
            if not isinstance(test, FactTest):
                found.update(opposed(judge, known, test.finding))
            elif test.fact in known and not _passes(judge, known, test):
                found.add(test.fact)
    return tuple(name for name in judge.rulebase.vocabulary.facts if name in found)


def _ways(judge: Judge, finding: str) -> Iterator[tuple[Condition, ...]]:
    rulebase = judge.rulebase
    return (rulebase.rules[rule].when for rule in rulebase.concluders[finding])


def _flat(conditions: tuple[Condition, ...]) -> Iterator[list[FactTest | FindingTest]]:
    """Return the plain tests of a conjunction with each of its alternatives in turn; never a cross product."""
    plain = [condition for condition in conditions if not isinstance(condition, AnyOf)]
    choices = [condition for condition in conditions if isinstance(condition, AnyOf)]
    if not choices:
        yield plain
    for choice in choices:
        for alternative in choice.alternatives:
            yield [*plain, *alternative]


def _passes(judge: Judge, known: Facts, test: FactTest) -> bool:
    return test.holds(known[test.fact], judge.rulebase.vocabulary[test.fact])


class _Search:
    def __init__(self, judge: Judge, known: Facts) -> None:
        self._judge = judge
        self._rulebase = judge.rulebase
        self._known = known
        self._steps = 0
        # A conjunction that the known facts meet already cannot be avoided by further facts.
        met = {conjunction.id for conjunction in self._rulebase.incoherences(known)}
        self._impossible = [entry for entry in self._rulebase.impossible if entry.id not in met]
        self._coherence: dict[str, tuple[FactTest, ...]] = {}
        for entry in self._impossible:
            for test in entry.when:
                self._coherence[test.fact] = (*self._coherence.get(test.fact, ()), test)

    def run(self, findings: tuple[str, ...]) -> dict[str, FactValue] | None:
        goals = tuple(FindingTest(finding) for finding in findings)
        for tests in self._prove(goals, {}):
            completion = self._assign(tests)
            if completion is not None:
                return completion
        return None

    def _prove(self, goals: tuple[Condition, ...], tests: _Tests) -> Iterator[_Tests]:
        """Return what would have to hold of the unknown facts, for each way of proving the goals."""
        self._step()
        if not goals:
            yield tests
            return
        goal, rest = goals[0], goals[1:]
        if isinstance(goal, FactTest):
            learnt = self._learn(goal, tests)
            if learnt is not None:
                yield from self._prove(rest, learnt)
        else:
            ways = goal.alternatives if isinstance(goal, AnyOf) else _ways(self._judge, goal.finding)
            for conditions in ways:
                yield from self._prove((*conditions, *rest), tests)

    def _learn(self, test: FactTest, tests: _Tests) -> _Tests | None:
        """Ask one test more of the facts; None when it cannot hold."""
        if test.fact in self._known:
            return tests if _passes(self._judge, self._known, test) else None
        asked = (*tests.get(test.fact, ()), test)
        return {**tests, test.fact: asked} if self._values(test.fact, asked) else None

    def _values(self, name: str, tests: tuple[FactTest, ...]) -> tuple[FactValue, ...]:
        fact = self._rulebase.vocabulary[name]
        cases = list_cases(fact, (*tests, *self._coherence.get(name, ())))
        return tuple(value for value in cases if all(test.holds(value, fact) for test in tests))

    def _assign(self, tests: _Tests) -> dict[str, FactValue] | None:
        """Choose values that pass the tests and together meet no impossible conjunction."""
        chosen: dict[str, FactValue] = {}
        return chosen if self._choose(list(tests), tests, chosen) else None

    def _choose(self, names: list[str], tests: _Tests, chosen: dict[str, FactValue]) -> bool:
        self._step()
        if not names:
            return True
        name, rest = names[0], names[1:]
        for value in self._values(name, tests.get(name, ())):
            chosen[name] = value
            met = any(self._met(entry.when, name, chosen) for entry in self._impossible)
            if not met and self._choose(rest, tests, chosen):
                return True
            del chosen[name]
        return False

    def _met(self, when: tuple[FactTest, ...], newest: str, chosen: Facts) -> bool:
        """Return whether an impossible conjunction is met now that one more value is chosen."""
        if not any(test.fact == newest for test in when):
            return False
        vocabulary = self._rulebase.vocabulary
        for test in when:
            value = chosen.get(test.fact, self._known.get(test.fact))
            if value is None or not test.holds(value, vocabulary[test.fact]):
                return False
        return True

    def _step(self) -> None:
        self._steps += 1
        if self._steps > _BUDGET:
            raise _BudgetSpentError
