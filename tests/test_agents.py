"""The tools for agents: small, structured, and clear about what was misspelt."""

import asyncio
import json
import logging
import warnings
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, TypeVar

import jsonschema
import pytest
from mcp import Client
from mcp.server.mcpserver import MCPServer

import cxrules
from cxrules import UnlikelyFact
from cxrules.explanation.why_not_fired import list_subjects
from cxrules.language.facts import Kind
from cxrules.language.rules import Conclusion, Effect, FactTest, Model, Operator, Rule, Tone
from cxrules.mcp import create_server
from tests.portable.answers import FACTS, QUESTIONS
from tests.rulebases import make_choice, make_claim, make_fact, make_rulebase

TOKEN = 4  # characters, as a rule of thumb
TOOLS = ("facts", "recommend", "why_not", "what_if", "next_questions")

_Result = TypeVar("_Result")


def run(work: Coroutine[Any, Any, _Result]) -> _Result:
    return asyncio.run(work)


async def call(tool: str, /, **arguments: Any) -> Any:
    async with Client(create_server()) as client:
        return await client.call_tool(tool, arguments)


def test_the_root_logger_is_left_to_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK configures it where it has no handlers, and logs every refused call, with the facts, at INFO."""
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    configure, level = logging.basicConfig, root.level
    create_server()
    assert (root.handlers, root.level, logging.basicConfig) == ([], level, configure)


def test_the_list_of_tools_is_short() -> None:
    async def list_tools() -> list[Any]:
        async with Client(create_server()) as client:
            return [tool.model_dump(mode="json", exclude_none=True) for tool in (await client.list_tools()).tools]

    tools = run(list_tools())
    assert sorted(tool["name"] for tool in tools) == sorted(TOOLS)
    assert len(json.dumps(tools)) <= 1500 * TOKEN


@pytest.mark.parametrize("model", cxrules.RuleBase.builtin().models.values(), ids=lambda model: model.id)
def test_why_not_takes_the_name_of_a_model_that_texts_show(model: Model) -> None:
    asked = [run(call("why_not", facts=FACTS, name=name)) for name in (f"“{model.name}”", model.id)]
    assert [answer.is_error for answer in asked] == [False, False]
    assert asked[0].content == asked[1].content


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("facts", {}),
        ("facts", {"names": ["silos", "maturity"]}),
        ("recommend", {"facts": FACTS}),
        ("recommend", {"facts": {}}),
        ("why_not", {"facts": FACTS, "name": "cmo_owned"}),
        ("what_if", {"facts": FACTS, "changes": {"silos": "none"}}),
        ("next_questions", {"facts": FACTS}),
    ],
)
def test_answers_are_short(name: str, arguments: dict[str, Any]) -> None:
    result = run(call(name, **arguments))
    assert not result.is_error
    assert 0 < sum(len(content.text) for content in result.content) <= 1200 * TOKEN
    assert len(json.dumps(result.structured_content)) <= 1200 * TOKEN


VOCABULARY = cxrules.RuleBase.builtin().vocabulary


def contradictory_facts() -> dict[str, Any]:
    """A value of every fact, so that as many contradictions as possible are met together."""
    known: dict[str, Any] = {}
    for entry in cxrules.RuleBase.builtin().impossible:
        for test in entry.when:
            fact = VOCABULARY[test.fact]
            values: list[Any] = [(), *((one,) for one in fact.names), fact.names] if fact.kind == "set" else []
            values += [True, False] if fact.kind == "flag" else [0, 50, 100] if fact.kind == "percent" else fact.names
            known.setdefault(test.fact, next(value for value in values if _holds(test, value, fact)))
    for fact in VOCABULARY.facts.values():
        plain: Any = fact.names[0] if fact.names else True
        known.setdefault(fact.name, {"flag": True, "percent": 50, "set": list(fact.names)}.get(fact.kind, plain))
    return known


def _holds(test: Any, value: Any, fact: Any) -> bool:
    try:
        return bool(test.holds(fact.examine(value), fact))
    except ValueError:
        return False


CONTRADICTORY = contradictory_facts()
MISSPELT = {f"{name}x" * 20: "wrong" * 500 for name in VOCABULARY.facts}
HOSTILE: list[tuple[str, dict[str, Any]]] = [
    ("facts", {"names": list(VOCABULARY.facts)}),
    ("facts", {"names": list(VOCABULARY.facts) * 50}),
    ("facts", {"names": list(MISSPELT)}),
    ("facts", {"names": [7] * 1000}),
    ("recommend", {"facts": CONTRADICTORY}),
    ("recommend", {"facts": MISSPELT}),
    ("recommend", {"facts": dict.fromkeys(VOCABULARY.facts, ["x" * 1000] * 100)}),
    ("recommend", {"facts": {"silos": {"deep": [{"x": "y" * 9000}] * 90}}}),
    ("why_not", {"facts": CONTRADICTORY, "name": "cmo_owned"}),
    ("why_not", {"facts": CONTRADICTORY, "name": "x" * 100_000}),
    ("what_if", {"facts": CONTRADICTORY, "changes": dict.fromkeys(VOCABULARY.facts)}),
    ("what_if", {"facts": {}, "changes": CONTRADICTORY}),
    ("what_if", {"facts": {}, "changes": MISSPELT}),
    ("next_questions", {"facts": {}, "limit": 5}),
    ("next_questions", {"facts": CONTRADICTORY}),
]


@pytest.mark.parametrize(("name", "arguments"), HOSTILE)
def test_no_answer_to_any_question_is_long(name: str, arguments: dict[str, Any]) -> None:
    result = run(call(name, **arguments))
    text = "".join(content.text for content in result.content)
    assert len(text) <= 1200 * TOKEN
    assert len(json.dumps(text)) <= 1400 * TOKEN  # escaped again, as it is sent
    if result.structured_content is not None:
        assert len(json.dumps(result.structured_content)) <= 1200 * TOKEN


def wordy_rulebase() -> cxrules.RuleBase:
    """A rule base with many names and long texts."""
    words = "many words & <b>more</b> of “them” " * 20
    kinds = (Kind.CHOICE, Kind.ORDERED, Kind.SET, Kind.FLAG, Kind.PERCENT)
    facts = []
    for number in range(120):
        kind = kinds[number % 5]
        names = (
            [f"a_long_name_of_value_{place}" for place in range(8)]
            if kind.value in ("choice", "ordered", "set")
            else []
        )
        fact = make_fact(f"a_long_name_of_fact_{number}", kind, names)
        labelled = tuple(replace(value, label=words, says=words) for value in fact.values)
        facts.append(replace(fact, question=words, topic=words, values=labelled))
    rules = [
        Rule(
            f"a-long-name-of-rule-{number}",
            ("S1-1",),
            words,
            (FactTest(fact.name, Operator.IS, True),),
            (
                Conclusion(Effect.SUPPORTS, f"a_long_name_of_model_{number % 80}"),
                Conclusion(Effect.ACTION, f"action_{number}"),
                Conclusion(Effect.WARNING, f"warning_{number}"),
            ),
        )
        for number, fact in enumerate(facts)
        if fact.kind is Kind.FLAG
    ]
    models = [Model(f"a_long_name_of_model_{number}", words, words) for number in range(120)]
    base = make_rulebase(facts, rules, models, [make_claim("S1-1", Tone.PLAIN)])
    return replace(
        base,
        actions=dict.fromkeys(base.actions, words),
        warnings=dict.fromkeys(base.warnings, words),
        sources={name: replace(source, title=words, author=words) for name, source in base.sources.items()},
    )


def test_no_answer_is_long_however_long_the_texts_of_the_rule_base() -> None:
    base = wordy_rulebase()
    flags = [fact.name for fact in base.vocabulary.facts.values() if fact.kind is Kind.FLAG]
    first = next(iter(base.vocabulary.facts))
    asked: list[tuple[str, dict[str, Any]]] = []
    for known in ({}, dict.fromkeys(flags, True), dict.fromkeys(flags[:5], True)):
        asked += [
            ("recommend", {"facts": known}),
            ("why_not", {"facts": known, "name": "a_long_name_of_model_7"}),
            ("why_not", {"facts": known, "name": "a-long-name-of-rule-3"}),
            ("what_if", {"facts": known, "changes": dict.fromkeys(flags, False)}),
            ("next_questions", {"facts": known, "limit": 5}),
        ]
    asked += [("facts", {}), ("facts", {"names": [first]}), ("facts", {"names": list(base.vocabulary.facts)})]

    async def ask_all() -> tuple[Any, Any, list[Any]]:
        async with Client(create_server(base)) as client:
            tools = [tool.model_dump(mode="json", exclude_none=True) for tool in (await client.list_tools()).tools]
            resources = (await client.list_resources()).resources
            return tools, resources, [await client.call_tool(name, arguments) for name, arguments in asked]

    tools, resources, results = run(ask_all())
    assert len(json.dumps(tools)) <= 1500 * TOKEN
    assert all(len(resource.model_dump_json()) < 600 for resource in resources)
    for result in results:
        assert not result.is_error
        assert sum(len(content.text) for content in result.content) <= 1200 * TOKEN
        assert len(json.dumps(result.structured_content)) <= 1200 * TOKEN
    brief, one, many = (result.content[0].text for result in results[-3:])
    assert "ask for these next: a_long_name_of_fact" in brief
    assert one.startswith(first)
    assert "ask for these next" not in one
    assert many.startswith(first)


def test_answers_about_every_model_rule_and_piece_of_advice_are_short() -> None:
    rulebase = cxrules.RuleBase.builtin()
    names = [*rulebase.models, *list_subjects(rulebase)][::7]

    async def ask_all() -> list[Any]:
        async with Client(create_server()) as client:
            return [await client.call_tool("why_not", {"facts": CONTRADICTORY, "name": name}) for name in names]

    for result in run(ask_all()):
        assert not result.is_error
        assert len(result.content[0].text) <= 1200 * TOKEN


def test_shortened_answers_say_how_much_is_left() -> None:
    text = run(call("facts", names=list(VOCABULARY.facts))).content[0].text
    shown = [line.split(" ")[0] for line in text.splitlines()[:-1]]
    rest = text.splitlines()[-1]
    assert rest.startswith(f"… and {len(VOCABULARY.facts) - len(shown)} more; ask for these next: ")
    assert [*shown, *rest.partition(": ")[2].split(", ")] == list(VOCABULARY.facts)
    answer = run(call("recommend", facts=CONTRADICTORY)).structured_content
    met = cxrules.recommend(CONTRADICTORY).incoherences
    assert answer["contradictions"][-1] == f"… and {len(met) - 5} more"
    assert answer["explanation"].endswith("… and more")


@pytest.mark.parametrize("given", [0.15, 0.5])
def test_doubts_are_passed_on_to_the_agent_only(given: float) -> None:
    """The kind: a share between 0 and 1, which models write where a percentage is meant."""
    small = {"retention_budget_share": given}
    with warnings.catch_warnings():
        warnings.simplefilter("error", UnlikelyFact)
        told = run(call("recommend", facts=small)).structured_content["doubts"]
        texts = [
            run(call("why_not", facts=small, name="cmo_owned")).content[0].text,
            run(call("what_if", facts={}, changes=small)).content[0].text,
            run(call("what_if", facts=small, changes={})).content[0].text,
        ]
        assert not run(call("next_questions", facts=small)).is_error
    assert told == [f"retention_budget_share is {given:g} %; write {100 * given:g} if {100 * given:g} % was meant"]
    assert [text.splitlines()[0] for text in texts] == told * 3
    assert run(call("recommend", facts={"retention_budget_share": 15})).structured_content["doubts"] == []


@pytest.mark.parametrize("number", [150, 1_000])
def test_a_question_with_many_values_is_short(number: int) -> None:
    countries = [f"country_{place}" for place in range(number)]
    rulebase = make_choice("country", countries, dict(zip(countries, ("one", "two"), strict=False)))

    async def ask() -> Any:
        async with Client(create_server(rulebase)) as client:
            return await client.call_tool("next_questions", {"facts": {}})

    result = run(ask())
    assert len(result.content[0].text) <= 1200 * TOKEN
    values = result.structured_content["result"][0]["values"]
    assert values.pop("…") == f"and {number - len(values)} more"
    assert len(values) > 50


def test_the_server_and_its_decisions_can_be_named() -> None:
    async def look() -> tuple[Any, Any]:
        async with Client(create_server()) as client:
            return client.server_info, await client.call_tool("recommend", {"facts": FACTS})

    server, result = run(look())
    assert (server.name, server.version) == ("cxrules", cxrules.__version__)
    assert len(result.structured_content["id"]) == 32


@pytest.mark.parametrize("name", ["unit-among-silos", "ceo_champions", "win_the_ceo"])
def test_why_not_answers_for_rules_findings_and_actions(name: str) -> None:
    assert (
        run(call("why_not", facts=FACTS, name=name)).content[0].text == cxrules.recommend(FACTS).why_not(name).explain()
    )


def test_the_tool_recommends_what_the_library_recommends() -> None:
    advice = cxrules.recommend(FACTS)
    answer = run(call("recommend", facts=FACTS)).structured_content
    assert (answer["model"], answer["name"], answer["status"]) == (advice.model, advice.name, advice.status)
    assert answer["explanation"] == advice.explain()
    assert run(call("why_not", facts=FACTS, name="cmo_owned")).content[0].text == advice.why_not("cmo_owned").explain()


@pytest.mark.parametrize(
    ("name", "arguments", "hint"),
    [
        ("recommend", {"facts": {"matury": "early"}}, "did you mean 'maturity'?"),
        ("recommend", {"facts": {"maturity": "erly"}}, "did you mean 'early'?"),
        ("why_not", {"facts": {"matury": "early"}, "name": "cmo_owned"}, "did you mean 'maturity'?"),
        ("why_not", {"facts": {}, "name": "cmo_ownd"}, "did you mean 'cmo_owned'?"),
        ("what_if", {"facts": {}, "changes": {"silo": "none"}}, "did you mean 'silos'?"),
        ("next_questions", {"facts": {"matury": "early"}}, "did you mean 'maturity'?"),
        ("facts", {"names": ["matury"]}, "did you mean 'maturity'?"),
    ],
)
def test_a_misspelt_name_gets_a_suggestion(name: str, arguments: dict[str, Any], hint: str) -> None:
    result = run(call(name, **arguments))
    assert result.is_error
    assert hint in result.content[0].text


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("recommend", {"facts": {}, "silos": "severe"}, ["silos: no such argument; move it under 'facts'"]),
        ("recommend", {"facts": {}, "silso": "severe"}, ["silso: no such argument; did you mean 'silos', under"]),
        ("recommend", {"facts": {}, "engine": "x"}, ["engine: no such argument; known: 'facts'"]),
        ("next_questions", {"facts": {}, "limt": 1}, ["limt: no such argument; did you mean 'limit'?"]),
        ("next_questions", {"facts": {}, "limit": 2.5}, ["limit: a whole number is expected, not 2.5"]),
        ("next_questions", {"facts": {}, "limit": True}, ["limit: a whole number is expected, not True"]),
        ("facts", {"name": ["silos"]}, ["name: no such argument; did you mean 'names'?"]),
        ("recommend", {"fact": {}}, ["fact: no such argument; did you mean 'facts'?"]),
        ("recommend", {}, ["facts: this argument is missing"]),
        ("recommend", {"facts": 3}, ["facts: a mapping of facts is expected, not 3"]),
        (
            "what_if",
            {"facts": {"silo": 1}, "changes": {"maturity": "erly"}, "x": 1},
            ["facts.silo: no such fact", "changes.maturity: no such value", "x: no such argument"],
        ),
        ("why_not", {"facts": {"silo": 1}, "name": "cmo_ownd"}, ["facts.silo: no such fact", "name: no such model"]),
    ],
)
def test_every_argument_is_used_or_refused(name: str, arguments: dict[str, Any], said: list[str]) -> None:
    """The kind: arguments that a tool does not have are ignored, or one mistake hides the next."""
    result = run(call(name, **arguments))
    assert result.is_error
    lines = result.content[0].text.splitlines()
    assert len(lines) == len(said) + (len(said) > 1)
    assert all(line.startswith(each) for line, each in zip(lines[-len(said) :], said, strict=True))
    assert "pydantic" not in result.content[0].text


def test_a_whole_number_may_be_written_with_a_point() -> None:
    """Some agents' clients send every number as a float, and the schema calls 1.0 an integer."""
    answers = [run(call("next_questions", facts={}, limit=limit)) for limit in (1, 1.0)]
    assert not any(answer.is_error for answer in answers)
    assert answers[0].content == answers[1].content


def test_the_schemas_of_the_tools_allow_no_other_argument() -> None:
    async def list_tools() -> list[Any]:
        async with Client(create_server()) as client:
            return list((await client.list_tools()).tools)

    assert [tool.input_schema["additionalProperties"] for tool in run(list_tools())] == [False] * len(TOOLS)


def test_the_claims_of_every_article_are_resources() -> None:
    async def read() -> dict[str, str]:
        async with Client(create_server()) as client:
            listed = (await client.list_resources()).resources
            found = {str(each.uri): await client.read_resource(str(each.uri)) for each in listed}
        return {uri: getattr(result.contents[0], "text", "") for uri, result in found.items()}

    rulebase = cxrules.RuleBase.builtin()
    texts = run(read())
    assert len(texts) == len(rulebase.sources)
    for claim in rulebase.claims.values():
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


@pytest.mark.parametrize("slim", [False, True])
def test_a_strict_schema_follows_the_rules_of_strict_tools(slim: bool) -> None:
    tool = cxrules.tool_schema(slim=slim, strict=True)
    schema = tool["parameters"]
    facts = cxrules.RuleBase.builtin().vocabulary.facts
    assert tool["strict"] is True
    assert set(schema) == {"type", "properties", "required", "additionalProperties"}
    assert schema["required"] == list(schema["properties"]) == list(facts)
    assert schema["additionalProperties"] is False
    kinds: list[dict[str, Any]] = [*schema["properties"].values()]
    values = 0
    for kind in kinds:
        assert set(kind) <= {"type", "enum", "items", "minimum", "maximum", "description"}
        assert kind["type"][1:] == ["null"]
        assert ("description" in kind) != slim
        values += len(kind.get("enum", ())) + len(kind.get("items", {}).get("enum", ()))
    assert values <= 1000
    assert len(json.dumps(schema)) < 120_000
    jsonschema.Draft202012Validator.check_schema(schema)
    whole = {**dict.fromkeys(facts), **FACTS}
    jsonschema.validate(whole, schema)
    assert cxrules.recommend(whole) == cxrules.recommend(FACTS)
    for wrong in (FACTS, {**whole, "matury": None}, {**whole, "maturity": "erly"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("slim", [False, True])
def test_every_part_of_a_schema_has_a_type(slim: bool, strict: bool) -> None:
    waiting: list[dict[str, Any]] = [cxrules.tool_schema(slim=slim, strict=strict)["parameters"]]
    while waiting:
        schema = waiting.pop()
        assert "type" in schema or "anyOf" in schema, schema
        waiting += schema.get("properties", {}).values()
        waiting += schema.get("anyOf", [])
        waiting += [schema["items"]] if "items" in schema else []


def test_a_tool_needs_a_rule_base() -> None:
    with pytest.raises(TypeError, match="a RuleBase is expected"):
        cxrules.tool_schema("mine")  # type: ignore[arg-type]


def test_a_slim_schema_is_small() -> None:
    whole, slim = (len(json.dumps(cxrules.tool_schema(slim=slim))) for slim in (False, True))
    assert 7 * slim < 2 * whole


def test_a_custom_tool_returns_the_data_of_an_answer() -> None:
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
