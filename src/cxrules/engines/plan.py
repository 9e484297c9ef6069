"""What the bitmap engine runs on: the needs of all rules as plain data, made of a rule base.

Of the built-in rule base it comes with the package (`builtin/compiled.py`), so that the first answer reads no rule.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

from cxrules.language.facts import Fact, Kind
from cxrules.language.regions import list_starts
from cxrules.language.rules import AnyOf, Condition, FactTest, FindingTest, Operator
from cxrules.rulebase import RuleBase

__all__ = ["BitPlaces", "FactPlan", "FindingNeeds", "Met", "RulePlan", "make_plan"]

BitPlaces: TypeAlias = tuple[int, ...]
"""Bits by their places, from 0."""

Met: TypeAlias = tuple[tuple[Any, ...], BitPlaces]
"""Needs of which each is met by any of these values; of a set, by one that passes all of these tests."""

FindingNeeds: TypeAlias = tuple[BitPlaces, BitPlaces]
"""Needs, and the units of which any meets all of them."""


class FactPlan(NamedTuple):
    """The needs that values of one fact meet.

    Attributes:
        kind: The kind of the fact.
        values: Its values; of a percentage the least points of the regions that tests tell apart, of a set elements.
        needs: What they meet; a test of a set is an operator with elements.
    """

    kind: str
    values: tuple[Any, ...]
    needs: tuple[Met, ...]


class RulePlan(NamedTuple):
    """The needs of all units: the rules, then alternatives of more than one test.

    Attributes:
        rules: How many rules there are.
        width: How many units. Need `unit + layer * width` is one of those of that unit.
        open_layers: How many layers have needs that findings can meet. They are the first.
        layers: How many layers there are.
        facts: What values of each fact meet.
        findings: Needs, with the units of which any meets all of these, because it concludes what they need. There are
            none where no rule concludes it.
    """

    rules: int
    width: int
    open_layers: int
    layers: int
    facts: Mapping[str, FactPlan]
    findings: tuple[FindingNeeds, ...]


class _Need(NamedTuple):
    """A need of a unit, met by any of these.

    Attributes:
        tests: Conjunctions of tests, each of one fact, of which a value that meets the need passes one.
        findings: Findings; a number is an unnamed one.
    """

    tests: list[tuple[FactTest, ...]]
    findings: list[str | int]


def make_plan(rulebase: RuleBase) -> RulePlan:
    """Compile a rule base."""
    units = _list_needs(rulebase)
    width = len(units)
    # Needs that findings can meet lie in the first layers, which are examined again whenever something fires.
    open_needs = [[need for need in needs if need.findings] for needs in units]
    plain_needs = [[need for need in needs if not need.findings] for needs in units]
    depth = max(map(len, open_needs), default=0)
    tested: dict[str, dict[tuple[FactTest, ...], list[int]]] = defaultdict(lambda: defaultdict(list))
    users: dict[str | int, list[int]] = defaultdict(list)
    for first, layered in ((0, open_needs), (depth, plain_needs)):
        for unit, needs in enumerate(layered):
            for layer, need in enumerate(needs, first):
                place = unit + layer * width
                for tests in need.tests:
                    tested[tests[0].fact][tests].append(place)
                for finding in need.findings:
                    users[finding].append(place)
    layers = depth + max(1, max(map(len, plain_needs), default=0))
    facts = {name: _plan_fact(fact, tested[name]) for name, fact in rulebase.vocabulary.facts.items()}
    return RulePlan(len(rulebase.rules), width, depth, layers, facts, _link(rulebase, width, users))


def _plan_fact(fact: Fact, needs: Mapping[tuple[FactTest, ...], list[int]]) -> FactPlan:
    if fact.kind is Kind.SET:
        written = {tests: tuple([(test.operator.value, test.operand) for test in tests]) for tests in needs}
        return FactPlan(fact.kind.value, fact.names, tuple([(written[tests], tuple(needs[tests])) for tests in needs]))
    values: tuple[Any, ...] = (True, False) if fact.kind is Kind.FLAG else fact.names
    if fact.kind is Kind.PERCENT:
        values = (0, *list_starts(test for tests in needs for test in tests))
    ranks = {value: rank for rank, value in enumerate(values)}
    met = []
    for tests, places in needs.items():
        passing, *others = [_list_passing(test, fact, values, ranks) for test in tests]
        for other in map(set, others):
            passing = tuple([value for value in passing if value in other])
        met.append((passing, tuple(places)))
    return FactPlan(fact.kind.value, values, tuple(met))


def _list_passing(test: FactTest, fact: Fact, values: tuple[Any, ...], ranks: Mapping[Any, int]) -> tuple[Any, ...]:
    """Return the values that pass a test, without a look at each value for each test: both may be thousands."""
    operator, operand = test.operator, test.operand
    if operator is Operator.IS:
        return values[ranks[operand] : ranks[operand] + 1]
    if operator is Operator.IN:
        assert isinstance(operand, tuple)
        return tuple([values[rank] for rank in sorted({ranks[name] for name in operand})])
    if fact.kind is Kind.ORDERED:
        return values[ranks[operand] :] if operator is Operator.AT_LEAST else values[: ranks[operand] + 1]
    return tuple([value for value in values if test.holds(value, fact)])


def _list_needs(rulebase: RuleBase) -> list[list[_Need]]:
    """Return the needs of every unit: of the rules, then of the alternatives that are more than one test.

    A unit beyond the rules concludes an unnamed finding, `~unit`. It also has the other needs of its rule, as far as no
    other unit meets them, because most alternatives that hold belong to rules that fail.
    """
    units: list[list[_Need]] = []
    beyond: list[list[_Need]] = []
    for rule in rulebase.rules.values():
        whole = [condition for condition in rule.when if not isinstance(condition, AnyOf)]
        needs, wide = _gather(whole), []
        for condition in rule.when:
            if isinstance(condition, AnyOf):
                parts = [_gather(alternative) for alternative in condition.alternatives]
                need = _join(part[0] for part in parts if len(part) == 1)
                wide.append((need, [part for part in parts if len(part) != 1]))
        needs += [need for need, several in wide if not several]
        for need, several in wide:
            for part in several:
                need.findings.append(~(len(rulebase.rules) + len(beyond)))
                beyond.append(part + needs)
        units.append(needs + [need for need, several in wide if several])
    return units + beyond


def _gather(conditions: Iterable[Condition]) -> list[_Need]:
    """Return the needs of a conjunction: one for each fact it tests and one for each finding."""
    tests: dict[str, list[FactTest]] = defaultdict(list)
    findings: dict[str, None] = {}
    for condition in conditions:
        if isinstance(condition, FactTest):
            tests[condition.fact].append(condition)
        elif isinstance(condition, FindingTest):
            findings[condition.finding] = None
    needs = [_Need([tuple(several)], []) for several in tests.values()]
    return needs + [_Need([], [finding]) for finding in findings]


def _join(needs: Iterable[_Need]) -> _Need:
    """Return a need that is met by whatever meets one of these."""
    joined = _Need([], [])
    for need in needs:
        joined.tests.extend(need.tests)
        joined.findings.extend(need.findings)
    return joined


def _link(rulebase: RuleBase, width: int, users: Mapping[str | int, list[int]]) -> tuple[FindingNeeds, ...]:
    """Return the needs that findings meet, each with the units that conclude these."""
    index = {rule: unit for unit, rule in enumerate(rulebase.rule_ids)}
    concluders: dict[str | int, list[int]] = {~unit: [unit] for unit in range(len(index), width)}
    for finding, rules in rulebase.concluders.items():
        concluders[finding] = [index[rule] for rule in rules]
    concluded: dict[int, list[str | int]] = defaultdict(list)
    for name, units in concluders.items():
        if name in users:
            for unit in units:
                concluded[unit].append(name)
    # Alternatives of one `any_of` meet the same need, as do rules with the same findings; one of them is enough.
    alike: dict[BitPlaces, list[int]] = defaultdict(list)
    for unit, findings in concluded.items():
        alike[tuple(sorted({user for finding in findings for user in users[finding]}))].append(unit)
    found = [(needs, tuple(units)) for needs, units in alike.items()]
    never = {place for name, places in users.items() if not concluders[name] for place in places}
    return (*found, *([(tuple(sorted(never)), ())] if never else ()))
