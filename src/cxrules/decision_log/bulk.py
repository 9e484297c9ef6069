"""Many records decided again at once: the policy over columns of bits, and what is recorded held against it.

It tells which records are surely as they were, and which a change surely leaves alone; what it is not sure of is
decided again one by one, by the code that says what differs.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import count, islice, repeat
from typing import Any, Final, cast

from cxrules.columns.gates import Gate
from cxrules.columns.integers import Cohort, Column, Runner, SetColumn
from cxrules.columns.program import Program
from cxrules.decision_log.reader import Entry, Logged, LogReader
from cxrules.decision_log.record import DecisionRecord, digest_points
from cxrules.language.facts import Fact, FactValue, Kind
from cxrules.policy.evidence import certainty
from cxrules.policy.judge import Judge

__all__ = ["Bulk", "Bulks", "split"]

_BATCH: Final = 2048
_WORTHWHILE: Final = 64
"""Records of one rule base in a batch from which compiling it for columns pays."""
_KEPT: Final = 8

_FULL: Final = 100
_DIGITS: Final = [bytes(48 + (byte >> bit & 1) for byte in range(256)) for bit in range(8)]
"""For each bit of a byte the table that turns bytes into the digits 0 and 1."""
_EQUAL: Final = [bytes(byte == code for byte in range(256)) for code in range(256)]
"""For each code the table that turns bytes into 1 where they equal it, else 0."""
_ONES: Final = bytes(48 + (byte & 1) for byte in range(256))
_NOBODY: Final = ""


def split(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Return the entries of a log in batches: what bounds the memory, whatever the size of the log."""
    rest = iter(entries)
    while batch := list(islice(rest, _BATCH)):
        yield batch


class Bulks:
    """The rule bases of a log, each compiled for columns when a batch first has many of its records."""

    def __init__(self, log: LogReader) -> None:
        self._log = log
        self._compiled: dict[str, Bulk] = {}

    def list_same(self, batch: Sequence[Entry]) -> Iterator[tuple[str, list[int]]]:
        """Return by revision the places of the decisions in a batch that surely come out as they were recorded."""
        groups: dict[str, list[int]] = {}
        for position, entry in enumerate(batch):
            if isinstance(entry, Logged) and _is_plain(entry):
                groups.setdefault(entry.record["revision"], []).append(position)
        for revision, positions in groups.items():
            if len(positions) >= _WORTHWHILE:
                records = [cast("Logged", batch[position]).record for position in positions]
                if revision not in self._compiled:
                    if len(self._compiled) == _KEPT:
                        self._compiled.clear()
                    self._compiled[revision] = Bulk(self._log.judge(records[0]))
                found = zip(positions, self._compiled[revision].list_same(records), strict=True)
                if same := [position for position, alike in found if alike]:
                    yield revision, same


def _is_plain(entry: Logged) -> bool:
    """Whether columns can tell all that the record says."""
    record = entry.record
    return (
        record["format"] != 1
        and record["engine"] == "bitmap"
        and record["explanation_sha256"] is None
        and record["answer_sha256"] is None
        and not record["masked"]
        and not record["erased"]
    )


class Bulk:
    """One rule base, compiled to hold many records against it at once."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        rulebase = judge.rulebase
        self._program = program = Program(judge.decider)
        self._formula = program.formula
        self._models = tuple(rulebase.models)
        self._bytes = (len(rulebase.rules) + 7) // 8
        self._places = {name: place for place, name in enumerate(rulebase.vocabulary.facts)}
        self._readers = [_Reader(program, fact) for fact in rulebase.vocabulary.facts.values()]

    @cached_property
    def _run(self) -> Runner[Any]:
        """Everything that a record says, or that follows from it."""
        program, formula = self._program, self._formula
        gates: dict[Any, Gate] = {("fired", rule): gate for rule, gate in program.fired.items()}
        gates |= {("model", model): gate for model, gate in formula.recommended.items()}
        gates |= {("next", model): gate for model, gate in program.runners_up.items()}
        gates |= {"contested": formula.contested, "all excluded": formula.all_excluded}
        for model, number in formula.points.items():
            gates |= {("points", model, plane): gate for plane, gate in enumerate(number.planes)}
        return Runner(program, gates)

    def list_same(self, records: Sequence[DecisionRecord]) -> list[bool]:
        """Return for each record whether everything in it comes out as it was recorded."""
        doubtful = bytearray(len(records))
        cohort = self._gather(records, doubtful)
        columns = self._run(cohort)
        wrong = self._compare_fired(records, columns, doubtful)
        told = _columns_of((record["model"] for record in records), len(records))
        for model in self._models:
            wrong |= told.pop(model, 0) ^ columns["model", model]
        told.pop(None, 0)
        for other in told.values():  # no model of this rule base
            wrong |= other
        statuses = _columns_of((record["status"] for record in records), len(records))
        wrong |= statuses.get("contested", 0) ^ columns["contested"]
        points = self._list_points(columns, len(records))
        named = _names_of({model: columns["model", model] for model in self._models}, len(records))
        following = _names_of({model: columns["next", model] for model in self._models}, len(records))
        excluded = _digits_of(columns["all excluded"], len(records))
        differs = _digits_of(wrong, len(records))
        return [
            not doubt and not other and self._is_same(record, model, runner_up, score, out)
            for record, doubt, other, model, runner_up, score, out in zip(
                records, doubtful, differs, named, following, points, excluded, strict=True
            )
        ]

    def _is_same(
        self, record: DecisionRecord, model: str, runner_up: str, points: tuple[int, ...], all_excluded: int
    ) -> bool:
        """Compare what is a number or a text; model and the rules that fired are compared already."""
        if model == _NOBODY:
            reason = "nothing_known" if not record["facts"] else "all_excluded" if all_excluded else "too_little"
            if record["status"] != "undetermined" or record["reason"] != reason:
                return False
            own = lead = 0
        else:
            if record["status"] == "undetermined" or record["reason"] is not None:
                return False
            own = points[self._models.index(model)]
            lead = own - points[self._models.index(runner_up)] if runner_up else own
        recorded = record["certainty"]
        if type(recorded) is not float or recorded != certainty(own):
            return False
        return record["digest"] is None or record["digest"] == digest_points(points, runner_up or None, lead)

    def watch(self, rules: Iterable[str]) -> Runner[str]:
        """Prepare to look for some rules alone."""
        return Runner(self._program, {rule: self._program.fired[rule] for rule in rules})

    def list_silent(self, records: Sequence[DecisionRecord], runner: Runner[str]) -> list[bool]:
        """Return for each record whether surely none of the rules that are watched fires on its facts."""
        doubtful = bytearray(len(records))
        cohort = self._gather(records, doubtful)
        fires = 0
        for column in runner(cohort).values():
            fires |= column
        return [not doubt and not fired for doubt, fired in zip(doubtful, _digits_of(fires, len(records)), strict=True)]

    def _gather(self, records: Sequence[DecisionRecord], doubtful: bytearray) -> Cohort:
        """Put the facts of records side by side; what is no fact in its normal form is doubtful."""
        place_of, strangers = self._places.get, repeat(-1)
        rows = [record["facts"] for record in records]
        for position, row in enumerate(rows):
            places = list(map(place_of, row, strangers))
            if places and (places[0] < 0 or places != sorted(places)):
                doubtful[position] = 1
        columns: dict[str, Column] = {}
        for reader in self._readers:
            name = reader.fact.name
            column = reader.read_all([row.get(name, _ABSENT) for row in rows], doubtful)
            if column:
                columns[name] = _join(reader.fact, column)
        return Cohort((1 << len(records)) - 1, columns)

    def _compare_fired(self, records: Sequence[DecisionRecord], columns: Mapping[Any, int], doubtful: bytearray) -> int:
        nothing = bytes(self._bytes)
        rows = []
        for position, record in enumerate(records):
            fired = record["fired"]
            row = b64decode(fired) if isinstance(fired, str) else b""
            if len(row) != self._bytes:
                doubtful[position] = 1
                row = nothing
            rows.append(row)
        table = b"".join(rows)
        wrong = 0
        rules = iter(self._judge.rulebase.rule_ids)
        for byte in range(self._bytes):
            column = table[byte :: self._bytes][::-1]
            for digits, rule in zip(_DIGITS, rules, strict=False):
                wrong |= int(column.translate(digits), 2) ^ columns["fired", rule]
        return wrong

    def _list_points(self, columns: Mapping[Any, int], size: int) -> list[tuple[int, ...]]:
        """Return the points of every model for each record."""
        scores = []
        for model, number in self._formula.points.items():
            total = 0
            for plane in range(len(number.planes)):
                total += int.from_bytes(_digits_of(columns["points", model, plane], size), "little") << plane
            scores.append([score - number.offset for score in total.to_bytes(size, "little")])
        return list(zip(*scores, strict=True)) if scores else [()] * size


_ABSENT: Final = object()
_OTHER: Final = 255
"""The code of what is no value as it stands in a table of codes: it is read by itself, or is doubtful."""


class _Reader:
    """Reads the values of one fact in many records."""

    def __init__(self, program: Program, fact: Fact) -> None:
        self.fact = fact
        self._program = program
        # A text equals nothing but itself; a flag equals a number, so that numbers and flags are told by their type.
        self._names: tuple[FactValue, ...] = fact.names if fact.kind in (Kind.ORDERED, Kind.CHOICE) else ()
        self._codes: dict[object, int] = {name: code for code, name in enumerate(self._names, start=1)}
        self._codes[_ABSENT] = 0
        self._coded = 0 < len(self._names) < _OTHER
        self._order = {name: place for place, name in enumerate(fact.names)}

    def read_all(self, values: Sequence[object], doubtful: bytearray) -> dict[FactValue, int]:
        """Return for each value which records have it; mark those whose value is none in its normal form."""
        try:
            return self._read_codes(values, doubtful) if self._coded else self._read_each(values, doubtful)
        except TypeError:  # a list or an object among the names
            return self._read_each(values, doubtful)

    def _read_codes(self, values: Sequence[object], doubtful: bytearray) -> dict[FactValue, int]:
        codes = bytes(map(self._codes.get, values, repeat(_OTHER)))
        _mark(doubtful, codes, _OTHER)
        names = enumerate(self._names, start=1)
        return {name: _int_of(codes.translate(_EQUAL[code])) for code, name in names if code in codes}

    def _read_each(self, values: Sequence[object], doubtful: bytearray) -> dict[FactValue, int]:
        marks: dict[FactValue, bytearray] = {}
        for position, value in enumerate(values):
            if value is _ABSENT:
                continue
            key = self._read(value)
            if key is None:
                doubtful[position] = 1
                continue
            column = marks.get(key)
            if column is None:
                column = marks[key] = bytearray(len(values))
            column[position] = 1
        return {value: _int_of(column) for value, column in marks.items()}

    def _read(self, value: object) -> FactValue | None:
        """Return what a value means to the rules, or None where it is no value in its normal form."""
        kind, own = self.fact.kind, value.__class__
        if kind is Kind.FLAG:
            return value if own is bool else None  # type: ignore[return-value]
        if kind is Kind.PERCENT:
            # Floats that are whole numbers are written as ints.
            if (own is int or (own is float and not value.is_integer())) and 0 <= value <= _FULL:  # type: ignore[attr-defined, operator]
                return self._program.cases[self.fact.name][self._program.case_of(self.fact.name, value)]  # type: ignore[arg-type]
        elif kind is Kind.SET:
            if own is list:
                places = [self._order.get(item, -1) if type(item) is str else -1 for item in value]  # type: ignore[attr-defined]
                if all(one < other for one, other in zip([-1, *places], places, strict=False)):
                    return tuple(value)  # type: ignore[arg-type]
        elif own is str and value in self._order:
            return value
        return None


def _mark(marks: bytearray, codes: bytes, code: int) -> None:
    place = codes.find(code)
    while place >= 0:
        marks[place] = 1
        place = codes.find(code, place + 1)


def _join(fact: Fact, values: Mapping[Any, int]) -> Column:
    if fact.kind is not Kind.SET:
        return values
    known = 0
    elements: dict[str, int] = {}
    for value, mask in values.items():
        known |= mask
        for element in value:
            elements[element] = elements.get(element, 0) | mask
    return SetColumn(known, elements)


def _int_of(marks: bytes | bytearray) -> int:
    """Return an int whose bits are the marks, the first the lowest."""
    return int(marks[::-1].translate(_ONES), 2)


def _digits_of(column: int, size: int) -> bytes:
    """Return the bits of a column as bytes that are 0 or 1, the lowest first."""
    return format(column, f"0{size}b").encode().translate(_BITS)[::-1]


_BITS: Final = bytes(byte & 1 for byte in range(256))


def _columns_of(values: Iterable[str | None], size: int) -> dict[str | None, int]:
    marks: dict[str | None, bytearray] = {}
    for position, value in zip(count(), values, strict=False):
        column = marks.get(value)
        if column is None:
            column = marks[value] = bytearray(size)
        column[position] = 1
    return {value: _int_of(column) for value, column in marks.items()}


def _names_of(columns: Mapping[str, int], size: int) -> list[str]:
    names = [_NOBODY] * size
    for name, column in columns.items():
        if column:
            for position, bit in enumerate(_digits_of(column, size)):
                if bit:
                    names[position] = name
    return names
