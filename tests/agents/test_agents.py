"""The tools for agents: small, structured, and clear about what was misspelt."""

import asyncio
import json
from collections.abc import Coroutine
from typing import Any, TypeVar

import jsonschema
import pytest
from mcp import Client
from mcp.server.mcpserver import MCPServer

import cxrules
from cxrules.mcp import create_server
from tests.portable.answers import FACTS, QUESTIONS

TOKEN = 4  # characters, as a rule of thumb
TOOLS = ("facts", "recommend", "why_not", "what_if", "next_questions")

_Result = TypeVar("_Result")


def run(work: Coroutine[Any, Any, _Result]) -> _Result:
    return asyncio.run(work)


async def call(name: str, **arguments: Any) -> Any:
    async with Client(create_server()) as client:
        return await client.call_tool(name, arguments)


def test_the_list_of_tools_is_short() -> None:
    async def list_tools() -> list[Any]:
        async with Client(create_server()) as client:
            return [tool.model_dump(mode="json", exclude_none=True) for tool in (await client.list_tools()).tools]

    tools = run(list_tools())
    assert sorted(tool["name"] for tool in tools) == sorted(TOOLS)
    assert len(json.dumps(tools)) <= 1500 * TOKEN


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("facts", {}),
        ("facts", {"names": ["silos", "maturity"]}),
        ("recommend", {"facts": FACTS}),
        ("recommend", {"facts": {}}),
        ("why_not", {"facts": FACTS, "model": "cmo_owned"}),
        ("what_if", {"facts": FACTS, "changes": {"silos": "none"}}),
        ("next_questions", {"facts": FACTS}),
    ],
)
def test_answers_are_short(name: str, arguments: dict[str, Any]) -> None:
    result = run(call(name, **arguments))
    assert not result.is_error
    assert 0 < sum(len(content.text) for content in result.content) <= 1200 * TOKEN
    assert len(json.dumps(result.structured_content)) <= 1200 * TOKEN


def test_a_recommendation_says_what_the_library_says() -> None:
    advice = cxrules.recommend(FACTS)
    answer = run(call("recommend", facts=FACTS)).structured_content
    assert (answer["model"], answer["name"], answer["status"]) == (advice.model, advice.name, advice.status)
    assert answer["explanation"] == advice.explain()
    assert run(call("why_not", facts=FACTS, model="cmo_owned")).content[0].text == advice.why_not("cmo_owned").explain()


@pytest.mark.parametrize(
    ("name", "arguments", "hint"),
    [
        ("recommend", {"facts": {"matury": "early"}}, "did you mean 'maturity'?"),
        ("recommend", {"facts": {"maturity": "erly"}}, "did you mean 'early'?"),
        ("why_not", {"facts": {"matury": "early"}, "model": "cmo_owned"}, "did you mean 'maturity'?"),
        ("why_not", {"facts": {}, "model": "cmo_ownd"}, "did you mean 'cmo_owned'?"),
        ("what_if", {"facts": {}, "changes": {"silo": "none"}}, "did you mean 'silos'?"),
        ("next_questions", {"facts": {"matury": "early"}}, "did you mean 'maturity'?"),
        ("facts", {"names": ["matury"]}, "did you mean 'maturity'?"),
    ],
)
def test_a_misspelt_name_comes_back_with_its_suggestion(name: str, arguments: dict[str, Any], hint: str) -> None:
    result = run(call(name, **arguments))
    assert result.is_error
    assert hint in result.content[0].text


def test_the_claims_of_every_article_are_resources() -> None:
    async def read() -> dict[str, str]:
        async with Client(create_server()) as client:
            listed = (await client.list_resources()).resources
            found = {str(each.uri): await client.read_resource(str(each.uri)) for each in listed}
        return {uri: getattr(result.contents[0], "text", "") for uri, result in found.items()}

    claims = cxrules.RuleBase.builtin().claims
    texts = run(read())
    assert len(texts) == 5
    for claim in claims.values():
        assert f"{claim.id} {claim.says}" in texts[f"cxrules://claims/{claim.source}"].splitlines()


@pytest.mark.parametrize("slim", [False, True])
def test_the_schema_of_a_tool_accepts_what_is_accepted(slim: bool) -> None:
    tool = cxrules.tool_schema(slim=slim)
    schema = tool["parameters"]
    jsonschema.Draft202012Validator.check_schema(schema)
    assert list(schema["properties"]) == list(cxrules.RuleBase.builtin().vocabulary.facts)
    jsonschema.validate(FACTS, schema)
    for wrong in ({"matury": "early"}, {"maturity": "erly"}, {"transformation_goal": "yes"}, {"silos": ["severe"]}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def test_a_slim_schema_is_slim() -> None:
    whole, slim = (len(json.dumps(cxrules.tool_schema(slim=slim))) for slim in (False, True))
    assert 4 * slim < whole


def test_a_tool_of_ones_own_returns_an_answer_as_its_data() -> None:
    answers = {type(answer): answer for answer in (ask(cxrules.recommend(FACTS)) for ask in QUESTIONS.values())}
    server = MCPServer("own")
    for kind, answer in answers.items():

        def tool(answer: Any = answer) -> Any:
            return answer

        tool.__annotations__ = {"return": kind}
        server.add_tool(tool, name=kind.__name__)

    async def call_all() -> dict[str, Any]:
        async with Client(server) as client:
            schemas = {tool.name: tool.output_schema for tool in (await client.list_tools()).tools}
            return {name: (schema, await client.call_tool(name, {})) for name, schema in schemas.items()}

    found = run(call_all())
    for kind, answer in answers.items():
        schema, result = found[kind.__name__]
        assert result.structured_content == answer.model_dump(mode="json")
        assert set(schema["properties"]) == set(result.structured_content)
