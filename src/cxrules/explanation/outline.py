"""A derivation as an indented outline: the tree itself, in words."""

from __future__ import annotations

from collections.abc import Iterator

from cxrules.explanation.derivation import Case, Derivation, Established, Step
from cxrules.explanation.document import unmark
from cxrules.explanation.words import cite, count, sentence

__all__ = ["outline"]


def outline(node: Derivation | Case | Step | Established) -> str:
    """Print a derivation, or a part of it, as an outline.

    Args:
        node: What `why` or `how` answered.
    """
    return "\n".join("  " * depth + unmark(text) for depth, text in _lines(node, 0))


def _lines(node: Derivation | Case | Step | Established, depth: int) -> Iterator[tuple[int, str]]:
    if isinstance(node, Derivation):
        for case in node.cases:
            yield from _lines(case, depth)
        if node.others:
            yield depth, "What else applies"
            for step in node.others:
                yield from _lines(step, depth + 1)
    elif isinstance(node, Case):
        yield depth, f"{node.model.name}: {node.model.says}."
        for item in node.evidence:
            yield depth + 1, f"{sentence(count(abs(item.points), 'point'))[:-1]} {'for' if item.points > 0 else 'against'} it."
            yield from _lines(item.step, depth + 2)
        for label, steps in (("Ruled out.", node.excluded_by), ("Put behind another.", node.set_aside_by)):
            if steps:
                yield depth + 1, label
                for step in steps:
                    yield from _lines(step, depth + 2)
        for finding in node.met:
            yield depth + 1, "A requirement that is met."
            yield from _lines(finding, depth + 2)
        for _, states in node.missing:
            yield depth + 1, f"A requirement that is not met: {states}."
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
