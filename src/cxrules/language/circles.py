"""Circles among findings, preferences and premises, each named as a path."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise

from cxrules.language.facts import Fact
from cxrules.language.mistakes import Mistake, Path
from cxrules.language.rules import AnyOf, Condition, Effect, FindingTest, Rule

__all__ = ["check_circles", "check_premise_circles", "find_circles"]


def check_circles(rules: Mapping[str, Rule], own: Callable[[str], bool]) -> Iterator[Mistake]:
    """Report findings that rest on each other, and models preferred to each other, in a circle.

    Args:
        rules: The rules.
        own: Whether the current author wrote a rule: circles are reported beginning with one of these.
    """
    rests: dict[tuple[str, str], str] = {}
    prefers: dict[tuple[str, str], str] = {}
    for rule_id in sorted(rules):
        rule = rules[rule_id]
        for finding in rule.targets(Effect.FINDING):
            for need in sorted(rule.needs()):
                rests.setdefault((need, finding), rule_id)
        for conclusion in rule.then:
            for behind in conclusion.over if conclusion.effect is Effect.PREFERS else ():
                prefers.setdefault((conclusion.target, behind), rule_id)
    for circle in find_circles(rests):
        path, steps = _turn(circle, rests, own)
        where = ("rules", steps[0], *_find_test(rules[steps[0]].when, path[0], ("when",)))
        message = f"findings rest on each other: {_tell(path)}, by the rules {_tell_rules(steps)}"
        yield Mistake("finding-cycle", where, message, key=True)
    for circle in find_circles(prefers):
        path, steps = _turn(circle, prefers, own)
        where = ("rules", steps[0], *_find_preference(rules[steps[0]], path[0], path[1]))
        message = f"models are preferred to each other: {_tell(path)}, by the rules {_tell_rules(steps)}"
        yield Mistake("preference-cycle", where, message)


def check_premise_circles(facts: Mapping[str, Fact]) -> Iterator[Mistake]:
    """Report facts that would each be asked only after another."""
    before = {(premise, name): name for name, fact in facts.items() for premise, _ in fact.asked_if if premise in facts}
    for circle in find_circles(before):
        where = ("facts", circle[1], "asked_if", circle[0])
        yield Mistake("premise-cycle", where, f"each is asked only after another: {_tell(circle)}", key=True)


def find_circles(edges: Mapping[tuple[str, str], object]) -> list[list[str]]:
    """Find a shortest circle through the first node of each group of nodes that reach each other.

    Examples:
        >>> find_circles({("a", "b"): 1, ("b", "a"): 1, ("b", "c"): 1, ("d", "d"): 1})
        [['a', 'b', 'a'], ['d', 'd']]
    """
    after: dict[str, list[str]] = defaultdict(list)
    for start, end in sorted(edges):
        after[start].append(end)
    return [_shortest(min(group), after, group) for group in _find_groups(after)]


def _find_groups(after: Mapping[str, list[str]]) -> list[set[str]]:  # noqa: C901 - one algorithm, without recursion
    """Return groups of nodes that reach each other, in the order of their first nodes (Tarjan 1972)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    waiting: set[str] = set()
    groups: list[set[str]] = []
    for root in sorted(after):
        if root in number:
            continue
        work = [(root, iter(after[root]))]
        number[root] = lowest[root] = len(number)
        stack.append(root)
        waiting.add(root)
        while work:
            node, following = work[-1]
            for other in following:
                if other not in number:
                    number[other] = lowest[other] = len(number)
                    stack.append(other)
                    waiting.add(other)
                    work.append((other, iter(after.get(other, ()))))
                    break
                if other in waiting:
                    lowest[node] = min(lowest[node], number[other])
            else:
                work.pop()
                if work:
                    above = work[-1][0]
                    lowest[above] = min(lowest[above], lowest[node])
                if lowest[node] == number[node]:
                    group: set[str] = set()
                    while node not in group:
                        group.add(stack.pop())
                    waiting -= group
                    if len(group) > 1 or node in after.get(node, ()):
                        groups.append(group)
    return sorted(groups, key=min)


def _shortest(start: str, after: Mapping[str, list[str]], group: set[str]) -> list[str]:
    """Return the shortest way from a node back to it, within its group."""
    came: dict[str, str] = {}
    queue = [start]
    for node in queue:
        for following in after.get(node, ()):
            if following == start:
                back = [node]
                while back[-1] != start:
                    back.append(came[back[-1]])
                return [*back[::-1], start]
            if following in group and following not in came:
                came[following] = node
                queue.append(following)
    raise ValueError(f"no way leads back to {start}")


def _turn(
    circle: list[str], edges: Mapping[tuple[str, str], str], own: Callable[[str], bool]
) -> tuple[list[str], list[str]]:
    """Return a circle beginning with one of the author's own rules, if there is one, and the rules of its steps."""
    nodes, rules = circle[:-1], [edges[step] for step in pairwise(circle)]
    first = next((index for index, rule in enumerate(rules) if own(rule)), 0)
    nodes, rules = nodes[first:] + nodes[:first], rules[first:] + rules[:first]
    return [*nodes, nodes[0]], rules


_TOLD = 12


def _tell(path: list[str]) -> str:
    """Name the steps of a circle, or the first and last steps of a long one."""
    told = path if len(path) <= _TOLD else [*path[: _TOLD - 2], "…", path[-1]]
    return " → ".join(told)


def _tell_rules(rules: list[str]) -> str:
    return ", ".join(rules if len(rules) <= _TOLD else [*rules[: _TOLD - 1], "…"])


def _find_test(conditions: tuple[Condition, ...], finding: str, path: Path) -> Path:
    """Return the path to the first test of a finding."""
    for condition in conditions:
        if condition == FindingTest(finding):
            return (*path, finding)
    for condition in conditions:
        for index, branch in enumerate(condition.alternatives if isinstance(condition, AnyOf) else ()):
            if FindingTest(finding) in branch:
                return (*path, "any_of", index, finding)
    return path


def _find_preference(rule: Rule, first: str, behind: str) -> Path:
    for index, conclusion in enumerate(rule.then):
        if conclusion.target == first and behind in conclusion.over:
            return ("then", index, "over", conclusion.over.index(behind))
    return ()
