"""Whether findings can still be established, by whatever may yet become known: a search backwards through the rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations, pairwise

from cxrules.decision import Judge
from cxrules.facts import Fact, Facts, FactValue, Kind
from cxrules.rules import AnyOf, Condition, FactTest, leaf_tests

__all__ = ["complete_for", "opposed", "wanted"]

_BUDGET = 20_000  # steps of the search; the built-in rule base never needs a hundredth of them

_Tests = dict[str, tuple[FactTest, ...]]


class _BudgetSpentError(Exception):
    """The search is longer than anybody would wait for."""


def complete_for(judge: Judge, known: Facts, findings: Iterable[str]) -> dict[str, FactValue] | None:
    """Find facts that, learnt beside the known ones, would establish findings, all of them at once.

    Args:
        judge: Whose rules are asked.
        known: Validated facts.
        findings: The findings to establish.

    Returns:
        Values of unknown facts, coherent with the known ones; or None when no coherent organisation with these known
        facts has the findings. If the search grows too long, an empty answer: they may be within reach.
    """
    try:
        return _Search(judge, known).run(tuple(findings))
    except _BudgetSpentError:
        return {}


def wanted(judge: Judge, known: Facts, finding: str) -> tuple[str, ...]:
    """Give the unknown facts from which it can still become known whether a finding holds, in vocabulary order."""
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
    """Give the known facts that keep a finding from being established, in vocabulary order."""
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


def _flat(conditions: tuple[Condition, ...]) -> Iterator[list[Condition]]:
    """Give the plain tests of a conjunction with each of its alternatives in turn; never a cross product."""
    plain: list[Condition] = [condition for condition in conditions if not isinstance(condition, AnyOf)]
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
        # What the caller's own facts already meet, no further fact can mend.
        met = {conjunction.id for conjunction in self._rulebase.incoherences(known)}
        self._impossible = [entry for entry in self._rulebase.impossible if entry.id not in met]

    def run(self, findings: tuple[str, ...]) -> dict[str, FactValue] | None:
        goals = tuple((finding,) for finding in findings)
        for tests in self._prove(goals, {}):
            completion = self._assign(tests)
            if completion is not None:
                return completion
        return None

    def _prove(self, goals: tuple[tuple[str | Condition, ...], ...], tests: _Tests) -> Iterator[_Tests]:
        """Give what would have to hold of the unknown facts, for each way of proving the goals."""
        self._step()
        if not goals:
            yield tests
            return
        first, rest = goals[0], goals[1:]
        if not first:
            yield from self._prove(rest, tests)
            return
        goal, others = first[0], first[1:]
        if isinstance(goal, str):
            for conditions in _ways(self._judge, goal):
                yield from self._prove((conditions, others, *rest), tests)
        elif isinstance(goal, AnyOf):
            for alternative in goal.alternatives:
                yield from self._prove((alternative, others, *rest), tests)
        elif not isinstance(goal, FactTest):
            yield from self._prove(((goal.finding, *others), *rest), tests)
        elif goal.fact in self._known:
            if _passes(self._judge, self._known, goal):
                yield from self._prove((others, *rest), tests)
        else:
            asked = (*tests.get(goal.fact, ()), goal)
            if any(self._values(goal.fact, asked)):
                yield from self._prove((others, *rest), {**tests, goal.fact: asked})

    def _values(self, name: str, tests: tuple[FactTest, ...]) -> Iterator[tuple[FactValue]]:
        fact = self._rulebase.vocabulary[name]
        coherence = [test for entry in self._impossible for test in entry.when if test.fact == name]
        for value in _distinguishable(fact, [*tests, *coherence]):
            if all(test.holds(value, fact) for test in tests):
                yield (value,)

    def _assign(self, tests: _Tests) -> dict[str, FactValue] | None:
        """Choose values that pass the tests, so that the whole can be completed without an impossible conjunction."""
        involved = {test.fact for entry in self._impossible for test in entry.when}
        open_facts = [
            name
            for name in self._rulebase.vocabulary.facts
            if name not in self._known and (name in tests or name in involved)
        ]
        open_facts.sort(key=lambda name: name not in tests)
        chosen = self._choose(open_facts, tests, dict(self._known))
        return None if chosen is None else {name: chosen[name] for name in tests}

    def _choose(self, names: list[str], tests: _Tests, facts: dict[str, FactValue]) -> dict[str, FactValue] | None:
        self._step()
        if not names:
            return facts
        name, rest = names[0], names[1:]
        for (value,) in self._values(name, tests.get(name, ())):
            facts[name] = value
            if not any(self._met(entry.when, facts) for entry in self._impossible):
                chosen = self._choose(rest, tests, facts)
                if chosen is not None:
                    return chosen
            del facts[name]
        return None

    def _met(self, when: tuple[FactTest, ...], facts: Facts) -> bool:
        return all(test.fact in facts and _passes(self._judge, facts, test) for test in when)

    def _step(self) -> None:
        self._steps += 1
        if self._steps > _BUDGET:
            raise _BudgetSpentError


def _distinguishable(fact: Fact, tests: list[FactTest]) -> Iterator[FactValue]:
    """Give values among which every combination of outcomes of some tests occurs that occurs at all."""
    if fact.kind is Kind.FLAG:
        yield from (True, False)
    elif fact.kind is Kind.PERCENT:
        cuts = {0.0, 100.0}
        for test in tests:
            operands = test.operand if isinstance(test.operand, tuple) else (test.operand,)
            cuts.update(float(operand) for operand in operands)
        ordered = sorted(cuts)
        for number in sorted({*ordered, *((low + high) / 2 for low, high in pairwise(ordered))}):
            yield fact.examine(number)
    elif fact.kind is Kind.SET:
        named = {element for test in tests if isinstance(test.operand, tuple) for element in test.operand}
        mentioned = [element for element in fact.names if element in named]
        for size in range(len(mentioned) + 1):
            yield from combinations(mentioned, size)
    else:
        yield from fact.names
