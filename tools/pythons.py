"""Run the core tests on every Python available, or on the lowest versions of all dependencies.

`make test-pythons`: 3.11 to 3.14, and their free-threaded builds; an interpreter that is not found, or for which a
dependency has no wheel, is named and skipped; at least one must be found. `make test-lowest`: each `>=` of
pyproject.toml taken as `==`, so that the bounds say what was run; the extra mcp in a separate environment, because
mcp needs a newer pydantic than the rest does.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HOMES = ROOT / "build" / "pythons"
VERSIONS = ("3.11", "3.12", "3.13", "3.14", "3.13t", "3.14t")
EXTRAS = ("experta", "cli", "frame", "graph", "testing", "verify")
TESTS = [
    f"tests/{name}"
    for name in (
        "cli",
        "columns/test_coding.py",
        "columns/test_cell_texts.py",
        "columns/test_program.py",
        "columns/test_tables.py",
        "columns/bits/test_translation.py",
        "consultation",
        "engines",
        "files",
        "knowledge",
        "language",
        "policy",
        "recommendation",
        "testing",
        "test_cold_start.py",
        "test_late.py",
        "project/test_entry_points.py",
        "project/test_fuzz.py",
    )
]
LOWEST = {  # environments, each with its extras and what is tested in it
    "lowest": (
        (*EXTRAS, "web"),
        [*TESTS, "tests/decision_log", "tests/search", "tests/verification", "tests/web"],  # too long for every Python
    ),
    "lowest-mcp": (("mcp",), ["tests/test_agents.py"]),
}
QUIET = ["-W", "ignore:The anyio.abc.BlockingPortal:DeprecationWarning"]  # of the test client of the oldest Starlette
TOOLS = (
    "pytest>=9.0",
    "pytest-xdist>=3.6",
    "jsonschema>=4.23",
    "httpx>=0.27",
    "hypothesis>=6.140",
)  # what the tests need besides
MAY_BE_ABSENT = ("3.14", "3.13t", "3.14t")


def find(version: str) -> str | None:
    """Return the path of an interpreter, on the search path or among those of pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [shutil.which(f"python{version}")]
    number, free = version.removesuffix("t"), version.endswith("t")
    if pyenv.is_dir():
        pattern = re.compile(rf"{re.escape(number)}\.\d+{'t' if free else ''}")
        found += [str(path / "bin" / "python") for path in sorted(pyenv.iterdir()) if pattern.fullmatch(path.name)]
    return next((path for path in found if path and _is(path, number)), None)


def _is(path: str, number: str) -> bool:
    code = "import ensurepip, venv, sys; print('%d.%d' % sys.version_info[:2])"
    shown = subprocess.run([path, "-c", code], capture_output=True, text=True, check=False)
    return shown.stdout.strip() == number


def read_requirements(extras: Iterable[str] = EXTRAS, *, lowest: bool = False) -> list[str]:
    """Return what the package and its extras need, at the lowest versions if asked; an extra may need a newer one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = list(project["dependencies"])
    for extra in extras:
        needed += project["optional-dependencies"][extra]
    named = {re.split("[><=]=", need)[0]: need for need in needed}
    return [need.replace(">=", "==") for need in named.values()] if lowest else list(named.values())


def run(python: str, name: str) -> tuple[bool, str]:
    """Install and test in a fresh environment, one of `LOWEST` or that of a version.

    Returns:
        Whether the tests passed, and what to say about it.
    """
    home = HOMES / name
    extras, tests = LOWEST.get(name, (EXTRAS, TESTS))
    needed = read_requirements(extras, lowest=name in LOWEST)
    steps = [
        [python, "-m", "venv", "--clear", str(home)],
        [str(home / "bin" / "pip"), "install", "-q", "--disable-pip-version-check", *needed, *TOOLS],
    ]
    for step in steps:
        shown = subprocess.run(step, capture_output=True, text=True, check=False)
        if shown.returncode:
            last = [line for line in shown.stderr.splitlines() if line.strip()][-1:]
            return False, f"cannot be installed: {' '.join(last)}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [str(home / "bin" / "python"), "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", *QUIET, *tests]
    tested = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if tested.returncode:
        print(tested.stdout[-6000:], tested.stderr[-2000:], flush=True)
    return tested.returncode == 0, tested.stdout.strip().splitlines()[-1] if tested.stdout.strip() else "no output"


def main() -> int:
    """Run what the arguments name, and report the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("versions", nargs="*", default=VERSIONS, help="3.11, 3.13t and so on")
    parser.add_argument("--lowest", action="store_true", help="the lowest versions, on this Python")
    arguments = parser.parse_args()
    if arguments.lowest:
        failed = 0
        for name in LOWEST:
            passed, told = run(sys.executable, name)
            failed += not passed
            print(f"{name} versions on Python {sys.version.split()[0]}: {told}", flush=True)
        return 1 if failed else 0
    failed = tried = 0
    for version in arguments.versions:
        path = find(version)
        if path is None:
            print(f"Python {version}: skipped, because no such interpreter was found", flush=True)
            continue
        passed, told = run(path, version)
        if not passed and version in MAY_BE_ABSENT and told.startswith("cannot be installed"):
            print(f"Python {version}: skipped, {told}", flush=True)
            continue
        tried += 1
        failed += not passed
        print(f"Python {version}: {told}", flush=True)
    return 1 if failed or not tried else 0


if __name__ == "__main__":
    sys.exit(main())
