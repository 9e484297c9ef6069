"""The brief explanation: the outcome, the decisive reasons, the contrast, the authors, and what is not known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from cxrules.decision import Decision, Judge, Reason, Status
from cxrules.explanation.decisive import Damage, rate_rules
from cxrules.explanation.derivation import Case, Derivation, Step, trace
from cxrules.explanation.document import Block, Items, Paragraph
from cxrules.explanation.obstacles import Objection, object_to
from cxrules.explanation.open_facts import facts_at_stake
from cxrules.explanation.rebuttal import rebut
from cxrules.explanation.verdicts import tell_verdicts
from cxrules.explanation.words import join_clauses, join_names, name, reason, sentence, strength, topics
from cxrules.rulebase import RuleBase
from cxrules.rules import Effect

__all__ = ["choose_rival", "decisive_reasons", "tell_outcome", "tell_unknown", "write_brief"]

MOST_REASONS = 4
_MOST_UNKNOWN = 3


def write_brief(judge: Judge, decision: Decision) -> tuple[Block, ...]:
    """Write the brief explanation.

    Args:
        judge: Who decided.
        decision: His decision.
    """
    derivation = trace(judge, decision)
    outcome = Paragraph(tell_outcome(judge, derivation))
    rival = choose_rival(judge, decision, derivation)
    if decision.model is None:
        return (outcome, *_tell_shortcoming(judge, derivation, rival), *_ask_first(judge, decision, derivation))
    reasons = decisive_reasons(judge, decision, derivation)
    lead = "What decides it" if len(reasons) > 1 else "One reason decides it"
    blocks: list[Block] = [outcome, Items(lead, reasons)]
    if rival is not None:
        blocks.append(Paragraph(rebut(judge, rival, decision)))
    blocks.append(Paragraph(tell_verdicts(judge, decision, derivation)))
    blocks += tell_unknown(judge, decision, derivation)
    return tuple(blocks)


def tell_outcome(judge: Judge, derivation: Derivation) -> str:
    """Tell the outcome in one sentence."""
    rulebase = judge.rulebase
    if derivation.model is None:
        return {
            Reason.NOTHING_KNOWN: "Nothing is known about the organisation, so no owner can be recommended yet.",
            Reason.TOO_LITTLE: "No owner can be recommended yet, because what is known bears out none of them.",
            Reason.ALL_EXCLUDED: "No owner can be recommended, because what is known rules every one of them out.",
            None: "",
        }[derivation.reason]
    winner = derivation.case(derivation.model)
    said = f"{name(rulebase, winner.model.id)}: {winner.model.says}"
    how_strong = f"the evidence for it is {strength(winner.points)}"
    if derivation.status is Status.CONTESTED:
        second = next(case for case in derivation.cases[1:] if case.candidate and not case.set_aside_by)
        rival = name(rulebase, second.model.id)
        return f"By a narrow margin over {rival}, the recommendation is {said}; {how_strong}."
    return f"The recommendation is {said}; {how_strong}."


def choose_rival(judge: Judge, decision: Decision, derivation: Derivation) -> Objection | None:
    """Choose the model rather than which the winner is recommended, or the one that comes nearest when none is.

    It is the runner-up; else a candidate set aside; else, of the others, the one with most points.
    """
    others = [case for case in derivation.cases if case.model.id != decision.model]
    if not others:
        return None
    if decision.runner_up is not None:
        return object_to(judge, decision, decision.runner_up, derivation)
    best = max(others, key=lambda case: (case.candidate, case.points))
    return object_to(judge, decision, best.model.id, derivation)


def decisive_reasons(judge: Judge, decision: Decision, derivation: Derivation) -> tuple[str, ...]:
    """Give at most four reasons, the most decisive first, each another idea and, where possible, of another article."""
    steps = {step.rule.id: step for step in derivation.steps()}
    ratings = {rule: damage for rule, damage in rate_rules(judge, decision).items() if rule in steps}
    telling = {rule: text for rule in ratings if (text := _tell_reason(judge.rulebase, derivation, steps[rule]))}
    chosen: list[str] = []
    while telling.keys() - set(chosen) and len(chosen) < MOST_REASONS:
        used = Counter(steps[rule].source.id for rule in chosen)
        facts = {given.fact for rule in chosen for given in steps[rule].roots()}

        def worth(rule: str, used: Counter[str] = used, facts: set[str] = facts) -> tuple[object, ...]:
            return _worth(ratings[rule], steps[rule], used, facts)

        chosen.append(max((rule for rule in telling if rule not in chosen), key=worth))
    return tuple(telling[rule] for rule in chosen)


def _worth(damage: Damage, step: Step, used: Counter[str], facts: set[str]) -> tuple[object, ...]:
    here = {given.fact for given in step.roots()}
    repeated = 2 if here and here <= facts else 0
    return (
        damage.model_falls,
        damage.status_falls,
        max(damage.lead_lost, damage.points_lost) - used[step.source.id] - repeated - 2 * step.standing,
        damage.points_lost,
    )


def _tell_reason(rulebase: RuleBase, derivation: Derivation, step: Step) -> str:
    """Tell what a rule does for the winner; nothing when it does so only through other rules."""
    winner = derivation.model
    then = step.rule.then
    if any(item.effect is Effect.SUPPORTS and item.target == winner for item in then):
        return reason(step)
    excluded = [item.target for item in then if item.effect is Effect.EXCLUDES]
    if excluded:
        return reason(step, f"which rules out {join_names(rulebase, excluded)}")
    for item in then:
        if item.effect is Effect.PREFERS and item.target == winner:
            return reason(step, f"which puts it before {join_names(rulebase, item.over)}")
    opposed = [item.target for item in then if item.effect is Effect.OPPOSES and item.target != winner]
    if opposed:
        return reason(step, f"which speaks against {join_names(rulebase, opposed)}")
    met = [finding for finding in (derivation.case(winner).met if winner else ()) if step in finding.steps]
    if met:
        clause = join_clauses([finding.states for finding in met])
        return reason(step, f"so that {clause}, as {name(rulebase, str(winner))} requires")
    return ""


def tell_unknown(judge: Judge, decision: Decision, derivation: Derivation) -> list[Block]:
    """Name the unknown facts that bear on the outcome most."""
    facts = _open(judge, decision, derivation)[:_MOST_UNKNOWN]
    if not facts:
        return []
    # One topic may be a plural, so the verb does not depend on it.
    return [Paragraph(sentence(f"still unknown, and able to change this, {'is' if len(facts) == 1 else 'are'} "
                               f"{topics(judge.rulebase, facts)}"))]


def _open(judge: Judge, decision: Decision, derivation: Derivation) -> tuple[str, ...]:
    near = [case.model.id for case in derivation.cases if not case.excluded_by][:3]
    return facts_at_stake(judge, decision, tuple(object_to(judge, decision, model, derivation) for model in near))


def _ask_first(judge: Judge, decision: Decision, derivation: Derivation) -> Iterable[Block]:
    facts = _open(judge, decision, derivation)[:_MOST_UNKNOWN]
    if facts:
        questions = tuple(judge.rulebase.vocabulary[fact].question for fact in facts)
        yield Items("What to find out first", questions)


def _tell_shortcoming(judge: Judge, derivation: Derivation, nearest: Objection | None) -> Iterable[Block]:
    if derivation.reason is Reason.ALL_EXCLUDED:
        yield Items("What rules them out", tuple(_exclusions(judge, derivation.cases)))
    elif nearest is not None and derivation.reason is Reason.TOO_LITTLE:
        yield Paragraph(rebut(judge, nearest))


def _exclusions(judge: Judge, cases: Iterable[Case]) -> Iterable[str]:
    told: dict[str, tuple[Step, list[str]]] = {}
    for case in cases:
        step = case.excluded_by[0]
        told.setdefault(step.rule.id, (step, []))[1].append(case.model.id)
    for step, models in told.values():
        yield reason(step, f"which rules out {join_names(judge.rulebase, models)}")
