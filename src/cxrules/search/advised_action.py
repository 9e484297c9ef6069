"""The smallest change after which an action is advised: its rule fires and a model that it serves is recommended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations, islice

from cxrules.language.facts import Facts, FactValue
from cxrules.search.backward_chaining import list_ways
from cxrules.search.bounds import Openness
from cxrules.search.budget import Budget
from cxrules.search.coherent_values import assign
from cxrules.search.firing import AskedTests, Firing, FiringSearch
from cxrules.search.possibilities import Possibilities

__all__ = ["find_serving"]

_MOST = 50_000
"""The most sets of one size that are ranked."""

_NewValues = dict[str, FactValue | None]


def find_serving(
    possibilities: Possibilities, known: Facts, rules: Sequence[str], models: Collection[str], budget: Budget
) -> Firing:
    """Find a change of the fewest facts after which one of some rules fires and one of some models is recommended.

    It is ranked as `find_firing` ranks. Any facts together can make a model win, so sets of facts are tried by size;
    bounds rule out the sets that no values help.
    """
    return _ServingSearch(possibilities, known, rules, models, budget).run()


class _ServingSearch:
    def __init__(
        self,
        possibilities: Possibilities,
        known: Facts,
        rules: Sequence[str],
        models: Collection[str],
        budget: Budget,
    ) -> None:
        self._possibilities = possibilities
        self._known = known
        self._rules = rules
        self._fired = possibilities.decider.mask(rules)
        self._models = frozenset(models)
        self._budget = budget
        self._firing = FiringSearch(possibilities, known, budget)
        coherence = possibilities.coherence
        self._impossible = coherence.everything & ~coherence.met(known)
        self._candidates: dict[str, list[FactValue | None]] = {}
        self._open: dict[str, Openness] = {}

    def run(self) -> Firing:
        possibilities, budget = self._possibilities, self._budget
        relevant = [
            name
            for name in possibilities.cases
            if name in possibilities.cohorts.facts or name in possibilities.coherence.tested
        ]
        needed = list(self._list_needed())
        every = tuple(dict.fromkeys([*relevant, *(name for names in needed for name in names)]))
        if needed and self._may_serve(every):
            for size in range(len(every) + 1):
                for names in self._list_sets(needed, relevant, size):
                    if budget.spent:
                        return Firing(None, complete=False)
                    budget.spend()
                    if self._may_serve(names) and (found := self._try(names)) is not None:
                        return Firing(found, complete=not budget.cut_short)
        return Firing(None, complete=not budget.cut_short)

    def _list_needed(self) -> Iterator[frozenset[str]]:
        """Return the facts that have to change for each way in which a rule can fire; no set contains another."""
        ways: dict[frozenset[str], None] = {}
        start: AskedTests = {}
        for rule in self._rules:
            when = self._possibilities.rulebase.rules[rule].when
            for asked in list_ways(self._possibilities.rulebase, when, self._firing.learn, start, self._budget):
                ways[frozenset(self._firing.list_needed(asked))] = None
        smaller: dict[int, list[frozenset[str]]] = defaultdict(list)
        for way in ways:
            smaller[len(way)].append(way)
        for way in ways:
            if self._budget.spent:
                return
            if not any(other < way for size in range(len(way)) for other in smaller.get(size, ())):
                yield way

    def _list_sets(
        self, needed: Sequence[frozenset[str]], relevant: Sequence[str], size: int
    ) -> Iterator[tuple[str, ...]]:
        """Return the sets of facts of one size that contain those of at least one way, the least demanding first."""
        found: dict[frozenset[str], None] = {}
        asking = sorted(relevant, key=lambda name: self._firing.rate([name]))
        for way in needed:
            if len(way) <= size:
                extras = combinations([name for name in asking if name not in way], size - len(way))
                # Ranking more than are tried would waste time.
                found.update((way.union(extra), None) for extra in islice(extras, _MOST))
        return iter(sorted(map(self._firing.in_order, found), key=self._firing.rate))

    def _may_serve(self, names: tuple[str, ...]) -> bool:
        """Return whether some values of some facts may make a served model win, by sound bounds."""
        bounds = self._possibilities.bounds
        rest = {name: value for name, value in self._known.items() if name not in names}
        sure, possible = bounds.span(bounds.pin(rest, names), map(self._openness, names))
        return not self._models.isdisjoint(bounds.outlook(sure, possible).winners)

    def _openness(self, name: str) -> Openness:
        found = self._open.get(name)
        if found is None:
            values = (*self._possibilities.cases[name], None)
            found = self._open[name] = self._possibilities.bounds.openness(name, values)
        return found

    def _try(self, names: tuple[str, ...]) -> _NewValues | None:
        candidates: Mapping[str, Sequence[FactValue | None]] = {name: self._list_values(name) for name in names}
        coherence, decide = self._possibilities.coherence, self._possibilities.decide
        for chosen in assign(coherence, self._known, candidates, self._impossible, self._budget):
            after = {**self._known, **chosen}
            decision = decide({name: value for name, value in after.items() if value is not None})
            if decision.model in self._models and decision.fired & self._fired:
                return {name: chosen[name] for name in names}
        return None

    def _list_values(self, name: str) -> list[FactValue | None]:
        found = self._candidates.get(name)
        if found is None:
            found = [*self._firing.list_values(name, ())]
            if name in self._known:
                found.append(None)
            self._candidates[name] = found
        return found
