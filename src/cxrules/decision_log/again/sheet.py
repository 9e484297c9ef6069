"""The facts of many records side by side: for each value of a fact the records that have it, as the bits of an int."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import getitem
from typing import Any, Final, NamedTuple, Protocol

from cxrules.columns.integers import Cohort, Column, SetColumn
from cxrules.decision_log.record import DecisionRecord
from cxrules.language.facts import Fact, FactValue, Kind, Vocabulary

__all__ = ["Sheet", "Stationer"]

_FULL: Final = 100
_PLACE: Final = 32
"""Bits of a code below those that say which fact it is of."""


class Sheet(NamedTuple):
    """The facts of some records.

    Attributes:
        cohort: The records that have each value.
        doubtful: For each record 1 where something is no fact in its normal form, else 0; what the cohort says of it
            then means nothing.
    """

    cohort: Cohort
    doubtful: bytearray


class Stationer:
    """Makes sheets for the records of rule bases with one vocabulary. Threads may share it."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._facts = tuple(vocabulary.facts.values())

    def fill(self, records: Sequence[DecisionRecord]) -> Sheet:
        """Put the facts of records side by side.

        A record's facts are read as codes, in which a fact stands higher than all before it: so a record whose codes do
        not ascend has its facts in another order than they are written in.
        """
        readers = {fact.name: _make_reader(fact, place << _PLACE) for place, fact in enumerate(self._facts)}
        read = readers.__getitem__
        doubtful = bytearray(len(records))
        marks = _Marks(len(records))
        for position, record in enumerate(records):
            facts = record["facts"]
            try:
                codes = list(map(getitem, map(read, facts), facts.values()))
            except (KeyError, TypeError):
                doubtful[position] = 1
                continue
            if codes != sorted(codes):
                doubtful[position] = 1
            for code in codes:
                marks[code][position] = 1
        columns: dict[str, dict[FactValue, int]] = {}
        values = [reader.list_values() for reader in readers.values()]
        for code in sorted(marks):
            place = code >> _PLACE
            value = values[place][code - (place << _PLACE)]
            columns.setdefault(self._facts[place].name, {})[value] = _int_of(marks[code])
        return Sheet(Cohort((1 << len(records)) - 1, {name: _join(columns[name]) for name in columns}), doubtful)


class _Reader(Protocol):
    """The values of a fact as codes. What is none in its normal form raises KeyError or TypeError."""

    def __getitem__(self, value: Any) -> int: ...

    def list_values(self) -> Sequence[FactValue]:
        """Return the values that have a code, in the order of these."""
        ...


def _make_reader(fact: Fact, first: int) -> _Reader:
    if fact.kind is Kind.FLAG:
        return _Flags(first)
    if fact.kind is Kind.PERCENT:
        return _Percentages(first)
    return _Sets(first, fact.names) if fact.kind is Kind.SET else _Names(first, fact.names)


class _Names(dict[str, int]):
    """The names of values. A text equals nothing but itself, so that a dict tells them apart."""

    def __init__(self, first: int, names: Sequence[str]) -> None:
        super().__init__((name, first + place) for place, name in enumerate(names))
        self._names = names

    def list_values(self) -> Sequence[FactValue]:
        return self._names


class _Flags:
    """True and false, and not the numbers that equal them."""

    def __init__(self, first: int) -> None:
        self._first = first

    def __getitem__(self, value: object) -> int:
        if value is True or value is False:
            return self._first + value
        raise KeyError(value)

    def list_values(self) -> Sequence[FactValue]:
        return False, True


class _Percentages:
    """Numbers as they are written: floats that are whole numbers as ints."""

    def __init__(self, first: int) -> None:
        self._first = first
        self._codes: dict[float, int] = {}

    def __getitem__(self, value: Any) -> int:
        own = value.__class__
        if (own is int or (own is float and not value.is_integer())) and 0 <= value <= _FULL:
            return self._codes.setdefault(value, self._first + len(self._codes))
        raise KeyError(value)

    def list_values(self) -> Sequence[FactValue]:
        return list(self._codes)


class _Sets:
    """Lists of elements, each once and in order."""

    def __init__(self, first: int, names: Sequence[str]) -> None:
        self._first = first
        self._order = {name: place for place, name in enumerate(names)}
        self._codes: dict[tuple[str, ...], int] = {}

    def __getitem__(self, value: object) -> int:
        if value.__class__ is not list:
            raise KeyError(value)
        elements = tuple(value)
        if elements not in self._codes:
            places = [self._order[element] for element in elements]
            if places != sorted(set(places)):
                raise KeyError(elements)
            self._codes[elements] = self._first + len(self._codes)
        return self._codes[elements]

    def list_values(self) -> Sequence[FactValue]:
        return list(self._codes)


class _Marks(dict[int, bytearray]):
    """For each code that is met, which records have it."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size

    def __missing__(self, code: int) -> bytearray:
        marks = self[code] = bytearray(self._size)
        return marks


def _join(values: Mapping[Any, int]) -> Column:
    if not any(isinstance(value, tuple) for value in values):
        return values
    known = 0
    elements: dict[str, int] = {}
    for value, mask in values.items():
        known |= mask
        for element in value:
            elements[element] = elements.get(element, 0) | mask
    return SetColumn(known, elements)


_DIGITS: Final = bytes(48 + (byte & 1) for byte in range(256))


def _int_of(marks: bytearray) -> int:
    """Return an int whose bits are the marks, the first the lowest."""
    return int(marks[::-1].translate(_DIGITS), 2)
