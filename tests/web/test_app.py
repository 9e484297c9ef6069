"""The service over HTTP: what is answered, what is refused, and what never leaves the server."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from cxrules import Recommendation, UnlikelyFact, recommend
from cxrules.errors import SHOWN, show_value
from cxrules.web.app import create_app
from cxrules.web.limits import Guard, Limits
from cxrules.web.service import Service
from tests import ROOT
from tests.columns.test_cell_texts import FILES
from tests.web.tables import encode
from tests.web.test_service import REQUESTS

FACTS = {"maturity": "early", "silos": "severe", "ceo_involvement": "champion"}
SAID = "is 0.15 %; write 15 if 15 % was meant"
_TOO_MANY = "skipped: a list of at most 500 is expected"
SMALL = Limits(body=2000, table=4000, arrival=0.2)


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(create_app(limits=SMALL)) as opened:
        yield opened


@pytest.fixture(scope="module")
def roomy() -> Iterator[TestClient]:
    with TestClient(create_app(), raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture(scope="module")
def hasty() -> Iterator[TestClient]:
    with TestClient(create_app(limits=Limits(search=0, deciding=0))) as opened:
        yield opened


def test_recommend_answers_as_the_library(client: TestClient) -> None:
    answered = client.post("/api/recommend", json={"facts": FACTS}).json()
    expected = recommend(FACTS).model_dump(mode="json")
    assert Recommendation.model_validate(answered).id == answered.pop("id")
    assert answered == expected


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("explain", {"detail": "full"}),
        ("why-not", {"name": "cmo_owned"}),
        ("what-if", {"changes": {"silos": None, "maturity": "mature"}}),
        ("counterfactuals", {"target": "cxo_owned", "max_changes": 2}),
        ("next-questions", {}),
        ("consultation", {"skipped": ["scope"]}),
    ],
)
def test_every_question_is_answered(client: TestClient, path: str, body: dict[str, Any]) -> None:
    answer = client.post(f"/api/{path}", json={"facts": FACTS, **body})
    assert answer.status_code == 200
    assert answer.json()


@pytest.mark.parametrize(
    ("path", "request_"),
    [
        *((f"page/{operation}", request_) for operation, request_ in REQUESTS.items()),
        *((f"api/{path}", {"facts": FACTS}) for path in ("recommend", "explain", "counterfactuals", "next-questions")),
        ("api/why-not", {"facts": FACTS, "name": "cmo_owned"}),
        ("api/what-if", {"facts": {}, "changes": FACTS}),
        ("api/consultation", {"facts": FACTS}),
        ("api/table", {}),
    ],
)
def test_a_doubt_reaches_no_log(client: TestClient, path: str, request_: dict[str, Any]) -> None:
    """The kind: a warning about facts, which the server's owner would read, and Python would keep for ever."""
    small = {"retention_budget_share": 0.15}
    wanted = {
        name: small if name in ("facts", "changes", "one", "other") else value for name, value in request_.items()
    }
    if path.endswith("/table"):
        wanted = {"name": "t.csv", "base64": encode(b"retention_budget_share\n0.15\n")}
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        answer = client.post(f"/{path}", json=wanted)
    assert answer.status_code == 200
    assert not [each for each in warned if issubclass(each.category, UnlikelyFact)]
    if small in wanted.values() and path != "page/recommend":
        assert json.loads(answer.headers["cxrules-doubts"]) == [f"retention_budget_share {SAID}"]
    if path == "page/recommend" or path.endswith("/table"):
        assert SAID in answer.json()["doubts"][0]


@pytest.mark.parametrize("path", ["api/recommend", "api/explain", "page/recommend", "page/why-not"])
@pytest.mark.parametrize(
    "body", ['{"facts": {"silos": "severe", "silos": "none"}}', '{"facts": {"silos": "severe"}, "facts": {}}']
)
def test_a_key_given_twice_is_refused(client: TestClient, path: str, body: str) -> None:
    """The kind: Python's reader of JSON keeps the last of several values, and says nothing."""
    answer = client.post(f"/{path}", content=body)
    assert answer.status_code == 422
    assert answer.json()["message"].endswith("is given twice")
    assert not Service().respond("recommend", body)[0]


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("why-not", {"facts": {"silo": 1}, "name": "cmo_own"}, ["facts.silo: no such fact", "name: no such subject"]),
        (
            "consultation",
            {"facts": {"silo": 1}, "skipped": ["scop"]},
            ["facts.silo: no such", "skipped.0: no such fact"],
        ),
        (
            "counterfactuals",
            {"facts": {"silo": 1}, "max_changes": 9, "target": "x"},
            ["facts.silo", "target", "max_changes"],
        ),
    ],
)
def test_every_mistake_is_listed(client: TestClient, path: str, body: object, said: list[str]) -> None:
    answer = client.post(f"/api/{path}", json=body)
    lines = answer.json()["message"].splitlines()
    assert len(lines) == len(said)
    assert all(any(line.startswith(each) for line in lines) for each in said)


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("recommend", '{"fact": {}}', "fact: no such field; did you mean 'facts'?"),
        ("recommend", '{"facts": {}, "silos": "severe"}', "silos: no such field; move it under 'facts'"),
        ("recommend", "{}", "facts: this field is missing"),
        ("recommend", "", "the body is empty; an object with 'facts' is expected"),
        ("recommend", '{"facts":', "the body is not JSON: Expecting value, at character 9"),
        ("recommend", "[]", "an object with 'facts' is expected, not []"),
        ("recommend", '{"facts": 3}', "facts: a mapping of facts is expected, not 3"),
        ("explain", '{"facts": {}, "detail": "x"}', "detail: 'brief' or 'full' is expected, not 'x'"),
        ("counterfactuals", '{"facts": {}, "max_changes": "2"}', "max_changes: a whole number is expected, not '2'"),
        ("counterfactuals", '{"facts": {}, "max_changes": true}', "max_changes: a whole number is expected, not True"),
        ("counterfactuals", '{"facts": {}, "max_changes": 9}', "max_changes: a number up to 3 is expected, not 9"),
        ("counterfactuals", '{"facts": {}, "max_changes": 2.5}', "max_changes: a whole number is expected, not 2.5"),
        (
            "consultation",
            json.dumps({"facts": {}, "skipped": ["a"] * 501}),
            f"{_TOO_MANY}, not {show_value(['a'] * 501)}",
        ),
        ("table", '{"name": "t.csv", "base64": "", "extra": 1}', "extra: no such field; known: 'name', 'base64'"),
    ],
)
def test_every_field_is_used_or_refused(roomy: TestClient, path: str, body: str, said: str) -> None:
    """The kind: a field or a body that cannot be used, which is ignored, converted, or refused in pydantic's words."""
    answer = roomy.post(f"/api/{path}", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["message"]) == (422, said)


def test_a_whole_number_may_be_written_with_a_point(roomy: TestClient) -> None:
    """JSON has one kind of number, and its schema calls 2.0 an integer."""
    answers = [
        roomy.post(
            "/api/counterfactuals",
            content=f'{{"facts": {{"silos": "severe"}}, "max_changes": {number}}}',
            headers={"content-type": "application/json"},
        )
        for number in ("1", "1.0", "1e0")
    ]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1


def test_a_body_that_is_not_sent_as_json_is_refused_with_the_way_to_send_it(roomy: TestClient) -> None:
    answer = roomy.post("/api/recommend", content='{"facts": {}}', headers={"content-type": "text/plain"})
    assert answer.status_code == 422
    assert answer.json()["message"].endswith("send it as application/json")


def test_more_mistakes_than_anybody_reads_are_counted(client: TestClient) -> None:
    answer = client.post("/api/recommend", json={"facts": {f"fact_{number}": 1 for number in range(70)}})
    lines = answer.json()["message"].splitlines()
    assert (len(lines), lines[-1]) == (SHOWN + 1, f"… and {70 - SHOWN} more")


def test_a_consultation_takes_and_returns_its_state(client: TestClient) -> None:
    state = client.post("/api/consultation", json={"facts": {}}).json()
    question = state["question"]
    after = {"facts": state["facts"], "skipped": [*state["skipped"], question["fact"]]}
    again = client.post("/api/consultation", json=after).json()
    assert again["question"]["fact"] != question["fact"]


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("recommend", {"facts": {"silo": "severe"}}, "silos"),
        ("recommend", {"facts": {"silos": "sever"}}, "severe"),
        ("recommend", {"fact": {}}, "fact"),
        ("recommend", [], ""),
        ("why-not", {"facts": {}, "name": "cmo_own"}, "cmo_owned"),
        ("what-if", {"facts": {}, "changes": {"silo": "x"}}, "silos"),
        ("counterfactuals", {"facts": {}, "target": "cmo_own"}, "cmo_owned"),
        ("counterfactuals", {"facts": {}, "max_changes": 0}, "max_changes"),
        ("consultation", {"facts": {}, "skipped": ["silo"]}, "silos"),
        ("table", {"name": "t.csv", "base64": "!"}, "base64"),
    ],
)
def test_a_wrong_request_gets_a_message(client: TestClient, path: str, body: object, said: str) -> None:
    answer = client.post(f"/api/{path}", json=body)
    assert answer.status_code == 422
    assert said in answer.json()["message"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("api/counterfactuals", {}),
        ("api/why-not", {"name": "cxo_owned"}),
        ("page/changes", {}),
        ("page/why-not", {"name": "cxo_owned"}),
        ("page/explain", {"detail": "full"}),
        ("page/report", {}),
    ],
)
def test_every_search_has_a_time_limit(hasty: TestClient, path: str, body: dict[str, Any]) -> None:
    answer = hasty.post(f"/{path}", json={"facts": FACTS, **body})
    assert answer.status_code == 200
    if path == "api/counterfactuals":
        assert answer.json()["status"] == "budget_exhausted"


@pytest.mark.parametrize("path", ["/api/table", "/page/table"])
def test_a_table_has_a_time_limit(hasty: TestClient, path: str) -> None:
    answer = hasty.post(path, json={"name": "t.csv", "base64": encode(b"silos\nsevere\n")})
    assert answer.status_code == 422
    assert "the time was up" in answer.json()["message"]


@pytest.mark.parametrize("path", ["/api/table", "/page/table"])
@pytest.mark.parametrize("name", FILES)
def test_every_file_is_answered_or_refused(roomy: TestClient, name: str, path: str) -> None:
    content = FILES[name]
    sent = encode(content if isinstance(content, bytes) else content.encode())
    answer = roomy.post(path, json={"name": name, "base64": sent})
    assert answer.status_code in (200, 422)
    assert answer.json().get("message") or answer.json()["count"]


def test_a_request_about_a_table_has_no_other_fields(roomy: TestClient) -> None:
    answer = roomy.post("/api/table", json={"name": "t.csv", "base64": "", "more": [[]] * 1000})
    assert answer.status_code == 422
    assert "the content of a table" in answer.json()["message"]


def test_health_and_version(client: TestClient) -> None:
    assert client.get("/api/health").json() == {"status": "ok"}
    assert client.get("/api/version").json()["revision"] == recommend().revision


def test_the_files_of_the_page_can_be_cached(client: TestClient) -> None:
    answer = client.get("/main.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert client.get("/main.js", headers={"if-none-match": answer.headers["etag"]}).status_code == 304
    assert client.head("/main.js").headers["content-length"] == str(len(answer.content))
    assert client.get("/../app.py").status_code == client.get("/%2e%2e/app.py").status_code == 404


def test_the_page_is_served_from_a_zip(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "cxrules.zip", "w") as archive:
        for path in (ROOT / "src").rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                archive.write(path, path.relative_to(ROOT / "src"))
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from cxrules.web.app import create_app;"
        "from fastapi.testclient import TestClient; client = TestClient(create_app());"
        "print(create_app.__code__.co_filename.startswith(sys.argv[1]), client.get('/').status_code)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "cxrules.zip")], capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == ["True", "200"]


def test_the_page_and_its_operations(client: TestClient) -> None:
    assert "<h1>" in client.get("/").text
    assert client.post("/page/recommend", json={"facts": FACTS}).json()["model"] == "ceo_with_cco"
    assert client.post("/page/recommend", json=[]).status_code == 422
    assert client.post("/page/recommend", content=b"{").status_code == 422
    assert client.post("/page/recommend", json={"facts": {"silo": 1}}).status_code == 422
    assert client.get("/nothing").status_code == 404


@pytest.mark.parametrize("path", ["/api/recommend", "/api/why-not", "/api/table", "/page/recommend", "/page/table"])
@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b'{"facts":' * 7000, b'{"facts":{"silos":' + b"[" * 1900, b"NaN", b'"\\ud800"']
)
def test_a_body_that_is_not_json_is_refused_with_a_message(roomy: TestClient, path: str, body: bytes) -> None:
    answer = roomy.post(path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["message"]


def test_unknown_paths_are_refused_with_a_message(client: TestClient) -> None:
    for answer in (
        client.get("/api/nothing"),
        client.post("/api/recommend/", json={}),
        client.put("/api/recommend"),
        client.get("/page/recommend"),
    ):
        assert answer.status_code in {404, 405}
        assert answer.json()["message"]


def test_every_answer_carries_the_security_headers(client: TestClient) -> None:
    for answer in (client.get("/"), client.get("/api/health"), client.post("/api/recommend", json={})):
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "unsafe-inline" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in answer.headers


def test_a_body_that_is_too_large_is_refused(client: TestClient) -> None:
    assert client.post("/api/recommend", json={"facts": {"x" * 2000: "y"}}).status_code == 413
    assert client.post("/api/table", json={"name": "t.csv", "base64": "A" * 3000}).status_code != 413
    assert client.post("/api/table", json={"name": "t.csv", "base64": "A" * 5000}).status_code == 413


def ask(messages: list[dict[str, Any]], *, headers: list[tuple[bytes, bytes]] | None = None) -> list[dict[str, Any]]:
    """Send a body in pieces to the guard alone, and then nothing more."""

    async def application(_scope: object, receive: Any, send: Any) -> None:
        message = await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": message["body"]})

    async def talk() -> list[dict[str, Any]]:
        sent: list[dict[str, Any]] = []
        waiting = iter(messages)

        async def receive() -> dict[str, Any]:
            for message in waiting:
                return message
            await asyncio.sleep(3600)
            raise AssertionError

        async def send(message: Any) -> None:
            sent.append(dict(message))

        scope = {"type": "http", "path": "/api/recommend", "headers": headers or []}
        await Guard(application, SMALL)(scope, receive, send)
        return sent

    return asyncio.run(talk())


def piece(body: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


def test_pieces_are_joined_to_one_body() -> None:
    assert ask([piece(b"ab", more=True), piece(b"cd", more=False)])[1]["body"] == b"abcd"


def test_a_body_longer_than_allowed_is_refused() -> None:
    assert ask([piece(b"x" * 1500, more=True)] * 2)[0]["status"] == 413


def test_a_body_that_does_not_arrive_times_out() -> None:
    assert ask([piece(b"{", more=True)])[0]["status"] == 408


@pytest.mark.parametrize("declared", [b"9999999", b"9" * 400, b"-1", b"x"])
def test_a_declared_length_can_only_cause_refusal(declared: bytes) -> None:
    answer = ask([piece(b"{}", more=False)], headers=[(b"content-length", declared)])
    assert answer[0]["status"] == (413 if declared.isdigit() else 200)


def test_the_bodies_of_all_requests_together_are_bounded() -> None:
    release = asyncio.Event()

    async def application(_scope: object, receive: Any, send: Any) -> None:
        await receive()
        await release.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def talk() -> None:
        guard = Guard(application, Limits(body=1000, table=1000, bodies=1500))

        async def post(path: str) -> int:
            sent: list[Any] = []

            async def receive() -> dict[str, Any]:
                return piece(b"x" * 900, more=False)

            async def send(message: Any) -> None:
                sent.append(message)

            await guard({"type": "http", "path": path, "headers": []}, receive, send)
            return int(sent[0]["status"])

        first = [asyncio.create_task(post("/api/table")), asyncio.create_task(post("/api/recommend"))]
        await asyncio.sleep(0)
        assert [await post("/page/table"), await post("/page/recommend")] == [503, 503]
        release.set()
        assert await asyncio.gather(*first) == [200, 200]
        assert [await post("/page/table"), await post("/page/recommend")] == [200, 200]

    asyncio.run(talk())


def test_a_client_that_disconnects_gets_no_answer() -> None:
    assert ask([{"type": "http.disconnect"}]) == []


def test_no_fact_reaches_a_log(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        client.post("/page/recommend", json={"facts": FACTS})
        client.post("/api/recommend", json={"facts": {"silo": "severe"}})
    ours = [record for record in caplog.records if not record.name.startswith(("httpx", "asyncio"))]
    assert not [record for record in ours if "severe" in record.getMessage() and record.name != "cxrules.decisions"]


def test_the_description_names_every_endpoint_and_fact(client: TestClient) -> None:
    described = client.get("/api/openapi.json").json()
    assert set(described["paths"]) == {
        f"/api/{name}"
        for name in (
            "consultation",
            "counterfactuals",
            "explain",
            "health",
            "next-questions",
            "recommend",
            "table",
            "version",
            "what-if",
            "why-not",
        )
    }
    assert "marketing_bandwidth" in json.dumps(described["components"])
