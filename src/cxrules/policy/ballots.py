"""What each article itself says, compiled to masks: its points for every model, and what it refuses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from cxrules.language.rules import Effect
from cxrules.policy.decider import Decider
from cxrules.policy.evidence import Evidence

__all__ = ["Ballot", "Refusals", "count_ballots", "sum_points"]


class Ballot(NamedTuple):
    """What one article itself says of one model, readings of the engineer's left out.

    Attributes:
        position: The model.
        single: The rules that alone carry a claim, as masks, each with what one of its rules counts.
        shared: For each claim that several rules carry, their masks, the strongest first, each with its points.
        rules_for: The rules that speak for the model.
        rules: All that count.
    """

    position: int
    single: tuple[tuple[int, int], ...]
    shared: tuple[tuple[tuple[int, int], ...], ...]
    rules_for: int
    rules: int

    def points(self, fired: int) -> int:
        """Return the article's own points for the model: each claim once, by the strongest rule that fired."""
        points = 0
        for rules, weight in self.single:
            points += weight * (fired & rules).bit_count()
        for levels in self.shared:
            for rules, weight in levels:
                if fired & rules:
                    points += weight
                    break
        return points


class Refusals(NamedTuple):
    """What one article itself rules out, each model as a bit with the rules, and what it puts behind which, by rule."""

    excluders: tuple[tuple[int, int], ...]
    preferences: tuple[tuple[int, int, int], ...]

    def refused(self, fired: int, favoured: int) -> int:
        """Return the models, as bits, that it rules out or puts behind one of those it favours."""
        bits = 0
        for model, rules in self.excluders:
            if fired & rules:
                bits |= model
        for rule, preferred, behind in self.preferences:
            if fired & rule and favoured >> preferred & 1:
                bits |= behind
        return bits


def count_ballots(decider: Decider) -> Iterator[tuple[str, tuple[Ballot, ...], Refusals]]:
    """Return what each article says of every model it speaks of, and what it refuses."""
    for source in decider.rulebase.sources:
        ballots = tuple(
            [
                _count_ballot(decider, position, items)
                for position, model in enumerate(decider.rulebase.models)
                if (items := [item for item in decider.evidence if (item.source, item.model) == (source, model)])
            ]
        )
        yield source, ballots, _list_refusals(decider, source)


def _count_ballot(decider: Decider, position: int, items: list[Evidence]) -> Ballot:
    groups: dict[tuple[bool, str], dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for item in items:
        if not decider.rulebase.rules[item.rule].engineer.reading:
            groups[item.points > 0, item.carrier][item.points].append(item.rule)
    single: dict[int, int] = defaultdict(int)
    shared = []
    for levels in groups.values():
        ranked = sorted(levels.items(), key=lambda level: -abs(level[0]))
        if len(ranked) == 1 and len(ranked[0][1]) == 1:
            points, rules = ranked[0]
            single[points] |= decider.mask(rules)
        else:
            shared.append(tuple([(decider.mask(rules), points) for points, rules in ranked]))
    speaking = decider.mask(item.rule for item in items if item.points > 0)
    counted = decider.mask({rule for levels in groups.values() for rules in levels.values() for rule in rules})
    return Ballot(
        position, tuple([(mask, points) for points, mask in single.items()]), tuple(shared), speaking, counted
    )


def _list_refusals(decider: Decider, source: str) -> Refusals:
    rulebase = decider.rulebase
    positions = {model: position for position, model in enumerate(rulebase.models)}
    own = [
        rule
        for rule in rulebase.rules.values()
        if rulebase.claims[rule.because[0]].source == source and not rule.engineer.reading
    ]
    excluders = [
        (1 << position, decider.mask(rule.id for rule in own if model in rule.targets(Effect.EXCLUDES)))
        for model, position in positions.items()
    ]
    preferences = [
        (
            decider.mask([rule.id]),
            positions[conclusion.target],
            sum(1 << positions[model] for model in conclusion.over),
        )
        for rule in own
        for conclusion in rule.then
        if conclusion.effect is Effect.PREFERS
    ]
    return Refusals(tuple([each for each in excluders if each[1]]), tuple(preferences))


def sum_points(bits: int, for_one: int, for_two: int, against_one: int, against_two: int) -> int:
    """Add up evidence whose points are masks in binary."""
    return (
        (bits & for_one).bit_count()
        + 2 * (bits & for_two).bit_count()
        - (bits & against_one).bit_count()
        - 2 * (bits & against_two).bit_count()
    )
