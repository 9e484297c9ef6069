"""The default engine: one integer per value of a fact, the AND of them over the facts.

Every fact has finitely many distinguishable values: percentages are cut where rules cut them, a set is one flag per
element. For each fact and value one integer is kept whose bit `i` is set when unit `i` is not contradicted; the AND
over the facts leaves the units whose tests of facts all hold. Of these fire, stratum by stratum, those whose findings
are established; only what fires is visited, so that the cost hardly depends on the number of rules or findings. A unit
is a rule, or one alternative of an `any_of`, which concludes an unnamed finding. This is the bit-vector scheme of
packet classification (Lakshman and Stiliadis 1998, "High-speed policy-based packet forwarding using efficient
multi-dimensional range matching").
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple

from cxrules.engines.units import Unit, list_concluders, list_units, mask_of
from cxrules.language.facts import Fact, Facts, FactValue, Kind
from cxrules.language.regions import list_starts
from cxrules.language.rules import FactTest, Operator
from cxrules.rulebase import RuleBase

__all__ = ["BitmapEngine"]

_KEPT = 4096
"""How much of what was met is kept, of each kind."""


class _Percentage(NamedTuple):
    """The regions of a percentage: `masks[k]` for values from `cuts[k - 1]` to below `cuts[k]`."""

    name: str
    cuts: tuple[float, ...]
    masks: tuple[int, ...]


class _Set(NamedTuple):
    """The flags of a set.

    Attributes:
        name: The fact.
        untested: The units that do not ask for one of several elements.
        offers: For each element the units that ask for it among others.
        flags: For each element the units not contradicted when it is absent, and when it is present.
    """

    name: str
    untested: int
    offers: Mapping[str, int]
    flags: tuple[tuple[str, int, int], ...]


class _Masks(dict[Any, int]):
    """For each value of a fact the units not contradicted, found when a value is first met."""

    def __init__(self, find: Callable[[Any], int]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, value: Any) -> int:  # noqa: ANN401 - the value of any fact
        mask = self._find(value)
        if len(self) < _KEPT:
            self[value] = mask
        return mask


class _Findings(NamedTuple):
    """What settles which units lack no finding.

    The needs of a unit stand in layers: bit `unit + layer * width` is set once that need of it is met.

    Attributes:
        met: The bits of needs that are met before anything fires, because there is no such need.
        shifts: How far to shift for each layer but the first.
        concluders: The units that conclude a finding which others need.
        established: By the length of the int whose highest bit such a unit is: the needs that it meets, and the
            concluders that meet other needs.
    """

    met: int
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
        self._rules = (1 << len(rulebase.rules)) - 1
        units, alternatives = list_units(rulebase)
        _narrow(units, alternatives)
        everything = (1 << len(units)) - 1
        tested: dict[str, dict[int, list[FactTest]]] = defaultdict(lambda: defaultdict(list))
        for bit, unit in enumerate(units):
            for test in unit.tests:
                tested[test.fact][bit].append(test)
        tables: list[tuple[str, dict[FactValue | None, int]]] = []
        percentages: list[_Percentage] = []
        sets: list[_Set] = []
        unknown: dict[str, int] = {}
        for name, by_unit in tested.items():
            fact = rulebase.vocabulary[name]
            unknown[name] = everything & ~mask_of(by_unit)
            if fact.kind is Kind.PERCENT:
                percentages.append(_cut(fact, by_unit, everything))
            elif fact.kind is Kind.SET:
                sets += _flag(fact, by_unit, everything)
            else:
                tables.append((name, _tabulate(fact, by_unit, everything)))
        # An unknown fact contradicts every test of it; to bound what could still fire, it contradicts none.
        self._open_tables = tuple((name, {None: everything, **table}) for name, table in tables)
        self._percentages, self._sets = tuple(percentages), tuple(sets)
        self._unknown, self._everything = unknown, everything
        self._findings = _link(units, list_concluders(rulebase, alternatives))
        self._masks: dict[str, dict[Any, int]] = {
            name: _Masks(partial(self._mask, name)) for name in rulebase.vocabulary.facts
        }
        for name, table in tables:
            self._masks[name].update(table)
        self._plain, self._readers = rulebase.vocabulary.plain, rulebase.vocabulary.readers
        self._without: dict[tuple[str, ...], int] = {}

    def match(self, known: Facts) -> int:
        """Return the rules that fire, as the bits of an int."""
        alive = self._everything
        masks = self._masks
        for name, value in known.items():
            if name in masks:  # facts of another rule base test nothing here
                alive &= masks[name][value]
        return self._settle(alive & self._leave_out(tuple(known)))

    def read(self, given: Mapping[str, object]) -> tuple[dict[str, FactValue], int] | None:
        """Validate facts and match the rules in one pass, each value looked up once.

        Returns:
            The known facts in their normal form, and the rules that fire; None if a mistake or a value of an
            unusual type asks for a closer look, which `Vocabulary.validate` takes.
        """
        known: dict[str, FactValue] = {}
        alive = self._everything
        masks, plain, readers = self._masks, self._plain, self._readers
        try:
            for name, value in given.items():
                if type(value) is str:
                    normal: FactValue = plain[name][value]
                elif value is not None:
                    normal = readers[name](value)
                elif name in plain:
                    continue
                else:
                    return None
                known[name] = normal
                alive &= masks[name][normal]
        except (KeyError, TypeError):
            return None
        return known, self._settle(alive & self._leave_out(tuple(known)))

    def _leave_out(self, known: tuple[str, ...]) -> int:
        """Return the units that test no other facts than these: the same facts are known time and again."""
        mask = self._without.get(known)
        if mask is None:
            mask = self._everything
            for name in self._unknown.keys() - set(known):
                mask &= self._unknown[name]
            if len(self._without) >= _KEPT:
                self._without.clear()
            self._without[known] = mask
        return mask

    def _mask(self, name: str, value: FactValue) -> int:
        """Return the units that a value does not contradict."""
        return self._match_others({name: value}, self._everything)

    def bound(self, known: Facts) -> int:
        """Return the rules that could still fire once more is known, as the bits of an int.

        It is a bound only: two of them may need different values of one fact, or values that are impossible together.
        """
        get = known.get
        alive = self._everything
        for name, table in self._open_tables:
            alive &= table[get(name)]
        return self._settle(self._match_others(known, alive))

    def _match_others(self, known: Facts, alive: int) -> int:
        value: Any
        for name, cuts, masks in self._percentages:
            value = known.get(name)
            if value is not None:
                alive &= masks[bisect_right(cuts, value)]
        for name, untested, offers, flags in self._sets:
            value = known.get(name)
            if value is not None:
                offered = untested
                for element in value:
                    offered |= offers[element]
                alive &= offered
                for element, absent, present in flags:
                    alive &= present if element in value else absent
        return alive

    def _settle(self, alive: int) -> int:
        """Return those rules whose findings are established, of the units whose tests of facts hold."""
        met, shifts, pending, established = self._findings
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


def _narrow(units: list[Unit], alternatives: Mapping[str | int, list[int]]) -> None:
    """Let an alternative fire only where its rule lacks nothing else: of those that hold, most are of no use."""
    for rule in list(units):
        named = tuple(need for need in rule.needs if isinstance(need, str))
        for need in rule.needs:
            for bit in alternatives.get(need, ()):
                tests, needs = units[bit]
                units[bit] = Unit(rule.tests + tests, named + needs)


def _passing(fact: Fact, by_unit: Mapping[int, list[FactTest]], everything: int, value: FactValue) -> int:
    refused = (bit for bit, tests in by_unit.items() if not all(test.holds(value, fact) for test in tests))
    return everything & ~mask_of(refused)


def _tabulate(fact: Fact, by_unit: Mapping[int, list[FactTest]], everything: int) -> dict[FactValue | None, int]:
    values: tuple[FactValue, ...] = (True, False) if fact.kind is Kind.FLAG else fact.names
    return {value: _passing(fact, by_unit, everything, value) for value in values}


def _cut(fact: Fact, by_unit: Mapping[int, list[FactTest]], everything: int) -> _Percentage:
    regions = [-1, *list_starts(test for tests in by_unit.values() for test in tests)]
    return _Percentage(
        fact.name, tuple(regions[1:]), tuple([_passing(fact, by_unit, everything, start) for start in regions])
    )


def _flag(fact: Fact, by_unit: Mapping[int, list[FactTest]], everything: int) -> Iterable[_Set]:
    """Return the flags of a set: one `_Set`, and another for each further `includes_any` that one unit asks of it."""
    absent, present = dict.fromkeys(fact.names, everything), dict.fromkeys(fact.names, everything)
    layers = [(everything, dict.fromkeys(fact.names, 0))]
    for bit, tests in by_unit.items():
        unit, depth = 1 << bit, 0
        for test in tests:
            assert isinstance(test.operand, tuple)
            if test.operator is Operator.INCLUDES_ANY:
                if depth == len(layers):
                    layers.append((everything, dict.fromkeys(fact.names, 0)))
                untested, offers = layers[depth]
                layers[depth] = untested & ~unit, offers
                for element in test.operand:
                    offers[element] |= unit
                depth += 1
            else:
                assert test.operator in (Operator.INCLUDES_ALL, Operator.LACKS_ALL)
                refusing = absent if test.operator is Operator.INCLUDES_ALL else present
                for element in test.operand:
                    refusing[element] &= ~unit
    flags = tuple((element, absent[element], present[element]) for element in fact.names)
    for depth, (untested, offers) in enumerate(layers):
        yield _Set(fact.name, untested, offers, () if depth else flags)


def _link(units: list[Unit], concluders: Mapping[str | int, list[int]]) -> _Findings:
    width = len(units)
    layers = 1
    users: dict[str | int, list[int]] = defaultdict(list)
    for bit, unit in enumerate(units):
        needs = dict.fromkeys(unit.needs)
        layers = max(layers, len(needs))
        for layer, need in enumerate(needs):
            users[need].append(bit + layer * width)
    concluded: dict[int, list[str | int]] = defaultdict(list)
    for finding, bits in concluders.items():
        if finding in users:
            for bit in bits:
                concluded[bit].append(finding)
    alike: dict[tuple[str | int, ...], list[int]] = defaultdict(list)
    for bit, findings in concluded.items():
        alike[tuple(findings)].append(bit)
    pending = mask_of(concluded)
    established: dict[int, tuple[int, int]] = {}
    for alike_findings, bits in alike.items():
        effect = mask_of(bit for finding in alike_findings for bit in users[finding]), pending & ~mask_of(bits)
        established.update((bit + 1, effect) for bit in bits)
    lacking = mask_of(bit for bits in users.values() for bit in bits)
    met = (1 << width * layers) - 1 & ~lacking
    return _Findings(met, tuple(layer * width for layer in range(1, layers)), pending, established)
