"""A rule base as one JSONLogic template, run by datalogic-py, an engine in Rust.

The template holds the formulas of all rules, so that a call crosses into the engine once; it answers a list of true and
false. One compiled rule for each rule is slower, and so is a template that holds ids and nulls. `>=` needs no guard
against what is unknown, which counts as 0; `<` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import compress
from typing import Any

import datalogic_py

from bench.inlined import inline
from bench.units import accepted
from cxrules.language.facts import Fact, Facts, Kind
from cxrules.language.rules import FactTest, Operator
from cxrules.rulebase import RuleBase

__all__ = ["JsonLogicProgram"]


class JsonLogicProgram:
    """A compiled template."""

    def __init__(self, rulebase: RuleBase) -> None:
        self._ids = rulebase.rule_ids
        formulas = inline(rulebase, _JsonLogic())
        engine = datalogic_py.Engine()
        self._rule = engine.compile_template({"rules": formulas})
        self._evaluate = self._rule.evaluate
        self._session = engine.session()

    def prepare(self, known: Facts) -> dict[str, Any]:
        """Return the facts with lists for sets."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in known.items()}

    def match(self, prepared: dict[str, Any]) -> list[bool]:
        """Evaluate the template."""
        rules: list[bool] = self._evaluate(prepared)["rules"]
        return rules

    def prepare_all(self, organisations: Iterable[Facts]) -> list[datalogic_py.DataHandle]:
        """Return organisations in the form that the batch takes."""
        return [datalogic_py.DataHandle(self.prepare(known)) for known in organisations]

    def match_all(self, prepared: list[datalogic_py.DataHandle]) -> list[str]:
        """Evaluate the template on many organisations in one call; it answers as JSON."""
        return [str(each) for each in self._session.evaluate_batch(self._rule, prepared)]

    def fire(self, prepared: dict[str, Any]) -> Sequence[str]:
        """Evaluate the template, and name what fired."""
        return self.name(self._evaluate(prepared))

    def name(self, answer: dict[str, list[bool]]) -> list[str]:
        """Name what fired."""
        return list(compress(self._ids, answer["rules"]))


class _JsonLogic:
    def test(self, test: FactTest, fact: Fact) -> Any:
        value = {"var": fact.name}
        if fact.kind is Kind.FLAG:
            return {"===": [value, test.operand]}
        if fact.kind is Kind.PERCENT:
            return self._compare(value, test)
        if fact.kind is Kind.SET:
            assert isinstance(test.operand, tuple)
            elements = [{"in": [element, value]} for element in test.operand]
            if test.operator is Operator.INCLUDES_ALL:
                # An unknown set contains nothing, like an empty list.
                return self.all_of(elements) if elements else _is_known(value)
            if test.operator is Operator.INCLUDES_ANY:
                return self.any_of(elements)
            return self.all_of([_is_known(value), {"!": [self.any_of(elements)]}])
        values = accepted(test, fact)
        return {"===": [value, values[0]]} if len(values) == 1 else {"in": [value, list(values)]}

    def _compare(self, value: dict[str, str], test: FactTest) -> Any:
        operand = test.operand
        assert isinstance(operand, int | float)
        if test.operator is Operator.AT_LEAST and operand > 0:
            return {">=": [value, operand]}
        comparison = {Operator.BELOW: "<", Operator.AT_LEAST: ">=", Operator.AT_MOST: "<=", Operator.IS: "==="}
        return self.all_of([_is_known(value), {comparison[test.operator]: [value, operand]}])

    def all_of(self, parts: list[Any]) -> Any:
        return {"and": parts} if parts else True

    def any_of(self, parts: list[Any]) -> Any:
        return {"or": parts} if parts else False


def _is_known(value: dict[str, str]) -> dict[str, Any]:
    return {"!==": [value, None]}
