"""The decision log for writing: one line at a time, by many writers, any of which may be interrupted."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from threading import TIMEOUT_MAX
from types import TracebackType
from typing import Any, Final, Literal, Self

from cxrules.arguments import check_count, check_kind, check_number, check_path
from cxrules.decision_log.appender import Appender, Rotate
from cxrules.decision_log.chain import Head
from cxrules.decision_log.context import Label, check_id
from cxrules.decision_log.masking import Masking, apply_masking
from cxrules.decision_log.record import DecisionRecord, make_record, write_line
from cxrules.errors import no_such, show_value
from cxrules.recommendation.answer import Recommendation

__all__ = ["DecisionLog"]

Sync = Literal["never", "each"]

_SMALLEST_PART: Final = 1 << 20


class DecisionLog:
    """An append-only file of decisions, one JSON object on each line.

    Any number of threads and processes may append to one file, each through its own log or a shared one. A rule base is
    written once, before its first decision, so that the file alone suffices to decide again.

    When `write` returns, the operating system has the record: a crash of the process cannot lose it. With `sync="each"`
    the disk has it as well, and a crash of the machine cannot lose it either. A record whose writing was interrupted is
    a torn line: the next writer notes that and starts a new line, and readers report it and go on. A write that fails,
    as on a full disk, is undone. If the file is renamed or removed meanwhile, the next record goes to a new file of the
    old name.

    A log can be pickled; the copy opens the file again. Windows has no `flock`: there, one process at a time may
    append.

    Attributes:
        path: Where the file is.
        masking: What its records must not say.
        sync: `never` or `each`: whether to wait for the disk after each record.
        chained: Whether each line has the hash of the line before.

    Examples:
        >>> import cxrules, tempfile
        >>> from pathlib import Path
        >>> folder = tempfile.TemporaryDirectory()
        >>> with DecisionLog(Path(folder.name, "decisions.jsonl")) as log:
        ...     record = log.write(cxrules.recommend(maturity="early"), labels={"customer": "c-17"})
        >>> record["labels"], len(log.path.read_text().splitlines())
        ({'customer': 'c-17'}, 2)
        >>> folder.cleanup()
    """

    def __init__(  # noqa: PLR0913 - each has a default that is right for most
        self,
        path: str | os.PathLike[str],
        *,
        masking: Masking | None = None,
        sync: Sync = "never",
        digest: bool = False,
        chained: bool = False,
        rotate: Rotate = None,
        mode: int = 0o600,
        lock_timeout: float | None = 10.0,
        clock: Callable[[], datetime] | None = None,
        new_id: Callable[[], str] | None = None,
    ) -> None:
        """Open the file, or create it.

        Args:
            path: Where it is. Its folder must exist. A relative path refers to the current working directory.
            masking: What its records must not say.
            sync: `each` to wait after each record until the disk has it; `never` to leave that to the system.
            digest: Whether each record keeps the SHA-256 of the whole answer and of its full explanation but for what
                is found by search, so that replay compares every word. Writing the words takes far longer than
                everything else.
            chained: Whether each line has the hash of the line before, so that an altered, missing or reordered record
                shows. A file is chained from its first line, or not at all.
            rotate: `day` to begin a new file with the first record of each day (UTC), or the bytes that a file may
                have, at least 1 MiB. The old one becomes `PATH.000001`, the next `PATH.000002`; readers read them all.
            mode: The permissions of a new file; by default only its owner can read it.
            lock_timeout: The seconds to wait for another writer; None to wait for ever.
            clock: Returns the time of a record, with a time zone; the system's when left out.
            new_id: Returns the id of a record; the recommendation's when left out.

        Raises:
            OSError: If the file cannot be opened for writing, or is not a regular file.
            ValueError: If there is no such `sync`, `rotate` or `mode`, the time-out is negative, or no file can have
                the path.
            TypeError: If one of them is something else.
        """
        given: Any = sync, rotate  # whatever the caller gave
        if not isinstance(given[0], str) or sync not in ("never", "each"):
            raise no_such("sync", sync, ("never", "each"))
        whole = type(rotate) is int and rotate >= _SMALLEST_PART
        if not (rotate is None or whole or (isinstance(given[1], str) and rotate == "day")):
            raise ValueError(f"rotate is 'day' or a number of bytes from {_SMALLEST_PART}, not {show_value(rotate)}")
        if lock_timeout is not None:
            lock_timeout = check_number("lock_timeout", lock_timeout, 0)
            lock_timeout = None if lock_timeout > TIMEOUT_MAX else lock_timeout
        mode = check_count("mode", mode, 0, 0o7777)
        if masking is not None:
            check_kind("masking", masking, Masking, "a Masking")
        for name, called in (("clock", clock), ("new_id", new_id)):
            if called is not None and not callable(called):
                raise TypeError(f"{name} is a function, not {show_value(called)}")
        path = check_path("the path of a decision log", path)
        self.path = path.absolute()  # the file stays the same when the working directory changes
        self.masking = masking or Masking()
        self.sync: Sync = sync
        self.chained = chained
        self._digest = digest
        self._rotate: Rotate = rotate
        self._mode = mode
        self._timeout = lock_timeout
        self._clock = clock
        self._new_id = new_id
        self._closed = False
        self._appender: Appender | None = self._open()

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
            recommendation: The decision.
            id: Its name; the recommendation's own when left out, or one from `new_id`.
            labels: Your own labels, which take precedence over those of the context.
            trace_id: The trace; the context's, or that of OpenTelemetry's current span, when left out.
            span_id: The span, likewise.
            duration: How many seconds it took, if you measured it.

        Returns:
            The record, with what its line leaves out.

        Raises:
            OSError: If the record could not be written. The file is unchanged.
            TimeoutError: If another writer held the file for longer than `lock_timeout`.
            InvalidMasking: If the masking names a fact that the rule base does not know. Nothing is written.
            TypeError: If the id is not a text, the duration not a number, or a label not a text, number, boolean or
                None.
            ValueError: If the id is empty, the duration is negative or not finite, the record would be too long to be
                read back, the log is closed, or the file is chained and this log is not (or the other way round).
            RuntimeError: If a signal handler calls it while the thread it interrupted is writing.
            MissingRuleBase: If the recommendation is a copy whose rule base is not available.
        """
        if id is None and self._new_id is not None:
            id = check_id(self._new_id())  # noqa: A001 - see above
        record = make_record(
            recommendation,
            id=id,
            time=None if self._clock is None else self._clock(),
            labels=labels,
            trace_id=trace_id,
            span_id=span_id,
            duration=duration,
            digest=self._digest,
        )
        if self.masking:
            record = apply_masking(self.masking, record, recommendation.judge)
        line = write_line(record)
        self._hold().append(line, recommendation.rulebase, record["time"][:10], durable=self.sync == "each")
        return record

    def head(self) -> Head:
        """Return the head of a chained log: the number and the hash of its last line.

        If kept where the log's owner cannot write, it lets others check the log later: `cxrules log verify --head`.

        Raises:
            ValueError: If the log is not chained, or is closed.
        """
        if not self.chained:
            raise ValueError(f"the decision log {str(self.path)!r} is not chained")
        return self._hold().head()

    def close(self) -> None:
        """Close the file. Nothing can be written afterwards; closing again does nothing."""
        appender, self._appender, self._closed = self._appender, None, True
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

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_appender": None}

    def _hold(self) -> Appender:
        appender = self._appender
        if appender is None:
            if self._closed:
                raise ValueError(f"the decision log {str(self.path)!r} is closed")
            # For a pickled copy. Threads that arrive here at the same time may each open one; their locks still exclude
            # each other.
            appender = self._appender = self._open()
        return appender

    def _open(self) -> Appender:
        return Appender(self.path, chained=self.chained, rotate=self._rotate, mode=self._mode, timeout=self._timeout)
