"""Tables in files, batch after batch: CSV, Parquet, JSON, JSON Lines and Arrow, in and out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from cxrules.columns.dialect import (
    FORMULA,
    HARMLESS,
    decode,
    find_delimiter,
    guard_formula,
    ragged,
    read_object,
    read_objects,
)
from cxrules.whole_file import write_whole

__all__ = ["FORMATS", "Batch", "TableFile", "open_table", "write_table"]

FORMATS = (".csv", ".tsv", ".parquet", ".json", ".jsonl", ".ndjson", ".arrow", ".feather")
"""The endings by which the format of a file is known."""

_BATCH = 1 << 16
_RAGGED = re.compile(r"Expected (\d+) columns, got (\d+): (.*)", re.DOTALL)
"""What PyArrow says of a row that has not a cell for each column; its handler of such rows fails at bad UTF-8."""


class Batch(NamedTuple):
    """Some rows of a table: its columns by name, as Arrow arrays, or as lists where the cells are of several types."""

    column: Callable[[str], Any]
    size: int


class TableFile(NamedTuple):
    """A table that is read batch by batch.

    Attributes:
        names: Its columns.
        batches: Its rows.
        done: How much of the file has been read so far, from 0 to 1.
    """

    names: tuple[str, ...]
    batches: Iterator[Batch]
    done: Callable[[], float]


def _ending(path: Path) -> str:
    ending = path.suffix.lower()
    if ending not in FORMATS:
        raise ValueError(f"{path}: the format is known by the ending, one of {', '.join(FORMATS)}")
    return ending


@contextmanager
def open_table(path: Path) -> Iterator[TableFile]:
    """Open a table for reading.

    Raises:
        ValueError: If it is no table of the format that its ending names.
        OSError: If it cannot be read.
    """
    ending = _ending(path)
    size = max(path.stat().st_size, 1)
    with path.open("rb") as file:
        try:
            if ending in (".csv", ".tsv"):
                yield _open_csv(file, size, path, "\t" if ending == ".tsv" else None)
            elif ending == ".parquet":
                yield _open_parquet(file)
            elif ending in (".jsonl", ".ndjson"):
                yield _open_lines(file, size, path)
            elif ending == ".json":
                yield _open_objects(file, path)
            else:
                yield _open_arrow(file, size)
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:  # of the system, not of Arrow
                raise
            raise ValueError(f"{path}: {error}") from error


def _open_csv(file: Any, size: int, path: Path, delimiter: str | None) -> TableFile:
    from pyarrow import csv

    head = file.readline()
    file.seek(0)
    delimiter = delimiter or find_delimiter(head.decode("utf-8", "replace"))
    parse = csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    whole = head.count(b'"') % 2 == 0  # else a name of a column has a new line in it
    try:
        names = csv.open_csv(pa.BufferReader(head) if whole else file, parse_options=parse).schema.names
    except pa.ArrowInvalid as error:
        raise ValueError(f"the first line of a CSV file names its columns: {error}") from error
    file.seek(0)
    types = dict.fromkeys(names, pa.string())
    convert = csv.ConvertOptions(column_types=types, strings_can_be_null=True, null_values=[""])

    def batches() -> Iterator[Batch]:
        try:
            yield from map(_batch_of, csv.open_csv(file, parse_options=parse, convert_options=convert))
        except pa.ArrowInvalid as error:
            found = _RAGGED.search(str(error))
            told = ragged(int(found[2]), int(found[1]), found[3]) if found else error
            raise ValueError(f"{path}: {told}") from error

    return TableFile(tuple(names), batches(), lambda: file.tell() / size)


def _open_parquet(file: Any) -> TableFile:
    from pyarrow import parquet

    table = parquet.ParquetFile(file)
    read = [0]

    def batches() -> Iterator[Batch]:
        for batch in table.iter_batches(_BATCH):
            read[0] += batch.num_rows
            yield _batch_of(batch)

    return TableFile(tuple(table.schema_arrow.names), batches(), lambda: read[0] / max(table.metadata.num_rows, 1))


def _open_arrow(file: Any, size: int) -> TableFile:
    from pyarrow import ipc

    magic = file.read(6)
    file.seek(0)
    if magic == b"ARROW1":
        reader = ipc.open_file(file)
        batches = (reader.get_batch(number) for number in range(reader.num_record_batches))
    else:
        reader = ipc.open_stream(file)
        batches = iter(reader)
    return TableFile(tuple(reader.schema.names), map(_batch_of, batches), lambda: file.tell() / size)


def _open_lines(file: Any, size: int, path: Path) -> TableFile:
    def read() -> Iterator[dict[str, Any]]:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield read_object(decode(line, f"{path}:{number}"), f"{path}:{number}")

    names = dict.fromkeys(name for row in read() for name in row)
    file.seek(0)
    return TableFile(tuple(names), _batches(read()), lambda: file.tell() / size if not file.closed else 1.0)


def _open_objects(file: Any, path: Path) -> TableFile:
    rows = list(read_objects(decode(file.read(), str(path)), str(path)))
    return TableFile(tuple(dict.fromkeys(name for row in rows for name in row)), _batches(iter(rows)), lambda: 1.0)


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[Batch]:
    while batch := list(islice(rows, _BATCH)):
        yield _batch_of_rows(batch)


def _batch_of(found: pa.RecordBatch) -> Batch:
    return Batch(found.column, found.num_rows)


def _batch_of_rows(rows: list[dict[str, Any]]) -> Batch:
    def column(name: str) -> Any:
        cells = [row.get(name) for row in rows]
        try:
            return pa.array(cells)
        except (pa.ArrowException, OverflowError, UnicodeEncodeError):
            return cells

    return Batch(column, len(rows))


@contextmanager
def write_table(path: Path) -> Iterator[Callable[[pa.RecordBatch], None]]:
    """Open a table for writing. The file is there once everything is written; interrupted, it leaves nothing.

    Raises:
        ValueError: If its ending names no format.
        OSError: If it cannot be written.
    """
    write = _WRITERS[_ending(path)]
    with write_whole(path) as file, ExitStack() as stack:
        yield write(file, stack)


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
    """Return a column as a CSV file can hold it: lists joined by semicolons, bits in hexadecimal, no formulas."""
    types = pa.types
    if types.is_dictionary(column.type):
        return _as_text(column.cast(column.type.value_type))
    if types.is_fixed_size_binary(column.type) or types.is_binary(column.type):
        return pa.array([None if value is None else value.hex() for value in column.to_pylist()], pa.string())
    if types.is_list(column.type) or types.is_large_list(column.type):
        column = pc.binary_join(column.cast(pa.list_(pa.string())), "; ")
    if not (types.is_string(column.type) or types.is_large_string(column.type)):
        return column
    formula = pc.and_not(pc.match_substring_regex(column, FORMULA), pc.match_substring_regex(column, HARMLESS))
    if not pc.any(formula).as_py():
        return column
    return pc.if_else(formula, pc.binary_join_element_wise(pa.scalar("'", column.type), column, ""), column)


def _write_lines(file: Any, stack: ExitStack) -> Callable[[pa.RecordBatch], None]:
    del stack

    def write(batch: pa.RecordBatch) -> None:
        for row in batch.to_pylist():
            file.write(json.dumps(row, ensure_ascii=False, default=_as_json).encode() + b"\n")

    return write


def _as_json(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def _write_objects(file: Any, stack: ExitStack) -> Callable[[pa.RecordBatch], None]:
    before = [b"[\n"]
    stack.callback(lambda: file.write((b"[" if before[0] == b"[\n" else b"") + b"\n]\n"))

    def write(batch: pa.RecordBatch) -> None:
        for row in batch.to_pylist():
            file.write(before[0] + json.dumps(row, ensure_ascii=False, default=_as_json).encode())
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
        if not writers:
            writers.append(stack.enter_context(ipc.new_file(file, batch.schema)))
        writers[0].write_batch(batch)

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
