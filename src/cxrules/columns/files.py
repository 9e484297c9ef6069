"""Tables in files, batch after batch: CSV, Parquet, JSON Lines and Arrow, in and out."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["FORMATS", "Batch", "TableFile", "open_table", "write_table", "write_whole"]

FORMATS = (".csv", ".tsv", ".parquet", ".jsonl", ".ndjson", ".arrow", ".feather")
"""The endings by which the format of a file is known."""

_BATCH = 1 << 16


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
        text: Whether every cell is text, as in a CSV file.
    """

    names: tuple[str, ...]
    batches: Iterator[Batch]
    done: Callable[[], float]
    text: bool


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
                yield _open_csv(file, size, "\t" if ending == ".tsv" else ",")
            elif ending == ".parquet":
                yield _open_parquet(file)
            elif ending in (".jsonl", ".ndjson"):
                yield _open_lines(file, size, path)
            else:
                yield _open_arrow(file, size)
        except pa.ArrowInvalid as error:
            raise ValueError(f"{path}: {error}") from error


def _open_csv(file: Any, size: int, delimiter: str) -> TableFile:
    from pyarrow import csv

    head = file.readline()
    file.seek(0)
    parse = csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    try:
        names = csv.read_csv(pa.BufferReader(head), parse_options=parse).column_names
    except pa.ArrowInvalid as error:
        raise ValueError(f"the first line of a CSV file names its columns: {error}") from error
    convert = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True)
    reader = csv.open_csv(file, parse_options=parse, convert_options=convert)
    return TableFile(tuple(names), map(_batch_of, reader), lambda: file.tell() / size, text=True)


def _open_parquet(file: Any) -> TableFile:
    from pyarrow import parquet

    table = parquet.ParquetFile(file)
    read = [0]

    def batches() -> Iterator[Batch]:
        for batch in table.iter_batches(_BATCH):
            read[0] += batch.num_rows
            yield _batch_of(batch)

    return TableFile(
        tuple(table.schema_arrow.names), batches(), lambda: read[0] / max(table.metadata.num_rows, 1), text=False
    )


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
    return TableFile(tuple(reader.schema.names), map(_batch_of, batches), lambda: file.tell() / size, text=False)


def _open_lines(file: Any, size: int, path: Path) -> TableFile:
    names: dict[str, None] = {}
    for line in file:
        names.update(dict.fromkeys(_object(line, path, 0)))
    file.seek(0)

    def batches() -> Iterator[Batch]:
        rows: list[dict[str, Any]] = []
        for number, line in enumerate(file, 1):
            if line.strip():
                rows.append(_object(line, path, number))
            if len(rows) == _BATCH:
                yield _batch_of_rows(rows)
                rows = []
        if rows:
            yield _batch_of_rows(rows)

    return TableFile(tuple(names), batches(), lambda: file.tell() / size if not file.closed else 1.0, text=False)


def _object(line: bytes, path: Path, number: int) -> dict[str, Any]:
    if not line.strip():
        return {}
    try:
        found = json.loads(line)
    except ValueError as error:
        raise ValueError(f"{path}:{number}: no JSON: {error}") from error
    if not isinstance(found, dict):
        raise ValueError(f"{path}:{number}: every line is one JSON object")
    return found


def _batch_of(found: pa.RecordBatch) -> Batch:
    return Batch(found.column, found.num_rows)


def _batch_of_rows(rows: list[dict[str, Any]]) -> Batch:
    def column(name: str) -> Any:
        cells = [row.get(name) for row in rows]
        try:
            return pa.array(cells)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
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


@contextmanager
def write_whole(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing that is there once everything is written; interrupted, what was there before stays.

    Raises:
        OSError: If it cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _write_csv(file: Any, stack: ExitStack, delimiter: str = ",") -> Callable[[pa.RecordBatch], None]:
    from pyarrow import csv

    writers: list[Any] = []

    def write(batch: pa.RecordBatch) -> None:
        plain = pa.RecordBatch.from_pydict({name: _as_text(batch.column(name)) for name in batch.schema.names})
        if not writers:
            options = csv.WriteOptions(delimiter=delimiter, quoting_style="needed")
            writers.append(stack.enter_context(csv.CSVWriter(file, plain.schema, write_options=options)))
        writers[0].write(plain)

    return write


def _as_text(column: pa.Array) -> pa.Array:
    """Return a column as a CSV file can hold it: lists joined by semicolons, bits in hexadecimal."""
    types = pa.types
    if types.is_dictionary(column.type):
        return column.cast(column.type.value_type)
    if types.is_fixed_size_binary(column.type) or types.is_binary(column.type):
        return pa.array([None if value is None else value.hex() for value in column.to_pylist()], pa.string())
    if types.is_list(column.type) or types.is_large_list(column.type):
        return pc.binary_join(column.cast(pa.list_(pa.string())), "; ")
    return column


def _write_lines(file: Any, stack: ExitStack) -> Callable[[pa.RecordBatch], None]:
    del stack

    def write(batch: pa.RecordBatch) -> None:
        for row in batch.to_pylist():
            file.write(json.dumps(row, ensure_ascii=False, default=_as_json).encode() + b"\n")

    return write


def _as_json(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


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
    ".jsonl": _write_lines,
    ".ndjson": _write_lines,
    ".arrow": _write_arrow,
    ".feather": _write_arrow,
}
