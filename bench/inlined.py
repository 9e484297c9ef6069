"""A rule base as one formula for each rule, findings and alternatives written out where they are needed.

For engines that evaluate expressions and chain nothing. A formula that is needed in several places is built once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

from cxrules.language.facts import Fact
from cxrules.language.rules import AnyOf, Condition, FactTest, FindingTest
from cxrules.rulebase import RuleBase

__all__ = ["Notation", "inline"]

_Formula = TypeVar("_Formula")


class Notation(Protocol[_Formula]):
    """How an engine writes formulas."""

    def test(self, test: FactTest, fact: Fact) -> _Formula:
        """Write a test of a fact."""
        ...

    def all_of(self, parts: list[_Formula]) -> _Formula:
        """Write a conjunction, which may be empty."""
        ...

    def any_of(self, parts: list[_Formula]) -> _Formula:
        """Write a disjunction, which may be empty."""
        ...


def inline(rulebase: RuleBase, notation: Notation[_Formula]) -> list[_Formula]:
    """Return the formula of every rule, in id order."""
    made: dict[str, _Formula] = {}

    def parts_of(conditions: Iterable[Condition]) -> Iterator[_Formula]:
        for condition in conditions:
            if isinstance(condition, FactTest):
                yield notation.test(condition, rulebase.vocabulary[condition.fact])
            elif isinstance(condition, FindingTest):
                yield _join(notation, [made[rule] for rule in rulebase.concluders[condition.finding]])
            else:
                assert isinstance(condition, AnyOf)
                yield _join(notation, [_meet(notation, list(parts_of(each))) for each in condition.alternatives])

    for layer in rulebase.strata:
        for rule in layer:
            made[rule] = _meet(notation, list(parts_of(rulebase.rules[rule].when)))
    return [made[rule] for rule in rulebase.rule_ids]


def _meet(notation: Notation[_Formula], parts: list[_Formula]) -> _Formula:
    return parts[0] if len(parts) == 1 else notation.all_of(parts)


def _join(notation: Notation[_Formula], parts: list[_Formula]) -> _Formula:
    return parts[0] if len(parts) == 1 else notation.any_of(parts)
