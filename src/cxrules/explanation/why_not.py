"""Why not this model? The steps of the policy at which it fails, with the rules and claims behind them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from cxrules.decision import Decision, Judge
from cxrules.errors import suggest
from cxrules.explanation.counterfactuals import Counterfactuals, counterfactuals
from cxrules.explanation.derivation import Case, Derivation, GivenFact, Step, trace
from cxrules.explanation.reach import complete_for, opposed, wanted
from cxrules.rulebase import sorted_ids

__all__ = ["Obstacle", "Requirement", "WhyNot", "why_not"]


class Obstacle(StrEnum):
    """What stands between a model and its recommendation, in the order of the policy."""

    EXCLUDED = "excluded"
    REQUIREMENT_REFUSED = "requirement_refused"
    REQUIREMENT_UNKNOWN = "requirement_unknown"
    NO_EVIDENCE = "no_evidence"
    TOO_LITTLE_EVIDENCE = "too_little_evidence"
    SET_ASIDE = "set_aside"
    OUTWEIGHED = "outweighed"


@dataclass(frozen=True, slots=True)
class Requirement:
    """A requirement of a model that is not established.

    Attributes:
        finding: Its name.
        states: A clause that states it.
        refused: Whether no coherent organisation with the known facts can meet it.
        rules: The rules that could have established it.
        opposed: The facts given that keep them from firing.
        wanted: The unknown facts from which it can still become known; none when refused.
    """

    finding: str
    states: str
    refused: bool
    rules: tuple[str, ...]
    opposed: tuple[GivenFact, ...]
    wanted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WhyNot:
    """What stands between one model and its recommendation.

    Attributes:
        model: The model.
        obstacles: Every obstacle, in the order of the policy; none for the recommended model.
        case: Everything for and against the model.
        winner: The same of the recommended model; None when there is none.
        requirements: Its requirements that are not established.
        steps: The fired rules behind the first obstacle: those that rule it out or set it aside; else those that speak
            against it and those that speak for the winner.
    """

    model: str
    obstacles: tuple[Obstacle, ...]
    case: Case
    winner: Case | None
    requirements: tuple[Requirement, ...]
    steps: tuple[Step, ...]
    _judge: Judge = field(repr=False, compare=False)
    _decision: Decision = field(repr=False, compare=False)

    @property
    def kind(self) -> Obstacle | None:
        """The first obstacle; None for the recommended model."""
        return self.obstacles[0] if self.obstacles else None

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules behind the first obstacle, in id order."""
        if self.kind in (Obstacle.REQUIREMENT_REFUSED, Obstacle.REQUIREMENT_UNKNOWN):
            return sorted_ids(rule for requirement in self.requirements for rule in requirement.rules)
        return sorted_ids(step.rule.id for step in self.steps)

    @property
    def claims(self) -> tuple[str, ...]:
        """The claims behind those rules, in id order."""
        rules = self._judge.rulebase.rules
        return sorted_ids(claim for rule in self.rules for claim in rules[rule].because)

    @property
    def nearest_change(self) -> Counterfactuals:
        """Every cheapest set of at most three changes that would make it win, searched for when read.

        Each is decided afresh before it is given; without any, the search is the proof that there is none, unless it
        says that its budget is exhausted.
        """
        found = counterfactuals(self._judge, self._decision, self.model)
        for change in found.sets:
            assert self._judge.decide(change.facts).model == self.model
        return found

    def explain(self) -> str:
        """Say it in words."""
        from cxrules.explanation.rebuttal import explain_why_not  # noqa: PLC0415 - words come last

        return explain_why_not(self._judge, self)


def why_not(judge: Judge, decision: Decision, model: str, derivation: Derivation | None = None) -> WhyNot:
    """Find what stands between a model and its recommendation.

    Args:
        judge: Who decided.
        decision: His decision.
        model: The model.
        derivation: The derivation, if it has been traced already.

    Raises:
        ValueError: If there is no such model.
    """
    models = judge.rulebase.models
    if model not in models:
        raise ValueError(f"no such model: {model!r}; {suggest(model, tuple(models))}".rstrip("; "))
    derivation = derivation or trace(judge, decision)
    case = derivation.case(model)
    winner = derivation.case(decision.model) if decision.model else None
    if winner is case:
        return WhyNot(case.model.id, (), case, winner, (), (), judge, decision)
    requirements = _examine_requirements(judge, decision, case)
    obstacles = tuple(_list_obstacles(judge, case, requirements, winner))
    steps = _steps(obstacles[0], case, winner)
    return WhyNot(case.model.id, obstacles, case, winner, requirements, steps, judge, decision)


def _examine_requirements(judge: Judge, decision: Decision, case: Case) -> tuple[Requirement, ...]:
    missing = [finding for finding, _ in case.missing]
    within_reach = {finding: complete_for(judge, decision.known, [finding]) is not None for finding in missing}
    if all(within_reach.values()) and len(missing) > 1 and complete_for(judge, decision.known, missing) is None:
        # Each could be met, but not all together.
        within_reach = dict.fromkeys(missing, False)
    known = decision.known
    facts = judge.rulebase.vocabulary.facts
    return tuple(
        Requirement(
            finding,
            states,
            not within_reach[finding],
            judge.rulebase.concluders[finding],
            tuple(
                GivenFact(name, known[name], facts[name].state(known[name])) for name in opposed(judge, known, finding)
            ),
            wanted(judge, known, finding) if within_reach[finding] else (),
        )
        for finding, states in case.missing
    )


def _list_obstacles(
    judge: Judge, case: Case, requirements: tuple[Requirement, ...], winner: Case | None
) -> list[Obstacle]:
    found = []
    if case.excluded_by:
        found.append(Obstacle.EXCLUDED)
    if any(requirement.refused for requirement in requirements):
        found.append(Obstacle.REQUIREMENT_REFUSED)
    elif requirements:
        found.append(Obstacle.REQUIREMENT_UNKNOWN)
    firm = sum(item.points for item in case.evidence if item.points > 0 and not item.step.standing)
    if case.points <= 0:
        found.append(Obstacle.NO_EVIDENCE)
    elif firm < judge.rulebase.policy.minimum_evidence:
        found.append(Obstacle.TOO_LITTLE_EVIDENCE)
    if case.set_aside_by:
        found.append(Obstacle.SET_ASIDE)
    elif winner is not None and 0 < case.points <= winner.points:
        found.append(Obstacle.OUTWEIGHED)
    return found


def _steps(kind: Obstacle, case: Case, winner: Case | None) -> tuple[Step, ...]:
    if kind is Obstacle.EXCLUDED:
        return case.excluded_by
    if kind is Obstacle.SET_ASIDE:
        return case.set_aside_by
    if kind in (Obstacle.REQUIREMENT_REFUSED, Obstacle.REQUIREMENT_UNKNOWN):
        return ()
    against = [item.step for item in case.evidence if item.points < 0]
    for_winner = [item.step for item in winner.evidence if item.points > 0] if winner else []
    return tuple({step.rule.id: step for step in (*against, *for_winner)}.values())
