"""Data frames of any kind in, and a frame of the same kind out, with one row for each row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import index
from typing import Any, NamedTuple, TypeAlias

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cxrules.arguments import check_text
from cxrules.columns.arrow.odd_cells import UNWRITABLE, list_cells, names_of, take_rows, to_arrow, whole
from cxrules.columns.layout import (
    PROGRAM,
    ROW,
    TERMINAL,
    Columns,
    Faults,
    Labels,
    Layout,
    Remedies,
    lay_out,
    place_of,
    refuse_twice,
)
from cxrules.columns.numpy_executor import CHUNK, Codes
from cxrules.columns.tables import ALSO, TableDecisions, TableJudge, check_options
from cxrules.errors import Diagnostic, InvalidOrganisation, is_missing, no_such, refuse_question, show_value
from cxrules.language.facts import FactValue, Vocabulary

__all__ = ["Asked", "FrameJudge", "NamedBatch", "read_row"]

_KINDS = (
    "a pandas or Polars frame, a PyArrow table, batch or reader, a DuckDB relation, or anything with the Arrow "
    "PyCapsule interface"
)


class Asked(NamedTuple):
    """What is asked of a frame: see `Advisor.recommend_frame`."""

    columns: Columns | None = None
    keep: bool | Iterable[str] = False
    also: Iterable[str] = ()
    on_error: str = "raise"
    prefix: str = ""
    brief: bool = False
    suppose: Mapping[str, FactValue | None] | None = None
    """What is supposed of all rows; the column `what_if` then has the resulting models."""
    file: bool = False
    """Whether the table is a file: texts are read according to `columns.cell_texts`, and mistakes are fixed in it."""

    @property
    def remedies(self) -> Remedies:
        """How the user can fix mistakes."""
        return TERMINAL if self.file else PROGRAM


class NamedBatch(NamedTuple):
    """Some rows of a table that is read batch by batch, with the names of its columns.

    Attributes:
        names: The columns of the table.
        column: Returns a column by its name, as an Arrow array or as a list.
        size: How many rows there are.
        whole: Returns a column that passes through, in the type that it has in the table as a whole.
    """

    names: tuple[str, ...]
    column: Callable[[str], Any]
    size: int
    whole: Callable[[str], Any] | None = None


Models: TypeAlias = npt.NDArray[np.unsignedinteger]
Watch: TypeAlias = Callable[[Callable[[str], Any], Mapping[str, Codes], TableDecisions, int], Models | None]
"""A callback for every batch: its columns by name, the codes of its facts, the decisions, the number of wrong rows.

It returns the models that follow from what is supposed, if it has found them."""


class FrameJudge:
    """Decides frames with the given options. Threads may share it."""

    def __init__(self, judge: TableJudge, asked: Asked, watch: Watch | None = None) -> None:
        self._watch = watch
        check_options(asked.columns, asked.keep, asked.also, asked.prefix)
        also = (asked.also,) if isinstance(asked.also, str) else tuple(asked.also)
        unknown = [str(no_such("thing", one, ALSO)) for one in also if one.__class__ is not str or one not in ALSO]
        wrong = list(dict.fromkeys(unknown))
        if asked.on_error.__class__ is not str or asked.on_error not in ("raise", "null"):
            wrong.append(f"on_error is 'raise' or 'null', not {show_value(asked.on_error)}")
        if wrong:
            raise refuse_question(wrong, "the options")
        check_text("prefix", asked.prefix)
        self._judge = judge
        self._asked = asked._replace(also=(*(() if asked.brief else ("points", "fired")), *dict.fromkeys(also)))
        self._wanted = {*self._asked.also, "patterns", "incoherences"} if watch else set(self._asked.also)

    def __call__(self, frame: Any) -> Any:
        """Return a frame of the same kind with a row for each row."""
        if isinstance(frame, nw.DataFrame | nw.LazyFrame):
            return nw.from_native(self(frame.to_native()))
        if isinstance(frame, pa.RecordBatchReader):
            return self._stream(frame)
        if isinstance(frame, pa.RecordBatch):
            table = self._table(pa.Table.from_batches([frame]))
            return (
                table.combine_chunks().to_batches()[0] if len(table) else pa.RecordBatch.from_pylist([], table.schema)
            )
        return self._table(frame) if isinstance(frame, pa.Table) else self._native(frame)

    def _native(self, frame: Any) -> Any:
        if nw.dependencies.is_pandas_like_dataframe(frame) and not (labels := Labels(frame.columns)).plain:
            return self._labelled(frame, labels)
        known = nw.from_native(frame, pass_through=True)
        if isinstance(known, nw.DataFrame):
            return self._eager(known)
        if isinstance(known, nw.LazyFrame):
            return self._lazy(known)
        return self._table(_import(frame))

    def batches(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Decide batch after batch, as engines deliver them.

        Raises:
            InvalidOrganisation: With every mistake in the cells. After the first batch with a mistake, the rest is
                read but no longer answered.
        """
        parts = (NamedBatch(tuple(names_of(batch.schema)), batch.column, batch.num_rows) for batch in batches)
        return (answers for _, answers in self.read(parts) if answers is not None)

    def read(self, parts: Iterable[NamedBatch]) -> Iterator[tuple[int, pa.RecordBatch | None]]:
        """Decide a table batch by batch; yield how many rows were read so far, and the answers.

        If mistakes are to be raised, no answers follow the first mistake, and at the end an error lists all of them, or
        as many as anybody would read.
        """
        faults, row = Faults(self._asked.remedies.first), 0
        raising = self._asked.on_error == "raise"
        for part in parts:
            answers = self._answer(part.column, self._lay_out(part.names), part.size, (row, faults), part.whole)
            row += part.size
            yield row, answers
            if raising and faults.full:
                raise faults.error(row)
        if raising and faults:
            raise faults.error()

    def _lay_out(self, names: Iterable[str]) -> Layout:
        asked = self._asked
        return lay_out(self._judge.rulebase.vocabulary, list(names), asked.columns, asked.keep, asked.remedies)

    def _stream(self, reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
        layout = self._lay_out(names_of(reader.schema))
        answers = self._answer(reader.schema.empty_table().column, layout, 0, (0, Faults()))
        assert answers is not None, "no row is wrong"
        schema = _keep_fields(answers, reader.schema, layout).schema
        answered = (pa.RecordBatch.from_arrays(batch.columns, schema=schema) for batch in self.batches(reader))
        return pa.RecordBatchReader.from_batches(schema, answered)

    def _table(self, table: pa.Table) -> pa.Table:
        layout = self._lay_out(names_of(table.schema))
        return _keep_fields(self._answers(table.column, layout, table.num_rows), table.schema, layout)

    def _answers(self, column: Callable[[str], Any], layout: Layout, size: int) -> pa.Table:
        """Decide a whole table in chunks; one error lists every mistake in it."""
        faults = Faults()
        found = []
        for start in range(0, max(size, 1), CHUNK):
            stop = min(start + CHUNK, size)

            def part(name: str, start: int = start, stop: int = stop) -> Any:
                given = column(name)
                return given[start:stop] if isinstance(given, list) else given.slice(start, stop - start)

            found.append(self._answer(part, layout, stop - start, (start, faults)))
            if faults.full and self._asked.on_error == "raise":
                raise faults.error(stop if stop < size else None)
        if faults and self._asked.on_error == "raise":
            raise faults.error()
        return pa.Table.from_batches(found)

    def _answer(
        self,
        column: Callable[[str], Any],
        layout: Layout,
        size: int,
        wrong: tuple[int, Faults],
        united: Callable[[str], Any] | None = None,
    ) -> pa.RecordBatch | None:
        """Decide some rows; `wrong` says where they begin in the table, and collects what is wrong.

        Returns:
            The answers; None if mistakes are to be raised and there was one, here or before.
        """
        first, faults = wrong
        codes, messages = self._encode(column, layout, first, faults)
        if faults and self._asked.on_error == "raise":
            return None
        table = self._judge.decide(codes, size, also=self._wanted)
        columns = self._judge.write(table)
        then = self._tell(column, codes, table, sorted(messages)) if self._watch else None
        if supposed := self._asked.suppose:
            if then is None:
                then = self._judge.models_of(self._judge.suppose(codes, size, supposed), size)
            columns["what_if"] = self._judge.write_models(then)
        for name in self._wanted.difference(self._asked.also):
            del columns[name]
        if self._asked.on_error == "null":
            if messages:
                rows = pa.array(np.arange(size), mask=np.isin(np.arange(size), list(messages)))
                columns = {name: values.take(rows) for name, values in columns.items()}
            columns["error"] = pa.array(
                [messages.get(row) for row in range(size)] if messages else [None] * size, pa.string()
            )
        columns = {self._asked.prefix + name: values for name, values in columns.items()}
        refuse_twice(layout.kept, columns, self._asked.remedies)
        read, start = united or column, first + self._asked.remedies.first
        kept = {name: to_arrow(name, read(name), start) for name in layout.kept}
        return pa.RecordBatch.from_pydict(kept | columns)

    def _tell(
        self, column: Callable[[str], Any], codes: dict[str, Codes], table: TableDecisions, wrong: list[int]
    ) -> Models | None:
        """Report the rows that could be read to the callback, and return what it found for all of them."""
        assert self._watch is not None
        if not wrong:
            return self._watch(column, codes, table, 0)
        kept = np.setdiff1d(np.arange(len(table.model)), wrong)
        codes = {name: values[kept] for name, values in codes.items()}
        table = self._judge.decide(codes, len(kept), also=self._wanted)
        found = self._watch(lambda name: take_rows(column(name), kept.tolist()), codes, table, len(wrong))
        return None if found is None else np.insert(found, np.subtract(wrong, range(len(wrong))), 0)

    def _encode(
        self, column: Callable[[str], Any], layout: Layout, first: int, faults: Faults
    ) -> tuple[dict[str, Codes], dict[int, str]]:
        coder = self._judge.coder
        codes: dict[str, Codes] = {}
        messages: dict[int, str] = {}
        with faults.doubting(raising=self._asked.on_error == "raise"):
            for name, place in layout.facts.items():
                if isinstance(place, str):
                    codes[name], wrong = coder.encode(name, whole(column(place)), file=self._asked.file)
                else:
                    parts = {element: whole(column(part)) for element, part in place.items()}
                    codes[name], wrong = coder.encode_elements(name, parts, file=self._asked.file)
                for told, rows in wrong:
                    placed = place_of(told, name, place)
                    faults.add(placed, [first + row for row in rows.tolist()])
                    for row in rows.tolist() if self._asked.on_error == "null" else ():
                        messages[row] = f"{messages[row]}; {placed}" if row in messages else str(placed)
        return codes, messages

    def _labelled(self, frame: Any, labels: Labels) -> Any:
        """Decide a pandas frame whose labels are not names: they are replaced by names and restored in the answer."""
        asked = self._asked
        columns, keep = labels.place(asked.columns), labels.keep(asked.keep)
        layout = lay_out(self._judge.rulebase.vocabulary, labels.names, columns, keep, asked.remedies)
        named = labels.take(frame, dict.fromkeys([*layout.read, *layout.kept]))
        answered = self._eager(nw.from_native(named, eager_only=True), layout)
        answered.columns = labels.restore(answered.columns)
        return answered

    def _eager(self, frame: nw.DataFrame[Any], layout: Layout | None = None) -> Any:
        layout = layout or self._lay_out(frame.columns)
        without = layout._replace(kept=())
        table = self._answers(_memo(lambda name: _read(frame[name])), without, len(frame))
        refuse_twice(layout.kept, table.column_names)
        found = nw.from_arrow(table, backend=frame.implementation)
        if frame.implementation.is_pandas_like():
            native = found.to_native()
            native.index = nw.to_native(frame).index
            found = nw.from_native(native, eager_only=True)
        if layout.kept:
            found = found.with_columns(*(frame[name] for name in layout.kept)).select(*layout.kept, *table.column_names)
        return found.to_native()

    def _lazy(self, frame: nw.LazyFrame[Any]) -> Any:
        native = frame.to_native()
        if frame.implementation.is_polars():
            return self._eager(frame.collect()).lazy()
        if frame.implementation.is_duckdb():
            answers = self._table(native.to_arrow_table())
            return _as_relation(answers, native, self._lay_out(native.columns))
        return self._table(frame.collect(backend="pyarrow").to_native())


def read_row(frame: Any, row: int, judge: TableJudge, columns: Columns | None = None) -> dict[str, Any]:
    """Return the facts in one row of a frame, counted from 0, as `recommend` takes them."""
    frame = nw.to_native(frame, pass_through=True)
    if nw.dependencies.is_pandas_like_dataframe(frame) and not (labels := Labels(frame.columns)).plain:
        columns = labels.place(columns)
        layout = lay_out(judge.rulebase.vocabulary, labels.names, columns, remedies=ROW)
        frame = labels.take(frame, layout.read)
    row = _number(row)
    known = nw.from_native(frame, pass_through=True)
    if isinstance(known, nw.LazyFrame):
        known = known.collect(backend=None if known.implementation.is_polars() else "pyarrow")
    if not isinstance(known, nw.DataFrame):
        known = nw.from_native(frame if isinstance(frame, pa.Table) else _import(frame), eager_only=True)
    layout = lay_out(judge.rulebase.vocabulary, known.columns, columns, remedies=ROW)
    size = len(known)
    if not -size <= row < size:
        raise IndexError(f"row {row} of {size}")
    here = known[row % size : row % size + 1]

    def cell(name: str) -> Any:
        values = _read(here[name])
        value = values[0] if isinstance(values, list) else list_cells(values)[0]
        return None if is_missing(value) else value

    facts: dict[str, Any] = {}
    wrong: list[Diagnostic] = []
    for name, place in layout.facts.items():
        if isinstance(place, str):
            facts[name] = cell(place)
            continue
        flags = {element: cell(column) for element, column in place.items()}
        _, faults = judge.coder.encode_elements(name, {element: [flag] for element, flag in flags.items()})
        wrong += (place_of(fault.diagnostic, name, place) for fault in faults)
        known_at_all = any(flag is not None for flag in flags.values())
        if known_at_all and not faults:
            facts[name] = [element for element, flag in flags.items() if flag]
    if wrong:
        raise InvalidOrganisation([*wrong, *_mistakes(judge.rulebase.vocabulary, facts)])
    return {name: value for name, value in facts.items() if value is not None}


def _number(row: object) -> int:
    try:
        return index(row)  # type: ignore[arg-type] # anything but a number is refused
    except TypeError:
        raise TypeError(f"row: a number is expected, not {show_value(row)}") from None


def _mistakes(vocabulary: Vocabulary, facts: Mapping[str, Any]) -> tuple[Diagnostic, ...]:
    try:
        vocabulary.validate(facts, doubt=False)  # the row is questioned when it is decided on
    except InvalidOrganisation as error:
        return error.diagnostics
    return ()


def _as_relation(_cxrules_answers: pa.Table, like: Any, layout: Layout) -> Any:
    """Return answers as a relation on the connection of another one; kept columns get their SQL types back."""
    kept = {name: kind for name, kind in zip(like.columns, like.types, strict=True) if name in layout.kept}
    answered = like.query("_cxrules_asked", "FROM _cxrules_answers")  # SQL finds the argument by its Python name
    quoted = {name: '"' + name.replace('"', '""') + '"' for name in answered.columns}
    cast = (f"CAST({text} AS {kept[name]}) AS {text}" if name in kept else text for name, text in quoted.items())
    return answered.project(", ".join(cast)) if kept else answered


def _keep_fields(answers: Any, given: pa.Schema, layout: Layout) -> Any:
    """Return answers in which columns that pass through keep their original fields, with their metadata."""
    fields = [given.field(field.name) if field.name in layout.kept else field for field in answers.schema]
    return answers.from_arrays(answers.columns, schema=pa.schema(fields))


def _read(series: nw.Series[Any]) -> pa.ChunkedArray | pa.Array | list[Any]:
    """Return a column as an Arrow array, or as a list of objects if no Arrow type holds all of them."""
    try:
        if series.implementation.is_pandas_like():
            return pa.array(series.to_native(), from_pandas=True)
        return list(series.to_native()) if series.dtype == nw.Object else series.to_arrow()
    except UNWRITABLE:
        return list(series.to_native())


def _import(frame: object) -> pa.Table:
    try:
        if hasattr(frame, "__arrow_c_stream__"):
            return pa.RecordBatchReader.from_stream(frame).read_all()
        if hasattr(frame, "__arrow_c_array__"):
            return pa.Table.from_batches([pa.record_batch(frame)])
    except pa.ArrowInvalid as error:
        if "non-struct type" not in str(error):  # which a single column is
            raise
    raise TypeError(f"{_KINDS} is expected, not {type(frame).__name__}")


def _memo(read: Callable[[str], Any]) -> Callable[[str], Any]:
    known: dict[str, Any] = {}

    def column(name: str) -> Any:
        if name not in known:
            known[name] = read(name)
        return known[name]

    return column
