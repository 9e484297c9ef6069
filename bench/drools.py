"""A rule base as a Drools rule set, run by drools-jpy in a Java virtual machine inside the process.

drools-jpy takes conditions as the Ansible rulebook has them: a rule sees one event, an organisation as JSON, so that
findings are written out. Needs a Java runtime of version 17 or later; `JAVA_HOME` is derived if it is not set.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import Any

from bench.inlined import inline
from bench.units import accepted
from cxrules.language.facts import Fact, Facts, Kind
from cxrules.language.rules import FactTest, Operator
from cxrules.rulebase import RuleBase

__all__ = ["DroolsProgram", "has_java"]

_COMPARISONS = {
    Operator.BELOW: "LessThanExpression",
    Operator.AT_LEAST: "GreaterThanOrEqualToExpression",
    Operator.AT_MOST: "LessThanOrEqualToExpression",
    Operator.IS: "EqualsExpression",
}
_ALWAYS = "is_an_organisation"


def has_java() -> bool:
    """Whether a Java runtime is available."""
    return bool(os.environ.get("JAVA_HOME") or shutil.which("java"))


class DroolsProgram:
    """A session of a Drools rule set."""

    def __init__(self, rulebase: RuleBase) -> None:
        java = shutil.which("java")
        if java:
            os.environ.setdefault("JAVA_HOME", str(Path(java).resolve().parents[1]))
        from drools.ruleset import RulesetCollection

        rules = [
            {"Rule": {"name": rule, "condition": {"AllCondition": [formula]}, "actions": [], "enabled": True}}
            for rule, formula in zip(rulebase.rule_ids, inline(rulebase, _Drools()), strict=True)
        ]
        ruleset = {"name": "rules", "hosts": ["all"], "sources": [], "match_multiple_rules": True, "rules": rules}
        self._api = RulesetCollection.api()
        self._session = self._api.createRuleset(json.dumps(ruleset))

    def prepare(self, known: Facts) -> str:
        """Return an event that holds the facts, as JSON."""
        return json.dumps({_ALWAYS: True, **known})

    def match(self, prepared: str) -> str:
        """Assert the event, which leaves the session at once, and return what matched, as JSON."""
        matched: str | None = self._api.assertEvent(self._session, prepared)
        return matched or "[]"

    def fire(self, prepared: str) -> Sequence[str]:
        """Assert the event, and read which rules matched."""
        return [rule for match in json.loads(self.match(prepared)) for rule in match]


class _Drools:
    def test(self, test: FactTest, fact: Fact) -> dict[str, Any]:
        event, operand = {"Event": fact.name}, test.operand
        if fact.kind is Kind.FLAG:
            return _binary("EqualsExpression", event, {"Boolean": operand})
        if fact.kind is Kind.PERCENT:
            assert isinstance(operand, int | float)
            number = {"Integer": operand} if isinstance(operand, int) else {"Float": operand}
            return _binary(_COMPARISONS[test.operator], event, number)
        if fact.kind is Kind.SET:
            assert isinstance(operand, tuple)
            known = {"IsDefinedExpression": event}
            name = (
                "ListNotContainsItemExpression" if test.operator is Operator.LACKS_ALL else "ListContainsItemExpression"
            )
            elements = [_binary(name, event, {"String": element}) for element in operand]
            if test.operator is Operator.INCLUDES_ANY:
                return self.any_of(elements)
            return self.all_of([known, *elements])
        values = [{"String": value} for value in accepted(test, fact)]
        if len(values) == 1:
            return _binary("EqualsExpression", event, values[0])
        return _binary("ItemInListExpression", event, values)

    def all_of(self, parts: list[dict[str, Any]]) -> dict[str, Any]:
        always = _binary("EqualsExpression", {"Event": _ALWAYS}, {"Boolean": True})
        return reduce(lambda one, other: _binary("AndExpression", one, other), parts or [always])

    def any_of(self, parts: list[dict[str, Any]]) -> dict[str, Any]:
        never = _binary("EqualsExpression", {"Event": _ALWAYS}, {"Boolean": False})
        return reduce(lambda one, other: _binary("OrExpression", one, other), parts or [never])


def _binary(name: str, left: Any, right: Any) -> dict[str, Any]:
    return {name: {"lhs": left, "rhs": right}}
