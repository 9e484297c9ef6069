"""Arrow columns → codes. Cells are checked as `recommend` checks them, each distinct value once."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from math import inf, nextafter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cxrules.columns.dialect import of_element, parse_text, partly_known
from cxrules.columns.numpy_executor import Codes, code_type
from cxrules.columns.program import Program
from cxrules.errors import Diagnostic, InvalidOrganisation, Location, UnlikelyFact, is_missing
from cxrules.language.facts import Fact, FactValue, Kind
from cxrules.language.regions import cut, list_tests

__all__ = ["Coder", "Fault"]

_SMALL = 256
_FEW = 9
"""Up to so many names of a fact a text is compared with each of them."""
_Rows = npt.NDArray[np.int64]


class Fault(NamedTuple):
    """A value that is none of a fact's, and the rows that have it, from 0."""

    diagnostic: Diagnostic
    rows: _Rows


class Coder:
    """Encodes the columns of a table for a program. Threads may share it."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self.vocabulary = program.rulebase.vocabulary
        tests = list_tests(program.rulebase)
        self.types = {name: code_type(program, fact) for name, fact in self.vocabulary.facts.items()}
        self._names = {
            name: {value: self.code_of(fact, value) for value in fact.names}
            for name, fact in self.vocabulary.facts.items()
            if fact.kind in (Kind.ORDERED, Kind.CHOICE) and len(fact.names) <= _FEW
        }
        self._starts = {
            name: [nextafter(region.low, inf) if region.low_open else region.low for region in cut(tests[name])]
            for name, fact in self.vocabulary.facts.items()
            if fact.kind is Kind.PERCENT
        }

    def encode(self, name: str, column: pa.Array | list[Any], *, file: bool = False) -> tuple[Codes, list[Fault]]:
        """Return the codes of a fact, 0 where it is missing or wrong, and what is wrong.

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
        if pa.types.is_string_view(column.type):
            column = column.cast(pa.string())
        if file and _is_text(column.type):
            return self._encode_texts(fact, column, parse_text)
        try:
            return self._encoder(fact.kind, column.type)(fact, column)
        except pa.ArrowNotImplementedError:  # a type that no fact has, such as pandas's periods, or lists of lists
            return self._encode_objects(fact, column.to_pylist())

    def _encoder(self, kind: Kind, found: pa.DataType) -> Callable[[Fact, pa.Array], tuple[Codes, list[Fault]]]:
        """Return what encodes a kind of fact from a type of column, quickest where they suit each other."""
        types = pa.types
        if kind is Kind.PERCENT and (types.is_integer(found) or types.is_floating(found) or types.is_decimal(found)):
            return self._encode_percentages
        if kind is Kind.FLAG and types.is_boolean(found):
            return _encode_flags
        if kind is Kind.SET and _is_list(found):
            return self._encode_lists
        if types.is_nested(found):
            return lambda fact, column: self._encode_objects(fact, column.to_pylist())
        return self._encode_texts if types.is_string(found) or types.is_large_string(found) else self._encode_distinct

    def encode_elements(
        self, name: str, columns: Mapping[str, pa.Array | list[Any]], *, file: bool = False
    ) -> tuple[Codes, list[Fault]]:
        """Return the codes of a set that has a column of true and false for each of its elements.

        It is unknown where all of them are missing. Elements without a column are not in it.
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
        flags: npt.NDArray[np.uint8]
        if not isinstance(column, list):
            try:
                column = pc.dictionary_encode(_decoded(column)) if not pa.types.is_dictionary(column.type) else column
            except pa.ArrowNotImplementedError:  # a type that no fact has
                column = column.to_pylist()
        values = column if isinstance(column, list) else column.dictionary.to_pylist()
        table = np.zeros(max(len(values), 1), np.uint8)
        told: dict[str, Diagnostic] = {}
        wrong: dict[str, list[int]] = {}
        for place, cell in enumerate(values):
            value = _read(truth, cell) if file else cell
            shown = repr(value)
            if is_missing(value):
                continue
            try:
                if shown not in told:
                    table[place] = 1 if truth.examine(value) else 2
            except InvalidOrganisation as error:
                told[shown] = of_element(error.diagnostics[0], element)
            if shown in told:
                wrong.setdefault(shown, []).append(place)
        if isinstance(column, list):
            return table[: len(values)], [Fault(told[shown], np.array(rows)) for shown, rows in wrong.items()]
        flags, indices, valid = _look_up(table, column)
        faults = [Fault(told[shown], np.flatnonzero(np.isin(indices, at) & valid)) for shown, at in wrong.items()]
        return flags, [fault for fault in faults if len(fault.rows)]

    def code(self, fact: Fact, value: object) -> int:
        """Return the code of one value; 0 for one that is missing.

        Raises:
            InvalidOrganisation: If it is none of the fact's.
        """
        if is_missing(value):
            return 0
        if isinstance(value, np.ndarray):
            value = value.tolist()
        return self.code_of(fact, fact.examine(value))

    def code_of(self, fact: Fact, value: FactValue) -> int:
        """Return the code of a valid value."""
        if fact.kind is Kind.SET:
            assert isinstance(value, tuple)
            return 1 + sum(2 << fact.names.index(element) for element in value)
        return 1 + self._program.case_of(fact.name, value)

    def _encode_percentages(self, fact: Fact, column: pa.Array) -> tuple[Codes, list[Fault]]:
        numbers = column.cast(pa.float64(), safe=False).fill_null(np.nan).to_numpy(zero_copy_only=False)
        codes = np.zeros(len(numbers), self.types[fact.name])
        for start in self._starts[fact.name]:
            codes += numbers >= start  # of what is missing, NaN here, this is false
        unlikely = numbers[(numbers > 0) & (numbers < 1)]
        if len(unlikely):
            message = (
                f"{fact.name}: {len(unlikely):,} of {len(numbers):,} shares are below 1 %, such as {unlikely[0]:g} %"
            )
            warnings.warn(f"{message}; write {100 * unlikely[0]:g} if that was meant", UnlikelyFact, stacklevel=2)
        outside = (numbers < 0) | (numbers > 100)
        if not outside.any():
            return codes, []
        codes[outside] = 0
        rows = np.flatnonzero(outside)
        return codes, self._faults(fact, ((column[row].as_py(), row) for row in rows.tolist()))

    def _encode_texts(
        self, fact: Fact, column: pa.Array, parse: Callable[[Fact, Any], object] | None = None
    ) -> tuple[Codes, list[Fault]]:
        """Return the codes of texts. Comparing with each of a few names takes less than telling the texts apart."""
        names = self._names.get(fact.name)
        if names and not pa.types.is_dictionary(column.type):
            codes = np.zeros(len(column), self.types[fact.name])
            for name, code in names.items():
                codes += _bits(pc.equal(column, pa.scalar(name, column.type)), 1) * codes.dtype.type(code)
            codes *= _valid(column)
            if np.count_nonzero(codes) == len(column) - column.null_count:
                return codes, []
        return self._encode_distinct(fact, column, parse)

    def _encode_distinct(
        self, fact: Fact, column: pa.Array, parse: Callable[[Fact, Any], object] | None = None
    ) -> tuple[Codes, list[Fault]]:
        if not pa.types.is_dictionary(column.type):
            column = pc.dictionary_encode(column)
        elif len(column.dictionary) > len(column):
            return self._encode_distinct(fact, pc.dictionary_encode(column.cast(column.type.value_type)), parse)
        table = np.zeros(max(len(column.dictionary), 1), self.types[fact.name])
        wrong: list[tuple[int, Diagnostic]] = []
        for position, value in enumerate(column.dictionary.to_pylist()):
            try:
                table[position] = self.code(fact, parse(fact, value) if parse else value)
            except InvalidOrganisation as error:
                wrong += [(position, diagnostic) for diagnostic in error.diagnostics]
        codes, indices, valid = _look_up(table, column)
        faults = []
        for position, diagnostic in wrong:
            rows = np.flatnonzero((indices == position) & valid)
            if len(rows):  # a category that no row has is no mistake
                faults.append(Fault(diagnostic, rows))
        return codes, faults

    def _encode_lists(self, fact: Fact, column: pa.Array) -> tuple[Codes, list[Fault]]:
        kind = self.types[fact.name]
        known = _valid(column)
        lengths = _lengths(column) * known
        codes = known.astype(kind)
        elements = column.flatten()
        if not pa.types.is_dictionary(elements.type):
            elements = pc.dictionary_encode(elements)
        table = np.zeros(max(len(elements.dictionary), 1), kind)
        wrong: list[tuple[int, Diagnostic]] = []
        for position, element in enumerate(elements.dictionary.to_pylist()):
            try:
                table[position] = self.code_of(fact, fact.examine((element,))) - 1
            except InvalidOrganisation as error:
                wrong += [(position, diagnostic) for diagnostic in error.diagnostics]
        flags, indices, valid = _look_up(table, elements)
        if len(flags):
            # Where a list is empty, the flags of the next one come out, and are left out again.
            united = np.bitwise_or.reduceat(np.append(flags, kind(0)), np.cumsum(lengths) - lengths)
            codes |= united * (lengths > 0)
        if not wrong and valid.all():
            return codes, []
        parents = np.repeat(np.arange(len(column)), lengths)
        faults = [
            Fault(diagnostic, np.unique(parents[(indices == position) & valid])) for position, diagnostic in wrong
        ]
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
                codes[row] = self.code(fact, value)
            except InvalidOrganisation:
                wrong.append((value, row))
        return codes, self._faults(fact, wrong)

    def _faults(self, fact: Fact, wrong: Iterable[tuple[Any, int]]) -> list[Fault]:
        """Return what is wrong with some values, each value once."""
        told: dict[str, tuple[tuple[Diagnostic, ...], list[int]]] = {}
        for value, row in wrong:
            shown = repr(value)
            if shown not in told:
                try:
                    fact.examine(value)
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


def _is_text(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _encode_flags(_: Fact, column: pa.Array) -> tuple[npt.NDArray[np.uint8], list[Fault]]:
    # True is the first case, false the second.
    codes = np.subtract(np.uint8(2), _bits(column, 1))
    if column.buffers()[0] is not None:
        codes *= _bits(column, 0)
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


def _lengths(column: pa.Array) -> npt.NDArray[np.integer]:
    """Return how many elements each list of a column has; of one that is missing, any number."""
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        offsets: npt.NDArray[np.integer] = column.offsets.to_numpy()
        return offsets[1:] - offsets[:-1]
    lengths: npt.NDArray[np.integer] = pc.list_value_length(column).fill_null(0).to_numpy()
    return lengths


def _bits(column: pa.Array, buffer: int) -> npt.NDArray[np.uint8]:
    """Return a buffer of bits, of an array that may be a slice, as bytes of 0 and 1."""
    first, skipped = divmod(column.offset, 8)
    data = np.frombuffer(column.buffers()[buffer], np.uint8, count=(skipped + len(column) + 7) // 8, offset=first)
    return np.unpackbits(data, bitorder="little", count=skipped + len(column))[skipped:]


def _valid(column: pa.Array) -> npt.NDArray[np.bool_]:
    if column.buffers()[0] is None:
        return np.ones(len(column), np.bool_)
    return _bits(column, 0).view(np.bool_)


def _look_up(
    table: npt.NDArray[np.unsignedinteger], column: pa.DictionaryArray
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Return for each row what a table holds at its index (0 where it has none), the index, and whether it has one."""
    indices = column.indices
    kind = np.dtype(str(indices.type))  # to_pandas_dtype() wants pandas
    raw = np.frombuffer(indices.buffers()[1], kind, count=indices.offset + len(indices))[indices.offset :]
    valid = _valid(indices)
    if len(table) <= _SMALL and table.dtype == np.uint8:
        # Bytes are translated faster than an array is indexed.
        narrow = raw.astype(np.uint8) if raw.dtype.itemsize > 1 else raw
        full = table.tobytes().ljust(_SMALL, b"\0")
        found: npt.NDArray[Any] = np.frombuffer(narrow.tobytes().translate(full), np.uint8)
        return (found.copy() if indices.null_count == 0 else found * valid), raw, valid
    return np.where(valid, np.take(table, raw, mode="clip"), table.dtype.type(0)), raw, valid
