"""Small changes of a rule base, one at a time: each a mistake that an author could have made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from cxrules.language.facts import Fact, Kind
from cxrules.language.rules import AnyOf, Condition, Effect, FactTest, FindingTest, Operator, Rule
from cxrules.policy.evidence import weigh_rule
from cxrules.rulebase import RuleBase

STRENGTH = "strength"
"""The kind of mutant that is counted separately: a rule's weight is the author's tone, which no other test repeats."""

_ON_ONE_MODEL = (Effect.SUPPORTS, Effect.OPPOSES, Effect.EXCLUDES)
_POINTS = range(1, 4)


@dataclass(frozen=True)
class Mutant:
    """A rule base that differs in one thing.

    Attributes:
        kind: `flip`, `shift`, `drop-test`, `drop-rule`, `swap-model` or `strength`.
        rule: The rule that is changed.
        change: What is changed, in words.
        rulebase: The changed rule base.
    """

    kind: str
    rule: str
    change: str
    rulebase: RuleBase

    def __str__(self) -> str:
        return f"{self.kind} {self.rule}: {self.change}"


def make_mutants(rulebase: RuleBase) -> Iterator[Mutant]:
    """Return every mutant of a rule base, always in the same order.

    Args:
        rulebase: The rule base.
    """
    for rule in rulebase.rules.values():
        for kind, change, changed in _change(rulebase, rule):
            yield Mutant(kind, rule.id, change, _with(rulebase, changed))
        rest = {name: other for name, other in rulebase.rules.items() if name != rule.id}
        yield Mutant("drop-rule", rule.id, "left out", replace(rulebase, rules=rest))


def _with(rulebase: RuleBase, rule: Rule) -> RuleBase:
    return replace(rulebase, rules={**rulebase.rules, rule.id: rule})


def _change(rulebase: RuleBase, rule: Rule) -> Iterator[tuple[str, str, Rule]]:
    for position, condition in enumerate(rule.when):
        for kind, text, changed in _change_condition(rulebase, condition):
            yield kind, text, replace(rule, when=_put(rule.when, position, changed))
        yield "drop-test", f"without {condition.write()}", replace(rule, when=_put(rule.when, position, None))
    for position, conclusion in enumerate(rule.then):
        if conclusion.effect in _ON_ONE_MODEL:
            models = list(rulebase.models)
            other = models[(models.index(conclusion.target) + 1) % len(models)]
            then = (*rule.then[:position], replace(conclusion, target=other), *rule.then[position + 1 :])
            yield "swap-model", f"{conclusion.effect} {other}, not {conclusion.target}", replace(rule, then=then)
    if any(conclusion.effect in (Effect.SUPPORTS, Effect.OPPOSES) for conclusion in rule.then):
        points, _ = weigh_rule(rulebase, rule)
        for other_points in (points - 1, points + 1):
            if other_points in _POINTS:
                engineer = replace(rule.engineer, points=other_points, points_reason="A mutant.")
                yield STRENGTH, f"{other_points} points, not {points}", replace(rule, engineer=engineer)


def _change_condition(rulebase: RuleBase, condition: Condition) -> Iterator[tuple[str, str, Condition]]:
    if isinstance(condition, FactTest):
        for kind, changed in _change_test(rulebase.vocabulary[condition.fact], condition):
            yield kind, f"{changed.write()}, not {condition.write()}", changed
    elif isinstance(condition, AnyOf):
        for position, branch in enumerate(condition.alternatives):
            before, after = condition.alternatives[:position], condition.alternatives[position + 1 :]
            text = ", ".join(test.write() for test in branch)
            yield "drop-test", f"without the alternative {text}", AnyOf((*before, *after))
            for place, test in enumerate(branch):
                for kind, changed in _change_leaf(rulebase, test):
                    other = (*branch[:place], changed, *branch[place + 1 :])
                    told = f"{changed.write()}, not {test.write()}"
                    yield kind, told, AnyOf((*before, other, *after))


def _change_leaf(rulebase: RuleBase, test: FactTest | FindingTest) -> Iterator[tuple[str, FactTest]]:
    if isinstance(test, FactTest):
        yield from _change_test(rulebase.vocabulary[test.fact], test)


def _change_test(fact: Fact, test: FactTest) -> Iterator[tuple[str, FactTest]]:
    """Return the opposite of a test, and for a boundary its neighbours."""
    operator, operand = test.operator, test.operand
    if fact.kind is Kind.FLAG:
        yield "flip", replace(test, operand=not operand)
    elif fact.kind is Kind.PERCENT:
        opposite = {Operator.AT_LEAST: Operator.BELOW, Operator.BELOW: Operator.AT_LEAST}
        yield "flip", replace(test, operator=opposite[operator])
        assert isinstance(operand, int | float)
        for moved in (operand - 1, operand + 1):
            yield "shift", replace(test, operand=moved)
    elif fact.kind is Kind.SET:
        opposite = {
            Operator.INCLUDES_ANY: Operator.LACKS_ALL,
            Operator.INCLUDES_ALL: Operator.LACKS_ALL,
            Operator.LACKS_ALL: Operator.INCLUDES_ANY,
        }
        yield "flip", replace(test, operator=opposite[operator])
        assert isinstance(operand, tuple)
        if operator is not Operator.LACKS_ALL and len(operand) > 1:
            swapped = {Operator.INCLUDES_ANY: Operator.INCLUDES_ALL, Operator.INCLUDES_ALL: Operator.INCLUDES_ANY}
            yield "flip", replace(test, operator=swapped[operator])
    else:
        passing = [value for value in fact.names if test.holds(value, fact)]
        failing = tuple(value for value in fact.names if value not in passing)
        yield "flip", FactTest(fact.name, Operator.IN, failing)
        if operator in (Operator.AT_LEAST, Operator.AT_MOST):
            for step in (-1, 1):
                position = fact.rank(str(operand)) + step
                if 0 <= position < len(fact.names):
                    yield "shift", replace(test, operand=fact.names[position])


def _put(when: tuple[Condition, ...], position: int, condition: Condition | None) -> tuple[Condition, ...]:
    changed = () if condition is None else (condition,)
    return (*when[:position], *changed, *when[position + 1 :])
