"""The default engine: one integer per value of a fact, the OR of them over the facts that are known.

The needs of a rule lie in layers: bit `rule + layer * width` is one of them, met by values of facts, by findings, or by
either if it is an `any_of`. For each value of a fact one integer is kept whose bits are the needs that it meets; the OR
over the known facts, one layer shifted over the other and ANDed, leaves the rules that lack nothing but findings. Those
that fire meet needs in turn, until nothing more fires. Only rules that fire are visited, so the cost hardly depends on
the number of rules or findings. An unknown fact meets nothing and takes no time. An alternative of an `any_of` that is
more than one test is a separate unit, numbered after the rules, which meets the need of its rule. This is the
bit-vector scheme of packet classification (Lakshman and Stiliadis 1998, "High-speed policy-based packet forwarding
using efficient multi-dimensional range matching"), turned from what is contradicted to what is met.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from cxrules.engines.units import mask_of
from cxrules.language.facts import Fact, Facts, FactValue, Kind
from cxrules.language.regions import list_starts
from cxrules.language.rules import AnyOf, Condition, FactTest, FindingTest
from cxrules.rulebase import RuleBase

__all__ = ["BitmapEngine"]

_KEPT = 4096
"""How many values of one fact are kept."""


class _Need(NamedTuple):
    """A need of a unit, met by any of these.

    Attributes:
        tests: Conjunctions of tests, each of one fact, of which a value that meets the need passes one.
        findings: Findings; a number is an unnamed one.
    """

    tests: list[tuple[FactTest, ...]]
    findings: list[str | int]


class _Masks(dict[Any, int]):
    """For each value of a fact the needs that it meets, found when the value is first met."""

    def __init__(self, fact: Fact, needs: Mapping[tuple[FactTest, ...], Iterable[int]]) -> None:
        super().__init__()
        self._fact = fact
        self._needs = {tests: mask_of(bits) for tests, bits in needs.items()}
        self.all = _unite(self._needs.values())
        self._valid = (True, False) if fact.kind is Kind.FLAG else fact.names
        self._starts: list[float] = []
        if fact.kind is Kind.PERCENT:
            self._starts = [0, *list_starts(test for tests in needs for test in tests)]

    def __missing__(self, value: Any) -> int:
        if self._starts:
            start = self._starts[bisect_right(self._starts, value) - 1]
            mask = self._find(value) if start == value else self[start]
        elif self._fact.kind is Kind.SET or value in self._valid:
            mask = self._find(value)
        else:
            raise KeyError(value)
        if len(self) < _KEPT:
            self[value] = mask
        return mask

    def _find(self, value: FactValue) -> int:
        fact = self._fact
        return _unite(mask for tests, mask in self._needs.items() if all(test.holds(value, fact) for test in tests))


class _Findings(NamedTuple):
    """The tables that tell which units lack no finding.

    Attributes:
        shifts: How far to shift for each layer of needs that findings can meet, except the first.
        concluders: The units that conclude a finding which others need.
        established: The needs that such a unit meets and the concluders that meet other needs, by the length of the int
            whose highest bit is that unit.
    """

    shifts: tuple[int, ...]
    concluders: int
    established: Mapping[int, tuple[int, int]]


class BitmapEngine:
    """The bit-vector engine. Immutable after it is built, so that threads may share it.

    Attributes:
        name: `bitmap`.
        rulebase: The rule base it was built from.
    """

    name = "bitmap"

    def __init__(self, rulebase: RuleBase) -> None:
        self.rulebase = rulebase
        units = _list_needs(rulebase)
        width = len(units)
        self._rules, self._everything = (1 << len(rulebase.rules)) - 1, (1 << width) - 1
        # Needs that findings can meet lie in the first layers, which are examined again whenever something fires.
        open_needs = [[need for need in needs if need.findings] for needs in units]
        plain_needs = [[need for need in needs if not need.findings] for needs in units]
        depth = max(map(len, open_needs), default=0)
        tested: dict[str, dict[tuple[FactTest, ...], list[int]]] = defaultdict(lambda: defaultdict(list))
        users: dict[str | int, list[int]] = defaultdict(list)
        taken = 0
        for first, layered in ((0, open_needs), (depth, plain_needs)):
            for unit, needs in enumerate(layered):
                for layer, need in enumerate(needs, first):
                    bit = unit + layer * width
                    taken |= 1 << bit
                    for tests in need.tests:
                        tested[tests[0].fact][tests].append(bit)
                    for finding in need.findings:
                        users[finding].append(bit)
        layers = depth + max(1, max(map(len, plain_needs), default=0))
        # Needs that count as met from the start because no unit has them.
        self._met = (1 << layers * width) - 1 & ~taken
        self._plain = depth * width
        self._folds = _list_folds(layers - depth, width)
        self._findings = _link(rulebase, units, users, tuple(layer * width for layer in range(1, depth)))
        self._masks = {name: _Masks(fact, tested[name]) for name, fact in rulebase.vocabulary.facts.items()}
        none: dict[Any, int] = {}
        kinds = {name: fact.kind for name, fact in rulebase.vocabulary.facts.items()}
        self._words = {
            name: masks if kinds[name] in (Kind.ORDERED, Kind.CHOICE) else none for name, masks in self._masks.items()
        }
        self._flags = {name: masks if kinds[name] is Kind.FLAG else none for name, masks in self._masks.items()}
        self._readers = rulebase.vocabulary.readers

    def match(self, known: Facts) -> int:
        """Return the rules that fire, as the bits of an int."""
        met, masks = self._met, self._masks
        for name, value in known.items():
            if name in masks:  # facts of another rule base test nothing here
                met |= masks[name][value]
        return self._settle(met)

    def read(self, given: Mapping[str, object]) -> tuple[dict[str, FactValue], int] | None:
        """Validate facts and match the rules in one pass, each value looked up once.

        Returns:
            The known facts in their normal form, and the rules that fire; None if there is a mistake or a value of an
            unusual type, which `Vocabulary.validate` examines.
        """
        known: dict[str, Any] = dict(given)  # read once, because the caller's mapping may change meanwhile
        unknown: list[str] = []
        met, words, flags = self._met, self._words, self._flags
        try:
            for name, value in known.items():
                if type(value) is str:
                    met |= words[name][value]
                elif value is True or value is False:
                    met |= flags[name][value]
                elif value is not None:
                    known[name] = normal = self._readers[name](value)
                    met |= self._masks[name][normal]
                elif name in words:
                    unknown.append(name)
                else:
                    return None
        except (KeyError, TypeError):
            return None
        for name in unknown:
            del known[name]
        return known, self._settle(met)

    def bound(self, known: Facts) -> int:
        """Return the rules that could still fire once more is known, as the bits of an int.

        This is only a bound: two of them may need different values of one fact, or values that are impossible together.
        """
        met = self._met
        for name, masks in self._masks.items():
            value = known.get(name)
            met |= masks.all if value is None else masks[value]
        return self._settle(met)

    def _settle(self, met: int) -> int:
        """Return the rules that fire, given the needs that values of facts meet."""
        alive = met >> self._plain
        for shift in self._folds:
            alive &= alive >> shift
        alive &= self._everything
        shifts, pending, established = self._findings
        while True:
            settled = alive & met
            for shift in shifts:
                settled &= met >> shift
            fresh = settled & pending
            if not fresh:
                return settled & self._rules
            pending ^= fresh
            while fresh:
                needs, others = established[fresh.bit_length()]
                met |= needs
                fresh &= others


def _list_needs(rulebase: RuleBase) -> list[list[_Need]]:
    """Return the needs of every unit: of the rules, then of the alternatives that are more than one test.

    A unit beyond the rules concludes an unnamed finding, `~unit`. It also has the other needs of its rule, as far as no
    other unit meets them, because most alternatives that hold belong to rules that fail.
    """
    units: list[list[_Need]] = []
    beyond: list[list[_Need]] = []
    for rule in rulebase.rules.values():
        whole = [condition for condition in rule.when if not isinstance(condition, AnyOf)]
        needs, wide = _gather(whole), []
        for condition in rule.when:
            if isinstance(condition, AnyOf):
                parts = [_gather(alternative) for alternative in condition.alternatives]
                need = _join(part[0] for part in parts if len(part) == 1)
                wide.append((need, [part for part in parts if len(part) != 1]))
        needs += [need for need, several in wide if not several]
        for need, several in wide:
            for part in several:
                need.findings.append(~(len(rulebase.rules) + len(beyond)))
                beyond.append(part + needs)
        units.append(needs + [need for need, several in wide if several])
    return units + beyond


def _gather(conditions: Iterable[Condition]) -> list[_Need]:
    """Return the needs of a conjunction: one for each fact it tests and one for each finding."""
    tests: dict[str, list[FactTest]] = defaultdict(list)
    findings: dict[str, None] = {}
    for condition in conditions:
        if isinstance(condition, FactTest):
            tests[condition.fact].append(condition)
        elif isinstance(condition, FindingTest):
            findings[condition.finding] = None
    needs = [_Need([tuple(several)], []) for several in tests.values()]
    return needs + [_Need([], [finding]) for finding in findings]


def _join(needs: Iterable[_Need]) -> _Need:
    """Return a need that is met by whatever meets one of these."""
    joined = _Need([], [])
    for need in needs:
        joined.tests.extend(need.tests)
        joined.findings.extend(need.findings)
    return joined


def _list_folds(layers: int, width: int) -> tuple[int, ...]:
    """Return the successive shifts by which every layer of an int is ANDed into the first."""
    folds = []
    while layers > 1:
        folds.append(layers // 2 * width)
        layers -= layers // 2
    return tuple(folds)


def _unite(masks: Iterable[int]) -> int:
    united = 0
    for mask in masks:
        united |= mask
    return united


def _link(
    rulebase: RuleBase, units: list[list[_Need]], users: Mapping[str | int, list[int]], shifts: tuple[int, ...]
) -> _Findings:
    index = {rule: bit for bit, rule in enumerate(rulebase.rule_ids)}
    concluders: dict[str | int, list[int]] = {~unit: [unit] for unit in range(len(index), len(units))}
    for finding, rules in rulebase.concluders.items():
        concluders[finding] = [index[rule] for rule in rules]
    concluded: dict[int, list[str | int]] = defaultdict(list)
    for name, bits in concluders.items():
        if name in users:
            for bit in bits:
                concluded[bit].append(name)
    # Alternatives of one `any_of` meet the same need, as do rules with the same findings; one of them is enough.
    alike: dict[int, list[int]] = defaultdict(list)
    for bit, findings in concluded.items():
        alike[mask_of({user for finding in findings for user in users[finding]})].append(bit)
    pending = mask_of(concluded)
    established: dict[int, tuple[int, int]] = {}
    for needs, bits in alike.items():
        others = pending & ~mask_of(bits)
        established |= dict.fromkeys((bit + 1 for bit in bits), (needs, others))
    return _Findings(shifts, pending, established)
