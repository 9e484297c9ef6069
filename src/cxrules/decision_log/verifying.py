"""Verifies a chained log: every line is in its place, or is reported with what happened to it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from typing import Final, NamedTuple

from cxrules.decision_log import lines
from cxrules.decision_log.chain import START, ChainLink, Head, read_head, read_link
from cxrules.decision_log.entries import Faulty, LogLine, TornLine
from cxrules.decision_log.reader import LogReader
from cxrules.decision_log.record import LONGEST_RULEBASE
from cxrules.decision_log.rotation import head_path

__all__ = ["Breach", "ChainFinding", "verify_chain"]

_NOTE: Final = b'{"kind":"torn",'
_MANY: Final = 10_000
"""The most gaps, misplaced records, hashes and lines without a link that are remembered."""


class Breach(StrEnum):
    """The ways in which a chained log may have been altered."""

    ALTERED = "altered"
    """The bytes of the line are not those that were written."""
    MISSING = "missing"
    """Lines that were written are missing."""
    REORDERED = "reordered"
    """The line precedes others that were written earlier, or follows others that were written later."""
    DUPLICATED = "duplicated"
    """The line also occurs in its own place."""
    TRUNCATED = "truncated"
    """The log ends before its last line."""
    FOREIGN = "foreign"
    """The line belongs to another chain or to none, or was chained again."""
    NO_HEAD = "no-head"
    """Nothing says how far the log goes, so its end may be missing."""


@dataclass(frozen=True, slots=True)
class ChainFinding:
    """An alteration of a chained log.

    Attributes:
        line: The number of the line in its file, from 1; 0 when it is about the end.
        breach: The kind of alteration.
        message: The alteration, in a sentence without a full stop.
        part: The name of the part that was rotated away, when the line is in one; else empty.
    """

    line: int
    breach: Breach
    message: str
    part: str = ""

    def __str__(self) -> str:
        place = f"line {self.line}" if self.line else "end"
        return f"{f'{self.part}, ' if self.part else ''}{place}: {self.message} [{self.breach}]"


class _Unlinked(NamedTuple):
    """A line without a link that can be read."""

    line: LogLine
    text: bytes  # left empty if it would be too much to keep
    whole: bool


class _Gap(NamedTuple):
    """Records that are not in their place: they are missing, or are somewhere else."""

    first: int
    last: int
    line: LogLine  # the record that they should precede
    before: str  # the hash of the record before them; empty if unknown
    after: str  # the hash that the last of them has

    def takes(self, link: ChainLink) -> bool:
        """Return whether a line of one of these numbers can be that record."""
        follows = link.number > self.first or self.before in ("", link.prev)
        return follows and (link.number < self.last or self.after in ("", link.hash))

    def without(self, link: ChainLink) -> list[_Gap]:
        """Return what is left once one of them is found."""
        parts = [
            self._replace(last=link.number - 1, after=link.prev),
            self._replace(first=link.number + 1, before=link.hash),
        ]
        return [part for part in parts if part.first <= part.last]


class _Doubt(NamedTuple):
    """A line that did not follow from the previous one; the next shows which of the two is out of place."""

    before: Head
    gap: _Gap | None
    line: LogLine
    link: ChainLink


def verify_chain(
    log: LogReader, head: Head | None = None, *, progress: Callable[[int], None] | None = None
) -> Iterator[ChainFinding]:
    """Check every line of a chained log against the chain.

    Nothing is kept but gaps: a log of any size takes the same memory.

    Args:
        log: The log.
        head: The head as noted earlier, in a place that the log's owner cannot write; the file next to the log when
            left out. The record with its number must have its hash.
        progress: Called with the number of bytes read so far.

    Yields:
        Every alteration as soon as it is certain, and finally what is missing; nothing if the log is as it was written.

    Raises:
        ValueError: If no line is chained.
    """
    if head is None:
        # Read before the lines, because a writer may add lines and a new head meanwhile.
        with suppress(OSError):
            head = read_head(head_path(log.path).read_bytes())
    chain = _Chain(log, head)
    read = 0
    for line in log.lines():
        yield from chain.read(line)
        if progress is not None:
            read += len(line.text)
            progress(read)
    yield from chain.end()


class _Chain:
    """Reads line by line: lines that follow are in their place, and others are reported."""

    def __init__(self, log: LogReader, head: Head | None) -> None:
        self._log = log
        self._head = head
        self._last = START  # the last record in its place; its hash is empty where the line has been altered
        self._gaps: list[_Gap] = []
        self._early: dict[int, tuple[ChainLink, LogLine]] = {}  # records that stand before their place
        self._recent: dict[int, str] = {}  # the hashes of the last records
        self._unlinked: list[_Unlinked] = []
        self._size = 0  # in bytes, of these
        self._more = 0  # lines after them
        self._doubt: _Doubt | None = None
        self._linked = False

    def read(self, line: LogLine) -> Iterator[ChainFinding]:
        text = line.text.removesuffix(b"\n")
        link = read_link(text)
        if link is None:
            self._keep_unlinked(line)
            return
        self._linked = True
        whole = link.whole and line.whole
        if text.startswith(_NOTE):
            yield from self._hold_to_note(line, text)
        elif self._unlinked:
            yield from self._settle_unlinked(self._unlinked, link.number, whole=whole)
        yield from self._read_whole(line, link) if whole else self._read_altered(line, link)

    def end(self) -> Iterator[ChainFinding]:
        if self._unlinked and not self._linked and self._head is None:
            raise ValueError(f"the decision log {str(self._log.path)!r} is not chained")
        # A line without a line break may still be being written. If nothing says how far the log goes, it may be a
        # record.
        unlinked = [each for each in self._unlinked if each.whole]
        until = self._last.number + len(unlinked) if self._head is None else self._head.number
        if self._doubt is not None and self._doubt.gap is not None:
            yield from self._check_place(self._doubt.line, self._doubt.link)
        yield from self._settle_unlinked(unlinked, until + 1, whole=True)
        for number in sorted(self._early):
            link, line = self._early[number]
            if self._head is not None and number > self._head.number:
                yield self._tell_foreign(line, number)
                continue
            if number == self._last.number + 1:
                self._last = Head(number, link.hash)
            yield self._tell_moved(line, number)
        for gap in self._gaps:
            name = _name(gap.first, gap.last)
            yield self._tell(gap.line, Breach.MISSING, f"{name} before this one {_is(gap.first, gap.last)} missing")
        number = self._last.number
        if self._head is None:
            if number or self._unlinked:
                yield ChainFinding(0, Breach.NO_HEAD, "no head says how far the log goes; its end may be missing")
        elif self._head.number > number:
            ends = f"ends with {_name(number, number)}" if number else "has no record"
            message = f"the log {ends}, and had {_name(self._head.number, self._head.number)}"
            yield ChainFinding(0, Breach.TRUNCATED, message)

    # -- lines without a link ------------------------------------------------------------------------------------------

    def _keep_unlinked(self, line: LogLine) -> None:
        if line.text and not line.text.strip() and line.whole:
            return
        if len(self._unlinked) == _MANY:
            self._more += 1
            return
        self._size += len(line.text)
        text = line.text if self._size <= LONGEST_RULEBASE else b""
        self._unlinked.append(_Unlinked(line._replace(text=b""), text, line.whole))

    def _hold_to_note(self, line: LogLine, text: bytes) -> Iterator[ChainFinding]:
        """Compare lines without a link with the note that follows, which says what a writer left unfinished there."""
        unlinked = self._unlinked
        yield from self._settle_unlinked([], 0, whole=True)
        try:
            note = lines.parse(text + b"\n")
        except Faulty:
            note = None
        if isinstance(note, TornLine):
            if not unlinked:
                yield self._tell(line, Breach.MISSING, "what this line notes as torn is missing")
            unlinked = unlinked[: lines.find_noted(note, [each.text for each in unlinked])]
        for each in unlinked:
            yield self._tell(each.line, Breach.ALTERED, "what the next line notes as torn was altered")

    def _settle_unlinked(self, unlinked: list[_Unlinked], follower: int, *, whole: bool) -> Iterator[ChainFinding]:
        """Classify lines without a link: each takes the place of a record, if one is missing there."""
        more, self._unlinked, self._size, self._more = self._more, [], 0, 0
        for each in unlinked:
            number = self._last.number + 1
            if number < follower:
                self._last = Head(number, "")
            elif whole or number > follower:
                yield self._tell(each.line, Breach.FOREIGN, "this is not a record of the log")
                continue
            # Otherwise it is a part of that record, and the rest follows.
            message = f"{_name(number, number)} was altered so that it cannot be read"
            yield self._tell(each.line, Breach.ALTERED, message)
        if more:
            yield self._tell(unlinked[-1].line, Breach.FOREIGN, f"{more} more lines after this one are not records")

    # -- lines with a link ---------------------------------------------------------------------------------------------

    def _read_altered(self, line: LogLine, link: ChainLink) -> Iterator[ChainFinding]:
        number = self._last.number + 1
        follows = self._last.hash in ("", link.prev)
        if not follows and link.number < number:  # also out of place
            for place in self._find_gap(link.number):
                self._gaps[place : place + 1] = self._gaps[place].without(link)
            number = link.number
        else:
            if not follows and link.number > number:
                self._open_gap(link, line)
                number = link.number
            self._last = Head(number, "")
        self._doubt = None
        yield self._tell(line, Breach.ALTERED, f"{_name(number, number)} was altered")

    def _read_whole(self, line: LogLine, link: ChainLink) -> Iterator[ChainFinding]:
        yield from self._resolve_doubt(link)
        last = self._last
        if link.number <= last.number:
            yield from self._read_late(line, link)
            return
        known, gap = last.hash, None
        if link.number > last.number + 1:
            before = self._early.get(link.number - 1)
            known = before[0].hash if before else ""
            gap = self._open_gap(link, line)
            yield from self._find_moved(gap)
        if known not in ("", link.prev):
            message = f"{_name(link.number, link.number)} does not follow from the one before it"
            if last == START:
                message = "the first line belongs to another chain"
            yield self._tell(line, Breach.FOREIGN, message)
            self._doubt = _Doubt(last, None, line, link)
            self._last = Head(link.number, "")
            return
        self._last = Head(link.number, link.hash)
        self._recent[link.number] = link.hash
        if len(self._recent) > _MANY:
            del self._recent[next(iter(self._recent))]
        if gap is not None and self._gaps[-1:] == [gap]:  # no record has been found in it
            self._doubt = _Doubt(last, gap, line, link)
        else:
            yield from self._check_place(line, link)

    def _resolve_doubt(self, link: ChainLink) -> Iterator[ChainFinding]:
        """Decide, by the next line, about one that did not follow: either it or the one before it is out of place."""
        doubt, self._doubt = self._doubt, None
        if doubt is None:
            return
        if doubt.gap is None:
            if doubt.before.hash and (link.number, link.prev) == (doubt.before.number + 1, doubt.before.hash):
                self._last = doubt.before
        elif doubt.before.number < link.number < doubt.link.number:
            self._last = doubt.before
            self._gaps = [gap for gap in self._gaps if gap is not doubt.gap]
            self._recent.pop(doubt.link.number, None)
            if len(self._early) < _MANY:
                self._early[doubt.link.number] = doubt.link, doubt.line
        else:
            yield from self._check_place(doubt.line, doubt.link)

    def _check_place(self, line: LogLine, link: ChainLink) -> Iterator[ChainFinding]:
        """Check a record in its place against what else is known about its number."""
        number = link.number
        if number in self._early:
            early, where = self._early.pop(number)
            yield self._tell_again(where, early, link.hash)
        if self._head is not None and number == self._head.number and self._head.hash != link.hash:
            yield self._tell(line, Breach.FOREIGN, f"{_name(number, number)} is not the one that the head names")

    def _open_gap(self, link: ChainLink, line: LogLine) -> _Gap | None:
        if len(self._gaps) == _MANY:
            return None
        gap = _Gap(self._last.number + 1, link.number - 1, line, self._last.hash, link.prev)
        self._gaps.append(gap)
        return gap

    def _find_gap(self, number: int) -> list[int]:
        """Return the place of the gap with a number, if there is one; gaps are in order and do not overlap."""
        place = bisect_right(self._gaps, number, key=attrgetter("first")) - 1
        return [place] if place >= 0 and number <= self._gaps[place].last else []

    def _find_moved(self, gap: _Gap | None) -> Iterator[ChainFinding]:
        """Report the records that belong in a gap just opened but precede it."""
        numbers = range(gap.first, gap.last + 1) if gap else ()
        for number in numbers if len(numbers) < len(self._early) else sorted(self._early):
            if number in numbers and number in self._early:
                link, line = self._early.pop(number)
                self._gaps += self._gaps.pop().without(link)
                yield self._tell_moved(line, number)

    def _read_late(self, line: LogLine, link: ChainLink) -> Iterator[ChainFinding]:
        for place in self._find_gap(link.number):
            gap = self._gaps[place]
            if gap.takes(link):
                self._gaps[place : place + 1] = gap.without(link)
                yield self._tell_moved(line, link.number)
            else:
                yield self._tell_foreign(line, link.number)
            return
        yield self._tell_again(line, link, self._recent.get(link.number, link.hash))

    def _tell_moved(self, line: LogLine, number: int) -> ChainFinding:
        return self._tell(line, Breach.REORDERED, f"{_name(number, number)} is not in its place")

    def _tell_foreign(self, line: LogLine, number: int) -> ChainFinding:
        return self._tell(line, Breach.FOREIGN, f"{_name(number, number)} here belongs to another chain")

    def _tell_again(self, line: LogLine, link: ChainLink, own: str) -> ChainFinding:
        """Report a line whose number belongs to another line in its place."""
        if link.hash != own:
            return self._tell_foreign(line, link.number)
        return self._tell(line, Breach.DUPLICATED, f"{_name(link.number, link.number)} occurs twice")

    def _tell(self, line: LogLine, breach: Breach, message: str) -> ChainFinding:
        return ChainFinding(line.number, breach, message, self._part(line))

    def _part(self, line: LogLine) -> str:
        return "" if line.file == self._log.path else line.file.name


def _name(first: int, last: int) -> str:
    return f"record {first}" if first == last else f"records {first} to {last}"


def _is(first: int, last: int) -> str:
    return "is" if first == last else "are"
