"""The changes that an organisation could make: a fact to another value, or an element of a set, each at its price."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import combinations, product

from cxrules.arguments import check_count
from cxrules.columns.cohort import Cohort, Column, SetColumn, column_of
from cxrules.errors import SHOWN, no_such, show_value
from cxrules.language.facts import Fact, Facts, FactValue, Kind, Only, Vocabulary, as_percentage
from cxrules.language.regions import cut
from cxrules.search.possibilities import Possibilities

__all__ = ["Change", "apply", "assemble", "list_changes", "list_sets", "reprice"]


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one known fact.

    Attributes:
        fact: The fact.
        before: Its value now; for a set, whether the element is in it.
        after: Its new value; for a set, whether the element is in it.
        effort: Its price: the effort of the fact, whatever the distance between the values.
        element: The element of a set that joins or leaves; empty for any other fact.
        distance: How far apart the values are, for ranking: steps of an ordered fact, regions of a percentage,
            otherwise 1.
    """

    fact: str
    before: FactValue
    after: FactValue
    effort: int
    element: str = ""
    distance: int = 1


_KEPT = 4096
"""The number of values whose changes are kept."""

DEAREST = 1000
"""The highest price that a caller may put on a change."""


def reprice(
    vocabulary: Vocabulary, keep: Iterable[str], effort: Mapping[str, int] | None, mistakes: list[str]
) -> dict[str, Fact]:
    """Return the facts that may change, at the caller's price where one is given.

    Args:
        vocabulary: All facts.
        keep: Those that may not change, or a single one.
        effort: Facts with their price.
        mistakes: Where to add whatever is wrong: there is no such fact, an immutable one is priced, a price is not a
            whole number from 1 to 1000.
    """
    kept = _read_names(keep, mistakes)
    prices: dict[str, int] = {}
    given: object = {} if effort is None else effort  # whatever the caller gave
    if not isinstance(given, Mapping):
        mistakes.append(f"effort maps facts to prices, it is not {show_value(given)}")
        given = {}
    unknown = [name for name in (*kept, *given) if not (isinstance(name, str) and name in vocabulary.facts)]
    names = tuple(vocabulary.facts)
    mistakes += [str(no_such("fact", name, names if at < SHOWN else ())) for at, name in enumerate(unknown)]
    left = {name for name in kept if isinstance(name, str)}
    for name, price in given.items():
        fact = vocabulary.facts.get(name)
        if fact is None:
            continue
        if fact.immutable:
            mistakes.append(f"nobody can change {name}, so it has no price")
        try:
            prices[name] = check_count(f"the effort of {name}", price, most=DEAREST)
        except ValueError as error:
            mistakes.append(str(error))
    return {
        name: replace(fact, effort=prices[name]) if name in prices else fact
        for name, fact in vocabulary.facts.items()
        if not fact.immutable and name not in left
    }


def _read_names(given: object, mistakes: list[str]) -> tuple[object, ...]:
    if isinstance(given, str):
        return (given,)
    if isinstance(given, Iterable):
        return tuple(given)
    mistakes.append(f"keep is a collection of facts, it is not {show_value(given)}")
    return ()


def list_changes(possibilities: Possibilities, known: Facts, facts: Mapping[str, Fact] | None = None) -> list[Change]:
    """Return every allowed change of a known fact that can matter to the model or to coherence, cheapest first.

    `facts` are those that may change, from `reprice`; when left out, all that are not immutable.
    """
    facts = reprice(possibilities.rulebase.vocabulary, (), {}, []) if facts is None else facts
    touching = possibilities.coherence.tested
    found: list[Change] = []
    for name, fact in facts.items():
        if name in known and (name in possibilities.cohorts.facts or name in touching):
            found += _list_of(fact, known[name], possibilities)
    return sorted(found, key=lambda change: change.effort)


def _list_of(fact: Fact, value: FactValue, possibilities: Possibilities) -> Iterable[Change]:
    """Return the changes of a fact; those of values seen before are kept."""
    kept = possibilities.changes
    key = fact.name, fact.effort, value
    changes = kept.get(key)
    if changes is None:
        changes = tuple(_changes_of(fact, value, possibilities))
        if len(kept) < _KEPT:
            kept[key] = changes
    return changes


def _changes_of(fact: Fact, value: FactValue, possibilities: Possibilities) -> Iterator[Change]:
    if fact.kind is Kind.SET:
        assert isinstance(value, tuple)
        for element in fact.names:
            inside = element in value
            if fact.only is None or (fact.only is Only.DOWN) is inside:
                yield Change(fact.name, inside, not inside, fact.effort, element)
    elif fact.kind is Kind.PERCENT:
        assert isinstance(value, int | float)
        tests = possibilities.tests[fact.name]
        regions = cut(tests)
        here = next(position for position, region in enumerate(regions) if region.holds(value))
        # Regions can be equivalent to every test (where a test asks for one exact number): the nearest is enough.
        seen = {tuple(test.holds(value, fact) for test in tests)}
        for position, region in sorted(enumerate(regions), key=lambda entry: abs(entry[1].nearest(value) - value)):
            nearest = as_percentage(region.nearest(value)) if position != here else value
            told = tuple(test.holds(nearest, fact) for test in tests)
            if told not in seen and _allows(fact, position - here):
                seen.add(told)
                yield Change(fact.name, value, nearest, fact.effort, distance=abs(position - here))
    elif fact.kind is Kind.ORDERED:
        here = fact.rank(str(value))
        for rank, name in sorted(enumerate(fact.names), key=lambda entry: (abs(entry[0] - here), entry[0])):
            if rank != here and _allows(fact, rank - here):
                yield Change(fact.name, value, name, fact.effort, distance=abs(rank - here))
    else:
        others: tuple[FactValue, ...] = (True, False) if fact.kind is Kind.FLAG else fact.names
        yield from (Change(fact.name, value, other, fact.effort) for other in others if other != value)


def _allows(fact: Fact, step: int) -> bool:
    return fact.only is None or (fact.only is Only.UP) is (step > 0)


def apply(known: Facts, changes: Iterable[Change], possibilities: Possibilities) -> dict[str, FactValue]:
    """Return the facts after changes."""
    facts = dict(known)
    for change in changes:
        if change.element:
            now = facts[change.fact]
            assert isinstance(now, tuple)
            names = possibilities.rulebase.vocabulary[change.fact].names
            facts[change.fact] = tuple(
                name for name in names if (change.after if name == change.element else name in now)
            )
        else:
            facts[change.fact] = change.after
    return facts


def list_sets(changes: Sequence[Change], most: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Return every set of changes to different things, up to a size, with its price: cheapest first.

    A set lists its changes by position.
    """
    # Sets that change one thing twice are never made, because a fact may have a thousand values.
    alternatives: dict[tuple[int, str, str], list[int]] = {}
    for position, change in enumerate(changes):
        alternatives.setdefault((change.effort, change.fact, change.element), []).append(position)
    by_effort: dict[int, list[list[int]]] = {}
    for (effort, _, _), positions in alternatives.items():
        by_effort.setdefault(effort, []).append(positions)
    for price, efforts in _list_sums(sorted(by_effort), most):
        for things in _choose([(by_effort[effort], count) for effort, count in Counter(efforts).items()]):
            for together in product(*things):
                yield price, together


def _choose(classes: Sequence[tuple[list[list[int]], int]]) -> Iterator[tuple[list[int], ...]]:
    """Return every choice of so many things of each class; none is prepared, because there may be millions."""
    if not classes:
        yield ()
        return
    (things, count), *others = classes
    for first in combinations(things, count):
        for rest in _choose(others):
            yield (*first, *rest)


def _list_sums(efforts: Sequence[int], most: int) -> Iterator[tuple[int, list[int]]]:
    """Return every choice of efforts, up to a number of them, with their sum: the least sum first."""
    # A choice is a non-decreasing row of places. Each leads to one with its last place repeated and one with its last
    # place moved on, so every choice is reached once, after a cheaper one. Places are negative, so that of two choices
    # with the same sum the one with fewer cheap efforts comes first.
    waiting: list[tuple[int, tuple[int, ...]]] = [(efforts[0], (0,))] if efforts else []
    while waiting:
        price, places = heappop(waiting)
        yield price, [efforts[-place] for place in places]
        last = -places[-1]
        if len(places) < most:
            heappush(waiting, (price + efforts[last], (*places, -last)))
        if last + 1 < len(efforts):
            heappush(waiting, (price - efforts[last] + efforts[last + 1], (*places[:-1], -last - 1)))


def assemble(
    possibilities: Possibilities, known: Facts, changes: Sequence[Change], sets: Sequence[tuple[int, ...]]
) -> Cohort:
    """Lay side by side the organisations that result from each set of changes, given by position."""
    size = len(sets)
    everything = (1 << size) - 1
    width = (size + 7) // 8
    where = [bytearray(width) for _ in changes]
    for place, together in enumerate(sets):
        byte, bit = place >> 3, 1 << (place & 7)
        for position in together:
            where[position][byte] |= bit
    vocabulary = possibilities.rulebase.vocabulary
    columns: dict[str, Column] = {name: column_of(vocabulary, name, value, everything) for name, value in known.items()}
    for change, taken in zip(changes, where, strict=True):
        mask = int.from_bytes(taken, "little")
        if not mask:
            continue
        column = columns[change.fact]
        if isinstance(column, SetColumn):
            elements = dict(column.elements)
            elements[change.element] = elements.get(change.element, 0) ^ mask
            columns[change.fact] = SetColumn(column.known, elements)
        else:
            moved = dict(column)
            moved[change.before] &= ~mask
            moved[change.after] = moved.get(change.after, 0) | mask
            columns[change.fact] = moved
    return Cohort(everything, columns)
