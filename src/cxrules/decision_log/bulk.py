"""Many records decided again at once: the policy over columns of bits, and what is recorded held against it.

It tells which records are surely as they were; what it is not sure of is decided again one by one, by the code that
says what differs.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Any, Final

from cxrules.columns.gates import Gate
from cxrules.columns.integers import Cohort, Column, Runner, SetColumn
from cxrules.columns.program import Program
from cxrules.decision_log.record import DecisionRecord, digest_points
from cxrules.language.facts import Fact, FactValue, Kind
from cxrules.policy.evidence import certainty
from cxrules.policy.judge import Judge

__all__ = ["Bulk"]

_FULL: Final = 100
_DIGITS: Final = [bytes(48 + (byte >> bit & 1) for byte in range(256)) for bit in range(8)]
"""For each bit of a byte the table that turns bytes into the digits 0 and 1."""
_ONES: Final = bytes(48 + (byte & 1) for byte in range(256))
_NOBODY: Final = ""


class Bulk:
    """One rule base, compiled to hold many records against it at once."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        rulebase = judge.rulebase
        self._program = program = Program(judge.decider)
        self._formula = formula = program.formula
        self._models = tuple(rulebase.models)
        self._bytes = (len(rulebase.rules) + 7) // 8
        gates: dict[Any, Gate] = {("fired", rule): gate for rule, gate in program.fired.items()}
        gates |= {("model", model): gate for model, gate in formula.recommended.items()}
        gates |= {("next", model): gate for model, gate in program.runners_up.items()}
        gates |= {"contested": formula.contested, "all excluded": formula.all_excluded}
        for model, number in formula.points.items():
            gates |= {("points", model, plane): gate for plane, gate in enumerate(number.planes)}
        self._run: Runner[Any] = Runner(program, gates)
        self._columns: list[tuple[str, Any]] = []  # the columns of facts met so far, by number
        facts = enumerate(rulebase.vocabulary.facts.items())
        self._readers = {name: (place, _Reader(program, fact, self._columns)) for place, (name, fact) in facts}

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

    def _gather(self, records: Sequence[DecisionRecord], doubtful: bytearray) -> Cohort:
        """Put the facts of records side by side; what is no fact in its normal form is doubtful."""
        readers = self._readers
        held: list[bytearray | None] = [None] * len(self._columns)
        size = len(records)
        for position, record in enumerate(records):
            last = -1
            for name, value in record["facts"].items():
                place, reader = readers.get(name, (-1, None))
                if reader is None or place <= last:
                    doubtful[position] = 1
                    break
                last = place
                # An int is no flag, though it may equal one; a text that is a value is one whatever else it equals.
                key = reader.known.get(value) if value.__class__ is reader.kind else reader.read(value)
                if key is None:
                    doubtful[position] = 1
                    break
                if key >= len(held):
                    held += [None] * (key + 1 - len(held))
                column = held[key]
                if column is None:
                    column = held[key] = bytearray(size)
                column[position] = 1
        columns: dict[str, Any] = {}
        for (name, value), marks in zip(self._columns, held, strict=False):
            if marks is not None:
                columns.setdefault(name, {})[value] = _int_of(marks)
        everything = (1 << size) - 1
        return Cohort(everything, {name: _join(readers[name][1].fact, values) for name, values in columns.items()})

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


class _Reader:
    """Reads the values of one fact: which column each belongs to."""

    def __init__(self, program: Program, fact: Fact, columns: list[tuple[str, Any]]) -> None:
        self.fact = fact
        self._program, self._columns = program, columns
        self._numbers: dict[Any, int] = {}
        self.known: dict[Any, int] = {}
        self.kind: type = str
        if fact.kind in (Kind.ORDERED, Kind.CHOICE):
            self.known = {name: self._number(name) for name in fact.names}
        elif fact.kind is Kind.FLAG:
            self.kind = bool
            self.known = {value: self._number(value) for value in (True, False)}
        elif fact.kind is Kind.PERCENT:
            self.kind = int
            self.known = {value: self._number(self._case(value)) for value in range(_FULL + 1)}
        else:
            self.kind = tuple
        self._order = {name: place for place, name in enumerate(fact.names)}

    def read(self, value: object) -> int | None:
        """Read what is of another type; None for what is no value in its normal form."""
        if type(value) is float and self.fact.kind is Kind.PERCENT and 0 <= value <= _FULL and not value.is_integer():
            return self._number(self._case(value))
        if type(value) is list and self.fact.kind is Kind.SET:
            places = [self._order.get(element, -1) if type(element) is str else -1 for element in value]
            if all(one < other for one, other in zip([-1, *places], places, strict=False)):
                return self._number(tuple(value))
        return None

    def _number(self, value: FactValue) -> int:
        number = self._numbers.get(value)
        if number is None:
            number = self._numbers[value] = len(self._columns)
            self._columns.append((self.fact.name, value))
        return number

    def _case(self, value: float) -> FactValue:
        return self._program.cases[self.fact.name][self._program.case_of(self.fact.name, value)]


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
