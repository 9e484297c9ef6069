"""The environment of a measurement: versions, interpreter, processor."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.report import table

__all__ = ["describe_machine"]

_PACKAGES = (
    "cxrules",
    "pydantic",
    "clipspy",
    "common-expression-language",
    "datalogic-py",
    "drools-jpy",
    "experta",
    "regopy",
    "rule-engine",
    "zen-engine",
)


def describe_machine(packages: Iterable[str] = _PACKAGES) -> str:
    """Return a table of machine and versions of packages; no names of hosts, no paths."""
    return table(["what", "which"], _rows(packages))


def _rows(packages: Iterable[str]) -> Iterable[tuple[str, str]]:
    yield "processor", f"{_processor()}, {os.cpu_count()} cores"
    if hasattr(os, "getloadavg"):
        yield "load average before the run (1 min)", f"{os.getloadavg()[0]:.1f}"
    yield "system", f"{platform.system()}, {platform.machine()}"
    yield "Python", f"{platform.python_implementation()} {platform.python_version()}"
    for package in packages:
        try:
            yield package, version(package)
        except PackageNotFoundError:
            yield package, "from the source tree" if package == "cxrules" else "not installed"


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
