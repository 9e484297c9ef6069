"""The built-in rule base on tests/data/cases/*.yaml, with every engine."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest
import yaml

from cxrules import Advisor, RuleBase
from cxrules.engines import Engine, create_engine
from cxrules.language.facts import Facts
from cxrules.language.rules import Effect, holds
from cxrules.policy.decision import Decision
from cxrules.policy.judge import Judge
from cxrules.testing.cases import OrganisationCase, read_cases
from cxrules.testing.expected_results import find_faults
from tests import DATA
from tests.oracle import OracleEngine

CONTRADICTIONS = [f"X{number}" for number in range(1, 31)]


@cache
def builtin_cases() -> tuple[OrganisationCase, ...]:
    return read_cases(DATA / "cases", rulebase=RuleBase.builtin())


@cache
def with_variants() -> dict[str, list[OrganisationCase]]:
    """The variants of each case, itself included."""
    found: dict[str, list[OrganisationCase]] = {}
    for case in builtin_cases():
        found.setdefault(case.id.partition("/")[0], []).append(case)
    return found


@pytest.fixture(scope="module")
def advisor() -> Advisor:
    return Advisor()


@pytest.fixture(scope="module")
def others() -> dict[str, Callable[[Facts], Decision]]:
    """The engines other than the default, which are compared up to the decision: the rest follows from it.

    Two of five organisations are those of another case, and each is decided once.
    """
    rulebase = RuleBase.builtin()
    engines: list[Engine] = [OracleEngine(rulebase)]
    with suppress(ImportError):
        engines.append(create_engine("experta", rulebase))
    return {engine.name: decide_once(Judge(engine)) for engine in engines}


def decide_once(judge: Judge) -> Callable[[Facts], Decision]:
    decide = cache(lambda known: judge.decide(dict(known)))
    return lambda facts: decide(tuple(facts.items()))


@pytest.mark.parametrize("name", with_variants())
def test_case(name: str, advisor: Advisor, others: dict[str, Callable[[Facts], Decision]]) -> None:
    faults = {}
    for case in with_variants()[name]:
        advice = advisor.recommend(case.given)
        found = [*find_faults(advice, case.expect)]
        found += [
            f"{engine} decides otherwise"
            for engine, decide in others.items()
            if decide(advice.facts) != advice.decision
        ]
        if found:
            faults[case.id] = found
    assert not faults


def test_a_wrong_case_is_noticed() -> None:
    advice = Advisor().recommend({"ceo_involvement": "champion"})
    assert list(find_faults(advice, {"model": "sales_led", "cites": ["A0-1"], "silent": list(advice.fired), "typo": 1}))


def test_a_near_miss_names_the_rules_that_must_not_fire() -> None:
    assert all(case.expect["silent"] for case in builtin_cases() if "/but-" in case.id)


def test_every_case_describes_a_possible_organisation() -> None:
    rulebase = RuleBase.builtin()
    facts = dict(rulebase.vocabulary.facts)
    for case in builtin_cases():
        known = rulebase.vocabulary.validate(case.given)
        assert not [odd.id for odd in rulebase.impossible if holds(odd.when, known, (), facts)], case.id


def test_every_contradiction_has_a_case() -> None:
    shown = {name for case in builtin_cases() for name in case.shows}
    assert shown >= set(CONTRADICTIONS), sorted(set(CONTRADICTIONS) - shown)


def test_every_rule_fires_in_a_case(advisor: Advisor) -> None:
    fired = {rule for case in builtin_cases() for rule in advisor.recommend(case.given).fired}
    assert fired == set(advisor.rulebase.rules), sorted(set(advisor.rulebase.rules) - fired)


def test_acceptance_cases_match_the_shared_scenarios(shared: Path) -> None:
    ours = {case.id: case for case in builtin_cases()}
    for scenario in yaml.safe_load((shared / "knowledge-input" / "scenarios.yaml").read_text("utf-8")):
        case = ours[scenario["id"]]
        assert case.given == scenario["facts"]
        for name in ("model", "rejected", "recognises", "cites", "dissent", "advice_cites"):
            assert case.expect.get(name) == scenario.get(name), (scenario["id"], name)


def test_every_action_and_warning_is_concluded_by_a_rule(advisor: Advisor) -> None:
    rules = advisor.rulebase.rules.values()
    for effect, known in ((Effect.ACTION, advisor.rulebase.actions), (Effect.WARNING, advisor.rulebase.warnings)):
        assert {target for rule in rules for target in rule.targets(effect)} == set(known)
