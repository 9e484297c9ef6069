"""Finds the fired rules that decide, by comparing the outcome with and without the effects of each."""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter

from cxrules.policy.decider import Decider
from cxrules.policy.decision import Decision
from cxrules.policy.judge import Judge

__all__ = ["Damage", "rate_rules"]


@dataclass(frozen=True, slots=True)
class Damage:
    """What the outcome loses without the effects of one rule; the greater the loss, the more decisive the rule.

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

    A rule is removed together with those whose evidence the same claim carries, because that claim counts once. The
    rules that rest on its findings stay: each is rated for its own effects.

    Returns:
        The rules without which the outcome loses something, in id order.
    """
    decider, winner = judge.decider, decision.model
    assert winner is not None
    twins = [both for rules in decider.twins if (both := rules & decision.fired) & both - 1]
    candidates = decider.candidates(decision.fired)
    choosing = decider.preferring
    for rules in decider.bearing:
        choosing |= rules
    found = {}
    # A rule that bears on no model takes nothing away.
    for rule in decider.names(decision.fired & choosing):
        gone = own = decider.mask([rule])
        for rules in twins:
            if rules & own:
                gone |= rules
        left = decision.fired & ~gone
        after = decider.choose(decision.known, left, _reconsider(decider, candidates, left, gone))
        falls = after.model != winner
        damage = Damage(
            falls,
            not falls and after.status is not decision.status,
            decision.lead - (0 if falls else after.lead),
            decision.points - (decider.points(winner, left) if falls else after.points),
        )
        if damage:
            found[rule] = damage
    return found


def _reconsider(decider: Decider, candidates: list[tuple[int, int]], left: int, gone: int) -> list[tuple[int, int]]:
    """Return the candidates that remain without some rules; only models on which these bear are examined again."""
    affected = {place for place, rules in enumerate(decider.bearing) if rules & gone}
    again = decider.candidates(left, [decider.numbered[place] for place in affected])
    return sorted([entry for entry in candidates if entry[1] not in affected] + again, key=itemgetter(1))
