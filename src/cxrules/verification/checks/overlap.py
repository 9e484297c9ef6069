"""What says nothing new: subsumed conclusions, evidence counted twice, rules that change no decision."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import permutations
from typing import Any

from cxrules.rulebase import RuleBase
from cxrules.rules import Effect
from cxrules.verification.bench import Angle, Bench, Question, judge_of
from cxrules.verification.checks.claims import claim_some
from cxrules.verification.circuit import Bit, Circuit, Possibility
from cxrules.verification.results import Finding

__all__ = ["double_counted", "idle_rules", "result_differs", "subsumed_conclusions"]

SUBSUMED = "subsumed"
DOUBLE_COUNTED = "double-counted"
IDLE_RULE = "idle-rule"

_WITHOUT_WEIGHT = (Effect.FINDING, Effect.EXCLUDES, Effect.RECOGNISES, Effect.ACTION)
_ON_MODELS = (Effect.SUPPORTS, Effect.OPPOSES, Effect.EXCLUDES, Effect.PREFERS)


def subsumed_conclusions(bench: Bench) -> Iterator[Finding]:
    """Every rule that concludes a finding, an exclusion, a pattern or an action is at times its article's only one to do so.

    Rules of other articles do not count: two articles that agree are two rules, and each is quoted.
    """
    rulebase, circuit = bench.rulebase, bench.circuit
    for rule in rulebase.rules.values():
        for conclusion in rule.then:
            if conclusion.effect not in _WITHOUT_WEIGHT:
                continue
            others = [
                other
                for other in bench.outcome.concluders(conclusion.effect, conclusion.target)
                if other != rule.id and _source(rulebase, other) == _source(rulebase, rule.id)
            ]
            if not others or bench.ask([bench.outcome.fired[rule.id]]) is Possibility.IMPOSSIBLE:
                continue
            parts = {rule.id: _fires(rule.id)} | {other: _silent(circuit, other) for other in others}
            found = claim_some(
                bench,
                (SUBSUMED, f"{rule.id}: {conclusion.effect} {conclusion.target}"),
                parts,
                lambda core: f"Whenever the rule fires, so does {_one_of(core[1:])}, of the same article and to the same effect.",
            )
            yield found


def double_counted(bench: Bench) -> Iterator[Finding]:
    """No two rules of one article speak for or against one model so that the one never fires without the other.

    Standing rules are left out: they speak of every organisation, for one point. So are rules that share the claim that
    carries their weight, because it counts once.
    """
    circuit = bench.circuit
    items = [item for item in bench.judge.decider.evidence if not item.standing]
    for one, other in permutations(items, 2):
        same = (one.source, one.model, one.points > 0) == (other.source, other.model, other.points > 0)
        if not same or one.carrier == other.carrier:
            continue
        if bench.ask([bench.outcome.fired[one.rule]]) is Possibility.IMPOSSIBLE:
            continue
        parts = {one.rule: _fires(one.rule), other.rule: _silent(circuit, other.rule)}
        side = "for" if one.points > 0 else "against"
        yield claim_some(
            bench,
            (DOUBLE_COUNTED, f"{one.rule} with {other.rule}: {one.model}"),
            parts,
            lambda _, one=one, other=other, side=side: (
                f"Whenever {one.rule} speaks {side} {one.model}, so does {other.rule} of the same article: "
                "one idea may be counted twice."
            ),
        )


def idle_rules(bench: Bench) -> Iterator[Finding]:
    """Every rule that bears on the choice changes the model or the status of some organisation."""
    rulebase, circuit = bench.rulebase, bench.circuit
    for rule in bearing_rules(rulebase):
        rules = {other: known for other, known in rulebase.rules.items() if other != rule}
        without = Angle(judge_of(replace(rulebase, rules=rules, _given_revision="")))

        def same(view: Any, bare: Any, rule: str = rule) -> Bit:
            return circuit.all_of([view.fired[rule], circuit.negate(result_differs(circuit, view, bare))])

        if bench.ask([bench.outcome.fired[rule]]) is Possibility.IMPOSSIBLE:
            continue  # dead-rule reports it
        yield claim_some(
            bench,
            (IDLE_RULE, rule),
            {
                "the rule fires": lambda view, _, rule=rule: view.fired[rule],  # a hint: else nothing differs
                "the result differs": lambda view, bare: result_differs(circuit, view, bare),
            },
            lambda _: "Without the rule every organisation gets the same model and status.",
            bench.angle,
            without,
            near=lambda same=same, without=without: bench.smallest(same, bench.angle, without).witness,
        )


def result_differs(circuit: Circuit, one: Any, other: Any) -> Bit:
    """Give whether two views differ in the model or in the status."""
    models = [model for model in one.recommended if model in other.recommended]
    alone = [view.recommended[model] for view in (one, other) for model in view.recommended if model not in models]
    return circuit.any_of(
        [
            *alone,
            *(circuit.differ(one.recommended[model], other.recommended[model]) for model in models),
            circuit.differ(one.contested, other.contested),
        ]
    )


def bearing_rules(rulebase: RuleBase) -> list[str]:
    """Give the rules that bear on the choice: by what they conclude, or through findings."""
    wanted = {finding for model in rulebase.models.values() for finding in model.requires}
    bearing: set[str] = set()
    for layer in reversed(rulebase.strata):
        for rule in (rulebase.rules[name] for name in layer):
            if any(rule.targets(effect) for effect in _ON_MODELS) or wanted.intersection(rule.targets(Effect.FINDING)):
                bearing.add(rule.id)
                wanted |= rule.needs()
    return [rule for rule in rulebase.rules if rule in bearing]


def _source(rulebase: RuleBase, rule: str) -> str:
    return rulebase.claims[rulebase.rules[rule].because[0]].source


def _fires(rule: str) -> Question:
    def question(view: Any) -> Bit:
        fired: Bit = view.fired[rule]
        return fired

    return question


def _silent(circuit: Circuit, rule: str) -> Question:
    return lambda view: circuit.negate(view.fired[rule])


def _one_of(rules: Iterable[str]) -> str:
    rules = list(rules)
    return rules[0] if len(rules) == 1 else "one of " + ", ".join(rules)
