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
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from cxrules.engines import mask_of, unite
from cxrules.language.facts import Facts, FactValue, Kind, make_reader
from cxrules.language.rules import SET_TRUTH
from cxrules.rulebase import RuleBase

if TYPE_CHECKING:
    from cxrules.engines.plan import FindingNeeds, RulePlan

__all__ = ["BitmapEngine"]

_MaskedNeeds: TypeAlias = Iterable[tuple[Iterable[Any], int]]
"""Needs as the bits of an int, each with the values, or the tests of a set, that meet it."""

_KEPT = 4096
"""How many values of one fact are kept."""


class _PercentMasks(dict[Any, int]):
    """For each percentage the needs that it meets: those of the least point of its region are those of all points."""

    def __init__(self, starts: Iterable[Any], needs: _MaskedNeeds) -> None:
        self._starts = tuple(starts)
        super().__init__(_map_values(self._starts, needs))

    def __missing__(self, value: Any) -> int:
        mask = self[self._starts[bisect_right(self._starts, value) - 1]]
        if len(self) < _KEPT:
            self[value] = mask
        return mask


class _SetMasks(dict[Any, int]):
    """The same for a set, found when the set is first met."""

    def __init__(self, _elements: object, needs: _MaskedNeeds) -> None:
        super().__init__()
        self._needs = [
            ([(SET_TRUTH[operator], set(operand)) for operator, operand in tests], mask) for tests, mask in needs
        ]

    def __missing__(self, value: Any) -> int:
        given = set(value)
        mask = 0
        for tests, needs in self._needs:
            if all(holds(given, operand) for holds, operand in tests):
                mask |= needs
        if len(self) < _KEPT:
            self[value] = mask
        return mask


def _map_values(values: Iterable[Any], needs: _MaskedNeeds) -> dict[Any, int]:
    """Return for each value of a fact the needs that it meets. A plain dict: Python reads a subclass more slowly."""
    masks = dict.fromkeys(values, 0)
    for meeting, mask in needs:
        for value in meeting:
            masks[value] |= mask
    return masks


_MAPPERS: dict[Kind, Callable[[Iterable[Any], _MaskedNeeds], dict[Any, int]]] = {
    Kind.PERCENT: _PercentMasks,
    Kind.SET: _SetMasks,
}


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
        rules, width, open_layers, layers, facts, findings = _find_plan(rulebase)
        self._rules, self._everything = (1 << rules) - 1, (1 << width) - 1
        self._masks: dict[str, dict[Any, int]] = {}
        self._meetable: dict[str, int] = {}
        self._words: dict[str, Mapping[Any, int]] = {}
        self._flags: dict[str, Mapping[Any, int]] = {}
        self._readers: dict[str, Callable[[Any], FactValue]] = {}
        for name, (written_kind, values, needs) in facts.items():
            kind = Kind(written_kind)
            met_by = [(meeting, mask_of(places)) for meeting, places in needs]
            masks = self._masks[name] = _MAPPERS.get(kind, _map_values)(values, met_by)
            self._meetable[name] = unite([mask for _, mask in met_by])
            self._words[name] = masks if kind in (Kind.ORDERED, Kind.CHOICE) else {}
            self._flags[name] = masks if kind is Kind.FLAG else {}
            self._readers[name] = make_reader(kind, values)
        self._findings = _link(findings, tuple(layer * width for layer in range(1, open_layers)))
        # Needs that count as met from the start because no unit has them.
        taken = unite([*self._meetable.values(), *(mask_of(needs) for needs, _ in findings)])
        self._met = (1 << layers * width) - 1 & ~taken
        self._plain = open_layers * width
        self._folds = _list_folds(layers - open_layers, width)

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
            met |= self._meetable[name] if value is None else masks[value]
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


def _find_plan(rulebase: RuleBase) -> RulePlan:
    """Return the plan that comes with a rule base, as a plain tuple; or make one."""
    compiled: RulePlan | None = rulebase.compiled.get("bitmap")
    if compiled is not None:
        return compiled
    from cxrules.engines.plan import make_plan

    return make_plan(rulebase)


def _list_folds(layers: int, width: int) -> tuple[int, ...]:
    """Return the successive shifts by which every layer of an int is ANDed into the first."""
    folds = []
    while layers > 1:
        folds.append(layers // 2 * width)
        layers -= layers // 2
    return tuple(folds)


def _link(findings: Iterable[FindingNeeds], shifts: tuple[int, ...]) -> _Findings:
    pending = mask_of(place for _, units in findings for place in units)
    established: dict[int, tuple[int, int]] = {}
    for needs, units in findings:
        others = pending & ~mask_of(units)
        established |= dict.fromkeys((unit + 1 for unit in units), (mask_of(needs), others))
    return _Findings(shifts, pending, established)
