"""Ctrl-C and a request to terminate end a command at once, with the exit code that a shell expects."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType
from typing import NoReturn

import typer

__all__ = ["signals_end_it"]

_SIGNALLED = 128  # a shell adds the number of the signal


class _Terminated(BaseException):
    """The process was asked to end."""


@contextmanager
def signals_end_it() -> Iterator[None]:
    """End the program with 130 on Ctrl-C and with 143 on SIGTERM, once what is open inside is closed."""
    if current_thread() is not main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    except KeyboardInterrupt:
        _end_quietly()
        raise typer.Exit(_SIGNALLED + signal.SIGINT) from None
    except _Terminated:
        _end_quietly()
        raise typer.Exit(_SIGNALLED + signal.SIGTERM) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _end_quietly() -> None:
    """Let what was interrupted while it was made be forgotten without a word: the program ends."""
    sys.unraisablehook = lambda _unraisable: None


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    raise _Terminated
