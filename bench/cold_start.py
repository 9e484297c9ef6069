"""Cold start: what importing cxrules and asking it once takes in a new process, beside `import pydantic`."""

from __future__ import annotations

import subprocess
import sys
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
    """Time statements, each in a process of its own, in turn.

    Args:
        rounds: How often each; the first round, which fills the caches of the file system, does not count.
    """
    found: dict[str, list[float]] = {statement: [] for statement in _STATEMENTS}
    for _ in range(rounds + 1):
        for statement, taken in found.items():
            taken.append(_time(statement))
    medians = {statement: median(taken[1:]) for statement, taken in found.items()}
    rows = [
        [f"`{statement}`", f"{taken:.1f}", f"{taken / medians[_PYDANTIC]:.2f}"] for statement, taken in medians.items()
    ]
    text = f"""\
Each statement in {rounds} new processes, in turn with the others; the start of the interpreter is not counted. Median
milliseconds.

{table(["statement", "milliseconds:", "times `import pydantic`:"], rows)}"""
    target = Target.at_most(
        "cold import and first recommendation",
        medians[_FIRST] / medians[_PYDANTIC],
        TIMES_PYDANTIC,
        "times `import pydantic`",
    )
    return Section("Cold start", text, (target,))


def _time(statement: str) -> float:
    code = f"import time; started = time.perf_counter(); {statement}; print(time.perf_counter() - started)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(shown.stdout) * 1000
