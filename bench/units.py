"""What the translators share: the rules and the alternatives of their `any_of`, by stratum."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from cxrules.engines.units import list_concluders, list_units
from cxrules.language.facts import Fact, Kind
from cxrules.language.rules import FactTest, Operator
from cxrules.rulebase import RuleBase

__all__ = ["COMPARISONS", "Production", "accepted", "list_productions"]

COMPARISONS = {Operator.BELOW: "<", Operator.AT_LEAST: ">=", Operator.AT_MOST: "<=", Operator.IS: "=="}
"""The operators for comparing numbers that most languages have."""


class Production(NamedTuple):
    """A rule or one alternative of an `any_of`.

    Attributes:
        name: A unique name.
        rule: The id of the rule; empty for an alternative.
        tests: The tests of facts, all of which must hold.
        needs: The findings that must be established.
        concludes: The findings it establishes when it fires.
        stratum: It needs only what productions of lower strata conclude.
    """

    name: str
    rule: str
    tests: tuple[FactTest, ...]
    needs: tuple[str, ...]
    concludes: tuple[str, ...]
    stratum: int


def list_productions(rulebase: RuleBase) -> list[Production]:
    """Return the rules, then the alternatives. A finding is named `finding_…`, or `any_of_…` when it has no name."""
    units, alternatives = list_units(rulebase)
    concluders = list_concluders(rulebase, alternatives)
    concludes: list[list[str]] = [[] for _ in units]
    for finding, bits in concluders.items():
        for bit in bits:
            concludes[bit].append(_name(finding))

    @cache
    def stratum(bit: int) -> int:
        return max((1 + stratum(below) for need in units[bit].needs for below in concluders[need]), default=0)

    return [
        Production(
            f"unit_{bit}",
            rulebase.rule_ids[bit] if bit < len(rulebase.rule_ids) else "",
            unit.tests,
            tuple(dict.fromkeys(map(_name, unit.needs))),
            tuple(concludes[bit]),
            stratum(bit),
        )
        for bit, unit in enumerate(units)
    ]


def _name(finding: str | int) -> str:
    return f"finding_{finding}" if isinstance(finding, str) else f"any_of_{finding}"


def accepted(test: FactTest, fact: Fact) -> tuple[str, ...]:
    """Return the values of an ordered or chosen fact that pass a test."""
    assert fact.kind in (Kind.ORDERED, Kind.CHOICE)
    names = fact.names
    if test.operator is Operator.IN:
        assert isinstance(test.operand, tuple)
        return test.operand
    assert isinstance(test.operand, str)
    rank = fact.rank(test.operand)
    return {
        Operator.IS: (test.operand,),
        Operator.AT_LEAST: names[rank:],
        Operator.AT_MOST: names[: rank + 1],
        Operator.BELOW: names[:rank],
    }[test.operator]
