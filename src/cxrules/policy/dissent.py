"""The voices of the articles: who supports a decision, and who dissents. Worked out when asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cxrules.builtin.naming import ModelName, as_model
from cxrules.language.ids import sorted_ids
from cxrules.language.rules import Effect
from cxrules.policy.decider import Decider
from cxrules.policy.decision import Decision
from cxrules.policy.evidence import Evidence
from cxrules.policy.ranking import rank

__all__ = ["Voice", "dissent", "rest", "support", "voices"]


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
        found[source] = Voice(source, as_model(best), points[best] if best else 0, on_winner)
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
