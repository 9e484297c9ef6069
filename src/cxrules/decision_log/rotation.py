"""The files of one log: the current one, the parts that were rotated away, and what is at their end."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from cxrules.decision_log.chain import Head, read_link

__all__ = ["End", "head_path", "holds_rulebase", "list_parts", "next_part", "read_at", "read_end"]

_DIGITS: Final = 6
_CHUNK: Final = 1 << 20
_TAIL: Final = 1 << 12
_TORN: Final = b'{"kind":"torn",'
_RULEBASE: Final = b'{"kind":"rulebase","format":'
_TIME: Final = re.compile(rb'"time":"(\d{4}-\d\d-\d\d)T')


def list_parts(path: Path) -> list[Path]:
    """Return the parts of a log that were rotated away, the oldest first: `LOG.000001`, `LOG.000002` and so on."""
    numbered = re.compile(re.escape(path.name) + rf"\.(\d{{{_DIGITS}}})")
    try:
        names = [entry.name for entry in path.parent.iterdir() if numbered.fullmatch(entry.name)]
    except OSError:
        return []
    return [path.with_name(name) for name in sorted(names)]


def next_part(path: Path) -> Path:
    """Return the name of the next part to be rotated away."""
    parts = list_parts(path)
    number = int(parts[-1].name[-_DIGITS:]) + 1 if parts else 1
    if number >= 10**_DIGITS:
        raise OSError(f"the decision log {str(path)!r} has no number left for another part")
    return path.with_name(f"{path.name}.{number:0{_DIGITS}}")


def head_path(path: Path) -> Path:
    """Return the path of the head of a chained log."""
    return path.with_name(f"{path.name}.head")


class End(NamedTuple):
    """What is known about the end of a file.

    Attributes:
        size: The bytes of the file.
        torn: The number of bytes at the end that a writer left unfinished.
        head: The head of its chain, if the last whole line is chained.
        day: The day of the last decision; empty if unknown.
    """

    size: int
    torn: int
    head: Head | None
    day: str


def read_end(descriptor: int, size: int) -> End:
    """Examine the last lines, from the last one backwards until one is whole."""
    reach = min(size, _TAIL)
    while True:
        tail = read_at(descriptor, reach, size - reach)
        end, torn = len(tail), 0
        while end:
            start = tail.rfind(b"\n", 0, end - 1) + 1
            if start == 0 and reach < size:
                break  # the line begins before what was read
            line = tail[start:end]
            if line.endswith(b"\n"):
                if _is_line(line):
                    return End(size, torn, _head_of(line), _day_of(tail[:end]))
                if torn and _TORN.startswith(tail[end : end + len(_TORN)]):
                    torn = len(tail) - start  # a writer died, and so did the next one while noting it
            else:
                torn = len(tail) - start
            end = start
        else:
            return End(size, torn, None, "")
        reach = min(size, 8 * reach)


def _is_line(line: bytes) -> bool:
    if not line.startswith(b"{") or not line.endswith(b"}\n"):
        return not line.strip()
    if read_link(line[:-1]) is not None:
        return True
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _head_of(line: bytes) -> Head | None:
    found = read_link(line[:-1])
    return None if found is None else Head(found.number, found.hash)


def _day_of(tail: bytes) -> str:
    days = _TIME.findall(tail)
    return days[-1].decode() if days else ""


def holds_rulebase(descriptor: int, revision: str) -> bool:
    """Return whether a file holds a rule base, whole and unaltered.

    It searches from the start, where rule bases usually are.

    Args:
        descriptor: The file, open for reading.
        revision: The revision of the rule base.
    """
    wanted = re.compile(rb"\d+,\"revision\":\"%s\"" % revision.encode())
    for start in _find_lines(descriptor, _RULEBASE):
        beginning = read_at(descriptor, 2 * len(_RULEBASE) + len(revision), start)
        if wanted.match(beginning, len(_RULEBASE)) and _is_whole(_read_line_at(descriptor, start), revision):
            return True
    return False


def _find_lines(descriptor: int, wanted: bytes) -> Iterator[int]:
    """Return the starts of lines that begin with a given text."""
    wanted = b"\n" + wanted
    tail = b"\n"  # before the first line
    offset = -1  # of the first byte of `tail` in the file
    while True:
        chunk = read_at(descriptor, _CHUNK, offset + len(tail))
        if not chunk:
            return
        window = tail + chunk
        found = window.find(wanted)
        while found >= 0:
            yield offset + found + 1
            found = window.find(wanted, found + 1)
        # Too short for a whole match, so no match is found twice.
        tail = window[-(len(wanted) - 1) :]
        offset += len(window) - len(tail)


def _read_line_at(descriptor: int, offset: int) -> bytes:
    parts = []
    while chunk := read_at(descriptor, _CHUNK, offset):
        end = chunk.find(b"\n")
        if end >= 0:
            parts.append(chunk[:end])
            break
        parts.append(chunk)
        offset += len(chunk)
    return b"".join(parts)


def _is_whole(line: bytes, revision: str) -> bool:
    try:
        canonical = json.loads(line)["canonical"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
    return isinstance(canonical, str) and sha256(canonical.encode(errors="replace")).hexdigest() == revision


def read_at(descriptor: int, size: int, offset: int) -> bytes:
    """Return bytes of a file from a position, or fewer at its end."""
    if sys.platform != "win32":
        return os.pread(descriptor, size, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.read(descriptor, size)
