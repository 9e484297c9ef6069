"""Writes the results of cases into their files: only single values change, comments and layout stay.

The new text of every file is read again before any is written. Where it would not mean what was meant, nothing is
written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cxrules.errors import Diagnostic, Location
from cxrules.knowledge.diagnostic_codes import MistakeCollector
from cxrules.knowledge.json_text import NotJsonError, read_json
from cxrules.knowledge.node import Node, Plain
from cxrules.knowledge.reader import parse_text, read_bytes, tell_error
from cxrules.testing.cases import InvalidCases, list_nulls, write_plain
from cxrules.whole_file import write_whole

if TYPE_CHECKING:
    from cxrules.testing.suite import CaseResult

__all__ = ["UPDATED", "update_cases"]

UPDATED: Final = ("model", "status", "reason", "points")
"""The expectations of a case that `update_cases` writes."""

_BOM: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"
_JSON_BREAK: Final = re.compile("\n")
_YAML_BREAK: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_JSON_VALUE: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\{\s*\}|[^\s,\]}"{\[]+')
_UNSAFE: Final = "--update cannot replace this value without changing what else is in the file, so nothing is written"


@dataclass(frozen=True)
class _Edit:
    """A value of a file, and what it becomes."""

    node: Node
    value: Plain

    @property
    def place(self) -> tuple[int, int]:
        """Its line and column."""
        return self.node.line, self.node.column


def update_cases(results: Iterable[CaseResult]) -> list[Path]:
    """Write the resulting model, status, reason and points into the files of cases that expect others.

    Only these values change; an empty `expect: {}` becomes model and status. Other expectations are left to the author.

    Returns:
        The files changed.

    Raises:
        InvalidCases: If a file has changed since it was read, or a value cannot be replaced safely. No file is changed.
        OSError: If a file cannot be written.
    """
    edits: dict[str, list[_Edit]] = {}
    for result in results:
        node = result.case.node
        expect = node.get("expect") if node is not None else None
        if expect is not None:
            for edit in _list_edits(result, expect):
                edits.setdefault(edit.node.file, []).append(edit)
    mistakes: list[Diagnostic] = []
    texts = {file: text for file, found in edits.items() if (text := _rewrite(file, found, mistakes)) is not None}
    if mistakes:
        raise InvalidCases(mistakes)
    for file, text in texts.items():
        with write_whole(Path(file)) as whole:
            whole.write(text.encode())
    return [*map(Path, texts)]


def _list_edits(result: CaseResult, expect: Node) -> Iterator[_Edit]:
    advice, wanted = result.advice, result.case.expect
    if not wanted:
        yield _Edit(expect, {"model": advice.model, "status": str(advice.status)})
        return
    if not result.faults:
        return
    for key in ("model", "status", "reason"):
        node, value = expect.get(key), getattr(advice, key)
        if node is not None and not isinstance(wanted[key], list) and wanted[key] != value:
            yield _Edit(node, None if value is None else str(value))
    points = {row.model: row.points for row in advice.ranking}
    below = expect.get("points")
    for model, number in wanted.get("points", {}).items():
        node = below.get(model) if below is not None else None
        if node is not None and points[model] != number:
            yield _Edit(node, points[model])


def _rewrite(file: str, edits: list[_Edit], mistakes: list[Diagnostic]) -> str | None:
    """Return the new text of a file, or None and a mistake if it would not mean what was meant."""
    try:
        data = read_bytes(Path(file)).decode("utf-8")
    except (OSError, ValueError) as error:
        mistakes.append(Diagnostic("unreadable-file", Location(file), f"this cannot be read: {tell_error(error)}"))
        return None
    text = data.removeprefix(_BOM)
    before = _read(text, file)
    places = dict(_list_places(before[0])) if before is not None else {}
    if before is None or any(places.get(edit.place) != edit.node for edit in edits):
        message = "this file has changed since it was read, so nothing is written"
        mistakes.append(Diagnostic("unreadable-file", Location(file), message, "run the command again"))
        return None
    wanted = _meant(*before, {edit.place: edit.value for edit in edits})
    new = _edit(text, edits)
    after = None if new is None else _read(new, file)
    if after is not None and json.dumps(write_plain(*after)) == json.dumps(wanted):
        return data[: len(data) - len(text)] + str(new)
    mistakes += [
        Diagnostic("unreadable-file", edit.node.locate(), _UNSAFE, f"write {_write(edit.value, quoted=True)} yourself")
        for edit in edits
    ]
    return None


def _read(text: str, file: str) -> tuple[Node, set[tuple[int, int]]] | None:
    """Read a text; None if there is something wrong with it."""
    report = MistakeCollector()
    node = parse_text(text, file, report)
    wrong = [found for found in report.in_order() if found.code != "null-value"]
    return None if node is None or wrong else (node, list_nulls(report))


def _list_places(node: Node) -> Iterator[tuple[tuple[int, int], Node]]:
    """List all values by the place in which they begin; of several in one place, the innermost comes last."""
    yield (node.line, node.column), node
    if isinstance(node.content, dict):
        below = [*node.content.values()]
    else:
        below = node.content if isinstance(node.content, list) else []
    for each in reversed(below):
        yield from _list_places(each)


def _meant(node: Node, nulls: set[tuple[int, int]], values: Mapping[tuple[int, int], Plain]) -> Plain:
    """Return the plain content of a file with some of its values replaced."""
    if isinstance(node.content, list):
        return [_meant(below, nulls, values) for below in node.content]
    if isinstance(node.content, dict) and node.content:
        return {name: _meant(below, nulls, values) for name, below in node.content.items()}
    place = (node.line, node.column)
    return values[place] if place in values else write_plain(node, nulls)


def _edit(text: str, edits: Iterable[_Edit]) -> str | None:
    """Return a text with some values replaced, or None where it cannot be found out where they end."""
    quoted = _is_json(text)
    starts = [0, *(found.end() for found in (_JSON_BREAK if quoted else _YAML_BREAK).finditer(text))]
    places = {starts[edit.node.line - 1] + edit.node.column - 1: edit for edit in edits}
    try:
        ends = _find_json_ends(text, places) if quoted else _find_yaml_ends(text)
    except ValueError:
        return None
    parts, done = [], 0
    for start in sorted(places):
        if start not in ends or start < done:
            return None
        end, style = ends[start]
        before = text[start - 1 : start] if start else ""
        new = _replace(text[start:end], style, places[start].value, quoted=quoted, before=before)
        parts += [text[done:start], new]
        done = end
    return "".join([*parts, text[done:]])


def _find_json_ends(text: str, places: Iterable[int]) -> dict[int, tuple[int, str]]:
    """Return for values of a JSON text, by where they start, where they end and how they are written."""
    found = {start: _JSON_VALUE.match(text, start) for start in places}
    return {start: (match.end(), "{" if match[0][0] == "{" else "") for start, match in found.items() if match}


def _find_yaml_ends(text: str) -> dict[int, tuple[int, str]]:
    """Return for the values of a YAML text, by where they start, where they end and how they are written.

    Raises:
        ValueError: If it is not YAML.
    """
    import yaml

    if text.lstrip()[:1] in ("{", "["):
        text = text.replace("\t", " ")  # as it was read
    try:
        return dict(_list_values(yaml.compose(text, yaml.SafeLoader)))
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _is_json(text: str) -> bool:
    try:
        read_json(text, "", MistakeCollector())
    except NotJsonError:
        return False
    return True


def _list_values(node: Any) -> Iterator[tuple[int, tuple[int, str]]]:
    """List where every single value, and every mapping, of a document starts, ends, and how it is written."""
    import yaml

    if isinstance(node, yaml.MappingNode):
        yield node.start_mark.index, (node.end_mark.index, "{")
        for _, value in node.value:
            yield from _list_values(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _list_values(value)
    elif isinstance(node, yaml.ScalarNode):
        yield node.start_mark.index, (node.end_mark.index, node.style or "")


def _replace(old: str, style: str, value: Plain, *, quoted: bool, before: str) -> str:
    new = _write(value, quoted=quoted)
    if style == "{":
        inner = old[1:-1]  # nothing, or a comment
        return new[:-1] + (inner if inner.strip() else "") + "}"
    if style in ("|", ">"):
        head, line_end, _ = old.partition("\n")
        comment = head[head.index("#") :] if "#" in head else ""
        rest = old[len(old.rstrip()) :] if old.strip() != head.strip() else line_end
        return f"{new}{' ' if comment else ''}{comment}{rest}"
    return new if quoted or before in " \t\n\r{[," else f" {new}"


def _write(value: Plain, *, quoted: bool) -> str:
    if isinstance(value, dict):
        entries = (f"{_write(key, quoted=quoted)}: {_write(below, quoted=quoted)}" for key, below in value.items())
        return "{" + ", ".join(entries) + "}"
    return value if isinstance(value, str) and not quoted else json.dumps(value)
