"""The built-in rule base on tests/data/cases/*.yaml, with every engine."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import yaml

from cxrules import Advisor, RuleBase
from cxrules.language.rules import Effect, holds
from cxrules.testing.cases import Case, find_faults, read_cases
from tests import DATA
from tests.oracle import OracleEngine

CONTRADICTIONS = [f"X{number}" for number in range(1, 31)]


@cache
def builtin_cases() -> tuple[Case, ...]:
    return read_cases(DATA / "cases", rulebase=RuleBase.builtin())


@pytest.fixture(scope="module", params=["bitmap", "experta", "oracle"])
def advisor(request: pytest.FixtureRequest) -> Advisor:
    """Return an advisor on one of the engines."""
    if request.param == "oracle":
        return Advisor(engine=OracleEngine(RuleBase.builtin()))
    try:
        return Advisor(engine=request.param)
    except ImportError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("case", builtin_cases(), ids=lambda case: case.id)
def test_case(advisor: Advisor, case: Case) -> None:
    faults = list(find_faults(advisor.recommend(case.given), case.expect))
    assert not faults, faults


def test_a_wrong_case_is_noticed() -> None:
    advice = Advisor().recommend({"ceo_involvement": "champion"})
    assert list(find_faults(advice, {"model": "sales_led", "cites": ["A0-1"], "silent": list(advice.fired), "typo": 1}))


def test_a_near_miss_names_the_rules_that_it_misses() -> None:
    assert all(case.expect["silent"] for case in builtin_cases() if "/but-" in case.id)


def test_every_organisation_of_a_case_is_possible() -> None:
    rulebase = RuleBase.builtin()
    facts = dict(rulebase.vocabulary.facts)
    for case in builtin_cases():
        known = rulebase.vocabulary.validate(case.given)
        assert not [odd.id for odd in rulebase.impossible if holds(odd.when, known, (), facts)], case.id


def test_every_contradiction_has_a_case() -> None:
    shown = {name for case in builtin_cases() for name in case.shows}
    assert shown >= set(CONTRADICTIONS), sorted(set(CONTRADICTIONS) - shown)


def test_every_rule_fires_in_a_case() -> None:
    advisor = Advisor()
    fired = {rule for case in builtin_cases() for rule in advisor.recommend(case.given).fired}
    assert fired == set(advisor.rulebase.rules), sorted(set(advisor.rulebase.rules) - fired)


def test_acceptance_cases_are_the_shared_ones(shared: Path) -> None:
    ours = {case.id: case for case in builtin_cases()}
    for scenario in yaml.safe_load((shared / "knowledge-input" / "scenarios.yaml").read_text("utf-8")):
        case = ours[scenario["id"]]
        assert case.given == scenario["facts"]
        for name in ("model", "rejected", "recognises", "cites", "dissent", "advice_cites"):
            assert case.expect.get(name) == scenario.get(name), (scenario["id"], name)


def test_every_conclusion_of_advice_is_reached() -> None:
    advisor = Advisor()
    rules = advisor.rulebase.rules.values()
    for effect, known in ((Effect.ACTION, advisor.rulebase.actions), (Effect.WARNING, advisor.rulebase.warnings)):
        assert {target for rule in rules for target in rule.targets(effect)} == set(known)
