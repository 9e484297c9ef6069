"""A rule base as a Rego policy, run by regopy, which is rego-cpp: compiled to a bundle, which one call queries.

Findings and alternatives are rules of Rego's own, and every rule that fires adds its id to one set.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import regopy

from bench.units import COMPARISONS, Production, accepted, list_productions
from cxrules.language.facts import Fact, Facts, Kind
from cxrules.language.rules import FactTest, Operator
from cxrules.rulebase import RuleBase

__all__ = ["RegoProgram"]


class RegoProgram:
    """A compiled bundle."""

    def __init__(self, rulebase: RuleBase) -> None:
        self._interpreter = regopy.Interpreter()
        self._interpreter.add_module("rules", "\n".join(["package rules", *_translate(rulebase)]))
        self._bundle = self._interpreter.build("fired = data.rules.fired")

    def prepare(self, known: Facts) -> str:
        """Return the facts as JSON: an `Input` of regopy would round percentages to eight decimal places."""
        return json.dumps(known)

    def match(self, prepared: str) -> Sequence[str]:
        """Query the bundle."""
        self._interpreter.set_input_term(prepared)
        fired: Sequence[str] = self._interpreter.query_bundle(self._bundle).results[0]["fired"]
        return fired

    fire = match


def _translate(rulebase: RuleBase) -> Iterator[str]:
    productions = list_productions(rulebase)
    concluded = {finding for production in productions for finding in production.concludes}
    yield "fired contains rule if { some rule in [] }"  # a set also of a rule base in which nothing fires
    for finding in sorted({need for production in productions for need in production.needs} - concluded):
        yield f"{finding} if {{ false }}"
    for production in productions:
        body = _body(production, rulebase)
        if production.rule and production.concludes:
            yield f"{production.name} if {{ {body} }}"
            body = production.name
        if production.rule:
            yield f"fired contains {json.dumps(production.rule)} if {{ {body} }}"
        for finding in production.concludes:
            yield f"{finding} if {{ {body} }}"


def _body(production: Production, rulebase: RuleBase) -> str:
    tests = [_test(test, rulebase.vocabulary[test.fact]) for test in production.tests]
    return "; ".join([*tests, *production.needs]) or "true"


def _test(test: FactTest, fact: Fact) -> str:
    value = f"input.{fact.name}"
    if fact.kind is Kind.FLAG:
        return f"{value} == {json.dumps(test.operand)}"
    if fact.kind is Kind.PERCENT:
        return f"{value} {COMPARISONS[test.operator]} {test.operand}"
    if fact.kind is Kind.SET:
        assert isinstance(test.operand, tuple)
        if test.operator is Operator.INCLUDES_ALL:
            return "; ".join([f"is_array({value})", *(f"{json.dumps(each)} in {value}" for each in test.operand)])
        if test.operator is Operator.LACKS_ALL:
            lacked = (f"not {json.dumps(each)} in {value}" for each in test.operand)
            return "; ".join([f"is_array({value})", *lacked])
        return f"some element in {json.dumps(test.operand)}; element in {value}" if test.operand else "false"
    values = accepted(test, fact)
    return f"{value} == {json.dumps(values[0])}" if len(values) == 1 else f"{value} in {json.dumps(values)}"
