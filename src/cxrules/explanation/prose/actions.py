"""What to do first, chosen from the advice that fits the answer by its deciding reasons; and patterns to watch."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from cxrules.document import Block, Items
from cxrules.explanation.text.words import sentence
from cxrules.policy.decision import Decision
from cxrules.policy.judge import Judge

__all__ = ["rank_actions", "tell_next_steps", "tell_patterns"]

_MOST_ACTIONS = 5


def _choose_actions(judge: Judge, decision: Decision, reasons: Collection[str]) -> tuple[str, ...]:
    """Choose the five most important actions, or fewer, the most important first."""
    return rank_actions(judge, decision, reasons)[:_MOST_ACTIONS]


def rank_actions(judge: Judge, decision: Decision, reasons: Collection[str]) -> tuple[str, ...]:
    """Return the actions that fit the answer, the most important first.

    First come those that serve the recommended model alone and rest on a fact of the organisation, such as the
    appointment that it takes, then those that rest on the facts of the deciding reasons, then those that rest on any
    fact, then those made for some models, then those for which claims speak most emphatically.

    Args:
        judge: The policy.
        decision: A decision of it.
        reasons: The rules that decide it.
    """
    rulebase, decider, fired = judge.rulebase, judge.decider, decision.fired
    deciding = _facts_behind(judge, decision, decider.mask(reasons))
    worth: dict[str, tuple[bool, int, bool, bool, int]] = {}
    for action, concluders in decider.acting:
        if fired & concluders and rulebase.serves_model(action, decision.model):
            rules = decider.names(fired & concluders)
            owns = [_facts_behind(judge, decision, decider.mask([rule])) for rule in rules]
            worth[action] = (
                any(owns) and rulebase.serves.get(action) == (decision.model,),
                max([len(own & deciding) for own in owns]),
                any(owns),
                action in rulebase.serves,
                max([rulebase.claims[claim].tone for rule in rules for claim in rulebase.rules[rule].because]),
            )
    return tuple(sorted(worth, key=worth.__getitem__, reverse=True))


def tell_patterns(judge: Judge, decision: Decision) -> tuple[str, ...]:
    """Describe the patterns recognised."""
    patterns = judge.rulebase.patterns
    recognised: tuple[str, ...] = judge.reader.read("patterns", decision)
    return tuple([sentence(f"{patterns[pattern].name}: {patterns[pattern].says}") for pattern in recognised])


def tell_next_steps(judge: Judge, decision: Decision, reasons: Collection[str]) -> Iterator[Block]:
    """Describe the patterns recognised, and what to do first."""
    if told := tell_patterns(judge, decision):
        yield Items("Patterns to watch", told)
    actions = _choose_actions(judge, decision, reasons)
    if actions:
        yield Items("What to do first", tuple(judge.rulebase.actions[action] for action in actions))


def _facts_behind(judge: Judge, decision: Decision, rules: int) -> set[str]:
    below = judge.decider.rest(decision.fired, rules)
    tested, known = judge.rulebase.tested, decision.known
    found = set()
    while below:
        place = below.bit_length() - 1
        below ^= 1 << place
        found.update([fact for fact in tested[place] if fact in known])
    return found
