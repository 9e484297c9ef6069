"""Every kind of answer through FastAPI, schemathesis, MCP over stdio and HTTP, pydantic-ai and a fresh process."""

import asyncio
import json
import os
import pickle
import socket
import subprocess
import sys
from collections.abc import Iterator
from threading import Event
from typing import Any

import hypothesis
import jsonschema
import pytest
import schemathesis
from fastapi.testclient import TestClient
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from pydantic_ai import Agent
from pydantic_ai.messages import ToolReturnPart
from pydantic_ai.models.test import TestModel

from tests import ROOT
from tests.embedding.hosts import ASKED, ask, make_app
from tests.portable.answers import FACTS

APP = make_app()
SCHEMA = schemathesis.openapi.from_asgi("/openapi.json", APP)
NAMES = tuple(ASKED)


@SCHEMA.parametrize()
@hypothesis.settings(max_examples=4, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
def test_the_web_application_conforms_to_its_schema(case: Any) -> None:
    case.call_and_validate()


@pytest.mark.parametrize("name", NAMES)
def test_a_web_application_answers_with_and_without_a_response_model(name: str) -> None:
    client = TestClient(APP)
    expected = ask(name).model_dump(mode="json")
    assert client.post(f"/{name}", json=FACTS).json() == expected
    assert client.post(f"/undeclared/{name}", json=FACTS).json() == {"answer": expected}


async def _call_all(transport: Any) -> dict[str, Any]:
    async with Client(transport) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        return {name: (tools[name].output_schema, await client.call_tool(name, {})) for name in NAMES}


def _assert_all(found: dict[str, Any]) -> None:
    for name, (schema, result) in found.items():
        expected = ask(name).model_dump(mode="json")
        assert not result.is_error, result.content
        assert json.loads(result.content[0].text) == expected, name
        structured = result.structured_content
        jsonschema.validate(structured, schema)
        assert structured in (expected, {"result": expected}), name


def test_mcp_over_standard_input() -> None:
    parameters = StdioServerParameters(
        command=sys.executable, args=["-m", "tests.embedding.hosts", "stdio"], cwd=ROOT, env=dict(os.environ)
    )
    _assert_all(asyncio.run(_call_all(stdio_client(parameters))))


@pytest.fixture
def address() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "tests.embedding.hosts", "http", str(port)], cwd=ROOT)
    try:
        _await_port(port)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        server.terminate()
        server.wait()


def _await_port(port: int) -> None:
    for _ in range(600):
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        Event().wait(0.1)
    raise TimeoutError


def test_mcp_over_http(address: str) -> None:
    _assert_all(asyncio.run(_call_all(address)))


@pytest.mark.parametrize("name", NAMES)
def test_a_tool_of_pydantic_ai(name: str) -> None:
    agent = Agent(TestModel(call_tools=[name]))

    def tool() -> Any:
        return ask(name)

    agent.tool_plain(name=name)(tool)
    messages = agent.run_sync("Who should own CX?").all_messages()
    (returned,) = [part for message in messages for part in message.parts if isinstance(part, ToolReturnPart)]
    assert json.loads(returned.model_response_str()) == ask(name).model_dump(mode="json")


@pytest.mark.parametrize("name", NAMES)
def test_json_pickle_and_schema(name: str) -> None:
    answer = ask(name)
    data = json.loads(json.dumps(answer.model_dump(mode="json")))
    jsonschema.validate(data, type(answer).model_json_schema())
    code = "import json, pickle, sys; print(json.dumps(pickle.load(sys.stdin.buffer).model_dump(mode='json')))"
    done = subprocess.run([sys.executable, "-c", code], input=pickle.dumps(answer), capture_output=True, check=True)
    assert json.loads(done.stdout) == data
