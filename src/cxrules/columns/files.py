"""Tables in files, read batch after batch: CSV, Parquet, JSON, JSON Lines and Arrow."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from stat import S_ISREG
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from cxrules.columns.cell_texts import (
    QuoteWatch,
    count_breaks,
    decode,
    find_delimiter,
    first_line,
    open_quote,
    read_object,
    read_objects,
    read_rows,
    skip_empty_lines,
    tell_ragged,
    write_json,
)

__all__ = ["FORMATS", "Batch", "TableFile", "ending_of", "open_table"]

FORMATS = (".csv", ".tsv", ".parquet", ".json", ".jsonl", ".ndjson", ".arrow", ".feather")
"""The endings that name the format of a file."""

_BATCH = 1 << 16
_BLOCK = 1 << 20
_EXACT = 1 << 53
"""Beyond this, not every whole number is a floating-point number."""
_RAGGED = re.compile(r"Expected \d+ columns, got \d+")
"""PyArrow's message about a row with too few or too many cells; its own handler for such rows fails on bad UTF-8."""


_NOT_UTF8 = "the text is not UTF-8"
_STRADDLING, _TOO_LONG = "straddling", f"a row is longer than {_BLOCK >> 20} MB"
"""What PyArrow says of a row that is longer than it can read, and what is told instead."""


class Batch(NamedTuple):
    """Some rows of a table.

    Attributes:
        column: Returns a column by its name, as an Arrow array, or as a list if its cells have several types.
        size: How many rows there are.
        whole: Returns a column by its name, in the type that it has in the table as a whole.
    """

    column: Callable[[str], Any]
    size: int
    whole: Callable[[str], pa.Array]


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


def ending_of(path: Path) -> str:
    """Return the ending that names the format of a file.

    Raises:
        ValueError: If it names none.
    """
    ending = path.suffix.lower()
    if ending not in FORMATS:
        raise ValueError(f"{path}: the format is known by the ending, one of {', '.join(FORMATS)}")
    return ending


@contextmanager
def open_table(path: Path) -> Iterator[TableFile]:
    """Open a table for reading.

    Raises:
        ValueError: If it is not a table in the format that its ending names.
        OSError: If it cannot be read.
    """
    ending = ending_of(path)
    state = path.stat()
    if not S_ISREG(state.st_mode):  # a device may have no end, a pipe no writer, and most formats are read from the end
        raise ValueError(
            f"{path}: a table must be a regular file, not a {'folder' if path.is_dir() else 'pipe or device'}"
        )
    size = max(state.st_size, 1)
    with path.open("rb") as file:
        try:
            if ending in (".csv", ".tsv"):
                yield _open_csv(file, size, path, "\t" if ending == ".tsv" else None)
            elif ending == ".parquet":
                yield _open_parquet(path)
            elif ending in (".jsonl", ".ndjson"):
                yield _open_lines(file, size, path)
            elif ending == ".json":
                yield _open_objects(file, path)
            else:
                yield _open_arrow(path, size)
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:  # an error of the system, not of Arrow
                raise
            raise ValueError(f"{path}: {error}") from error


def _open_csv(file: Any, size: int, path: Path, delimiter: str | None) -> TableFile:
    from pyarrow import csv

    start, content = 0, file.read(_BLOCK)
    while empty := skip_empty_lines(content):
        start += empty
        file.seek(start)
        content = file.read(_BLOCK)
    if not content:
        raise ValueError(f"{path}: the first line of a CSV file must name its columns, but there is no such line")
    delimiter = delimiter or find_delimiter(content.decode("utf-8", "replace"))
    head = first_line(content, delimiter)
    _refuse_open_quote(file, start, path, delimiter)
    if len(head) == _BLOCK:
        raise ValueError(f"{path}: the first line of a CSV file names its columns: {_TOO_LONG}")
    parse = csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    if ends := not head.endswith((b"\n", b"\r")):  # with the names of the columns
        head += b"\n"
    try:
        names = csv.open_csv(pa.BufferReader(_copy_to_arrow(head)), parse_options=parse).schema.names
    except UnicodeDecodeError:
        raise ValueError(f"{path}: {_NOT_UTF8}") from None
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path}: the first line of a CSV file names its columns: {error}") from error
    types = dict.fromkeys(names, pa.string())
    convert = csv.ConvertOptions(column_types=types, strings_can_be_null=True, null_values=[""])
    source = _open_outside_python(path)
    source.seek(start)

    def batches() -> Iterator[Batch]:
        if ends:
            return
        try:
            yield from map(_batch_of, csv.open_csv(source, parse_options=parse, convert_options=convert))
        except pa.ArrowInvalid as error:
            told: object = (_RAGGED.search(str(error)) and _list_ragged(path, len(names), delimiter)) or error
            told = _TOO_LONG if _STRADDLING in str(error) else told
            raise ValueError(f"{path}: {_NOT_UTF8 if 'invalid UTF8' in str(error) else told}") from error

    return TableFile(tuple(names), batches(), lambda: source.tell() / size)


def _refuse_open_quote(file: Any, start: int, path: Path, delimiter: str) -> None:
    """Refuse a file with a quote that is never closed, naming its line."""
    watch = QuoteWatch(delimiter)
    file.seek(start)
    while portion := file.read(_BLOCK):
        watch.feed(portion)
    if watch.inside:
        file.seek(0)
        raise ValueError(f"{path}: {open_quote(count_breaks(file.read(start + watch.opened)))}")


def _open_outside_python(path: Path) -> pa.NativeFile:
    """Open a file so that Arrow's threads, some of which read ahead, read it without Python.

    A thread that needs Python while the interpreter ends aborts the process.
    """
    return pa.OSFile(os.fsencode(path))


def _list_ragged(path: Path, columns: int, delimiter: str) -> str:
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            return tell_ragged(read_rows(file, delimiter), columns, delimiter)
    except ValueError:  # a cell is too long for this reader
        return ""


def _copy_to_arrow(content: bytes) -> pa.Buffer:
    """Return bytes that belong to Arrow, so that its threads do without Python."""
    stream = pa.BufferOutputStream()
    stream.write(content)
    return stream.getvalue()


def _open_parquet(path: Path) -> TableFile:
    from pyarrow import parquet

    table = parquet.ParquetFile(_open_outside_python(path))
    read = [0]

    def batches() -> Iterator[Batch]:
        for batch in table.iter_batches(_BATCH):
            read[0] += batch.num_rows
            yield _batch_of(batch)

    return TableFile(tuple(table.schema_arrow.names), batches(), lambda: read[0] / max(table.metadata.num_rows, 1))


def _open_arrow(path: Path, size: int) -> TableFile:
    from pyarrow import ipc

    file = _open_outside_python(path)
    magic = file.read(6)
    file.seek(0)
    if magic != b"ARROW1":
        stream = ipc.open_stream(file)
        return TableFile(tuple(stream.schema.names), map(_batch_of, stream), lambda: file.tell() / size)
    reader = ipc.open_file(file)
    read = [0]  # reading a batch does not move the position in the file

    def batches() -> Iterator[Batch]:
        for number in range(reader.num_record_batches):
            read[0] += 1
            yield _batch_of(reader.get_batch(number))

    return TableFile(tuple(reader.schema.names), batches(), lambda: read[0] / max(reader.num_record_batches, 1))


def _open_lines(file: Any, size: int, path: Path) -> TableFile:
    def read() -> Iterator[dict[str, Any]]:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield read_object(decode(line, f"{path}:{number}"), f"{path}:{number}")

    types = _types(read())
    file.seek(0)
    return TableFile(tuple(types), _batches(read(), types), lambda: file.tell() / size if not file.closed else 1.0)


def _open_objects(file: Any, path: Path) -> TableFile:
    rows = list(read_objects(decode(file.read(), str(path)), str(path)))
    types = _types(iter(rows))
    return TableFile(tuple(types), _batches(iter(rows), types), lambda: 1.0)


def _batches(rows: Iterator[dict[str, Any]], types: Mapping[str, pa.DataType | None]) -> Iterator[Batch]:
    while batch := list(islice(rows, _BATCH)):
        yield _batch_of_rows(batch, types)


def _batch_of(found: pa.RecordBatch) -> Batch:
    return Batch(found.column, found.num_rows, found.column)


def _batch_of_rows(rows: list[dict[str, Any]], types: Mapping[str, pa.DataType | None]) -> Batch:
    def column(name: str) -> Any:
        cells = [row.get(name) for row in rows]
        found = _as_array(cells)
        return cells if found is None else found

    return Batch(column, len(rows), lambda name: _as_typed([row.get(name) for row in rows], types[name]))


def _types(rows: Iterator[dict[str, Any]]) -> dict[str, pa.DataType | None]:
    """Return the type that each column has in all rows; None if the rows have no type in common."""
    found: dict[str, pa.DataType | None] = {}
    large: set[str] = set()
    while batch := list(islice(rows, _BATCH)):
        for name in dict.fromkeys(name for row in batch for name in row):
            array = _as_array([row.get(name) for row in batch])
            found[name] = None if array is None else _in_common(found.get(name, pa.null()), array.type)
            if array is not None and pa.types.is_integer(array.type):
                low, high = pc.min_max(array).as_py().values()
                large |= {name} if max(-low, high) > _EXACT else set()
    rounded = {name for name in large if found[name] is not None and pa.types.is_floating(found[name])}
    return found | dict.fromkeys(rounded)


def _in_common(one: pa.DataType | None, other: pa.DataType) -> pa.DataType | None:
    if one is None or one == other:
        return one
    try:
        schemas = [pa.schema([("x", kind)]) for kind in (one, other)]
        return pa.unify_schemas(schemas, promote_options="permissive").field(0).type
    except pa.ArrowException:
        return None


def _as_array(cells: list[Any]) -> pa.Array | None:
    """Return cells as an array; None if no type can hold them."""
    try:
        return pa.array(cells)
    except (pa.ArrowException, OverflowError, UnicodeEncodeError):
        return None


def _as_typed(cells: list[Any], kind: pa.DataType | None) -> pa.Array:
    """Return cells in the type of their column; if the column has none, anything but text is written as JSON."""
    if kind is None:
        return pa.array([None if cell is None else _as_text(cell) for cell in cells], pa.string())
    if pa.types.is_floating(kind):
        cells = [None if cell is None else float(cell) for cell in cells]
    return pa.array(cells, kind)


def _as_text(cell: object) -> bytes:
    return (cell if isinstance(cell, str) else write_json(cell)).encode("utf-8", "backslashreplace")
