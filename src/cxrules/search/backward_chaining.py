"""Backward chaining: the ways in which rules can fire, through the findings and alternatives that they need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias, TypeVar

from cxrules.language.rules import AnyOf, Condition, FactTest
from cxrules.rulebase import RuleBase
from cxrules.search.budget import Budget

__all__ = ["concluding", "list_ways"]

_State = TypeVar("_State")
_Goals: TypeAlias = "tuple[Condition, _Goals] | None"


def list_ways(
    rulebase: RuleBase,
    goals: Iterable[Condition],
    learn: Callable[[_State, FactTest], _State | None],
    start: _State,
    budget: Budget,
) -> Iterator[_State]:
    """Return the accumulated tests of facts for each way to make conditions hold.

    A finding is traced back to each rule that concludes it, an `any_of` to each alternative. `learn` adds one test of a
    fact to what the way has accumulated so far; if it returns None, the way is closed. Chains may be long, because
    nothing recurses.
    """
    waiting: list[tuple[_Goals, _State, frozenset[str]]] = [(_prepend(tuple(goals), None), start, frozenset())]
    while waiting and not budget.spent:
        budget.spend()
        left: _Goals
        left, state, proven = waiting.pop()
        while left is not None:
            goal, left = left
            if isinstance(goal, FactTest):
                learnt = learn(state, goal)
                if learnt is None:
                    break
                state = learnt
                continue
            branches: Sequence[tuple[Condition, ...]]
            if isinstance(goal, AnyOf):
                branches = goal.alternatives
            elif goal.finding in proven:
                continue
            else:
                proven |= {goal.finding}
                branches = [rulebase.rules[rule].when for rule in rulebase.concluders[goal.finding]]
            waiting += [(_prepend(branch, left), state, proven) for branch in reversed(branches)]
            break
        else:
            yield state


def concluding(rulebase: RuleBase, findings: Iterable[str]) -> list[str]:
    """Return the rules behind findings, and the rules behind the findings that those need, nearest first."""
    found: dict[str, None] = {}
    seen: set[str] = set()
    waiting = list(findings)
    for finding in waiting:  # it grows as it is read
        if finding not in seen:
            seen.add(finding)
            for rule in rulebase.concluders[finding]:
                if rule not in found:
                    found[rule] = None
                    waiting += sorted(rulebase.rules[rule].needs())
    return list(found)


def _prepend(conditions: Sequence[Condition], goals: _Goals) -> _Goals:
    for condition in reversed(conditions):
        goals = (condition, goals)
    return goals
