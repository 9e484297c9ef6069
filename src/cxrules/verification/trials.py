"""Organisations drawn at random, thousands side by side: most of what can happen happens to one of them.

A check first looks here for an organisation that it needs, which takes a thousandth of the solver's time. A find is a
hint, which the engine confirms like everything else; only the solver can show that there is none.
"""

from __future__ import annotations

from functools import cached_property
from random import Random
from typing import Final

from cxrules.columns.cohort import Cohort, CohortJudge, Column, SetColumn, column_of, first_of, gather, truth
from cxrules.language.facts import Facts, FactValue, Kind
from cxrules.policy.decider import Decider
from cxrules.verification.space import Space

__all__ = ["Trials"]

_FOR_EACH_RULE: Final = 150
_MOST: Final = 40_000


class Trials:
    """Organisations decided side by side. Each question returns one of them and the facts that differ, or None.

    They are drawn at the first question; provers of one rule base that split its facts in the same way may share them.
    """

    def __init__(self, space: Space, decider: Decider) -> None:
        self._rulebase, self._decider = decider.rulebase, decider
        # For each fact its elements if it is a set, otherwise the values that tests tell apart.
        self._choices: list[tuple[str, tuple[str, ...] | None, tuple[FactValue, ...]]] = [
            (name, fact.names if fact.kind is Kind.SET else None, space.values(name))
            for name, fact in self._rulebase.vocabulary.facts.items()
        ]

    @cached_property
    def _drawn(self) -> list[dict[str, FactValue]]:
        number = min(_MOST, _FOR_EACH_RULE * len(self._rulebase.rules))
        rng = Random(0)  # noqa: S311 - no secret, and the same on every run
        return [self._draw(rng) for _ in range(number)]

    @cached_property
    def _judge(self) -> CohortJudge:
        return CohortJudge(self._decider)

    @cached_property
    def _cohort(self) -> Cohort:
        return gather(self._rulebase.vocabulary, self._drawn)

    def _draw(self, rng: Random) -> dict[str, FactValue]:
        share = rng.random()
        known: dict[str, FactValue] = {}
        for name, elements, values in self._choices:
            if rng.random() < share:
                if elements is not None:
                    known[name] = tuple([element for element in elements if rng.random() < share])
                elif values:
                    known[name] = rng.choice(values)
        while met := self._rulebase.incoherences(known):
            del known[met[0].when[-1].fact]
        return known

    def without_rule(self, rule: str) -> tuple[Facts, Facts] | None:
        """Return an organisation whose result differs without a rule."""
        return self._first_that_differs(self._cohort, self._cohort, rule)

    def without_fact(self, name: str) -> tuple[Facts, Facts] | None:
        """Return an organisation whose result differs if a fact is unknown."""
        rest = {other: column for other, column in self._cohort.columns.items() if other != name}
        return self._first_that_differs(self._cohort, self._cohort._replace(columns=rest))

    def between(self, name: str, one: FactValue, other: FactValue) -> tuple[Facts, Facts] | None:
        """Return an organisation whose result differs between two values of a fact."""
        vocabulary, everything = self._rulebase.vocabulary, self._cohort.everything
        here, there = (self._with(name, column_of(vocabulary, name, value, everything)) for value in (one, other))
        return self._first_that_differs(here, there)

    def with_element(self, name: str, element: str) -> tuple[Facts, Facts] | None:
        """Return an organisation whose result differs if a set also includes an element."""
        drawn = self._cohort.columns.get(name)
        if not isinstance(drawn, SetColumn):
            return None
        without, added = ({**drawn.elements, element: columns} for columns in (0, drawn.known))
        found = self._first_that_differs(
            self._with(name, SetColumn(drawn.known, without)), self._with(name, SetColumn(drawn.known, added))
        )
        if found is None or name not in found[0]:
            return None
        had = found[0][name]
        assert isinstance(had, tuple)
        less = tuple(other for other in had if other != element)
        more = tuple(other for other in self._rulebase.vocabulary[name].names if other in {*had, element})
        return {**found[0], name: less}, {name: more}

    def _with(self, name: str, column: Column) -> Cohort:
        return self._cohort._replace(columns={**self._cohort.columns, name: column})

    def _first_that_differs(self, one: Cohort, other: Cohort, without: str = "") -> tuple[Facts, Facts] | None:
        here = self._judge.decide(one)
        there = self._judge.decide(other, {without: other.everything} if without else None)
        differing = here.contested ^ there.contested
        for model in here.models:
            differing |= here.models[model] ^ there.models[model]
        for cohort in (one, other):
            differing &= ~self._incoherent(cohort)
        return (self._drawn[first_of(differing)], {}) if differing else None

    def _incoherent(self, cohort: Cohort) -> int:
        found = 0
        for item in self._rulebase.impossible:
            met = cohort.everything
            for test in item.when:
                met &= truth(test, cohort, self._rulebase.vocabulary)
            found |= met
        return found
