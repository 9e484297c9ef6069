"""Which unknown facts bear on the outcome, at a glance: by the requirements and the evidence that hang on them.

This is what a brief explanation names. `questions` searches the completions and says what each answer would lead to.
"""

from __future__ import annotations

from collections import defaultdict

from cxrules.decision import Decision, Judge
from cxrules.explanation.why_not import WhyNot
from cxrules.rules import Effect, FactTest, Rule

__all__ = ["facts_at_stake"]

_REQUIREMENT = 6  # points: a requirement decides more than any single claim, which weighs at most 3
_EFFECTS = {Effect.SUPPORTS: 2, Effect.OPPOSES: 2, Effect.EXCLUDES: 4, Effect.PREFERS: 4}


def facts_at_stake(judge: Judge, decision: Decision, contenders: tuple[WhyNot, ...]) -> tuple[str, ...]:
    """Give the unknown facts that hang on the outcome, those with most at stake first.

    Args:
        judge: Who decided.
        decision: His decision.
        contenders: The objections to the models that come nearest; that of the winner, which is empty, among them.
    """
    rulebase = judge.rulebase
    stake: dict[str, float] = defaultdict(float)
    for contender in contenders:
        for requirement in contender.requirements:
            for name in requirement.wanted:
                stake[name] += _REQUIREMENT / len(requirement.wanted)
    models = {contender.model for contender in contenders}
    for rule in rulebase.rules.values():
        unknown = _unknown_facts(judge, decision, rule)
        if unknown:
            weight = sum(_EFFECTS.get(item.effect, 0) for item in rule.then if item.target in models)
            for name in unknown:
                stake[name] += weight / len(unknown)
    order = list(rulebase.vocabulary.facts)
    at_stake = [name for name in order if stake[name] > 0]
    return tuple(sorted(at_stake, key=lambda name: -stake[name]))


def _unknown_facts(judge: Judge, decision: Decision, rule: Rule) -> list[str]:
    """Give the unknown facts for which a rule still waits; none when a known fact refuses it or it fired."""
    if judge.decider.has(decision.fired, rule.id):
        return []
    facts = judge.rulebase.vocabulary.facts
    found: list[str] = []
    for condition in rule.when:
        if isinstance(condition, FactTest):
            if condition.fact not in decision.known:
                found.append(condition.fact)
            elif not condition.holds(decision.known[condition.fact], facts[condition.fact]):
                return []
    return found
