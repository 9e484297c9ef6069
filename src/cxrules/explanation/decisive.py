"""Which of the fired rules decided: each is withdrawn in thought, and what becomes of the outcome is looked at."""

from __future__ import annotations

from dataclasses import dataclass

from cxrules.decision import Decision, Judge
from cxrules.rules import holds

__all__ = ["Damage", "rate_rules", "withdraw"]


@dataclass(frozen=True, slots=True, order=True)
class Damage:
    """What becomes of the outcome without one rule; the greater, the more decisive the rule.

    Attributes:
        model_falls: Whether another model is recommended, or none.
        status_falls: Whether a recommendation becomes contested.
        lead_lost: By how many points the lead shrinks; negative when it grows.
        points_lost: By how many points the winner is poorer.
    """

    model_falls: bool
    status_falls: bool
    lead_lost: int
    points_lost: int


def rate_rules(judge: Judge, decision: Decision) -> dict[str, Damage]:
    """Rate every fired rule by what its withdrawal would do to the outcome.

    Args:
        judge: Who decided.
        decision: His decision, with a model.

    Returns:
        The rules that do something for the outcome, in id order.
    """
    found = {}
    winner = decision.model
    lead = _lead(judge, decision)
    for rule in judge.decider.names(decision.fired):
        left = withdraw(judge, decision, rule)
        after = judge.decider.decide(decision.known, left)
        points = judge.decider.weigh(judge.decider.count(left))
        damage = Damage(
            after.model != winner,
            after.model == winner and after.status is not decision.status,
            lead - _lead(judge, after) if after.model == winner else lead + 1,
            decision.points - (points[winner] if winner else 0),
        )
        if damage.model_falls or damage.status_falls or damage.lead_lost > 0 or damage.points_lost > 0:
            found[rule] = damage
    return found


def withdraw(judge: Judge, decision: Decision, rule: str) -> int:
    """Give the fired rules without one of them, and without those that rest on it alone.

    Args:
        judge: Who decided.
        decision: His decision.
        rule: One of the fired rules.
    """
    decider, rulebase = judge.decider, judge.rulebase
    left = decision.fired & ~decider.mask([rule])
    before = set(decider.findings(decision.fired))
    lost = before.difference(decider.findings(left))
    if not lost:
        return left
    facts = dict(rulebase.vocabulary.facts)
    # Findings rest on each other in one direction only, so taking away until nothing changes gives the least fixpoint.
    while lost:
        before -= lost
        fallen = [
            name
            for name in decider.names(left)
            if lost & rulebase.rules[name].needs() and not holds(rulebase.rules[name].when, decision.known, before, facts)
        ]
        left &= ~decider.mask(fallen)
        lost = before.difference(decider.findings(left))
    return left


def _lead(judge: Judge, decision: Decision) -> int:
    # Without a runner-up the lead is over nothing at all, and the best of the others says how far it is from there.
    return decision.lead if decision.model else 0
