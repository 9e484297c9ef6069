"""Standard input and output, which may be closed, full, or of a code page that lacks a character."""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from cxrules.cli.terminal.exit_codes import ExitCode
from cxrules.doubts import UnlikelyFact
from cxrules.errors import show_text

__all__ = ["doubts_are_lines", "whatever_the_streams"]

_LAST_STANDARD = 2  # the number of standard error


@contextmanager
def whatever_the_streams() -> Iterator[None]:
    """Replace characters that the code page lacks; if nothing can be written, end with one line.

    A stream that was closed before the program began stays closed: nothing is written to it, and no file that is opened
    takes its place. A host may have replaced the streams by objects that can only be written to.
    """
    _keep_numbers()
    with _buffered("stdout"), _buffered("stderr"), _losses_end_it():
        for stream in (sys.stdin, sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")
        yield


@contextmanager
def _losses_end_it() -> Iterator[None]:
    try:
        try:
            yield
        finally:
            if hasattr(sys.stdout, "flush"):
                sys.stdout.flush()
    except BrokenPipeError:
        _give_up()
        raise SystemExit(ExitCode.OUTPUT_LOST) from None
    except SystemExit:
        if type(sys.stdout).__name__.endswith("PacifyFlushWrapper"):  # raised by Typer once nobody reads, with code 1
            raise SystemExit(ExitCode.OUTPUT_LOST) from None
        raise
    except OSError as error:
        _give_up()
        with suppress(OSError):
            what = show_text(str(error.filename or "the output cannot be written"))
            print(f"cxrules: {what}: {error.strerror or error}", file=sys.stderr)
        raise SystemExit(ExitCode.WRONG_INPUT if error.filename else ExitCode.OUTPUT_LOST) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


@contextmanager
def _buffered(name: str) -> Iterator[None]:
    """Buffer a standard stream that is not (`python -u`, PYTHONUNBUFFERED): it loses what one write does not take."""
    stream = getattr(sys, name)
    raw = getattr(stream, "buffer", None)
    if not isinstance(raw, io.RawIOBase):
        yield
        return
    buffered = io.TextIOWrapper(io.BufferedWriter(raw), stream.encoding, stream.errors, line_buffering=True)
    setattr(sys, name, buffered)
    try:
        yield
    finally:
        setattr(sys, name, stream)
        try:
            buffered.flush()
        except (OSError, ValueError):
            _discard(raw)
        buffered.detach().detach()  # or the stream would be closed with it


@contextmanager
def doubts_are_lines() -> Iterator[None]:
    """Show a warning about an unlikely fact once, as one line without the place in the code."""
    said: set[str] = set()
    with warnings.catch_warnings():
        warnings.simplefilter("always", UnlikelyFact)  # under `-W error` it would end the command
        show = warnings.showwarning

        def show_line(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if not issubclass(category, UnlikelyFact):
                show(message, category, filename, lineno, file, line)
            elif str(message) not in said:
                said.add(str(message))
                print(f"cxrules: {message}", file=sys.stderr)

        warnings.showwarning = show_line
        yield


def _keep_numbers() -> None:
    """Open the three standard descriptors that are closed, or the next file to be opened would be one of them."""
    with suppress(OSError):
        while (opened := os.open(os.devnull, os.O_RDWR)) <= _LAST_STANDARD:
            pass
        os.close(opened)


def _give_up() -> None:
    """Discard what is still to be written, or the interpreter would complain again when it exits."""
    with suppress(AttributeError):  # there is none, or it is a host's own
        _discard(sys.stdout)


def _discard(stream: TextIO | io.RawIOBase) -> None:
    with suppress(OSError, ValueError):
        lost = stream.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, lost)
        os.close(nowhere)
