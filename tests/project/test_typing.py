"""mypy and pyright accept good.py and refuse every line of bad.py."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT

SAMPLES = ROOT / "tests" / "data" / "typing"
MARKED = re.compile(r"  # type: ignore\[[a-z-]+\]  # pyright: ignore\[[\w, ]+\]$")


def check_with_mypy(*paths: Path) -> set[tuple[str, int]]:
    """The file and line of every error that mypy finds in these files."""
    pytest.importorskip("mypy", reason="mypy is not installed")
    command = [sys.executable, "-m", "mypy", "--no-pretty", "--no-error-summary", *map(str, paths)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = re.findall(r"^(.+\.py):(\d+): error: ", done.stdout, re.MULTILINE)
    names = {path.name for path in paths}
    return {(Path(file).name, int(line)) for file, line in found if Path(file).name in names}


def check_with_pyright(folder: Path) -> set[tuple[str, int]]:
    """The file and line of every error that pyright finds in this folder."""
    program = Path(sys.executable).with_name("basedpyright")
    found = str(program) if program.exists() else shutil.which("basedpyright")
    if found is None:
        pytest.skip("basedpyright is not installed")
    settings = {
        "include": [str(folder)],
        "extraPaths": [str(ROOT / "src")],
        "typeCheckingMode": "strict",
        "enableTypeIgnoreComments": False,
        "reportUnnecessaryTypeIgnoreComment": "error",
    }
    config = folder / "pyrightconfig.json"
    config.write_text(json.dumps(settings), encoding="utf-8")
    command = [found, "--project", str(config), "--pythonpath", sys.executable, "--outputjson"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"] == len(list(folder.glob("*.py")))
    return {
        (Path(mistake["file"]).name, mistake["range"]["start"]["line"] + 1) for mistake in report["generalDiagnostics"]
    }


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    """The samples, with nothing ignored."""
    for path in SAMPLES.glob("*.py"):
        lines = [MARKED.sub("", line) for line in path.read_text(encoding="utf-8").splitlines()]
        (tmp_path / path.name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def marked_lines() -> set[tuple[str, int]]:
    lines = (SAMPLES / "bad.py").read_text(encoding="utf-8").splitlines()
    return {("bad.py", number) for number, line in enumerate(lines, 1) if MARKED.search(line)}


def test_every_bad_line_is_marked() -> None:
    lines = (SAMPLES / "bad.py").read_text(encoding="utf-8").splitlines()
    assert len(marked_lines()) == sum(line.startswith("cxrules.") for line in lines) > 0


def test_mypy_accepts_the_good_and_refuses_every_bad_line(samples: Path) -> None:
    assert check_with_mypy(samples / "good.py", samples / "bad.py") == marked_lines()


def test_pyright_accepts_the_good_and_refuses_every_bad_line(samples: Path) -> None:
    assert check_with_pyright(samples) == marked_lines()


def test_the_marks_are_those_that_both_need() -> None:
    # `make types` checks the samples as they are; there, a needless `ignore` is an error.
    assert check_with_mypy(SAMPLES / "good.py", SAMPLES / "bad.py") == set()
