"""Circles among findings and among preferences, each named as a path."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import pairwise

from cxrules.errors import Location
from cxrules.knowledge.builder import Items
from cxrules.knowledge.draft import Draft
from cxrules.knowledge.reader import Node
from cxrules.language.rules import Effect

__all__ = ["check_cycles", "find_cycles"]


def check_cycles(draft: Draft, items: Items) -> None:
    """Report findings that rest on each other, and models put before each other, in a circle."""
    rests: dict[tuple[str, str], str] = {}
    prefers: dict[tuple[str, str], str] = {}
    for rule_id in sorted(items.rules):
        rule = items.rules[rule_id]
        for finding in rule.targets(Effect.FINDING):
            for need in sorted(rule.needs()):
                rests.setdefault((need, finding), rule_id)
        for conclusion in rule.then:
            for behind in conclusion.over:
                prefers.setdefault((conclusion.target, behind), rule_id)
    for circle in find_cycles(rests):
        path, rules = _turn(draft, circle, rests)
        entry = draft.sections["rules"][rules[0]]
        where = _find_test(entry.node.get("when"), path[0], ("when",))
        message = f"findings rest on each other: {' → '.join(path)}, by the rules {', '.join(rules)}"
        draft.report.add("finding-cycle", entry.locate(*where, key=True), message)
    for circle in find_cycles(prefers):
        path, rules = _turn(draft, circle, prefers)
        entry = draft.sections["rules"][rules[0]]
        message = f"models are put before each other: {' → '.join(path)}, by the rules {', '.join(rules)}"
        draft.report.add("preference-cycle", _find_preference(draft, rules[0], path[0], path[1]), message)


def _turn(draft: Draft, circle: list[str], edges: Mapping[tuple[str, str], str]) -> tuple[list[str], list[str]]:
    """Let a circle begin with a rule that stands in a file, if one does; give the rules of its steps, too."""
    nodes, rules = circle[:-1], [edges[step] for step in pairwise(circle)]
    first = next((i for i, rule in enumerate(rules) if not draft.sections["rules"][rule].from_base), 0)
    nodes, rules = nodes[first:] + nodes[:first], rules[first:] + rules[:first]
    return [*nodes, nodes[0]], rules


def find_cycles(edges: Mapping[tuple[str, str], object]) -> list[list[str]]:
    """Find a shortest circle through the first node of each group of nodes that reach each other.

    Examples:
        >>> find_cycles({("a", "b"): 1, ("b", "a"): 1, ("b", "c"): 1, ("d", "d"): 1})
        [['a', 'b', 'a'], ['d', 'd']]
    """
    after: dict[str, list[str]] = defaultdict(list)
    for start, end in sorted(edges):
        after[start].append(end)
    found: list[list[str]] = []
    told: set[str] = set()
    for start in sorted(after):
        if start in told:
            continue
        if path := _return(start, after):
            found.append(path)
            forth = _reach(start, after)
            told |= {node for node in forth if start in _reach(node, after)}
    return found


def _return(start: str, after: Mapping[str, list[str]]) -> list[str]:
    """Return the shortest way from a node back to it."""
    came: dict[str, str] = {}
    queue = [start]
    for node in queue:
        for following in after.get(node, ()):
            if following == start:
                back = [node]
                while back[-1] != start:
                    back.append(came[back[-1]])
                return [*back[::-1], start]
            if following not in came:
                came[following] = node
                queue.append(following)
    return []


def _reach(start: str, after: Mapping[str, list[str]]) -> set[str]:
    reached: set[str] = set()
    queue = [start]
    while queue:
        for following in after.get(queue.pop(), ()):
            if following not in reached:
                reached.add(following)
                queue.append(following)
    return reached


def _find_test(node: Node | None, finding: str, path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Return the path to the first test of a finding."""
    if node is None or not isinstance(node.content, dict):
        return path
    if finding in node.content:
        return (*path, finding)
    branches = node.get("any_of")
    for index, branch in enumerate(branches.content if branches and isinstance(branches.content, list) else ()):
        if isinstance(branch.content, dict) and finding in branch.content:
            return (*path, "any_of", index, finding)
    return path


def _find_preference(draft: Draft, rule: str, first: str, behind: str) -> Location:
    entry = draft.sections["rules"][rule]
    for index, form in enumerate(entry.form.then):
        if form.prefers == first and behind in (form.over or ()):
            return entry.locate("then", index, "over", form.over.index(behind))
    return entry.at
