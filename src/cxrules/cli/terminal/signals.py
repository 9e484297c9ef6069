"""Ctrl-C, SIGTERM and a terminal that closes end a command at once, with the exit code that a shell expects."""

from __future__ import annotations

import signal
import sys
from _thread import interrupt_main
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer, current_thread, main_thread
from types import FrameType
from typing import NoReturn

__all__ = ["accept_interrupt", "signals_end_it", "signals_stay_signals"]

_SIGNALLED = 128  # a shell adds the number of the signal
_ENDING = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))  # not on Windows
_AGAIN = 0.5  # seconds after which a signal that was swallowed is raised again


_come: list[int] = []
"""The signals that have asked this process to end, while `signals_end_it` listens; in a host program always empty."""


class _Signalled(KeyboardInterrupt):
    """The process was asked to end."""


@contextmanager
def signals_end_it() -> Iterator[None]:
    """End the program with 130 on Ctrl-C, 143 on SIGTERM and 129 on SIGHUP, once everything open inside is closed.

    Only for the entry point of a process of our own: in a host program, signals are the host's.

    The interrupted code may turn the signal into another exception (as ctypes does when it converts an argument) or
    swallow it (in a destructor, or a bare `except`). So it is noted when it comes, ends the program whatever happens to
    the exception, and is raised again until it does.
    """
    if current_thread() is not main_thread():
        yield
        return

    def end(number: int, _frame: FrameType | None) -> NoReturn:
        _come.append(number)
        sys.unraisablehook = lambda _unraisable: None  # anything interrupted during its creation is dropped silently
        again = Timer(_AGAIN, raise_again, [signal.Signals(number)])
        again.daemon = True
        again.start()
        raise _Signalled

    def raise_again(number: signal.Signals) -> None:
        if waiting and number in _come:
            interrupt_main(number)

    waiting = True
    before = {number: signal.getsignal(number) for number in _ENDING}
    before = {number: handler for number, handler in before.items() if handler not in (None, signal.SIG_IGN)}
    for number in before:
        signal.signal(number, end)
    try:
        yield
    except BaseException:
        if not _come:
            raise
    finally:
        waiting = False
        for number, handler in before.items():
            signal.signal(number, handler)
        come, _come[:] = [*_come], []
    if come:
        raise SystemExit(_SIGNALLED + come[0])


def accept_interrupt() -> None:
    """Take Ctrl-C for an answer, to be called where it was caught: the command ends as it does without it."""
    _come[:] = [number for number in _come if number != signal.SIGINT]


@contextmanager
def signals_stay_signals() -> Iterator[None]:
    """Raise a signal again that the code inside swallowed or turned into another exception, before that is shown."""
    try:
        yield
    except BaseException:
        if not _come:
            raise
    if _come:
        raise _Signalled
