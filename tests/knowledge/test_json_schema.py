"""The JSON Schemas are up to date, every knowledge file names one, and files that load satisfy it."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from cxrules.knowledge.json_schema import make_schemas
from tests import DATA, ROOT

SCHEMAS = ROOT / "schemas"
SMALL_BASE = DATA / "small_base"
FILES = sorted([*(ROOT / "knowledge").rglob("*.yaml"), *SMALL_BASE.rglob("*.yaml")])
HEADER = re.compile(r"# yaml-language-server: \$schema=(\S+)\n")
BAD_SHAPES = (
    "missing-key",
    "unknown-key",
    "unknown-word",
    "wrong-type",
    "bad-fingerprint",
    "name-not-an-id",
    "empty-list",
)


def name_file(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def find_schema(path: Path) -> Path:
    header = HEADER.match(path.read_text(encoding="utf-8"))
    assert header, "the first line points editors to the schema"
    return Path(os.path.normpath(path.parent / header[1]))


def read_as_json(path: Path) -> Any:
    # Through JSON, because YAML's booleans may be keys and JSON's may not.
    return json.loads(json.dumps(yaml.safe_load(path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize("kind", sorted(make_schemas()))
def test_a_schema_is_valid_and_up_to_date(kind: str) -> None:
    text = make_schemas()[kind]
    Draft202012Validator.check_schema(json.loads(text))
    committed = (ROOT / "schemas" / f"{kind}.schema.json").read_text(encoding="utf-8")
    assert committed == text, "run `make generate`"


def test_the_schemas_for_editors_cover_the_files_of_users() -> None:
    schemas = {path.name.partition(".")[0]: json.loads(path.read_text("utf-8")) for path in SCHEMAS.glob("*.json")}
    assert set(schemas) == {*make_schemas(), "organisation", "cases"}
    assert len({schema["$id"] for schema in schemas.values()}) == len(schemas)
    takes = {kind: Draft202012Validator(schema).is_valid for kind, schema in schemas.items()}
    assert takes["organisation"]({"facts": {"silos": "severe"}, "client": "Any"})
    assert not takes["organisation"]({"silos": "sever"})
    case = {"id": "one", "given": {"silos": "severe"}, "expect": {"model": None}}
    assert takes["cases"]([case])
    assert not takes["cases"]([case | {"given": {"silos": "sever"}}])


def test_every_key_is_described() -> None:
    for kind, text in make_schemas().items():
        schema = json.loads(text)
        for name, form in [("", schema), *schema.get("$defs", {}).items()]:
            assert form["description"], (kind, name)
            for key, known in form.get("properties", {}).items():
                assert "description" in known or "$ref" in known, (kind, name, key)


@pytest.mark.parametrize("path", FILES, ids=name_file)
def test_a_file_satisfies_the_schema_it_names(path: Path) -> None:
    validator = Draft202012Validator(json.loads(find_schema(path).read_text(encoding="utf-8")))
    assert not [error.message for error in validator.iter_errors(read_as_json(path))]


@pytest.mark.parametrize("code", BAD_SHAPES)
def test_a_schema_refuses_a_wrong_structure(code: str) -> None:
    content = read_as_json(DATA / "bad_knowledge" / f"{code}.yaml")
    validators = [Draft202012Validator(json.loads(text)) for text in make_schemas().values()]
    assert not any(validator.is_valid(content) for validator in validators)
