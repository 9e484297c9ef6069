"""cxrules.testing: the strategies draw what they promise, and the checks notice what they should."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

import cxrules
from cxrules import RuleBase, engines, testing
from cxrules.language.facts import Kind
from cxrules.language.rules import Conclusion, Effect, FactTest, Model, Operator, Rule, Tone
from cxrules.policy.decider import Decider
from cxrules.testing import checks
from cxrules.testing.values import find_ways, telling_values, thresholds
from cxrules.verification.prover import Prover
from tests import ROOT
from tests.rulebases import make_claim, make_fact, make_rulebase, rulebases

BUILTIN = RuleBase.builtin()
CLEAN = RuleBase.load(ROOT / "tests" / "data" / "faulty_bases" / "clean")


@settings(max_examples=50)
@given(st.data())
def test_organisations_are_valid_and_coherent(data: st.DataObject) -> None:
    rulebase = data.draw(rulebases(max_rules=6))
    known = data.draw(testing.organisations(rulebase))
    assert rulebase.vocabulary.validate(known) == known
    assert rulebase.incoherences(known) == []


@given(testing.organisations(BUILTIN, known=1.0))
def test_nearly_every_fact_is_known_on_request(known: dict[str, Any]) -> None:
    assert len(known) >= len(BUILTIN.vocabulary.facts) - 2 * len(BUILTIN.impossible)
    assert not BUILTIN.incoherences(known)


def test_incoherent_organisations_are_drawn_on_request() -> None:
    find(testing.organisations(CLEAN, coherent=False), lambda known: bool(CLEAN.incoherences(known)))


def test_both_sides_of_every_threshold_are_drawn() -> None:
    for name, cuts in thresholds(BUILTIN).items():
        for cut in cuts:
            assert {cut - 1e-9, cut, cut - 1} <= set(telling_values(BUILTIN.vocabulary[name], cuts))
    find(testing.organisations(CLEAN), lambda known: 49 < known.get("budget", 0) < 50)
    find(testing.organisations(CLEAN), lambda known: known.get("budget") == 50)


@settings(max_examples=50)
@given(testing.neighbours(CLEAN))
def test_neighbours_differ_in_one_step(pair: tuple[dict[str, Any], dict[str, Any], str]) -> None:
    less, more, name = pair
    assert {key for key in less | more if less.get(key) != more.get(key)} == {name}
    assert not CLEAN.incoherences(less)
    assert not CLEAN.incoherences(more)
    testing.check_learning(CLEAN, more, name)


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (
            lambda: testing.check_learning(CLEAN, {"crowd": "few"}, "crwod"),
            "no such fact: 'crwod'; did you mean 'crowd'",
        ),
        (lambda: testing.check_learning(CLEAN, {"crowd": "few"}, "budget"), "budget is not known"),
        (lambda: testing.check_learning(CLEAN, {"crwod": "few"}, "crowd"), "did you mean 'crowd'"),
        (lambda: testing.check_monotone(CLEAN, {}, {"crowd": "few"}), "nothing would be checked"),
        (
            lambda: testing.check_monotone(CLEAN, {}, {}, strengthens="machin", weakens="ketle"),
            "no such model: 'machin'.*\n.*no such model: 'ketle'",
        ),
    ],
)
def test_a_check_that_could_not_fail_is_refused(check: Callable[[], None], said: str) -> None:
    """The kind: a check that passes because what it names does not exist, or because it names nothing."""
    with pytest.raises(ValueError, match=said):
        check()


def test_neighbours_of_one_fact() -> None:
    less, more, _ = find(testing.neighbours(CLEAN, "budget"), lambda _: True)
    assert more["budget"] == 50
    assert isinstance(less["budget"], float)
    assert 49.99 < less["budget"] < 50
    with pytest.raises(ValueError, match="no such fact with a lower and a higher side: 'skill'"):
        testing.neighbours(CLEAN, "skill")


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.data())
def test_a_given_rule_fires(data: st.DataObject) -> None:
    rule = data.draw(st.sampled_from(sorted(BUILTIN.rules)))
    known = data.draw(testing.organisations_firing(rule))
    assert rule in cxrules.recommend(known).fired
    assert not BUILTIN.incoherences(known)


@settings(max_examples=50)
@given(st.data())
def test_a_rule_without_a_way_to_fire_never_fires(data: st.DataObject) -> None:
    pytest.importorskip("z3", reason="the extra `verify` is not installed")
    from cxrules.verification.circuit import Possibility

    rulebase = data.draw(rulebases(max_rules=6))
    prover = Prover(rulebase)
    for rule in rulebase.rules:
        possible = prover.ask([prover.outcome.fired[rule]]) is Possibility.POSSIBLE
        # Ways are narrowed greedily, so one may be missed, but none is invented.
        assert possible or not find_ways(rulebase, rule)


@pytest.mark.parametrize("model", sorted(BUILTIN.models))
def test_a_given_model_is_recommended(model: str) -> None:
    @settings(max_examples=5)
    @given(testing.organisations_getting(model))
    def hold(known: dict[str, Any]) -> None:
        testing.check_coherent_with_model(BUILTIN, known, model)

    hold()


def test_an_impossible_request_is_reported() -> None:
    with pytest.raises(ValueError, match="no such rule: 'expert-brew'; did you mean 'expert-brews'"):
        testing.organisations_firing("expert-brew", CLEAN)
    with pytest.raises(ValueError, match="no such model: 'barrista'; did you mean 'barista'"):
        testing.organisations_getting("barrista", CLEAN)
    fault = RuleBase.load(ROOT / "tests" / "data" / "faulty_bases" / "dead-rule-by-chaining", base=CLEAN)
    with pytest.raises(ValueError, match="no organisation makes the rule 'unskilled-hand' fire"):
        testing.organisations_firing("unskilled-hand", fault)
    fault = RuleBase.load(ROOT / "tests" / "data" / "faulty_bases" / "model-never-recommended-too-little", base=CLEAN)
    with pytest.raises(ValueError, match="no organisation was found to which the model 'butler'"):
        testing.organisations_getting("butler", fault)


def test_from_type_works_once_registered_and_not_by_itself() -> None:
    code = (
        "import sys; from hypothesis import find, strategies as st; import cxrules; from cxrules import testing; "
        "assert 'z3' not in sys.modules and 'pytest' not in sys.modules; testing.register(); "
        "found = find(st.from_type(cxrules.Organisation), lambda o: len(o.model_fields_set) > 2); "
        "assert isinstance(found, cxrules.Organisation); cxrules.recommend(found); print('drawn')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("drawn", "")


@settings(max_examples=30)
@given(st.data())
def test_every_check_passes_on_random_rule_bases(data: st.DataObject) -> None:
    rulebase = data.draw(rulebases(max_rules=8))
    known = data.draw(testing.organisations(rulebase))
    testing.check_winner(rulebase, known)
    testing.check_certainty(rulebase, known)
    testing.check_order_free(rulebase, known)
    testing.check_round_trip(rulebase, known)
    for fact in known:
        testing.check_learning(rulebase, known, fact)


@settings(max_examples=20)
@given(testing.organisations(CLEAN))
def test_engines_agree(known: dict[str, Any]) -> None:
    try:
        testing.check_engines_agree(CLEAN, known)
    except ImportError as error:
        pytest.skip(str(error))


# --- each check notices its fault


def test_engines_that_differ_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Deaf:
        name = "deaf"

        def __init__(self, rulebase: RuleBase) -> None:
            self.rulebase = rulebase

        def match(self, _: object) -> int:
            return 0

    create = engines.create_engine
    monkeypatch.setattr(
        checks, "create_engine", lambda name, base: Deaf(base) if name == "deaf" else create(name, base)
    )
    with pytest.raises(AssertionError, match=r"bitmap and deaf differ on \['a-kettle-always-works'"):
        testing.check_engines_agree(CLEAN, {"skill": "expert"}, ["bitmap", "deaf"])
    with pytest.raises(ImportError, match="two engines are needed"):
        testing.check_engines_agree(CLEAN, {}, ["bitmap"])


def test_a_change_that_weakens_is_noticed() -> None:
    few, many = {"crowd": "few"}, {"crowd": "many"}
    testing.check_monotone(CLEAN, few, many, strengthens="machine", weakens="kettle")
    with pytest.raises(AssertionError, match="0 points against 2 for machine"):
        testing.check_monotone(CLEAN, many, few, strengthens="machine")
    with pytest.raises(AssertionError, match="points against"):
        testing.check_monotone(CLEAN, many, few, weakens="kettle")
    with pytest.raises(AssertionError, match="excluded by"):
        testing.check_monotone(CLEAN, {}, {"machine_works": False}, strengthens="machine")
    with pytest.raises(AssertionError, match="missing"):
        testing.check_monotone(CLEAN, {"skill": "basic"}, {"skill": "none"}, strengthens="barista")


def test_a_change_that_leaves_too_little_evidence_is_noticed() -> None:
    mood = CLEAN.rules["bad-mood"]
    heavy = replace(mood, engineer=replace(mood.engineer, points=3, points_reason="A cross barista spoils everything."))
    demanding = replace(CLEAN.policy, minimum_evidence=3)
    base = replace(CLEAN, rules={**CLEAN.rules, "bad-mood": heavy}, policy=demanding)
    before = {"skill": "expert", "crowd": "some", "mood": "low"}
    after = {"skill": "expert", "crowd": "few", "mood": "high"}
    with pytest.raises(AssertionError, match="no longer enough evidence"):
        testing.check_monotone(base, before, after, strengthens="barista")


def test_a_wrong_policy_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    original = Decider.candidates
    monkeypatch.setattr(Decider, "decide", _decide_backwards)
    with pytest.raises(AssertionError):
        testing.check_winner(CLEAN, {"crowd": "many", "skill": "expert", "machine_works": True})
    assert Decider.candidates is original


def _decide_backwards(self: Decider, known: Any, fired: int) -> Any:
    from cxrules.policy.decision import Decision, Status

    points, position = min(self.candidates(fired))
    return Decision(known, fired, list(self.rulebase.models)[position], Status.RECOMMENDED, None, points, None, points)


def test_a_wrong_sum_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Decider, "weigh", lambda self, _: dict.fromkeys(self.rulebase.models, 1))
    with pytest.raises(AssertionError):
        testing.check_certainty(CLEAN, {"crowd": "many"})


def test_negation_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from cxrules.engines.bitmap import BitmapEngine

    original = BitmapEngine.match
    monkeypatch.setattr(BitmapEngine, "match", lambda self, known: original(self, known) if known else (1 << 3) - 1)
    with pytest.raises(AssertionError, match="fire only while crowd is unknown"):
        testing.check_learning(CLEAN, {"crowd": "few"}, "crowd")


def test_a_wrong_model_and_an_impossible_organisation_are_noticed() -> None:
    with pytest.raises(AssertionError, match="kettle, not barista"):
        testing.check_coherent_with_model(CLEAN, {"crowd": "few"}, "barista")
    with pytest.raises(AssertionError, match="does not leak"):
        testing.check_coherent_with_model(CLEAN, {"machine_works": False, "leak": True}, "kettle")


def test_ways_go_through_findings_and_alternatives() -> None:
    ways = find_ways(CLEAN, "the-show-goes-on")
    assert {tuple(sorted(way)) for way in ways} == {("crowd", "skill")}
    assert {way["skill"] for way in ways} == {("basic",), ("expert",)}
    rule = CLEAN.rules["many-cups"]
    contradictory = replace(rule, when=(*rule.when, FactTest("crowd", Operator.IS, "few")))
    broken = replace(CLEAN, rules={**CLEAN.rules, rule.id: contradictory})
    assert find_ways(broken, rule.id) == []
    assert broken.rules[rule.id].targets(Effect.SUPPORTS) == ("machine",)


def test_a_set_of_many_elements_is_drawn_from_without_listing_its_subsets() -> None:
    """The kind: what is listed for every subset, of which forty elements have a million million."""
    names = [f"element_{number}" for number in range(40)]
    asked, refused = tuple(names[3:5]), tuple(names[5:7])
    when = (FactTest("many", Operator.INCLUDES_ALL, asked), FactTest("many", Operator.LACKS_ALL, refused))
    rule = Rule("r-1", ("S1-1",), "So.", when, (Conclusion(Effect.SUPPORTS, "one"),))
    models = [Model("one", "One", "one leads")]
    rulebase = make_rulebase([make_fact("many", Kind.SET, names)], [rule], models, [make_claim("S1-1", Tone.EMPHATIC)])
    assert len(telling_values(rulebase.vocabulary["many"])) == 82
    assert [way["many"][0] for way in find_ways(rulebase, "r-1")] == [asked]
    find(testing.organisations(rulebase), lambda known: "many" in known)
    find(testing.neighbours(rulebase), lambda pair: pair[2] == "many")
    assert find(testing.organisations_firing("r-1", rulebase), bool) == {"many": asked}
