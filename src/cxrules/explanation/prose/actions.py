"""What to do first, chosen from the advice that fits the answer by its deciding reasons; and patterns to watch."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from cxrules.document import Block, Items
from cxrules.explanation.text.words import sentence
from cxrules.language.ids import sorted_ids
from cxrules.language.rules import Effect
from cxrules.policy.decision import Decision
from cxrules.policy.judge import Judge

__all__ = ["choose_actions", "rank_actions", "tell_next_steps", "tell_patterns"]

_MOST_ACTIONS = 5


def choose_actions(judge: Judge, decision: Decision, reasons: Collection[str]) -> tuple[str, ...]:
    """Choose the five most important actions, or fewer, the most important first."""
    return rank_actions(judge, decision, reasons)[:_MOST_ACTIONS]


def rank_actions(judge: Judge, decision: Decision, reasons: Collection[str]) -> tuple[str, ...]:
    """Return the actions that fit the answer, the most important first.

    First come those that rest on the facts of the deciding reasons, then those that rest on any fact of the
    organisation, then those made for the recommended model, then those for which claims speak most emphatically.

    Args:
        judge: The policy.
        decision: A decision of it.
        reasons: The rules that decide it.
    """
    rulebase, decider = judge.rulebase, judge.decider
    deciding = _facts_behind(judge, decision, reasons)
    worth: dict[str, tuple[int, bool, bool, int]] = {}
    for rule in decider.names(decision.fired):
        for action in rulebase.rules[rule].targets(Effect.ACTION):
            if rulebase.serves_model(action, decision.model):
                own = _facts_behind(judge, decision, [rule])
                tone = max(int(rulebase.claims[claim].tone) for claim in rulebase.rules[rule].because)
                shared, rests, _, most = worth.get(action, (0, False, False, 0))
                worth[action] = (
                    max(len(own & deciding), shared),
                    bool(own) or rests,
                    action in rulebase.serves,
                    max(tone, most),
                )
    return tuple(sorted(sorted_ids(worth), key=lambda action: worth[action], reverse=True))


def tell_patterns(judge: Judge, decision: Decision) -> tuple[str, ...]:
    """Describe the patterns recognised."""
    patterns = judge.rulebase.patterns
    recognised: tuple[str, ...] = judge.reader.read("patterns", decision)
    return tuple([sentence(f"{patterns[pattern].name}: {patterns[pattern].says}") for pattern in recognised])


def tell_next_steps(judge: Judge, decision: Decision, reasons: Collection[str]) -> Iterator[Block]:
    """Describe the patterns recognised, and what to do first."""
    if told := tell_patterns(judge, decision):
        yield Items("Patterns to watch", told)
    actions = choose_actions(judge, decision, reasons)
    if actions:
        yield Items("What to do first", tuple(judge.rulebase.actions[action] for action in actions))


def _facts_behind(judge: Judge, decision: Decision, rules: Collection[str]) -> set[str]:
    below = judge.decider.rest(decision.fired, judge.decider.mask(rules))
    return {
        fact
        for rule in judge.decider.names(below)
        for fact in judge.rulebase.rules[rule].facts()
        if fact in decision.known
    }
