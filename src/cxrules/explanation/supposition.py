"""What would be if some facts were otherwise, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from cxrules.decision import Decision, Judge, Status
from cxrules.explanation.document import Block, Items, Paragraph, to_plain
from cxrules.explanation.what_if import FactChange, Moved, Turn, Turned, WhatIf
from cxrules.explanation.words import join_clauses, join_names, lower_first, name, reason, strength

__all__ = ["explain_what_if"]

_Answer = TypeVar("_Answer")


def explain_what_if(judge: Judge, supposed: WhatIf[_Answer]) -> str:
    """Say what would be recommended, and what changed.

    Args:
        judge: Who decided.
        supposed: The comparison.
    """
    if not supposed.changes:
        return "Nothing is supposed to be otherwise, so that nothing changes."
    clauses = join_clauses([_suppose(judge, change) for change in supposed.changes])
    outcome = _tell_outcome(judge, supposed.before, supposed.after)
    blocks: list[Block] = [Paragraph(f"Suppose that {clauses}. {outcome}")]
    turned = tuple(_tell_turns(judge, supposed.turned))
    if turned:
        blocks.append(Items("What turns", turned))
    moved = tuple(_tell_moved(judge, supposed.evidence))
    if moved:
        blocks.append(Items("What speaks otherwise", moved))
    return to_plain(blocks)


def _suppose(judge: Judge, change: FactChange) -> str:
    topic = judge.rulebase.vocabulary[change.fact].topic
    if change.after is None:
        return f"nothing is known of {topic}"
    if change.before is None:
        return change.after.states
    return f"{change.after.states} (and not, as now, that {change.before.states})"


def _tell_outcome(judge: Judge, before: Decision, after: Decision) -> str:
    rulebase = judge.rulebase
    if after.model is None:
        if before.model is None:
            return "No owner could be recommended then either."
        return f"No owner could be recommended then, instead of {name(rulebase, before.model)}."
    narrowly = ", by a narrow margin" if after.status is Status.CONTESTED else ""
    basis = f"on {strength(after.points)} evidence{narrowly}"
    if before.model is None:
        return f"The recommendation would be {name(rulebase, after.model)}, {basis}."
    if before.model != after.model:
        change = f"{name(rulebase, after.model)} instead of {name(rulebase, before.model)}"
        return f"The recommendation would be {change}, {basis}."
    return f"The recommendation would still be {name(rulebase, after.model)}, {_compare(before, after)}."


def _compare(before: Decision, after: Decision) -> str:
    if after.status is not before.status:
        return "now by a narrow margin" if after.status is Status.CONTESTED else "now by a clear margin"
    if after.points == before.points:
        return "on evidence as strong as before"
    return f"on {'stronger' if after.points > before.points else 'weaker'} evidence"


_TURNS = {
    Turn.RULED_OUT: ("is ruled out", "are ruled out"),
    Turn.READMITTED: ("is no longer ruled out", "are no longer ruled out"),
    Turn.REQUIREMENT_MET: ("has what it requires: {finding}", "have what they require: {finding}"),
    Turn.REQUIREMENT_LOST: ("no longer has what it requires: {finding}", "no longer have what they require: {finding}"),
    Turn.SET_ASIDE: ("is put behind another", "are put behind another"),
    Turn.NO_LONGER_SET_ASIDE: ("is no longer put behind another", "are no longer put behind another"),
}
"""What is told of one model and of several; whether one is in the running follows from it and from the evidence."""

_NEWLY_TRUE = frozenset({Turn.RULED_OUT, Turn.REQUIREMENT_MET, Turn.SET_ASIDE})
"""What is told with its reason; that of what has fallen away would be stated with facts supposed not to hold."""


def _tell_turns(judge: Judge, turns: tuple[Turned, ...]) -> Iterator[str]:
    """Tell each turn once, with all the models for which the same rule turns it."""
    groups: dict[tuple[Turn, str, str], list[Turned]] = {}
    for turned in turns:
        if turned.turn in _TURNS:
            groups.setdefault((turned.turn, turned.finding, turned.steps[0].rule.id), []).append(turned)
    for (turn, finding, _), group in groups.items():
        models = join_names(judge.rulebase, (turned.model for turned in group))
        template = _TURNS[turn][len(group) > 1]
        told = f"{models} {template.format(finding=judge.rulebase.findings.get(finding, ''))}."
        yield f"{told} {reason(group[0].steps[0])}" if turn in _NEWLY_TRUE else told


def _tell_moved(judge: Judge, evidence: tuple[Moved, ...]) -> Iterator[str]:
    """Tell each rule once, with all the models for or against which it speaks."""
    effects: dict[tuple[str, str], list[Moved]] = {}
    for item in evidence:
        effects.setdefault((item.step.rule.id, _tell_effect(item)), []).append(item)
    for (_, effect), items in effects.items():
        models = join_names(judge.rulebase, (item.model for item in items))
        step = items[0].step
        if items[0].after:
            yield f"This {effect} {models}. {reason(step)}"
        else:
            yield f"This {effect} {models}: {lower_first(step.rule.rationale.rstrip('. '))}."


def _tell_effect(item: Moved) -> str:
    side = "for" if item.before + item.after > 0 else "against"
    if not item.before:
        return f"now speaks {side}"
    if not item.after:
        return f"no longer speaks {side}"
    return f"speaks {'more' if abs(item.after) > abs(item.before) else 'less'} strongly {side}"
