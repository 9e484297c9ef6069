"""The brief explanation: the outcome, its decisive reasons, the contrast, the authors, what is unknown, what to do."""

from __future__ import annotations

from collections.abc import Iterator

from cxrules.document import Block, Items, Paragraph
from cxrules.explanation.contradictions import tell_contradictions
from cxrules.explanation.derivation import Derivation
from cxrules.explanation.next_questions import NextQuestions, next_questions
from cxrules.explanation.prose.actions import tell_next_steps
from cxrules.explanation.prose.changes import choose_changes, tell_change
from cxrules.explanation.prose.reasons import choose_reasons, tell_contrast, tell_exclusions
from cxrules.explanation.prose.verdicts import tell_verdicts
from cxrules.explanation.text.words import name, strength, topics
from cxrules.explanation.trace import trace
from cxrules.policy.decision import Decision, Reason, Status
from cxrules.policy.judge import Judge
from cxrules.rulebase import RuleBase

__all__ = ["tell_outcome", "tell_unknown", "write_brief"]

_MOST_UNKNOWN = 3


def write_brief(judge: Judge, decision: Decision, *, searches: bool = True) -> tuple[Block, ...]:
    """Write the brief explanation."""
    derivation = trace(judge, decision)
    blocks: list[Block] = [*tell_contradictions(judge, decision), Paragraph(tell_outcome(judge.rulebase, derivation))]
    reasons = choose_reasons(judge, decision, derivation)
    if reasons:
        lead = "What decides it" if len(reasons) > 1 else "One reason decides it"
        blocks.append(Items(lead, tuple(reasons.values())))
    elif excluders := tell_exclusions(judge, derivation):
        blocks.append(Items("What rules them out", tuple(excluders.values())))
    if contrast := tell_contrast(judge, decision, derivation, reasons):
        blocks.append(Paragraph(contrast))
    if decision.known:
        blocks.append(Paragraph(" ".join(tell_verdicts(judge, decision, derivation))))
    if searches:
        blocks += _tell_prospects(judge, decision)
    if decision.known:
        blocks += tell_next_steps(judge, decision, reasons)
    return tuple(blocks)


def tell_outcome(rulebase: RuleBase, derivation: Derivation) -> str:
    """Describe the outcome in one sentence."""
    if derivation.model is None:
        return {
            Reason.NOTHING_KNOWN: "Nothing is known about the organisation, so no owner can be recommended yet.",
            Reason.TOO_LITTLE: "No owner can be recommended yet, because too little is known to favour one.",
            Reason.ALL_EXCLUDED: "No owner can be recommended, because what is known rules out every one of them.",
            None: "",
        }[derivation.reason]
    winner = derivation.case(derivation.model)
    basis = f"on {strength(winner.points)} evidence"
    if derivation.status is Status.CONTESTED:
        second = next(case for case in derivation.cases[1:] if case.candidate and not case.set_aside_by)
        basis += f" and by a narrow margin over {name(rulebase, second.model.id)}"
    return f"The recommendation, {basis}, is {name(rulebase, winner.model.id)}: {winner.model.says}."


def _tell_prospects(judge: Judge, decision: Decision) -> Iterator[Block]:
    """Describe the unknown facts that matter, and the nearest change that would lead to another outcome."""
    following = next_questions(judge, decision)
    if decision.model is None:
        if telling := following.leading(_MOST_UNKNOWN):
            yield Items("What to find out first", tuple(question.text for question in telling))
        return
    sentences = [tell_unknown(judge.rulebase, following)]
    sentences += [tell_change(judge.rulebase, found) for found in choose_changes(judge, decision, most=1)]
    if told := " ".join(filter(None, sentences)):
        yield Paragraph(told)


def tell_unknown(rulebase: RuleBase, following: NextQuestions) -> str:
    """Describe the unknown facts that may decide; empty if the search was cut short before it found out."""
    if telling := following.leading(_MOST_UNKNOWN):
        # A topic may be plural, so no verb may agree with it.
        unknown = topics(rulebase, [question.fact for question in telling])
        return f"Still unknown, and possibly decisive: {unknown}."
    return "" if following.questions else "Nothing that is still unknown can change this."
