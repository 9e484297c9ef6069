"""Every engine fires what the naive oracle fires, and leaves the program around it as it was."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from importlib.resources import files
from itertools import islice, product
from threading import Barrier

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from cxrules.advisor import Advisor
from cxrules.engines import ENGINES, Engine, create_engine
from cxrules.engines.bitmap import BitmapEngine
from cxrules.language.facts import FactValue, Kind
from cxrules.language.rules import (
    AnyOf,
    Conclusion,
    Condition,
    Effect,
    FactTest,
    FindingTest,
    Model,
    Operator,
    Rule,
    Tone,
)
from cxrules.policy.judge import Judge
from cxrules.rulebase import RuleBase
from tests import ROOT
from tests.oracle import OracleEngine
from tests.rulebases import (
    candidate_values,
    make_claim,
    make_fact,
    make_rulebase,
    organisations,
    random_organisations,
    rulebases,
    thresholds,
)


def why_not_experta() -> str:
    try:
        create_engine("experta", by_hand())
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the reason
        return f"experta does not run here: {error!r}"
    return ""


def by_hand() -> RuleBase:
    """A rule base with every kind of test, four strata and an `any_of` over findings."""
    facts = [
        make_fact("stage", Kind.ORDERED, ["none", "early", "late"]),
        make_fact("trade", Kind.CHOICE, ["shop", "bank"]),
        make_fact("told", Kind.FLAG),
        make_fact("share", Kind.PERCENT),
        make_fact("parts", Kind.SET, ["x", "y", "z"]),
    ]
    late, shop = FactTest("stage", Operator.AT_LEAST, "early"), FactTest("trade", Operator.IN, ("shop", "bank"))
    x_or_y, not_z = FactTest("parts", Operator.INCLUDES_ANY, ("x", "y")), FactTest("parts", Operator.LACKS_ALL, ("z",))
    low, high = FactTest("share", Operator.BELOW, 20), FactTest("share", Operator.AT_LEAST, 60)
    told, not_told = FactTest("told", Operator.IS, True), FactTest("told", Operator.IS, False)
    one, two, three = FindingTest("one"), FindingTest("two"), FindingTest("three")
    alpha, beta = Conclusion(Effect.SUPPORTS, "alpha"), Conclusion(Effect.SUPPORTS, "beta")
    rules: dict[str, tuple[tuple[Condition, ...], Conclusion]] = {
        "a-one": ((late, x_or_y), Conclusion(Effect.FINDING, "one")),
        "b-two": ((one, AnyOf(((low,), (high, told)))), Conclusion(Effect.FINDING, "two")),
        "c-three": ((AnyOf(((two, shop), (not_told, not_z))),), Conclusion(Effect.FINDING, "three")),
        "d-alpha": ((three,), alpha),
        "e-beta": (
            (FactTest("parts", Operator.INCLUDES_ALL, ("x", "z")), FactTest("stage", Operator.IS, "late")),
            beta,
        ),
        "f-beta": ((FactTest("stage", Operator.AT_MOST, "early"), high), beta),
        "g-standing": ((), beta),
    }
    return make_rulebase(
        facts,
        [Rule(name, ("S-1",), "It follows.", when, (then,)) for name, (when, then) in rules.items()],
        [Model("alpha", "alpha", "alpha"), Model("beta", "beta", "beta")],
        [make_claim("S-1", Tone.PLAIN)],
    )


has_builtin = files("cxrules.builtin").joinpath("builtin.json").is_file()
needs_builtin = pytest.mark.skipif(not has_builtin, reason="the built-in rule base is not generated")
needs_experta = pytest.mark.skipif(bool(reason := why_not_experta()), reason=reason or "it runs")
each_engine = pytest.mark.parametrize("name", ["bitmap", pytest.param("experta", marks=needs_experta)])
each_rulebase = pytest.mark.parametrize("which", ["by hand", pytest.param("built-in", marks=needs_builtin)])


@cache
def rulebase_of(which: str) -> RuleBase:
    return by_hand() if which == "by hand" else RuleBase.builtin()


@cache
def engines_of(which: str) -> list[Engine]:
    return engines(rulebase_of(which))


def engines(rulebase: RuleBase) -> list[Engine]:
    """The oracle and every engine that runs here."""
    return [
        OracleEngine(rulebase),
        *(create_engine(name, rulebase) for name in ENGINES if name != "experta" or not reason),
    ]


def names(engine: Engine, fired: int) -> set[str]:
    return {rule for bit, rule in enumerate(engine.rulebase.rule_ids) if fired >> bit & 1}


def assert_same_everywhere(judges: list[Judge], known: dict[str, FactValue]) -> None:
    decisions = {judge.engine.name: judge.decide(known) for judge in judges}
    fired = {judge.engine.name: names(judge.engine, decisions[judge.engine.name].fired) for judge in judges}
    assert all(fired[name] == fired["oracle"] for name in fired)
    assert all(decisions[name] == decisions["oracle"] for name in decisions)


# Agreement.


@pytest.mark.soak
@each_rulebase
@settings(max_examples=20 * settings().max_examples)  # 2,000 in `make test`, 100,000 in `make soak`
@given(data=st.data())
def test_engines_agree(which: str, data: st.DataObject) -> None:
    assert_same_everywhere(judges_of(which), data.draw(strategy_of(which)))


@cache
def judges_of(which: str) -> list[Judge]:
    return [Judge(engine) for engine in engines_of(which)]


@cache
def strategy_of(which: str) -> st.SearchStrategy[dict[str, FactValue]]:
    return organisations(rulebase_of(which))


@pytest.mark.soak
@settings(max_examples=2 * settings().max_examples)
@given(data=st.data())
def test_engines_agree_on_any_rule_base(data: st.DataObject) -> None:
    rulebase = data.draw(rulebases())
    judges = [Judge(engine) for engine in engines(rulebase)]
    assert_same_everywhere(judges, data.draw(organisations(rulebase)))
    seed = data.draw(st.integers(0, 1_000))  # these are drawn more evenly, and fast
    for known in islice(random_organisations(rulebase, seed, known=0.8), 8):
        assert_same_everywhere(judges, known)


def test_random_rule_bases_chain_findings() -> None:
    unshrunk = settings(max_examples=1_000, phases=[Phase.generate])
    find(rulebases(), lambda rulebase: len(rulebase.strata) >= 4, settings=unshrunk)


def test_organisations_stand_on_and_beside_every_threshold() -> None:
    rulebase = by_hand()
    assert thresholds(rulebase) == {"share": [20, 60]}
    assert {19, 20, 21, 40, 60} <= set(candidate_values(rulebase.vocabulary["share"], [20, 60]))
    drawn = {organisation.get("share") for organisation in islice(random_organisations(rulebase, 1), 200)}
    assert {None, 19, 20, 21, 59, 60, 61} <= drawn


TWICE = [
    # Two tests of one fact in one conjunction.
    (("includes_any", ("x",)), ("includes_any", ("y",)), ("x",), False),
    (("includes_any", ("x",)), ("includes_any", ("y",)), ("x", "y"), True),
    (("includes_any", ("x", "y")), ("lacks_all", ("y",)), ("x",), True),
    (("includes_any", ("x", "y")), ("lacks_all", ("y",)), ("x", "y"), False),
    (("includes_all", ("x",)), ("includes_all", ("y",)), ("x",), False),
    (("includes_any", ()), ("includes_all", ()), ("x",), False),
    (("includes_all", ()), ("lacks_all", ()), (), True),
]


@each_engine
@pytest.mark.parametrize(("first", "second", "value", "fires"), TWICE)
def test_one_set_is_tested_twice(
    name: str,
    first: tuple[str, tuple[str, ...]],
    second: tuple[str, tuple[str, ...]],
    value: tuple[str, ...],
    fires: bool,
) -> None:
    tests = tuple(FactTest("parts", Operator(operator), operand) for operator, operand in (first, second))
    engine = create_engine(name, one_rule(tests))
    assert engine.match({"parts": value}) == fires
    assert engine.match({}) == 0


BOUNDARIES = [
    (Operator.BELOW, 20, [0, 19, 19.999], [20, 20.001, 100]),
    (Operator.AT_LEAST, 20, [20, 20.001, 100], [0, 19.999]),
    (Operator.AT_MOST, 20, [0, 20], [20.000001, 100]),
    (Operator.IS, 20, [20], [0, 19.999, 20.000001, 100]),
    (Operator.AT_LEAST, 0, [0, 100], []),
    (Operator.BELOW, 0, [], [0, 100]),
    (Operator.AT_LEAST, 100, [100], [0, 99.999]),
    (Operator.BELOW, 33.3, [33], [33.3, 34]),
]


@each_engine
@pytest.mark.parametrize(("operator", "operand", "passing", "failing"), BOUNDARIES)
def test_percentages_at_the_boundary(
    name: str, operator: Operator, operand: float, passing: list[float], failing: list[float]
) -> None:
    engine = create_engine(name, one_rule((FactTest("share", operator, operand),)))
    assert [engine.match({"share": value}) for value in passing] == [1] * len(passing)
    assert [engine.match({"share": value}) for value in failing] == [0] * len(failing)


def one_rule(tests: tuple[FactTest, ...]) -> RuleBase:
    rule = Rule("only", ("S-1",), "It follows.", tests, (Conclusion(Effect.SUPPORTS, "alpha"),))
    facts = [make_fact("share", Kind.PERCENT), make_fact("parts", Kind.SET, ["x", "y", "z"])]
    return make_rulebase(facts, [rule], [Model("alpha", "alpha", "alpha")], [make_claim("S-1", Tone.PLAIN)])


# Monotone, and free of order.


@given(data=st.data())
def test_one_more_fact_unfires_nothing(data: st.DataObject) -> None:
    rulebase = data.draw(rulebases())
    whole = data.draw(organisations(rulebase, whole=True))
    order = data.draw(st.permutations(list(whole)))
    for engine in engines(rulebase):
        known: dict[str, FactValue] = {}
        before = engine.match(known)
        for name in order:
            known[name] = whole[name]
            after = engine.match(known)
            assert before & ~after == 0
            before = after


@given(data=st.data())
def test_the_order_of_facts_and_rules_does_not_matter(data: st.DataObject) -> None:
    rulebase = data.draw(rulebases())
    known = data.draw(organisations(rulebase))
    turned = {name: known[name] for name in data.draw(st.permutations(list(known)))}
    renamed = dict(zip(rulebase.rules, data.draw(st.permutations(list(rulebase.rules))), strict=True))
    other = replace(
        rulebase, rules={renamed[rule.id]: turn(rule, renamed[rule.id]) for rule in rulebase.rules.values()}
    )
    for one, two in zip(engines(rulebase), engines(other), strict=True):
        assert {renamed[rule] for rule in names(one, one.match(known))} == names(two, two.match(turned))
        here, there = Judge(one).decide(known), Judge(two).decide(turned)
        assert here._replace(fired=0) == there._replace(fired=0)


def turn(rule: Rule, name: str) -> Rule:
    """The same rule under another name, with everything in it in the opposite order."""
    when = tuple(
        AnyOf(tuple(alternative[::-1] for alternative in condition.alternatives[::-1]))
        if isinstance(condition, AnyOf)
        else condition
        for condition in rule.when[::-1]
    )
    return replace(rule, id=name, when=when, then=rule.then[::-1])


# Prints what is said of the organisations given, sets in whatever order this process has them.
TELL = """
import json, sys
import cxrules
for known in json.load(sys.stdin):
    known = {name: set(value) if isinstance(value, list) else value for name, value in known.items()}
    advice = cxrules.recommend(known, engine=sys.argv[1])
    print(json.dumps({**advice.model_dump(), "engine": None} if sys.argv[2] == "data" else advice.explain("full")))
"""


@needs_builtin
@pytest.mark.parametrize(("what", "number"), [("data", 50), ("words", 5)])
def test_process_hash_seed_and_engine_do_not_matter(what: str, number: int) -> None:
    drawn = list(islice(random_organisations(RuleBase.builtin(), 5, known=0.4), number))
    running = [engine.name for engine in engines_of("built-in") if engine.name in ENGINES]
    # Words are searched for with thousands of decisions, and need no engine of their own.
    told = {
        subprocess.run(
            [sys.executable, "-c", TELL, engine, what],
            input=json.dumps(drawn),
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
        ).stdout
        for engine, seed in [*product(running if what == "data" else ["bitmap"], "1"), ("bitmap", "2"), ("bitmap", "3")]
    }
    (only,) = told
    assert len(only.splitlines()) == number


# The bound.


@given(data=st.data())
def test_the_bound_is_above_every_completion(data: st.DataObject) -> None:
    rulebase = data.draw(rulebases(max_rules=8))
    bitmap, oracle = BitmapEngine(rulebase), OracleEngine(rulebase)
    known = data.draw(organisations(rulebase))
    bound = bitmap.bound(known)
    for completion in islice(completions(rulebase, known), 2_000):
        assert oracle.match(completion) & ~bound == 0
    assert bitmap.match(known) & ~bound == 0
    whole = data.draw(organisations(rulebase, whole=True))
    assert bitmap.bound(whole) == bitmap.match(whole)


def completions(rulebase: RuleBase, known: dict[str, FactValue]) -> Iterator[dict[str, FactValue]]:
    cuts = thresholds(rulebase)
    unknown = [fact for name, fact in rulebase.vocabulary.facts.items() if name not in known]
    for values in product(*(candidate_values(fact, cuts.get(fact.name, ())) for fact in unknown)):
        yield {**known, **{fact.name: value for fact, value in zip(unknown, values, strict=True)}}


def test_the_bound_of_nothing_known_leaves_out_what_no_one_can_reach() -> None:
    rule = Rule("only", ("S-1",), "It follows.", (FindingTest("never"),), (Conclusion(Effect.SUPPORTS, "alpha"),))
    models, claims = [Model("alpha", "alpha", "alpha")], [make_claim("S-1", Tone.PLAIN)]
    engine = BitmapEngine(make_rulebase([], [rule], models, claims, findings=["never"]))
    assert engine.bound({}) == 0


# Threads.


@each_rulebase
@each_engine
def test_threads_share_an_advisor(name: str, which: str) -> None:
    advisor = Advisor(rulebase_of(which), name)
    drawn = list(islice(random_organisations(rulebase_of(which), 8, known=0.3), 500))
    alone = [advisor.recommend(known).decision for known in drawn]
    together = Barrier(8)

    def decide_all(thread: int) -> bool:
        together.wait()
        turned = [*range(thread * 60, 500), *range(thread * 60)]  # each thread elsewhere
        return all(advisor.recommend(drawn[position]).decision == alone[position] for position in turned)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(decide_all, range(8))) == [True] * 8


@each_engine
def test_engines_in_one_thread_share_nothing(name: str) -> None:
    one, other = by_hand(), one_rule((FactTest("share", Operator.BELOW, 20),))
    first, second, third = create_engine(name, one), create_engine(name, other), create_engine(name, one)
    oracle = OracleEngine(one)
    for known in islice(random_organisations(one, 3), 50):
        expected = oracle.match(known)
        assert first.match(known) == expected
        assert second.match(known) == int("share" in known and known["share"] < 20)  # type: ignore[operator]
        assert third.match(known) == expected


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
    # What had been matched before the interruption is forgotten.
    assert engine.match({}) == fresh.match({})
    assert engine.match(known) == fresh.match(known)


# The door behind which experta is kept.


def test_without_experta_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "experta", None)
    with pytest.raises(ImportError, match=r"pip install cxrules\[experta\]"):
        create_engine("experta", by_hand())


def test_an_unknown_engine_is_named() -> None:
    with pytest.raises(ValueError, match="no such engine: 'bitmpa'; did you mean 'bitmap'"):
        create_engine("bitmpa", by_hand())


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
    "a host that lends the name itself": """
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
    # -B and -W error: whatever a fresh compilation of these old packages warns of would be an error.
    shown = subprocess.run(
        [sys.executable, "-B", "-W", "error", "-c", code], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (shown.stdout, shown.stderr, shown.returncode) == ("", "", 0)
