"""What would change a decision, in words. Of the cheapest changes, those that an organisation would make come first."""

from __future__ import annotations

from itertools import islice

from cxrules.explanation.counterfactuals import ChangeSet, counterfactuals
from cxrules.explanation.text.words import join_clauses, name
from cxrules.policy.decision import Decision
from cxrules.policy.judge import Judge
from cxrules.rulebase import RuleBase

__all__ = ["choose_changes", "tell_change"]

_MOST_CHANGES = 4


def choose_changes(
    judge: Judge, decision: Decision, last: str = "", most: int = _MOST_CHANGES
) -> tuple[ChangeSet, ...]:
    """Choose the sets of changes that are worth reporting, first those that leave the last answer alone.

    If every cheapest set reverses the last answer, the cheapest that do not come before them.

    Args:
        judge: The policy.
        decision: A decision of it.
        last: The fact that was answered last, where one was.
        most: The most sets to choose.
    """
    found = counterfactuals(judge, decision).sets
    lasting = [each for each in found if last not in each.changed]
    if found and not lasting and judge.rulebase.vocabulary.facts.get(last):
        lasting = list(counterfactuals(judge, decision, keep=(last,)).sets)
    return tuple(islice([*lasting, *(each for each in found if last in each.changed)], most))


def tell_change(rulebase: RuleBase, found: ChangeSet, last: str = "") -> str:
    """Describe the result of a set of changes, as a sentence.

    Args:
        rulebase: The rule base.
        found: The changes.
        last: The fact that was answered last, where one was.
    """
    clauses = [rulebase.vocabulary[fact].state(value) for fact, value in found.changed.items()]
    instead = ", contrary to the last answer," if last in found.changed else " instead"
    supposed = f"If{instead} {join_clauses(clauses)}"
    if found.model is None:
        return f"{supposed}, no owner could be recommended."
    return f"{supposed}, the recommendation becomes {name(rulebase, found.model)}."
