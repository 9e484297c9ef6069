"""Organisations with what must come out, on every engine: tests/cases/*.yaml.

A case may expect, each only where it is given:

    model         the model, a list of models either of which will do, or null
    status        recommended, contested or undetermined
    reason        why it is undetermined
    rejected      models that are excluded, lack a requirement or have no net evidence
    excluded      models that a fired rule rules out
    open          models that no fired rule rules out
    missing       for a model the requirements that are not established
    set_aside     models that a preference puts behind
    ahead         pairs [a, b]: a has more points than b
    findings, recognises, accompanies, actions, warnings, fires, cites, dissent, support, advice_cites
                  ids that must be there
    silent        rules that must not fire
    recognises_not, dissent_not, actions_not
                  ids that must not be there
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cxrules import Advisor, Recommendation, RuleBase
from cxrules.rules import Effect
from tests.oracle import OracleEngine

CASES = Path(__file__).parent / "cases"
CONTRADICTIONS = [f"X{number}" for number in range(1, 31)]


def read_cases() -> list[dict[str, Any]]:
    """Read the cases of every file, in order."""
    return [case for path in sorted(CASES.glob("*.yaml")) for case in yaml.safe_load(path.read_text("utf-8"))]


@pytest.fixture(scope="module", params=["bitmap", "experta", "oracle"])
def advisor(request: pytest.FixtureRequest) -> Advisor:
    """Give an advisor on one of the engines."""
    if request.param == "oracle":
        return Advisor(engine=OracleEngine(RuleBase.builtin()))
    try:
        return Advisor(engine=request.param)
    except ImportError as error:
        pytest.skip(str(error))


def _rejected(advice: Recommendation) -> set[str]:
    return {row.model for row in advice.ranking if row.excluded or row.missing or row.points <= 0}


_THERE: dict[str, Callable[[Recommendation], set[str]]] = {
    "rejected": _rejected,
    "excluded": lambda advice: {row.model for row in advice.ranking if row.excluded},
    "open": lambda advice: {row.model for row in advice.ranking if not row.excluded},
    "set_aside": lambda advice: {row.model for row in advice.ranking if row.set_aside_by},
    "findings": lambda advice: set(advice.findings),
    "recognises": lambda advice: set(advice.patterns),
    "accompanies": lambda advice: set(advice.accompaniments),
    "actions": lambda advice: {action.id for action in advice.actions},
    "warnings": lambda advice: {warning.id for warning in advice.warnings},
    "fires": lambda advice: set(advice.fired),
    "cites": lambda advice: set(advice.cites),
    "dissent": lambda advice: set(advice.dissent),
    "support": lambda advice: set(advice.support),
    "advice_cites": lambda advice: {claim for action in advice.actions for claim in action.claims},
}
_NOT_THERE = {"silent": "fires", "recognises_not": "recognises", "dissent_not": "dissent", "actions_not": "actions"}
_OTHERS = {"model", "status", "reason", "missing", "ahead"}


def find_faults(advice: Recommendation, expect: dict[str, Any]) -> Iterator[str]:
    """Say in what a recommendation differs from what a case expects."""
    unknown = set(expect) - set(_THERE) - set(_NOT_THERE) - _OTHERS
    if unknown:
        yield f"the case expects what no test knows: {sorted(unknown)}"
    yield from _find_outcome_faults(advice, expect)
    for name, read in _THERE.items():
        if lacking := set(_listed(expect.get(name, []))) - read(advice):
            yield f"{name}: {sorted(lacking)} not there"
    for name, other in _NOT_THERE.items():
        if present := set(_listed(expect.get(name, []))) & _THERE[other](advice):
            yield f"{name}: {sorted(present)} there"
    yield from _find_row_faults(advice, expect)


def _find_outcome_faults(advice: Recommendation, expect: dict[str, Any]) -> Iterator[str]:
    if "model" in expect:
        wanted = expect["model"] if isinstance(expect["model"], list) else [expect["model"]]
        if advice.model not in wanted:
            yield f"model {advice.model}, not {wanted}"
    for name in ("status", "reason"):
        if name in expect and getattr(advice, name) != expect[name]:
            yield f"{name} {getattr(advice, name)}, not {expect[name]}"


def _find_row_faults(advice: Recommendation, expect: dict[str, Any]) -> Iterator[str]:
    rows = {row.model: row for row in advice.ranking}
    for model, findings in expect.get("missing", {}).items():
        if lacking := set(findings) - set(rows[model].missing):
            yield f"{model} does not miss {sorted(lacking)}"
    for first, second in expect.get("ahead", []):
        if rows[first].points <= rows[second].points:
            yield f"{first} ({rows[first].points}) is not ahead of {second} ({rows[second].points})"


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


@pytest.mark.parametrize("case", read_cases(), ids=lambda case: case["id"])
def test_case(advisor: Advisor, case: dict[str, Any]) -> None:
    faults = list(find_faults(advisor.recommend(case["given"]), case["expect"]))
    assert not faults, faults


def test_a_wrong_case_is_noticed() -> None:
    advice = Advisor().recommend({"ceo_involvement": "champion"})
    assert list(find_faults(advice, {"model": "sales_led", "cites": ["A0-1"], "silent": list(advice.fired), "typo": 1}))


def test_case_ids_differ() -> None:
    ids = [case["id"] for case in read_cases()]
    assert len(ids) == len(set(ids))


def test_every_contradiction_has_a_case() -> None:
    shown = {name for case in read_cases() for name in _listed(case.get("shows", []))}
    assert shown >= set(CONTRADICTIONS), sorted(set(CONTRADICTIONS) - shown)


def test_every_rule_fires_in_a_case() -> None:
    advisor = Advisor()
    fired = {rule for case in read_cases() for rule in advisor.recommend(case["given"]).fired}
    assert fired == set(advisor.rulebase.rules), sorted(set(advisor.rulebase.rules) - fired)


def test_acceptance_cases_are_the_shared_ones(shared: Path) -> None:
    ours = {case["id"]: case for case in read_cases()}
    for scenario in yaml.safe_load((shared / "knowledge-input" / "scenarios.yaml").read_text("utf-8")):
        case = ours[scenario["id"]]
        assert case["given"] == scenario["facts"]
        for name in ("model", "rejected", "recognises", "cites", "dissent", "advice_cites"):
            assert case["expect"].get(name) == scenario.get(name), (scenario["id"], name)


def test_every_conclusion_of_advice_is_reached() -> None:
    advisor = Advisor()
    rules = advisor.rulebase.rules.values()
    for effect, known in ((Effect.ACTION, advisor.rulebase.actions), (Effect.WARNING, advisor.rulebase.warnings)):
        assert {target for rule in rules for target in rule.targets(effect)} == set(known)
