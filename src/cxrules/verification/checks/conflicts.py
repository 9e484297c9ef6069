"""Checks for conflicting rules: exclusions of the only supported model, articles that contradict themselves."""

from __future__ import annotations

from collections.abc import Iterator

from cxrules.language.rules import Effect
from cxrules.verification.checks.assertions import Subject, claim_none
from cxrules.verification.circuit import Circuit
from cxrules.verification.prover import Prover, Query
from cxrules.verification.results import CheckFinding

__all__ = ["all_excluded", "articles_against_themselves", "excluded_yet_alone"]

EXCLUDED_YET_ALONE = "excluded-yet-alone"
ARTICLE_AGAINST_ITSELF = "article-against-itself"
ALL_EXCLUDED = "all-excluded"


def excluded_yet_alone(prover: Prover) -> Iterator[CheckFinding]:
    """No model is excluded while it alone has points above 0."""
    message = "The model is excluded though it is the only one with points above 0."
    for model in prover.rulebase.models:
        subject = Subject(EXCLUDED_YET_ALONE, model, "the model is ever excluded while it alone has points above 0")
        yield claim_none(prover, subject, _excluded_alone(prover.circuit, model), message)


def articles_against_themselves(prover: Prover) -> Iterator[CheckFinding]:
    """No article supports and excludes one model of one organisation."""
    rulebase = prover.rulebase
    source = {rule.id: rulebase.claims[rule.because[0]].source for rule in rulebase.rules.values()}
    for model in rulebase.models:
        for article in rulebase.sources:
            supporting = [rule for rule in prover.outcome.concluders(Effect.SUPPORTS, model) if source[rule] == article]
            excluding = [rule for rule in prover.outcome.concluders(Effect.EXCLUDES, model) if source[rule] == article]
            yield claim_none(
                prover,
                Subject(
                    ARTICLE_AGAINST_ITSELF,
                    f"{article}: {model}",
                    "rules of the article ever support and exclude the model together",
                ),
                _both(prover.circuit, supporting, excluding),
                "Rules of the article both support and exclude the model: "
                f"{', '.join(supporting)}; {', '.join(excluding)}.",
            )


def _excluded_alone(circuit: Circuit, model: str) -> Query:
    return lambda view: circuit.all_of(
        [
            view.excluded[model],
            circuit.at_least(view.points[model], 1),
            *(circuit.negate(circuit.at_least(points, 1)) for rival, points in view.points.items() if rival != model),
        ]
    )


def _both(circuit: Circuit, supporting: list[str], excluding: list[str]) -> Query:
    return lambda view: circuit.all_of(
        [
            circuit.any_of(view.fired[rule] for rule in supporting),
            circuit.any_of(view.fired[rule] for rule in excluding),
        ]
    )


def all_excluded(prover: Prover) -> Iterator[CheckFinding]:
    """No organisation has every model excluded."""
    yield claim_none(
        prover,
        Subject(ALL_EXCLUDED, "every model", "all models are ever excluded together"),
        lambda view: view.all_excluded,
        "Every model is excluded, so nothing is left to recommend.",
    )
