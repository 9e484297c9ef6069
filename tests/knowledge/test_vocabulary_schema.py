"""The schemas made for a rule base accept all its files, and find misspelt names in them."""

from __future__ import annotations

import json
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from cxrules import RuleBase
from cxrules.knowledge.json_schema import make_schemas
from cxrules.knowledge.vocabulary_schema import make_vocabulary_schemas
from tests import DATA, ROOT
from tests.rulebases import organisations

FOLDERS = [ROOT / "knowledge", DATA / "faulty_bases" / "clean", ROOT / "examples" / "own_rules"]


@pytest.fixture(scope="module")
def validators() -> dict[str, Draft202012Validator]:
    return validators_of(RuleBase.builtin())


def validators_of(rulebase: RuleBase) -> dict[str, Draft202012Validator]:
    schemas = {kind: json.loads(text) for kind, text in make_vocabulary_schemas(rulebase).items()}
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    return {kind: Draft202012Validator(schema) for kind, schema in schemas.items()}


def kind_of(content: dict[str, Any]) -> str:
    if "source" in content:
        return "claims"
    for kind, keys in (
        ("rules", ("rules", "findings", "actions", "warnings")),
        ("facts", ("facts", "impossible")),
        ("models", ("models", "patterns", "policy")),
    ):
        if set(keys) & set(content):
            return kind
    return next(iter(content))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_file_is_accepted(folder: Path) -> None:
    base = RuleBase.builtin() if folder.name == "own_rules" else None
    files = sorted(folder.rglob("*.yaml"))
    validators = validators_of(RuleBase.load(folder, base=base))
    for path in files:
        content = json.loads(json.dumps(yaml.safe_load(path.read_text("utf-8"))))  # the keys of flags are texts
        faults = [error.message for error in validators[kind_of(content)].iter_errors(content)]
        assert not faults, (path, faults[:3])


RULE: dict[str, Any] = {
    "id": "one",
    "because": ["A0-12"],
    "rationale": "So it is.",
    "when": {
        "marketing_bandwidth": "stretched",
        "ceo_involvement": {"at_least": "supportive"},
        "retention_budget_share": {"below": 20},
        "marketing_journey_coverage": {"includes_any": ["loyalty"]},
        "any_of": [{"silos": "severe"}, {"marketing_overstretched": True}],
    },
    "then": [{"opposes": "cmo_owned"}],
}


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (["because", 0], "A0-99"),
        (["when", "marketing_bandwidth"], "streched"),
        (["when", "ceo_involvement", "at_least"], "champoin"),
        (["when", "ceo_involvement"], {"below": 3}),
        (["when", "retention_budget_share", "below"], 200),
        (["when", "marketing_journey_coverage", "includes_any", 0], "loyality"),
        (["when", "any_of", 0], {"silo": "severe"}),
        (["when", "marketing_overstreched"], True),
        (["when", "marketing_overstretched"], False),
        (["then", 0, "opposes"], "cmo_own"),
        (["then", 0], {"prefers": "cmo_owned", "over": ["nobody"]}),
        (["then", 0], {"action": "dance"}),
    ],
)
def test_misspelt_names_are_found(path: list[Any], wrong: object, validators: dict[str, Any]) -> None:
    right = {"rules": [RULE]}
    assert not list(validators["rules"].iter_errors(right))
    changed = deepcopy(right)
    place: Any = changed["rules"][0]
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = wrong
    assert list(validators["rules"].iter_errors(changed))


@settings(max_examples=30)
@given(st.data())
def test_the_schema_and_the_vocabulary_accept_the_same_organisation_files(data: st.DataObject) -> None:
    rulebase = RuleBase.builtin()
    validator = _organisation_validator()
    known = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in data.draw(organisations(rulebase)).items()
    }
    assert not list(validator.iter_errors(known))
    assert not list(validator.iter_errors({"facts": known, "client": "Any", "since": 2024}))
    assert list(validator.iter_errors({**known, "no_such_fact": 1}))
    assert list(validator.iter_errors({"facts": {**known, "maturity": "erly"}}))


@cache
def _organisation_validator() -> Draft202012Validator:
    return validators_of(RuleBase.builtin())["organisation"]


def test_case_files_are_accepted_unless_they_have_misspelt_names(validators: dict[str, Any]) -> None:
    from cxrules.testing.expected_results import EXPECTED

    for path in sorted((DATA / "cases").glob("*.yaml")):
        content = json.loads(json.dumps(yaml.safe_load(path.read_text("utf-8"))))
        assert not [error.message for error in validators["cases"].iter_errors(content)], path
        assert validators["cases"].is_valid({"cases": content})
    known = validators["cases"].schema["$defs"]["Case"]["properties"]["expect"]["properties"]
    assert set(known) == set(EXPECTED)
    case: dict[str, Any] = {"id": "one", "given": {"maturity": "early"}, "expect": {"model": None}}
    assert validators["cases"].is_valid([case])
    for change in (
        {"given": {"maturity": "erly"}},
        {"expect": {"fires": "no-such-rule"}},
        {"also": {"maturity": ["x"]}},
    ):
        assert not validators["cases"].is_valid([case | change])


def test_every_fact_shows_its_question_and_labels(validators: dict[str, Any]) -> None:
    described = validators["organisation"].schema["$defs"]["Facts"]["properties"]
    for fact in RuleBase.builtin().vocabulary.facts.values():
        assert described[fact.name]["description"].startswith(fact.question)
        assert all(value.label in described[fact.name]["description"] for value in fact.values)


def test_every_schema_has_a_different_id(validators: dict[str, Any]) -> None:
    ids = [json.loads(text)["$id"] for text in make_schemas().values()]
    ids += [validator.schema["$id"] for validator in validators.values()]
    assert len(ids) == len(set(ids))
