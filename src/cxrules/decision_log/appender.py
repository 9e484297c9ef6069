"""One process's hold on the file of a log: a descriptor, a lock, and what is known about the end of the file."""

from __future__ import annotations

import os
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from time import monotonic, sleep
from typing import Literal, TypeAlias
from weakref import WeakSet

from cxrules.decision_log.chain import LINK_SIZE, START, Head, link, read_head, write_head
from cxrules.decision_log.record import FORMAT, make_rulebase_record, write_line
from cxrules.decision_log.rotation import End, head_path, holds_rulebase, list_parts, next_part, read_at, read_end
from cxrules.rulebase import RuleBase

if sys.platform != "win32":
    import fcntl

__all__ = ["Appender", "Rotate"]

Rotate: TypeAlias = Literal["day"] | int | None


class Appender:
    """One process's hold on the file: an open descriptor, the rule bases seen to be in it, and its end."""

    def __init__(self, path: Path, *, chained: bool, rotate: Rotate, mode: int, timeout: float | None) -> None:
        self._path = path
        self._chained, self._rotate, self._mode, self._timeout = chained, rotate, mode, timeout
        self._threads = threading.Lock()
        self._writing = 0  # the thread that is writing
        self._embedded: set[str] = set()
        self._end: End | None = None
        self._closed = False
        self._size = 0  # the size of the file when it was last locked
        self._descriptor = -1
        self._descriptor = self._open()
        _ALIVE.add(self)

    def append(self, line: bytes, rulebase: RuleBase, day: str, *, durable: bool) -> None:
        """Append a line, preceded by the rule base if the file does not contain it yet."""
        with self._one_thread(), self._named_errors(), self._alone():
            if self._must_rotate(len(line), day):
                self._rotate_away()
            descriptor, end = self._descriptor, self._look_at_end()
            lines = [line]
            if rulebase.revision not in self._embedded and not holds_rulebase(descriptor, rulebase.revision):
                lines.insert(0, write_line(make_rulebase_record(rulebase)))
            if end.torn:
                left = read_at(descriptor, end.torn, end.size - end.torn)
                digest = sha256(left).hexdigest()
                lines.insert(0, write_line({"kind": "torn", "format": FORMAT, "bytes": end.torn, "sha256": digest}))
            head = end.head
            if head is not None:
                for number, one in enumerate(lines):
                    lines[number], head = link(one, head)
            data = (b"\n" if end.torn else b"") + b"".join(lines)
            self._end = None
            _write_whole(descriptor, data, end.size)
            if durable:
                os.fsync(descriptor)
            if head is not None:
                with suppress(OSError):  # the record is written; the next one updates the head
                    self._note_head(head, durable=durable)
            self._embedded.add(rulebase.revision)
            self._end = End(end.size + len(data), 0, head, day)

    def head(self) -> Head:
        """Return the head of the chain in the file."""
        with self._one_thread(), self._named_errors(), self._alone():
            return self._look_at_end().head or START

    def close(self) -> None:
        """Close the file. Nothing can be appended afterwards."""
        with self._one_thread():
            self._closed = True
            self.abandon()

    def abandon(self) -> None:
        """Release the descriptor."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with suppress(OSError):  # pragma: no cover - nothing to be done about it
                os.close(descriptor)

    def forget(self) -> None:
        """Start again in the child of a fork: everything the parent holds, above all its lock, is the parent's."""
        self.abandon()
        self._threads = threading.Lock()
        self._writing = 0
        self._embedded.clear()
        self._end = None

    def __del__(self) -> None:
        self.abandon()

    # -- the file ------------------------------------------------------------------------------------------------------

    def _open(self) -> int:
        with self._named_errors(), _OPENING:
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
            # Opening a pipe might wait for a reader; O_NONBLOCK prevents that.
            descriptor = os.open(self._path, flags | getattr(os, "O_NONBLOCK", 0), self._mode)
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                os.close(descriptor)
                raise OSError(f"a decision log is a regular file, and this is none: {str(self._path)!r}")
            return descriptor

    @contextmanager
    def _one_thread(self) -> Iterator[None]:
        if self._writing == threading.get_ident():
            raise RuntimeError(
                f"the decision log {str(self._path)!r} is being written by this very thread: "
                "a signal handler interrupted it, and cannot write meanwhile"
            )
        if not self._threads.acquire(timeout=-1 if self._timeout is None else self._timeout):
            raise self._timed_out()
        try:
            self._writing = threading.get_ident()
            yield
        finally:
            self._writing = 0
            self._threads.release()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes out of the file that has the name now."""
        if self._closed:
            raise ValueError(f"the decision log {str(self._path)!r} is closed")
        try:
            self._take_hold()
            yield
        finally:
            if self._descriptor >= 0:
                _unlock(self._descriptor)

    def _take_hold(self) -> None:
        while True:
            if self._descriptor < 0:
                self._descriptor = self._open()
                self._embedded.clear()
                self._end = None
            _lock(self._descriptor, self._timeout, self._timed_out)
            if self._is_current():
                return
            self._let_go()

    def _let_go(self) -> None:
        _unlock(self._descriptor)  # closing releases nothing while a child that was forked unawares has it open too
        self.abandon()

    def _is_current(self) -> bool:
        try:
            named = os.stat(self._path)  # noqa: PTH116 - beside fstat
        except FileNotFoundError:
            return False
        held = os.fstat(self._descriptor)
        self._size = held.st_size
        if held.st_size == 0:
            self._embedded.clear()  # emptied in place
        return (named.st_dev, named.st_ino) == (held.st_dev, held.st_ino)

    def _timed_out(self) -> TimeoutError:
        import errno

        message = f"another writer has held the decision log for {self._timeout:g} seconds"
        return TimeoutError(errno.ETIMEDOUT, message, str(self._path))

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno is None or error.filename is not None:
                raise
            raise OSError(error.errno, error.strerror, str(self._path)) from error

    # -- its end -------------------------------------------------------------------------------------------------------

    def _look_at_end(self) -> End:
        size, end = self._size, self._end
        if end is None or end.size != size:
            end = read_end(self._descriptor, size)
            if self._chained:
                end = end._replace(head=self._find_head(end))
            # A last line whose link cannot be read any more is of a chained log if a head is noted beside it.
            if size > end.torn and (end.head not in (None, START)) != self._chained:
                kept, other = ("is not", "without") if self._chained else ("is", "with")
                raise ValueError(f"the decision log {str(self._path)!r} {kept} chained; open it {other} chained=True")
            self._end = end
        return end

    def _find_head(self, end: End) -> Head:
        """Return the head that the next line is chained to: the file's, that noted beside it, or the last part's."""
        heads = [end.head or START]
        for part in list_parts(self._path)[-1:] if end.head is None else ():
            with part.open("rb") as file:
                heads.append(read_end(file.fileno(), os.fstat(file.fileno()).st_size).head or START)
        with suppress(FileNotFoundError):
            heads.append(read_head(head_path(self._path).read_bytes()) or START)
        # The file itself takes precedence over the noted head, which a crash may have left half written.
        return max(heads, key=lambda head: head.number)

    def _note_head(self, head: Head, *, durable: bool) -> None:
        flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(head_path(self._path), flags, self._mode)
        try:
            if sys.platform != "win32":
                os.pwrite(descriptor, write_head(head), 0)
            else:
                os.write(descriptor, write_head(head))
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    # -- rotation ------------------------------------------------------------------------------------------------------

    def _must_rotate(self, more: int, day: str) -> bool:
        size = self._size
        if self._rotate is None or size == 0:
            return False
        if self._rotate == "day":
            # A clock that goes backwards does not begin a new file.
            last = self._look_at_end().day
            return bool(last) and day > last
        return size + more + self._chained * LINK_SIZE > self._rotate

    def _rotate_away(self) -> None:
        self._look_at_end()  # a log that must not be written must not be rotated
        self._path.rename(next_part(self._path))
        # A process that waits for the lock finds that the name has moved on, and follows.
        self._let_go()
        self._take_hold()


_ALIVE: WeakSet[Appender] = WeakSet()


def _forget_all() -> None:
    for appender in list(_ALIVE):
        appender.forget()


_OPENING = threading.RLock()
"""Held while a file is opened and while a process forks, so that a child knows every descriptor it inherits."""


def _begin_child() -> None:
    _OPENING.release()
    _forget_all()


if hasattr(os, "register_at_fork"):
    # A descriptor inherited by fork would share the parent's lock, and an idle child could keep it after the parent's
    # end.
    os.register_at_fork(before=_OPENING.acquire, after_in_parent=_OPENING.release, after_in_child=_begin_child)


def _lock(descriptor: int, timeout: float | None, timed_out: Callable[[], TimeoutError]) -> None:
    if sys.platform == "win32":
        return
    with suppress(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return
    if timeout is None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return
    end = monotonic() + timeout
    pause = 0.0001
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        if monotonic() >= end:
            raise timed_out()
        sleep(pause)
        pause = min(2 * pause, 0.005)


def _unlock(descriptor: int) -> None:
    if sys.platform != "win32":
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def _write_whole(descriptor: int, data: bytes, size: int) -> None:
    """Append all the data, or leave the file at its size."""
    done = 0
    try:
        while done < len(data):
            # Usually one call; a disk that is nearly full takes a part and refuses the rest.
            done += os.write(descriptor, memoryview(data)[done:])
    except BaseException:
        with suppress(OSError):
            if os.fstat(descriptor).st_size == size + done:
                os.ftruncate(descriptor, size)
        raise
