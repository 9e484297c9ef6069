"""Cells of Arrow columns, including those that Arrow cannot hold or that are not text."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from cxrules.errors import Diagnostic, InvalidOrganisation, Location, show_value

__all__ = [
    "UNREADABLE",
    "UNWRITABLE",
    "key_of",
    "list_cells",
    "list_texts",
    "names_of",
    "take_rows",
    "to_arrow",
    "whole",
]

UNWRITABLE = (pa.ArrowException, OverflowError, TypeError, UnicodeError)
"""What PyArrow raises if it cannot hold some cells in one column."""

UNREADABLE = (pa.ArrowException, OverflowError, LookupError, ValueError)
"""What PyArrow raises for a cell that Python cannot hold: text that is not UTF-8, a time in no known zone."""


class _Unreadable:
    def __init__(self, told: str) -> None:
        self._told = told

    def __repr__(self) -> str:
        return self._told


def list_cells(column: pa.Array) -> list[Any]:
    """Return the cells of a column; one that Python cannot hold is replaced by something that is not a fact's value."""
    try:
        return list(column.to_pylist())
    except UNREADABLE:
        return [_read_cell(cell) for cell in column]


def _read_cell(cell: Any) -> Any:
    try:
        return cell.as_py()
    except UnicodeDecodeError:
        return _Unreadable("text that is not UTF-8")
    except UNREADABLE:
        return _Unreadable(f"a {cell.type} that Python cannot hold")


def list_texts(column: pa.Array) -> list[Any]:
    """Return the cells of a column; one that Python cannot hold is replaced by what Arrow writes for it, or its number.

    Raises:
        UnicodeDecodeError: If a text is not UTF-8.
        Exception: One of `UNREADABLE`, if something within a list or a struct cannot be held.
    """
    try:
        return list(column.to_pylist())
    except UNREADABLE:
        return [_write_cell(cell) for cell in column]


def _write_cell(cell: Any) -> Any:
    try:
        return cell.as_py()
    except UnicodeDecodeError:
        raise
    except UNREADABLE:
        if pa.types.is_nested(cell.type):
            raise
    try:
        return cell.cast(pa.string()).as_py()
    except pa.ArrowException:
        return str(cell.value)


def key_of(value: object) -> str:
    """Return a key by which wrong values are told apart."""
    try:
        return repr(value)
    except Exception:  # noqa: BLE001 - a stranger's repr may raise anything, and that of a huge int does
        return f"{type(value)} {id(value)}"


def names_of(schema: pa.Schema) -> list[str]:
    """Return the names of the columns.

    Raises:
        InvalidOrganisation: If one is not UTF-8.
    """
    try:
        return list(schema.names)
    except UnicodeDecodeError as error:
        message = f"the name of a column is not UTF-8: {error.object!r:.80}"
        raise InvalidOrganisation([Diagnostic("unknown-column", Location(), message)]) from None


def to_arrow(name: str, column: Any, first: int) -> pa.Array:
    """Return, as an Arrow array, a column that is passed through.

    Args:
        name: What it is called.
        column: Its cells.
        first: The number of the first row.

    Raises:
        InvalidOrganisation: If no Arrow array can hold its cells.
    """
    if name.encode(errors="replace").decode() != name:
        message = "the name of this column has half a surrogate pair, which is not a character"
        raise InvalidOrganisation([Diagnostic("unknown-column", Location(path=(name,)), message, "rename it")])
    column = whole(column)
    if not isinstance(column, list):
        return column
    try:
        return pa.array(column)
    except UNWRITABLE:
        pass
    row, told = next(
        ((row, told) for row, cell in enumerate(column) if (told := _tell_unwritable(cell))),
        (0, "the cells of this column are of several types, so the column cannot be passed through"),
    )
    where = first + row
    hint = "make them all text" if told.startswith("the cells") else ""
    message = told if told.startswith("the cells") else f"{told} (row {where:,})"
    raise InvalidOrganisation([Diagnostic("wrong-type", Location(path=(name,)), message, hint)])


def _tell_unwritable(cell: object) -> str:
    try:
        pa.array([cell])
    except UnicodeEncodeError:
        return "half of a surrogate pair is not a character"
    except OverflowError:
        return f"this number is too large: {show_value(cell)}"
    except UNWRITABLE:
        return f"this value cannot be passed through: {show_value(cell)}"
    return ""


def whole(column: Any) -> Any:
    """Return a column in one piece."""
    if isinstance(column, pa.ChunkedArray):
        return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    return column


def take_rows(column: Any, rows: list[int]) -> Any:
    """Return some rows of a column."""
    cells = whole(column)
    return [cells[row] for row in rows] if isinstance(cells, list) else cells.take(pa.array(rows, pa.int64()))
