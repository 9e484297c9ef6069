"""A verification ends at once on Ctrl-C and on SIGTERM, with the exit code of a shell, and leaves no process behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("z3", reason="the extra `verify` is not installed")
pytest.importorskip("typer", reason="the extra `cli` is not installed")
if sys.platform == "win32":
    pytest.skip("signals are those of POSIX", allow_module_level=True)

PROGRAM = "from cxrules.cli import main; main()"
PATIENCE = 300  # seconds, generous for slow machines


def children(process: int) -> set[int]:
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="],  # noqa: S607 - its path differs between systems
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    pairs = [tuple(map(int, line.split())) for line in listed.splitlines()]
    own = {child for child, parent in pairs if parent == process}
    return own.union(*map(children, own))


def wait_for(condition: Callable[[], bool], what: str) -> None:
    for _ in range(PATIENCE * 10):
        if condition():
            return
        time.sleep(0.1)
    pytest.fail(what)


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    ("jobs", "number", "code"),
    [(1, signal.SIGINT, 130), (2, signal.SIGINT, 130), (2, signal.SIGTERM, 143), (2, signal.SIGKILL, -9)],
)
def test_a_signal_ends_it_at_once(jobs: int, number: signal.Signals, code: int, tmp_path: Path) -> None:
    ready = tmp_path / "witnesses"  # created when the work begins
    arguments = ["verify", "--only", "idle-rule", "--only", "idle-fact", "--jobs", str(jobs), "--witnesses", str(ready)]
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_for(ready.exists, "the work did not begin")
    begun: set[int] = set()
    if jobs > 1:
        wait_for(lambda: len(children(process.pid)) >= jobs, "no process began")
        begun = children(process.pid)
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (code, "")
    assert err == "" or number == signal.SIGKILL
    wait_for(lambda: not any(map(is_alive, begun)), f"left behind: {begun}")


def test_a_script_that_its_processes_cannot_import_is_an_error(tmp_path: Path) -> None:
    script = tmp_path / "unguarded.py"
    script.write_text(
        "from cxrules import RuleBase\n"
        "from cxrules.verification import verify\n"
        "verify(RuleBase.builtin(), jobs=2, only=['dead-rule', 'unreachable-finding'])\n",
        "utf-8",
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 1
    assert "RuntimeError: a process that shared the work has died; a script that asks" in done.stderr
