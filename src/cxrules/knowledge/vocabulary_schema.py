"""JSON Schemas for one rule base: its facts with their questions and values, its findings, models and claims.

The general schemas of `json_schema` describe each kind of file. These add the names that exist, so that an editor
completes them, shows what they mean, and marks misspelt ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from cxrules.knowledge.json_schema import DIALECT, describe_kinds
from cxrules.language.facts import Fact, Kind
from cxrules.language.rulebase_parts import Parts

__all__ = ["header", "make_vocabulary_schemas", "write_vocabulary_schemas"]

Schema: TypeAlias = dict[str, Any]

_MODELS: Final = ("supports", "opposes", "excludes", "prefers", "recommends", "considers", "weakens", "strengthens")
_PARTS: Final[Mapping[str, str]] = {
    **dict.fromkeys((*_MODELS, "unseats", "seats", "over"), "models"),
    "finding": "findings",
    "establishes": "findings",
    "requires": "findings",
    "because": "claims",
    "claims": "claims",
    "accompanies": "accompaniments",
    "recognises": "patterns",
    "action": "actions",
    "advises": "actions",
    "warning": "warnings",
    "warns": "warnings",
    "knowing_only": "facts",
    "raising": "facts",
    "lowering": "facts",
}
"""The keys whose values are names, and what they name, apart from keys under which something is defined."""

_CASE_WORDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("rejected", "excluded", "open", "set_aside", "set_aside_not"), "models"),
    **dict.fromkeys(("rejected_not", "excluded_not"), "models"),
    **dict.fromkeys(("findings", "findings_not"), "findings"),
    **dict.fromkeys(("recognises", "recognises_not"), "patterns"),
    **dict.fromkeys(("accompanies", "accompanies_not"), "accompaniments"),
    **dict.fromkeys(("actions", "actions_not", "concludes", "concludes_not"), "actions"),
    **dict.fromkeys(("warnings", "warnings_not"), "warnings"),
    **dict.fromkeys(("fires", "silent"), "rules"),
    **dict.fromkeys(("cites", "cites_not", "dissent", "dissent_not", "support", "support_not"), "claims"),
    **dict.fromkeys(("advice_cites", "advice_cites_not"), "claims"),
}
"""The expectations of a case that contain names, and what they name."""

_DEFINING: Final = frozenset({"RulesFile", "ModelsFile", "FactsFile", "ClaimsFile", "SourcesFile"})


def make_vocabulary_schemas(parts: Parts) -> dict[str, str]:
    """Make the JSON Schema of every kind of file, the organisation file included, for one rule base.

    Returns:
        The text of the schema by kind.

    Examples:
        >>> from cxrules import RuleBase
        >>> schemas = make_vocabulary_schemas(RuleBase.builtin())
        >>> "organisation" in schemas, "champion" in schemas["rules"]
        (True, True)
    """
    schemas = {kind: _know(schema, parts, kind) for kind, schema in describe_kinds().items()}
    schemas["cases"] = _describe_cases(parts)
    schemas["organisation"] = _describe_organisation(parts)
    texts = {}
    for kind, schema in schemas.items():
        head = {"$schema": DIALECT, "$id": f"urn:cxrules:schema:{kind}:of:{quote(parts.name, safe='')}"}
        title = f"{parts.name}: {kind}"
        texts[kind] = json.dumps({**head, "title": title, **schema}, indent=2, ensure_ascii=False) + "\n"
    return texts


def write_vocabulary_schemas(parts: Parts, folder: str | Path) -> dict[str, Path]:
    """Write the JSON Schema of every kind of file.

    Returns:
        The file written, by kind.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written = {}
    for kind, text in make_vocabulary_schemas(parts).items():
        written[kind] = folder / f"{kind}.schema.json"
        written[kind].write_text(text, encoding="utf-8", newline="\n")
    return written


def header(schema: str) -> str:
    """Return the first line of a file that an editor is to check against a schema.

    Examples:
        >>> header("schemas/rules.schema.json")
        '# yaml-language-server: $schema=schemas/rules.schema.json'
    """
    return f"# yaml-language-server: $schema={schema}"


def _know(schema: Schema, parts: Parts, kind: str) -> Schema:
    """Put the names of a rule base into a general schema."""
    definitions = schema.get("$defs", {})
    for name, form in definitions.items():
        if name not in _DEFINING:
            _name_parts(form, parts)
    if "When" in definitions:
        definitions["When"] = _describe_when(parts, definitions["When"])
    if kind == "facts":
        definitions["ImpossibleForm"]["properties"]["when"] = _describe_tests(parts, {}, "Tests of facts")
    if kind == "claims":
        schema["properties"]["source"] |= {"enum": list(parts.sources)}
    return schema


def _name_parts(form: Schema, parts: Parts) -> None:
    for key, described in form.get("properties", {}).items():
        section = _PARTS.get(key)
        if section is None:
            continue
        names = list(parts.vocabulary.facts) if section == "facts" else list(getattr(parts, section))
        target = described["items"] if described.get("type") == "array" else described
        target["enum"] = names
        if not names:  # an empty list of names is not a valid schema: here any name is wrong
            target.pop("enum")


def _describe_when(parts: Parts, general: Schema) -> Schema:
    alternatives = _describe_tests(parts, parts.findings, "Tests that must hold together")
    properties = {
        **alternatives["properties"],
        "any_of": {**general["properties"]["any_of"], "items": alternatives},
    }
    return {**alternatives, "description": general.get("description", ""), "properties": properties}


def _describe_tests(parts: Parts, findings: Mapping[str, str], description: str) -> Schema:
    properties = {fact.name: _describe_test(fact) for fact in parts.vocabulary.facts.values()}
    for name, says in findings.items():
        properties[name] = {"const": True, "description": f"A finding: {says}."}
    return {"type": "object", "description": description, "properties": properties, "additionalProperties": False}


def _describe_test(fact: Fact) -> Schema:
    about = _describe(fact)
    names = {"enum": list(fact.names)}
    some = {"type": "array", "items": names, "minItems": 1}
    percentage = {"type": "number", "minimum": 0, "maximum": 100}
    match fact.kind:
        case Kind.FLAG:
            return {"type": "boolean", "description": about}
        case Kind.PERCENT:
            return _compare(about, at_least=percentage, below=percentage)
        case Kind.SET:
            return _compare(about, includes_any=some, includes_all=some, lacks_all=some)
        case Kind.ORDERED:
            return {"description": about, "anyOf": [names, some, _compare(about, at_least=names, at_most=names)]}
        case _:
            return {"description": about, "anyOf": [names, some]}


def _compare(about: str, **operators: Schema) -> Schema:
    return {
        "type": "object",
        "description": about,
        "properties": operators,
        "additionalProperties": False,
        "minProperties": 1,
    }


def _describe_organisation(parts: Parts) -> Schema:
    """Describe an organisation file: the facts, or the facts under `facts` with labels of any kind."""
    facts = {
        "type": "object",
        "properties": {fact.name: _describe_value(fact) for fact in parts.vocabulary.facts.values()},
        "additionalProperties": False,
    }
    return {
        "description": "What is known about an organisation; what is left out, or null, is unknown",
        "$defs": {"Facts": facts},
        "if": {"type": "object", "required": ["facts"]},
        "then": {"type": "object", "properties": {"facts": {"$ref": "#/$defs/Facts"}}},
        "else": {"$ref": "#/$defs/Facts"},
    }


def _describe_cases(parts: Parts) -> Schema:
    """Describe a file of cases: a list, or a list under `cases`."""
    facts = {fact.name: _describe_value(fact) for fact in parts.vocabulary.facts.values()}
    given = {"type": "object", "properties": facts, "additionalProperties": False}
    values = {name: {"type": "array", "items": {"$ref": f"#/$defs/Given/properties/{name}"}} for name in facts}
    by_fact = {"type": "object", "properties": values, "additionalProperties": False}
    changes = {"anyOf": [by_fact, {"type": "array", "items": {"$ref": "#/$defs/Given"}}]}
    models: Schema = {name: {} for name in parts.models}
    by_model = {"type": "object", "properties": models, "additionalProperties": False}
    expect = {
        "type": "object",
        "description": "The expected outcome; docs/testing.md lists what can be expected",
        "properties": {
            "model": {"anyOf": [_name(parts.models, None), {"type": "array", "items": _name(parts.models, None)}]},
            "status": {"enum": ["recommended", "contested", "undetermined"]},
            "reason": {"enum": ["nothing_known", "too_little", "all_excluded", None]},
            "ahead": {"type": "array", "items": {"type": "array", "items": _name(parts.models)}},
            **dict.fromkeys(("points", "missing", "excluded_by", "set_aside_by"), by_model),
            "rests_on": {"type": "object"},
            **{word: _some(getattr(parts, section)) for word, section in _CASE_WORDS.items()},
        },
        "additionalProperties": False,
    }
    case = {
        "type": "object",
        "properties": {
            "id": {"type": "string", "description": "A unique name"},
            "title": {"type": "string", "description": "Why it must be so, in one sentence"},
            "given": {"$ref": "#/$defs/Given"},
            "also": {**changes, "description": "Changes under which the same is expected"},
            "but": {**changes, "description": "Near misses: with each, none of the rules in fires may fire"},
            "expect": expect,
            "shows": {"description": "What it is an example of"},
        },
        "required": ["id", "given", "expect"],
        "additionalProperties": False,
    }
    cases = {"type": "array", "items": {"$ref": "#/$defs/Case"}}
    return {
        "$defs": {"Given": given, "Case": case},
        "if": {"type": "array"},
        "then": cases,
        "else": {"type": "object", "properties": {"cases": cases}, "additionalProperties": False},
    }


def _name(names: Iterable[str], *more: None) -> Schema:
    return {"enum": [*names, *more]} if [*names] else {}


def _some(names: Iterable[str]) -> Schema:
    return {"anyOf": [_name(names), {"type": "array", "items": _name(names)}]}


def _describe_value(fact: Fact) -> Schema:
    about = _describe(fact)
    match fact.kind:
        case Kind.FLAG:
            return {"type": ["boolean", "null"], "description": about}
        case Kind.PERCENT:
            return {"type": ["number", "null"], "minimum": 0, "maximum": 100, "description": about}
        case Kind.SET:
            items = {"enum": list(fact.names)}
            return {"type": ["array", "null"], "items": items, "uniqueItems": True, "description": about}
        case _:
            return {"enum": [*fact.names, None], "description": about}


def _describe(fact: Fact) -> str:
    """Return the question of a fact, and the answer that each value gives."""
    return "\n".join([fact.question, *_list_values((value.name, value.label) for value in fact.values)])


def _list_values(values: Iterable[tuple[str, str]]) -> Iterable[str]:
    return (f"- {name}: {label}" for name, label in values)
