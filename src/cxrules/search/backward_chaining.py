"""Backward chaining: the ways in which rules can come to fire, through the findings and alternatives they need."""

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
    """Return, for each way to make conditions hold, what its tests of facts add up to.

    A finding is followed back to each rule that concludes it, an `any_of` to each alternative. `learn` adds one test of
    a fact to what was learnt on the way so far; None closes the way. It does not recurse, so that a chain may be long.
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
    """Return the rules behind findings, and those behind the findings that they need, nearest first."""
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
