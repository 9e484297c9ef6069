"""The reasons that decide a decision, and those that keep back the closest other model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from cxrules.explanation.decisive import Damage, rate_rules
from cxrules.explanation.derivation import Case, Derivation, Step, reason
from cxrules.explanation.text.words import join_clauses, join_names, name
from cxrules.explanation.why_not import WhyNot, rebut, why_not
from cxrules.language.rules import Effect
from cxrules.policy.decision import Decision, Reason
from cxrules.policy.judge import Judge
from cxrules.policy.ranking import Preference, list_preferences

__all__ = ["choose_reasons", "tell_contrast", "tell_exclusions"]

_MOST_REASONS = 4
_MOST_GATES = 2
_MOST_GENERAL = 2
_ENOUGH = 3
"""The number of reasons from which none is added that rests on facts already mentioned."""


def tell_contrast(judge: Judge, decision: Decision, derivation: Derivation, reasons: Iterable[str]) -> str:
    """Describe why the closest other model is not recommended; empty if none is close.

    Args:
        judge: The policy.
        decision: A decision of it.
        derivation: How it came about.
        reasons: The rules already mentioned, in order.
    """
    nearest = _choose_rival(judge, decision, derivation)
    if nearest is None or decision.reason in (Reason.ALL_EXCLUDED, Reason.NOTHING_KNOWN):
        return ""
    called = name(judge.rulebase, nearest.model)
    if decision.model is None:
        return f"The closest candidate is {called}. {rebut(judge, nearest)}"
    places = {rule: place for place, rule in enumerate(reasons)}
    return f"Why not {called}? {rebut(judge, nearest, places)}"


def _choose_rival(judge: Judge, decision: Decision, derivation: Derivation) -> WhyNot | None:
    """Choose the model over which the winner is recommended, or the closest one if none is.

    It is the runner-up; failing that, a candidate set aside; failing that, the other model with most points.
    """
    others = [case for case in derivation.cases if case.model.id != decision.model]
    if not others:
        return None
    best = decision.runner_up or max(others, key=lambda case: (case.candidate, case.points)).model.id
    return why_not(judge, decision, best, derivation)


def choose_reasons(judge: Judge, decision: Decision, derivation: Derivation) -> dict[str, str]:
    """Choose at most four reasons, each a different idea and, where possible, from another article.

    First come reasons that keep back a model with more evidence; then decisive reasons that rest on the organisation's
    facts, the most decisive first; then reasons against models with some support. Reasons that hold for any
    organisation come last, and only one of them unless there is nothing else.

    Returns:
        The reasons in words, by rule; none if no model is recommended.
    """
    if decision.model is None:
        return {}
    steps = {step.rule.id: step for step in derivation.steps()}
    ratings = rate_rules(judge, decision)
    teller = _EffectTeller(judge, decision, derivation)
    effects = {rule: teller.tell(steps[rule]) for rule in ratings if rule in steps}
    decisive = {rule: effect for rule, effect in effects.items() if effect is not None}
    chosen: dict[str, str] = {}
    for step in _list_gates(derivation, teller.prefers_winner):
        if len(chosen) < _MOST_GATES and not {given.fact for given in step.roots()} <= _facts_of(steps, chosen):
            chosen[step.rule.id] = teller.tell_reason(step)
    own = {rule: effect for rule, effect in decisive.items() if steps[rule].roots()}
    general = {rule: effect for rule, effect in decisive.items() if rule not in own}
    _add_decisive(chosen, own, ratings, steps)
    for step in _list_keepers(derivation):
        if len(chosen) == _MOST_REASONS:
            break
        if not {given.fact for given in step.roots()} <= _facts_of(steps, chosen):
            chosen[step.rule.id] = teller.tell_reason(step)
    _add_decisive(
        chosen, general, ratings, steps, most=min(_MOST_REASONS, len(chosen) + 1) if chosen else _MOST_GENERAL
    )
    return chosen


def _add_decisive(
    chosen: dict[str, str],
    decisive: dict[str, str],
    ratings: dict[str, Damage],
    steps: dict[str, Step],
    most: int = _MOST_REASONS,
) -> None:
    """Add decisive reasons, the most decisive first, up to a number of reasons in all."""
    while len(chosen) < most and not decisive.keys() <= chosen.keys():
        rule = max((rule for rule in decisive if rule not in chosen), key=_Worth(ratings, steps, chosen))
        told = {given.fact for given in steps[rule].roots()} <= _facts_of(steps, chosen)
        if told and steps[rule].roots() and len(chosen) >= _ENOUGH and not ratings[rule].model_falls:
            return
        chosen[rule] = reason(steps[rule], decisive[rule])


class _Worth:
    """Sort key for the next reason: how much it adds to those chosen already."""

    def __init__(self, ratings: dict[str, Damage], steps: dict[str, Step], chosen: Iterable[str]) -> None:
        self._ratings = ratings
        self._steps = steps
        self._articles = Counter(steps[rule].source.id for rule in chosen)
        self._facts = _facts_of(steps, chosen)

    def __call__(self, rule: str) -> tuple[bool, int, int]:
        step, damage = self._steps[rule], self._ratings[rule]
        roots = {given.fact for given in step.roots()}
        stale = self._articles[step.source.id] + (2 if roots <= self._facts else 0)
        weight = max(damage.lead_lost, damage.points_lost) + damage.status_falls
        return damage.model_falls, weight - stale, damage.points_lost


def _facts_of(steps: dict[str, Step], rules: Iterable[str]) -> set[str]:
    return {given.fact for rule in rules for given in steps[rule].roots()}


def _list_gates(derivation: Derivation, prefers_winner: Callable[[Step], bool]) -> Iterator[Step]:
    """Return the rules that exclude or set aside models with at least as much evidence as the winner.

    A rule that sets a model aside in favour of a third one is left out if another does so in favour of the winner.
    """
    winner = derivation.cases[0]
    for case in derivation.cases[1:]:
        if case.points >= winner.points and (case.excluded_by or case.set_aside_by):
            in_favour = tuple(step for step in case.set_aside_by if prefers_winner(step))
            yield from in_favour or case.set_aside_by or case.excluded_by


def _list_keepers(derivation: Derivation) -> Iterator[Step]:
    """Return the rules that exclude or weaken other models, first those against models with support."""
    others = derivation.cases[1:]
    rivals = [case for case in others if any(item.points > 0 for item in case.evidence)]
    yield from _list_keepers_of(rivals)
    yield from _list_keepers_of([case for case in others if all(item.points <= 0 for item in case.evidence)])


def _list_keepers_of(rivals: list[Case]) -> Iterator[Step]:
    excluding = [step for case in rivals for step in case.excluded_by]
    weights: Counter[str] = Counter()
    opposing = {}
    for case in rivals:
        for item in case.evidence:
            if item.points < 0 and not item.step.standing:
                weights[item.step.rule.id] -= item.points
                opposing[item.step.rule.id] = item.step
    yield from {step.rule.id: step for step in excluding}.values()
    yield from (opposing[rule] for rule, _ in weights.most_common())


class _EffectTeller:
    """Describes what rules do for the winner of a decision."""

    def __init__(self, judge: Judge, decision: Decision, derivation: Derivation) -> None:
        self._rulebase = judge.rulebase
        self._winner = derivation.cases[0]
        self._models = [case.model.id for case in derivation.cases]
        self._preferences: dict[str, list[Preference]] = {}
        for preference in list_preferences(judge.decider, decision.fired):
            self._preferences.setdefault(preference.rule, []).append(preference)

    def prefers_winner(self, step: Step) -> bool:
        """Return whether a rule sets a candidate aside in favour of the winner."""
        return any(each.model == self._winner.model.id for each in self._preferences.get(step.rule.id, ()))

    def tell_reason(self, step: Step) -> str:
        """Describe a rule and what it does for the winner; empty if it acts only through other rules."""
        effect = self.tell(step)
        return "" if effect is None else reason(step, effect)

    def tell(self, step: Step) -> str | None:
        """Describe as a relative clause what a rule does for the winner.

        It is empty if the rule supports the winner, and None if it acts only through other rules.
        """
        winner, rule, then = self._winner.model.id, step.rule.id, step.rule.then
        if rule in self._preferences:
            return self._tell_preferences(self._preferences[rule])
        if any(item.effect is Effect.SUPPORTS and item.target == winner for item in then):
            return ""
        excluded = step.rule.targets(Effect.EXCLUDES)
        if excluded:
            return f"which rules out {join_names(self._rulebase, excluded)}"
        met = [finding.states for finding in self._winner.met if rule in [each.rule.id for each in finding.steps]]
        if met:
            return f"so that {join_clauses(met)}, as {self._name(winner)} requires"
        opposed = [item.target for item in then if item.effect is Effect.OPPOSES and item.target != winner]
        return f"which speaks against {join_names(self._rulebase, opposed)}" if opposed else None

    def _tell_preferences(self, preferences: Sequence[Preference]) -> str:
        """Describe which candidates a rule ranks above which; if the winner is not among them, also how that helps it.

        Nothing else is said of a rule that prefers the winner and a third candidate as well.
        """
        winner = self._winner.model.id
        told = [each for each in preferences if each.model == winner] or preferences
        behind: dict[str, set[str]] = {}
        for each in told:
            behind.setdefault(each.model, set()).update(each.over)
        ranked = [f"{self._name(best)} above {self._join(rest)}" for best, rest in behind.items()]
        clause = f"which ranks {join_clauses(ranked)}"
        if winner in behind:
            return clause
        rivals = "a rival" if len(set.union(*behind.values())) == 1 else "rivals"
        return f"{clause} and so removes {rivals} of {self._name(winner)}"

    def _join(self, models: Collection[str]) -> str:
        return join_names(self._rulebase, (model for model in self._models if model in models))

    def _name(self, model: str) -> str:
        return name(self._rulebase, model)


def tell_exclusions(judge: Judge, derivation: Derivation) -> dict[str, str]:
    """Describe what rules out every model, by rule; nothing unless all are ruled out."""
    if derivation.reason is not Reason.ALL_EXCLUDED:
        return {}
    excluders: dict[str, Step] = {}
    excluded: dict[str, list[str]] = {}
    for case in derivation.cases:
        step = case.excluded_by[0]
        excluders[step.rule.id] = step
        excluded.setdefault(step.rule.id, []).append(case.model.id)
    return {
        rule: reason(step, f"which rules out {join_names(judge.rulebase, excluded[rule])}")
        for rule, step in excluders.items()
    }
