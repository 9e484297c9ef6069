"""Tests are where their module is: folders and file names are those of the library."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ROOT

TESTS, SOURCE = ROOT / "tests", ROOT / "src" / "cxrules"
OTHERS = {"browser", "data", "embedding", "project"}  # not in the library; tests/README.md explains them


def spanning() -> dict[str, str]:
    """The files that test several modules, with their descriptions, as tests/README.md lists them."""
    return dict(re.findall(r"^- `(\S+\.py)`: (.+)$", (TESTS / "README.md").read_text("utf-8"), re.MULTILINE))


def misplaced(files: list[Path], listed: dict[str, str], source: Path) -> Iterator[str]:
    """Report files that are not listed and have no module of the same name and folder."""
    for file in files:
        folder = source / file.parent
        module = file.name.removeprefix("test_")
        named = (folder / module).is_file() or (folder / module.removesuffix(".py") / "__init__.py").is_file()
        if not folder.is_dir():
            yield f"{file}: there is no folder src/cxrules/{file.parent}"
        elif named == (str(file.as_posix()) in listed):
            yield f"{file}: {'is listed, and has the name of a module' if named else 'which module? or list it'}"
    yield from (f"{name}: is listed, and does not exist" for name in listed if Path(name) not in files)


def test_every_test_file_has_the_name_of_its_module_or_is_listed() -> None:
    files = [path.relative_to(TESTS) for path in sorted(TESTS.rglob("test_*.py"))]
    mirrored = [file for file in files if file.parts[0] not in OTHERS]
    assert list(misplaced(mirrored, spanning(), SOURCE)) == []


def test_other_folders_are_explained() -> None:
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
        ("kitchen/test_knife.py", {}, ["there is no folder"]),
        ("policy/test_comparison.py", {"policy/test_gone.py": "All."}, ["does not exist"]),
    ],
)
def test_a_misplaced_file_is_reported(file: str, listed: dict[str, str], told: list[str]) -> None:
    found = list(misplaced([Path(file)], listed, SOURCE))
    assert len(found) == len(told)
    assert all(part in line for part, line in zip(told, found, strict=True))
