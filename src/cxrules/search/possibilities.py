"""The possibilities beyond what is known: values that make a difference, coherent completions, seeded draws of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

from cxrules.columns.cohort import Cohort, CohortJudge, SetColumn, truth
from cxrules.engines.bitmap import BitmapEngine
from cxrules.language.facts import Facts, FactValue
from cxrules.language.regions import list_cases, list_tests
from cxrules.language.rules import FactTest
from cxrules.policy.decision import Decision
from cxrules.policy.judge import Judge
from cxrules.search.bounds import Bounds
from cxrules.search.coherent_values import assign
from cxrules.search.draws import Draw, Draws

__all__ = ["Possibilities", "possibilities_of"]


class Possibilities:
    """A rule base compiled for search. Everything is deterministic, because draws have fixed seeds.

    Attributes:
        rulebase: The rule base.
        decider: The policy.
        coherence: The impossible conjunctions.
        cohorts: The program that decides many organisations at once.
        cases: For each fact, one value for each way in which rules and impossible conjunctions can see it.
        changes: The changes of values met so far, by fact, effort and value; `search.changes` keeps them.
    """

    def __init__(self, judge: Judge) -> None:
        self.rulebase = judge.rulebase
        self.decider = judge.decider
        # Engines agree, so search may use the fastest, whichever engine the question came from.
        self._engine = judge.engine if isinstance(judge.engine, BitmapEngine) else BitmapEngine(judge.rulebase)
        self.coherence = judge.rulebase.coherence
        self.cohorts = CohortJudge(judge.decider)
        self.tests = list_tests(judge.rulebase)
        vocabulary = judge.rulebase.vocabulary
        self.cases = {name: list_cases(vocabulary[name], tests) for name, tests in self.tests.items()}
        self.changes: dict[tuple[str, int, FactValue], tuple[Any, ...]] = {}

    def decide(self, known: Facts) -> Decision:
        """Decide on validated facts."""
        return self.decider.decide(known, self._engine.match(known))

    def may_fire(self, known: Facts) -> int:
        """Return the rules that fire or could still fire once more is known, as the bits of an int."""
        return self._engine.bound(known)

    @cached_property
    def bounds(self) -> Bounds:
        """The bounds on what partial knowledge leaves open."""
        return Bounds(self.decider, self.cases)

    @cached_property
    def _draws(self) -> Draws:
        return Draws(self.rulebase, self.tests, self.cases, self.optional)

    @cached_property
    def testing(self) -> dict[str, int]:
        """For each fact, the rules that test it and bear on the model, as the bits of an int."""
        rules: dict[str, list[str]] = {name: [] for name in self.cases}
        for rule in self.rulebase.bearing:
            for name in self.rulebase.rules[rule].facts():
                rules[name].append(rule)
        return {name: self.decider.mask(ids) for name, ids in rules.items()}

    def unknown(self, known: Facts, ignoring: Collection[str] = ()) -> tuple[str, ...]:
        """Return the facts that are not known, in the order of the vocabulary."""
        return tuple(name for name in self.cases if name not in known and name not in ignoring)

    def unmet(self, known: Facts) -> int:
        """Return the impossible conjunctions that known facts do not already meet: those a completion must not meet."""
        return self.coherence.everything & ~self.coherence.met(known)

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
        """Return the organisations of a cohort in which all the given tests hold."""
        columns = cohort.everything
        for test in tests:
            columns &= truth(test, cohort, self.rulebase.vocabulary)
            if not columns:
                break
        return columns

    def may_lack_value(self, name: str, cohort: Cohort, rest: Collection[str], impossible: int) -> int:
        """Return where every value of a fact may be impossible once the facts of `rest` are known, too."""
        columns = cohort.everything
        for rivals in self.coherence.rivals(name, self.cases[name]):
            refused = 0
            for bit, others in rivals:
                if bit & impossible:
                    refused |= self.meeting((test for test in others if test.fact not in rest), cohort)
            columns &= refused
            if not columns:
                break
        return columns

    @cached_property
    def optional(self) -> frozenset[str]:
        """The facts for which others may leave no coherent value, such as whom a CCO reports to."""
        vocabulary = self.rulebase.vocabulary
        tests = [test for entry in self.rulebase.impossible for test in entry.when]
        return frozenset(
            name
            for name, cases in self.cases.items()
            if all(any(test.fact == name and test.holds(value, vocabulary[name]) for test in tests) for value in cases)
        )

    def complete(self, known: Facts, free: Sequence[str], blank: Collection[str] = ()) -> dict[str, FactValue] | None:
        """Return a coherent completion.

        Every free fact gets a value, except those for which the other facts leave no coherent one. The facts of `blank`
        must be left without a coherent value.

        Returns:
            The known facts and values for the free ones; None if there is no such completion. A conjunction that the
            known facts meet by themselves does not count.
        """
        coherence, impossible = self.coherence, self.unmet(known)
        candidates: dict[str, Sequence[FactValue | None]] = {
            name: (*self.cases[name], None) if name in self.optional else self.cases[name]
            for name in free
            if name in coherence.tested
        }
        for found in assign(coherence, known, candidates, impossible):
            values = {name: value for name, value in found.items() if value is not None}
            completed = {**known, **values}
            missing = {*blank, *(name for name in found if name not in values)}
            if self._can_lack(missing, completed, impossible):
                completed.update((name, self.cases[name][0]) for name in free if name not in candidates)
                return completed
        return None

    def _can_lack(self, names: Collection[str], known: Facts, impossible: int) -> bool:
        """Return whether known facts leave no coherent value for any of some others."""
        if not names:
            return True
        coherence = self.coherence
        _, nearly = coherence.nearly_met(known)
        return all(
            coherence.mask(name, value) & nearly.get(name, 0) & impossible
            for name in names
            for value in self.cases[name]
        )

    def coherent_cases(self, known: Facts, unknown: Iterable[str]) -> dict[str, tuple[FactValue, ...]]:
        """Return for each of some unknown facts the values that are coherent with the known facts.

        Conjunctions that the known facts meet by themselves do not count.
        """
        coherence = self.coherence
        _, nearly = coherence.nearly_met(known)
        found = {}
        for name in unknown:
            cases = self.cases[name]
            if alive := nearly.get(name, 0):
                cases = tuple([value for value in cases if not alive & coherence.mask(name, value)])
            found[name] = cases
        return found

    def prospects(
        self, coherent: Mapping[str, tuple[FactValue, ...]], *, answered: bool
    ) -> dict[str, tuple[FactValue | None, ...]]:
        """Return the prospects of each unknown fact, given the values that it can have.

        If `answered`, each of the facts becomes known; None, for a fact that stays unknown, is then a prospect only if
        other facts may leave no coherent value.
        """
        return {
            name: (*values, None) if not answered or name in self.optional or not values else values
            for name, values in coherent.items()
        }

    def draw(self, known: Facts, free: Iterable[str], wanted: Collection[str] | None = None, beside: int = 0) -> Draw:
        """Draw coherent completions in which every value of every free fact is equally likely; always the same ones.

        Free facts that are not wanted are left out of the result; None means all are wanted. The cohort has room
        for `beside` more organisations after the completions, of which only the known facts are known.
        """
        return self._draws.draw(known, free, self.unmet(known), wanted, beside)


# Compiled once for each judge, for as long as the judge lives; nothing in it refers back to the judge.
_COMPILED: WeakKeyDictionary[Judge, Possibilities] = WeakKeyDictionary()


def possibilities_of(judge: Judge) -> Possibilities:
    """Return the possibilities of a judge's rule base, compiled when first asked for."""
    compiled = _COMPILED.get(judge)
    if compiled is None:
        compiled = _COMPILED.setdefault(judge, Possibilities(judge))
    return compiled
