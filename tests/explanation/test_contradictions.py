"""Every form of answer says first that the facts contradict each other."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest

from cxrules import Advisor
from cxrules.consultation.dialogue import Consultation
from cxrules.decision_log import DecisionLog
from cxrules.language.facts import Facts, FactValue
from cxrules.web.service import Service
from tests.rulebases import random_organisations

ADVISOR = Advisor()
IMPOSSIBLE = {entry.id: entry for entry in ADVISOR.rulebase.impossible}
SAID = "contradict each other"


def find_contradictory() -> dict[str, dict[str, FactValue]]:
    """For each impossible conjunction, the facts of an organisation that meets it and no other."""
    found: dict[str, dict[str, FactValue]] = {}
    for known in random_organisations(ADVISOR.rulebase, seed=3, known=0.8):
        for entry in ADVISOR.rulebase.incoherences(known):
            found.setdefault(entry.id, {test.fact: known[test.fact] for test in entry.when})
        if len(found) == len(IMPOSSIBLE):
            return found
    raise AssertionError


CONTRADICTORY = find_contradictory()
ONE = {**CONTRADICTORY["cco-reports-while-none"], "ceo_involvement": "champion", "silos": "severe"}


def run(*arguments: str) -> str:
    """The output of a command."""
    testing = pytest.importorskip("typer.testing", reason="the extra `cli` is not installed")
    from cxrules.cli.app import make_app

    printed: str = testing.CliRunner().invoke(make_app(), arguments).stdout
    return printed


def begins_with_it(text: str | None) -> bool:
    assert text
    return SAID in re.sub(r"<[^>]*>", "", text)[:120]


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_every_text_says_it_first(name: str) -> None:
    facts, reason = CONTRADICTORY[name], IMPOSSIBLE[name].reason
    advice = ADVISOR.recommend(facts)
    assert name in [each.id for each in advice.incoherences]
    for text in (
        advice.explain(searches=False),
        advice.to_markdown("brief"),
        advice._repr_markdown_(),
        advice._repr_html_(),
        advice.what_if(morale="low").explain(),
        *(advice.why_not(other).explain() for other in ("cmo_owned", "ceo_champions")),
    ):
        assert text
        assert begins_with_it(text)
        assert reason in re.sub(r"\\([^\w])", r"\1", text).replace("&amp;", "&")
    for text in (advice.explain("full", searches=False), advice.to_markdown("full")):
        assert text.startswith(("The outcome", "## The outcome"))
        assert SAID in text[:120]
    page = advice.to_html()
    assert page.index(SAID) < page.index("The recommendation" if advice.model else "No owner can be recommended")


def test_a_supposition_that_contradicts_what_is_known_says_so() -> None:
    text = ADVISOR.recommend(cco_status="in_post", cco_reports_to="ceo").what_if(cco_status="none").explain()
    assert text.startswith("The facts assumed here contradict each other")


def test_answers_on_coherent_facts_do_not_mention_contradictions() -> None:
    advice = ADVISOR.recommend(cco_status="in_post", cco_reports_to="ceo", ceo_involvement="champion")
    for text in (advice.explain("full"), advice.to_html(), advice.why_not("cmo_owned").explain()):
        assert SAID not in text


def test_a_log_says_it_before_what_was_decided(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "log.jsonl"
    with DecisionLog(path) as log:
        log.write(ADVISOR.recommend(ONE), id="wrong")
        log.write(ADVISOR.recommend(silos="severe"), id="right")
    wrong, right = run("log", "show", str(path)).splitlines()
    assert wrong.index("contradictory facts (cco-reports-while-none)") < wrong.index("ceo_with_cco (")
    assert "contradictory" not in right
    data = [json.loads(line) for line in run("log", "show", str(path), "--json").splitlines()]
    assert [each["incoherences"] for each in data] == [["cco-reports-while-none"], []]
    assert begins_with_it(run("log", "explain", str(path), "wrong"))
    with caplog.at_level(logging.INFO, "cxrules.decisions"):
        ADVISOR.recommend(ONE)
        ADVISOR.recommend(silos="severe")
    assert [record.getMessage().startswith("contradictory facts; ") for record in caplog.records] == [True, False]


def test_the_terminal_the_page_and_a_consultation_say_it_first(tmp_path: Path) -> None:
    file = tmp_path / "organisation.json"
    file.write_text(json.dumps({"facts": ONE}))
    for options in ([], ["--why-not", "cmo_owned"], ["--what-if", "morale=low"]):
        assert begins_with_it(run("recommend", str(file), *options))
    told = Service(ADVISOR).recommend(ONE)
    assert told["announcement"].startswith("These answers contradict each other.")
    assert [each["id"] for each in told["incoherences"]] == ["cco-reports-while-none"]
    known: Facts = ADVISOR.rulebase.vocabulary.validate(ONE)
    begun = Consultation(ADVISOR.recommend(ONE).judge, known).begin()
    assert begun.index("contradicts itself") < begun.index("As it stands")


def test_a_tool_for_agents_says_it_first() -> None:
    mcp = pytest.importorskip("mcp")
    from cxrules.mcp import create_server

    async def call(tool: str, **arguments: Any) -> Any:
        async with mcp.Client(create_server()) as client:
            return await client.call_tool(tool, {"facts": ONE, **arguments})

    answer = asyncio.run(call("recommend"))
    assert next(iter(answer.structured_content)) == "contradictions"
    assert answer.structured_content["contradictions"] == [IMPOSSIBLE["cco-reports-while-none"].reason]
    for tool, arguments in (("why_not", {"name": "cmo_owned"}), ("what_if", {"changes": {"silos": "some"}})):
        assert begins_with_it(asyncio.run(call(tool, **arguments)).content[0].text)
