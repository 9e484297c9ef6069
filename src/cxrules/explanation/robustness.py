"""How robust a recommendation is: its lead, the step that decides it, and the single rules and tones it depends on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from operator import itemgetter

from cxrules.builtin.naming import ModelName, as_model
from cxrules.columns.cohort import Cohort, column_of
from cxrules.document import Block, Paragraph, mark_title
from cxrules.explanation.text.words import count, join_clauses, join_names, name, sentence
from cxrules.language.rules import Effect, Tone
from cxrules.policy.decider import Decider
from cxrules.policy.decision import Decision, Status
from cxrules.policy.evidence import Evidence, weigh_rule
from cxrules.policy.judge import Judge
from cxrules.policy.ranking import Preference, list_preferences
from cxrules.portable.base import Portable, travels
from cxrules.portable.basis import Basis
from cxrules.search.budget import Budget
from cxrules.search.possibilities import possibilities_of

__all__ = ["DecidingStep", "Robustness", "RuleFlip", "ToneFlip", "robustness"]

_SHOWN = 3


class DecidingStep(StrEnum):
    """The step of the policy that ranks the model above the others."""

    ONLY = "only"
    PREFERENCE = "preference"
    POINTS = "points"
    ORDER = "order"


@dataclass(frozen=True, slots=True)
class RuleFlip:
    """A rule without which the model or the status would differ.

    Attributes:
        rule: The rule.
        model: The model without it, or None.
        status: Its status then.
    """

    rule: str
    model: ModelName | None
    status: Status


@dataclass(frozen=True, slots=True)
class ToneFlip:
    """A claim that would change the model or the status if its author spoke one step more or less firmly.

    Attributes:
        claim: The claim.
        tone: The tone that would change it.
        model: The model then, or None.
        status: Its status then.
    """

    claim: str
    tone: Tone
    model: ModelName | None
    status: Status


@travels
@dataclass(frozen=True, repr=False, eq=False)
class Robustness(Portable):
    """How robust a recommendation is.

    Attributes:
        model: The model, or None.
        status: The status that the policy gives it.
        step: The step that ranks it above the others: `only` (no other candidate), `preference` (a rule sets the others
            aside), `points`, or `order` (the declared order, at equal points); None without a model.
        lead: By how many points it leads the runner-up; its own points without one.
        runner_up: The next candidate, or None.
        set_aside: The candidates that a preference sets aside.
        preferences: The preferences that do so, in the order of their rules.
        rules: The rules, in id order, each of whose removal would change the model or the status.
        tones: The changes of one claim's tone by one step that would, by claim in id order.
        complete: Whether every rule and tone was tried; otherwise the deadline ended the search.
    """

    model: ModelName | None
    status: Status
    step: DecidingStep | None
    lead: int
    runner_up: ModelName | None
    set_aside: tuple[ModelName, ...]
    preferences: tuple[Preference, ...]
    rules: tuple[RuleFlip, ...]
    tones: tuple[ToneFlip, ...]
    complete: bool

    def tell(self) -> tuple[Block, ...]:
        """Return it in words."""
        said = [self._say_lead()]
        if not self.complete:
            said.append("Not every rule and tone was tried within the limits of the search.")
        turning = [flip for flip in self.rules if flip.model != self.model]
        if turning:
            each = "a single rule" if len(turning) == 1 else f"each of {count(len(turning), 'rule')}"
            depends = "The model depends" if self.model else "This depends"
            said.append(f"{depends} on {each}: without it {self._tell_flips(turning)}.")
            if len(turning) > _SHOWN:
                said.append(f"Here are {count(_SHOWN, 'of them', 'of them')}.")
            said += [self._say_rule(flip) for flip in turning[:_SHOWN]]
        elif self.complete:
            stays = "the model would be the same" if self.model else "this would not change"
            depends = "Even so, it depends" if self.step is DecidingStep.PREFERENCE else "It depends"
            said.append(f"{depends} on no single rule: without any one of them {stays}.")
        claims = {flip.claim: flip for flip in self.tones if flip.model != self.model}
        if claims:
            sources = sorted({self.rulebase.claims[claim].source for claim in claims})
            titles = " or ".join(mark_title(self.rulebase.sources[source].title) for source in sources)
            times = count(len(claims), "claim")
            said.append(f"A slightly firmer or softer tone in {times} of {titles} would change it.")
        elif self.complete:
            said.append("No author's tone, one step firmer or softer, would change it.")
        return (Paragraph(" ".join(said)),)

    def _say_lead(self) -> str:
        if self.model is None:
            return "No model can be recommended."
        own = name(self.rulebase, self.model)
        if self.step is DecidingStep.ONLY:
            return f"{own} is the only model in the running."
        if self.step is DecidingStep.PREFERENCE:
            return f"{own} comes first because {join_clauses(list(self._list_preferences(self.model)))}."
        other = name(self.rulebase, self.runner_up or "")
        if self.step is DecidingStep.ORDER:
            return f"The evidence for {own} and {other} is even, and the order of preference decides."
        narrowly = ", but not by much" if self.status is Status.CONTESTED else ""
        return f"{own} comes before {other} by the weight of the evidence{narrowly}."

    def _tell_flips(self, flips: Iterable[RuleFlip]) -> str:
        """Describe in one clause what would be recommended without any one of some rules."""
        models = [flip.model for flip in flips]
        if self.model is None:
            return "a model could be recommended"
        if None not in models:
            return "the model would be another"
        return "the model would be another, or there would be none" if any(models) else "no model could be recommended"

    def _list_preferences(self, winner: ModelName) -> Iterator[str]:
        """Describe what ranks every other candidate below another: below the winner, where a rule does so."""
        below: dict[ModelName, list[Preference]] = {winner: []}
        for preference in self.preferences:
            below.setdefault(preference.model, []).append(preference)
        told: set[ModelName] = set()
        for best, preferences in below.items():
            behind = [model for model in self.set_aside if any(model in each.over for each in preferences)]
            behind = [model for model in behind if model not in told]
            if behind:
                told.update(behind)
                one = any(set(behind) <= set(each.over) for each in preferences)
                named = "it" if best == winner else name(self.rulebase, best)
                ranked = join_names(self.rulebase, behind)
                yield f"{'a rule ranks' if one else 'rules rank'} {named} above {ranked}"

    def _say_rule(self, flip: RuleFlip) -> str:
        because = self.rulebase.rules[flip.rule].rationale.rstrip(". ")
        then = (
            "no model could be recommended"
            if flip.model is None
            else f"the model would be {name(self.rulebase, flip.model)}"
        )
        return f"{sentence(f'without the rule that says the following, {then}')[:-1]}: {because}."


def robustness(judge: Judge, decision: Decision, *, deadline: float | None = None) -> Robustness:
    """Find by how much a model leads, and on which single rules and tones it depends, within a deadline in seconds."""
    budget = Budget(deadline=deadline)
    decider = judge.decider
    models = tuple(decider.rulebase.models)
    preferences = list_preferences(decider, decision.fired)
    aside = {model for preference in preferences for model in preference.over}
    return Robustness(
        as_model(decision.model),
        decision.status,
        _step(decision, aside),
        decision.lead,
        as_model(decision.runner_up),
        tuple(as_model(model) for model in models if model in aside),
        preferences,
        tuple(_flip_rules(judge, decision, budget)),
        tuple(_flip_tones(judge, decision, budget)),
        not budget.cut_short,
        _basis=Basis(judge),
    )


def _step(decision: Decision, aside: Collection[str]) -> DecidingStep | None:
    if decision.model is None:
        return None
    if decision.runner_up is None:
        return DecidingStep.PREFERENCE if aside else DecidingStep.ONLY
    return DecidingStep.POINTS if decision.lead else DecidingStep.ORDER


def _flip_rules(judge: Judge, decision: Decision, budget: Budget) -> Iterable[RuleFlip]:
    """Decide once without each fired rule: as many columns as rules, one rule silent in each."""
    if budget.spent:
        return
    rulebase = judge.rulebase
    possibilities = possibilities_of(judge)
    fired = judge.decider.names(decision.fired)
    everything = (1 << len(fired)) - 1
    columns = {fact: column_of(rulebase.vocabulary, fact, value, everything) for fact, value in decision.known.items()}
    silenced = {rule: 1 << position for position, rule in enumerate(fired)}
    outcomes = possibilities.cohorts.decide(Cohort(everything, columns), silenced)
    for position, rule in enumerate(fired):
        if rule in rulebase.standing and rulebase.rules[rule].targets(Effect.FINDING):
            # Rules that rest on it may no longer be standing rules, and then weigh differently.
            if budget.spent:
                return
            then = _without(judge, rule, decision)
            model, status = then.model, then.status
        else:
            model = next(each for each, columns in outcomes.models.items() if columns >> position & 1)
            status = Status.CONTESTED if outcomes.contested >> position & 1 else Status.RECOMMENDED
            status = Status.UNDETERMINED if model is None else status
        if (model, status) != (decision.model, decision.status):
            yield RuleFlip(rule, as_model(model), status)


def _without(judge: Judge, rule: str, decision: Decision) -> Decision:
    from cxrules.engines import create_engine

    rulebase = judge.rulebase
    rest = replace(rulebase, rules={other: each for other, each in rulebase.rules.items() if other != rule})
    return Judge(create_engine("bitmap", rest)).decide(decision.known)


def _flip_tones(judge: Judge, decision: Decision, budget: Budget) -> Iterable[ToneFlip]:
    """Weigh the evidence again with each claim a step firmer or softer: the same rules fire, at other weights."""
    rulebase, decider, fired = judge.rulebase, judge.decider, decision.fired
    weighing = _Weighing(decider, fired)
    citing: dict[str, list[str]] = {}
    for rule in weighing.weights:
        for claim in rulebase.rules[rule].because:
            citing.setdefault(claim, []).append(rule)
    claims = dict(rulebase.claims)
    for claim, own in rulebase.claims.items():
        if claim not in citing:
            continue
        if budget.spent:
            return
        for tone in (Tone(step) for step in (own.tone - 1, own.tone + 1) if step in _TONES):
            claims[claim] = replace(own, tone=tone)
            changed = {rule: weigh_rule(rulebase, rulebase.rules[rule], claims) for rule in citing[claim]}
            candidates = weighing.weigh_again(changed)
            if candidates == weighing.candidates:
                continue
            then = decider.choose(decision.known, fired, candidates)
            if (then.model, then.status) != (decision.model, decision.status):
                yield ToneFlip(claim, tone, as_model(then.model), then.status)
        claims[claim] = own


_TONES = frozenset(Tone)


class _Weighing:
    """The evidence of the fired rules, of which some may weigh more or less.

    Attributes:
        candidates: The candidates at the weights as they are, with their points.
        weights: For each rule with evidence its points and the claim that carries them.
    """

    def __init__(self, decider: Decider, fired: int) -> None:
        self._decider = decider
        self._fired = fired
        self.candidates = decider.candidates(fired)
        self.weights: dict[str, tuple[int, str]] = {}
        self._models: dict[str, list[str]] = {}
        self._evidence: dict[str, list[Evidence]] = {}
        for item in decider.evidence:
            if decider.has(fired, item.rule):
                self.weights[item.rule] = abs(item.points), item.carrier
                self._models.setdefault(item.rule, []).append(item.model)
                self._evidence.setdefault(item.model, []).append(item)

    def weigh_again(self, weights: Mapping[str, tuple[int, str]]) -> list[tuple[int, int]]:
        """Return the candidates if some rules had other weights: only models that these speak of are weighed again."""
        changed = {rule: weight for rule, weight in weights.items() if weight != self.weights[rule]}
        models = dict.fromkeys(model for rule in changed for model in self._models[rule])
        if not models:
            return self.candidates
        evidence = [_weigh(item, changed) for model in models for item in self._evidence[model]]
        ledgers = self._decider.reweigh(models, evidence)
        again = {position for position, _ in ledgers}
        candidates = [candidate for candidate in self.candidates if candidate[1] not in again]
        return sorted([*candidates, *self._decider.candidates(self._fired, ledgers)], key=itemgetter(1))


def _weigh(item: Evidence, weights: Mapping[str, tuple[int, str]]) -> Evidence:
    if item.rule not in weights:
        return item
    points, carrier = weights[item.rule]
    return replace(item, points=points if item.points > 0 else -points, carrier=carrier)
