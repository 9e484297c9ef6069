"""A module leads to its tests: the folders of the tests are the rooms of the library, and the files are named alike."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ROOT

TESTS, SOURCE = ROOT / "tests", ROOT / "src" / "cxrules"
OTHERS = {"browser", "data", "embedding", "project"}  # no rooms; tests/README.md says what they hold


def spanning() -> dict[str, str]:
    """The files that test more than a module, as tests/README.md lists them, with what it says of each."""
    return dict(re.findall(r"^- `(\S+\.py)`: (.+)$", (TESTS / "README.md").read_text("utf-8"), re.MULTILINE))


def misplaced(files: list[Path], listed: dict[str, str], source: Path) -> Iterator[str]:
    """Name files that neither have the name of a module, in the folder of its room, nor are listed."""
    for file in files:
        room = source / file.parent
        module = file.name.removeprefix("test_")
        named = (room / module).is_file() or (room / module.removesuffix(".py") / "__init__.py").is_file()
        if not room.is_dir():
            yield f"{file}: there is no room src/cxrules/{file.parent}"
        elif named == (str(file.as_posix()) in listed):
            yield f"{file}: {'is listed, and has the name of a module' if named else 'which module? or list it'}"
    yield from (f"{name}: is listed, and is not there" for name in listed if Path(name) not in files)


def test_every_test_file_has_the_name_of_its_module_or_is_listed() -> None:
    files = [path.relative_to(TESTS) for path in sorted(TESTS.rglob("test_*.py"))]
    mirrored = [file for file in files if file.parts[0] not in OTHERS]
    assert list(misplaced(mirrored, spanning(), SOURCE)) == []


def test_the_folders_that_are_no_rooms_are_explained() -> None:
    text = (TESTS / "README.md").read_text("utf-8")
    for name in OTHERS:
        assert not (SOURCE / name).exists()
        assert f"`{name}/`" in text, name


@pytest.mark.parametrize(
    ("file", "listed", "told"),
    [
        ("policy/test_comparison.py", {}, []),
        ("policy/test_verdicts.py", {}, ["which module"]),
        ("policy/test_verdicts.py", {"policy/test_verdicts.py": "All."}, []),
        ("policy/test_comparison.py", {"policy/test_comparison.py": "All."}, ["is listed, and has the name"]),
        ("kitchen/test_knife.py", {}, ["there is no room"]),
        ("policy/test_comparison.py", {"policy/test_gone.py": "All."}, ["is not there"]),
    ],
)
def test_a_file_that_misleads_is_named(file: str, listed: dict[str, str], told: list[str]) -> None:
    found = list(misplaced([Path(file)], listed, SOURCE))
    assert len(found) == len(told)
    assert all(part in line for part, line in zip(told, found, strict=True))
