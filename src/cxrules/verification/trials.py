"""Organisations drawn at random, thousands side by side: most of what can happen happens to one of them.

A check first looks here for an organisation that it needs, which takes a thousandth of the solver's time. A find is a
hint, which the engine confirms like everything else; only the solver can show that there is none.

Of the first organisations hardly anything is known, of the last nearly everything. Half of them are drawn so that a
rule fires, each rule in as many of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from random import Random
from typing import Final, NamedTuple, TypeAlias, TypeVar

from cxrules.columns.bits.gates import Gate
from cxrules.columns.cohort import (
    Cohort,
    CohortJudge,
    Column,
    Outcomes,
    SetColumn,
    column_of,
    first_of,
    restrict,
    truth,
)
from cxrules.columns.int_executor import Runner
from cxrules.engines import mask_of
from cxrules.language.facts import Facts, FactValue, Kind
from cxrules.language.rules import AnyOf, Effect, FactTest, Operator
from cxrules.policy.decider import Decider
from cxrules.verification.space import Space

__all__ = ["ADVICE", "Trials"]

ADVICE: Final = (Effect.ACCOMPANIES, Effect.ACTION, Effect.RECOGNISES, Effect.WARNING)
"""The effects that go with an answer, whichever model is named."""

_FOR_EACH_RULE: Final = 100
_MOST: Final = 40_000
_STEPS: Final = 16  # from organisations of which little is known to those of which much is
_WAYS: Final = 4  # in which a rule is made to fire
_FINE: Final = 8  # binary places of a chance

_Item = TypeVar("_Item")

Hinted: TypeAlias = tuple[Facts, Facts]
"""An organisation, and what is otherwise about it."""


class _Answers(NamedTuple):
    """What a cohort is answered, and which of it is impossible."""

    columns: dict[object, int]
    incoherent: int


class Trials:
    """Organisations decided side by side. Each question returns one of them and the facts that differ, or None.

    They are drawn at the first question; provers of one rule base that split its facts in the same way may share them.
    """

    def __init__(self, space: Space, decider: Decider) -> None:
        self._rulebase, self._decider = decider.rulebase, decider
        self._vocabulary = self._rulebase.vocabulary
        # For each fact the values that tests tell apart.
        self._choices: dict[str, tuple[FactValue, ...]] = {name: space.values(name) for name in self._vocabulary.facts}
        self._fixed: tuple[str, dict[FactValue, _Answers]] = ("", {})

    @cached_property
    def _judge(self) -> CohortJudge:
        return CohortJudge(self._decider)

    @cached_property
    def _decided(self) -> Outcomes:
        return self._judge.decide(self._cohort)

    @cached_property
    def _answering(self) -> Runner[object]:
        """Everything that is answered, apart from the rules quoted."""
        program = self._judge.program
        policy = program.policy
        gates: dict[object, Gate] = {}
        for model in self._rulebase.models:
            gates |= {("points", model, digit): gate for digit, gate in enumerate(policy.points[model].planes)}
            of = (policy.excluded, policy.entitled, policy.enough, policy.running)
            gates |= {(number, model): columns[model] for number, columns in enumerate(of)}
        for effect in ADVICE:
            gates |= {(effect, target): gate for target, gate in program.concluded(effect).items()}
        return Runner(program, gates)

    @cached_property
    def _answered(self) -> _Answers:
        return _Answers(self._answering(self._cohort), incoherent=0)

    @cached_property
    def _fired(self) -> dict[str, int]:
        program = self._judge.program
        return Runner(program, program.fired)(self._cohort)

    @cached_property
    def _ties(self) -> dict[tuple[str, str], int]:
        program = self._judge.program
        models = list(self._rulebase.models)
        pairs = [(one, other) for place, one in enumerate(models) for other in models[place + 1 :]]
        return Runner(program, {pair: program.tied(*pair) for pair in pairs})(self._cohort)

    @cached_property
    def _cohort(self) -> Cohort:
        rng = Random(0)  # noqa: S311 - not a secret; the same on every run
        size = max(1, min(_MOST, _FOR_EACH_RULE * len(self._rulebase.rules)) // _STEPS)
        drawn: dict[str, dict[FactValue, int]] = {name: {} for name in self._choices}
        known: dict[str, int] = dict.fromkeys(self._choices, 0)
        for step in range(_STEPS):
            share, shift = (step + 0.5) / _STEPS, step * size
            for name, values in self._choices.items():
                here = _draw(rng, size, share)
                known[name] |= here << shift
                for value, columns in self._split(rng, size, name, values, here, share):
                    drawn[name][value] = drawn[name].get(value, 0) | columns << shift
        for test, columns in self._demands(rng, _STEPS * size):
            self._make_true(rng, test, drawn[test.fact], columns)
            known[test.fact] |= columns
        return self._make_coherent(Cohort((1 << _STEPS * size) - 1, self._columns(drawn, known)))

    def _split(
        self, rng: Random, size: int, name: str, values: tuple[FactValue, ...], known: int, share: float
    ) -> Iterator[tuple[FactValue, int]]:
        """Spread the organisations that know a fact over its values; those of a set are its elements, each alone."""
        if self._vocabulary[name].kind is Kind.SET:
            yield from ((value, known & _draw(rng, size, share)) for value in values)
            return
        yield from _spread(rng, size, values, known)

    def _demands(self, rng: Random, number: int) -> Iterator[tuple[FactTest, int]]:
        """Return tests that make every rule fire, in several ways, and where each must hold.

        It goes from the top stratum down: by the time that it reaches the rules that conclude a finding, it has seen
        every rule that needs the finding.
        """
        rules, strata = self._rulebase.rules, self._rulebase.strata
        wanted: dict[str, int] = defaultdict(int)
        due: dict[str, int] = {}
        for place, rule in enumerate(rules):
            firsts = range(place, len(rules) * _WAYS, len(rules))
            due[rule] = mask_of(each for first in firsts for each in range(first, number, 2 * len(rules) * _WAYS))
        for layer, findings in zip(reversed(strata), reversed(self._list_concluded()), strict=True):
            for finding in findings:
                for rule, columns in _spread(rng, number, self._rulebase.concluders[finding], wanted[finding]):
                    due[rule] |= columns
            for condition, everywhere in ((condition, due[rule]) for rule in layer for condition in rules[rule].when):
                branches = condition.alternatives if isinstance(condition, AnyOf) else ((condition,),)
                for branch, columns in _spread(rng, number, branches, everywhere):
                    for test in branch:
                        if isinstance(test, FactTest):
                            yield test, columns
                        else:
                            wanted[test.finding] |= columns

    def _list_concluded(self) -> list[list[str]]:
        """Return for each stratum the findings that its rules conclude, and no rule of a later one."""
        level = {rule: number for number, layer in enumerate(self._rulebase.strata) for rule in layer}
        found: list[list[str]] = [[] for _ in self._rulebase.strata]
        for finding, rules in self._rulebase.concluders.items():
            if rules:
                found[max(level[rule] for rule in rules)].append(finding)
        return found

    def _make_true(self, rng: Random, test: FactTest, drawn: dict[FactValue, int], columns: int) -> None:
        """Change a fact so that a test of it holds in some organisations."""
        size = columns.bit_length()
        if self._vocabulary[test.fact].kind is not Kind.SET:
            passing = [value for value in self._choices[test.fact] if test.holds(value, self._vocabulary[test.fact])]
            if passing:
                for value in drawn:
                    drawn[value] &= ~columns
                for value, here in _spread(rng, size, passing, columns):
                    drawn[value] |= here
            return
        assert isinstance(test.operand, tuple)
        elements = [(element,) for element in test.operand if (element,) in drawn]
        if test.operator is Operator.INCLUDES_ANY:
            for element, here in _spread(rng, size, elements, columns):
                drawn[element] |= here
            return
        for element in elements:
            if test.operator is Operator.LACKS_ALL:
                drawn[element] &= ~columns
            else:
                drawn[element] |= columns

    def _columns(self, drawn: dict[str, dict[FactValue, int]], known: dict[str, int]) -> dict[str, Column]:
        columns: dict[str, Column] = {}
        for name, values in drawn.items():
            if self._vocabulary[name].kind is Kind.SET:
                elements = {value[0]: where for value, where in values.items() if isinstance(value, tuple)}
                columns[name] = SetColumn(known[name], elements)
            else:
                columns[name] = values
        return columns

    def _make_coherent(self, cohort: Cohort) -> Cohort:
        """Take away a fact where a conjunction is met that is impossible. No test holds of a fact that is unknown."""
        for item in self._rulebase.impossible:
            if met := self._met(item.when, cohort):
                name = item.when[-1].fact
                cohort = cohort._replace(columns={**cohort.columns, name: restrict(cohort.columns[name], ~met)})
        return cohort

    def _read(self, position: int) -> dict[str, FactValue]:
        known: dict[str, FactValue] = {}
        for name, column in self._cohort.columns.items():
            if isinstance(column, SetColumn):
                if column.known >> position & 1:
                    known[name] = tuple(element for element, where in column.elements.items() if where >> position & 1)
            else:
                known.update((name, value) for value, where in column.items() if where >> position & 1)
        return known

    def firing(self, rule: str, *, silent: Iterable[str] = ()) -> Hinted | None:
        """Return an organisation for which a rule fires, and some others do not."""
        columns = self._fired[rule]
        for other in silent:
            columns &= ~self._fired[other]
        return self._first(columns)

    def tied(self, first: str, second: str) -> Hinted | None:
        """Return an organisation for which one model is named and the other, declared after it, has as many points."""
        return self._first(self._ties[first, second])

    def without_rule(self, rule: str) -> Hinted | None:
        """Return an organisation that gets another result without a rule."""
        there = self._judge.decide(self._cohort, {rule: self._cohort.everything})
        return self._first(_differing(self._decided, there))

    def without_fact(self, name: str, *, result: bool) -> Hinted | None:
        """Return an organisation that gets another result, or any other answer, when a fact is unknown."""
        rest = {other: column for other, column in self._cohort.columns.items() if other != name}
        bare = self._cohort._replace(columns=rest)
        if result:
            return self._first(_differing(self._decided, self._judge.decide(bare)) & ~self._incoherent(bare))
        return self._first_that_differs(self._answered, self._answer(bare))

    def between(self, name: str, one: FactValue, other: FactValue) -> Hinted | None:
        """Return an organisation that gets another answer with one value of a fact than with another."""
        return self._first_that_differs(self._fix(name, one), self._fix(name, other))

    def _fix(self, name: str, value: FactValue) -> _Answers:
        """Return what is answered if a fact has a value, kept as long as one fact is asked about."""
        if self._fixed[0] != name:
            self._fixed = (name, {})
        kept = self._fixed[1]
        if value not in kept:
            column = column_of(self._vocabulary, name, value, self._cohort.everything)
            kept[value] = self._answer(self._with(name, column))
        return kept[value]

    def with_element(self, name: str, element: str) -> Hinted | None:
        """Return an organisation that gets another answer when a set includes an element too."""
        drawn = self._cohort.columns.get(name)
        if not isinstance(drawn, SetColumn):
            return None
        without, added = ({**drawn.elements, element: columns} for columns in (0, drawn.known))
        found = self._first_that_differs(
            *(self._answer(self._with(name, SetColumn(drawn.known, elements))) for elements in (without, added))
        )
        if found is None or name not in found[0]:
            return None
        had = found[0][name]
        assert isinstance(had, tuple)
        less = tuple(other for other in had if other != element)
        more = tuple(other for other in self._vocabulary[name].names if other in {*had, element})
        return {**found[0], name: less}, {name: more}

    def _with(self, name: str, column: Column) -> Cohort:
        return self._cohort._replace(columns={**self._cohort.columns, name: column})

    def _answer(self, cohort: Cohort) -> _Answers:
        return _Answers(self._answering(cohort), self._incoherent(cohort))

    def _first_that_differs(self, one: _Answers, other: _Answers) -> Hinted | None:
        """Return the first that gets different answers in two cohorts."""
        differing = 0
        for what, columns in one.columns.items():
            differing |= columns ^ other.columns[what]
        return self._first(differing & ~one.incoherent & ~other.incoherent)

    def _first(self, columns: int) -> Hinted | None:
        return (self._read(first_of(columns)), {}) if columns else None

    def _incoherent(self, cohort: Cohort) -> int:
        found = 0
        for item in self._rulebase.impossible:
            found |= self._met(item.when, cohort)
        return found

    def _met(self, tests: Iterable[FactTest], cohort: Cohort) -> int:
        met = cohort.everything
        for test in tests:
            met &= truth(test, cohort, self._vocabulary)
        return met


def _differing(one: Outcomes, other: Outcomes) -> int:
    """Return where two outcomes differ in the model or the status."""
    differing = one.contested ^ other.contested
    for model in one.models:
        differing |= one.models[model] ^ other.models[model]
    return differing


def _spread(rng: Random, size: int, among: Sequence[_Item], columns: int) -> Iterator[tuple[_Item, int]]:
    """Yield several items, each with its share of some organisations, which are spread at random and evenly."""
    if not columns or len(among) < 2:
        yield from ((item, columns) for item in among)
        return
    half = len(among) // 2
    here = columns & _draw(rng, size, half / len(among))
    yield from _spread(rng, size, among[:half], here)
    yield from _spread(rng, size, among[half:], columns & ~here)


def _draw(rng: Random, size: int, chance: float) -> int:
    """Return random bits, each of which is one with a given probability."""
    bits = 0
    for place in range(_FINE):
        drawn = rng.getrandbits(size)
        bits = bits | drawn if round(chance * 2**_FINE) >> place & 1 else bits & drawn
    return bits
