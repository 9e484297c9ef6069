"""Organisations with what must come out, on every engine: tests/data/cases/*.yaml.

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
    points        for a model its points, exactly
    excluded_by   for a model rules that rule it out
    set_aside_by  for a model rules that put it behind another
    rests_on      for an action or a warning claims that it rests on
    findings, recognises, accompanies, actions, warnings, fires, cites, dissent, support, advice_cites
                  ids that must be there
    silent        rules that must not fire
    findings_not, recognises_not, accompanies_not, actions_not, warnings_not, dissent_not, set_aside_not
                  ids that must not be there

A case may also change what is given, and each change makes a case of its own:

    also          changes under which the same is expected
    but           near misses: changes under each of which every rule of `fires` must be silent

Changes are a list of mappings, each one change; or, where a single fact changes at a time, one mapping from facts to
lists of values, each of them a change. `null` takes a fact away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cxrules import Advisor, Recommendation, RuleBase
from cxrules.language.rules import Effect, holds
from tests import DATA
from tests.oracle import OracleEngine

CASES = DATA / "cases"
CONTRADICTIONS = [f"X{number}" for number in range(1, 31)]


def read_cases() -> list[dict[str, Any]]:
    """Read the cases of every file, in order, each followed by those that its changes make."""
    written = [case for path in sorted(CASES.glob("*.yaml")) for case in yaml.safe_load(path.read_text("utf-8"))]
    return [expanded for case in written for expanded in _expand(case)]


def _expand(case: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield case
    expect = case["expect"]
    for kind, expected in (("also", expect), ("but", {"silent": expect.get("fires", [])})):
        for number, change in enumerate(_changes(case.get(kind, [])), start=1):
            given = {name: value for name, value in {**case["given"], **change}.items() if value is not None}
            yield {"id": f"{case['id']}/{kind}-{number}", "title": case["title"], "given": given, "expect": expected}


def _changes(written: list[dict[str, Any]] | dict[str, list[Any]]) -> list[dict[str, Any]]:
    if isinstance(written, list):
        return written
    return [{name: value} for name, values in written.items() for value in values]


@pytest.fixture(scope="module", params=["bitmap", "experta", "oracle"])
def advisor(request: pytest.FixtureRequest) -> Advisor:
    """Return an advisor on one of the engines."""
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
_NOT_THERE = {
    "silent": "fires",
    "findings_not": "findings",
    "recognises_not": "recognises",
    "accompanies_not": "accompanies",
    "actions_not": "actions",
    "warnings_not": "warnings",
    "dissent_not": "dissent",
    "set_aside_not": "set_aside",
}
_OTHERS = {"model", "status", "reason", "missing", "ahead", "points", "excluded_by", "set_aside_by", "rests_on"}


def find_faults(advice: Recommendation, expect: dict[str, Any]) -> Iterator[str]:
    """Describe how a recommendation differs from what a case expects."""
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
    claims = {advised.id: set(advised.claims) for advised in (*advice.actions, *advice.warnings)}
    for advised, wanted in expect.get("rests_on", {}).items():
        if lacking := set(wanted) - claims.get(advised, set()):
            yield f"{advised} does not rest on {sorted(lacking)}"
    yield from _find_faults_of_models(advice, expect)


def _find_faults_of_models(advice: Recommendation, expect: dict[str, Any]) -> Iterator[str]:
    rows = {row.model: row for row in advice.ranking}
    for model, points in expect.get("points", {}).items():
        if rows[model].points != points:
            yield f"{model} has {rows[model].points} points, not {points}"
    for name in ("excluded_by", "set_aside_by"):
        for model, rules in expect.get(name, {}).items():
            if lacking := set(rules) - set(getattr(rows[model], name)):
                yield f"{model}: {name} lacks {sorted(lacking)}"
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


def test_a_near_miss_names_the_rules_that_it_misses() -> None:
    assert all(case["expect"]["silent"] for case in read_cases() if "/but-" in case["id"])


def test_changes_are_tried_one_by_one() -> None:
    case = {"id": "a", "title": "", "given": {"x": 1, "y": 2}, "expect": {"fires": "r", "model": None}}
    expanded = list(_expand({**case, "also": {"x": [3]}, "but": [{"x": None, "y": 4}]}))[1:]
    assert [(made["id"], made["given"], made["expect"]) for made in expanded] == [
        ("a/also-1", {"x": 3, "y": 2}, case["expect"]),
        ("a/but-1", {"y": 4}, {"silent": "r"}),
    ]


def test_every_organisation_of_a_case_is_possible() -> None:
    rulebase = RuleBase.builtin()
    facts = dict(rulebase.vocabulary.facts)
    for case in read_cases():
        known = rulebase.vocabulary.validate(case["given"])
        assert not [odd.id for odd in rulebase.impossible if holds(odd.when, known, (), facts)], case["id"]


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
