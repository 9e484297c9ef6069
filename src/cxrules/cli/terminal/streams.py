"""Standard input and output, which may be closed, full, or of a code page that lacks a character."""

from __future__ import annotations

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
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
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
    with suppress(OSError, ValueError, AttributeError):  # there is none, or it is a host's own
        lost = sys.stdout.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, lost)
        os.close(nowhere)
