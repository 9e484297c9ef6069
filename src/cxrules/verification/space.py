"""Every possible organisation, as wires: one for each value of a fact, region of a percentage or element of a set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import inf, nextafter
from types import MappingProxyType
from typing import NamedTuple

from cxrules.language.facts import Fact, Facts, FactValue, Kind, Vocabulary
from cxrules.language.regions import list_starts
from cxrules.language.rules import Condition, FactTest, Operator, leaf_tests
from cxrules.rulebase import RuleBase
from cxrules.verification.circuit import Bit, Circuit

__all__ = ["KNOWN", "Interval", "Regions", "Space", "find_regions", "label_value"]

KNOWN = "?"
"""The label of a known set; no element has it."""

_FULL = 100


class Interval(NamedTuple):
    """The values of a percentage from `start` to below `end`, represented by `sample`."""

    start: float
    end: float
    sample: int | float


Regions = Mapping[str, tuple[Interval, ...]]
"""The regions of each percentage; no test tells values within a region apart."""


def find_regions(vocabulary: Vocabulary, conditions: Iterable[tuple[Condition, ...]]) -> Regions:
    """Cut percentages where tests cut them."""
    tests: dict[str, list[FactTest]] = {
        name: [] for name, fact in vocabulary.facts.items() if fact.kind is Kind.PERCENT
    }
    for test in (test for when in conditions for test in leaf_tests(when)):
        if isinstance(test, FactTest) and test.fact in tests:
            tests[test.fact].append(test)
    return MappingProxyType(
        {name: tuple(_name_regions(sorted({0, *list_starts(each)}))) for name, each in tests.items()}
    )


def _name_regions(starts: Sequence[float]) -> Iterable[Interval]:
    inside = [start for start in starts if start <= _FULL]
    for start, end in pairwise([*inside, nextafter(_FULL, inf)]):
        whole = int(start) if float(start).is_integer() else int(start) + 1
        if whole < end:
            yield Interval(start, end, whole)
        else:
            yield Interval(start, end, start)


class Space:
    """All organisations that a vocabulary can describe, or all that differ from them in a few facts.

    Attributes:
        vocabulary: The facts.
        regions: The regions of the percentages.
    """

    def __init__(
        self, circuit: Circuit, vocabulary: Vocabulary, regions: Regions, wires: Mapping[str, Mapping[str, Bit]]
    ) -> None:
        self.circuit = circuit
        self.vocabulary = vocabulary
        self.regions = regions
        self.wires = wires

    @classmethod
    def open(cls, circuit: Circuit, vocabulary: Vocabulary, regions: Regions) -> Space:
        """Return the space of every organisation over free wires."""
        facts = vocabulary.facts.values()
        return cls(circuit, vocabulary, regions, {fact.name: _open_fact(circuit, fact, regions, "") for fact in facts})

    def forget(self, names: Iterable[str]) -> Space:
        """Return the same organisations with these facts unknown."""
        changed = {name: dict.fromkeys(self.wires[name], False) for name in names}
        return Space(self.circuit, self.vocabulary, self.regions, {**self.wires, **changed})

    def vary(self, names: Iterable[str]) -> Space:
        """Return the same organisations, but with these facts free to differ."""
        changed = {name: _open_fact(self.circuit, self.vocabulary[name], self.regions, "'") for name in names}
        return Space(self.circuit, self.vocabulary, self.regions, {**self.wires, **changed})

    def fix(self, name: str, value: FactValue) -> Space:
        """Return the same organisations with a given value for one fact."""
        fixed = {label: label in self.labels(name, value) for label in self.wires[name]}
        return Space(self.circuit, self.vocabulary, self.regions, {**self.wires, name: fixed})

    def labels(self, name: str, value: FactValue) -> tuple[str, ...]:
        """Return the wires of a fact that are true of a value."""
        return label_value(self.vocabulary[name], value, self.regions)

    def known(self, name: str) -> Bit:
        """Return whether a fact is known."""
        wires = self.wires[name]
        if self.vocabulary[name].kind is Kind.SET:
            return wires[KNOWN]
        return self.circuit.any_of(wires.values())

    def test(self, test: FactTest, vocabulary: Vocabulary | None = None) -> Bit:
        """Return whether a test holds.

        The order of the fact's values is that of `vocabulary`, or the space's own when left out.
        """
        fact, wires = (vocabulary or self.vocabulary)[test.fact], self.wires[test.fact]
        if fact.kind is not Kind.SET:
            passing = [
                wire
                for wire, value in zip(wires.values(), self.values(fact.name), strict=True)
                if wire is not False and test.holds(value, fact)
            ]
            return self.circuit.any_of(passing)
        assert isinstance(test.operand, tuple)
        elements = [wires.get(element, False) for element in test.operand]
        if test.operator is Operator.INCLUDES_ANY:
            return self.circuit.any_of(elements)
        if test.operator is Operator.INCLUDES_ALL:
            return self.circuit.all_of([wires[KNOWN], *elements])
        assert test.operator is Operator.LACKS_ALL
        return self.circuit.all_of([wires[KNOWN], *map(self.circuit.negate, elements)])

    def values(self, name: str) -> tuple[FactValue, ...]:
        """Return the values of a fact that tests can tell apart, in order; for a set its elements, each alone."""
        fact = self.vocabulary[name]
        if fact.kind is Kind.FLAG:
            return (True, False)
        if fact.kind is Kind.PERCENT:
            return tuple(region.sample for region in self.regions[name])
        if fact.kind is Kind.SET:
            return tuple((element,) for element in fact.names)
        return fact.names

    def coherent(self, rulebase: RuleBase) -> Bit:
        """Return whether no impossible conjunction is met."""
        met = [
            self.circuit.all_of(self.test(test, rulebase.vocabulary) for test in conjunction.when)
            for conjunction in rulebase.impossible
        ]
        return self.circuit.all_of(map(self.circuit.negate, met))

    def count(self) -> list[Bit]:
        """Return for every fact whether it is known."""
        return [self.known(name) for name in self.wires]

    def read(self) -> dict[str, FactValue]:
        """Read the organisation from the example that the solver found last."""
        found: dict[str, FactValue] = {}
        for name, wires in self.wires.items():
            true = [label for label, wire in wires.items() if self.circuit.is_true(wire)]
            if true:
                found[name] = self._value(name, true)
        return found

    def describe(self, known: Facts) -> dict[tuple[str, str], Bit]:
        """Return, by fact and label, bits that are true of one organisation and, taken together, of no other."""
        bits: dict[tuple[str, str], Bit] = {}
        for name, wires in self.wires.items():
            labels = self.labels(name, known[name]) if name in known else ()
            for label, wire in wires.items():
                bits[name, label] = wire if label in labels else self.circuit.negate(wire)
        return bits

    def _value(self, name: str, labels: list[str]) -> FactValue:
        fact = self.vocabulary[name]
        if fact.kind is Kind.SET:
            return tuple(label for label in labels if label != KNOWN)
        return next(
            value for label, value in zip(self.wires[name], self.values(name), strict=True) if label == labels[0]
        )


def label_value(fact: Fact, value: FactValue, regions: Regions) -> tuple[str, ...]:
    """Return the labels that are true of a value: its name, its region, for a set its elements and that it is known."""
    if fact.kind is Kind.SET:
        assert isinstance(value, tuple)
        return (KNOWN, *value)
    if fact.kind is Kind.PERCENT:
        assert isinstance(value, int | float)
        return tuple(str(region.start) for region in regions[fact.name] if region.start <= value < region.end)
    return (str(value).lower() if isinstance(value, bool) else str(value),)


def _open_fact(circuit: Circuit, fact: Fact, regions: Regions, mark: str) -> dict[str, Bit]:
    """Make the wires of a fact; their order is that of `Space.values`."""
    if fact.kind is Kind.SET:
        known = circuit.wire(f"{fact.name}{mark} {KNOWN}")
        elements = {element: circuit.wire(f"{fact.name}{mark} {element}") for element in fact.names}
        for element in elements.values():
            circuit.require(circuit.any_of([known, circuit.negate(element)]))
        return {KNOWN: known, **elements}
    if fact.kind is Kind.PERCENT:
        labels = [str(region.start) for region in regions[fact.name]]
    else:
        labels = ["true", "false"] if fact.kind is Kind.FLAG else list(fact.names)
    wires: dict[str, Bit] = {label: circuit.wire(f"{fact.name}{mark} {label}") for label in labels}
    circuit.require(circuit.at_most_true(list(wires.values()), 1))
    return wires
