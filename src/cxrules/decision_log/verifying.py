"""Verification of a chained log: every line in its place, or named with what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final

from cxrules.decision_log import lines
from cxrules.decision_log.chain import START, ChainLink, Head, read_head, read_link
from cxrules.decision_log.entries import Faulty, LogLine, TornLine
from cxrules.decision_log.reader import LogReader
from cxrules.decision_log.record import LONGEST_RULEBASE
from cxrules.decision_log.rotation import head_path

__all__ = ["Breach", "ChainFinding", "verify_chain"]

_MANY: Final = 10_000
"""Gaps that are remembered, in case that what is missing stands elsewhere."""


class Breach(StrEnum):
    """What can have become of a chained log."""

    ALTERED = "altered"
    """The bytes of the line are not those that were written."""
    MISSING = "missing"
    """Lines that were written are not there."""
    REORDERED = "reordered"
    """The line stands after others that were written later."""
    DUPLICATED = "duplicated"
    """A line of this number stood here before."""
    TRUNCATED = "truncated"
    """The log ends before its last line."""
    FOREIGN = "foreign"
    """The line is of another chain, or of none, or was chained again."""
    NO_HEAD = "no-head"
    """Nothing says how far the log goes, so that nobody can tell whether its end is missing."""


@dataclass(frozen=True, slots=True)
class ChainFinding:
    """Something that became of a chained log.

    Attributes:
        line: The number of the line in its file, from 1; 0 when it is about the end.
        breach: What kind it is.
        message: What it is, in a sentence without a full stop.
        part: The name of the part that was rotated away, when the line is in one; else empty.
    """

    line: int
    breach: Breach
    message: str
    part: str = ""

    def __str__(self) -> str:
        place = f"line {self.line}" if self.line else "end"
        return f"{f'{self.part}, ' if self.part else ''}{place}: {self.message} [{self.breach}]"


@dataclass
class _Torn:
    """Bytes without a link, which a later line may note as left unfinished."""

    first: LogLine
    text: bytes
    lines: int = 1


def verify_chain(
    log: LogReader, head: Head | None = None, *, progress: Callable[[int], None] | None = None
) -> Iterator[ChainFinding]:
    """Hold every line of a chained log to the chain.

    Nothing is kept but gaps: a log of any size takes the same memory.

    Args:
        log: The log.
        head: How far it goes, from a place that the log's owner cannot write; that beside the log when left out.
        progress: Is told how many bytes are read, as work goes on.

    Yields:
        What became of a line, in the order of the log; nothing when all is as it was written.

    Raises:
        ValueError: If no line is chained.
    """
    chain = _Chain(log)
    read = 0
    for line in log.lines():
        yield from chain.read(line)
        if progress is not None:
            read += len(line.text)
            progress(read)
    yield from chain.end(head)


class _Chain:
    def __init__(self, log: LogReader) -> None:
        self._log = log
        self._last: Head | None = None  # the last line in its place
        self._gaps: list[tuple[int, int, LogLine]] = []
        self._torn: _Torn | None = None
        self._linked = False

    def read(self, line: LogLine) -> Iterator[ChainFinding]:
        text = line.text[:-1] if line.text.endswith(b"\n") else line.text
        link = read_link(text)
        if link is None:
            yield from self._read_unlinked(line)
            return
        self._linked = True
        if self._torn is not None:
            yield from self._settle_torn(text)
        if not link.whole or not line.whole:
            yield from self._read_altered(line, link)
        else:
            yield from self._read_whole(line, link)

    def end(self, head: Head | None) -> Iterator[ChainFinding]:
        if self._torn is not None and not self._linked:
            raise ValueError(f"the decision log {str(self._log.path)!r} is not chained")
        if self._torn is not None and self._torn.text.endswith(b"\n"):
            yield from self._settle_torn(b"")
        for first, last, line in self._gaps:
            yield self._tell(line, Breach.MISSING, f"{_name(first, last)} before this one {_is(first, last)} missing")
        last_number = self._last.number if self._last else 0
        if head is None:
            try:
                head = read_head(head_path(self._log.path).read_bytes())
            except OSError:
                head = None
        if head is None:
            if last_number or self._torn is not None:
                yield ChainFinding(0, Breach.NO_HEAD, "no head says how far the log goes; its end may be missing")
        elif head.number > last_number:
            message = f"the log ends with {_name(last_number, last_number)}, and had {_name(head.number, head.number)}"
            yield ChainFinding(0, Breach.TRUNCATED, message)
        elif head.number == last_number and self._last and head.hash != self._last.hash:
            yield ChainFinding(
                0, Breach.FOREIGN, f"{_name(last_number, last_number)} is not the one that the head names"
            )

    def _read_unlinked(self, line: LogLine) -> Iterator[ChainFinding]:
        if not line.text.strip() and line.whole:
            return
        if self._torn is None:
            self._torn = _Torn(line, line.text)
        elif len(self._torn.text) < LONGEST_RULEBASE:
            self._torn.text += line.text
            self._torn.lines += 1
        yield from ()

    def _settle_torn(self, text: bytes) -> Iterator[ChainFinding]:
        """Classify bytes without a link, now that a line with one follows, or none."""
        torn, self._torn = self._torn, None
        assert torn is not None
        try:
            note = lines.parse(text + b"\n") if text else None
        except Faulty:
            note = None
        if isinstance(note, TornLine):
            for start in range(torn.lines):  # the note may be about the last of them only
                left = b"".join(torn.text.splitlines(keepends=True)[start:])[:-1]
                if len(left) == note.bytes and sha256(left).hexdigest() == note.sha256:
                    if start == 0:
                        return
                    break
        # Each takes the place of a line, if one is missing there.
        for offset in range(torn.lines):
            number = self._last.number + 1 if self._last else 1
            self._last = Head(number, "")
            message = f"{_name(number, number)} was altered so that it cannot be read"
            yield ChainFinding(torn.first.number + offset, Breach.ALTERED, message, self._part(torn.first))

    def _read_altered(self, line: LogLine, link: ChainLink) -> Iterator[ChainFinding]:
        number = self._last.number + 1 if self._last else link.number
        self._last = Head(number, "")
        yield self._tell(line, Breach.ALTERED, f"{_name(number, number)} was altered")

    def _read_whole(self, line: LogLine, link: ChainLink) -> Iterator[ChainFinding]:
        last = self._last
        expected = last.number + 1 if last else 1
        if last is None and link.number > 1:
            self._gaps.append((1, link.number - 1, line))
        elif link.number > expected:
            if len(self._gaps) < _MANY:
                self._gaps.append((expected, link.number - 1, line))
        elif link.number < expected:
            yield from self._read_late(line, link, expected)
            return
        elif last is not None and last.hash not in ("", link.prev):
            message = f"{_name(link.number, link.number)} does not follow from the one before it"
            yield self._tell(line, Breach.FOREIGN, message)
        elif last is None and link.prev != START.hash:
            yield self._tell(line, Breach.FOREIGN, "the first line is of another chain")
        self._last = Head(link.number, link.hash)

    def _read_late(self, line: LogLine, link: ChainLink, expected: int) -> Iterator[ChainFinding]:
        for position, (first, end, where) in enumerate(self._gaps):
            if first <= link.number <= end:
                rest = [(first, link.number - 1, where), (link.number + 1, end, where)]
                self._gaps[position : position + 1] = [gap for gap in rest if gap[0] <= gap[1]]
                message = f"{_name(link.number, link.number)} stands where {_name(expected, expected)} belongs"
                yield self._tell(line, Breach.REORDERED, message)
                return
        yield self._tell(line, Breach.DUPLICATED, f"{_name(link.number, link.number)} was here before")

    def _tell(self, line: LogLine, breach: Breach, message: str) -> ChainFinding:
        return ChainFinding(line.number, breach, message, self._part(line))

    def _part(self, line: LogLine) -> str:
        return "" if line.file == self._log.path else line.file.name


def _name(first: int, last: int) -> str:
    return f"record {first}" if first == last else f"records {first} to {last}"


def _is(first: int, last: int) -> str:
    return "is" if first == last else "are"
