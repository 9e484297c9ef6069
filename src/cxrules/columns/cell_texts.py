"""What a cell of a table in a file means, and how cells are written: the same in `cxrules table` and on the page.

It needs only the standard library, so that the page reads tables in a browser exactly as on a server.
"""

from __future__ import annotations

import csv
import json
import re
from codecs import BOM_UTF8
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from math import isfinite, isnan
from typing import Any, Final

from cxrules.errors import SHOWN, Diagnostic, Location, show_text
from cxrules.language.facts import FLAG_WORDS, Fact, Kind
from cxrules.language.plain import read_integer, unite_pairs

__all__ = [
    "FORMULA",
    "HARMLESS",
    "QuoteWatch",
    "as_json",
    "count_breaks",
    "decode",
    "find_delimiter",
    "first_line",
    "guard_formula",
    "of_element",
    "open_quote",
    "parse_elements",
    "parse_text",
    "partly_known",
    "read_object",
    "read_objects",
    "read_rows",
    "skip_empty_lines",
    "tell_ragged",
    "write_json",
]

_UNKNOWN: Final = frozenset({"", "unknown", "none known", "don't know", "n/a", "na", "#n/a", "nan", "null", "?"})
_NOTHING: Final = frozenset({"-", "none", "[]"})
_NUMBER: Final = re.compile(r"([+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:e[+-]?[0-9]+)?)\s*%?", re.IGNORECASE)

FORMULA: Final = "^[=+@\t\r\uff1d\uff0b\uff0d\uff20-]"
"""The start of a cell that a spreadsheet may take for a formula, in full width too; a pattern for `re` and Arrow."""

HARMLESS: Final = "^([+-]?[0-9.,]+ ?%?|-)$"
"""Cells that begin like a formula and are not one: a number, or a dash."""

_QUOTED: Final = re.compile(r'(?:(?<![^,;\t\r\n\ufeff])|(?<=[,;\t] ))"[^"]*+(?:""[^"]*+)*+"')
"""A quoted name of a column. One after a blank is none to a reader, but what it contains separates no columns."""
_LINE_BREAK: Final = re.compile("[\r\n]")
_FORMULA, _HARMLESS = re.compile(FORMULA), re.compile(HARMLESS)


def parse_text(fact: Fact, text: str | None) -> object:
    """Return what a text in a table means; if it means nothing, the text itself, so that an error can quote it.

    Examples:
        >>> from cxrules import RuleBase
        >>> facts = RuleBase.builtin().vocabulary
        >>> [parse_text(facts["retention_budget_share"], text) for text in ("15.5", "12,5", "20 %", "n/a", "much")]
        [15.5, 12.5, 20.0, None, 'much']
        >>> [parse_text(facts["transformation_goal"], text) for text in ("TRUE", "no", "0", "")]
        [True, False, False, None]
        >>> parse_text(facts["marketing_journey_coverage"], "loyalty; retention")
        ['loyalty', 'retention']
        >>> [parse_text(facts["marketing_journey_coverage"], text) for text in ("[loyalty, retention]", "-", "[]")]
        [['loyalty', 'retention'], [], []]
    """
    if text is None:
        return None
    text = text.strip()
    lowered = text.lower()
    if lowered in _UNKNOWN and text not in fact.names:
        return None
    if fact.kind is Kind.FLAG:
        return FLAG_WORDS.get(lowered, text)
    if fact.kind is Kind.SET:
        return _parse_set(fact, text)
    if fact.kind is Kind.PERCENT:
        found = _NUMBER.fullmatch(text)
        return float(found[1].replace(",", ".")) if found else text
    return text


def _parse_set(fact: Fact, text: str) -> object:
    if text.lower() in _NOTHING and text not in fact.names:
        return []
    return parse_elements(text)


def parse_elements(text: str) -> list[str] | str:
    """Return the elements of a set that is written as text, separated by semicolons or commas, in brackets or not.

    An unclosed bracket or quote stays in its element, where it is noticed; text made of separators only stays as it is.

    Examples:
        >>> parse_elements("['a'; 'b'; c]"), parse_elements("a, b,"), parse_elements("[a"), parse_elements("'a; b")
        (['a', 'b', 'c'], ['a', 'b'], ['[a'], ["'a", 'b'])
        >>> parse_elements(","), parse_elements("[,]")
        (',', '[,]')
    """
    inside = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    parts = [_unquote(part.strip()) for part in inside.replace(",", ";").split(";")]
    return [part for part in parts if part] or text


def _unquote(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
    return text[1:-1].strip() if quoted else text


def guard_formula(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: an apostrophe is put before anything that looks like one.

    Examples:
        >>> guard_formula("=cmd|' /C calc'!A0"), guard_formula("-5,5"), guard_formula("-"), guard_formula("Acme")
        ("'=cmd|' /C calc'!A0", '-5,5', '-', 'Acme')
    """
    return f"'{text}" if _FORMULA.match(text) and not _HARMLESS.match(text) else text


def find_delimiter(start: str) -> str:
    r"""Return what separates the columns of a CSV file, judging by its first line: a comma, a semicolon or a tab.

    Args:
        start: The text from the first line on. A line break in a quoted name does not end this line.

    Examples:
        >>> find_delimiter('company;"silos, of 2026";scope'), find_delimiter("silos")
        (';', ',')
        >>> find_delimiter('"silos\nof 2026";scope\n1,2,3;4')
        ';'
    """
    line = _LINE_BREAK.split(_QUOTED.sub("", start), maxsplit=1)[0]
    return max(",;\t", key=line.count)


def first_line(start: bytes, delimiter: str) -> bytes:
    r"""Return the first line of a CSV file with its end; a line break in a quoted cell does not end it.

    Examples:
        >>> first_line(b'"silos\nof 2026";5" screens\r\nsevere;1\r\n', ";")
        b'"silos\nof 2026";5" screens\r\n'
    """
    text = start.removeprefix(BOM_UTF8)
    quoted = rb'"(?<![^' + re.escape(delimiter.encode()) + rb'\r\n]")' + _REST
    line = re.match(rb'(?:[^"\r\n]++|' + quoted + rb'|")*+(?:\r\n?|\n)?', text)
    return start[: len(start) - len(text) + line.end()] if line else start


def skip_empty_lines(start: bytes) -> int:
    r"""Return where the first line begins that is not empty; a byte order mark before empty lines is skipped, too.

    Examples:
        >>> skip_empty_lines(b"\r\n\nsilos\n"), skip_empty_lines(b"silos\n")
        (3, 0)
    """
    marked = len(start) - len(start.removeprefix(BOM_UTF8))
    empty = len(start) - marked - len(start[marked:].lstrip(b"\r\n"))
    return marked + empty if empty else 0


class QuoteWatch:
    r"""Finds a quote that opens a cell of a CSV file and is never closed, from the bytes of the file in any portions.

    A reader takes everything behind such a quote for one cell, and rows vanish in it.

    Attributes:
        opened: Where the last quoted cell begins that does not end in a portion.
        inside: Whether it has not ended yet.

    Examples:
        >>> watch = QuoteWatch(",")
        >>> for portion in (b'silos,note\nsevere,"he', b'llo\nnone,x\n'):
        ...     watch.feed(portion)
        >>> watch.inside, watch.opened
        (True, 18)
    """

    def __init__(self, delimiter: str) -> None:
        ends = re.escape(delimiter.encode())
        self._cell = re.compile(rb'"(?<![^' + ends + rb'\r\n]")' + _REST)  # a literal first is found much faster
        self._rest = re.compile(_REST)
        self._read = 0
        self._last = b""
        self._just_closed = False
        self.opened = 0
        self.inside = False

    def feed(self, portion: bytes) -> None:
        """Look at the next bytes."""
        text, base = self._last + portion, self._read - len(self._last)
        at = len(self._last)
        if not self._read and text.startswith(BOM_UTF8):
            text, base = text[len(BOM_UTF8) :], len(BOM_UTF8)
        if self._just_closed and text.startswith(b'"', at):  # the second half of a quote that is doubled in its cell
            self.inside, at = True, at + 1
        self._just_closed &= not portion
        while at < len(text):
            if self.inside:
                found = self._rest.match(text, at)
            else:
                found = next(iter(deque(self._cell.finditer(text, at), maxlen=1)), None)
                self.opened = self.opened if found is None else base + found.start()
            if found is None:
                break
            at, self.inside = found.end(), not found[1]
            self._just_closed = at == len(text) and not self.inside
        self._read += len(portion)
        self._last = text[-1:]


def read_rows(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    r"""Read the rows of a CSV file, without empty lines.

    Yields:
        The number of the line in which a row begins, and its cells.

    Raises:
        ValueError: If a cell is too long.

    Examples:
        >>> list(read_rows(['silos,"no\n', 'te"\n', "\n", "severe,x\n"], ","))
        [(1, ['silos', 'no\nte']), (4, ['severe', 'x'])]
    """
    reader = csv.reader(lines, delimiter=delimiter)
    begins = 1
    try:
        for row in reader:
            if row:
                yield begins, row
            begins = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"line {begins:,}: {error}") from None


def tell_ragged(rows: Iterable[tuple[int, Sequence[str]]], columns: int, delimiter: str) -> str:
    r"""Describe the rows of a CSV file that have too few or too many cells; the text is empty if there are none.

    Args:
        rows: The rows, each with its line.
        columns: How many cells the header has.
        delimiter: What separates the cells.

    Examples:
        >>> tell_ragged([(2, ["severe"]), (3, ["none", "x", "y"])], 2, ",")
        '2 rows have more or fewer cells than the header, which has 2:\n  line 2: severe\n  line 3: none,x,y'
    """
    total, shown = 0, []
    for line, row in rows:
        if len(row) != columns:
            total += 1
            if total <= SHOWN:
                shown.append((line, len(row), show_text(delimiter.join(row), 60)))
    if total == 1:
        line, cells, text = shown[0]
        return f"line {line:,}: a row has {cells:,} cell{'s' * (cells != 1)}, and the header {columns:,}: {text}"
    more = [f"… and {total - SHOWN:,} more"] * (total > SHOWN)
    listed = [f"line {line:,}: {text}" for line, _, text in shown]
    told = f"{total:,} rows have more or fewer cells than the header, which has {columns:,}:"
    return "\n  ".join([told, *listed, *more]) if total else ""


def open_quote(lines_before: int) -> str:
    """Describe a quote that is never closed, given the number of line breaks before it."""
    return f"line {lines_before + 1:,}: a quote opens a cell here and is never closed; close it, or write it twice"


def count_breaks(content: bytes) -> int:
    """Return how many line breaks there are, of any kind."""
    return content.count(b"\n") + content.count(b"\r") - content.count(b"\r\n")


def decode(content: bytes, place: str) -> str:
    """Return the text of a file.

    Raises:
        ValueError: If it is not UTF-8.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{place}: the text is not UTF-8: {error}") from None


def of_element(told: Diagnostic, element: str) -> Diagnostic:
    """Return what is wrong with a cell that says whether an element is in a set."""
    return replace(told, location=Location(path=(*told.location.path, element)))


def partly_known(name: str) -> Diagnostic:
    """Describe a set with some elements known and others missing."""
    message = "a set is known as a whole or not at all, but here some elements are missing"
    return Diagnostic("partly-known", Location(path=(name,)), message, "write false for what is not in it")


def read_object(line: str, place: str) -> dict[str, Any]:
    """Return the JSON object in a line.

    Raises:
        ValueError: If there is none, or something follows it.
    """
    found = [] if line.lstrip().startswith("[") else list(read_objects(line, place))
    if len(found) != 1:
        raise ValueError(f"{place}: every line is one JSON object")
    return found[0]


def read_objects(text: str, place: str) -> Iterator[dict[str, Any]]:
    """Read the objects of a JSON file in turn: either an array of objects, or one object after another.

    Raises:
        ValueError: If the file contains anything else.
    """
    position = _skip(text, 0)
    array = text.startswith("[", position)
    position = _skip(text, position + array)
    while position < len(text) and not (array and text[position] == "]"):
        try:
            found, position = _DECODER.raw_decode(text, position)
        except json.JSONDecodeError as error:
            raise ValueError(f"{place}: not JSON: {error}") from None
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{place}: JSON that cannot be read: {show_text(str(error), 200)}") from None
        if not isinstance(found, dict):
            raise ValueError(f"{place}: objects with facts by name are expected, not {show_text(repr(found), 60)}")
        yield found
        position = _skip(text, position)
        if array and not text.startswith("]", position):
            if not text.startswith(",", position):
                raise ValueError(f"{place}: not JSON: a comma or ] is expected (char {position})")
            position = _skip(text, position + 1)
    if array and _skip(text, position + 1) < len(text):
        raise ValueError(f"{place}: there is something after the end of the array (char {position + 1})")
    if array and position >= len(text):
        raise ValueError(f"{place}: the array does not end")


def as_json(value: object) -> str:
    """Return a value for which JSON has no type as text; bits are written in hexadecimal."""
    return value.hex() if isinstance(value, bytes) else str(value)


def write_json(value: object) -> str:
    """Write a value as JSON, which has no NaN and no infinity."""
    try:
        return json.dumps(value, ensure_ascii=False, default=as_json, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), ensure_ascii=False, default=as_json)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if isfinite(value) else None if isnan(value) else str(value)
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    return [_finite(each) for each in value] if isinstance(value, list | tuple) else value


def _skip(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position


_REST: Final = rb'[^"]*+(?:""[^"]*+)*+("|\Z)'
"""What follows the quote that opens a cell, up to the one that closes it, or up to the end of the portion."""
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_DECODER: Final = json.JSONDecoder(object_pairs_hook=unite_pairs, parse_int=read_integer)
