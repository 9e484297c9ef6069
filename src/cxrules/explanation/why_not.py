"""Why not this model? The steps of the policy at which it fails, with the rules and claims behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from cxrules.builtin.naming import ModelName, as_model
from cxrules.document import Block, Paragraph
from cxrules.explanation.contradictions import tell_contradictions
from cxrules.explanation.counterfactuals import Counterfactuals, counterfactuals
from cxrules.explanation.derivation import Case, Derivation, GivenFact, Step, cite, facts_clause, reason
from cxrules.explanation.text.words import join_clauses, lower_first, name, sentence, topics, upper_first
from cxrules.explanation.trace import trace
from cxrules.language.facts import join_words
from cxrules.language.ids import sorted_ids
from cxrules.policy.decision import Decision
from cxrules.policy.judge import Judge
from cxrules.policy.ranking import list_preferences
from cxrules.portable.base import Portable, travels
from cxrules.portable.basis import Basis
from cxrules.portable.fields import published, published_as
from cxrules.search.reachable_findings import complete_for, opposed, wanted

__all__ = ["Obstacle", "Requirement", "WhyNot", "rebut", "why_not"]


class Obstacle(StrEnum):
    """The kinds of obstacle to recommending a model, in the order of the policy."""

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
        opposed: The given facts that keep them from firing.
        wanted: The unknown facts that can still establish it; none if refused.
    """

    finding: str
    states: str
    refused: bool
    rules: tuple[str, ...]
    opposed: tuple[GivenFact, ...]
    wanted: tuple[str, ...]


@travels
@dataclass(frozen=True, repr=False, eq=False)
class WhyNot(Portable):
    """The obstacles to recommending a model.

    Attributes:
        model: The model.
        obstacles: Every obstacle, in the order of the policy; none for the recommended model.
        case: Everything for and against the model.
        winner: The same for the recommended model; None if there is none.
        requirements: Its requirements that are not established.
        steps: The fired rules behind the first obstacle: those that rule it out or set it aside; otherwise those that
            speak against it and those that speak for the winner.
        claims: The claims behind the rules behind the first obstacle, in id order.
        decision: What was decided.
    """

    model: ModelName
    obstacles: tuple[Obstacle, ...]
    case: Case
    winner: Case | None
    requirements: tuple[Requirement, ...]
    steps: tuple[Step, ...]
    claims: tuple[str, ...]
    _decision: Decision = field(compare=False, metadata=published_as("decision"))
    _deadline: float | None = field(default=None, compare=False, repr=False)

    DERIVED = ("kind", "rules")

    @published
    def decision(self) -> Decision:
        """What was decided."""
        return self._decision

    @published
    def kind(self) -> Obstacle | None:
        """The first obstacle; None for the recommended model."""
        return self.obstacles[0] if self.obstacles else None

    @published
    def rules(self) -> tuple[str, ...]:
        """The rules behind the first obstacle, in id order."""
        return _rules_behind(self.kind, self.requirements, self.steps)

    @property
    def nearest_change(self) -> Counterfactuals:
        """Every cheapest set of at most three changes that would make it win, searched for when read.

        Each is confirmed by a decision before it is returned. If there is none, the search proves it, unless its budget
        ran out.
        """
        judge = self._basis.judge
        found = counterfactuals(judge, self._decision, self.model, deadline=self._deadline)
        for change in found.sets:
            assert judge.decide(change.facts).model == self.model
        return found

    def tell(self) -> tuple[Block, ...]:
        """Return every obstacle, and the nearest change that would make it win, in words."""
        return _tell(self._basis.judge, self)


def why_not(
    judge: Judge,
    decision: Decision,
    model: str,
    derivation: Derivation | None = None,
    *,
    deadline: float | None = None,
) -> WhyNot:
    """Find the obstacles to recommending a model.

    The search for the nearest change, made when it is read, takes no longer than the deadline.

    Raises:
        ValueError: If there is no such model.
    """
    if model not in judge.rulebase.models:
        raise judge.rulebase.refuse_subject("model", model)
    derivation = derivation or trace(judge, decision)
    case = derivation.case(model)
    winner = derivation.case(decision.model) if decision.model else None
    if winner is case:
        return WhyNot(as_model(case.model.id), (), case, winner, (), (), (), decision, deadline, _basis=Basis(judge))
    requirements = _examine_requirements(judge, decision, case)
    obstacles = tuple(_list_obstacles(judge, case, requirements, winner))
    steps = _steps(obstacles[0], case, winner)
    behind = _rules_behind(obstacles[0], requirements, steps)
    claims = sorted_ids(claim for rule in behind for claim in judge.rulebase.rules[rule].because)
    basis = Basis(judge)
    return WhyNot(
        as_model(case.model.id), obstacles, case, winner, requirements, steps, claims, decision, deadline, _basis=basis
    )


def _rules_behind(
    kind: Obstacle | None, requirements: tuple[Requirement, ...], steps: tuple[Step, ...]
) -> tuple[str, ...]:
    if kind in (Obstacle.REQUIREMENT_REFUSED, Obstacle.REQUIREMENT_UNKNOWN):
        return sorted_ids(rule for requirement in requirements for rule in requirement.rules)
    return sorted_ids(step.rule.id for step in steps)


def _examine_requirements(judge: Judge, decision: Decision, case: Case) -> tuple[Requirement, ...]:
    missing = [finding for finding, _ in case.missing]
    within_reach = {finding: complete_for(judge, decision.known, [finding]) is not None for finding in missing}
    if all(within_reach.values()) and len(missing) > 1 and complete_for(judge, decision.known, missing) is None:
        # Each can be met, but not all together.
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


_ORDINALS = ("first", "second", "third", "fourth")
_FEW = 2
_MOST_TOPICS = 4
_NARROW = 2
_WIDE = 6


def _tell(judge: Judge, objection: WhyNot) -> tuple[Block, ...]:
    model = name(judge.rulebase, objection.model)
    contradictions = tell_contradictions(judge, objection.decision)
    if objection.kind is None:
        return (*contradictions, Paragraph(f"{model} is the recommendation: {objection.case.model.says}."))
    teller = _Teller(judge, objection, {}, brief=False)
    first, *others = objection.obstacles
    return (
        *contradictions,
        Paragraph(f"Why not {model}? {teller.tell(first)}"),
        *(Paragraph(f"Besides, {teller.tell(obstacle, within=True)}") for obstacle in others),
        *objection.nearest_change.tell(),
    )


def rebut(judge: Judge, objection: WhyNot, told: Mapping[str, int] | None = None) -> str:
    """Describe the first obstacle to recommending a model, which the text has just named, in a few sentences.

    The rules in `told`, which the text has already given as reasons, are referred to by their places, counted from 0.
    """
    assert objection.kind is not None
    return _Teller(judge, objection, told or {}, brief=told is not None).tell(objection.kind)


class _Teller:
    """Describes the obstacles of one model, which the text has just named."""

    def __init__(self, judge: Judge, objection: WhyNot, told: Mapping[str, int], *, brief: bool) -> None:
        self._judge = judge
        self._objection = objection
        self._case = objection.case
        self._told = told
        self._brief = brief

    def tell(self, obstacle: Obstacle, *, within: bool = False) -> str:
        """Describe one obstacle, without an initial capital if a sentence has begun."""
        tellers: dict[Obstacle, Callable[[], str]] = {
            Obstacle.EXCLUDED: self._tell_exclusion,
            Obstacle.REQUIREMENT_REFUSED: self._tell_refusal,
            Obstacle.REQUIREMENT_UNKNOWN: self._tell_open_requirement,
            Obstacle.NO_EVIDENCE: self._tell_lack,
            Obstacle.TOO_LITTLE_EVIDENCE: self._tell_too_little,
            Obstacle.SET_ASIDE: self._tell_preference,
            Obstacle.OUTWEIGHED: self._tell_weights,
        }
        text = tellers[obstacle]()
        return text if within else upper_first(text)

    def _tell_exclusion(self) -> str:
        steps = self._case.excluded_by
        return self._since("ruled out", steps[:_FEW] if self._brief else steps)

    def _tell_refusal(self) -> str:
        refused = [requirement for requirement in self._objection.requirements if requirement.refused]
        return " ".join(
            text if first else sentence(text)
            for first, text in ((requirement is refused[0], self._refuse(requirement)) for requirement in refused)
        )

    def _refuse(self, requirement: Requirement) -> str:
        required = f"it would require that {requirement.states}"
        if not requirement.opposed:
            return f"{required}, and nothing that could still become known would bring that about."
        return f"{required}. That is out of reach: {facts_clause(requirement.opposed)}."

    def _tell_open_requirement(self) -> str:
        requirements = self._objection.requirements
        clauses = join_clauses([requirement.states for requirement in requirements])
        facts = list(dict.fromkeys(fact for requirement in requirements for fact in requirement.wanted))
        asked = facts[:_MOST_TOPICS] if self._brief else facts
        chiefly = "chiefly " if len(asked) < len(facts) else ""
        depends = f" It depends {chiefly}on {topics(self._judge.rulebase, asked)}." if asked else ""
        return f"it would require that {clauses}; whether that is so is not known.{depends}"

    def _tell_lack(self) -> str:
        speaking_for, against = _best(self._case, 1), _best(self._case, -1)
        if against is None:
            return "nothing that is known speaks for it."
        if speaking_for is None:
            here = "nothing that is known speaks for it, and something speaks against it."
            return f"{here} {self._give((against,))}"
        here = "the evidence against it is at least as strong as the evidence for it."
        return f"{here} {self._give((against,))}"

    def _tell_too_little(self) -> str:
        return f"too little of the evidence for it is specific to this organisation. {self._tell_best(1)}"

    def _tell_preference(self) -> str:
        decision, winner = self._objection.decision, self._objection.decision.model
        preferences = list_preferences(self._judge.decider, decision.fired)
        above = {each.rule: each.model for each in preferences if self._objection.model in each.over}
        # The reason says of a rule that prefers the winner what it ranks below that one, and no more.
        silent = {each.rule for each in preferences if each.model == winner and above.get(each.rule) != winner}
        told = [step for step in self._case.set_aside_by if step.rule.id in self._told and step.rule.id not in silent]
        acceptable = "it would also be acceptable, but"
        if told:
            return f"{acceptable} the {self._ordinal(told[0])} reason above ranks it lower."
        step = next((step for step in self._case.set_aside_by if above[step.rule.id] == winner), None)
        step = step or self._case.set_aside_by[0]
        best = name(self._judge.rulebase, above[step.rule.id])
        return f"{acceptable} a rule ranks {best} above it. {reason(step)}"

    def _tell_weights(self) -> str:
        winner = self._objection.winner
        assert winner is not None
        best = name(self._judge.rulebase, winner.model.id)
        lead = winner.points - self._case.points
        if lead == 0:
            margin = f"the evidence for it is as strong as for {best}, which comes first in the declared order."
        elif lead < _NARROW:
            margin = f"the evidence for it is nearly as strong as for {best}."
        else:
            margin = f"the evidence for it is {'far ' if lead >= _WIDE else ''}weaker than for {best}."
        return " ".join(part for part in (margin, self._tell_best(1), self._tell_best(-1)) if part)

    def _tell_best(self, sign: int) -> str:
        step = _best(self._case, sign)
        if step is None:
            return ""
        most = f"the strongest point {'for' if sign > 0 else 'against'} it"
        if step.rule.id in self._told:
            return sentence(f"{most} is the {self._ordinal(step)} reason above")
        here = facts_clause(step.roots())
        rationale = step.rule.rationale.rstrip(". ")
        if not here:
            return sentence(f"{most} holds for any organisation: {lower_first(rationale)} ({cite(step)})")
        return f"{sentence(f'{most} is that {here}')} {rationale} ({cite(step)})."

    def _since(self, verdict: str, steps: tuple[Step, ...]) -> str:
        """Return a verdict with its reasons; in one sentence if the text has already given all of them."""
        if steps and all(step.rule.id in self._told for step in steps):
            places = join_words([self._ordinal(step) for step in steps])
            return f"it is {verdict} by the {places} {'reason' if len(steps) == 1 else 'reasons'} above."
        return f"it is {verdict}. {self._give(steps)}"

    def _give(self, steps: tuple[Step, ...]) -> str:
        return " ".join(
            f"See the {self._ordinal(step)} reason above." if step.rule.id in self._told else reason(step)
            for step in steps
        )

    def _ordinal(self, step: Step) -> str:
        return _ORDINALS[self._told[step.rule.id]]


def _best(case: Case, sign: int) -> Step | None:
    items = [item for item in case.evidence if item.points * sign > 0]
    return max(items, key=lambda item: abs(item.points)).step if items else None
