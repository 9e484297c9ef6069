"""Warnings on standard error."""

from __future__ import annotations

import errno
import io
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("typer", reason="the extra `cli` is not installed")

from cxrules import recommend
from cxrules.cli import main
from cxrules.cli.terminal.exit_codes import ExitCode
from cxrules.cli.terminal.streams import doubts_are_lines


def test_an_unlikely_value_is_questioned_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with doubts_are_lines():
            for _ in range(3):
                recommend(retention_budget_share=0.15)
    assert capsys.readouterr().err == "cxrules: retention_budget_share is 0.15 %; write 15 if 15 % was meant\n"


def test_other_warnings_are_unchanged() -> None:
    with pytest.warns(UserWarning, match="another"), doubts_are_lines():
        warnings.warn("another", UserWarning, stacklevel=1)


class Written(io.StringIO):
    """A stream that a host program puts in the place of standard output."""

    encoding = None  # type: ignore[assignment]

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        raise io.UnsupportedOperation("fileno")


class Gone(Written):
    """One whose reader has gone."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")


class OfText(io.StringIO):
    """Standard input as a host program replaces it: text, without the bytes."""


STREAMS: dict[str, Callable[[], Any]] = {
    "closed": lambda: None,
    "of a host": Written,
    "gone": Gone,
    "of ASCII": lambda: io.TextIOWrapper(io.BytesIO(), "ascii"),
}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["cxrules", *arguments])
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


@pytest.mark.parametrize("kind", STREAMS)
@pytest.mark.parametrize("which", ["stdout", "stderr"])
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["recommend", "-"], (0, "stdout")),
        (["consult", "consultation.yaml"], (0, "stdout")),
        (["recommend", "missing.yaml"], (2, "stderr")),
    ],
)
def test_a_command_ends_properly_with_any_streams(
    kind: str, which: str, arguments: list[str], expected: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, writes = expected
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, STREAMS[kind]() if name == which else io.StringIO())
    monkeypatch.setattr(sys, "stdin", OfText("\ufeffsilos: severe\n"))
    lost = kind == "gone" and which == writes
    assert run(monkeypatch, *arguments) == (ExitCode.OUTPUT_LOST if lost else code)


def test_undecodable_input_is_refused_and_does_not_end_the_dialogue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"M\xfcller\nquit\n"), "utf-8"))
    monkeypatch.setattr(sys, "stdout", shown := io.StringIO())
    assert run(monkeypatch, "consult") == 0
    assert "“M\N{REPLACEMENT CHARACTER}ller” is not one of the answers." in shown.getvalue()


def test_no_file_takes_the_number_of_a_closed_stream(tmp_path: Path) -> None:
    code = (
        "import os, sys\n"
        "from cxrules.cli.terminal.streams import whatever_the_streams\n"
        "with whatever_the_streams(), open(sys.argv[1], 'wb') as file:\n"
        "    os.write(file.fileno(), str(file.fileno()).encode())\n"
    )
    line = f"'{sys.executable}' -c \"$0\" number <&- >&- 2>&-"
    done = subprocess.run(["/bin/sh", "-c", line, code], cwd=tmp_path, check=False)
    assert done.returncode == 0
    assert int((tmp_path / "number").read_text()) > 2
