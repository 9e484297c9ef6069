"""A derivation as an indented outline: the tree itself, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from cxrules.explanation.derivation import Case, Derivation, Established, Step
from cxrules.explanation.document import unmark
from cxrules.explanation.words import cite, count, sentence

__all__ = ["outline"]

_Lines: TypeAlias = Iterator[tuple[int, str]]


def outline(node: Derivation | Case | Step | Established) -> str:
    """Print a derivation, or a part of it, as an outline.

    Args:
        node: What `why` or `how` answered.
    """
    return "\n".join("  " * depth + unmark(text) for depth, text in _lines(node, 0))


def _lines(node: Derivation | Case | Step | Established, depth: int) -> _Lines:
    if isinstance(node, Derivation):
        for case in node.cases:
            yield from _case(case, depth)
        yield from _steps("What else applies.", node.others, depth)
    elif isinstance(node, Case):
        yield from _case(node, depth)
    elif isinstance(node, Established):
        yield depth, sentence(node.states)
        for step in node.steps:
            yield from _lines(step, depth + 1)
    else:
        yield depth, f"{node.rule.rationale.rstrip('. ')} ({cite(node)})."
        for given in node.facts:
            yield depth + 1, sentence(given.states)
        for finding in node.findings:
            yield from _lines(finding, depth + 1)


def _case(case: Case, depth: int) -> _Lines:
    yield depth, f"{case.model.name}: {case.model.says}."
    for item in case.evidence:
        side = "for" if item.points > 0 else "against"
        yield from _steps(sentence(f"{count(abs(item.points), 'point')} {side} it"), (item.step,), depth + 1)
    yield from _steps("Ruled out.", case.excluded_by, depth + 1)
    yield from _steps("Put behind another.", case.set_aside_by, depth + 1)
    for finding in case.met:
        yield depth + 1, "A requirement that is met."
        yield from _lines(finding, depth + 2)
    for _, states in case.missing:
        yield depth + 1, f"A requirement that is not met: {states}."


def _steps(label: str, steps: tuple[Step, ...], depth: int) -> _Lines:
    if steps:
        yield depth, label
        for step in steps:
            yield from _lines(step, depth + 1)
