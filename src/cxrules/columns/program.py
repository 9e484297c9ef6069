"""A rule base and its policy, compiled once: gates that say which rules fire and what is recommended.

Compiling asks every rule and the text of the policy (`policy.formula`) once. What comes out is a straight-line program
on columns of bits, one bit for an organisation: ANDs, ORs, XORs and NOTs, sums as carry-save adders, no branch. It says
what `recommend` says, to the bit. Python ints run it in `cxrules.columns.cohort`, NumPy arrays in
`cxrules.columns.numpy_executor`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import NamedTuple, TypeAlias

from cxrules.columns.gates import Gate, Gates
from cxrules.columns.slices import Planes, add_constant, add_up, constant, greater, select
from cxrules.engines.units import list_units, order_findings
from cxrules.language.facts import Fact, FactValue, Kind
from cxrules.language.regions import cut, list_cases, list_tests
from cxrules.language.rules import Effect, FactTest, Operator
from cxrules.policy.decider import Decider
from cxrules.policy.formula import Formula

__all__ = ["Element", "Input", "Program", "Silence", "Sum", "Within"]


class Within(NamedTuple):
    """An input: a fact has one of the cases from one to another, by position among `Program.cases`."""

    fact: str
    first: int
    last: int


class Element(NamedTuple):
    """An input: a set is known and holds an element, or, when the element is empty, is known at all."""

    fact: str
    element: str


class Silence(NamedTuple):
    """An input: a rule is silenced, whatever holds."""

    rule: str


Input: TypeAlias = Within | Element | Silence


class Sum(NamedTuple):
    """A sum of points: the number that its planes hold, less an offset."""

    planes: Planes[Gate]
    offset: int

    def above(self, offset: int, everything: Gate) -> Planes[Gate]:
        """Return the planes of the sum with a larger offset."""
        more = offset - self.offset
        return add_constant(self.planes, more, everything) if more else self.planes


class _Columns:
    """The algebra of the policy over gates."""

    def __init__(self, gates: Gates, offset: int) -> None:
        # Sums with negative weights are all lifted by the same offset: so they compare without another addition.
        self.gates, self._offset = gates, offset

    def negate(self, bit: Gate) -> Gate:
        return ~bit

    def all_of(self, bits: Iterable[Gate]) -> Gate:
        found = self.gates.true
        for bit in _ordered(bits):
            found &= bit
        return found

    def any_of(self, bits: Iterable[Gate]) -> Gate:
        found = self.gates.false
        for bit in _ordered(bits):
            found |= bit
        return found

    def sum(self, weighted: Iterable[tuple[Gate, int]]) -> Sum:
        weighted = list(weighted)
        debit = -sum(weight for _, weight in weighted if weight < 0)
        offset = max(debit, self._offset) if debit else 0
        # Evidence against counts as points for where it is absent.
        terms = [(bit, weight) if weight > 0 else (~bit, -weight) for bit, weight in weighted]
        return Sum(add_up([*terms, (self.gates.true, offset - debit)]), offset)

    def reaches(self, number: Sum, limit: int) -> Gate:
        least = number.offset + limit - 1
        if least < 0:
            return self.gates.true
        return greater(number.planes, constant(least, self.gates.true), self.gates.true)

    def leader(self, running: Mapping[str, Gate], points: Mapping[str, Sum]) -> dict[str, Gate]:
        level = self._level(points)
        leading: dict[str, Gate] = {}
        best: Planes[Gate] = []
        taken = self.gates.false
        for name, runs in running.items():
            ahead = runs & (~taken | greater(level[name], best, self.gates.true))
            best = select(ahead, level[name], best)
            leading = {other: leads & ~ahead for other, leads in leading.items()}
            leading[name] = ahead
            taken |= ahead
        return leading

    def rivalled(
        self, leading: Mapping[str, Gate], running: Mapping[str, Gate], points: Mapping[str, Sum], lead: int
    ) -> Gate:
        level = self._level(points)
        best = self.pick(leading, level)
        return self.any_of(
            runs & ~leading[name] & greater(add_constant(level[name], lead, self.gates.true), best, self.gates.true)
            for name, runs in running.items()
        )

    def pick(self, leading: Mapping[str, Gate], planes: Mapping[str, Planes[Gate]]) -> Planes[Gate]:
        """Return the number of the one that leads; 0 where none does."""
        size = max(map(len, planes.values()), default=0)
        return [
            self.any_of(leading[name] & own[digit] for name, own in planes.items() if digit < len(own))
            for digit in range(size)
        ]

    def _level(self, points: Mapping[str, Sum]) -> dict[str, Planes[Gate]]:
        offset = max((number.offset for number in points.values()), default=0)
        return {name: number.above(offset, self.gates.true) for name, number in points.items()}


class Program:
    """A rule base compiled. Immutable once it is built, but for gates that are added when first asked for.

    Attributes:
        rulebase: The rule base.
        gates: The gates.
        inputs: What the inputs of the gates are, by number.
        cases: For each fact that is no set, one value for each way in which rules can see it.
        fired: For each rule where it fires.
        formula: What the policy makes of it.
    """

    def __init__(self, decider: Decider, *, silent: bool = False) -> None:
        """Compile; with `silent` each rule has an input that says where it does not fire, whatever holds there."""
        self.rulebase = rulebase = decider.rulebase
        self.gates = Gates()
        self.inputs: list[Input] = []
        self._numbers: dict[Input, int] = {}
        tests = list_tests(rulebase)
        self._values = {name: list_cases(fact, tests[name]) for name, fact in rulebase.vocabulary.facts.items()}
        facts = rulebase.vocabulary.facts
        self.cases = {name: values for name, values in self._values.items() if facts[name].kind is not Kind.SET}
        self._regions = {
            name: cut(tests[name]) for name, fact in rulebase.vocabulary.facts.items() if fact.kind is Kind.PERCENT
        }
        self._cases_known: dict[str, dict[FactValue, int]] = {
            name: {value: place for place, value in enumerate(values)} for name, values in self.cases.items()
        }
        debits = dict.fromkeys(rulebase.models, 0)
        for _, item in decider.items:
            debits[item.model] -= min(item.points, 0)
        self._columns = _Columns(self.gates, max(debits.values(), default=0))
        self.fired = self._fire(silent=silent)
        findings = {
            name: self._columns.any_of(self.fired[rule] for rule in rules)
            for name, rules in rulebase.concluders.items()
        }
        self.formula: Formula[Gate, Sum] = Formula(self._columns, decider, self.fired, findings)

    def _fire(self, *, silent: bool) -> dict[str, Gate]:
        units, alternatives = list_units(self.rulebase)
        everything = (1 << len(units)) - 1
        memo: dict[FactTest, Gate] = {}
        fires = []
        for position, unit in enumerate(units):
            for test in unit.tests:
                if test not in memo:
                    memo[test] = self._test(test)
            parts = [memo[test] for test in unit.tests]
            if silent and position < len(self.rulebase.rules):
                parts.append(~self._input(Silence(self.rulebase.rule_ids[position])))
            fires.append(self._columns.all_of(parts))
        for concluders, others in order_findings(self.rulebase, units, alternatives, everything):
            established = self._columns.any_of(fires[unit] for unit in _positions(concluders))
            for user in _positions(everything & ~others):
                fires[user] &= established
        return dict(zip(self.rulebase.rule_ids, fires, strict=False))

    def _input(self, what: Input) -> Gate:
        number = self._numbers.setdefault(what, len(self.inputs))
        if number == len(self.inputs):
            self.inputs.append(what)
        return self.gates.read(number)

    def _test(self, test: FactTest) -> Gate:
        fact = self.rulebase.vocabulary[test.fact]
        if fact.kind is Kind.SET:
            return self._test_set(test)
        return self._columns.any_of(
            self._input(Within(fact.name, first, last)) for first, last in _runs(self.passing(fact, test))
        )

    def values_of(self, name: str) -> tuple[FactValue, ...]:
        """Return one value of a fact for each way in which rules can see it."""
        return self._values[name]

    def case_of(self, name: str, value: FactValue) -> int:
        """Return the position of the case of a fact that no test tells from a value."""
        known = self._cases_known[name]
        case = known.get(value)
        if case is None:
            assert isinstance(value, int | float)
            regions = self._regions[name]
            case = known[value] = next(place for place, region in enumerate(regions) if region.holds(value))
        return case

    def passing(self, fact: Fact, test: FactTest) -> list[int]:
        """Return the positions of the cases of a fact that pass a test."""
        return [position for position, value in enumerate(self.cases[fact.name]) if test.holds(value, fact)]

    def _test_set(self, test: FactTest) -> Gate:
        assert isinstance(test.operand, tuple)
        elements = [self._input(Element(test.fact, element)) for element in test.operand]
        if test.operator is Operator.INCLUDES_ALL:
            return self._columns.all_of(elements)
        included = self._columns.any_of(elements)
        return included if test.operator is Operator.INCLUDES_ANY else self._input(Element(test.fact, "")) & ~included

    @cached_property
    def points(self) -> Planes[Gate]:
        """The points of the model that is named; 0 where none is."""
        return self._points_of(self.formula.recommended)

    @cached_property
    def next_points(self) -> Planes[Gate]:
        """The points of the runner-up; 0 where there is none."""
        return self._points_of(self.runners_up)

    @cached_property
    def runners_up(self) -> Mapping[str, Gate]:
        """For every model where it is the next of those running."""
        return self.formula.runners_up()

    def number_of(self, leading: Mapping[str, Gate]) -> Planes[Gate]:
        """Return the digits of the position, from 1, of the one that leads; 0 where none does."""
        numbered = list(enumerate(leading.values(), 1))
        return [
            self._columns.any_of(leads for number, leads in numbered if number >> digit & 1)
            for digit in range(len(numbered).bit_length())
        ]

    @cached_property
    def impossible(self) -> dict[str, Gate]:
        """For each impossible conjunction where known facts meet it."""
        return {
            entry.id: self._columns.all_of(self._test(test) for test in entry.when)
            for entry in self.rulebase.impossible
        }

    def _points_of(self, leading: Mapping[str, Gate]) -> Planes[Gate]:
        offset = max((number.offset for number in self.formula.points.values()), default=0)
        level = {name: number.above(offset, self.gates.true) for name, number in self.formula.points.items()}
        # The one that leads has points, so that what the planes hold is larger than the offset.
        planes = self._columns.pick(leading, level)
        return _subtract(planes, offset, self._columns.any_of(leading.values()))

    def advised(self) -> dict[str, Gate]:
        """Return for every action that rules conclude where it is advised: it serves the model that is named."""
        return {action: self.formula.advised(action) for action in self.concluded(Effect.ACTION)}

    def concluded(self, effect: Effect) -> dict[str, Gate]:
        """Return for everything that rules conclude by one effect where a fired rule does."""
        targets: dict[str, list[str]] = {}
        for rule in self.rulebase.rules.values():
            for target in rule.targets(effect):
                targets.setdefault(target, []).append(rule.id)
        return {target: self._columns.any_of(self.fired[rule] for rule in rules) for target, rules in targets.items()}


def _subtract(planes: Planes[Gate], number: int, where: Gate) -> Planes[Gate]:
    """Subtract a number where something holds; the planes hold 0 elsewhere, and nowhere less than the number."""
    result: Planes[Gate] = []
    borrow = where ^ where
    for digit, own in enumerate(planes):
        taken = where if number >> digit & 1 else borrow ^ borrow
        result.append(own ^ taken ^ borrow)
        borrow = (~own & (taken | borrow)) | (taken & borrow)
    return result


def _ordered(bits: Iterable[Gate]) -> list[Gate]:
    # In one order, so that what differs in the order of its parts only is the same gate.
    return sorted(bits, key=lambda bit: bit.number)


def _runs(positions: Iterable[int]) -> Iterable[tuple[int, int]]:
    """Return runs of neighbours as their first and last."""
    runs: list[tuple[int, int]] = []
    for position in positions:
        if runs and runs[-1][1] + 1 == position:
            runs[-1] = runs[-1][0], position
        else:
            runs.append((position, position))
    return runs


def _positions(bits: int) -> Iterable[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
