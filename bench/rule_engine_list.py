"""A rule base as one expression of rule-engine, an engine in Python: a list of the formulas of all rules."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import compress
from typing import Any

import rule_engine

from bench.inlined import inline
from bench.units import COMPARISONS, accepted
from cxrules.language.facts import Fact, Facts, Kind
from cxrules.language.rules import FactTest, Operator
from cxrules.rulebase import RuleBase

__all__ = ["RuleEngineProgram"]


class RuleEngineProgram:
    """A parsed expression."""

    def __init__(self, rulebase: RuleBase) -> None:
        self._ids = rulebase.rule_ids
        expression = f"[{', '.join(inline(rulebase, _RuleEngine()))}]"
        self._evaluate = rule_engine.Rule(expression, context=rule_engine.Context(default_value=None)).evaluate

    def prepare(self, known: Facts) -> dict[str, Any]:
        """Return the facts as they are."""
        return dict(known)

    def match(self, prepared: dict[str, Any]) -> Sequence[bool]:
        """Evaluate the expression."""
        rules: Sequence[bool] = self._evaluate(prepared)
        return rules

    def fire(self, prepared: dict[str, Any]) -> Sequence[str]:
        """Evaluate the expression, and name what fired."""
        return list(compress(self._ids, self._evaluate(prepared)))


class _RuleEngine:
    def test(self, test: FactTest, fact: Fact) -> str:
        name, operand = fact.name, test.operand
        if fact.kind is Kind.FLAG:
            return f"{name} == {str(operand).lower()}"
        if fact.kind is Kind.PERCENT:
            return f"({name} != null and {name} {COMPARISONS[test.operator]} {operand})"
        if fact.kind is Kind.SET:
            assert isinstance(operand, tuple)
            elements = [f"{json.dumps(element)} in {name}" for element in operand]
            if test.operator is Operator.INCLUDES_ANY:
                return f"({name} != null and {self.any_of(elements)})"
            if test.operator is Operator.INCLUDES_ALL:
                return f"({name} != null and {self.all_of(elements)})"
            return f"({name} != null and not {self.any_of(elements)})"
        values = accepted(test, fact)
        return f"{name} == {json.dumps(values[0])}" if len(values) == 1 else f"{name} in {json.dumps(values)}"

    def all_of(self, parts: list[str]) -> str:
        return f"({' and '.join(parts)})" if parts else "true"

    def any_of(self, parts: list[str]) -> str:
        return f"({' or '.join(parts)})" if parts else "false"
