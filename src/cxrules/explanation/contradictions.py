"""Contradictions in the facts, reported before anything else: nothing that rests on them is evidence."""

from __future__ import annotations

from collections.abc import Iterator

from cxrules.document import Block, Items, Paragraph
from cxrules.explanation.text.words import sentence
from cxrules.policy.decision import Decision
from cxrules.policy.judge import Judge

__all__ = ["tell_contradictions"]


def tell_contradictions(judge: Judge, decision: Decision, *, supposed: bool = False) -> Iterator[Block]:
    """Describe the contradictions in the facts of a decision; nothing if the facts are coherent.

    Args:
        judge: The policy.
        decision: A decision of it.
        supposed: Whether the facts are assumed rather than given.
    """
    reasons = tuple(sentence(met.reason) for met in judge.rulebase.incoherences(decision.known))
    if reasons:
        facts = "The facts assumed here" if supposed else "The facts"
        yield Items(f"{facts} contradict each other, and nothing that rests on them is evidence", reasons)
        yield Paragraph("Correct them before relying on the answer below.")
