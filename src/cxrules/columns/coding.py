"""Arrow columns → codes. Cells are checked as `recommend` checks them, each distinct value once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from math import inf, nextafter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cxrules.columns.arrow.odd_cells import key_of, list_cells
from cxrules.columns.arrow_buffers import (
    Lexicon,
    group_rows,
    is_valid,
    list_indices,
    look_up,
    open_lists,
    read_bits,
    unite_lists,
)
from cxrules.columns.cell_texts import of_element, parse_text, partly_known
from cxrules.columns.numpy_executor import Codes, code_type
from cxrules.columns.program import Program
from cxrules.doubts import forward_doubts, hear_doubts
from cxrules.errors import SHOWN, Diagnostic, InvalidOrganisation, Location, is_missing
from cxrules.language.facts import Fact, FactValue, Kind
from cxrules.language.regions import cut, list_tests

__all__ = ["Coder", "Fault"]

_REMEMBERED = 64
"""The codes of a dictionary of at most this size are kept for the next equal one: most tables come in batches."""
_Rows = npt.NDArray[np.int64]


class Fault(NamedTuple):
    """A value that the fact does not have, and the rows that contain it, counted from 0."""

    diagnostic: Diagnostic
    rows: _Rows


class Coder:
    """Encodes the columns of a table for a program. Threads may share it."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self.vocabulary = program.rulebase.vocabulary
        tests = list_tests(program.rulebase)
        self.types = {name: code_type(program, fact) for name, fact in self.vocabulary.facts.items()}
        self._lexicons = {
            name: (Lexicon(fact.names), np.array([0, *map(partial(self._entry, fact), fact.names)], self.types[name]))
            for name, fact in self.vocabulary.facts.items()
            if fact.kind in (Kind.ORDERED, Kind.CHOICE, Kind.SET)
        }
        self._tables = lru_cache(maxsize=4 * len(self.vocabulary.facts))(self._tabulate)
        self._starts = {
            name: [nextafter(region.low, inf) if region.low_open else region.low for region in cut(tests[name])]
            for name, fact in self.vocabulary.facts.items()
            if fact.kind is Kind.PERCENT
        }

    def encode(self, name: str, column: pa.Array | list[Any], *, file: bool = False) -> tuple[Codes, list[Fault]]:
        """Return the codes of a fact, 0 for missing and wrong cells, and what is wrong.

        Args:
            name: The fact.
            column: Its cells.
            file: Whether texts are read as in a file: `yes`, `15,5 %`, a set as `loyalty; retention`.
        """
        fact = self.vocabulary[name]
        if isinstance(column, list):
            return self._encode_objects(fact, [_read(fact, cell) for cell in column] if file else column)
        column = _decoded(column)
        if pa.types.is_null(column.type):
            return np.zeros(len(column), self.types[name]), []
        if file and _is_text(column.type.value_type if pa.types.is_dictionary(column.type) else column.type):
            return self._encode_texts(fact, column, parse_text)
        try:
            return self._encoder(fact.kind, column.type)(fact, column)
        except pa.ArrowNotImplementedError:  # a type that no fact has, such as pandas periods or lists of lists
            return self._encode_objects(fact, list_cells(column))

    def _encoder(self, kind: Kind, found: pa.DataType) -> Callable[[Fact, pa.Array], tuple[Codes, list[Fault]]]:
        """Return what encodes a kind of fact from a type of column; some pairs have a faster way."""
        types = pa.types
        if kind is Kind.PERCENT and (types.is_integer(found) or types.is_floating(found) or types.is_decimal(found)):
            return self._encode_percentages
        if kind is Kind.FLAG and types.is_boolean(found):
            return _encode_flags
        if kind is Kind.SET and _is_list(found):
            return self._encode_lists
        if types.is_nested(found):
            return lambda fact, column: self._encode_objects(fact, list_cells(column))
        return self._encode_texts if _is_text(found) else self._encode_distinct

    def encode_elements(
        self, name: str, columns: Mapping[str, pa.Array | list[Any]], *, file: bool = False
    ) -> tuple[Codes, list[Fault]]:
        """Return the codes of a set that has a column of true and false for each element.

        The set is unknown where all of them are missing. It does not contain elements without a column.
        """
        fact = self.vocabulary[name]
        kind = self.types[name]
        truth = Fact(name, Kind.FLAG, fact.use, "", "")
        size = len(next(iter(columns.values())))
        codes = np.zeros(size, kind)
        missing = np.zeros(size, np.uint8)
        faults: list[Fault] = []
        for element, column in columns.items():
            if isinstance(column, list) or not pa.types.is_boolean(column.type):
                flags, wrong = self._encode_truths(truth, element, column, file=file)
                faults += wrong
            else:
                flags, _ = _encode_flags(truth, column)
            codes |= np.where(flags == 1, kind(1 << (1 + fact.names.index(element))), kind(0))
            missing += flags == 0
        known = missing < len(columns)
        partly = known & (missing > 0)
        wrong_rows = np.concatenate([fault.rows for fault in faults]) if faults else np.zeros(0, np.int64)
        partly[wrong_rows] = False
        if partly.any():
            faults.append(Fault(partly_known(name), np.flatnonzero(partly)))
        codes |= known.astype(kind)
        codes[partly] = 0
        codes[wrong_rows] = 0
        return codes, faults

    def _encode_truths(
        self, truth: Fact, element: str, column: pa.Array | list[Any], *, file: bool
    ) -> tuple[npt.NDArray[np.uint8], list[Fault]]:
        if not isinstance(column, list):
            try:
                column = pc.dictionary_encode(_decoded(column)) if not pa.types.is_dictionary(column.type) else column
            except pa.ArrowNotImplementedError:  # a type that no fact has
                column = list_cells(column)
        values = column if isinstance(column, list) else list_cells(column.dictionary)
        table = np.zeros(max(len(values), 1), np.uint8)
        told: dict[str, Diagnostic] = {}
        wrong: dict[str, list[int]] = {}
        for place, cell in enumerate(values):
            value = _read(truth, cell) if file else cell
            if is_missing(value):
                continue
            shown = key_of(value)
            try:
                if shown not in told:
                    table[place] = 1 if truth.examine(value) else 2
            except InvalidOrganisation as error:
                told[shown] = of_element(error.diagnostics[0], element)
            if shown in told:
                wrong.setdefault(shown, []).append(place)
        if isinstance(column, list):
            return table[: len(values)], [Fault(told[shown], np.array(rows)) for shown, rows in wrong.items()]
        indices, valid = list_indices(column), is_valid(column.indices)
        rows = iter(group_rows(indices, valid, [place for at in wrong.values() for place in at], len(values)))
        faults = [Fault(told[shown], np.sort(np.concatenate([next(rows) for _ in at]))) for shown, at in wrong.items()]
        return look_up(table, indices, valid), [fault for fault in faults if len(fault.rows)]

    def code(self, fact: Fact, value: object, *, hints: bool = True) -> int:
        """Return the code of one value; 0 for one that is missing.

        Raises:
            InvalidOrganisation: If the fact does not have this value.
        """
        if is_missing(value):
            return 0
        if isinstance(value, np.ndarray):
            value = value.tolist()
        return self.code_of(fact, fact.examine(value, hints=hints))

    def code_of(self, fact: Fact, value: FactValue) -> int:
        """Return the code of a valid value."""
        if fact.kind is Kind.SET:
            assert isinstance(value, tuple)
            return 1 + sum(2 << fact.names.index(element) for element in value)
        return 1 + self._program.case_of(fact.name, value)

    def _entry(self, fact: Fact, name: str) -> int:
        """Return the code of a name; for an element, what it adds to the code of its set."""
        return self.code_of(fact, (name,)) - 1 if fact.kind is Kind.SET else self.code_of(fact, name)

    def _encode_percentages(self, fact: Fact, column: pa.Array) -> tuple[Codes, list[Fault]]:
        cast = column.cast(pa.float64(), safe=False)
        numbers = np.frombuffer(cast.buffers()[1], np.float64, cast.offset + len(cast))[cast.offset :]
        known = is_valid(cast)
        codes = np.zeros(len(numbers), self.types[fact.name])
        for start in self._starts[fact.name]:
            codes += (numbers >= start).view(np.uint8)  # false for NaN
        codes *= known
        unlikely = known & (numbers > 0) & (numbers < 1)
        if unlikely.any():
            fact.examine(float(numbers[unlikely][0]))  # which questions it
        outside = known & ((numbers < 0) | (numbers > 100))
        if not outside.any():
            return codes, []
        codes[outside] = 0
        rows = np.flatnonzero(outside)
        return codes, self._faults(fact, ((column[row].as_py(), row) for row in rows.tolist()))

    def _encode_texts(
        self, fact: Fact, column: pa.Array, parse: Callable[[Fact, Any], object] | None = None
    ) -> tuple[Codes, list[Fault]]:
        """Return the codes of texts, quickly if each is a name of the fact."""
        if pa.types.is_dictionary(column.type) or fact.kind not in (Kind.ORDERED, Kind.CHOICE):
            return self._encode_distinct(fact, column, parse)
        lexicon, table = self._lexicons[fact.name]
        places = lexicon.find(column)
        return self._encode_distinct(fact, column, parse) if places is None else (look_up(table, places), [])

    def _encode_distinct(
        self, fact: Fact, column: pa.Array, parse: Callable[[Fact, Any], object] | None = None
    ) -> tuple[Codes, list[Fault]]:
        if not pa.types.is_dictionary(column.type):
            column = _distinguish(column)
        elif len(column.dictionary) > len(column):
            return self._encode_distinct(fact, pc.dictionary_encode(column.cast(column.type.value_type)), parse)
        values = list_cells(column.dictionary)
        plain = len(values) <= _REMEMBERED and all(isinstance(value, str) for value in values)
        table, wrong, doubts = (self._tables if plain else self._tabulate)(fact.name, tuple(values), parse)
        forward_doubts(doubts)
        indices = list_indices(column)
        valid = is_valid(column.indices) if column.indices.null_count else None
        found = group_rows(indices, valid, [position for position, _ in wrong], len(values)) if wrong else []
        # A category that no row has is not a mistake.
        faults = [Fault(told, rows) for (_, told), rows in zip(wrong, found, strict=True) if len(rows)]
        return look_up(table, indices, valid), faults

    def _tabulate(
        self, name: str, values: tuple[Any, ...], parse: Callable[[Fact, Any], object] | None
    ) -> tuple[Codes, list[tuple[int, Diagnostic]], Mapping[str, str]]:
        """Return the code of each value of a fact, 0 for a wrong one; what is wrong with each wrong value; doubts."""
        fact = self.vocabulary[name]
        table = np.zeros(max(len(values), 1), self.types[name])
        wrong: list[tuple[int, Diagnostic]] = []
        with hear_doubts() as doubts:
            for position, value in enumerate(values):
                try:
                    table[position] = self.code(fact, parse(fact, value) if parse else value, hints=len(wrong) < SHOWN)
                except InvalidOrganisation as error:
                    wrong += [(position, diagnostic) for diagnostic in error.diagnostics]
        return table, wrong, doubts

    def _encode_lists(self, fact: Fact, column: pa.Array) -> tuple[Codes, list[Fault]]:
        elements, starts, lengths = open_lists(column)
        lexicon, table = self._lexicons[fact.name]
        places = lexicon.find(elements) if _is_text(elements.type) and not elements.null_count else None
        if places is None:
            return self._encode_distinct_lists(fact, is_valid(column), elements, starts, lengths)
        codes = unite_lists(look_up(table, places), starts, lengths)
        codes |= is_valid(column)
        return codes, []

    def _encode_distinct_lists(
        self,
        fact: Fact,
        known: npt.NDArray[np.bool_],
        elements: pa.Array,
        starts: npt.NDArray[np.intp],
        lengths: npt.NDArray[np.integer],
    ) -> tuple[Codes, list[Fault]]:
        kind = self.types[fact.name]
        codes = known.astype(kind)
        if not pa.types.is_dictionary(elements.type):
            elements = _distinguish(elements)
        table = np.zeros(max(len(elements.dictionary), 1), kind)
        wrong: list[tuple[int, Diagnostic]] = []
        for position, element in enumerate(list_cells(elements.dictionary)):
            try:
                table[position] = self.code_of(fact, fact.examine((element,), hints=len(wrong) < SHOWN)) - 1
            except InvalidOrganisation as error:
                wrong += [(position, diagnostic) for diagnostic in error.diagnostics]
        indices, valid = list_indices(elements), is_valid(elements.indices)
        codes |= unite_lists(look_up(table, indices, valid), starts, lengths)
        if not wrong and valid.all():
            return codes, []
        parents = np.repeat(np.arange(len(known)), lengths)
        found = group_rows(indices, valid, [position for position, _ in wrong], len(table))
        faults = [Fault(told, np.unique(parents[rows])) for (_, told), rows in zip(wrong, found, strict=True)]
        if not valid.all():
            missing = Diagnostic("unknown-value", Location(path=(fact.name,)), "an element is missing")
            faults.append(Fault(missing, np.unique(parents[~valid])))
        faults = [fault for fault in faults if len(fault.rows)]
        for fault in faults:
            codes[fault.rows] = 0
        return codes, faults

    def _encode_objects(self, fact: Fact, values: list[Any]) -> tuple[Codes, list[Fault]]:
        codes = np.zeros(len(values), self.types[fact.name])
        wrong: list[tuple[Any, int]] = []
        for row, value in enumerate(values):
            try:
                codes[row] = self.code(fact, value, hints=False)
            except InvalidOrganisation:
                wrong.append((value, row))
        return codes, self._faults(fact, wrong)

    def _faults(self, fact: Fact, wrong: Iterable[tuple[Any, int]]) -> list[Fault]:
        """Return what is wrong with some values, each value once."""
        told: dict[str, tuple[tuple[Diagnostic, ...], list[int]]] = {}
        for value, row in wrong:
            shown = key_of(value)
            if shown not in told:
                try:
                    fact.examine(value, hints=len(told) < SHOWN)
                except InvalidOrganisation as error:
                    told[shown] = error.diagnostics, []
            told[shown][1].append(row)
        return [
            Fault(diagnostic, np.array(rows, np.int64))
            for diagnostics, rows in told.values()
            for diagnostic in diagnostics
        ]


def _read(fact: Fact, cell: object) -> object:
    return parse_text(fact, cell) if isinstance(cell, str) else cell


def _decoded(column: pa.Array) -> pa.Array:
    """Return an array without run ends."""
    if not pa.types.is_run_end_encoded(column.type):
        return column
    try:
        return pc.run_end_decode(column)
    except pa.ArrowNotImplementedError:  # of dictionaries
        rows = np.arange(column.offset, column.offset + len(column))
        return column.values.take(pa.array(np.searchsorted(column.run_ends.to_numpy(), rows, side="right")))


def _distinguish(column: pa.Array) -> pa.DictionaryArray:
    return pc.dictionary_encode(column.cast(pa.string()) if pa.types.is_string_view(column.type) else column)


def _is_text(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _encode_flags(_: Fact, column: pa.Array) -> tuple[npt.NDArray[np.uint8], list[Fault]]:
    # True is the first case, False the second.
    codes = np.subtract(np.uint8(2), read_bits(column, 1))
    if column.buffers()[0] is not None:
        codes *= read_bits(column, 0)
    return codes, []


def _is_list(kind: pa.DataType) -> bool:
    types = pa.types
    return any(
        test(kind)
        for test in (
            types.is_list,
            types.is_large_list,
            types.is_fixed_size_list,
            types.is_list_view,
            types.is_large_list_view,
        )
    )
