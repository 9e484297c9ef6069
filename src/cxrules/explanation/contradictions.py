"""What in the facts contradicts itself. It is said before anything else: what rests on it is no evidence."""

from __future__ import annotations

from collections.abc import Iterator

from cxrules.document import Block, Items, Paragraph
from cxrules.explanation.text.words import sentence
from cxrules.policy.decision import Decision
from cxrules.policy.judge import Judge

__all__ = ["tell_contradictions"]


def tell_contradictions(judge: Judge, decision: Decision, *, supposed: bool = False) -> Iterator[Block]:
    """Describe what in the facts of a decision contradicts itself; nothing where they are coherent.

    Args:
        judge: The policy.
        decision: A decision of it.
        supposed: Whether the facts are supposed to hold instead of given.
    """
    reasons = tuple(sentence(met.reason) for met in judge.rulebase.incoherences(decision.known))
    if reasons:
        facts = "The facts so supposed" if supposed else "The facts"
        yield Items(f"{facts} contradict each other, and what rests on them is no evidence", reasons)
        yield Paragraph("Correct them before relying on the answer below.")
