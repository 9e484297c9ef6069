"""What can never happen: rules, findings, models, patterns and preferences that no organisation brings about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cxrules.rules import Condition, Effect
from cxrules.verification.bench import Bench, Question
from cxrules.verification.checks.claims import claim_some
from cxrules.verification.circuit import Bit
from cxrules.verification.results import Finding, Verdict
from cxrules.verification.wording import write_condition

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


def dead_rules(bench: Bench) -> Iterator[Finding]:
    """Every rule can fire."""
    for rule in bench.rulebase.rules.values():
        yield claim_some(
            bench,
            (DEAD_RULE, rule.id),
            _parts(rule.when),
            lambda core: f"The rule can never fire: {_together(core)}.",
        )


def unreachable_findings(bench: Bench) -> Iterator[Finding]:
    """Every finding can be established."""
    for finding, concluders in bench.rulebase.concluders.items():
        yield _reach(bench, (UNREACHABLE_FINDING, finding), concluders, "The finding can never be established")


def patterns_never_recognised(bench: Bench) -> Iterator[Finding]:
    """Every pattern can be recognised."""
    for pattern in bench.rulebase.patterns:
        concluders = bench.outcome.concluders(Effect.RECOGNISES, pattern)
        yield _reach(bench, (PATTERN_NEVER_RECOGNISED, pattern), concluders, "The pattern can never be recognised")


def models_never_recommended(bench: Bench) -> Iterator[Finding]:
    """Every model can be recommended."""
    circuit = bench.circuit
    for model, entry in bench.rulebase.models.items():
        # In the order of the policy, so that the conflict names the first step that stops the model.
        parts: dict[str, Question] = {f"requires {name}": _established(name) for name in entry.requires}
        parts["enough evidence"] = lambda view, model=model: circuit.all_of(
            [view.enough[model], circuit.at_least(view.points[model], 1)]
        )
        parts["not excluded"] = lambda view, model=model: circuit.negate(view.excluded[model])
        parts["not set aside"] = lambda view, model=model: view.running[model]
        parts["ahead of all others"] = lambda view, model=model: view.recommended[model]
        yield claim_some(
            bench,
            (MODEL_NEVER_RECOMMENDED, model),
            parts,
            lambda core: f"The model can never be recommended: {_together(core)}.",
        )


def idle_preferences(bench: Bench) -> Iterator[Finding]:
    """Every preference can act: both models are candidates, and one sets the other aside."""
    for rule, preferred, behind in bench.outcome.preferences:
        parts: dict[str, Question] = {
            f"rule {rule}": lambda view, rule=rule: view.fired[rule],
            f"candidate {preferred}": lambda view, model=preferred: view.candidate[model],
            f"candidate {behind}": lambda view, model=behind: view.candidate[model],
        }
        yield claim_some(
            bench,
            (IDLE_PREFERENCE, f"{rule}: {preferred} over {behind}"),
            parts,
            lambda core: f"The preference never acts: {_together(core)}.",
        )


def _reach(bench: Bench, head: tuple[str, str], concluders: Any, message: str) -> Finding:
    rules = bench.rulebase.rules
    if not concluders:
        return Finding(*head, Verdict.REFUTED, f"{message}: no rule concludes it.", bench.smallest(lambda _: True).witness)
    found = None
    for rule in concluders:
        found = claim_some(
            bench,
            head,
            _parts(rules[rule].when),
            lambda core, rule=rule: f"{message}: in the rule {rule}, {_together(core)}.",
        )
        if found.verdict is not Verdict.REFUTED:
            return found
    assert found is not None
    if len(concluders) == 1:
        return found
    message = f"{message}: none of its rules can fire, {', '.join(concluders)}."
    return Finding(*head, Verdict.REFUTED, message, found.witness, tuple(concluders))


def _parts(when: tuple[Condition, ...]) -> dict[str, Question]:
    return {write_condition(condition): _condition(condition) for condition in when}


def _condition(condition: Condition) -> Question:
    def question(view: Any) -> Bit:
        holds: Bit = view.holds((condition,))
        return holds

    return question


def _established(finding: str) -> Question:
    def question(view: Any) -> Bit:
        established: Bit = view.findings[finding]
        return established

    return question


def _together(core: tuple[str, ...]) -> str:
    if len(core) == 1:
        return f"{core[0]!r} never holds"
    return " and ".join(map(repr, core)) + " exclude each other" if core else "its conditions exclude each other"
