"""Bounds on what is still open: the rules that certainly or possibly fire, and so the models that may win.

Bounds are sound: a model that they rule out is recommended in no completion, and a fact that they call idle never
changes the model. They need not be tight; search splits on facts until they are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from cxrules.engines.units import list_units, order_findings
from cxrules.language.facts import Facts, FactValue
from cxrules.language.rules import Effect, FactTest
from cxrules.policy.decider import Decider

__all__ = ["Bounds", "DecisionLimits", "Openness", "Outlook"]

_KEPT = 512
"""The number of values of a fact whose masks are kept, and of sets of values whose openness is."""


class Outlook(NamedTuple):
    """The outcomes that are still possible for a partly known organisation.

    Attributes:
        winners: The models that may still be recommended, in the declared order, and None last.
        live: The units (rules and alternatives) that may or may not fire and can make a difference to the model.
    """

    winners: tuple[str | None, ...]
    live: int


class DecisionLimits(NamedTuple):
    """The limits between which the decision on a partly known organisation lies.

    Attributes:
        sure: The units that certainly fire.
        undecided: The units that may or may not fire.
        fired: The rules among those that certainly fire.
        may_fire: The rules that fire or may fire.
        least: The bits of the evidence that certainly counts.
        most: The bits of the evidence that counts if everything that may fire does.
        surely: The models that certainly are candidates.
        maybe: The models that are candidates or may be.
    """

    sure: int
    undecided: int
    fired: int
    may_fire: int
    least: int
    most: int
    surely: list[str]
    maybe: list[str]


class Openness(NamedTuple):
    """The masks that the possible values of a fact share.

    Attributes:
        common: The units that no value contradicts.
        reach: The units that at least one value does not contradict.
    """

    common: int
    reach: int


class _Margin(NamedTuple):
    """The evidence for one model over another: bits of evidence with their weights."""

    gains: tuple[tuple[int, int], ...]
    losses: tuple[tuple[int, int], ...]


class Bounds:
    """The bounds of one rule base.

    Attributes:
        everything: Every unit and, after the units, one bit for each impossible conjunction.
        masks: For each fact, by value, the units and conjunctions that the value does not contradict; None is unknown.
        candidacies: For each model the rules that help it to be a candidate and to have points, and those that hinder.
        preferences: Every preference: its rule as a bit, the preferred model, and those behind it.
    """

    def __init__(self, decider: Decider, cases: Mapping[str, Sequence[FactValue]]) -> None:
        self.decider = decider
        rulebase = decider.rulebase
        units, alternatives = list_units(rulebase)
        tests = [unit.tests for unit in units] + [entry.when for entry in rulebase.impossible]
        self.everything = (1 << len(tests)) - 1
        self._units = (1 << len(units)) - 1
        self._rules = (1 << len(rulebase.rules)) - 1
        self._findings = tuple(order_findings(rulebase, units, alternatives, self.everything))
        self._tests: dict[str, dict[int, list[FactTest]]] = {name: defaultdict(list) for name in cases}
        for bit, each in enumerate(tests):
            for test in each:
                self._tests[test.fact][1 << bit].append(test)
        self._tested = {name: sum(by_unit) for name, by_unit in self._tests.items()}
        self._met: dict[str, dict[FactValue, int]] = {name: {} for name in cases}
        self._openness: dict[tuple[str, tuple[FactValue | None, ...]], Openness] = {}
        self.masks: dict[str, dict[FactValue | None, int]] = {
            name: {None: self.everything & ~self._tested[name], **{value: self.mask(name, value) for value in values}}
            for name, values in cases.items()
        }
        self._decisive = {model: self._list_decisive(model) for model in rulebase.models}
        self._order = {model: position for position, model in enumerate(rulebase.models)}
        self._margins = {
            (one, other): self._margin(one, other)
            for one in rulebase.models
            for other in rulebase.models
            if one != other
        }
        self.candidacies = {model: self._list_bearing(model) for model in rulebase.models}
        self.preferences = tuple(
            [(decider.mask([rule]), preferred, over) for rule, preferred, over in decider.preferences]
        )

    def mask(self, name: str, value: FactValue) -> int:
        """Return the units and conjunctions that a value does not contradict, whether or not it is among the cases."""
        met = self._met[name]
        mask = met.get(value)
        if mask is None:
            mask = self._compute(name, value)
            if len(met) < _KEPT:
                met[value] = mask
        return mask

    def _compute(self, name: str, value: FactValue) -> int:
        fact = self.decider.rulebase.vocabulary[name]
        refused = (
            bit for bit, tests in self._tests[name].items() if not all(test.holds(value, fact) for test in tests)
        )
        return self.everything & ~sum(refused)

    def lift(self, conjunctions: int) -> int:
        """Return impossible conjunctions, given as masks of `Coherence`, as the bits used here."""
        return conjunctions << self._units.bit_length()

    def openness(self, name: str, values: tuple[FactValue | None, ...]) -> Openness:
        """Return what the possible values of an unknown fact share.

        A value of None means that the fact may stay unknown.
        """
        kept = self._openness.get((name, values))
        if kept is None:
            masks = self.masks[name]
            common, reach = self.everything, 0
            for value in values:
                common &= masks[value]
                reach |= masks[value]
            kept = Openness(common, reach)
            if len(self._openness) < _KEPT:
                self._openness[name, values] = kept
        return kept

    def pin(self, known: Facts, free: Collection[str]) -> int:
        """Return the units and conjunctions that known facts do not contradict.

        Unknown facts other than the free ones stay unknown.
        """
        pinned = self.everything
        for name, masks in self.masks.items():
            if name in known:
                pinned &= self.mask(name, known[name])
            elif name not in free:
                pinned &= masks[None]
        return pinned

    def span(self, pinned: int, free: Iterable[Openness]) -> tuple[int, int]:
        """Return what no possible value contradicts, and what at least one possible value does not contradict."""
        sure = possible = pinned
        for common, reach in free:
            sure &= common
            possible &= reach
        return sure, possible

    def limits(self, sure: int, possible: int) -> DecisionLimits:
        """Return the limits, given what no value contradicts and what at least one value does not."""
        sure, possible = self._settle(sure) & self._units, self._settle(possible) & self._units
        fired, may_fire = sure & self._rules, possible & self._rules
        least, most = self.decider.count(fired), self.decider.count(may_fire)
        surely, maybe = self._candidates(fired, may_fire, least, most)
        return DecisionLimits(sure, possible & ~sure, fired, may_fire, least, most, surely, maybe)

    def outlook(self, sure: int, possible: int) -> Outlook:
        """Bound the outcome; the arguments are those of `limits`."""
        limits = self.limits(sure, possible)
        may_set_aside: set[str] = set()
        surely_aside: set[str] = set()
        for rule, preferred, over in self.preferences:
            if limits.may_fire & rule and preferred in limits.maybe:
                may_set_aside.update(over)
                if limits.fired & rule and preferred in limits.surely:
                    surely_aside.update(over)
        champions = [model for model in limits.surely if model not in may_set_aside]
        leading = [
            model
            for model in limits.maybe
            if model not in surely_aside and not any(self.beats(one, model, limits) for one in champions)
        ]
        winners = tuple(leading) if limits.surely else (*leading, None)
        if len(winners) < 2:
            return Outlook(winners, 0)
        return Outlook(winners, self.trace(self._wanted(leading, limits), limits))

    def count_at_stake(self, name: str, openness: Openness, live: int) -> int:
        """Count the live units that a fact of this openness can affect."""
        return ((openness.common ^ openness.reach) & live).bit_count() if live & self._tested[name] else 0

    def _settle(self, alive: int) -> int:
        for concluders, others in self._findings:
            if not alive & concluders:
                alive &= others
        return alive

    def trace(self, wanted: int, limits: DecisionLimits) -> int:
        """Return the wanted units that are undecided, with those behind the findings that they lack."""
        live = wanted & limits.undecided
        for concluders, others in reversed(self._findings):
            if live & ~others and not limits.sure & concluders:
                live |= concluders & limits.undecided
        return live

    def _wanted(self, leading: Iterable[str], limits: DecisionLimits) -> int:
        """Return the rules that can decide which of the leading models wins."""
        wanted = 0
        relevant = set(leading)
        for rule, preferred, over in self.preferences:
            if limits.may_fire & rule and preferred in limits.maybe and not relevant.isdisjoint(over):
                wanted |= rule
                relevant.add(preferred)
        for model in relevant:
            wanted |= self._decisive[model]
            for concluders in self.decider.ledgers[self._order[model]].required:
                if not limits.fired & concluders:
                    wanted |= concluders
        return wanted

    def _candidates(self, fired: int, may_fire: int, least: int, most: int) -> tuple[list[str], list[str]]:
        """Return the models that certainly are candidates, and those that may be."""
        minimum = self.decider.rulebase.policy.minimum_evidence
        surely, maybe = [], []
        for ledger in self.decider.ledgers:
            if fired & ledger.excluders or not all(may_fire & concluders for concluders in ledger.required):
                continue
            high = _points(most, ledger.for_one, ledger.for_two) - _points(
                least, ledger.against_one, ledger.against_two
            )
            if high <= 0 or _points(most, ledger.firm_one, ledger.firm_two) < minimum:
                continue
            maybe.append(ledger.model)
            low = _points(least, ledger.for_one, ledger.for_two) - _points(most, ledger.against_one, ledger.against_two)
            if (
                low > 0
                and not may_fire & ledger.excluders
                and all(fired & concluders for concluders in ledger.required)
                and _points(least, ledger.firm_one, ledger.firm_two) >= minimum
            ):
                surely.append(ledger.model)
        return surely, maybe

    def beats(self, one: str, other: str, limits: DecisionLimits) -> bool:
        """Return whether a model certainly ranks before another when both are candidates."""
        if one == other:
            return False
        margin = self._margins[one, other]
        ahead = sum(weight * (limits.least & bits).bit_count() for bits, weight in margin.gains)
        ahead -= sum(weight * (limits.most & bits).bit_count() for bits, weight in margin.losses)
        return ahead > 0 or (ahead == 0 and self._order[one] < self._order[other])

    def _margin(self, one: str, other: str) -> _Margin:
        net: dict[int, int] = defaultdict(int)
        for bit, evidence in self.decider.items:
            # What one rule says about both models cancels out, whether it fires or not.
            net[bit] += evidence.points * ((evidence.model == one) - (evidence.model == other))
        return _Margin(
            tuple(_by_weight((bit, points) for bit, points in net.items() if points > 0)),
            tuple(_by_weight((bit, -points) for bit, points in net.items() if points < 0)),
        )

    def _list_decisive(self, model: str) -> int:
        mask = self.decider.mask(item.rule for item in self.decider.evidence if item.model == model)
        rules = self.decider.rulebase.rules.values()
        return mask | self.decider.mask(rule.id for rule in rules if model in rule.targets(Effect.EXCLUDES))

    def _list_bearing(self, model: str) -> tuple[int, int]:
        """Return the rules that help a model to be a candidate and to have points, and those that hinder it."""
        ledger = self.decider.ledgers[self._order[model]]
        evidence = [item for item in self.decider.evidence if item.model == model]
        helping = self.decider.mask(item.rule for item in evidence if item.points > 0)
        for concluders in ledger.required:
            helping |= concluders
        return helping, ledger.excluders | self.decider.mask(item.rule for item in evidence if item.points < 0)


def _points(bits: int, one: int, two: int) -> int:
    return (bits & one).bit_count() + 2 * (bits & two).bit_count()


def _by_weight(entries: Iterable[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    sums: dict[int, int] = defaultdict(int)
    for bit, weight in entries:
        sums[weight] |= bit
    return ((bits, weight) for weight, bits in sorted(sums.items()))
