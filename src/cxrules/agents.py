"""A recommendation as a tool for function-calling models: the schema of its arguments, full or slim."""

from __future__ import annotations

from typing import Any

from cxrules.language.facts import Fact, Kind
from cxrules.rulebase import RuleBase

__all__ = ["tool_schema"]


def tool_schema(rulebase: RuleBase | None = None, *, slim: bool = False) -> dict[str, Any]:
    """Return a tool for function calling: a name, a description, and the JSON Schema of its arguments.

    Args:
        rulebase: The rule base; the built-in one when left out.
        slim: Whether to leave out the questions and what each value means: about a quarter of the size.

    Examples:
        >>> tool = tool_schema(slim=True)
        >>> tool["parameters"]["properties"]["silos"]
        {'enum': ['none', 'some', 'severe']}
    """
    vocabulary = (RuleBase.builtin() if rulebase is None else rulebase).vocabulary
    if slim:
        parameters: dict[str, Any] = {
            "type": "object",
            "properties": {fact.name: _describe(fact) for fact in vocabulary.facts.values()},
            "additionalProperties": False,
        }
    else:
        from cxrules.organisation_model import make_organisation_model

        parameters = make_organisation_model(vocabulary).model_json_schema()
    return {
        "name": "recommend_cx_owner",
        "description": "Recommend who should own Customer Experience in an organisation. Leave out what is unknown.",
        "parameters": parameters,
    }


def _describe(fact: Fact) -> dict[str, Any]:
    if fact.kind is Kind.FLAG:
        return {"type": "boolean"}
    if fact.kind is Kind.PERCENT:
        return {"type": "number", "minimum": 0, "maximum": 100}
    if fact.kind is Kind.SET:
        return {"type": "array", "items": {"enum": list(fact.names)}}
    return {"enum": list(fact.names)}
