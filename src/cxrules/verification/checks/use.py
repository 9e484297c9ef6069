"""Whether each fact keeps to its use: what colours never vetoes nor suffices, what advises or warns never decides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cxrules.facts import Use
from cxrules.rules import Effect
from cxrules.verification.bench import Angle, Bench
from cxrules.verification.checks.claims import claim_none
from cxrules.verification.circuit import Bit
from cxrules.verification.results import Finding

__all__ = ["advice_that_decides", "colours_that_exclude", "colours_that_suffice"]

COLOURS_EXCLUDES = "colours-excludes"
COLOURS_SUFFICES = "colours-suffices"
ADVICE_DECIDES = "advice-decides"


def colours_that_exclude(bench: Bench) -> Iterator[Finding]:
    """No model is excluded that would not be if the facts that only colour were unknown."""
    circuit = bench.circuit
    without = Angle(bench.judge, forget=_facts(bench, Use.COLOURS))
    for model in bench.rulebase.models:
        yield claim_none(
            bench,
            (COLOURS_EXCLUDES, model),
            lambda view, bare, model=model: circuit.all_of([view.excluded[model], circuit.negate(bare.excluded[model])]),
            "The model is excluded by a fact that may only colour.",
            bench.angle,
            without,
        )


def colours_that_suffice(bench: Bench) -> Iterator[Finding]:
    """No model reaches the minimum evidence by facts that only colour."""
    others = _facts(bench, Use.DECIDES, Use.ADVISES, Use.WARNS)
    for model in bench.rulebase.models:
        yield claim_none(
            bench,
            (COLOURS_SUFFICES, model),
            lambda view, model=model: view.enough[model],
            "Facts that may only colour reach the minimum evidence for the model without any other.",
            Angle(bench.judge, forget=others),
        )


def advice_that_decides(bench: Bench) -> Iterator[Finding]:
    """No points, exclusion, requirement or preference depends on facts that advise or warn."""
    circuit = bench.circuit
    without = Angle(bench.judge, forget=_facts(bench, Use.ADVISES, Use.WARNS))
    preferring = [rule.id for rule in bench.rulebase.rules.values() if rule.targets(Effect.PREFERS)]
    for model in bench.rulebase.models:

        def moved(view: Any, bare: Any, model: str = model) -> Bit:
            return circuit.any_of(
                [
                    circuit.differ(view.excluded[model], bare.excluded[model]),
                    circuit.differ(view.entitled[model], bare.entitled[model]),
                    circuit.negate(circuit.same_number(view.points[model], bare.points[model])),
                    *(
                        circuit.differ(view.fired[rule], bare.fired[rule])
                        for rule in preferring
                        if model in bench.rulebase.rules[rule].targets(Effect.PREFERS)
                    ),
                ]
            )

        yield claim_none(
            bench,
            (ADVICE_DECIDES, model),
            moved,
            "A fact that may only advise or warn bears on the choice of the model.",
            bench.angle,
            without,
        )


def _facts(bench: Bench, *uses: Use) -> frozenset[str]:
    return frozenset(fact.name for fact in bench.rulebase.vocabulary.facts.values() if fact.use in uses)
