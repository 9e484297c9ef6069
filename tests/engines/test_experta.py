"""experta is isolated: the host program stays as it was, and the error says what is missing."""

import subprocess
import sys

import pytest

from cxrules.engines import create_engine
from cxrules.language.facts import FactValue
from tests import ROOT
from tests.engines.known_bases import by_hand, names, needs_experta


@needs_experta
def test_an_interrupted_experta_engine_starts_afresh() -> None:
    class Interrupting(float):
        def __ge__(self, other: object) -> bool:
            raise KeyboardInterrupt

    rulebase = by_hand()
    known: dict[str, FactValue] = {"parts": ("x", "z"), "stage": "late"}
    engine, fresh = create_engine("experta", rulebase), create_engine("experta", rulebase)
    assert names(engine, engine.match(known)) == {"a-one", "e-beta", "g-standing"}
    with pytest.raises(KeyboardInterrupt):
        engine.match({**known, "share": Interrupting(30)})
    # Matches from before the interruption are gone.
    assert engine.match({}) == fresh.match({})
    assert engine.match(known) == fresh.match(known)


# Isolation.
def test_without_experta_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "experta", None)
    with pytest.raises(ImportError, match=r"pip install cxrules\[experta\]"):
        create_engine("experta", by_hand())


HOSTS = {
    "a host that has configured nothing": """
assert not hasattr(collections, "Mapping")
level, filters = root.level, list(warnings.filters)
match()
assert root.handlers == [] and root.level == level and logging.basicConfig is basic_config
assert not hasattr(collections, "Mapping")
assert warnings.filters == filters
""",
    "a host with a handler": """
handler = logging.StreamHandler(sys.stderr)
root.addHandler(handler); root.setLevel(logging.ERROR)
match()
assert root.handlers == [handler] and root.level == logging.ERROR
""",
    "a host that logs everything": """
logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
match()
""",
    "a host that configures logging afterwards": """
match()
logging.basicConfig(level=logging.INFO)
assert len(root.handlers) == 1 and root.level == logging.INFO
""",
    "a host that sets the alias itself": """
collections.Mapping = Mapping = collections.abc.Mapping
match()
assert collections.Mapping is Mapping
""",
    "a host that failed to import experta": """
try:
    import experta
except AttributeError:
    pass
match()
assert not hasattr(collections, "Mapping")
""",
    "a host that imported experta": """
collections.Mapping = collections.abc.Mapping
import experta
root.handlers.clear()
match()
assert root.handlers == []
""",
    "a host with threads": """
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
barrier = Barrier(4)
def together(_):
    barrier.wait()
    match()
with ThreadPoolExecutor(4) as pool:
    list(pool.map(together, range(4)))
assert root.handlers == [] and not hasattr(collections, "Mapping") and logging.basicConfig is basic_config
""",
}


BEFORE = """
import collections, collections.abc, logging, sys, warnings
basic_config, root = logging.basicConfig, logging.getLogger()
import cxrules
from cxrules.engines import create_engine
from cxrules.language.facts import Fact, Kind, Use, Vocabulary
from cxrules.rulebase import RuleBase
from cxrules.language.rules import Conclusion, Effect, FactTest, Operator, Policy, Rule

flag = Fact("flag", Kind.FLAG, Use.DECIDES, "Is it so?", "the flag")
rule = Rule("only", (), "", (FactTest("flag", Operator.IS, True),), (Conclusion(Effect.FINDING, "found"),))
parts = dict.fromkeys(["sources", "claims", "models", "accompaniments", "patterns", "actions", "warnings"], {})
rulebase = RuleBase(name="", vocabulary=Vocabulary({"flag": flag}), impossible=(), findings={"found": ""},
                    rules={"only": rule}, policy=Policy(1, 1), **parts)

def match():
    assert create_engine("experta", rulebase).match({"flag": True}) == 1
"""


@needs_experta
@pytest.mark.parametrize("host", HOSTS)
def test_experta_leaves_no_trace(host: str) -> None:
    code = BEFORE + HOSTS[host]
    # Compiling these old packages afresh would warn, which -W error turns into an error.
    shown = subprocess.run(
        [sys.executable, "-B", "-W", "error", "-c", code], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (shown.stdout, shown.stderr, shown.returncode) == ("", "", 0)
