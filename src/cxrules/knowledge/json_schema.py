"""The JSON Schema of every kind of file, made from the pydantic models, so that editors can complete and check."""

from __future__ import annotations

import json
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from cxrules.knowledge.expectation_forms import EXPECTATION_FILES
from cxrules.knowledge.forms import KINDS

__all__ = ["DIALECT", "describe_kinds", "make_schemas"]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


class _Generator(GenerateJsonSchema):
    """Leaves out what applies to Python but not to a file: nulls, defaults, titles made from names."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        made = super().dict_schema(schema)
        return made | {"additionalProperties": False} if "patternProperties" in made else made

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - pydantic asks with it
        return False


def describe_kinds() -> dict[str, dict[str, Any]]:
    """Describe every kind of file.

    Returns:
        For each kind its schema, without a head.
    """
    schemas = {}
    for kind, form in (KINDS | EXPECTATION_FILES).items():
        schema = form.model_json_schema(schema_generator=_Generator)
        for described in (schema, *schema.get("$defs", {}).values()):
            described.pop("title", None)
        schemas[kind] = schema
    return schemas


def make_schemas() -> dict[str, str]:
    """Make the JSON Schema of every kind of file.

    Returns:
        The text of the schema by kind.

    Examples:
        >>> sorted(make_schemas())
        ['accepted', 'claims', 'expectations', 'facts', 'models', 'rules', 'sources']
    """
    schemas = {}
    for kind, schema in describe_kinds().items():
        head = {"$schema": DIALECT, "$id": f"urn:cxrules:schema:{kind}", "title": f"cxrules: {kind}"}
        schemas[kind] = json.dumps(head | schema, indent=2, ensure_ascii=False) + "\n"
    return schemas
