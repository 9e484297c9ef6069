"""Checks each test of a conjunction against the kind and the values of its fact."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from cxrules.errors import suggest
from cxrules.language.facts import Fact, Kind
from cxrules.language.mistakes import KnownNames, Mistake, Path
from cxrules.language.regions import MOST_SETS, are_too_many
from cxrules.language.rulebase_parts import Parts
from cxrules.language.rules import AnyOf, Condition, FactTest, FindingTest, Operator, leaf_tests

__all__ = ["WRITTEN", "check_conditions", "check_names", "check_sets", "normalise"]

_FITTING: Final = {
    Kind.ORDERED: (Operator.AT_LEAST, Operator.AT_MOST),
    Kind.CHOICE: (),
    Kind.FLAG: (),
    Kind.PERCENT: (Operator.AT_LEAST, Operator.BELOW),
    Kind.SET: (Operator.INCLUDES_ANY, Operator.INCLUDES_ALL, Operator.LACKS_ALL),
}
WRITTEN: Final = {
    Kind.ORDERED: "write a value, a list of values, or {at_least: …} or {at_most: …}",
    Kind.CHOICE: "write a value or a list of values",
    Kind.FLAG: "write true or false",
    Kind.PERCENT: "write {at_least: …} or {below: …}",
    Kind.SET: "write {includes_any: […]}, {includes_all: […]} or {lacks_all: […]}",
}
"""The notation for tests of each kind of fact."""

_PLAIN: Final = (Operator.IS, Operator.IN)
_FULL: Final = 100


def normalise(test: FactTest, fact: Fact) -> FactTest:
    """Return a valid test in its normal form: names in the order of the vocabulary, whole percentages as ints.

    A test that is not valid is returned as it is.
    """
    operand = test.operand
    if isinstance(operand, tuple):
        given = _list_names(operand)
        ordered = tuple(name for name in fact.names if name in given)
        return replace(test, operand=ordered) if len(ordered) == len(operand) else test
    if fact.kind is Kind.PERCENT and isinstance(operand, float) and operand.is_integer():
        return replace(test, operand=int(operand))
    return test


def check_conditions(
    conditions: Iterable[Condition],
    path: Path,
    facts: Mapping[str, Fact],
    names: KnownNames,
    *,
    impossible: bool = False,
) -> Iterator[Mistake]:
    """Report what is wrong in a conjunction.

    Args:
        conditions: The conjunction, its operands as they were given.
        path: Where it is.
        facts: The facts without mistakes.
        names: The names of all facts and findings.
        impossible: Whether it is an impossible conjunction.
    """
    yield from _ConditionChecker(facts, names, impossible).check(conditions, path)


def check_sets(parts: Parts) -> Iterator[Mistake]:
    """Report facts of which tests distinguish too many sets."""
    facts = parts.vocabulary.facts
    tests: dict[str, dict[FactTest, None]] = {name: {} for name, fact in facts.items() if fact.kind is Kind.SET}
    conjunctions = [rule.when for rule in parts.rules.values()]
    for when in (*conjunctions, *(conjunction.when for conjunction in parts.impossible)):
        for test in leaf_tests(when):
            # An operand of another kind is reported elsewhere.
            if isinstance(test, FactTest) and test.fact in tests and _are_names(test.operand):
                tests[test.fact][test] = None
    for name, tested in tests.items():
        if are_too_many(facts[name], tested):
            message = f"the tests of {name} distinguish more than {MOST_SETS:,} sets, too many to search"
            yield Mistake("too-many-sets", ("facts", name), message, "split it into several facts", key=True)


def _list_names(operand: Iterable[object]) -> set[str]:
    """Return the names in an operand, whatever else was given in it."""
    return {name for name in operand if isinstance(name, str)}


def _are_names(operand: object) -> bool:
    return isinstance(operand, tuple) and all(isinstance(name, str) for name in operand)


class _ConditionChecker:
    def __init__(self, facts: Mapping[str, Fact], names: KnownNames, impossible: bool) -> None:
        self.facts, self.names, self.impossible = facts, names, impossible

    def check(self, conditions: Iterable[Condition], path: Path, *, inside: bool = False) -> Iterator[Mistake]:
        tested: dict[str, list[FactTest]] = defaultdict(list)
        seen: dict[str, set[Operator | None]] = defaultdict(set)
        for condition in conditions:
            name = _name(condition)
            here = (*path, name)
            word = condition.operator if isinstance(condition, FactTest) and condition.operator not in _PLAIN else None
            if not seen[name].isdisjoint({word, None} if word else {None, *seen[name]}):
                yield Mistake("duplicate-key", here, f"{name!r} is tested twice in one conjunction", key=True)
            seen[name].add(word)
            if isinstance(condition, AnyOf):
                yield from self._check_alternatives(condition, here, inside)
            elif name in self.names.known["facts"] and isinstance(condition, FactTest):
                if name in self.facts:
                    tested[name].append(condition)
                    yield from self._check_test(self.facts[name], condition, here)
            elif name in self.names.known["findings"]:
                yield from self._check_presence(name, condition, here)
            else:
                yield from self._miss(name, condition, here)
        for name, tests in tested.items():
            if _is_empty(self.facts[name], tests):
                message = f"no value of {name!r} passes these tests together"
                yield Mistake("empty-test", (*path, name), message)

    def _check_presence(self, name: str, condition: Condition, path: Path) -> Iterator[Mistake]:
        if self.impossible:
            yield Mistake("impossible-not-facts", path, f"{name!r} is a finding, not a fact", key=True)
        elif isinstance(condition, FactTest):
            message = f"{name!r} is a finding, tested for presence only"
            yield Mistake("finding-negated", path, message, "write true")

    def _check_alternatives(self, condition: AnyOf, path: Path, inside: bool) -> Iterator[Mistake]:
        if self.impossible:
            message = "an impossible conjunction has no alternatives"
            yield Mistake("impossible-not-facts", path, message, key=True)
        elif inside:
            yield Mistake("nested-any-of", path, "alternatives are nested", key=True)
        else:
            if len(condition.alternatives) < 2:
                yield Mistake("empty-test", path, "any_of needs at least two alternatives")
            for index, branch in enumerate(condition.alternatives):
                if not branch:
                    yield Mistake("idle-test", (*path, index), "an empty alternative always holds")
                yield from self.check(branch, (*path, index), inside=True)

    def _miss(self, name: str, condition: Condition, path: Path) -> Iterator[Mistake]:
        if {"facts", "findings"} & set(self.names.lost):
            return
        facts, findings = tuple(self.names.known["facts"]), tuple(self.names.known["findings"])
        if self.impossible:
            yield Mistake("unknown-fact", path, f"no such fact: {name!r}", suggest(name, facts), key=True)
            return
        hint = suggest(name, (*facts, *findings))
        meant = hint.startswith("did you mean") and any(repr(finding) in hint for finding in findings)
        code = "unknown-finding" if meant and isinstance(condition, FindingTest) else "unknown-fact"
        yield Mistake(code, path, f"no such fact or finding: {name!r}", hint, key=True)

    def _check_test(self, fact: Fact, test: FactTest, path: Path) -> Iterator[Mistake]:
        operator, operand = test.operator, test.operand
        if operator not in _PLAIN:
            yield from self._check_comparison(fact, test, (*path, operator.value))
        elif fact.kind is Kind.FLAG and isinstance(operand, bool):
            return
        elif fact.kind in (Kind.ORDERED, Kind.CHOICE):
            if isinstance(operand, tuple):
                yield from check_names(fact, operand, path)
                if _list_names(operand).issuperset(fact.names):
                    yield from self._refuse_idle(fact, path)
            else:
                yield from _check_value(fact, operand, path)
        else:
            code = "wrong-type" if fact.kind is Kind.FLAG and not isinstance(operand, tuple) else "wrong-operator"
            message = f"{fact.name!r} is {_article(fact.kind)}, which cannot be tested like this"
            yield Mistake(code, path, message, WRITTEN[fact.kind])

    def _check_comparison(self, fact: Fact, test: FactTest, path: Path) -> Iterator[Mistake]:
        operand = test.operand
        if test.operator not in _FITTING[fact.kind]:
            message = f"{fact.name!r} is {_article(fact.kind)}; {test.operator.value} does not fit"
            yield Mistake("wrong-operator", path, message, WRITTEN[fact.kind], key=True)
        elif fact.kind is Kind.SET:
            yield from check_names(fact, operand, path)
        else:
            wrong = list(
                _check_percentage(operand, path) if fact.kind is Kind.PERCENT else _check_value(fact, operand, path)
            )
            yield from wrong
            if not wrong and _is_idle(fact, test):
                yield from self._refuse_idle(fact, path)

    def _refuse_idle(self, fact: Fact, path: Path) -> Iterator[Mistake]:
        # An impossible conjunction may say that a fact has no value at all: a CCO who is not in post reports to nobody.
        if not self.impossible:
            yield Mistake("idle-test", path, f"every value of {fact.name!r} passes this test")


def check_names(fact: Fact, given: object, path: Path) -> Iterator[Mistake]:
    """Check a list of values, one of which a fact must have."""
    if not isinstance(given, tuple):
        yield Mistake("wrong-type", path, f"a list of values is expected here, not {given!r}")
        return
    if not given:
        yield Mistake("empty-test", path, "this list is empty, so no value passes")
    known, seen = frozenset(fact.names), set()
    for index, name in enumerate(given):
        if not isinstance(name, str) or name not in known:
            yield from _check_value(fact, name, (*path, index))
        elif name in seen:
            yield Mistake("duplicate-value", (*path, index), f"{name!r} occurs twice here")
        else:
            seen.add(name)


def _name(condition: Condition) -> str:
    if isinstance(condition, AnyOf):
        return "any_of"
    return condition.fact if isinstance(condition, FactTest) else condition.finding


def _check_percentage(given: object, path: Path) -> Iterator[Mistake]:
    if isinstance(given, bool) or not isinstance(given, int | float):
        yield Mistake("wrong-type", path, f"a number from 0 to 100 is expected here, not {given!r}")
    elif math.isnan(given) or not 0 <= given <= _FULL:
        yield Mistake("value-out-of-range", path, f"a number from 0 to 100 is expected here, not {given}")


def _check_value(fact: Fact, given: object, path: Path) -> Iterator[Mistake]:
    if given not in fact.names:
        code = "unknown-value" if isinstance(given, str) else "wrong-type"
        yield Mistake(code, path, f"{fact.name!r} has no value {given!r}", suggest(given, fact.names))


def _article(kind: Kind) -> str:
    names = {Kind.ORDERED: "an ordered fact", Kind.PERCENT: "a percentage"}
    return names.get(kind, f"a {kind.value}")


def _is_idle(fact: Fact, test: FactTest) -> bool:
    if fact.kind is Kind.PERCENT:
        return test.operator is Operator.AT_LEAST and test.operand == 0
    return test.operand == fact.names[0 if test.operator is Operator.AT_LEAST else -1]


def _is_empty(fact: Fact, tests: Iterable[FactTest]) -> bool:
    """Whether no value passes all valid comparisons; invalid ones are reported separately."""
    operands = {test.operator: test.operand for test in tests}
    low = operands.get(Operator.AT_LEAST)
    if fact.kind is Kind.PERCENT:
        high = operands.get(Operator.BELOW)
        if not isinstance(high, int | float):
            return False
        return high == 0 or (isinstance(low, int | float) and low >= high)
    if fact.kind is Kind.ORDERED:
        high = operands.get(Operator.AT_MOST)
        return low in fact.names and high in fact.names and fact.rank(str(low)) > fact.rank(str(high))
    if fact.kind is not Kind.SET:
        return False
    lists = {operator: operand for operator, operand in operands.items() if isinstance(operand, tuple)}
    known = frozenset(fact.names)
    all_of, any_of, none_of = (
        _list_names(lists.get(operator, ())) & known
        for operator in (Operator.INCLUDES_ALL, Operator.INCLUDES_ANY, Operator.LACKS_ALL)
    )
    return bool(all_of & none_of) or bool(any_of and any_of <= none_of)
