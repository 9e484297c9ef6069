"""CI runs every testing target of the Makefile until the time is up, and names the rest."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT
from tools.pythons import EXTRAS, LOWEST, TESTS, TOOLS, read_requirements

BASH = shutil.which("bash")
TARGETS = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
TESTING = [*(name for name in TARGETS if name.startswith("test")), "fuzz", "docs"]

pytestmark = pytest.mark.skipif(BASH is None, reason="there is no bash")


def run(folder: Path, *, after: int, fails: str = "none") -> subprocess.CompletedProcess[str]:
    """Run CI with a fake `make` that prints its target, as if some seconds had passed."""
    for name in (".ci/run", "Makefile"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    make = folder / "make"
    make.write_text(f'#!/bin/sh\necho "asked: $1"\n[ "$1" != {fails} ]\n', encoding="utf-8")
    make.chmod(0o755)
    return subprocess.run(
        [str(BASH), str(folder / ".ci" / "run")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "SECONDS": str(after)},
    )


def asked(done: subprocess.CompletedProcess[str]) -> list[str]:
    return re.findall(r"^asked: (.*)$", done.stdout, re.MULTILINE)


def test_every_target_that_tests_runs_once_and_make_test_first(tmp_path: Path) -> None:
    done = run(tmp_path, after=0)
    assert done.returncode == 0, done.stdout + done.stderr
    assert asked(done)[0] == "test"
    assert sorted(asked(done)) == sorted(TESTING)


def test_a_failing_target_fails_ci_and_the_others_still_run(tmp_path: Path) -> None:
    done = run(tmp_path, after=0, fails="test-web")
    assert done.returncode == 1
    assert "== failed: test-web\n" in done.stdout
    assert sorted(asked(done)) == sorted(TESTING)


def test_targets_left_after_forty_minutes_are_named(tmp_path: Path) -> None:
    done = run(tmp_path, after=40 * 60)
    assert done.returncode == 0
    assert asked(done) == []
    assert "== skipped, time is up: test test-web " in done.stdout


NAMING_TESTS = ["Makefile", "pyproject.toml", *sorted(f"tools/{path.name}" for path in (ROOT / "tools").glob("*.py"))]


@pytest.mark.parametrize("name", NAMING_TESTS)
def test_the_tests_that_a_target_names_exist(name: str) -> None:
    """A target must not silently run nothing because its tests have moved."""
    named = set(re.findall(r"\btests(?:/[\w-]+)+(?:\.\w+)?", (ROOT / name).read_text("utf-8")))
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_the_tests_of_other_pythons_exist() -> None:
    named = {path for _, paths in LOWEST.values() for path in paths} | set(TESTS)
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


MODULES = {"fastapi": {"fastapi", "starlette"}, "pytest-xdist": {"xdist"}, "pyyaml": {"yaml"}, "z3-solver": {"z3"}}
OURS = {"bench", "tests", "tools"}
ENVIRONMENTS = {"every Python": (EXTRAS, TESTS), **LOWEST}


def list_imports(path: Path) -> set[str]:
    """The modules that a file imports at its top; of a package, also the names that may be modules."""
    found: set[str] = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def find_ours(module: str) -> list[Path]:
    """The files of this repository that an import of a module executes."""
    if module.partition(".")[0] not in OURS:
        return []
    stem = ROOT.joinpath(*module.split("."))
    packages = [folder / "__init__.py" for folder in (stem, *stem.parents) if ROOT in folder.parents]
    return [path for path in (stem.with_suffix(".py"), *packages) if path.is_file()]


def follow_imports(path: Path) -> dict[str, set[str]]:
    """The packages that a file needs to be imported, and for each the files that import it."""
    found: dict[str, set[str]] = {}
    pending = [path, *(folder / "conftest.py" for folder in path.parents if (folder / "conftest.py").is_file())]
    seen = set(pending)
    while pending:
        here = pending.pop()
        for module in list_imports(here):
            found.setdefault(module.partition(".")[0], set()).add(here.relative_to(ROOT).as_posix())
            reached = set(find_ours(module)) - seen
            seen |= reached
            pending += reached
    return found


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_tests_that_run_elsewhere_import_only_what_is_installed_there(name: str) -> None:
    """The kind: a package of the development set alone, imported by a test or by a file that it imports."""
    extras, tests = ENVIRONMENTS[name]
    installed = [re.split("[><=]=|\\[", need)[0].lower() for need in (*read_requirements(extras), *TOOLS)]
    available = set.union(*(MODULES.get(package, {package}) for package in installed))
    available |= sys.stdlib_module_names | OURS | {"cxrules"}
    files = [path for test in tests for path in [ROOT / test, *(ROOT / test).rglob("*.py")] if path.is_file()]
    assert files
    absent = {
        (path.relative_to(ROOT).as_posix(), package): importers
        for path in files
        for package, importers in follow_imports(path).items()
        if package not in available
    }
    assert absent == {}


def test_an_import_through_another_file_is_seen() -> None:
    needed = follow_imports(ROOT / "tests/distributed/test_engines.py")
    through = follow_imports(Path(__file__))
    assert "tests/conftest.py" in needed["hypothesis"]
    assert "tools/pythons.py" in through["tomllib"]
