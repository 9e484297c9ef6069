"""A rule in words: its conditions and its conclusions."""

from __future__ import annotations

from typing import Final

from cxrules.explanation.text.words import sentence
from cxrules.language.facts import Kind, join_words
from cxrules.language.rules import AnyOf, Conclusion, Condition, Effect, FactTest, FindingTest, Operator
from cxrules.rulebase import RuleBase

__all__ = ["state_target", "tell_conclusion", "tell_condition"]

_OPERATORS: Final = {
    Operator.IS: "",
    Operator.IN: "",
    Operator.AT_LEAST: "at least ",
    Operator.AT_MOST: "at most ",
    Operator.BELOW: "below ",
    Operator.INCLUDES_ANY: "any of ",
    Operator.INCLUDES_ALL: "all of ",
    Operator.LACKS_ALL: "none of ",
}
_VERBS: Final = {Effect.SUPPORTS: "speaks for", Effect.OPPOSES: "speaks against", Effect.EXCLUDES: "rules out"}


def tell_condition(rulebase: RuleBase, condition: Condition) -> str:
    """Return a condition of a rule in words."""
    if isinstance(condition, AnyOf):
        branches = [
            join_words([tell_condition(rulebase, each) for each in branch]) for branch in condition.alternatives
        ]
        return f"at least one of these holds: {'; '.join(branches)}"
    if isinstance(condition, FindingTest):
        return rulebase.findings[condition.finding]
    return _tell_test(rulebase, condition)


def _tell_test(rulebase: RuleBase, test: FactTest) -> str:
    fact = rulebase.vocabulary[test.fact]
    if test.operator is Operator.IS and fact.kind is not Kind.SET:
        assert not isinstance(test.operand, tuple)
        return fact.state(test.operand)
    labels = {each.name: f"“{each.label}”" for each in fact.values}
    operands = test.operand if isinstance(test.operand, tuple) else (test.operand,)
    words = [labels.get(str(each), f"{each}%") for each in operands]
    last = "and" if test.operator is Operator.INCLUDES_ALL else "or"
    # A topic may be a plural, so no verb may depend on it.
    return f"{fact.topic}: {_OPERATORS[test.operator]}{join_words(words, last)}"


def tell_conclusion(rulebase: RuleBase, conclusion: Conclusion) -> str:
    """Return a conclusion of a rule as a sentence."""
    models, effect, target = rulebase.models, conclusion.effect, conclusion.target
    if effect is Effect.PREFERS:
        behind = join_words([f"“{models[name].name}”" for name in conclusion.over])
        return f"It puts “{models[target].name}” before {behind}."
    if effect in _VERBS:
        return f"It {_VERBS[effect]} “{models[target].name}”."
    return sentence(state_target(rulebase, effect, target))


def state_target(rulebase: RuleBase, effect: Effect, target: str) -> str:
    """Return what is said where a rule with this effect fires; the effect is not on a model."""
    texts = {Effect.FINDING: rulebase.findings, Effect.ACTION: rulebase.actions, Effect.WARNING: rulebase.warnings}
    if effect in texts:
        return texts[effect][target]
    named = rulebase.accompaniments if effect is Effect.ACCOMPANIES else rulebase.patterns
    return named[target].says
