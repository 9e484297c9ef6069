"""Whether findings can still be established, by whatever may yet become known: a search backwards through the rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cxrules.decision import Judge
from cxrules.explanation.regions import list_cases
from cxrules.facts import Facts, FactValue
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
        self._coherence: dict[str, tuple[FactTest, ...]] = {}
        for entry in self._impossible:
            for test in entry.when:
                self._coherence[test.fact] = (*self._coherence.get(test.fact, ()), test)

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
            if self._values(goal.fact, asked):
                yield from self._prove((others, *rest), {**tests, goal.fact: asked})

    def _values(self, name: str, tests: tuple[FactTest, ...]) -> tuple[FactValue, ...]:
        fact = self._rulebase.vocabulary[name]
        cases = list_cases(fact, (*tests, *self._coherence.get(name, ())))
        return tuple(value for value in cases if all(test.holds(value, fact) for test in tests))

    def _assign(self, tests: _Tests) -> dict[str, FactValue] | None:
        """Choose values that pass the tests, so that the whole can be completed without an impossible conjunction."""
        chosen: dict[str, FactValue] = {}
        for names in self._islands(tests):
            if not self._choose(names, tests, chosen):
                return None
        return {name: chosen[name] for name in tests}

    def _islands(self, tests: _Tests) -> list[list[str]]:
        """Give the unknown facts that matter, in groups that no impossible conjunction links to each other."""
        linked: dict[str, set[str]] = {name: set() for name in tests}
        for entry in self._impossible:
            names = {test.fact for test in entry.when if test.fact not in self._known}
            for name in names:
                linked.setdefault(name, set()).update(names)
        islands = []
        while linked:
            # Each fact follows one that it is linked to, so that a conflict shows as early as it can.
            island: list[str] = []
            waiting = [next(iter(linked))]
            while waiting:
                name = waiting.pop(0)
                if name in linked:
                    island.append(name)
                    near = linked.pop(name)
                    waiting += [other for other in self._rulebase.vocabulary.facts if other in near]
            islands.append(island)
        return islands

    def _choose(self, names: list[str], tests: _Tests, chosen: dict[str, FactValue]) -> bool:
        self._step()
        if not names:
            return True
        name, rest = names[0], names[1:]
        for value in self._values(name, tests.get(name, ())):
            chosen[name] = value
            if not any(self._met(entry.when, name, chosen) for entry in self._impossible):
                if self._choose(rest, tests, chosen):
                    return True
            del chosen[name]
        return False

    def _met(self, when: tuple[FactTest, ...], newest: str, chosen: Facts) -> bool:
        """Say whether an impossible conjunction is met now that one more value is chosen."""
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
