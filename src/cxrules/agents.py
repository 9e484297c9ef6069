"""A recommendation as a tool for function-calling models: the schema of its arguments, full or slim."""

from __future__ import annotations

from typing import Any

from cxrules.language.facts import Fact, Kind
from cxrules.rulebase import RuleBase, check_rulebase

__all__ = ["tool_schema"]


def tool_schema(rulebase: RuleBase | None = None, *, slim: bool = False, strict: bool = False) -> dict[str, Any]:
    """Return a tool for function calling: a name, a description, and the JSON Schema of its arguments.

    Args:
        rulebase: The rule base; the built-in one when left out.
        slim: Whether to leave out the questions and what each value means: about a quarter of the size.
        strict: Whether the schema is enforced while arguments are written, as OpenAI's models do where a tool is
            `strict`. Then every fact has to be there, and is null where it is unknown.

    Raises:
        TypeError: If the rule base is something else.

    Examples:
        >>> tool = tool_schema(slim=True)
        >>> tool["parameters"]["properties"]["silos"]
        {'type': 'string', 'enum': ['none', 'some', 'severe']}
        >>> tool_schema(slim=True, strict=True)["parameters"]["properties"]["transformation_goal"]
        {'type': ['boolean', 'null']}
    """
    vocabulary = (RuleBase.builtin() if rulebase is None else check_rulebase(rulebase)).vocabulary
    if slim or strict:
        parameters: dict[str, Any] = {
            "type": "object",
            "properties": {fact.name: _describe(fact) for fact in vocabulary.facts.values()},
            "additionalProperties": False,
        }
    else:
        from cxrules.organisation_model import make_organisation_model

        parameters = make_organisation_model(vocabulary).model_json_schema()
    if strict:
        from cxrules.organisation_model import describe_fact

        for fact in vocabulary.facts.values():
            _allow_null(parameters["properties"][fact.name], about="" if slim else describe_fact(fact))
        parameters["required"] = list(vocabulary.facts)
    tool = {
        "name": "recommend_cx_owner",
        "description": "Recommend who should own Customer Experience in an organisation. "
        + ("Give null for what is unknown." if strict else "Leave out what is unknown."),
        "parameters": parameters,
    }
    return {**tool, "strict": True} if strict else tool


def _describe(fact: Fact) -> dict[str, Any]:
    if fact.kind is Kind.FLAG:
        return {"type": "boolean"}
    if fact.kind is Kind.PERCENT:
        return {"type": "number", "minimum": 0, "maximum": 100}
    one = {"type": "string", "enum": list(fact.names)}
    return {"type": "array", "items": one} if fact.kind is Kind.SET else one


def _allow_null(schema: dict[str, Any], about: str) -> None:
    schema["type"] = [schema["type"], "null"]
    if "enum" in schema:
        schema["enum"].append(None)
    if about:
        schema["description"] = about
