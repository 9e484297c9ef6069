"""The service behind the page, without HTTP or browser; it answers the same in both."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html import unescape
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cxrules import RuleBase, recommend
from cxrules.consultation.dialogue import Consultation
from cxrules.web.service import OPERATIONS, Service
from tests import ROOT
from tests.rulebases import random_organisations

FACTS = {
    "ceo_involvement": "champion",
    "silos": "severe",
    "maturity": "early",
    "marketing_journey_coverage": ["retention"],
}
REQUESTS: dict[str, dict[str, Any]] = {
    "vocabulary": {},
    "recommend": {"facts": FACTS},
    "next-questions": {"facts": FACTS},
    "why-asked": {"facts": FACTS, "fact": "scope"},
    "changes": {"facts": FACTS, "last": "silos"},
    "why-not": {"facts": FACTS, "name": "cmo_owned"},
    "what-if": {"facts": FACTS, "changes": {"silos": None}},
    "explain": {"facts": FACTS, "detail": "full"},
    "compare": {"one": FACTS, "other": {**FACTS, "silos": "none"}},
    "rule": {"id": "stretched-marketing"},
    "map": {"facts": FACTS, "width": 360},
    "report": {"facts": FACTS, "title": "Acme <Ltd>", "date": "2026-03-01", "last": "silos", "skipped": ["scope"]},
    "read-file": {"text": "facts: {maturity: early}\nskipped: [scope]\n"},
    "write-file": {"facts": FACTS},
    "table": {"name": "t.csv", "base64": "bWF0dXJpdHkKZWFybHkK"},
}


@pytest.fixture(scope="module")
def service() -> Service:
    return Service()


def test_every_operation_is_tested() -> None:
    assert set(REQUESTS) == set(OPERATIONS)


@pytest.mark.parametrize(
    ("operation", "request_", "meant"),
    [
        ("why-nto", {}, "why-not"),
        ("recommend", {"facts": {"silo": "severe"}}, "silos"),
        ("why-asked", {"facts": FACTS, "fact": "scop"}, "scope"),
        ("next-questions", {"facts": FACTS, "skipped": ["scop"]}, "scope"),
        ("why-not", {"facts": FACTS, "name": "cmo_ownd"}, "cmo_owned"),
        ("what-if", {"facts": FACTS, "changes": {"silo": None}}, "silos"),
        ("explain", {"facts": FACTS, "detail": "ful"}, "full"),
        ("rule", {"id": "stretched-marketin"}, "stretched-marketing"),
    ],
)
def test_an_unknown_name_gets_a_suggestion(
    service: Service, operation: str, request_: dict[str, Any], meant: str
) -> None:
    ok, text = service.respond(operation, json.dumps(request_))
    assert not ok
    assert f"did you mean '{meant}'?" in json.loads(text)["message"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_answers_can_be_written_as_json(service: Service, operation: str) -> None:
    ok, text = service.respond(operation, json.dumps(REQUESTS[operation]))
    assert ok
    assert json.loads(text) == service.call(operation, REQUESTS[operation])


@pytest.mark.parametrize("facts", list(islice(random_organisations(RuleBase.builtin(), 5), 20)))
def test_the_answer_is_that_of_recommend(service: Service, facts: dict[str, Any]) -> None:
    shown, advice = service.call("recommend", {"facts": facts}), recommend(facts)
    assert shown["model"] == advice.model
    assert shown["certainty"] == advice.certainty
    assert [row["model"] for row in shown["ranking"]] == [row.model for row in advice.ranking]
    assert {action["id"] for action in shown["actions"]} == {action.id for action in advice.actions}


def test_the_next_question_is_that_of_consult(service: Service) -> None:
    asked = service.call("next-questions", {"facts": FACTS, "skipped": ["cco_mandate"]})
    consultation = Consultation(service.advisor.judge, recommend(FACTS).facts, ["cco_mandate"])
    assert asked["fact"] == consultation.fact


@pytest.mark.parametrize("name", ["", "Acme", 'O\'Neill "Söhne" & Co: #1', "yes", "007", "東京 🚢", "\ttab", "- x"])
def test_written_files_can_be_read_again(service: Service, name: str) -> None:
    organisation = {"facts": FACTS, "skipped": ["scope"], "name": name}
    text = service.call("write-file", organisation)["text"]
    assert service.call("read-file", {"text": text}) == organisation
    assert service.call("read-file", {"text": json.dumps(organisation)}) == organisation


@given(name=st.text(st.characters(exclude_categories=()), max_size=5))
@example("a\x7fb")
@example("\x9b")
@example("\x85")
@example("\u2028\ufeff\ufffe\uffff")
@example("\x00")
@example("\ud800")
def test_any_name_is_read_back_or_refused_before_it_is_written(name: str) -> None:
    """The kind: a file that is written, and then refused, or read back as another one."""
    service = Service()
    ok, answer = service.respond("write-file", json.dumps({"facts": {"silos": "severe"}, "name": name}))
    if not ok:
        assert not name.isascii()
        assert "half a surrogate pair" in answer
        return
    assert service.call("read-file", {"text": json.loads(answer)["text"]})["name"] == name


@pytest.mark.parametrize("label", ["[1, 2]", "{a: b}", ""])
def test_only_a_text_is_taken_as_the_name(service: Service, label: str) -> None:
    assert service.call("read-file", {"text": f"name: {label}\nfacts: {{maturity: early}}\n"})["name"] == ""


def test_items_are_separate_from_their_paragraph(service: Service) -> None:
    paragraphs = service.call("compare", {"one": FACTS, "other": {**FACTS, "silos": "none"}})["paragraphs"]
    assert any(each["items"] for each in paragraphs)
    assert not any("\n" in text for each in paragraphs for text in (each["text"], *each["items"]))


@pytest.mark.parametrize(
    ("operation", "request_", "said"),
    [
        ("recommend", {"facts": {"silo": "severe"}}, "silos"),
        ("recommend", {"facts": {"silos": "sever"}}, "severe"),
        ("recommend", {"fact": {}}, "fact"),
        ("recommend", {}, "facts: this parameter is missing"),
        ("recommend", {"facts": {}, "silos": "x"}, "silos: no such parameter; known: 'facts'"),
        ("why-not", {"facts": [], "nam": "x"}, "nam: no such parameter; did you mean 'name'?"),
        ("recommend", {"facts": []}, "mapping"),
        ("next-questions", {"facts": {}, "skipped": ["x"]}, "x"),
        ("why-not", {"facts": {}, "name": "cmo_own"}, "cmo_owned"),
        ("why-asked", {"facts": {}, "fact": "x"}, "x"),
        ("rule", {"id": "x"}, "x"),
        ("explain", {"facts": {}, "detail": "long"}, "brief"),
        ("read-file", {"text": "facts: [1"}, ""),
        ("read-file", {"text": "silos: yes"}, "severe"),
        ("table", {"name": "t.csv", "base64": "!"}, "base64"),
        ("table", {"name": "t.csv", "base64": "c2lsbwpzZXZlcmUK"}, "silos"),
        ("table", {"name": "t.csv", "base64": "c2lsb3MKc2V2ZXIK"}, "row 1"),
        ("table", {"name": "t.parquet", "base64": "c2lsbwpzZXZlcmUK"}, ""),
        ("report", {"facts": {}, "date": "yesterday"}, "2026-11-29"),
        ("map", {"facts": {}, "width": 100}, "240"),
        ("map", {"facts": {}, "width": 10**9}, "4000"),
        ("map", {"facts": {}, "width": True}, "whole number"),
        ("nonsense", {}, "nonsense"),
        ("respond", {}, "respond"),
    ],
)
def test_a_wrong_request_gets_a_message(service: Service, operation: str, request_: dict[str, Any], said: str) -> None:
    ok, text = service.respond(operation, json.dumps(request_))
    assert not ok
    assert said in json.loads(text)["message"]


@pytest.mark.parametrize(
    ("operation", "request_", "said"),
    [
        ("compare", {"one": {"silo": 1}, "other": {"silos": "sever"}}, ["one.silo: no such", "other.silos: no such"]),
        (
            "what-if",
            {"facts": {"silo": 1}, "changes": {"scop": 1}, "x": 2},
            ["facts.silo: no such fact", "changes.scop: no such fact", "x: no such parameter"],
        ),
        (
            "why-not",
            {"facts": {"silo": 1, "scop": 1}},
            ["facts.silo: ", "facts.scop: ", "name: this parameter is missing"],
        ),
    ],
)
def test_every_mistake_in_a_request_is_listed(
    service: Service, operation: str, request_: dict[str, Any], said: list[str]
) -> None:
    """The kind: facts that are looked at only after the parameters, or the facts before them, are right."""
    message = json.loads(service.respond(operation, json.dumps(request_))[1])["message"]
    lines = message.splitlines()[1:]
    assert len(lines) == len(said)
    assert all(line.strip().startswith(each) for line, each in zip(lines, said, strict=True))


SERVICE = Service()
JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=3 * settings().max_examples)
@given(operation=st.sampled_from(OPERATIONS), data=st.data())
def test_any_request_is_answered_or_refused(operation: str, data: st.DataObject) -> None:
    names = list(REQUESTS[operation])
    given_ = data.draw(st.fixed_dictionaries(dict.fromkeys(names, JSON)))
    ok, text = SERVICE.respond(operation, json.dumps(given_))
    assert ok or json.loads(text)["message"]


def test_the_report_is_self_contained(service: Service) -> None:
    html = service.call("report", REQUESTS["report"])["html"]
    assert html.startswith("<!doctype html>")
    assert "Acme &lt;Ltd&gt;" in html
    assert not any(foreign in html for foreign in ("<script", "<link", "src=", "@import", "url(h"))


def flatten(text: str) -> str:
    """The words of a text or page; names of models are in quotes in the one and bold in the other."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).translate(_NO_QUOTES).replace(" .", ".").split())


_NO_QUOTES = str.maketrans(dict.fromkeys("“”", " "))


def squeeze(text: str) -> str:
    return re.sub(r"\s", "", flatten(text))


@pytest.mark.parametrize("facts", [FACTS, {}, *islice(random_organisations(RuleBase.builtin(), 8, known=0.3), 12)])
def test_report_and_page_say_the_same_in_the_same_order(service: Service, facts: dict[str, Any]) -> None:
    last = next(reversed(facts), "")
    shown = service.call("recommend", {"facts": facts})
    changes = service.call("changes", {"facts": facts, "last": last})["sets"]
    skipped = [name for name in list(RuleBase.builtin().vocabulary.facts)[::2] if name not in facts]
    asked = {"facts": facts, "skipped": skipped}
    report = squeeze(service.call("report", {**asked, "last": last, "date": "2026-03-01"})["html"])
    assert "1March2026" in report
    said = [
        *(each["reason"].rstrip(".") for each in shown["incoherences"]),
        shown["outcome"],
        shown["certain"],
        service.call("next-questions", asked)["text"],
        *(reason["text"] for reason in shown["reasons"]),
        shown["contrast"],
        *(action["text"] for action in shown["actions"]),
        *shown["beware"],
        *(each["text"] for each in changes),
        *(part for voice in shown["voices"] for part in (voice["title"], voice["text"]) if facts),
        *(part for row in shown["ranking"] for part in (row["name"], row["place"]) if facts),
        *(part for each in shown["answers"] for part in (each["question"], each["answer"])),
        *(part for each in service.call("vocabulary", {})["sources"].values() for part in each.values()),
    ]
    place = 0
    for text in filter(None, map(squeeze, said)):
        assert text in report[place:], text
        place = report.index(text, place) + len(text)


def test_every_warning_action_and_pattern_is_on_the_page(service: Service) -> None:
    for facts in islice(random_organisations(RuleBase.builtin(), 5), 20):
        shown, advice = service.call("recommend", {"facts": facts}), recommend(facts)
        contradictory = {each.id for each in advice.incoherences}
        assert {each["id"] for each in shown["actions"]} == {each.id for each in advice.actions}
        assert {each.text for each in advice.warnings if each.id not in contradictory} <= set(shown["beware"])
        assert len(shown["beware"]) == len(advice.warnings) - len(contradictory) + len(advice.patterns)
        assert [each["answer"] for each in shown["answers"]] != [] or not facts
        assert (f"{advice.certainty:.0%}" in shown["certain"]) == (advice.model is not None)


def test_the_certainty_mentions_articles_that_disagree(service: Service) -> None:
    for facts in islice(random_organisations(RuleBase.builtin(), 6, known=0.3), 30):
        shown = service.call("recommend", {"facts": facts})
        disagreeing = [voice for voice in shown["voices"] if voice["stance"] == "disagrees"]
        assert ("disagree" in shown["certain"]) == bool(disagreeing)


def test_changes_that_take_back_the_last_answer_come_last(service: Service) -> None:
    """Changes that do come last and say so; if all the cheapest do, dearer ones come first."""
    told = 0
    for facts in islice(random_organisations(RuleBase.builtin(), 9, known=0.15, coherent=True), 30):
        for last in facts:
            sets = service.call("changes", {"facts": facts, "last": last})["sets"]
            taking_back = [last in each["changes"] for each in sets]
            assert taking_back == sorted(taking_back)
            assert taking_back == ["contrary to the last answer" in each["text"] for each in sets]
            others = recommend(facts).counterfactuals(keep=[last]).sets
            told += bool(others) and any(taking_back)
            assert not taking_back or not all(taking_back) or not others
    assert told


def test_a_change_that_leads_to_an_owner_comes_before_one_that_leads_to_none() -> None:
    for facts in islice(random_organisations(RuleBase.builtin(), 9, known=0.15, coherent=True), 40):
        ownerless = [each.model is None for each in recommend(facts).counterfactuals().sets]
        assert ownerless == sorted(ownerless)


@pytest.mark.parametrize("facts", [FACTS, {}, *islice(random_organisations(RuleBase.builtin(), 8, known=0.5), 6)])
def test_the_most_answers_still_needed_are_announced(service: Service, facts: dict[str, Any]) -> None:
    found = service.call("next-questions", {"facts": facts})
    asked = recommend(facts).next_questions()
    assert found["settled"] == asked.nothing_left_to_ask
    assert found["settled"] == (not re.search(r"at most \w+ more answers?", found["text"]))
    assert found["settled"] == (found["text"].startswith("Settled") or "No answer" in found["text"])


def test_interviews_need_no_more_answers_than_announced(service: Service) -> None:
    """Whole interviews: never more questions than announced, and mostly fewer than half where it says so."""
    halved = []
    rulebase = RuleBase.builtin()
    well_known = islice(random_organisations(rulebase, 7, known=0.9, coherent=True), 5)
    for facts in [*well_known, *islice(random_organisations(rulebase, 2, known=0.3, coherent=True), 5)]:
        known: dict[str, Any] = {}
        skipped: list[str] = []
        said: list[str] = []
        while (found := service.call("next-questions", {"facts": known, "skipped": skipped}))["fact"] is not None:
            said.append(found["text"])
            if found["fact"] in facts:
                known[found["fact"]] = facts[found["fact"]]
            else:
                skipped.append(found["fact"])
        assert found["settled"], "a question that is not asked does not matter"
        assert (found["text"].startswith("Settled") or "No answer" in found["text"]) == found["settled"]
        for needed, text in enumerate(reversed(said), 1):
            most = re.search(r"at most (\w+) more answer", text)
            assert most
            number = int(most[1]) if most[1].isdecimal() else NUMBERS.index(most[1])
            assert needed <= number
            if "fewer than half of them" in text:
                halved.append(needed < number / 2)
    assert sum(halved) > 0.8 * len(halved) > 0


NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]


def test_the_service_runs_on_the_standard_library_alone() -> None:
    code = (
        "import sys, json; from cxrules.web.service import Service; service = Service();"
        "requests = json.load(sys.stdin);"
        "[service.call(name, request) for name, request in requests.items()];"
        "print(*sorted({'pydantic', 'fastapi', 'numpy', 'pyarrow', 'typer', 'networkx'} & set(sys.modules)))"
    )
    given_ = json.dumps({name: request for name, request in REQUESTS.items() if name != "read-file"})
    shown = subprocess.run([sys.executable, "-c", code], input=given_, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == ""


def test_the_code_of_the_page_is_small() -> None:
    static = ROOT / "src" / "cxrules" / "web" / "static"
    assert sum(path.stat().st_size for path in static.iterdir()) < 100_000


def test_the_page_loads_nothing_from_elsewhere() -> None:
    static: Path = ROOT / "src" / "cxrules" / "web" / "static"
    for path in static.iterdir():
        text = path.read_text("utf-8")
        assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
        assert "https://" not in text
        assert "innerHTML" not in text.replace("without innerHTML", "")


@pytest.mark.parametrize(
    ("operation", "request_", "told"),
    [
        (
            "write-file",
            {"facts": {"maturity": "late"}, "skipped": ["silo", "q"]},
            ["'late'", "'silos'", "no such fact: 'q'"],
        ),
    ],
)
def test_no_mistake_hides_another(operation: str, request_: dict[str, Any], told: list[str]) -> None:
    answered, said = SERVICE.respond(operation, json.dumps(request_))
    assert not answered
    assert [part for part in told if part not in json.loads(said)["message"]] == []


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ('{"facts": {"a": 1, "a": 2, "b": 1, "c": 3, "b": 2}}', "'a' and 'b' are given twice"),
        ('{"facts": {"retention_budget_share": ' + "9" * 5000 + "}}", "a number of 5,000 digits is too long: 99999"),
    ],
    ids=["keys", "digits"],
)
def test_what_json_leaves_open_is_refused_in_plain_words(request_: str, told: str) -> None:
    answered, said = SERVICE.respond("recommend", request_)
    assert not answered
    assert json.loads(said)["message"].startswith(told)
