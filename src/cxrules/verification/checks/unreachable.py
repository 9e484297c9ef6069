"""Checks for what can never happen: rules, findings, models, patterns and preferences that no organisation reaches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from cxrules.language.rules import Condition, Effect
from cxrules.verification.checks.assertions import Subject, claim_some, describe_conflict
from cxrules.verification.prover import Prover, Query
from cxrules.verification.results import CheckFinding, Verdict

__all__ = [
    "dead_rules",
    "idle_preferences",
    "models_never_recommended",
    "patterns_never_recognised",
    "unreachable_findings",
]

DEAD_RULE = "dead-rule"
UNREACHABLE_FINDING = "unreachable-finding"
MODEL_NEVER_RECOMMENDED = "model-never-recommended"
PATTERN_NEVER_RECOGNISED = "pattern-never-recognised"
IDLE_PREFERENCE = "idle-preference"


def dead_rules(prover: Prover) -> Iterator[CheckFinding]:
    """Every rule can fire."""
    for rule in prover.rulebase.rules.values():
        yield claim_some(
            prover,
            Subject(DEAD_RULE, rule.id, "the rule can fire"),
            _parts(rule.when),
            lambda core: f"The rule can never fire: {describe_conflict(core)}.",
        )


def unreachable_findings(prover: Prover) -> Iterator[CheckFinding]:
    """Every finding can be established."""
    for finding, concluders in prover.rulebase.concluders.items():
        subject = Subject(UNREACHABLE_FINDING, finding, "the finding can be established")
        yield _reach(prover, subject, concluders, "The finding can never be established")


def patterns_never_recognised(prover: Prover) -> Iterator[CheckFinding]:
    """Every pattern can be recognised."""
    for pattern in prover.rulebase.patterns:
        concluders = prover.outcome.concluders(Effect.RECOGNISES, pattern)
        subject = Subject(PATTERN_NEVER_RECOGNISED, pattern, "the pattern can be recognised")
        yield _reach(prover, subject, concluders, "The pattern can never be recognised")


def models_never_recommended(prover: Prover) -> Iterator[CheckFinding]:
    """Every model can be recommended."""
    for model in prover.rulebase.models:
        yield claim_some(
            prover,
            Subject(MODEL_NEVER_RECOMMENDED, model, "the model can be recommended"),
            _steps(prover, model),
            lambda core: f"The model can never be recommended: {describe_conflict(core)}.",
        )


def idle_preferences(prover: Prover) -> Iterator[CheckFinding]:
    """Every preference can act: both models are candidates, and one sets the other aside."""
    for rule, preferred, behind in prover.outcome.preferences:
        parts = {
            f"rule {rule}": _fires(rule),
            f"candidate {preferred}": _runs(preferred),
            f"candidate {behind}": _runs(behind),
        }
        yield claim_some(
            prover,
            Subject(IDLE_PREFERENCE, f"{rule}: {preferred} over {behind}", "the preference ever acts"),
            parts,
            lambda core: f"The preference never acts: {describe_conflict(core)}.",
        )


def _reach(prover: Prover, subject: Subject, concluders: Sequence[str], message: str) -> CheckFinding:
    rules = prover.rulebase.rules
    if not concluders:
        return subject.refute(f"{message}: no rule concludes it.", prover.smallest(lambda _: True).witness)
    found = []
    for rule in concluders:
        only = f"{message}: in the rule {rule}, "
        found.append(claim_some(prover, subject, _parts(rules[rule].when), _tell_conflict(only)))
        if found[-1].verdict is Verdict.PROVED:
            return found[-1]
    if any(each.verdict is Verdict.UNDECIDED for each in found):
        return subject.leave()
    none = f"{message}: none of its rules can fire, {', '.join(concluders)}."
    return found[-1] if len(found) == 1 else replace(found[-1], message=none, involved=tuple(concluders))


def _tell_conflict(lead: str) -> Callable[[tuple[str, ...]], str]:
    return lambda core: f"{lead}{describe_conflict(core)}."


def _parts(when: tuple[Condition, ...]) -> dict[str, Query]:
    return {condition.write(): _condition(condition) for condition in when}


def _condition(condition: Condition) -> Query:
    return lambda view: view.holds((condition,))


def _steps(prover: Prover, model: str) -> dict[str, Query]:
    """Return the steps that a model has to pass, in policy order, so that a conflict names the first that stop it."""
    circuit = prover.circuit
    return {
        **{f"requires {name}": _established(name) for name in prover.rulebase.models[model].requires},
        "enough evidence": lambda view: circuit.all_of([view.enough[model], circuit.at_least(view.points[model], 1)]),
        "not excluded": lambda view: circuit.negate(view.excluded[model]),
        "not set aside": lambda view: view.running[model],
        "ahead of all others": lambda view: view.recommended[model],
    }


def _fires(rule: str) -> Query:
    return lambda view: view.fired[rule]


def _runs(model: str) -> Query:
    return lambda view: view.candidate[model]


def _established(finding: str) -> Query:
    return lambda view: view.findings[finding]
