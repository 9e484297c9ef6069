"""Progress: one line on a terminal for work that takes more than a second, and nothing anywhere else."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sized
from time import monotonic
from types import TracebackType
from typing import Self, TextIO, TypeVar

__all__ = ["Progress"]

Item = TypeVar("Item")

_PATIENCE = 1.0  # seconds before anything is shown
_PAUSE = 0.1  # seconds between two changes of the line
_WIPE = "\r\x1b[2K"


class Progress:
    """A line on standard error that shows the progress of the work, and disappears at the end.

    It is shown only on a terminal, and only once the work has taken more than a second.

    Examples:
        >>> with Progress() as progress:
        ...     for name in progress.follow(["one", "two"], "reading"):
        ...         progress.show(f"reading {name}")
    """

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = monotonic) -> None:
        """Begin.

        Args:
            stream: The stream to write to; standard error when left out.
            clock: Returns the time in seconds.
        """
        self._stream = sys.stderr if stream is None else stream
        self._clock = clock
        self._next = clock() + _PATIENCE
        self._shown = False
        self._on = _is_terminal(self._stream)

    def show(self, text: str) -> None:
        """Show the progress, replacing what was shown before."""
        if self._on and (now := self._clock()) >= self._next:
            self._next = now + _PAUSE
            self._shown = True
            self._write(_WIPE + text[: max(shutil.get_terminal_size().columns - 1, 1)])

    def follow(self, items: Iterable[Item], what: str, total: int | None = None) -> Iterator[Item]:
        """Pass items on, and show how many have passed.

        Args:
            items: The items.
            what: What is done with them.
            total: The number of items, if known; their length if they have one.
        """
        if total is None and isinstance(items, Sized):
            total = len(items)
        for number, item in enumerate(items, 1):
            yield item
            self.show(f"{what}: {number:,}" + ("" if total is None else f" of {total:,}"))

    def wipe(self) -> None:
        """Take the line away."""
        if self._shown:
            self._shown = False
            self._write(_WIPE)

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # the terminal is gone, but the work continues
            self._on = False

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Take the line away."""
        self.wipe()


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except (AttributeError, ValueError):  # none, or closed
        return False
