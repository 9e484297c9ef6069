"""The voice of each article, and who supports a decision or dissents: compiled to masks, computed on request."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import NamedTuple

from cxrules.builtin.naming import ModelName
from cxrules.language.rules import Effect
from cxrules.late import dataclass
from cxrules.policy.answer_parts import keep_part
from cxrules.policy.decider import Decider
from cxrules.policy.evidence import Evidence

__all__ = ["Disagreement", "Heard", "Voice"]


@dataclass(frozen=True, slots=True)
class Voice:
    """What one article would recommend by itself.

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


class Ballot(NamedTuple):
    """What one article itself says about one model, without the engineer's readings.

    Attributes:
        position: The model.
        single: Rules whose claim no other rule carries, as masks, each with the points that one of its rules counts.
        shared: For each claim that several rules carry, their masks with their points, the strongest first.
        rules_for: The rules that speak for the model.
        rules: All that count.
        kept: The points of sets of rules that fired before.
    """

    position: int
    single: tuple[tuple[int, int], ...]
    shared: tuple[tuple[tuple[int, int], ...], ...]
    rules_for: int
    rules: int
    kept: dict[int, int]

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
    """The models that one article itself rules out, as bits with their rules, and its own preferences, by rule.

    Attributes:
        rules: The rules of both.
    """

    rules: int
    excluders: tuple[tuple[int, int], ...]
    preferences: tuple[tuple[int, int, int], ...]

    def refused(self, fired: int, favoured: int) -> int:
        """Return the models, as bits, that it rules out or ranks behind one that it favours."""
        bits = 0
        for model, rules in self.excluders:
            if fired & rules:
                bits |= model
        for rule, preferred, behind in self.preferences:
            if fired & rule and favoured >> preferred & 1:
                bits |= behind
        return bits


class Heard(NamedTuple):
    """The voice of one article in numbers; models are positions in the declared order."""

    source: str
    best: int | None
    points: int
    on_winner: int


class _Article(NamedTuple):
    source: str
    ballots: tuple[Ballot, ...]
    refusals: Refusals

    def speak(self, fired: int, winner: int | None) -> tuple[Heard, int]:
        """Return what the article says, and its rules for the rivals that it puts above the winner."""
        favoured, on_winner = self._count(fired, winner)
        refused = 0
        if favoured and fired & self.refusals.rules:
            refused = self.refusals.refused(fired, sum(1 << position for _, position, _ in favoured))
        best, most, dissenting = None, 0, 0
        for points, position, rules_for in favoured:
            if not refused >> position & 1:
                if points > most:  # among equals the first declared
                    best, most = position, points
                if winner is not None and position != winner and points > on_winner:
                    dissenting |= rules_for
        # An article with equal points for the recommended model favours that one.
        if best is not None and winner is not None and on_winner == most and not refused >> winner & 1:
            best = winner
        return Heard(self.source, best, most, on_winner), dissenting

    def _count(self, fired: int, winner: int | None) -> tuple[list[tuple[int, int, int]], int]:
        """Return the models with points of its own, each with these and the rules for it; and those of the winner."""
        favoured, on_winner = [], 0
        for ballot in self.ballots:
            own = fired & ballot.rules
            if own:
                points = ballot.kept.get(own)
                if points is None:
                    points = keep_part(ballot.kept, own, ballot.points(own))
                if ballot.position == winner:
                    on_winner = points
                if points > 0:
                    favoured.append((points, ballot.position, ballot.rules_for))
        return favoured, on_winner


class Disagreement:
    """Which articles and rules support a model, and which dissent.

    An article favours the model to which its own rules give most points. It does not favour a model that it rules out
    itself, or ranks behind another that it supports. The engineer's readings of a claim are not its voice, and what
    other articles exclude makes no difference.

    Dissent is the evidence against the winner, the supporting rules of every article that puts a rival above the
    winner, for those rivals, and the supporting rules of models set aside.
    """

    def __init__(self, decider: Decider) -> None:
        self._decider = decider
        models = decider.rulebase.models
        self._articles = tuple([_read_article(decider, source) for source in decider.rulebase.sources])
        self._for = tuple([self._speaking(model, 1) for model in models])
        self._against = tuple([self._speaking(model, -1) for model in models])

    def support(self, fired: int, winner: int) -> int:
        """Return the rules that speak for the winner, with those behind the findings they rest on."""
        return self._decider.rest(fired, fired & self._for[winner])

    def hear(self, fired: int, winner: int | None, aside: Iterable[int]) -> tuple[list[Heard], int]:
        """Return the voice of each article, and the rules that dissent, given the models that are set aside."""
        voices, dissenting = [], 0
        for article in self._articles:
            heard, rules = article.speak(fired, winner)
            voices.append(heard)
            dissenting |= rules
        if winner is None:
            return voices, 0
        dissenting |= self._against[winner]
        for position in aside:
            dissenting |= self._for[position]
        return voices, dissenting & fired

    def _speaking(self, model: str, sign: int) -> int:
        items = self._decider.evidence
        return self._decider.mask(item.rule for item in items if item.model == model and item.points * sign > 0)


def _read_article(decider: Decider, source: str) -> _Article:
    ballots = [
        _count_ballot(decider, position, items)
        for position, model in enumerate(decider.rulebase.models)
        if (items := [item for item in decider.evidence if (item.source, item.model) == (source, model)])
    ]
    return _Article(source, tuple(ballots), _list_refusals(decider, source))


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
    singles = tuple([(mask, points) for points, mask in single.items()])
    return Ballot(position, singles, tuple(shared), speaking, counted, {})


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
    refusing = [rules for _, rules in excluders] + [rule for rule, _, _ in preferences]
    return Refusals(reduce(or_, refusing, 0), tuple([each for each in excluders if each[1]]), tuple(preferences))
