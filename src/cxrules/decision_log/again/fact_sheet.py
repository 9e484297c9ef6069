"""Lays the facts of many records side by side: for each value of a fact the records with it, as the bits of an int."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from operator import getitem
from typing import Any, Final, NamedTuple, Protocol

from cxrules.columns.int_executor import Cohort, Column, SetColumn
from cxrules.decision_log.lines import decode
from cxrules.language.facts import Fact, FactValue, Kind, Vocabulary

__all__ = ["FactSheet", "Stationer"]

_FULL: Final = 100
_FRACTIONS: Final = 128
"""The first code of a percentage that is not a whole number."""
_ROOM: Final = 80
"""Low bits of a code, below those for the fact; they hold any value except that of a very large set."""
_KEPT: Final = 4096
"""The most written values that are kept for each vocabulary, beyond those that have names."""


class FactSheet(NamedTuple):
    """The facts of some records.

    Attributes:
        cohort: The records that have each value.
        doubtful: For each record 1 if anything in it is not a fact in normal form, otherwise 0; its column then means
            nothing.
    """

    cohort: Cohort
    doubtful: bytearray


class Stationer:
    """Makes sheets for the records of rule bases with one vocabulary. Threads may share it.

    It reads a record's facts as codes: numbers that ascend in the order of the vocabulary.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._facts = tuple(vocabulary.facts.values())
        self._room = max([_ROOM, *(len(fact.names) for fact in self._facts)])
        self._readers = {fact.name: _make_reader(fact, place << self._room) for place, fact in enumerate(self._facts)}
        self._written = _Written(self._readers)

    def read(self, facts: Mapping[str, Any]) -> list[int] | None:
        """Return the codes of a record's facts; None if one is not a fact in normal form."""
        try:
            return list(map(getitem, map(self._readers.__getitem__, facts), facts.values()))
        except (KeyError, TypeError):
            return None

    def read_text(self, text: bytes) -> list[int] | None:
        """Return the codes of facts in JSON, without the braces and the first quotation mark.

        None if they are not as the log writes them.
        """
        if not text:
            return []
        members = _split(text) if b"[" in text else text.split(b',"')
        try:
            return list(map(self._written.__getitem__, members))
        except KeyError:
            return None

    def fill(self, rows: Iterable[Sequence[int] | None], size: int) -> FactSheet:
        """Put the facts of records side by side.

        Args:
            rows: The codes of each record. If they do not ascend, its facts are not in the order in which the log
                writes them.
            size: How many there are.
        """
        doubtful = bytearray(size)
        marks = _Marks(size)
        for position, codes in enumerate(rows):
            if codes is None or codes != sorted(codes):
                doubtful[position] = 1
            else:
                for column in map(marks.__getitem__, codes):
                    column[position] = 1
        columns: dict[str, dict[FactValue, int]] = {}
        known = dict.fromkeys(self._readers, 0)
        twice = 0
        for code in sorted(marks):
            place = code >> self._room
            name, having = self._facts[place].name, _int_of(marks[code])
            columns.setdefault(name, {})[self._readers[name].value_of(code - (place << self._room))] = having
            twice |= known[name] & having
            known[name] |= having
        while twice:  # a fact that occurs twice
            doubtful[twice.bit_length() - 1] = 1
            twice &= ~(1 << twice.bit_length() - 1)
        return FactSheet(Cohort((1 << size) - 1, {name: _join(columns[name]) for name in columns}), doubtful)


def _split(text: bytes) -> list[bytes]:
    """Split facts, some of them lists, which also contain commas before quotation marks."""
    members: list[bytes] = []
    while text:
        before, bracket, rest = text.partition(b"[")
        members += before.split(b',"')
        if not bracket:
            break
        inside, _, text = rest.partition(b"]")
        members[-1] += b"[" + inside + b"]"
        if text and not text.startswith(b',"'):
            members[-1] += text  # not a value
            break
        text = text[2:]
    return members


class _CodeReader(Protocol):
    """The codes of a fact's values. Anything but a value in normal form raises KeyError or TypeError."""

    def __getitem__(self, value: Any) -> int: ...

    def value_of(self, number: int) -> FactValue:
        """Return the value of a code, less the first one."""
        ...


class _Written(dict[bytes, int]):
    """The codes of facts as the log writes them, such as `silos":"severe"`. Anything else raises KeyError."""

    def __init__(self, readers: Mapping[str, _CodeReader]) -> None:
        super().__init__()
        self._readers = readers

    def __missing__(self, member: bytes) -> int:
        name, _, value = member.partition(b'":')
        try:
            code = self._readers[name.decode()][decode(value)]
        except (ValueError, TypeError, RecursionError):
            raise KeyError(member) from None
        if len(self) < _KEPT:
            self[member] = code
        return code


def _make_reader(fact: Fact, first: int) -> _CodeReader:
    if fact.kind is Kind.FLAG:
        return _Flags(first)
    if fact.kind is Kind.PERCENT:
        return _Percentages(first)
    return _SetCodes(first, fact.names) if fact.kind is Kind.SET else _Names(first, fact.names)


class _Names(dict[str, int]):
    """The names of values. A text equals only itself, so a dict tells them apart."""

    def __init__(self, first: int, names: Sequence[str]) -> None:
        super().__init__((name, first + place) for place, name in enumerate(names))
        self._names = names

    def value_of(self, number: int) -> FactValue:
        return self._names[number]


class _Flags:
    """True and false, and not the numbers that equal them."""

    def __init__(self, first: int) -> None:
        self._first = first

    def __getitem__(self, value: object) -> int:
        if value is True or value is False:
            return self._first + value
        raise KeyError(value)

    def value_of(self, number: int) -> FactValue:
        return number == 1


class _Percentages:
    """Numbers as they are written: whole floats are ints."""

    def __init__(self, first: int) -> None:
        self._first = first

    def __getitem__(self, value: Any) -> int:
        own = value.__class__
        if own is int and 0 <= value <= _FULL:
            return self._first + int(value)
        if own is float and 0 <= value <= _FULL and not value.is_integer():
            return self._first + _FRACTIONS + int.from_bytes(struct.pack(">d", value))
        raise KeyError(value)

    def value_of(self, number: int) -> FactValue:
        if number < _FRACTIONS:
            return number
        value: float = struct.unpack(">d", (number - _FRACTIONS).to_bytes(8))[0]
        return value


class _SetCodes:
    """Lists of elements, each once and in order."""

    def __init__(self, first: int, names: Sequence[str]) -> None:
        self._first = first
        self._names = names
        self._order = {name: place for place, name in enumerate(names)}

    def __getitem__(self, value: object) -> int:
        if value.__class__ is not list:
            raise KeyError(value)
        places = [self._order[element] for element in value]
        if places != sorted(set(places)):
            raise KeyError(tuple(value))
        return self._first + sum(1 << place for place in places)

    def value_of(self, number: int) -> FactValue:
        return tuple(name for place, name in enumerate(self._names) if number >> place & 1)


class _Marks(dict[int, bytearray]):
    """The records that have each code."""

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
