"""JSON text → nodes that know their place, because YAML would misread surrogate pairs, long keys and 1.2e-05."""

from __future__ import annotations

import re
from bisect import bisect_right
from json.decoder import JSONDecodeError, scanstring  # type: ignore[attr-defined] # documented nowhere, there since 2.6
from typing import Final

from cxrules.errors import Location
from cxrules.knowledge.diagnostic_codes import MistakeCollector
from cxrules.knowledge.node import DEEPEST, Content, Node

__all__ = ["NotJsonError", "read_json"]

_SPACE: Final = re.compile(r"[ \t\n\r]*")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORDS: Final[dict[str, bool | str]] = {"true": True, "false": False, "null": ""}
_LONGEST_INT: Final = 40


class NotJsonError(ValueError):
    """The text is not JSON; it may be YAML.

    Attributes:
        at: The position from which it is not JSON.
        told: Why, in a few words.
    """

    def __init__(self, at: int, told: str) -> None:
        super().__init__(at, told)
        self.at = at
        self.told = told


def read_json(text: str, file: str, report: MistakeCollector) -> Node:
    r"""Read a JSON text.

    Raises:
        NotJsonError: If it is not JSON; it may still be YAML.

    Examples:
        >>> read_json('{"a": [1.2e-05, "\\ud83d\\ude00"]}', "x.json", MistakeCollector()).plain()
        {'a': [1.2e-05, '😀']}
    """
    reader = _JsonReader(text, file, report)
    node = reader.read(reader.skip(0), 0)
    if (end := reader.skip(reader.end)) != len(text):
        raise NotJsonError(end, "nothing more is expected")
    for mistake in reader.mistakes:
        report.add(*mistake)
    return node


class _JsonReader:
    def __init__(self, text: str, file: str, report: MistakeCollector) -> None:
        self.text, self.file, self.report = text, file, report
        self.starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self.end = 0
        self.mistakes: list[tuple[str, Location, str, str]] = []

    def skip(self, at: int) -> int:
        match = _SPACE.match(self.text, at)
        assert match
        return match.end()

    def read(self, at: int, depth: int) -> Node:
        """Read the value at a position; `end` is where it ends."""
        text = self.text
        if depth > DEEPEST:
            raise NotJsonError(at, "this is nested too deeply")
        first = text[at : at + 1]
        if first == "{":
            return self._read_object(at, depth)
        if first == "[":
            return self._read_array(at, depth)
        if first == '"':
            return self._make(self._read_text(at), at)
        for word, value in _WORDS.items():
            if text.startswith(word, at):
                self.end = at + len(word)
                if word == "null":
                    self._add("null-value", at, "a value is missing here", "write a value, or leave the key out")
                return self._make(value, at)
        return self._make(self._read_number(at), at)

    def _read_object(self, at: int, depth: int) -> Node:
        nodes: dict[str, Node] = {}
        node = self._make(nodes, at)
        at = self.skip(at + 1)
        while self.text[at : at + 1] != "}":
            if nodes:
                at = self._expect(at, ",")
            place, key = at, self._read_text(at)
            at = self._expect(self.skip(self.end), ":")
            value = self.read(at, depth + 1)
            if key in nodes:
                line = node.keys[key][0]
                self._add(
                    "duplicate-key", place, f"the key {key!r:.80} occurs twice here", f"the first is on line {line}"
                )
            else:
                nodes[key], node.keys[key] = value, self._place(place)
            at = self.skip(self.end)
        self.end = at + 1
        return node

    def _read_array(self, at: int, depth: int) -> Node:
        nodes: list[Node] = []
        node = self._make(nodes, at)
        at = self.skip(at + 1)
        while self.text[at : at + 1] != "]":
            if nodes:
                at = self._expect(at, ",")
            nodes.append(self.read(at, depth + 1))
            at = self.skip(self.end)
        self.end = at + 1
        return node

    def _expect(self, at: int, sign: str) -> int:
        if self.text[at : at + 1] != sign:
            raise NotJsonError(at, f"{sign!r} is expected")
        return self.skip(at + 1)

    def _read_text(self, at: int) -> str:
        if self.text[at : at + 1] != '"':
            raise NotJsonError(at, "a text in double quotation marks is expected")
        try:
            value, self.end = scanstring(self.text, at + 1, True)
        except JSONDecodeError as error:
            raise NotJsonError(error.pos, "this text is not closed, or contains an invalid escape") from None
        if any("\ud800" <= character <= "\udfff" for character in value):
            self._add("yaml-syntax", at, "half of a surrogate pair is not a character", "")
            return str(value.encode(errors="replace").decode())
        return str(value)

    def _read_number(self, at: int) -> int | float:
        match = _NUMBER.match(self.text, at)
        if not match:
            raise NotJsonError(at, "a value is expected")
        self.end = match.end()
        if match[1] or match[2] or len(match[0]) > _LONGEST_INT:
            return float(match[0])
        return int(match[0])

    def _place(self, at: int) -> tuple[int, int]:
        line = bisect_right(self.starts, at)
        return line, at - self.starts[line - 1] + 1

    def _make(self, content: Content, at: int) -> Node:
        line, column = self._place(at)
        return Node(content, self.file, line, column)

    def _add(self, code: str, at: int, message: str, hint: str) -> None:
        line, column = self._place(at)
        self.mistakes.append((code, Location(self.file, line, column), message, hint))
