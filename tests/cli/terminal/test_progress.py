"""Progress shows on a terminal, after a second, and is gone when the work is done; elsewhere nothing is written."""

from __future__ import annotations

import io

import pytest

pytest.importorskip("typer", reason="the extra `cli` is not installed")

from cxrules.cli.terminal.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 0.4
        return self.now


def test_it_shows_after_a_second_and_goes_away() -> None:
    terminal = Terminal()
    with Progress(terminal, Clock()) as progress:
        assert list(progress.follow("abcdef", "reading")) == list("abcdef")
        shown = terminal.getvalue().split("\r\x1b[2K")
        assert shown[0] == ""
        assert shown[1:] == ["reading: 3 of 6", "reading: 4 of 6", "reading: 5 of 6", "reading: 6 of 6"]
    assert terminal.getvalue().endswith("\r\x1b[2K")


def test_what_ends_soon_shows_nothing() -> None:
    terminal = Terminal()
    with Progress(terminal, lambda: 0.0) as progress:
        list(progress.follow(iter("abc"), "reading"))
    assert terminal.getvalue() == ""


def test_nothing_is_written_elsewhere() -> None:
    pipe = io.StringIO()
    with Progress(pipe, Clock()) as progress:
        list(progress.follow(iter("abcdef"), "reading"))
    assert pipe.getvalue() == ""


def test_it_is_no_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "10")
    terminal = Terminal()
    clock = Clock()
    progress = Progress(terminal, clock)
    clock.now = 5
    progress.show("a line that is too long")
    assert terminal.getvalue() == "\r\x1b[2Ka line th"


def test_a_terminal_that_is_gone_does_not_stop_the_work() -> None:
    terminal = Terminal()
    with Progress(terminal, Clock()) as progress:
        terminal.close()
        assert list(progress.follow("abcdef", "reading")) == list("abcdef")
