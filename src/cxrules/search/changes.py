"""What an organisation could change about itself: one fact to another value, one element of a set, at its price."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from cxrules.columns.cohort import Cohort, Column, SetColumn, column_of
from cxrules.language.facts import Fact, Facts, FactValue, Kind, Only
from cxrules.language.regions import cut
from cxrules.search.possibilities import Possibilities

__all__ = ["Change", "apply", "assemble", "combine", "list_changes"]


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one known fact.

    Attributes:
        fact: The fact.
        before: Its value now; for a set, whether the element is in it.
        after: Its value then; for a set, whether the element is in it.
        effort: Its price: the effort of the fact, whatever the distance between the values.
        element: The element of a set that joins or leaves; empty for any other fact.
        distance: Between which values, for the order: steps of an ordered fact, regions of a percentage, else 1.
    """

    fact: str
    before: FactValue
    after: FactValue
    effort: int
    element: str = ""
    distance: int = 1


def list_changes(possibilities: Possibilities, known: Facts) -> list[Change]:
    """Return every allowed change of a known fact that can matter to the model or to coherence, cheapest first."""
    vocabulary = possibilities.rulebase.vocabulary
    touching = {test.fact for entry in possibilities.rulebase.impossible for test in entry.when}
    found: list[Change] = []
    for name in vocabulary.facts:
        fact = vocabulary[name]
        if name in known and not fact.immutable and (name in possibilities.cohorts.facts or name in touching):
            found += _changes_of(fact, known[name], possibilities)
    return sorted(found, key=lambda change: change.effort)


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
            nearest = fact.examine(region.nearest(value)) if position != here else value
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


def combine(changes: Sequence[Change], price: int, most: int) -> Iterator[tuple[Change, ...]]:
    """Return every set of at most so many changes that costs exactly so much and changes nothing twice."""
    by_effort: dict[int, list[Change]] = {}
    for change in changes:
        by_effort.setdefault(change.effort, []).append(change)
    efforts = sorted(by_effort)
    for counts in product(*(range(min(most, price // effort) + 1) for effort in efforts)):
        if sum(counts) > most or sum(count * effort for count, effort in zip(counts, efforts, strict=True)) != price:
            continue
        parts = [combinations(by_effort[effort], count) for effort, count in zip(efforts, counts, strict=True) if count]
        for chosen in product(*parts):
            together = tuple(change for part in chosen for change in part)
            if len(together) < 2 or len({(change.fact, change.element) for change in together}) == len(together):
                yield together


def assemble(possibilities: Possibilities, known: Facts, sets: Sequence[tuple[Change, ...]]) -> Cohort:
    """Put the organisations after each set of changes side by side."""
    size = len(sets)
    everything = (1 << size) - 1
    where: dict[Change, bytearray] = {}
    width = (size + 7) // 8
    for position, changes in enumerate(sets):
        byte, bit = position >> 3, 1 << (position & 7)
        for change in changes:
            if change not in where:
                where[change] = bytearray(width)
            where[change][byte] |= bit
    vocabulary = possibilities.rulebase.vocabulary
    columns: dict[str, Column] = {name: column_of(vocabulary, name, value, everything) for name, value in known.items()}
    for change, taken in where.items():
        mask = int.from_bytes(taken, "little")
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
