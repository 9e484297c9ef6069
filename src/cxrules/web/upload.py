"""A table that is sent to the page, read row by row and never further than may be decided.

CSV and JSON are read with the standard library, Parquet with the extra `frame`.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from cxrules.columns.cell_texts import (
    QuoteWatch,
    count_breaks,
    decode,
    find_delimiter,
    open_quote,
    read_object,
    read_objects,
    read_rows,
    tell_ragged,
)
from cxrules.web.parquet_footer import count_values

if TYPE_CHECKING:
    import pyarrow as pa

_Row = TypeVar("_Row")

__all__ = ["ENDINGS", "MOST_COLUMNS", "MOST_ROWS", "Upload", "list_endings", "open_upload"]

ENDINGS: Final = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet")
"""The endings of files that can be sent."""

MOST_ROWS: Final = 100_000
MOST_COLUMNS: Final = 1_000
_PLACE: Final = "the table"
_MORE: Final = "`cxrules table` takes tables of any size"
_MOST_BRACKETS: Final = 1_000_000  # in JSON, where every list or object takes about 60 bytes
_MOST_BYTES: Final = 64 << 20  # of a Parquet file, unpacked
_MOST_VALUES: Final = 10_000_000  # of a Parquet file: one cell can be a huge list, compressed to almost nothing
_LONGEST: Final = 1_000  # bytes in each cell of a column of fixed size
_TOO_LARGE: Final = f"this is more than {_MOST_BYTES >> 20} MiB when it is unpacked; {_MORE}"
_BATCH: Final = 1_000


class Upload(NamedTuple):
    """A table that is read row by row.

    Attributes:
        names: Its columns.
        rows: For each row its cells, in their order.
    """

    names: tuple[str, ...]
    rows: Iterator[Sequence[Any]]


def list_endings() -> list[str]:
    """Return the endings of files that can be read here; Parquet needs the extra `frame`."""
    return [ending for ending in ENDINGS if ending != ".parquet" or find_spec("pyarrow")]


def open_upload(name: str, content: bytes) -> Upload:
    """Open a table.

    Args:
        name: The name of the file, whose ending says what it is.
        content: What is in it.

    Raises:
        ValueError: If it is not a table, or is too large; also raised while rows are read.
    """
    ending = f".{name.rpartition('.')[2].lower()}"
    if ending not in ENDINGS:
        raise ValueError(f"the name must end in one of {', '.join(ENDINGS)}")
    if ending == ".parquet":
        names, rows = _open_parquet(content)
    elif ending in (".csv", ".tsv"):
        names, rows = _open_csv(content, "\t" if ending == ".tsv" else None)
    else:
        names, rows = _open_json(decode(content, _PLACE), lines=ending != ".json")
    _refuse_columns(len(names))
    return Upload(names, _count(rows))


def _count(rows: Iterable[_Row]) -> Iterator[_Row]:
    for number, row in enumerate(rows, 1):
        _refuse_rows(number)
        yield row


def _refuse_rows(count: int) -> None:
    if count > MOST_ROWS:
        raise ValueError(f"this is more than {MOST_ROWS:,} rows; {_MORE}")


def _refuse_columns(count: int) -> None:
    if count > MOST_COLUMNS:
        raise ValueError(f"this is more than {MOST_COLUMNS:,} columns; {_MORE}")


def _open_csv(content: bytes, delimiter: str | None) -> tuple[tuple[str, ...], Iterator[Sequence[Any]]]:
    text = decode(content, _PLACE)
    delimiter = delimiter or find_delimiter(text.lstrip("\r\n")[:1_000_000])
    watch = QuoteWatch(delimiter)
    watch.feed(content)
    if watch.inside:
        raise ValueError(f"{_PLACE}: {open_quote(count_breaks(content[: watch.opened]))}")
    rows = _read_csv(text, delimiter)
    _, names = next(rows, (1, ()))
    if not names:
        raise ValueError("the first line of a CSV file must name its columns, but there is no such line")
    if told := tell_ragged(_count(rows), len(names), delimiter):  # of all of it, before any of it is decided
        raise ValueError(f"{_PLACE}: {told}")
    return tuple(names), (row for _, row in islice(_read_csv(text, delimiter), 1, None))


def _read_csv(text: str, delimiter: str) -> Iterator[tuple[int, Sequence[str]]]:
    try:
        yield from read_rows(io.StringIO(text, newline=""), delimiter)
    except ValueError as error:
        raise ValueError(f"{_PLACE}: {error}") from None


def _open_json(text: str, *, lines: bool) -> tuple[tuple[str, ...], Iterator[Sequence[Any]]]:
    if text.count("{") + text.count("[") > _MOST_BRACKETS:
        raise ValueError(f"this is more than {_MOST_BRACKETS:,} lists and objects; {_MORE}")

    def read() -> Iterator[dict[str, Any]]:
        if not lines:
            yield from read_objects(text, _PLACE)
            return
        for number, line in enumerate(io.StringIO(text), 1):
            if line.strip():
                yield read_object(line, f"line {number}")

    names: dict[str, None] = {}
    for number, row in enumerate(read(), 1):
        _refuse_rows(number)
        names.update(dict.fromkeys(row))
        _refuse_columns(len(names))
    return tuple(names), ([row.get(name) for name in names] for row in read())


def _open_parquet(content: bytes) -> tuple[tuple[str, ...], Iterator[Sequence[Any]]]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise ValueError("Parquet needs the extra frame here; CSV works everywhere") from None
    try:
        held = parquet.ParquetFile(pa.BufferReader(content))
        told = held.metadata
        _refuse_rows(told.num_rows)
        _refuse_columns(told.num_columns)
        _refuse_packed(held, count_values(content))
        # A text that recurs is kept once, as in the file: a megabyte in every row would be too much.
        leaves = [held.schema.column(each) for each in range(told.num_columns)]
        texts = [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY"]
        names = tuple(held.schema_arrow.names)
        held = parquet.ParquetFile(pa.BufferReader(content), read_dictionary=texts)
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise ValueError(f"{_PLACE}: {error}") from None

    def read() -> Iterator[Sequence[Any]]:
        try:
            for batch in held.iter_batches(_BATCH):
                yield from zip(*map(_list_cells, batch.columns), strict=True)
        except (pa.ArrowException, OSError, OverflowError, LookupError) as error:
            raise ValueError(f"{_PLACE}: {error}") from None

    return names, read()


def _refuse_packed(held: Any, values: int) -> None:
    """Refuse a Parquet file with a number of values if it declares that it is too large when unpacked."""
    leaves = range(held.metadata.num_columns)
    groups = [held.metadata.row_group(each) for each in range(held.metadata.num_row_groups)]
    if sum(group.total_byte_size for group in groups) > _MOST_BYTES:
        raise ValueError(_TOO_LARGE)
    if values > _MOST_VALUES:
        raise ValueError(f"this is more than {_MOST_VALUES:,} values; {_MORE}")
    for leaf in map(held.schema.column, leaves):
        if leaf.physical_type == "FIXED_LEN_BYTE_ARRAY" and leaf.length > _LONGEST:
            raise ValueError(f"{leaf.path}: this is more than {_LONGEST:,} bytes in each cell; {_MORE}")


def _list_cells(column: pa.Array) -> list[Any]:
    from pyarrow import types

    if types.is_dictionary(column.type):
        values = column.dictionary.to_pylist()
        return [None if index is None else values[index] for index in column.indices.to_pylist()]
    if types.is_nested(column.type) and _weigh(column) > _MOST_BYTES:
        raise ValueError(_TOO_LARGE)
    return list(column.to_pylist())


def _weigh(column: pa.Array) -> int:
    """Return the most bytes that the texts in a column can have, counting each as often as it recurs."""
    import pyarrow.compute as pc
    from pyarrow import types

    if types.is_dictionary(column.type):
        return len(column) * (pc.max(pc.binary_length(column.dictionary)).as_py() or 0)
    if types.is_map(column.type):
        return _weigh(column.keys) + _weigh(column.items)
    if types.is_struct(column.type):
        return sum(map(_weigh, column.flatten()))
    return _weigh(column.flatten()) if types.is_nested(column.type) else 0
