"""Programs that return every kind of answer, as users write them: a web application, an MCP server.

`python -m tests.embedding.hosts stdio` serves MCP on standard input, `… http PORT` by HTTP.
"""

import sys
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from mcp.server.mcpserver import MCPServer

import cxrules
from cxrules import Organisation
from tests.portable.answers import FACTS

Ask = Callable[[cxrules.Recommendation], Any]

ASKED: dict[str, tuple[Any, Ask]] = {
    "recommend": (cxrules.Recommendation, lambda advice: advice),
    "why": (cxrules.Derivation, lambda advice: advice.why()),
    "how_rule": (cxrules.Step | None, lambda advice: advice.how(advice.fired[0]) if advice.fired else None),
    "how_finding": (cxrules.Established | None, lambda advice: advice.how("cx_is_young")),
    "how_model": (cxrules.Case, lambda advice: advice.how("cmo_owned")),
    "why_not": (cxrules.WhyNot, lambda advice: advice.why_not("cmo_owned")),
    "why_not_fired": (cxrules.WhyNotFired, lambda advice: advice.why_not("ceo_champions")),
    "nearest_change": (cxrules.NearestFiring, lambda advice: advice.why_not("ceo-champion").nearest_change),
    "what_if": (cxrules.WhatIf, lambda advice: advice.what_if(silos="severe", ceo_involvement="champion")),
    "counterfactuals": (cxrules.Counterfactuals, lambda advice: advice.counterfactuals(max_changes=1)),
    "sufficient": (cxrules.Sufficient, lambda advice: advice.sufficient()),
    "settled": (cxrules.Settled, lambda advice: advice.settled()),
    "next_questions": (cxrules.NextQuestions, lambda advice: advice.next_questions()),
    "robustness": (cxrules.Robustness, lambda advice: advice.robustness()),
}


def ask(name: str) -> Any:
    """One kind of answer, about the organisation of the tests."""
    return ASKED[name][1](cxrules.recommend(FACTS))


def make_app() -> FastAPI:
    """An endpoint for every answer, with and without a declared response model."""
    app = FastAPI(responses={400: {"description": "FastAPI's own answer to a body that is not UTF-8"}})
    for name, (kind, question) in ASKED.items():
        _add(app, name, kind, question)
    return app


def _add(app: FastAPI, name: str, kind: Any, question: Ask) -> None:
    def answer(organisation: Organisation) -> Any:
        return question(cxrules.recommend(organisation))

    def undeclared(organisation: Organisation):  # type: ignore[no-untyped-def] # noqa: ANN202 - as many write it
        return {"answer": question(cxrules.recommend(organisation))}

    app.post(f"/{name}", response_model=kind)(answer)
    app.post(f"/undeclared/{name}", include_in_schema=False)(undeclared)


def make_server() -> MCPServer:
    """A tool for every answer, with the answer's type as its return type."""
    server = MCPServer("hosts")
    for name, (kind, _) in ASKED.items():

        def tool(name: str = name) -> Any:
            return ask(name)

        tool.__annotations__["return"] = kind
        server.add_tool(tool, name=name)
    return server


if __name__ == "__main__":
    if sys.argv[1] == "stdio":
        make_server().run()
    else:
        make_server().run(transport="streamable-http", host="127.0.0.1", port=int(sys.argv[2]))
