"""A rule base as units: rules and the alternatives of their `any_of`, with what each needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from cxrules.engines import mask_of
from cxrules.language.rules import AnyOf, Condition, FactTest, FindingTest
from cxrules.rulebase import RuleBase

__all__ = ["Unit", "list_concluders", "list_units", "order_findings"]


class Unit(NamedTuple):
    """A rule or an alternative: tests of facts and needed findings, named or numbered."""

    tests: tuple[FactTest, ...]
    needs: tuple[str | int, ...]


def list_units(rulebase: RuleBase) -> tuple[list[Unit], dict[str | int, list[int]]]:
    """Return the units, rules first, and for each unnamed finding the units that conclude it."""
    units: list[Unit] = []
    branches: list[tuple[int, tuple[Condition, ...]]] = []
    number = 0
    for rule in rulebase.rules.values():
        unnamed: list[str | int] = []
        for condition in rule.when:
            if isinstance(condition, AnyOf):
                branches += [(number, alternative) for alternative in condition.alternatives]
                unnamed.append(number)
                number += 1
        units.append(_unit(rule.when, unnamed))
    alternatives: dict[str | int, list[int]] = {unnamed: [] for unnamed in range(number)}
    for unnamed_finding, conditions in branches:
        alternatives[unnamed_finding].append(len(units))
        units.append(_unit(conditions, ()))
    return units, alternatives


def _unit(conditions: tuple[Condition, ...], unnamed: Iterable[str | int]) -> Unit:
    tests = tuple(condition for condition in conditions if isinstance(condition, FactTest))
    named = [condition.finding for condition in conditions if isinstance(condition, FindingTest)]
    return Unit(tests, (*named, *unnamed))


def list_concluders(rulebase: RuleBase, alternatives: Mapping[str | int, list[int]]) -> dict[str | int, list[int]]:
    """Return for each finding, named or unnamed, the units that conclude it."""
    index = {rule: bit for bit, rule in enumerate(rulebase.rule_ids)}
    concluders = dict(alternatives)
    for finding, rules in rulebase.concluders.items():
        concluders[finding] = [index[rule] for rule in rules]
    return concluders


def order_findings(
    rulebase: RuleBase, units: list[Unit], alternatives: dict[str | int, list[int]], everything: int
) -> Iterable[tuple[int, int]]:
    """Return the concluders of each finding and the units that do not need it, each finding after those it rests on."""
    from graphlib import TopologicalSorter

    concluders = list_concluders(rulebase, alternatives)
    users: dict[str | int, list[int]] = defaultdict(list)
    for bit, unit in enumerate(units):
        for need in unit.needs:
            users[need].append(bit)
    rests_on = {finding: {need for bit in bits for need in units[bit].needs} for finding, bits in concluders.items()}
    order: TopologicalSorter[str | int] = TopologicalSorter(rests_on)
    for need in order.static_order():
        if need in users:
            yield mask_of(concluders[need]), everything & ~mask_of(users[need])
