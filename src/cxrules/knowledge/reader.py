"""YAML text → nodes that know their place. Strict: whatever YAML would guess is a mistake."""

from __future__ import annotations

import errno
import os
import re
import stat
from io import RawIOBase
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias

import yaml

from cxrules.errors import Location, show_text
from cxrules.knowledge.diagnostic_codes import MistakeCollector
from cxrules.knowledge.json_text import NotJsonError, read_json
from cxrules.knowledge.node import DEEPEST, Content, Node

__all__ = ["LARGEST", "LARGEST_YAML", "parse_text", "read_bytes", "read_file", "read_stream", "tell_error"]

LARGEST: Final = 16 << 20
"""The most bytes that a file may have. All knowledge of the built-in rule base takes less than 1 MB."""

LARGEST_YAML: Final = 2 << 20
"""The most characters that YAML may have. PyYAML takes 2 to 9 seconds for each million."""

_LARGEST_ALMOST_JSON: Final = 128 << 10
"""The most characters that are tried as YAML if a text looks like JSON but is not."""

_LONGEST_SHOWN: Final = 60
_TAG: Final = "tag:yaml.org,2002:"
_DECIMAL: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?")
_NOT_FINITE: Final = {".inf", "-.inf", "+.inf", ".nan"}

_MEANT: Final = {
    "mapping values": "quote a text that contains ': '",
    r"character '\t'": "indent with spaces, not with tabs",
    "cannot start any token": "quote the text",
    "found unexpected end of stream": "a quotation mark is missing",
    "<stream end>": "a bracket is missing",
    "<document start>": "a file has one document only",
    "could not find expected ':'": "write a colon and a space after a key",
}
"""What PyYAML says about a mistake, and what was probably meant."""

_Loader: TypeAlias = Any  # PyYAML's class is not typed
_Mark: TypeAlias = Any  # typed as optional, but every event of a text has one


def read_bytes(path: Path) -> bytes:
    """Return the content of a file, without waiting for a pipe that nobody writes to and without reading for ever.

    Raises:
        OSError: If it cannot be read, is larger than `LARGEST`, or is a pipe that nobody writes to.
        ValueError: If no file can have this path.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    with open(descriptor, "rb", buffering=0) as file:  # noqa: PTH123 - of a descriptor
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            if (first := file.read(1)) == b"":
                raise OSError(errno.EPIPE, "nobody writes to this pipe")
            os.set_blocking(descriptor, True)
            return (first or b"") + read_stream(file)
        return read_stream(file)


def read_stream(file: RawIOBase | BinaryIO) -> bytes:
    """Return the rest of a stream.

    Raises:
        OSError: If it cannot be read, or the rest is larger than `LARGEST`.
    """
    chunks: list[bytes] = []
    size = 0
    while chunk := file.read(1 << 20):
        chunks.append(chunk)
        size += len(chunk)
        if size > LARGEST:
            raise OSError(errno.EFBIG, f"it is larger than {LARGEST >> 20} MB")
    return b"".join(chunks)


def tell_error(error: OSError | ValueError) -> str:
    """Describe in a few words why something cannot be read."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def read_file(path: Path, report: MistakeCollector, largest: int = LARGEST_YAML) -> Node | None:
    """Read one file.

    Args:
        path: Where it is.
        report: Where mistakes go.
        largest: The most characters that it may have if it is YAML.

    Returns:
        Its content, or None when it has none that can be read.
    """
    here = Location(str(path))
    try:
        data = read_bytes(path)
    except (OSError, ValueError) as error:
        report.add("unreadable-file", here, f"this file cannot be read: {tell_error(error)}")
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, len(before[before.rfind(b"\n") + 1 :].decode()) + 1
        report.add("not-utf8", Location(str(path), line, column), "this byte is not UTF-8", "save the file as UTF-8")
        return None
    return parse_text(text, str(path), report, largest)


def parse_text(text: str, file: str, report: MistakeCollector, largest: int = LARGEST_YAML) -> Node | None:
    r"""Read the text of one file, as `read_file` does.

    Returns:
        Its content, or None when it has none that can be read.

    Examples:
        >>> report = MistakeCollector()
        >>> parse_text("a: 1\na: 2\n", "x.yaml", report).plain()
        {'a': 1}
        >>> print(*report.in_order())
        x.yaml:2:1: the key 'a' occurs twice here [duplicate-key]; the first is on line 1
    """
    if text.lstrip()[:1] in ("{", "["):
        try:
            return read_json(text, file, report)
        except NotJsonError as error:
            if len(text) > _LARGEST_ALMOST_JSON:
                before = text[: error.at]
                where = Location(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
                report.add("yaml-syntax", where, f"this is not JSON: {error.told}")
                return None
            text = text.replace("\t", " ")  # JSON with comments, or similar, may be indented with tabs
    if len(text) > largest:
        size = f"{largest >> 20} MB" if largest >> 20 else f"{largest >> 10} KB"
        message = f"this YAML is longer than {size}, and would take long to read"
        report.add("unreadable-file", Location(file), message, "split it, or write JSON")
        return None
    composer = _Composer(text, file, report)
    try:
        return composer.compose()
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        where = Location(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        report.add("yaml-syntax", where, f"the character {chr(error.character)!r} is not allowed in YAML")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = Location(file, mark.line + 1, mark.column + 1) if mark else Location(file)
        told = ", ".join(part for part in (error.context, error.problem) if part)
        hint = next((meant for sign, meant in _MEANT.items() if sign in told), "")
        report.add("yaml-syntax", where, told or "this is not YAML", hint)
    except (ValueError, OverflowError):  # from `chr`: nothing else in PyYAML raises them
        report.add("yaml-syntax", composer.place(), "no character has this escape")
    except RecursionError as error:
        report.add("yaml-syntax", Location(file), f"this is not YAML: {error}")
    return None


class _TooDeep(yaml.MarkedYAMLError):
    pass


class _Composer:
    """Makes nodes from the events of one file."""

    def __init__(self, text: str, file: str, report: MistakeCollector) -> None:
        self.loader: _Loader = yaml.SafeLoader("")
        self.text = text
        self.file = file
        self.report = report

    def compose(self) -> Node | None:
        """Compose the one document of the file."""
        self.loader = yaml.SafeLoader(self.text)
        self.loader.get_event()  # the stream starts
        if self.loader.check_event(yaml.StreamEndEvent):
            self.report.add("empty-file", Location(self.file), "this file is empty")
            return None
        self.loader.get_event()  # the document starts
        node = self._node(0)
        self.loader.get_event()  # the document ends
        if not self.loader.check_event(yaml.StreamEndEvent):
            self._add(
                "yaml-feature", self.loader.peek_event().start_mark, "a file has one document only", "remove the ---"
            )
        return node

    def place(self) -> Location:
        """Describe how far the file has been read."""
        return Location(self.file, self.loader.line + 1, self.loader.column + 1)

    def _add(self, code: str, mark: _Mark, message: str, hint: str = "") -> None:
        self.report.add(code, Location(self.file, mark.line + 1, mark.column + 1), message, hint)

    def _make(self, content: Content, mark: _Mark) -> Node:
        return Node(content, self.file, mark.line + 1, mark.column + 1)

    def _node(self, depth: int) -> Node:
        event = self.loader.get_event()
        mark = event.start_mark
        if depth > DEEPEST:
            raise _TooDeep(problem="this is nested too deeply", problem_mark=mark)
        if isinstance(event, yaml.AliasEvent):
            self._add("yaml-feature", mark, "an alias is not allowed", "write out the value")
            return self._make("", mark)
        if event.anchor is not None:
            self._add("yaml-feature", mark, "an anchor is not allowed", f"remove &{event.anchor}")
        if event.tag is not None:
            self._add("yaml-feature", mark, "a tag is not allowed", "remove the tag")
        if isinstance(event, yaml.ScalarEvent):
            return self._make(self._scalar(event), mark)
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not self.loader.check_event(yaml.SequenceEndEvent):
                items.append(self._node(depth + 1))
            self.loader.get_event()
            return self._make(items, mark)
        return self._mapping(mark, depth)

    def _mapping(self, mark: _Mark, depth: int) -> Node:
        node = self._make({}, mark)
        assert isinstance(node.content, dict)
        while not self.loader.check_event(yaml.MappingEndEvent):
            event = self.loader.peek_event()
            key = self._node(depth + 1)
            value = self._node(depth + 1)
            name = key.content
            if not isinstance(event, yaml.ScalarEvent):
                self._add("wrong-type", event.start_mark, "a name is expected for a key")
                continue
            if event.value == "<<" and not event.style:
                self._add("yaml-feature", event.start_mark, "a merge key is not allowed", "write out the keys")
                continue
            if isinstance(name, bool):
                name = "true" if name else "false"
            if not isinstance(name, str):
                self._add("wrong-type", event.start_mark, f"a name is expected for a key, not {name}")
                continue
            if name in node.content:
                line = node.keys[name][0]
                message = f"the key {name!r:.80} occurs twice here"
                self._add("duplicate-key", event.start_mark, message, f"the first is on line {line}")
                continue
            node.content[name] = value
            node.keys[name] = (key.line, key.column)
        self.loader.get_event()
        return node

    def _scalar(self, event: yaml.ScalarEvent) -> str | bool | int | float:
        text: str = event.value
        if any("\ud800" <= character <= "\udfff" for character in text):
            self._add("yaml-syntax", event.start_mark, "half of a surrogate pair is not a character")
            return text.encode(errors="replace").decode()
        if event.style or event.tag is not None:
            return text
        tag = self.loader.resolve(yaml.ScalarNode, text, (True, False)).removeprefix(_TAG)
        mark = event.start_mark
        shown = show_text(text, _LONGEST_SHOWN)
        if tag == "null":
            self._add("null-value", mark, "a value is missing here", "write a value, or leave the key out")
        elif tag == "bool":
            if text in ("true", "false"):
                return text == "true"
            meant = "true" if text.lower() in ("yes", "on", "true") else "false"
            self._add("unquoted-boolean", mark, f"YAML reads {shown} as {meant}", f'write "{shown}" or {meant}')
        elif tag in ("int", "float"):
            if _DECIMAL.fullmatch(text) and len(text) < DEEPEST:
                return int(text) if tag == "int" else float(text)
            if text.lower() in _NOT_FINITE:
                return float(text.lower().replace(".", ""))
            self._add(
                "unquoted-scalar", mark, f"YAML reads {shown} as a number", f'write "{shown}" or a decimal number'
            )
        elif tag == "timestamp":
            self._add("unquoted-scalar", mark, f"YAML reads {shown} as a date", f'write "{shown}"')
        return text
