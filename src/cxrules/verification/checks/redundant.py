"""Checks for what adds nothing: subsumed conclusions, evidence counted twice, rules that change no decision."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache, partial

from cxrules.language.rules import Effect
from cxrules.policy.evidence import Evidence
from cxrules.rulebase import RuleBase
from cxrules.verification.checks.assertions import Subject, claim_some
from cxrules.verification.circuit import Bit, Circuit, Possibility
from cxrules.verification.prover import Angle, Prover, Query, View, judge_of
from cxrules.verification.results import CheckFinding, Verdict

__all__ = ["double_counted", "idle_rules", "result_differs", "subsumed_conclusions"]

SUBSUMED = "subsumed"
DOUBLE_COUNTED = "double-counted"
IDLE_RULE = "idle-rule"

_WITHOUT_WEIGHT = (Effect.FINDING, Effect.EXCLUDES, Effect.RECOGNISES, Effect.ACTION)


def subsumed_conclusions(prover: Prover) -> Iterator[CheckFinding]:
    """Every rule with a finding, exclusion, pattern or action is at times the only one of its article to conclude it.

    Rules from other articles do not count: two articles that agree are two rules, and each is quoted.
    """
    rulebase, circuit = prover.rulebase, prover.circuit
    for rule in rulebase.rules.values():
        for conclusion in rule.then:
            if conclusion.effect not in _WITHOUT_WEIGHT:
                continue
            others = [
                other
                for other in prover.outcome.concluders(conclusion.effect, conclusion.target)
                if other != rule.id and _source(rulebase, other) == _source(rulebase, rule.id)
            ]
            if not others or (fires := prover.fires(rule.id)) is Possibility.IMPOSSIBLE:
                continue
            hint = partial(prover.trials.firing, rule.id, silent=others)
            parts = {rule.id: _fires(rule.id)} | {other: _silent(circuit, other) for other in others}
            subject = Subject(
                SUBSUMED,
                f"{rule.id}: {conclusion.effect} {conclusion.target}",
                "the rule ever fires without another of its article to the same effect",
            )
            yield _unless_dead(fires, subject, claim_some(prover, subject, parts, _tell_subsumed, hint=hint))


def double_counted(prover: Prover) -> Iterator[CheckFinding]:
    """No rule for or against a model fires only when another of the same article does.

    Standing rules are left out, because they apply to every organisation, with one point. So are rules that share the
    claim that carries their weight, because it counts once.
    """
    items = [item for item in prover.judge.decider.evidence if not item.standing]
    ask_whether_it_fires = cache(prover.fires)
    alike: dict[tuple[str, str, bool], list[Evidence]] = {}
    for item in items:
        alike.setdefault((item.source, item.model, item.points > 0), []).append(item)
    for one in items:
        for other in alike[one.source, one.model, one.points > 0]:
            if one.rule == other.rule or one.carrier == other.carrier:
                continue
            if prover.circuit.solver.late:  # once for each rule, because a large rule base has millions of pairs
                what = f"{one.rule} ever fires without another rule of the same article"
                yield Subject(DOUBLE_COUNTED, f"{one.rule}: {one.model}", what).leave()
                break
            fires = ask_whether_it_fires(one.rule)
            if fires is Possibility.IMPOSSIBLE:
                continue
            parts = {one.rule: _fires(one.rule), other.rule: _silent(prover.circuit, other.rule)}
            message = (
                f"Whenever {one.rule} speaks {'for' if one.points > 0 else 'against'} {one.model}, so does "
                f"{other.rule} of the same article: one idea may be counted twice."
            )
            subject = Subject(
                DOUBLE_COUNTED,
                f"{one.rule} with {other.rule}: {one.model}",
                f"{one.rule} ever fires without {other.rule}",
            )
            hint = partial(prover.trials.firing, one.rule, silent=[other.rule])
            yield _unless_dead(fires, subject, claim_some(prover, subject, parts, _always(message), hint=hint))


def idle_rules(prover: Prover) -> Iterator[CheckFinding]:
    """Every rule that bears on the choice changes the model or the status of some organisation."""
    for rule in (rule for rule in prover.rulebase.rules if rule in prover.rulebase.bearing):
        fires = prover.fires(rule)
        if fires is not Possibility.IMPOSSIBLE:  # otherwise dead-rule reports it
            subject = Subject(IDLE_RULE, rule, "the rule changes the model or the status of any organisation")
            over = prover.circuit.solver.late  # another engine for each rule would take long for nothing
            yield subject.leave() if over else _unless_dead(fires, subject, _change_something(prover, subject))


def _unless_dead(fires: Possibility, subject: Subject, finding: CheckFinding) -> CheckFinding:
    """Return the finding about a rule, unless the rule may never fire, which would be another finding."""
    undecided = fires is Possibility.UNDECIDED and finding.verdict is Verdict.REFUTED
    return subject.leave() if undecided else finding


def _change_something(prover: Prover, subject: Subject) -> CheckFinding:
    rule = subject.name
    circuit = prover.circuit
    rules = {other: known for other, known in prover.rulebase.rules.items() if other != rule}
    angles = (prover.angle, Angle(judge_of(replace(prover.rulebase, rules=rules))))

    def differs(view: View, bare: View) -> Bit:
        # Telling the solver that the rule fires is a hint: otherwise nothing differs.
        return circuit.all_of([view.fired[rule], result_differs(circuit, view, bare)])

    def same(view: View, bare: View) -> Bit:
        return circuit.all_of([view.fired[rule], circuit.negate(result_differs(circuit, view, bare))])

    return claim_some(
        prover,
        subject,
        {"the result differs": differs},
        _always("Without the rule every organisation gets the same model and status."),
        *angles,
        near=lambda: prover.smallest(same, *angles).witness,
        hint=lambda: prover.trials.without_rule(rule),
    )


def result_differs(circuit: Circuit, one: View, other: View) -> Bit:
    """Return whether two views differ in the model or in the status."""
    models = [model for model in one.recommended if model in other.recommended]
    alone = [view.recommended[model] for view in (one, other) for model in view.recommended if model not in models]
    return circuit.any_of(
        [
            *alone,
            *(circuit.differ(one.recommended[model], other.recommended[model]) for model in models),
            circuit.differ(one.contested, other.contested),
        ]
    )


def _source(rulebase: RuleBase, rule: str) -> str:
    return rulebase.claims[rulebase.rules[rule].because[0]].source


def _fires(rule: str) -> Query:
    return lambda view: view.fired[rule]


def _silent(circuit: Circuit, rule: str) -> Query:
    return lambda view: circuit.negate(view.fired[rule])


def _always(message: str) -> Callable[[tuple[str, ...]], str]:
    return lambda _: message


def _tell_subsumed(core: tuple[str, ...]) -> str:
    others = _one_of(core[1:]) if core else "another rule"
    return f"Whenever the rule fires, so does {others}, of the same article and to the same effect."


def _one_of(rules: Iterable[str]) -> str:
    rules = list(rules)
    return rules[0] if len(rules) == 1 else "one of " + ", ".join(rules)
