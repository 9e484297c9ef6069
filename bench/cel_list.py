"""A rule base as one CEL expression, run by common-expression-language, an engine in Rust.

The expression is a list of the formulas of all rules. CEL has no unknown variable, so every unknown fact is given a
value that no fact has.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import compress
from typing import Any

import cel

from bench.inlined import inline
from bench.units import COMPARISONS, accepted
from cxrules.language.facts import Fact, Facts, FactValue, Kind
from cxrules.language.rules import FactTest, Operator
from cxrules.rulebase import RuleBase

__all__ = ["CelProgram"]

_UNKNOWN: dict[Kind, Any] = {Kind.FLAG: "?", Kind.PERCENT: -1.0, Kind.SET: ["?"], Kind.ORDERED: "?", Kind.CHOICE: "?"}


class CelProgram:
    """A compiled expression."""

    def __init__(self, rulebase: RuleBase) -> None:
        self._ids = rulebase.rule_ids
        tested = {name for rule in rulebase.rules.values() for name in rule.facts()}
        kinds = {name: fact.kind for name, fact in rulebase.vocabulary.facts.items() if name in tested}
        self._unknown = {name: _UNKNOWN[kind] for name, kind in kinds.items()}
        self._execute = cel.compile(f"[{', '.join(inline(rulebase, _Cel()))}]").execute

    def prepare(self, known: Facts) -> dict[str, Any]:
        """Return values for all tested facts: flags as words, percentages as floats, lists for sets."""
        return {name: _translate(known[name]) if name in known else value for name, value in self._unknown.items()}

    def match(self, prepared: dict[str, Any]) -> list[bool]:
        """Execute the expression."""
        rules: list[bool] = self._execute(prepared)
        return rules

    def fire(self, prepared: dict[str, Any]) -> Sequence[str]:
        """Execute the expression, and name what fired."""
        return list(compress(self._ids, self._execute(prepared)))


class _Cel:
    def test(self, test: FactTest, fact: Fact) -> str:
        name, operand = fact.name, test.operand
        if fact.kind is Kind.FLAG:
            return f"{name} == '{str(operand).lower()}'"
        if fact.kind is Kind.PERCENT:
            assert isinstance(operand, int | float)
            compared = f"{name} {COMPARISONS[test.operator]} {float(operand)!r}"
            return compared if test.operator in (Operator.AT_LEAST, Operator.IS) else f"({name} >= 0.0 && {compared})"
        if fact.kind is Kind.SET:
            assert isinstance(operand, tuple)
            elements = [f"{json.dumps(element)} in {name}" for element in operand]
            known = f"!('?' in {name})"
            if test.operator is Operator.INCLUDES_ALL:
                return self.all_of(elements) if elements else known
            if test.operator is Operator.INCLUDES_ANY:
                return self.any_of(elements)
            return f"({known} && !{self.any_of(elements)})"
        values = accepted(test, fact)
        return f"{name} == {json.dumps(values[0])}" if len(values) == 1 else f"{name} in {json.dumps(values)}"

    def all_of(self, parts: list[str]) -> str:
        return f"({' && '.join(parts)})" if parts else "true"

    def any_of(self, parts: list[str]) -> str:
        return f"({' || '.join(parts)})" if parts else "false"


def _translate(value: FactValue) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return float(value)
    return list(value) if isinstance(value, tuple) else value
