"""The file of a decision log: many writers append to it, one line at a time, and any of them may crash."""

from __future__ import annotations

import json
import os
import stat
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self
from uuid import uuid4

from cxrules.decision_log.context import Label, check_id
from cxrules.decision_log.masking import Masking, apply_masking
from cxrules.decision_log.record import DecisionRecord, make_record, make_rulebase_record, write_line
from cxrules.errors import suggest
from cxrules.recommendation.answer import Recommendation
from cxrules.rulebase import RuleBase

if sys.platform != "win32":
    import fcntl

__all__ = ["RULEBASE_START", "DecisionLog", "Sync", "holds_rulebase"]

Sync = Literal["never", "each"]

RULEBASE_START: Final = b'{"kind":"rulebase","format":1,"revision":"'
"""How the line of a rule base starts, up to its revision."""

_CHUNK: Final = 1 << 20


class DecisionLog:
    """An append-only file of decisions, one JSON object on a line.

    Any number of threads and processes may append to one file, each with its own log or sharing one. A rule
    base is written once, before the first decision that it gave, so that the file alone suffices to decide again.

    When `write` returns, the operating system has the record: a crash of the process cannot lose it. Under
    `sync="each"` the disk has it as well, so that neither can a crash of the machine. A record whose writing was cut
    short is a torn line: the next writer starts a new one after it, readers report it and go on. A write that fails, as
    on a full disk, takes back what it wrote. If the file is renamed or removed meanwhile, the next record goes to a new
    file of the old name.

    Windows has no `flock`: there, one process at a time may append.

    Attributes:
        path: Where the file is.
        masking: What its records do not say.
        sync: `never` or `each`: after which records the disk is waited for.

    Examples:
        >>> import cxrules, tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> with DecisionLog(Path(folder.name, "decisions.jsonl")) as log:
        ...     record = log.write(cxrules.recommend(maturity="early"), labels={"customer": "c-17"})
        >>> record["labels"], len(log.path.read_text().splitlines())
        ({'customer': 'c-17'}, 2)
        >>> folder.cleanup()
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        masking: Masking | None = None,
        sync: Sync = "never",
        digest: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        new_id: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        """Open the file, or create it.

        Args:
            path: Where it is. Its folder must exist.
            masking: What its records do not say.
            sync: `each` to wait after each record until it is on the disk; `never` to leave that to the system.
            digest: Whether each record keeps the SHA-256 of its full explanation, so that replay compares the words.
            clock: Returns the time of a record, with a time zone.
            new_id: Returns the name of a record.

        Raises:
            OSError: If the file cannot be opened for writing, or is no regular file.
            ValueError: If there is no such `sync`.
        """
        if sync not in ("never", "each"):
            raise ValueError(f"no such sync: {sync!r}; {suggest(sync, ('never', 'each'))}")
        self.path = Path(path).absolute()  # the file stays the same when the working directory changes
        self.masking = masking or Masking()
        self.sync: Sync = sync
        self._digest = digest
        self._clock = clock
        self._new_id = new_id
        self._appender: _Appender | None = _Appender(self.path)

    def write(
        self,
        recommendation: Recommendation,
        *,
        id: str | None = None,  # noqa: A002 - the record's own name for it
        labels: Mapping[str, Label] | None = None,
        trace_id: str | None = None,
        span_id: str | None = None,
        duration: float | None = None,
    ) -> DecisionRecord:
        """Append a decision.

        Args:
            id: Its name; one from `new_id` when left out.
            labels: Your labels, on top of those of the context.
            trace_id: The trace; the context's when left out.
            span_id: The span; the context's when left out.
            duration: How many seconds it took, if you measured it.

        Returns:
            The record, as it stands in the file.

        Raises:
            OSError: If the record could not be written. The file is as it was.
            InvalidMasking: If the masking names a fact that the rule base does not know. Nothing is written.
            TypeError: If the id is no text, the duration no number, or a label neither text, number, boolean nor None.
            ValueError: If the id is empty, the duration is negative or not finite, the record would be longer than any
                reader reads, or the log is closed.
            MissingRuleBase: If the recommendation is a copy whose rule base is not available.
        """
        record = make_record(
            recommendation,
            id=check_id(self._new_id() if id is None else id),
            time=self._clock(),
            labels=labels,
            trace_id=trace_id,
            span_id=span_id,
            duration=duration,
            digest=self._digest,
        )
        if self.masking:
            record = apply_masking(self.masking, record, recommendation.judge)
        self._own_appender().append(write_line(record), recommendation.rulebase, durable=self.sync == "each")
        return record

    def close(self) -> None:
        """Close the file. Nothing can be written afterwards; closing again does nothing."""
        appender, self._appender = self._appender, None
        if appender is not None:
            appender.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"DecisionLog({str(self.path)!r})"

    def _own_appender(self) -> _Appender:
        appender = self._appender
        if appender is None:
            raise ValueError(f"the decision log {str(self.path)!r} is closed")
        if appender.process != os.getpid():
            # Inherited by fork: the lock on the file would be shared with the parent, and so keep nobody out. Threads
            # that come here at the same time may each open one: their locks keep each other out all the same.
            appender.abandon()
            appender = self._appender = _Appender(self.path)
        return appender


class _Appender:
    """One process's hold on the file: an open descriptor, and the rule bases seen to be in it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.Lock()
        self._embedded: set[str] = set()
        self._closed = False
        self.process = os.getpid()
        self._descriptor = self._open()

    def append(self, line: bytes, rulebase: RuleBase, *, durable: bool) -> None:
        with self._threads, self._named_errors(), self._alone() as descriptor:
            size = os.fstat(descriptor).st_size
            start = b"" if _ends_a_line(descriptor, size) else b"\n"
            if rulebase.revision not in self._embedded and not holds_rulebase(descriptor, rulebase.revision):
                start += write_line(make_rulebase_record(rulebase))
            _write_whole(descriptor, start + line, size)
            if durable:
                os.fsync(descriptor)
            self._embedded.add(rulebase.revision)

    def close(self) -> None:
        with self._threads:
            self._closed = True
            self.abandon()

    def abandon(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _open(self) -> int:
        with self._named_errors():
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
            # Opening a pipe blocks until it has a reader; O_NONBLOCK keeps us from waiting for one.
            descriptor = os.open(self._path, flags | getattr(os, "O_NONBLOCK", 0), 0o666)
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                os.close(descriptor)
                raise OSError(f"a decision log is a regular file, and this is none: {str(self._path)!r}")
            return descriptor

    @contextmanager
    def _alone(self) -> Iterator[int]:
        """Lock the file that has the name now."""
        if self._closed:
            raise ValueError(f"the decision log {str(self._path)!r} is closed")
        try:
            while True:
                if self._descriptor < 0:
                    self._descriptor = self._open()
                    self._embedded.clear()
                _lock(self._descriptor)
                if self._is_current():
                    break
                self.abandon()
            yield self._descriptor
        finally:
            if self._descriptor >= 0:
                _unlock(self._descriptor)

    def _is_current(self) -> bool:
        try:
            named = os.stat(self._path)  # noqa: PTH116 - beside fstat
        except FileNotFoundError:
            return False
        held = os.fstat(self._descriptor)
        if held.st_size == 0:
            self._embedded.clear()  # emptied in place
        return (named.st_dev, named.st_ino) == (held.st_dev, held.st_ino)

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno is None or error.filename is not None:
                raise
            raise OSError(error.errno, error.strerror, str(self._path)) from error


def _lock(descriptor: int) -> None:
    if sys.platform != "win32":
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _unlock(descriptor: int) -> None:
    if sys.platform != "win32":
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def _ends_a_line(descriptor: int, size: int) -> bool:
    return size == 0 or _read_at(descriptor, 1, size - 1) == b"\n"


def _write_whole(descriptor: int, data: bytes, size: int) -> None:
    """Append all of the data, or leave the file of this size as it was."""
    done = 0
    try:
        while done < len(data):
            # One call as a rule; a disk that is nearly full takes a part and refuses the rest.
            done += os.write(descriptor, memoryview(data)[done:])
    except BaseException:
        with suppress(OSError):
            if os.fstat(descriptor).st_size == size + done:
                os.ftruncate(descriptor, size)
        raise


def holds_rulebase(descriptor: int, revision: str) -> bool:
    """Return whether a file holds a rule base, whole and unaltered.

    It searches from the start, where rule bases usually stand.
    """
    wanted = RULEBASE_START + revision.encode() + b'"'
    return any(_is_whole(_read_line_at(descriptor, start), revision) for start in _find_lines(descriptor, wanted))


def _find_lines(descriptor: int, wanted: bytes) -> Iterator[int]:
    """Return the offsets of the lines with this beginning."""
    wanted = b"\n" + wanted
    tail = b"\n"  # before the first line
    offset = -1  # of the first byte of `tail` in the file
    while True:
        chunk = _read_at(descriptor, _CHUNK, offset + len(tail))
        if not chunk:
            return
        window = tail + chunk
        found = window.find(wanted)
        while found >= 0:
            yield offset + found + 1
            found = window.find(wanted, found + 1)
        # Too short for a whole match, so that no match is found twice.
        tail = window[-(len(wanted) - 1) :]
        offset += len(window) - len(tail)


def _read_line_at(descriptor: int, offset: int) -> bytes:
    parts = []
    while chunk := _read_at(descriptor, _CHUNK, offset):
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


def _read_at(descriptor: int, size: int, offset: int) -> bytes:
    if sys.platform != "win32":
        return os.pread(descriptor, size, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.read(descriptor, size)
