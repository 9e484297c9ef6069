"""Progress appears on a terminal after a second and disappears when the work is done; elsewhere nothing is written."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("typer", reason="the extra `cli` is not installed")

from typer.testing import CliRunner

from cxrules import Advisor, RuleBase
from cxrules.cli.app import make_app
from cxrules.cli.terminal import progress as module
from cxrules.cli.terminal.progress import Progress
from cxrules.decision_log import DecisionLog
from tests import DATA
from tools import fuzz


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """A clock that tests advance by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 0.4
        return self.now


def test_progress_appears_after_a_second_and_disappears() -> None:
    terminal = Terminal()
    with Progress(terminal, Clock()) as progress:
        assert list(progress.follow("abcdef", "reading")) == list("abcdef")
        shown = terminal.getvalue().split("\r\x1b[2K")
        assert shown[0] == ""
        assert shown[1:] == ["reading: 3 of 6", "reading: 4 of 6", "reading: 5 of 6", "reading: 6 of 6"]
    assert terminal.getvalue().endswith("\r\x1b[2K")


def test_short_work_shows_nothing() -> None:
    terminal = Terminal()
    with Progress(terminal, lambda: 0.0) as progress:
        list(progress.follow(iter("abc"), "reading"))
    assert terminal.getvalue() == ""


def test_nothing_is_written_without_a_terminal() -> None:
    pipe = io.StringIO()
    with Progress(pipe, Clock()) as progress:
        list(progress.follow(iter("abcdef"), "reading"))
    assert pipe.getvalue() == ""


def test_progress_is_no_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "10")
    terminal = Terminal()
    clock = Clock()
    progress = Progress(terminal, clock)
    clock.now = 5
    progress.show("a line that is too long")
    assert terminal.getvalue() == "\r\x1b[2Ka line th"


def test_work_continues_without_its_terminal() -> None:
    terminal = Terminal()
    with Progress(terminal, Clock()) as progress:
        terminal.close()
        assert list(progress.follow("abcdef", "reading")) == list("abcdef")


# --- the commands that take long

SMALL = DATA / "small_base"
CASES = "cases: [{id: dry, given: {soil: dry, can_at_hand: true}, expect: {model: gardener}}]"


def run_command(*arguments: object) -> Callable[[Path], str]:
    def run(folder: Path) -> str:
        (folder / "cases.yaml").write_text(CASES, "utf-8")
        log = folder / "log.jsonl"
        with DecisionLog(log, chained=True) as decisions:
            for soil in ("dry", "wet"):
                decisions.write(Advisor(RuleBase.load(SMALL)).recommend(soil=soil))
        (folder / "table.csv").write_text("silos\nsevere\n", "utf-8")
        return CliRunner().invoke(make_app(), [str(each).replace("HERE", str(folder)) for each in arguments]).stderr

    return run


def run_fuzz(_folder: Path) -> str:
    kept, sys.argv, sys.stderr = (sys.argv, sys.stderr), ["fuzz", "--inputs", "3", "--only", "masks"], io.StringIO()
    try:
        fuzz.main()
        return sys.stderr.getvalue()
    finally:
        sys.argv, sys.stderr = kept


LONG = {
    "verify": run_command("verify", SMALL, "--only", "dead-rule", "--jobs", 1),
    "diff": run_command("diff", DATA / "faulty_bases" / "clean", SMALL),
    "test": run_command("test", SMALL, "--cases", "HERE/cases.yaml"),
    "log show": run_command("log", "show", "HERE/log.jsonl"),
    "log replay": run_command("log", "replay", "HERE/log.jsonl"),
    "log impact": run_command("log", "impact", "HERE/log.jsonl", "--rules", SMALL),
    "log verify": run_command("log", "verify", "HERE/log.jsonl"),
    "fuzz": run_fuzz,
}


@pytest.mark.parametrize("name", LONG)
def test_every_long_command_shows_progress(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if name in ("verify", "diff"):
        pytest.importorskip("z3", reason="the extra `verify` is not installed")
    monkeypatch.setattr(fuzz, "_limit_memory", lambda: None)
    assert "\r" not in LONG[name](tmp_path), "no progress in a pipe"
    for setting in ("_PATIENCE", "_PAUSE"):
        monkeypatch.setattr(module, setting, 0.0)
    monkeypatch.setattr(module, "_is_terminal", lambda _stream: True)
    (tmp_path / "again").mkdir()
    shown = LONG[name](tmp_path / "again")
    assert "\r\x1b[2K" in shown
    assert shown.rpartition("\r\x1b[2K")[2].count("\x1b") == 0
