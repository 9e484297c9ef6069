"""Write tables to files, batch after batch: CSV, Parquet, JSON, JSON Lines and Arrow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cxrules.columns.arrow.odd_cells import UNREADABLE, list_texts
from cxrules.columns.cell_texts import FORMULA, HARMLESS, as_json, guard_formula, write_json
from cxrules.columns.files import ending_of
from cxrules.whole_file import naming, write_whole

__all__ = ["write_table"]


@contextmanager
def write_table(path: Path) -> Iterator[Callable[[pa.RecordBatch], None]]:
    """Open a table for writing. The file appears once everything is written; an interrupted write leaves nothing.

    Raises:
        ValueError: If its ending names no known format.
        OSError: If it cannot be written.
    """
    make = _WRITERS[ending_of(path)]
    with write_whole(path) as file, ExitStack() as stack:
        write = make(file, stack)

        def tell(batch: pa.RecordBatch) -> None:
            try:
                with naming(path):
                    write(batch)
            except UnicodeDecodeError:
                raise
            except UNREADABLE as error:
                raise ValueError(f"{path}: {error}") from error

        yield tell
        with naming(path):
            stack.close()


def _write_csv(file: Any, stack: ExitStack, delimiter: str = ",") -> Callable[[pa.RecordBatch], None]:
    from pyarrow import csv

    writers: list[Any] = []

    def write(batch: pa.RecordBatch) -> None:
        plain = pa.RecordBatch.from_arrays(
            [_as_text(column) for column in batch.columns], [guard_formula(name) for name in batch.schema.names]
        )
        if not writers:
            options = csv.WriteOptions(delimiter=delimiter, quoting_style="needed")
            writers.append(stack.enter_context(csv.CSVWriter(file, plain.schema, write_options=options)))
        writers[0].write(plain)

    return write


def _as_text(column: pa.Array) -> pa.Array:
    """Return a column as CSV can hold it: lists joined by semicolons, bits in hexadecimal, formulas guarded."""
    types = pa.types
    if types.is_dictionary(column.type):
        return _as_text(column.dictionary_decode())
    if types.is_fixed_size_binary(column.type) or types.is_binary(column.type):
        return pa.array([None if value is None else value.hex() for value in column.to_pylist()], pa.string())
    if (joined := _joined(column)) is not None:
        column = joined
    elif not _is_plain(column.type):
        cells = list_texts(column)
        column = pa.array([None if cell is None else _as_cell(cell) for cell in cells], pa.string())
    if not (types.is_string(column.type) or types.is_large_string(column.type)):
        return column
    formula = pc.and_not(pc.match_substring_regex(column, FORMULA), pc.match_substring_regex(column, HARMLESS))
    if not pc.any(formula).as_py():
        return column
    return pc.if_else(formula, pc.binary_join_element_wise(pa.scalar("'", column.type), column, ""), column)


def _joined(column: pa.Array) -> pa.Array | None:
    """Return lists as texts; None if the column is not nested, or its elements cannot be written as text."""
    if not pa.types.is_nested(column.type):
        return None
    try:
        lists = column.cast(pa.list_(pa.string()))
    except pa.ArrowException:
        return None
    if lists.flatten().null_count:
        rows = lists.to_pylist()
        return pa.array([None if row is None else "; ".join(each or "" for each in row) for row in rows], pa.string())
    return pc.binary_join(lists, "; ")


@lru_cache(maxsize=256)
def _is_plain(kind: pa.DataType) -> bool:
    """Return whether PyArrow writes a type to CSV."""
    from pyarrow import csv

    try:
        csv.write_csv(pa.table([pa.nulls(1, kind)], ["x"]), pa.BufferOutputStream())
    except pa.ArrowException:
        return False
    return True


def _as_cell(value: object) -> str:
    return value if isinstance(value, str) else write_json(value) if isinstance(value, dict | list) else as_json(value)


def _list_rows(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    names = batch.schema.names
    return (dict(zip(names, cells, strict=True)) for cells in zip(*map(list_texts, batch.columns), strict=True))


def _write_lines(file: Any, stack: ExitStack) -> Callable[[pa.RecordBatch], None]:
    del stack

    def write(batch: pa.RecordBatch) -> None:
        for row in _list_rows(batch):
            file.write(write_json(row).encode() + b"\n")

    return write


def _write_objects(file: Any, stack: ExitStack) -> Callable[[pa.RecordBatch], None]:
    before = [b"[\n"]
    stack.callback(lambda: file.write((b"[" if before[0] == b"[\n" else b"") + b"\n]\n"))

    def write(batch: pa.RecordBatch) -> None:
        for row in _list_rows(batch):
            file.write(before[0] + write_json(row).encode())
            before[0] = b",\n"

    return write


def _write_parquet(file: Any, stack: ExitStack) -> Callable[[pa.RecordBatch], None]:
    from pyarrow import parquet

    writers: list[Any] = []

    def write(batch: pa.RecordBatch) -> None:
        if not writers:
            writers.append(stack.enter_context(parquet.ParquetWriter(file, batch.schema)))
        writers[0].write_batch(batch)

    return write


def _write_arrow(file: Any, stack: ExitStack) -> Callable[[pa.RecordBatch], None]:
    from pyarrow import ipc

    writers: list[Any] = []

    def write(batch: pa.RecordBatch) -> None:
        # An Arrow file has one dictionary for each column and batches may differ, so categories are written as texts.
        columns = [each.dictionary_decode() if pa.types.is_dictionary(each.type) else each for each in batch.columns]
        plain = pa.RecordBatch.from_arrays(columns, batch.schema.names)
        if not writers:
            writers.append(stack.enter_context(ipc.new_file(file, plain.schema)))
        writers[0].write_batch(plain)

    return write


_WRITERS: dict[str, Callable[[Any, ExitStack], Callable[[pa.RecordBatch], None]]] = {
    ".csv": _write_csv,
    ".tsv": lambda file, stack: _write_csv(file, stack, "\t"),
    ".parquet": _write_parquet,
    ".json": _write_objects,
    ".jsonl": _write_lines,
    ".ndjson": _write_lines,
    ".arrow": _write_arrow,
    ".feather": _write_arrow,
}
