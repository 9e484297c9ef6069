"""A rule base and its policy, compiled once: gates that say which rules fire and what is recommended.

Compiling evaluates every rule and the policy (`policy.symbolic_policy`) once. The result is a straight-line program
on columns of bits, one bit for each organisation: ANDs, ORs, XORs and NOTs, with carry-save adders for sums and without
branches. It agrees with `recommend` to the bit. It runs on Python ints in `cxrules.columns.cohort`, and on NumPy arrays
in `cxrules.columns.numpy_executor`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import NamedTuple, TypeAlias

from cxrules.columns.algebra import Columns, Leaders, Sum
from cxrules.columns.bits.gates import Gate, Gates
from cxrules.columns.bits.slices import Planes, greater
from cxrules.engines import places_of
from cxrules.engines.units import list_units, order_findings
from cxrules.language.facts import Fact, FactValue, Kind
from cxrules.language.regions import cut, list_cases, list_tests
from cxrules.language.rules import Effect, FactTest, Operator
from cxrules.policy.decider import Decider
from cxrules.policy.symbolic_policy import SymbolicPolicy

__all__ = ["Element", "Input", "Program", "Silence", "Sum", "Within"]


class Within(NamedTuple):
    """An input: a fact has one of the cases from one position in `Program.cases` to another."""

    fact: str
    first: int
    last: int


class Element(NamedTuple):
    """An input: a set is known and contains an element or, if the element is empty, is known at all."""

    fact: str
    element: str


class Silence(NamedTuple):
    """An input: a rule is silenced, whatever the facts are."""

    rule: str


Input: TypeAlias = Within | Element | Silence


class Program:
    """A compiled rule base. It is immutable once built, except for gates that are added when first needed.

    Attributes:
        rulebase: The rule base.
        gates: The gates.
        inputs: What the inputs of the gates are, by number.
        cases: For each fact other than a set, one value for each group of values that the rules treat alike.
        fired: Where each rule fires.
        policy: What the policy decides from the fired rules.
    """

    def __init__(self, decider: Decider, *, silent: bool = False) -> None:
        """Compile; with `silent`, each rule has an input that says where it does not fire, whatever the facts."""
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
        self._columns = Columns(self.gates)
        self.fired = self._fire(silent=silent)
        findings = {
            name: self._columns.any_of(self.fired[rule] for rule in rules)
            for name, rules in rulebase.concluders.items()
        }
        self.policy: SymbolicPolicy[Gate, Sum] = SymbolicPolicy(self._columns, decider, self.fired, findings)

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
            established = self._columns.any_of(fires[unit] for unit in places_of(concluders))
            for user in places_of(everything & ~others):
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
        """Return one value of a fact for each group of values that the rules treat alike."""
        return self._values[name]

    def case_of(self, name: str, value: FactValue) -> int:
        """Return the position of the case of a fact that no test distinguishes from a value."""
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
        """The points of the recommended model; 0 where there is none."""
        leaders = self.policy.recommended
        assert isinstance(leaders, Leaders)
        return self._columns.points_of(leaders)

    @cached_property
    def next_points(self) -> Planes[Gate]:
        """The points of the runner-up; 0 where there is none."""
        assert isinstance(self.runners_up, Leaders)
        return self._columns.points_of(self.runners_up)

    @cached_property
    def runners_up(self) -> Mapping[str, Gate]:
        """Where each model is the runner-up."""
        return self.policy.runners_up()

    def tied(self, first: str, second: str) -> Gate:
        """Return where one model is recommended and another has as many points, so that the declared order decides."""
        more = greater(self.policy.points[first].level, self.policy.points[second].level, self.gates.true)
        return self.policy.recommended[first] & self.policy.running[second] & ~more

    def number_of(self, leading: Mapping[str, Gate]) -> Planes[Gate]:
        """Return the digits of the position, from 1, of the leading model; 0 where none leads."""
        numbered = list(enumerate(leading.values(), 1))
        return [
            self._columns.any_of(leads for number, leads in numbered if number >> digit & 1)
            for digit in range(len(numbered).bit_length())
        ]

    @cached_property
    def impossible(self) -> dict[str, Gate]:
        """Where known facts meet each impossible conjunction."""
        return {
            entry.id: self._columns.all_of(self._test(test) for test in entry.when)
            for entry in self.rulebase.impossible
        }

    def advised(self) -> dict[str, Gate]:
        """Return where each action that rules conclude is advised: where it serves the recommended model."""
        return {action: self.policy.advised(action) for action in self.concluded(Effect.ACTION)}

    def concluded(self, effect: Effect) -> dict[str, Gate]:
        """Return where a fired rule concludes each target of an effect."""
        targets: dict[str, list[str]] = {}
        for rule in self.rulebase.rules.values():
            for target in rule.targets(effect):
                targets.setdefault(target, []).append(rule.id)
        return {target: self._columns.any_of(self.fired[rule] for rule in rules) for target, rules in targets.items()}


def _runs(positions: Iterable[int]) -> Iterable[tuple[int, int]]:
    """Return runs of neighbouring positions, each as its first and last."""
    runs: list[tuple[int, int]] = []
    for position in positions:
        if runs and runs[-1][1] + 1 == position:
            runs[-1] = runs[-1][0], position
        else:
            runs.append((position, position))
    return runs
