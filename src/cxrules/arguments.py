"""Checks of arguments other than facts: wrong types are reported at the call, not where they happen to be used."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from cxrules.errors import read_number, show_value, unwrap

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "check_count",
    "check_kind",
    "check_mapping",
    "check_number",
    "check_path",
    "check_text",
    "check_texts",
]


def check_number(name: str, value: object, least: float) -> float:
    """Return a number, which may be infinite; one that is too large for a float is.

    Raises:
        TypeError: If it is none.
        ValueError: If it is below `least`, or not a number.

    Examples:
        >>> check_number("deadline", 0.5, 0), check_number("deadline", 10**400, 0)
        (0.5, inf)
    """
    number = read_number(value)
    if number is None:
        raise TypeError(f"{name} is a number, not {show_value(value)}")
    if not number >= least:
        raise ValueError(f"{name} is a number from {least:g} on, not {show_value(value)}")
    return number


def check_count(name: str, given: object, least: int = 1, most: int | None = None) -> int:
    """Return a whole number within bounds, perhaps one of NumPy's, as an int.

    Raises:
        ValueError: If it is something else.

    Examples:
        >>> check_count("max_changes", 0)
        Traceback (most recent call last):
            ...
        ValueError: max_changes is a whole number from 1, not 0
    """
    number = unwrap(given)
    if type(number) is not int or number < least or number > (most or number):
        bounds = f"from {least} to {most}" if most else f"from {least}"
        raise ValueError(f"{name} is a whole number {bounds}, not {show_value(number)}")
    return number


def check_text(name: str, value: object) -> str:
    r"""Return a text that can be written.

    Raises:
        TypeError: If it is none.
        ValueError: If there is half a surrogate pair in it.

    Examples:
        >>> check_text("prefix", "cx_\ud800")
        Traceback (most recent call last):
        ValueError: prefix has half a surrogate pair, which is not a character: 'cx_\ud800'
    """
    if not isinstance(value, str):
        raise TypeError(f"{name} is text, not {show_value(value)}")
    try:
        value.encode()
    except UnicodeEncodeError:
        message = f"{name} has half a surrogate pair, which is not a character: {show_value(value)}"
        raise ValueError(message) from None
    return value


def check_kind(name: str, value: object, kind: type | tuple[type, ...], noun: str) -> None:
    """Check that something is of a kind.

    Raises:
        TypeError: If it is not.
    """
    if not isinstance(value, kind):
        raise TypeError(f"{name} is {noun}, not {show_value(value)}")


def check_texts(name: str, value: object) -> tuple[str, ...]:
    """Return several texts; one alone counts as one of them.

    Raises:
        TypeError: If it is not a list of texts.
    """
    if isinstance(value, str):
        return (value,)
    if isinstance(value, bytes | bytearray | memoryview) or not isinstance(value, Iterable):
        raise TypeError(f"{name} is a list of texts, not {show_value(value)}")
    texts = tuple(value)
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"{name} is a list of texts, but {show_value(text)} is none")
    return texts


def check_mapping(name: str, value: object) -> Mapping[Any, Any]:
    """Return a mapping.

    Raises:
        TypeError: If it is none.
    """
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} is a mapping, not {show_value(value)}")
    return value


def check_path(name: str, value: object) -> Path:
    """Return a path that a file can have.

    Raises:
        TypeError: If it is not a path.
        ValueError: If no file can have it.
    """
    from pathlib import Path

    if not isinstance(value, str | os.PathLike) or not isinstance(given := os.fspath(value), str):
        raise TypeError(f"{name} is a path, not {show_value(value)}")
    try:
        encoded = os.fsencode(given)
    except UnicodeEncodeError:
        raise ValueError(f"{name} has half a surrogate pair, which no file name has: {show_value(given)}") from None
    if b"\0" in encoded:
        raise ValueError(f"{name} holds a null character, which no file name has: {show_value(given)}")
    return Path(given)
