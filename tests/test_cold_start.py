"""The first answer of a process loads and reads little, and is the same answer. No clock is read."""

import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from typing import Any

import pytest

import cxrules
from cxrules import Advisor, RuleBase
from cxrules.builtin import compiled
from cxrules.engines.bitmap import BitmapEngine
from cxrules.engines.plan import make_plan
from cxrules.language.rulebase_parts import Parts
from cxrules.policy.decider import Decider

FIRST = 'import cxrules; model = cxrules.recommend(maturity="early", marketing_journey_coverage=["loyalty"]).model'
# Each takes a considerable part of the time of the first answer.
NOT_LOADED = (
    "ast",
    "cxrules.builtin.organisation",
    "cxrules.decision_log",
    "cxrules.engines.plan",
    "cxrules.explanation",
    "cxrules.knowledge",
    "cxrules.language.canonical",
    "cxrules.search",
    "dataclasses",
    "decimal",
    "fractions",
    "hashlib",
    "inspect",
    "json",
    "logging",
    "pathlib",
    "pydantic",
    "textwrap",
    "traceback",
    "urllib",
)
PARTS = [each.name for each in fields(Parts)]


def run(code: str) -> list[str]:
    """The lines that a new process prints; it loads no more than necessary by itself."""
    command = [sys.executable, "-I", "-S", "-W", "error", "-c", f"import sys; sys.path[:] = {sys.path}; {code}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_the_first_answer_loads_little_and_reads_no_rules() -> None:
    told = "print(model, *sorted(set(sys.modules) & set(%s))); print(*vars(cxrules.RuleBase.builtin()))" % [*NOT_LOADED]
    model, parts = run(f"{FIRST}; {told}")
    assert model == str(cxrules.recommend(maturity="early", marketing_journey_coverage=["loyalty"]).model)
    assert set(parts.split()) == {"revision", "rule_ids", "compiled", "flaws"}


def test_the_modules_not_loaded_exist() -> None:
    assert run(f"import importlib; print(*map(importlib.import_module, {NOT_LOADED}))")


def test_the_compiled_rule_base_is_what_compiling_gives() -> None:
    read = RuleBase.from_json(RuleBase.builtin().to_json())
    assert not read.compiled
    assert (read.revision, read.rule_ids) == (compiled.REVISION, compiled.RULES)
    assert make_plan(read) == compiled.BITMAP
    one, other = Decider(RuleBase.builtin()), Decider(read)
    assert one.evidence == other.evidence
    for name in set(vars(other)) - {"rulebase", "_names", "_carriage"}:
        assert getattr(one, name) == getattr(other, name), name
    beforehand, now = vars(BitmapEngine(RuleBase.builtin())), vars(BitmapEngine(read))
    for name in set(now) - {"rulebase", "_readers"}:
        assert beforehand[name] == now[name], name


@pytest.mark.parametrize("name", PARTS)
def test_the_rule_base_is_read_when_a_part_is_first_needed(name: str) -> None:
    unread, read = make_unread(), RuleBase.builtin()
    assert name not in vars(unread)
    if name != "vocabulary":
        assert getattr(unread, name) == getattr(read, name)
    assert isinstance(getattr(unread, name), type(getattr(read, name)))
    assert type(unread) is RuleBase
    assert set(PARTS) <= set(vars(unread))


def make_unread() -> RuleBase:
    from cxrules import rulebase

    return rulebase._make_builtin.__wrapped__()


def test_an_unread_rule_base_is_like_any_other() -> None:
    read = RuleBase.from_json(RuleBase.builtin().to_json())
    assert make_unread() == read
    assert hash(make_unread()) == hash(read)
    assert repr(make_unread()) == repr(read)
    assert make_unread().to_json() == read.to_json()
    assert pickle.loads(pickle.dumps(make_unread())) == read  # noqa: S301 - our own
    other = replace(make_unread(), name="other")
    assert (type(other), other.name, dict(other.compiled)) == (RuleBase, "other", {})
    assert other.revision != read.revision
    with pytest.raises(AttributeError, match="'RuleBase' object has no attribute 'nonsense'"):
        _ = make_unread().nonsense  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="cannot assign to field 'name'"):
        make_unread().name = "other"  # type: ignore[misc]


def test_threads_can_read_it_at_once() -> None:
    def ask(name: str) -> Any:
        return len(str(getattr(unread, name)))

    with ThreadPoolExecutor(8) as threads:
        for _ in range(4):
            unread = make_unread()
            assert list(threads.map(ask, PARTS)) == [len(str(getattr(RuleBase.builtin(), name))) for name in PARTS]


def test_parts_of_another_revision_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "REVISION", "0" * 64)
    with pytest.raises(RuntimeError, match="make generate"):
        _ = make_unread().rules


def test_the_loggers_exist_once_logging_is_imported() -> None:
    code = (
        "import cxrules; cxrules.recommend(silos='severe'); assert 'logging' not in sys.modules; import logging; "
        "logging.basicConfig(stream=sys.stdout, format='%(name)s'); cxrules.recommend(silos='severe'); "
        "logger = logging.getLogger('cxrules.decisions'); print(*(type(each).__name__ for each in logger.handlers)); "
        "logging.getLogger('cxrules').setLevel('INFO'); cxrules.recommend(silos='severe'); "
        "cxrules.recommend(silos='severe')"
    )
    assert run(code) == ["NullHandler", "cxrules.decisions", "cxrules.decisions"]


def test_an_unread_rule_base_reports_mistakes() -> None:
    asked = "try: cxrules.recommend(silos='sever', maturty='early')\nexcept ValueError as error: print(error)"
    command = [sys.executable, "-c", f"import cxrules\n{asked}"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    with pytest.raises(cxrules.InvalidOrganisation) as caught:
        Advisor().recommend({"silos": "sever", "maturty": "early"})
    assert shown.strip() == str(caught.value)
