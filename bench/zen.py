"""A rule base as a JDM decision graph, run by GoRules' zen-engine.

Each stratum is a decision table that collects, one row for each rule with the whole condition in one cell: tables with
a column for each fact are slower, above all with their trace. Between tables an expression gathers the findings
established so far; the last one gathers the fired rules.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import zen

from bench.units import COMPARISONS, Production, accepted, list_productions
from cxrules.language.facts import Fact, Facts, Kind
from cxrules.language.rules import FactTest, Operator
from cxrules.rulebase import RuleBase

__all__ = ["ZenProgram", "translate"]

_QUANTIFIERS = {Operator.INCLUDES_ANY: "some", Operator.INCLUDES_ALL: "all", Operator.LACKS_ALL: "none"}


class ZenProgram:
    """A compiled decision graph."""

    def __init__(self, rulebase: RuleBase, *, trace: bool = False) -> None:
        self._decision = zen.ZenEngine().create_decision(json.dumps(translate(rulebase)))
        self._options: zen.DecisionEvaluateOptions = {"trace": trace}

    def prepare(self, known: Facts) -> dict[str, Any]:
        """Return the facts with lists for sets."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in known.items()}

    def match(self, prepared: dict[str, Any]) -> Sequence[str]:
        """Evaluate the graph."""
        fired: Sequence[str] = self._decision.evaluate(prepared, self._options)["result"]["fired"]
        return fired

    fire = match


def translate(rulebase: RuleBase) -> dict[str, Any]:
    """Return the decision graph."""
    productions = list_productions(rulebase)
    strata = range(1 + max((production.stratum for production in productions), default=0))
    nodes: list[dict[str, Any]] = [{"id": "in", "type": "inputNode", "name": "in"}]
    for stratum in strata:
        rows = [production for production in productions if production.stratum == stratum]
        nodes.append(_table(rows, stratum, rulebase))
        so_far = f"flatMap([{', '.join(f'stratum_{below}' for below in strata[: stratum + 1])}], #)"
        if stratum != strata[-1]:
            nodes.append(_expression(f"findings_{stratum}", "findings", f"flatMap({so_far}, #.findings)"))
        else:
            fired = f"filter(map({so_far}, #.rule), # != '')"
            nodes.append(_expression("fired", "fired", fired, pass_through=False))
    nodes.append({"id": "out", "type": "outputNode", "name": "out"})
    edges = [
        {"id": f"{one['id']}-{two['id']}", "type": "edge", "sourceId": one["id"], "targetId": two["id"]}
        for one, two in pairwise(nodes)
    ]
    return {"nodes": nodes, "edges": edges}


def _table(productions: Iterable[Production], stratum: int, rulebase: RuleBase) -> dict[str, Any]:
    content = {
        "hitPolicy": "collect",
        "inputs": [{"id": "when", "name": "when"}],
        "outputs": [
            {"id": "rule", "name": "rule", "field": "rule"},
            {"id": "findings", "name": "findings", "field": "findings"},
        ],
        "rules": [
            {
                "_id": production.name,
                "when": _condition(production, rulebase),
                "rule": json.dumps(production.rule),
                "findings": json.dumps(production.concludes),
            }
            for production in productions
        ],
        "passThrough": True,
        "inputField": None,
        "outputPath": f"stratum_{stratum}",
        "executionMode": "single",
    }
    return {"id": f"table_{stratum}", "type": "decisionTableNode", "name": f"table {stratum}", "content": content}


def _expression(identifier: str, key: str, value: str, *, pass_through: bool = True) -> dict[str, Any]:
    content = {"passThrough": pass_through, "expressions": [{"id": key, "key": key, "value": value}]}
    return {"id": identifier, "type": "expressionNode", "name": identifier, "content": content}


def _condition(production: Production, rulebase: RuleBase) -> str:
    conditions = [f"({_test(test, rulebase.vocabulary[test.fact])})" for test in production.tests]
    conditions += [f"{json.dumps(need)} in findings" for need in production.needs]
    return " and ".join(conditions) or "true"


def _test(test: FactTest, fact: Fact) -> str:
    if fact.kind is Kind.FLAG:
        return f"{fact.name} == {json.dumps(test.operand)}"
    if fact.kind is Kind.PERCENT:
        return f"{fact.name} != null and {fact.name} {COMPARISONS[test.operator]} {test.operand}"
    if fact.kind is Kind.SET:
        return f"{fact.name} != null and {_QUANTIFIERS[test.operator]}({json.dumps(test.operand)}, # in {fact.name})"
    values = accepted(test, fact)
    if len(values) == 1:
        return f"{fact.name} == {json.dumps(values[0])}"
    return f"{fact.name} in {json.dumps(values)}"
