"""Files are written whole or not at all, by every command."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cxrules.cli.app import make_app
from cxrules.cli.terminal.exit_codes import ExitCode
from cxrules.whole_file import write_whole

CASES = "cases:\n  - id: one\n    given: {silos: severe}\n    expect: {model: cmo_owned}\n"
COMMANDS = {
    "table": "table {folder}/t.csv -o {folder}/out.csv",
    "page": "table {folder}/t.csv --html {folder}/out.csv",
    "junit": "test --cases {folder}/cases.yaml --junit {folder}/out.csv",
    "update": "test --cases {folder}/out.csv --update",
}
app = make_app()


def run(line: str) -> Any:
    return CliRunner().invoke(app, line.split())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "t.csv").write_text("maturity\nearly\n")
    (tmp_path / "cases.yaml").write_text(CASES)
    return tmp_path


@pytest.mark.parametrize("line", COMMANDS.values(), ids=COMMANDS)
def test_a_full_disk_leaves_the_old_file(folder: Path, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    old = CASES if "--update" in line else "old"
    (folder / "out.csv").write_text(old)
    before = sorted(folder.iterdir())

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fchmod", refuse)
    shown = run(line.format(folder=folder))
    assert shown.exit_code != 0
    assert "No space left on device" in shown.output + str(shown.exception)
    assert (folder / "out.csv").read_text() == old
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize("line", COMMANDS.values(), ids=COMMANDS)
def test_a_link_stays_a_link_and_the_mode_is_kept(folder: Path, line: str) -> None:
    target = folder / "target"
    target.write_text(CASES)
    target.chmod(0o640)
    (folder / "out.csv").symlink_to(target)
    run(line.format(folder=folder))
    assert (folder / "out.csv").is_symlink()
    assert target.read_text() != CASES
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("none/out.csv", "none/out.csv: No such file"),
        ("t.csv/out.csv", "t.csv/out.csv: Not a directory"),
        ("taken.csv", "taken.csv: Is a directory"),
        ("linked.csv", "linked.csv: Is a directory"),
        ("loop.csv", "loop.csv: Too many levels of symbolic links"),
    ],
)
@pytest.mark.parametrize("option", ["-o", "--html"])
def test_the_error_names_the_file_as_the_user_did(folder: Path, name: str, told: str, option: str) -> None:
    (folder / "taken.csv").mkdir()
    (folder / "linked.csv").symlink_to("taken.csv")
    (folder / "loop.csv").symlink_to("loop.csv")
    shown = run(f"table {folder}/t.csv {option} {folder}/{name}")
    assert shown.exit_code == ExitCode.WRONG_INPUT
    assert f"{folder}/{told}" in shown.stderr


def test_a_device_stays_a_device() -> None:
    with write_whole(Path(os.devnull)) as file:
        file.write(b"nothing")
    assert not Path(os.devnull).is_file()


@pytest.mark.parametrize("line", [line for name, line in COMMANDS.items() if name != "update"])
def test_a_pipe_without_a_reader_is_an_error_at_once(folder: Path, line: str) -> None:
    os.mkfifo(folder / "out.csv")
    shown = run(line.format(folder=folder))
    assert shown.exit_code == ExitCode.WRONG_INPUT
    assert "nobody reads from this pipe" in shown.stderr
    assert (folder / "out.csv").is_fifo()


def test_a_pipe_with_a_reader_is_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    with write_whole(tmp_path / "pipe") as file:
        file.write(b"all")
    assert os.read(reader, 10) == b"all"
    os.close(reader)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give a file away")
def test_the_owner_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    os.chown(path, 1234, 1235)
    with write_whole(path) as file:
        file.write(b"new")
    assert (path.stat().st_uid, path.stat().st_gid, path.read_bytes()) == (1234, 1235, b"new")
