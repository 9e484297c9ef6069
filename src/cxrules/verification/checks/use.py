"""Whether each fact keeps to its use: what colours never vetoes nor suffices, what advises or warns never decides."""

from __future__ import annotations

from collections.abc import Iterator

from cxrules.facts import Use
from cxrules.rules import Effect
from cxrules.verification.bench import Angle, Bench, Question
from cxrules.verification.checks.claims import claim_none
from cxrules.verification.circuit import Circuit
from cxrules.verification.results import Finding

__all__ = ["advice_that_decides", "colours_that_exclude", "colours_that_suffice"]

COLOURS_EXCLUDES = "colours-excludes"
COLOURS_SUFFICES = "colours-suffices"
ADVICE_DECIDES = "advice-decides"


def colours_that_exclude(bench: Bench) -> Iterator[Finding]:
    """No model is excluded that would not be if the facts that only colour were unknown."""
    without = Angle(bench.judge, forget=_facts(bench, Use.COLOURS))
    message = "The model is excluded by a fact that may only colour."
    for model in bench.rulebase.models:
        question = _excluded_only_so(bench.circuit, model)
        yield claim_none(bench, (COLOURS_EXCLUDES, model), question, message, bench.angle, without)


def colours_that_suffice(bench: Bench) -> Iterator[Finding]:
    """No model reaches the minimum evidence by facts that only colour."""
    angle = Angle(bench.judge, forget=_facts(bench, Use.DECIDES, Use.ADVISES, Use.WARNS))
    message = "Facts that may only colour reach the minimum evidence for the model without any other."
    for model in bench.rulebase.models:
        yield claim_none(bench, (COLOURS_SUFFICES, model), _enough(model), message, angle)


def advice_that_decides(bench: Bench) -> Iterator[Finding]:
    """No points, exclusion, requirement or preference depends on facts that advise or warn."""
    without = Angle(bench.judge, forget=_facts(bench, Use.ADVISES, Use.WARNS))
    message = "A fact that may only advise or warn bears on the choice of the model."
    for model in bench.rulebase.models:
        question = _moved(bench, model)
        yield claim_none(bench, (ADVICE_DECIDES, model), question, message, bench.angle, without)


def _excluded_only_so(circuit: Circuit, model: str) -> Question:
    return lambda view, bare: circuit.all_of([view.excluded[model], circuit.negate(bare.excluded[model])])


def _enough(model: str) -> Question:
    return lambda view: view.enough[model]


def _moved(bench: Bench, model: str) -> Question:
    circuit = bench.circuit
    preferring = [rule.id for rule in bench.rulebase.rules.values() if model in rule.targets(Effect.PREFERS)]
    return lambda view, bare: circuit.any_of(
        [
            circuit.differ(view.excluded[model], bare.excluded[model]),
            circuit.differ(view.entitled[model], bare.entitled[model]),
            circuit.negate(circuit.same_number(view.points[model], bare.points[model])),
            *(circuit.differ(view.fired[rule], bare.fired[rule]) for rule in preferring),
        ]
    )


def _facts(bench: Bench, *uses: Use) -> frozenset[str]:
    return frozenset(fact.name for fact in bench.rulebase.vocabulary.facts.values() if fact.use in uses)
