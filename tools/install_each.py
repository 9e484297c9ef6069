"""Install a dependency group of pyproject.toml package by package, and name what cannot be installed.

    python -m tools.install_each bench

`pip install --group` installs all or nothing; this installs the rest if one has no wheel for the system.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"


def list_packages(groups: Mapping[str, list[Any]], group: str) -> Iterator[str]:
    """List what a group asks for, and what the groups that it includes ask for."""
    for entry in groups[group]:
        if isinstance(entry, str):
            yield entry
        else:
            yield from list_packages(groups, entry["include-group"])


def main() -> None:
    """Install."""
    groups = tomllib.loads(PROJECT.read_text("utf-8"))["dependency-groups"]
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    for package in list_packages(groups, sys.argv[1]):
        shown = subprocess.run([*pip, package], capture_output=True, text=True, check=False)
        if shown.returncode:
            last = shown.stderr.strip().splitlines()[-1:] or ["no reason given"]
            print(f"{package} cannot be installed here and is left out: {last[0]}", flush=True)


if __name__ == "__main__":
    main()
