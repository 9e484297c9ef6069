"""The benchmark is fair: all peers fire the same rules, and larger rule bases add rules that do not fire."""

import re
import subprocess
import sys
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.decision_log import describe_pair
from bench.organisations import KNOWN, list_organisations
from bench.peers import PEERS, PeerEngine, make_peer
from bench.report import Target, table
from bench.synthetic import CORE, draw_organisations, make_synthetic
from bench.timing import Times, time_in_turn
from cxrules.advisor import Advisor
from cxrules.language.facts import Facts
from cxrules.language.rules import FactTest
from cxrules.rulebase import RuleBase
from tests import ROOT
from tests.oracle import OracleEngine, passes
from tests.rulebases import candidate_values, organisations, random_organisations, rulebases

SLOW = ("OPA Rego (regopy)", "cxrules experta", "rule-engine")
# Drools runs in a separate process: it starts a Java virtual machine, whose threads would disturb later forks.
DROOLS = "Drools (drools-jpy)"


def _needs(name: str) -> list[pytest.MarkDecorator]:
    lacks = next(peer.lacks for peer in PEERS if peer.name == name)
    return [pytest.mark.skip(reason=lacks)] if lacks else []


each_peer = pytest.mark.parametrize(
    "name", [pytest.param(peer.name, marks=_needs(peer.name)) for peer in PEERS if peer.name != DROOLS]
)
each_translation = pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=_needs(name))
        for name in ("zen-engine", "CLIPS (clipspy)", "datalogic-py", "CEL", "OPA Rego (regopy)", "rule-engine")
    ],
)


def fired_by_oracle(rulebase: RuleBase, known: Facts) -> list[str]:
    fired = OracleEngine(rulebase).match(known)
    return sorted(rule for bit, rule in enumerate(rulebase.rule_ids) if fired >> bit & 1)


@each_peer
def test_peers_fire_the_same_rules(name: str) -> None:
    rulebase = RuleBase.builtin()
    program = make_peer(name, rulebase)
    count = 5 if name in SLOW else 30
    drawn = [*list_organisations(rulebase, count), *islice(random_organisations(rulebase, 4), count)]
    for known in drawn:
        assert sorted(program.fire(program.prepare(known))) == fired_by_oracle(rulebase, known)


@pytest.mark.parametrize("name", [pytest.param(DROOLS, marks=_needs(DROOLS))])
def test_drools_fires_the_same_rules(name: str) -> None:
    code = f"""
from bench.organisations import list_organisations
from bench.peers import PEERS, disagreements, make_peer
from cxrules.rulebase import RuleBase
rulebase = RuleBase.builtin()
one, other = make_peer(PEERS[0].name, rulebase), make_peer({name!r}, rulebase)
print("differing:", disagreements(one, other, list_organisations(rulebase, 20)))
"""
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert shown.stdout == "differing: []\n"


@each_translation
@settings(max_examples=settings().max_examples // 2)
@given(data=st.data())
def test_translations_are_right_for_any_rule_base(name: str, data: st.DataObject) -> None:
    rulebase = data.draw(rulebases(max_rules=8))
    program = make_peer(name, rulebase)
    for known in data.draw(st.lists(organisations(rulebase), min_size=2, max_size=4)):
        assert sorted(program.fire(program.prepare(known))) == fired_by_oracle(rulebase, known)


@each_translation
def test_a_peer_used_as_an_engine_gives_the_same_answer(name: str) -> None:
    rulebase = RuleBase.builtin()
    bitmap, other = Advisor(rulebase), Advisor(engine=PeerEngine(rulebase, name, make_peer(name, rulebase)))
    for known in list_organisations(rulebase, 5):
        expected, answer = bitmap.recommend(known).model_dump(), other.recommend(known).model_dump()
        assert (expected.pop("engine"), answer.pop("engine")) == ("bitmap", name)
        assert answer == expected


def test_organisations_are_coherent_and_of_one_size() -> None:
    rulebase = RuleBase.builtin()
    drawn = list_organisations(rulebase, 90)
    assert {len(known) for known in drawn} == {KNOWN}
    assert not any(rulebase.incoherences(known) for known in drawn)
    assert all(rulebase.vocabulary.validate(known) == known for known in drawn)
    assert drawn == list_organisations(rulebase, 90)
    assert len({str(sorted(known.items())) for known in drawn}) == 90


def test_the_same_rules_fire_in_larger_rule_bases() -> None:
    drawn = draw_organisations(40, KNOWN)
    core, larger = make_synthetic(CORE), make_synthetic(6 * CORE)
    assert (len(core.rules), len(larger.rules)) == (CORE, 6 * CORE)
    assert len(larger.findings) > 4 * len(core.findings)
    for known in drawn:
        fired = fired_by_oracle(core, known)
        assert fired == fired_by_oracle(larger, known)
    assert min(len(fired_by_oracle(core, known)) for known in drawn) > 0


def test_the_added_rules_could_fire() -> None:
    larger = make_synthetic(3 * CORE)
    oracle = OracleEngine(larger)
    alone = [rule for rule in larger.rules.values() if rule.id.startswith("filling") and not rule.needs()]
    assert len(alone) == CORE
    fire = 0
    for rule in alone:
        tests = [test for test in rule.when if isinstance(test, FactTest)]
        values = {test.fact: candidate_values(larger.vocabulary[test.fact], [90]) for test in tests}
        passing = {
            name: [
                value
                for value in found
                if all(passes(test, value, larger.vocabulary[name]) for test in tests if test.fact == name)
            ]
            for name, found in values.items()
        }
        if all(passing.values()):
            fired = oracle.match({name: found[0] for name, found in passing.items()})
            assert fired >> larger.rule_ids.index(rule.id) & 1
            fire += 1
    assert fire > CORE * 9 // 10  # the others test one fact for two values


def test_peers_take_turns_on_every_organisation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "bench.timing._time_clock", lambda: 5_000_000
    )  # as if reading the clock took longer than any call
    seen: dict[str, list[int]] = {"one": [], "two": []}
    inputs = list(range(30))
    times = time_in_turn({name: seen[name].append for name in seen}, dict.fromkeys(seen, inputs), 0)
    for name, taken in seen.items():
        assert taken[-30:] == inputs
        assert times[name].calls == 30


def test_times_are_summarised() -> None:
    assert Times.of(range(1000, 101_000, 1000)) == Times(51.0, 96.0, 100)


@pytest.mark.parametrize(
    ("target", "holds"),
    [
        (Target.at_most("x", 5.0, 5, "times"), True),
        (Target.at_most("x", 5.1, 5, "times"), False),
        (Target.at_least("x", 8.0, 8, "times"), True),
        (Target.at_least("x", 7.9, 8, "times"), False),
    ],
)
def test_a_target_is_met_or_missed(target: Target, holds: bool) -> None:
    assert target.holds is holds


def test_a_table_is_markdown() -> None:
    assert table(["a", "b:"], [["1", "2"]]) == "| a | b |\n| --- | ---: |\n| 1 | 2 |"


def test_the_page_shows_what_a_ratio_of_the_decision_log_compares_with() -> None:
    """So every ratio in the section follows from two times beside it."""
    page = (ROOT / "docs" / "benchmarks.md").read_text("utf-8")
    section = page.split("## The decision log", 1)[1]
    printed = [f"recommend() and write, {describe_pair(base, 97.3)}" for base in (19.9, 27.3)]
    lines = [line for line in (*section.splitlines(), *printed) if "times recommend()" in line]
    assert len(lines) > len(printed)
    for line in lines:
        found = re.search(
            r"([\d.]+) µs median, +([\d.]+) times recommend\(\) in turn with it, (?:about )?([\d.]+) µs$", line
        )
        assert found, line
        both, ratio, base = map(float, found.groups())
        assert both / base == pytest.approx(ratio, rel=0.03)
