"""What lies behind a decision, computed when asked: the ranking, the voices of the articles, support and dissent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cxrules.document import Block, Table, Told, mark_name
from cxrules.language.facts import join_words
from cxrules.language.ids import sorted_ids
from cxrules.language.names import ModelName, SignedCertainty
from cxrules.language.rules import Effect
from cxrules.policy.decider import Decider
from cxrules.policy.decision import Decision
from cxrules.policy.evidence import Evidence, certainty

__all__ = ["RankedModel", "Ranking", "Voice", "dissent", "fired_evidence", "rank", "support", "voices"]


@dataclass(frozen=True, slots=True)
class RankedModel:
    """One row of the ranking.

    Attributes:
        model: The model.
        points: The sum of the evidence, of either sign.
        certainty: The certainty factor of the points, from -1.0 to 1.0.
        candidate: Whether it passed exclusions, requirements and minimum evidence.
        excluded: Whether a fired rule rules it out.
        excluded_by: The rules that do.
        missing: Its requirements that are not established.
        set_aside_by: The rules that prefer another candidate.
    """

    model: ModelName
    points: int
    certainty: SignedCertainty
    candidate: bool
    excluded: bool
    excluded_by: tuple[str, ...]
    missing: tuple[str, ...]
    set_aside_by: tuple[str, ...]


class Ranking(tuple[RankedModel, ...], Told):
    """The rows of a ranking, best first: a tuple that a notebook shows as a table."""

    __slots__ = ()

    def tell(self) -> tuple[Block, ...]:
        """Return it as a table, models and rules by their names in the rule base."""
        rows = tuple((mark_name(row.model), str(row.points), f"{row.certainty:.2f}", _place(row)) for row in self)
        return (Table(("model", "points", "certainty", "standing"), rows),)


def _place(row: RankedModel) -> str:
    if row.excluded:
        return f"ruled out by {join_words(row.excluded_by)}"
    if row.missing:
        return f"requires {join_words(row.missing)}"
    if not row.candidate:
        return "too little evidence"
    return f"put behind another by {join_words(row.set_aside_by)}" if row.set_aside_by else "candidate"


@dataclass(frozen=True, slots=True)
class Voice:
    """What one article would say.

    Attributes:
        source: The article.
        model: The model that its own rules favour, whatever the rules of others exclude, or None when they favour none.
        points: Its points for that model; 0 without one.
        points_on_winner: Its points on the recommended model; 0 without one.
    """

    source: str
    model: ModelName | None
    points: int
    points_on_winner: int


def rank(decider: Decider, fired: int) -> tuple[RankedModel, ...]:
    """Rank every model, best first: candidates, candidates set aside, open models, excluded models; each by points."""
    models = tuple(decider.rulebase.models)
    points = decider.weigh(decider.count(fired))
    running = {models[position] for _, position in decider.candidates(fired)}
    aside = decider.set_aside(fired, running)
    rows = []
    for model, excluded in zip(models, decider.excluded(fired), strict=True):
        rows.append(
            RankedModel(
                model,
                points[model],
                certainty(points[model]),
                model in running,
                excluded,
                decider.excluders(fired, model) if excluded else (),
                decider.missing(fired, model),
                sorted_ids(aside.get(model, ())),
            )
        )
    rows.sort(key=lambda row: (row.excluded, not row.candidate, bool(row.set_aside_by), -row.points))
    return tuple(rows)


def fired_evidence(decider: Decider, fired: int) -> tuple[Evidence, ...]:
    """Return the evidence that counts: of fired rules with the same carrier for a model, one."""
    bits = decider.count(fired)
    found = []
    for bit, item in decider.items:
        if bits & bit:
            if not decider.has(fired, item.rule):
                item = _fired_twin(decider, fired, item)  # noqa: PLW2901 - the same evidence by a rule that fired
            found.append(item)
    return tuple(found)


def _fired_twin(decider: Decider, fired: int, item: Evidence) -> Evidence:
    same = (item.model, item.points, item.carrier, item.standing)
    return next(
        twin
        for twin in decider.evidence
        if (twin.model, twin.points, twin.carrier, twin.standing) == same and decider.has(fired, twin.rule)
    )


def voices(decider: Decider, decision: Decision) -> dict[str, Voice]:
    """Return the verdict of each article by its own rules, whatever the others exclude.

    What the article itself rules out, or puts behind another model it speaks for, it does not favour; what only a
    reading of the engineer's says is not its voice.
    """
    sums = _own_points(decider, decision.fired)
    found = {}
    for source, points in sums.items():
        refused = _refused_by(decider, decision.fired, source, points)
        own = [model for model in decider.rulebase.models if model not in refused]
        # The declared order decides among equals: max gives the first.
        best = max(own, key=lambda model, points=points: points[model], default=None)  # type: ignore[misc]
        if best is None or points[best] <= 0:
            best = None
        # An article with equal points for the recommended model favours that one.
        if decision.model in own and best and points[decision.model] == points[best]:
            best = decision.model
        on_winner = points[decision.model] if decision.model else 0
        found[source] = Voice(source, best, points[best] if best else 0, on_winner)
    return found


def _own_points(decider: Decider, fired: int) -> dict[str, dict[str, int]]:
    """Return for each article its own points for every model: each claim once, readings of the engineer's left out."""
    strongest: dict[tuple[str, str, bool, str], int] = {}
    for item in decider.evidence:
        if decider.has(fired, item.rule) and not decider.rulebase.rules[item.rule].engineer.reading:
            key = (item.source, item.model, item.points > 0, item.carrier)
            strongest[key] = max(strongest.get(key, 0), item.points, key=abs)
    sums: dict[str, dict[str, int]] = {source: defaultdict(int) for source in decider.rulebase.sources}
    for (source, model, _, _), points in strongest.items():
        sums[source][model] += points
    return sums


def _refused_by(decider: Decider, fired: int, source: str, points: Mapping[str, int]) -> set[str]:
    """Return the models that an article itself rules out, or puts behind one it speaks for."""
    refused: set[str] = set()
    for name in decider.names(fired):
        rule = decider.rulebase.rules[name]
        if decider.rulebase.claims[rule.because[0]].source == source and not rule.engineer.reading:
            refused.update(rule.targets(Effect.EXCLUDES))
            for conclusion in rule.then:
                if conclusion.effect is Effect.PREFERS and points.get(conclusion.target, 0) > 0:
                    refused.update(conclusion.over)
    return refused


def dissent(decider: Decider, decision: Decision) -> tuple[str, ...]:
    """Return the claims that disagree with a recommendation.

    They are the evidence against the winner; the supporting claims of every article whose voice puts a rival above the
    winner, for the rivals it so favours; the supporting claims of models set aside; and what an article says outright
    against the kind of owner that wins.
    """
    winner = decision.model
    if winner is None:
        return ()
    sums = _own_points(decider, decision.fired)
    refused = {source: _refused_by(decider, decision.fired, source, points) for source, points in sums.items()}
    aside = {row.model for row in rank(decider, decision.fired) if row.set_aside_by}
    rules = set()
    for item in _fired(decider, decision.fired):
        if item.model == winner:
            disagrees = item.points < 0
        else:
            own = sums[item.source]
            favoured = item.model not in refused[item.source] and own[item.model] > max(0, own[winner])
            disagrees = item.points > 0 and (favoured or item.model in aside)
        if disagrees:
            rules.add(item.rule)
    return sorted_ids((*_claims(decider, rules), *decider.rulebase.models[winner].against))


def support(decider: Decider, decision: Decision) -> tuple[str, ...]:
    """Return the claims behind the evidence for the winner, with those behind the findings it rests on."""
    rules = {item.rule for item in _fired(decider, decision.fired) if item.model == decision.model and item.points > 0}
    return _claims(decider, rest(decider, decision.fired, rules))


def rest(decider: Decider, fired: int, rules: Iterable[str]) -> set[str]:
    """Return rules together with the fired rules behind the findings they rest on."""
    rulebase = decider.rulebase
    reached: set[str] = set()
    waiting = list(rules)
    while waiting:
        rule = waiting.pop()
        if rule not in reached:
            reached.add(rule)
            for finding in rulebase.rules[rule].needs():
                waiting += [below for below in rulebase.concluders[finding] if decider.has(fired, below)]
    return reached


def _fired(decider: Decider, fired: int) -> Iterable[Evidence]:
    return (item for item in decider.evidence if decider.has(fired, item.rule))


def _claims(decider: Decider, rules: Iterable[str]) -> tuple[str, ...]:
    return sorted_ids(claim for rule in rules for claim in decider.rulebase.rules[rule].because)
