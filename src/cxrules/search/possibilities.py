"""What could be true beyond what is known: the values that differ, coherent completions, and seeded draws of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property
from random import Random
from typing import NamedTuple
from weakref import WeakKeyDictionary

from cxrules.columns.cohort import Cohort, CohortJudge, Column, SetColumn, column_of, truth
from cxrules.engines.bitmap import BitmapEngine
from cxrules.language.facts import Facts, FactValue, Kind
from cxrules.language.regions import cut, list_cases, list_tests
from cxrules.language.rules import FactTest, Impossible
from cxrules.policy.decision import Decision
from cxrules.policy.judge import Judge
from cxrules.search.bounds import Bounds

__all__ = ["Draw", "Possibilities", "possibilities_of"]

DRAWN = 8192
"""How many completions a draw holds."""

_PRECISION = 14
"""Binary digits of a probability in a draw."""

_ROUNDS = 24
"""How often a draw repairs impossible completions before it leaves the rest out."""


class Draw(NamedTuple):
    """Random coherent completions of what is known.

    Attributes:
        cohort: The completions.
        valid: The columns that are coherent; the others do not count.
    """

    cohort: Cohort
    valid: int


class Possibilities:
    """What search needs of a rule base, compiled once. Everything in it is deterministic: its draws have fixed seeds.

    Attributes:
        rulebase: The rule base.
        decider: The policy.
        cohorts: Decides many organisations at once.
        cases: For each fact one value for each way in which rules and impossible conjunctions can see it.
    """

    def __init__(self, judge: Judge) -> None:
        self.rulebase = judge.rulebase
        self.decider = judge.decider
        # Engines agree, so that search may use the quickest, whichever engine the question came from.
        self._engine = judge.engine if isinstance(judge.engine, BitmapEngine) else BitmapEngine(judge.rulebase)
        self.cohorts = CohortJudge(judge.decider)
        self.tests = list_tests(judge.rulebase)
        vocabulary = judge.rulebase.vocabulary
        self.cases = {name: list_cases(vocabulary[name], tests) for name, tests in self.tests.items()}

    def decide(self, known: Facts) -> Decision:
        """Decide on validated facts."""
        return self.decider.decide(known, self._engine.match(known))

    def may_fire(self, known: Facts) -> int:
        """Return the rules that fire or could still fire once more is known, as the bits of an int."""
        return self._engine.bound(known)

    @cached_property
    def bounds(self) -> Bounds:
        """What partial knowledge leaves open, as bounds."""
        return Bounds(self.decider, self.cases)

    @cached_property
    def _draws(self) -> dict[str, Column]:
        return {name: self._draw_fact(name) for name in self.cases}

    def unknown(self, known: Facts, ignoring: Collection[str] = ()) -> tuple[str, ...]:
        """Return the facts that are not known, in the order of the vocabulary."""
        return tuple(name for name in self.cases if name not in known and name not in ignoring)

    def unmet(self, known: Facts) -> tuple[Impossible, ...]:
        """Return the impossible conjunctions that known facts do not already meet: those a completion must not meet."""
        met = {entry.id for entry in self.rulebase.incoherences(known)}
        return tuple(entry for entry in self.rulebase.impossible if entry.id not in met)

    def organisation(self, cohort: Cohort, position: int) -> dict[str, FactValue]:
        """Return the facts of one organisation of a cohort."""
        known: dict[str, FactValue] = {}
        for name in self.cases:
            column = cohort.columns.get(name)
            if isinstance(column, SetColumn):
                if column.known >> position & 1:
                    elements = self.rulebase.vocabulary[name].names
                    known[name] = tuple(
                        element for element in elements if column.elements.get(element, 0) >> position & 1
                    )
            elif column is not None:
                for value, columns in column.items():
                    if columns >> position & 1:
                        known[name] = value
        return known

    def meeting(self, tests: Iterable[FactTest], cohort: Cohort) -> int:
        """Return the organisations of a cohort in which all of some tests hold."""
        columns = cohort.everything
        for test in tests:
            columns &= truth(test, cohort, self.rulebase.vocabulary)
            if not columns:
                break
        return columns

    @cached_property
    def optional(self) -> frozenset[str]:
        """The facts to which others may leave no coherent value, such as whom a CCO reports to."""
        vocabulary = self.rulebase.vocabulary
        tests = [test for entry in self.rulebase.impossible for test in entry.when]
        return frozenset(
            name
            for name, cases in self.cases.items()
            if all(any(test.fact == name and test.holds(value, vocabulary[name]) for test in tests) for value in cases)
        )

    def complete(self, known: Facts, free: Sequence[str], blank: Collection[str] = ()) -> dict[str, FactValue] | None:
        """Return a coherent completion.

        It gives every free fact a value, except those to which the other facts leave no coherent one.

        The facts of `blank` must be left without a coherent value.

        Returns:
            The known facts and values for the free ones; None when there is no such completion. A conjunction that the
            known facts meet by themselves does not count.
        """
        touching = {test.fact for entry in self.rulebase.impossible for test in entry.when}
        order = [name for name in free if name in touching]
        for found in self._complete(dict(known), order, self.unmet(known)):
            missing = {*blank, *(name for name in order if name not in found)}
            if not any(self.coherent_cases(found, name, known) for name in missing):
                for name in free:
                    if name not in touching:
                        found[name] = self.cases[name][0]
                return found
        return None

    def coherent_cases(self, known: Facts, name: str, before: Facts | None = None) -> tuple[FactValue, ...]:
        """Return the values that a fact can have beside others.

        Incoherences among `before`, or among the known facts when it is left out, do not count.
        """
        impossible = self.unmet(known if before is None else before)
        return tuple(value for value in self.cases[name] if not self._meets({**known, name: value}, impossible, name))

    def prospects(
        self, known: Facts, free: Iterable[str], *, answered: bool
    ) -> dict[str, tuple[FactValue | None, ...]]:
        """Return for each free fact the values that it may turn out to have beside what is known.

        If `answered`, each of the facts becomes known; None, for one that stays unknown, is then a prospect only where
        other facts may leave no coherent value.
        """
        touching = {test.fact for entry in self.rulebase.impossible for test in entry.when}
        found: dict[str, tuple[FactValue | None, ...]] = {}
        for name in free:
            values = self.coherent_cases(known, name) if name in touching else self.cases[name]
            found[name] = (*values, None) if not answered or name in self.optional or not values else values
        return found

    def _complete(
        self, known: dict[str, FactValue], order: Sequence[str], impossible: tuple[Impossible, ...]
    ) -> Iterator[dict[str, FactValue]]:
        if not order:
            yield dict(known)
            return
        name, *rest = order
        for value in self.cases[name]:
            extended = {**known, name: value}
            if not self._meets(extended, impossible, name):
                yield from self._complete(extended, rest, impossible)
        if name in self.optional:
            yield from self._complete(known, rest, impossible)

    def _meets(self, known: Facts, impossible: tuple[Impossible, ...], latest: str) -> bool:
        facts = self.rulebase.vocabulary
        for entry in impossible:
            if any(test.fact == latest for test in entry.when) and all(
                test.fact in known and test.holds(known[test.fact], facts[test.fact]) for test in entry.when
            ):
                return True
        return False

    def draw(self, known: Facts, free: Iterable[str]) -> Draw:
        """Draw completions in which every value of every free fact is equally likely, and which are coherent.

        Where a completion meets an impossible conjunction, the free facts of that conjunction are drawn again (partial
        rejection sampling: Guo, Jerrum and Liu 2019); a fact to which the others leave no coherent value has none. The
        same question always gets the same draw.
        """
        everything = (1 << DRAWN) - 1
        vocabulary = self.rulebase.vocabulary
        columns = {name: column_of(vocabulary, name, value, everything) for name, value in known.items()}
        drawn = {name: self._draws[name] for name in free}
        columns.update(drawn)
        cohort = Cohort(everything, columns)
        impossible = self.unmet(known)
        optional = [name for name in drawn if name in self.optional]
        shifts = Random(0)  # noqa: S311 - chance for an estimate, no secret
        bad = 0
        blank: dict[str, int] = {}
        for left in reversed(range(_ROUNDS)):
            columns.update((name, drawn[name]) for name in optional)
            blank = self._blank(cohort, optional, impossible)
            again: dict[str, int] = {}
            bad = 0
            for entry in impossible:
                if met := self.meeting(entry.when, cohort):
                    bad |= met
                    for test in entry.when:
                        if test.fact in drawn:
                            again[test.fact] = again.get(test.fact, 0) | met
            if not bad or not left:  # what is drawn again must be looked at again
                break
            for name, columns_again in again.items():
                fresh = _rotate(self._draws[name], shifts.randrange(DRAWN), everything)
                drawn[name] = columns[name] = _mix(columns_again, fresh, drawn[name])
        for name in optional:
            bad |= self._without_value(cohort, name, impossible) ^ blank[name]
        return Draw(cohort, everything & ~bad)

    def _blank(self, cohort: Cohort, optional: Iterable[str], impossible: tuple[Impossible, ...]) -> dict[str, int]:
        """Remove facts where the others leave them no coherent value; return where that is."""
        blank: dict[str, int] = {}
        columns = cohort.columns
        assert isinstance(columns, dict)
        for name in optional:
            blank[name] = self._without_value(cohort, name, impossible)
            if blank[name]:
                columns[name] = _keep(columns[name], ~blank[name])
        return blank

    def _without_value(self, cohort: Cohort, name: str, impossible: tuple[Impossible, ...]) -> int:
        """Return where every value of a fact would meet an impossible conjunction."""
        fact = self.rulebase.vocabulary[name]
        columns = cohort.everything
        for value in self.cases[name]:
            refused = 0
            for entry in impossible:
                own = [test for test in entry.when if test.fact == name]
                if own and all(test.holds(value, fact) for test in own):
                    others = tuple(test for test in entry.when if test.fact != name)
                    refused |= self.meeting(others, cohort)
            columns &= refused
            if not columns:
                break
        return columns

    def _draw_fact(self, name: str) -> Column:
        fact = self.rulebase.vocabulary[name]
        random = Random(f"{name} of {len(self.cases)}")  # noqa: S311 - chance for an estimate, no secret
        everything = (1 << DRAWN) - 1
        if fact.kind is Kind.SET:
            return SetColumn(everything, {element: random.getrandbits(DRAWN) for element in fact.names})
        weights = [1] * len(self.cases[name])
        if fact.kind is Kind.PERCENT:
            weights = [region.weight for region in cut(self.tests[name])]
        column: dict[FactValue, int] = {}
        left, total = everything, sum(weights)
        for value, weight in zip(self.cases[name], weights, strict=True):
            column[value] = left & _biased(random, weight / total) if weight < total else left
            left &= ~column[value]
            total -= weight
        return column


def _biased(random: Random, probability: float) -> int:
    """Return each column with a probability, which is compared digit by digit with a random number."""
    columns = 0
    digits = round(probability * 2**_PRECISION)
    for digit in range(_PRECISION):
        chance = random.getrandbits(DRAWN)
        columns = columns | chance if digits >> digit & 1 else columns & chance
    return columns


def _rotate(column: Column, shift: int, everything: int) -> Column:
    def turn(mask: int) -> int:
        return (mask >> shift | mask << (DRAWN - shift)) & everything

    if isinstance(column, SetColumn):
        return SetColumn(turn(column.known), {element: turn(mask) for element, mask in column.elements.items()})
    return {value: turn(mask) for value, mask in column.items()}


def _mix(where: int, fresh: Column, column: Column) -> Column:
    if isinstance(fresh, SetColumn):
        assert isinstance(column, SetColumn)
        mixed = {
            element: _mux(where, mask, column.elements.get(element, 0)) for element, mask in fresh.elements.items()
        }
        return SetColumn(column.known, mixed)
    assert not isinstance(column, SetColumn)
    return {value: _mux(where, mask, column.get(value, 0)) for value, mask in fresh.items()}


def _keep(column: Column, where: int) -> Column:
    if isinstance(column, SetColumn):
        return SetColumn(column.known & where, {element: mask & where for element, mask in column.elements.items()})
    return {value: mask & where for value, mask in column.items()}


def _mux(where: int, inside: int, outside: int) -> int:
    return outside ^ (inside ^ outside) & where


# Compiled once for each judge, for as long as the judge lives; nothing in it refers back to the judge.
_COMPILED: WeakKeyDictionary[Judge, Possibilities] = WeakKeyDictionary()


def possibilities_of(judge: Judge) -> Possibilities:
    """Return the possibilities of a judge's rule base, compiled when first asked for."""
    compiled = _COMPILED.get(judge)
    if compiled is None:
        compiled = _COMPILED.setdefault(judge, Possibilities(judge))
    return compiled
