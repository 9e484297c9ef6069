"""Whether facts keep to their use: those that only colour never exclude or suffice, those that advise never decide."""

from __future__ import annotations

from collections.abc import Iterator

from cxrules.language.facts import Use
from cxrules.language.rules import Effect
from cxrules.verification.checks.assertions import Subject, claim_none
from cxrules.verification.circuit import Circuit
from cxrules.verification.prover import Angle, Prover, Query
from cxrules.verification.results import CheckFinding

__all__ = ["advice_that_decides", "colours_that_exclude", "colours_that_suffice"]

COLOURS_EXCLUDES = "colours-excludes"
COLOURS_SUFFICES = "colours-suffices"
ADVICE_DECIDES = "advice-decides"


def colours_that_exclude(prover: Prover) -> Iterator[CheckFinding]:
    """No model is excluded that would not be if the facts that only colour were unknown."""
    without = Angle(prover.judge, forget=_facts(prover, Use.COLOURS))
    message = "The model is excluded by a fact that may only colour."
    for model in prover.rulebase.models:
        question = _excluded_only_so(prover.circuit, model)
        subject = Subject(COLOURS_EXCLUDES, model, "a fact that may only colour ever excludes the model")
        yield claim_none(prover, subject, question, message, prover.angle, without)


def colours_that_suffice(prover: Prover) -> Iterator[CheckFinding]:
    """No model reaches the minimum evidence by facts that only colour."""
    angle = Angle(prover.judge, forget=_facts(prover, Use.DECIDES, Use.ADVISES, Use.WARNS))
    message = "Facts that may only colour reach the minimum evidence for the model without any other."
    for model in prover.rulebase.models:
        subject = Subject(COLOURS_SUFFICES, model, "facts that may only colour ever reach the minimum evidence")
        yield claim_none(prover, subject, _enough(model), message, angle)


def advice_that_decides(prover: Prover) -> Iterator[CheckFinding]:
    """No points, exclusion, requirement or preference depends on facts that advise or warn."""
    without = Angle(prover.judge, forget=_facts(prover, Use.ADVISES, Use.WARNS))
    message = "A fact that may only advise or warn bears on the choice of the model."
    for model in prover.rulebase.models:
        question = _moved(prover, model)
        subject = Subject(ADVICE_DECIDES, model, "a fact that may only advise or warn bears on the choice of the model")
        yield claim_none(prover, subject, question, message, prover.angle, without)


def _excluded_only_so(circuit: Circuit, model: str) -> Query:
    return lambda view, bare: circuit.all_of([view.excluded[model], circuit.negate(bare.excluded[model])])


def _enough(model: str) -> Query:
    return lambda view: view.enough[model]


def _moved(prover: Prover, model: str) -> Query:
    circuit = prover.circuit
    preferring = [rule.id for rule in prover.rulebase.rules.values() if model in rule.targets(Effect.PREFERS)]
    return lambda view, bare: circuit.any_of(
        [
            circuit.differ(view.excluded[model], bare.excluded[model]),
            circuit.differ(view.entitled[model], bare.entitled[model]),
            circuit.negate(circuit.same_number(view.points[model], bare.points[model])),
            *(circuit.differ(view.fired[rule], bare.fired[rule]) for rule in preferring),
        ]
    )


def _facts(prover: Prover, *uses: Use) -> frozenset[str]:
    return frozenset(fact.name for fact in prover.rulebase.vocabulary.facts.values() if fact.use in uses)
