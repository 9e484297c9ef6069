"""Finds the fired rules that decide, by comparing the outcome with and without the effects of each."""

from __future__ import annotations

from collections.abc import Sequence
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


def rate_rules(judge: Judge, decision: Decision) -> dict[str, Damage]:
    """Rate the fired rules by what the outcome loses without each.

    A rule is removed together with those whose evidence the same claim carries, because that claim counts once. The
    rules that rest on its findings stay: each is rated for its own effects.

    Returns:
        The rules without which the outcome loses something, in id order.
    """
    decider, fired = judge.decider, decision.fired
    assert decision.model is not None
    candidates = decider.candidates(fired)
    # What keeps a model from being a candidate, whatever its evidence; a requirement that is missing stays so.
    barred = [
        fired & ledger.excluders if all(fired & concluders for concluders in ledger.required) else -1
        for ledger in decider.ledgers
    ]
    rated: dict[int, Damage | None] = {}  # by the rules that go: those of one claim go together
    found = {}
    # A rule that bears on no model takes nothing away.
    left = fired & decider.choosing
    while left:
        own = left & -left
        left ^= own
        bit = own.bit_length() - 1
        gone = own
        affected: Sequence[int] = decider.bearing_of[bit]
        for rules in decider.twins.get(bit, ()):
            gone |= rules & fired
        if gone not in rated:
            if gone != own:
                affected = [place for place, rules in enumerate(decider.bearing) if rules & gone]
            affected = [place for place in affected if not barred[place] & ~gone]
            harmful = affected or gone & decider.preferring
            rated[gone] = _take_away(decider, decision, candidates, gone, affected) if harmful else None
        damage = rated[gone]
        if damage is not None:
            found[decider.rulebase.rule_ids[bit]] = damage
    return found


def _take_away(
    decider: Decider, decision: Decision, candidates: list[tuple[int, int]], gone: int, affected: Sequence[int]
) -> Damage | None:
    """Return what the outcome loses without some rules; only the models on which these bear are examined again."""
    rest = decision.fired & ~gone
    again = decider.candidates(rest, [decider.numbered[place] for place in affected])
    if not gone & decider.preferring and again == [entry for entry in candidates if entry[1] in affected]:
        return None  # it would be decided as it is
    others = [entry for entry in candidates if entry[1] not in affected]
    after = decider.choose(decision.known, rest, sorted(others + again, key=itemgetter(1)))
    if after.model != decision.model:
        return Damage(True, False, decision.lead, decision.points - decider.points(str(decision.model), rest))
    if after.status is decision.status and after.lead >= decision.lead and after.points >= decision.points:
        return None
    return Damage(
        False, after.status is not decision.status, decision.lead - after.lead, decision.points - after.points
    )
