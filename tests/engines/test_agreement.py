"""Every engine fires the rules that the naive oracle fires."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from importlib.resources import files
from itertools import islice, product
from random import Random
from threading import Barrier

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from cxrules.advisor import Advisor
from cxrules.engines import ENGINES, Engine, create_engine
from cxrules.language.facts import FactValue, Kind
from cxrules.language.rules import (
    AnyOf,
    Conclusion,
    Effect,
    FactTest,
    Model,
    Operator,
    Rule,
    Tone,
)
from cxrules.policy.judge import Judge
from cxrules.rulebase import RuleBase
from tests.engines.known_bases import NO_EXPERTA, by_hand, names, needs_experta
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

has_builtin = files("cxrules.builtin").joinpath("builtin.json").is_file()


needs_builtin = pytest.mark.skipif(not has_builtin, reason="the built-in rule base is not generated")


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
        *(create_engine(name, rulebase) for name in ENGINES if name != "experta" or not NO_EXPERTA),
    ]


def assert_same_everywhere(judges: list[Judge], known: dict[str, FactValue]) -> None:
    decisions = {judge.engine.name: judge.decide(known) for judge in judges}
    fired = {judge.engine.name: names(judge.engine, decisions[judge.engine.name].fired) for judge in judges}
    assert all(fired[name] == fired["oracle"] for name in fired)
    assert all(decisions[name] == decisions["oracle"] for name in decisions)


@pytest.mark.soak
@each_rulebase
@given(data=st.data())
def test_engines_agree(which: str, soaking: bool, data: st.DataObject) -> None:
    assert_same_everywhere(judges_of(which), data.draw(strategy_of(which)))
    seed = data.draw(st.integers(0, 2**64))  # organisations without Hypothesis: 100,000 in `make soak`
    for known in islice(random_organisations(rulebase_of(which), seed, known=0.8), 19 if soaking else 1):
        assert_same_everywhere(judges_of(which), known)


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
    seed = data.draw(st.integers(0, 1_000))  # drawn faster, and more evenly
    for known in islice(random_organisations(rulebase, seed, known=0.8), 8):
        assert_same_everywhere(judges, known)


def test_random_rule_bases_chain_findings() -> None:
    unshrunk = settings(max_examples=1_000, phases=[Phase.generate])
    find(rulebases(afresh=True), lambda rulebase: len(rulebase.strata) >= 4, settings=unshrunk, random=Random(0))


def test_organisations_are_drawn_on_and_next_to_every_threshold() -> None:
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


# Monotone and order-independent.
@given(data=st.data())
def test_a_further_fact_silences_no_rule(data: st.DataObject) -> None:
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


# Prints the answers about the given organisations; the order of sets is that of this process.
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
    # A full text takes thousands of decisions, which use the bitmap engine anyway.
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


# Threads.
@each_rulebase
@each_engine
def test_threads_share_an_advisor(name: str, which: str) -> None:
    advisor = Advisor(rulebase_of(which), name)
    # experta takes a thousand times as long and builds an engine for each thread.
    count, threads = (16, 4) if name == "experta" else (500, 8)
    drawn = list(islice(random_organisations(rulebase_of(which), 8, known=0.3), count))
    alone = [advisor.recommend(known).decision for known in drawn]
    together = Barrier(threads)

    def decide_all(thread: int) -> bool:
        together.wait()
        begin = thread * count // threads  # each thread starts elsewhere
        turned = [*range(begin, count), *range(begin)]
        return all(advisor.recommend(drawn[position]).decision == alone[position] for position in turned)

    with ThreadPoolExecutor(threads) as pool:
        assert list(pool.map(decide_all, range(threads))) == [True] * threads


@each_engine
def test_engines_in_one_thread_share_no_state(name: str) -> None:
    one, other = by_hand(), one_rule((FactTest("share", Operator.BELOW, 20),))
    first, second, third = create_engine(name, one), create_engine(name, other), create_engine(name, one)
    oracle = OracleEngine(one)
    for known in islice(random_organisations(one, 3), 50):
        expected = oracle.match(known)
        assert first.match(known) == expected
        assert second.match(known) == int("share" in known and known["share"] < 20)  # type: ignore[operator]
        assert third.match(known) == expected


def test_an_unknown_engine_is_named() -> None:
    with pytest.raises(ValueError, match="no such engine: 'bitmpa'; did you mean 'bitmap'"):
        create_engine("bitmpa", by_hand())
