"""Masks of the impossible conjunctions of a rule base: bit `i` of an int is the conjunction at index `i`.

A conjunction is met when no known value contradicts it; an unknown fact contradicts every conjunction that tests it. So
facts meet the AND of their masks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cxrules.language.facts import Facts, FactValue, Kind, Vocabulary
from cxrules.language.rules import FactTest, Impossible

__all__ = ["Coherence"]


class Coherence:
    """The impossible conjunctions of one rule base. Immutable after it is built.

    Attributes:
        entries: The conjunctions, in the order of the bits.
        everything: All of them.
        tested: For each fact that is tested, in the order of the vocabulary, the conjunctions that test it.
    """

    def __init__(self, vocabulary: Vocabulary, entries: Iterable[Impossible]) -> None:
        self.entries = tuple(entries)
        self.everything = (1 << len(self.entries)) - 1
        self._vocabulary = vocabulary
        tests: dict[str, list[tuple[int, FactTest]]] = {}
        for position, entry in enumerate(self.entries):
            for test in entry.when:
                tests.setdefault(test.fact, []).append((1 << position, test))
        self._tests = {name: tuple(tests[name]) for name in vocabulary.facts if name in tests}
        self.tested = {name: _join(bit for bit, _ in each) for name, each in self._tests.items()}
        self._unknown = {name: self.everything & ~bits for name, bits in self.tested.items()}
        self._tables: dict[str, dict[FactValue, int]] = {}
        for name in self._tests:
            fact = vocabulary[name]
            if fact.kind not in (Kind.PERCENT, Kind.SET):
                values: tuple[FactValue, ...] = (True, False) if fact.kind is Kind.FLAG else fact.names
                self._tables[name] = {value: self._compute(name, value) for value in values}
        # What is in most conjunctions first: usually none is met, and that shows early; what has no table comes last.
        often = sorted(self._unknown, key=lambda name: (name not in self._tables, -self.tested[name].bit_count()))
        self._rows = tuple([(name, self._unknown[name], self._tables.get(name)) for name in often])

    def mask(self, name: str, value: FactValue | None) -> int:
        """Return the conjunctions that a value of a fact does not contradict; None means unknown."""
        if name not in self._tests:
            return self.everything
        if value is None:
            return self._unknown[name]
        table = self._tables.get(name)
        return self._compute(name, value) if table is None else table[value]

    def met(self, known: Facts) -> int:
        """Return the conjunctions that known facts meet."""
        alive = self.everything
        for name, unknown, table in self._rows:
            value = known.get(name)
            if value is None:
                alive &= unknown
            else:
                alive &= self._compute(name, value) if table is None else table[value]
            if not alive:
                break
        return alive

    def nearly_met(self, known: Facts) -> tuple[int, dict[str, int]]:
        """Return the conjunctions that known facts meet, and for each fact those on it that the others meet."""
        once = twice = 0
        refused = {name: self.everything & ~self.mask(name, known.get(name)) for name in self._tests}
        for refusing in refused.values():
            twice |= once & refusing
            once |= refusing
        met = self.everything & ~once
        return met, {name: self.tested[name] & (met | bits & ~twice) for name, bits in refused.items()}

    def rivals(self, name: str, values: Iterable[FactValue]) -> Iterator[tuple[tuple[int, tuple[FactTest, ...]], ...]]:
        """Return for each value of a fact the conjunctions that can make it impossible, each with its other tests."""
        for value in values:
            meeting = self.mask(name, value) & self.tested.get(name, 0)
            yield tuple(
                [
                    (1 << position, tuple([test for test in entry.when if test.fact != name]))
                    for position, entry in enumerate(self.entries)
                    if meeting >> position & 1
                ]
            )

    def list(self, bits: int) -> tuple[Impossible, ...]:
        """Return the conjunctions of a mask."""
        return tuple([entry for position, entry in enumerate(self.entries) if bits >> position & 1])

    def _compute(self, name: str, value: FactValue) -> int:
        fact = self._vocabulary[name]
        refused = _join(bit for bit, test in self._tests[name] if not test.holds(value, fact))
        return self.everything & ~refused


def _join(bits: Iterable[int]) -> int:
    joined = 0
    for bit in bits:
        joined |= bit
    return joined
