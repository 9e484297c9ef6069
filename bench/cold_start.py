"""Cold start: the time to import cxrules and ask it once in a new process, compared with `import pydantic`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from statistics import median

from bench.report import Section, Target, table

__all__ = ["measure_cold_start"]

TIMES_PYDANTIC = 1.2

_PYDANTIC = "import pydantic"
_FIRST = 'import cxrules; cxrules.recommend(maturity="early").model'
_STATEMENTS = (
    "pass",
    _PYDANTIC,
    "from pydantic import BaseModel",
    "import cxrules",
    _FIRST,
    'import cxrules; cxrules.recommend(maturity="early").model_dump()',
)


def measure_cold_start(rounds: int) -> Section:
    """Time statements, each in a separate process, in turn.

    Args:
        rounds: How often each; the first round, which fills the caches of the file system, does not count.
    """
    found: dict[str, list[float]] = {statement: [] for statement in _STATEMENTS}
    with tempfile.TemporaryDirectory() as cache:  # of compiled modules, as an installed package has them
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for _ in range(rounds + 1):
            for statement, taken in found.items():
                taken.append(_time(statement, environment))
    medians = {statement: median(taken[1:]) for statement, taken in found.items()}
    rows = [
        [f"`{statement}`", f"{taken:.1f}", f"{taken / medians[_PYDANTIC]:.2f}"] for statement, taken in medians.items()
    ]
    text = f"""\
Each statement runs in {rounds} new processes, in turn with the others; the start of the interpreter is not counted, and
modules are compiled already. Median milliseconds of CPU time.

{table(["statement", "milliseconds:", "times `import pydantic`:"], rows)}"""
    target = Target.at_most(
        "cold import and first recommendation, modules compiled",
        medians[_FIRST] / medians[_PYDANTIC],
        TIMES_PYDANTIC,
        "times `import pydantic`",
    )
    return Section("Cold start", text, (target,))


def _time(statement: str, environment: dict[str, str]) -> float:
    code = f"import time; started = time.process_time(); {statement}; print(time.process_time() - started)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    return float(shown.stdout) * 1000
