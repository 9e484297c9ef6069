"""The naive oracle: which rules fire, straight from the definition, regardless of speed.

It shares only the data with the engines; even the truth of a test is defined here again.
"""

from collections.abc import Iterable
from typing import Any

from cxrules.language.facts import Fact, Facts, FactValue
from cxrules.language.rules import AnyOf, Condition, Effect, FactTest, FindingTest, Operator
from cxrules.rulebase import RuleBase


class OracleEngine:
    name = "oracle"

    def __init__(self, rulebase: RuleBase) -> None:
        self.rulebase = rulebase

    def match(self, known: Facts) -> int:
        fired: set[str] = set()
        findings: set[str] = set()
        while True:
            firing = {rule.id for rule in self.rulebase.rules.values() if self._hold(rule.when, known, findings)}
            if firing == fired:
                return sum(1 << bit for bit, rule in enumerate(self.rulebase.rule_ids) if rule in fired)
            fired = firing
            findings = {
                conclusion.target
                for rule in fired
                for conclusion in self.rulebase.rules[rule].then
                if conclusion.effect is Effect.FINDING
            }

    def _hold(self, conditions: Iterable[Condition], known: Facts, findings: set[str]) -> bool:
        return all(self._holds(condition, known, findings) for condition in conditions)

    def _holds(self, condition: Condition, known: Facts, findings: set[str]) -> bool:
        match condition:
            case AnyOf(alternatives):
                return any(self._hold(alternative, known, findings) for alternative in alternatives)
            case FindingTest(finding):
                return finding in findings
            case FactTest(fact):
                return fact in known and passes(condition, known[fact], self.rulebase.vocabulary[fact])


def passes(test: FactTest, value: FactValue, fact: Fact) -> bool:
    """Whether a known value of a fact passes a test."""
    operand: Any = test.operand
    match test.operator:
        case Operator.IS:
            passed = value == operand
        case Operator.IN:
            passed = any(value == name for name in operand)
        case Operator.INCLUDES_ANY:
            passed = any(element in _elements(value) for element in operand)
        case Operator.INCLUDES_ALL:
            passed = all(element in _elements(value) for element in operand)
        case Operator.LACKS_ALL:
            passed = all(element not in _elements(value) for element in operand)
        case Operator.AT_LEAST:
            passed = _size(value, fact) >= _size(operand, fact)
        case Operator.AT_MOST:
            passed = _size(value, fact) <= _size(operand, fact)
        case _:
            assert test.operator is Operator.BELOW
            passed = _size(value, fact) < _size(operand, fact)
    return bool(passed)


def _elements(value: FactValue) -> tuple[str, ...]:
    assert isinstance(value, tuple)
    return value


def _size(value: FactValue, fact: Fact) -> float:
    if isinstance(value, str):
        return fact.names.index(value)
    assert not isinstance(value, tuple)
    return value
