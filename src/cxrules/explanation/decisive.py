"""Which of the fired rules decided: the outcome without the effects of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cxrules.policy.decision import Decision
from cxrules.policy.judge import Judge

__all__ = ["Damage", "rate_rules"]


@dataclass(frozen=True, slots=True)
class Damage:
    """What the outcome loses without one rule's own effects; the greater, the more decisive.

    Attributes:
        model_falls: Whether another model is recommended, or none.
        status_falls: Whether a recommendation becomes contested.
        lead_lost: By how many points the lead shrinks; negative when it grows.
        points_lost: How many points the winner loses.
    """

    model_falls: bool
    status_falls: bool
    lead_lost: int
    points_lost: int

    def __bool__(self) -> bool:
        """Return whether anything is lost."""
        return self.model_falls or self.status_falls or self.lead_lost > 0 or self.points_lost > 0


def rate_rules(judge: Judge, decision: Decision) -> dict[str, Damage]:
    """Rate the fired rules by what the outcome loses without each.

    A rule is taken away together with those whose evidence the same claim carries, because that claim counts once. The
    rules that rest on its findings stay: each is rated for what it says itself.

    Returns:
        The rules without which the outcome loses something, in id order.
    """
    decider, winner = judge.decider, decision.model
    assert winner is not None
    twins = _list_twins(judge, decision)
    found = {}
    for rule in decider.names(decision.fired):
        left = decision.fired & ~twins.get(rule, 0) & ~decider.mask([rule])
        after = decider.decide(decision.known, left)
        falls = after.model != winner
        damage = Damage(
            falls,
            not falls and after.status is not decision.status,
            decision.lead - (0 if falls else after.lead),
            decision.points - decider.weigh(decider.count(left))[winner],
        )
        if damage:
            found[rule] = damage
    return found


def _list_twins(judge: Judge, decision: Decision) -> Mapping[str, int]:
    """Return for each rule the fired ones whose evidence for the same side of the same model the same claim carries."""
    decider = judge.decider
    groups: dict[tuple[str, bool, str], list[str]] = {}
    for item in decider.evidence:
        if decider.has(decision.fired, item.rule):
            groups.setdefault((item.model, item.points > 0, item.carrier), []).append(item.rule)
    twins: dict[str, int] = {}
    for rules in groups.values():
        if len(rules) > 1:
            mask = decider.mask(rules)
            for rule in rules:
                twins[rule] = twins.get(rule, 0) | mask
    return twins
