"""Threads share an engine on a free-threaded interpreter, if there is one."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from itertools import islice

import pytest

from cxrules.engines import create_engine
from cxrules.policy.judge import Judge
from cxrules.rulebase import RuleBase
from tests import ROOT
from tests.rulebases import random_organisations

# Deciding needs only the standard library, so any interpreter will do.
PROGRAM = """
import json, sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

assert not getattr(sys, "_is_gil_enabled", lambda: True)() or "--any" in sys.argv
from cxrules.policy.judge import Judge
from cxrules.engines import create_engine
from cxrules.rulebase import RuleBase

rulebase = RuleBase.builtin()
judge = Judge(create_engine("bitmap", rulebase))
given, expected = json.load(sys.stdin)
drawn = [rulebase.vocabulary.validate(known) for known in given]
together = Barrier(8)

def decide_all(thread):
    together.wait()
    turned = [*range(thread * 60, len(drawn)), *range(thread * 60)]  # each thread starts elsewhere
    found = {position: judge.decide(drawn[position]) for position in turned * 20}
    return [[found[position].fired, found[position].model] for position in range(len(drawn))]

with ThreadPoolExecutor(8) as pool:
    assert all(answers == expected for answers in pool.map(decide_all, range(8)))
"""


def find_interpreter() -> str | None:
    """A free-threaded interpreter: this one, or one on the path."""
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return sys.executable
    return next(filter(None, map(shutil.which, ("python3.14t", "python3.13t"))), None)


def run(interpreter: str, *options: str) -> subprocess.CompletedProcess[str]:
    rulebase = RuleBase.builtin()
    judge = Judge(create_engine("bitmap", rulebase))
    drawn = list(islice(random_organisations(rulebase, 8, known=0.4), 500))
    decisions = [judge.decide(known) for known in drawn]
    given = json.dumps([drawn, [[decision.fired, decision.model] for decision in decisions]])
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHON_GIL": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    if options:
        del environment["PYTHON_GIL"]
    return subprocess.run(
        [interpreter, "-W", "error", "-c", PROGRAM, *options],
        input=given,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )


def test_the_program_runs_here() -> None:
    shown = run(sys.executable, "--any")
    assert (shown.stderr, shown.returncode) == ("", 0)


@pytest.mark.skipif(find_interpreter() is None, reason="there is no free-threaded interpreter")
def test_threads_share_an_engine_without_the_lock() -> None:
    interpreter = find_interpreter()
    assert interpreter is not None
    shown = run(interpreter)
    assert (shown.stderr, shown.returncode) == ("", 0)
