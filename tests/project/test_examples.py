"""Every example runs, and none is forgotten."""

import json
import os
import re
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

import cxrules
from tests import ROOT

EXAMPLES = ROOT / "examples"


def run(path: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(path)], capture_output=True, text=True, cwd=EXAMPLES, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def check_first_call(path: Path) -> None:
    shown = run(path).splitlines()
    assert shown[0].split()[0] in cxrules.OwnershipModel.__members__
    assert len(shown) > 3


def check_own_rules(path: Path) -> None:
    shown = run(path)
    assert "supervised: False; recommended: " in shown
    assert "ruled out by the house policy: marketing_interim" in shown
    own = cxrules.RuleBase.load(path.parent, base=cxrules.RuleBase.builtin())
    advice = cxrules.Advisor(own).recommend(data_supervised=True)
    assert "H1-1" in advice.cites
    assert "data_supervised" not in cxrules.RuleBase.builtin().vocabulary.facts


def check_fastapi_endpoint(path: Path) -> None:
    pytest.importorskip("fastapi", reason="fastapi is not installed")
    pytest.importorskip("httpx2", reason="what fastapi tests with is not installed")
    from fastapi.testclient import TestClient

    client = TestClient(runpy.run_path(str(path))["app"])
    known = {"ceo_involvement": "champion", "marketing_journey_coverage": ["loyalty"], "scope": None}

    answer = client.post("/recommendation", json=known)
    assert answer.status_code == 200
    assert answer.json() == cxrules.recommend(known).model_dump()

    refused = client.post("/recommendation", json={"matury": "early", "silos": "sever"})
    assert refused.status_code == 422
    told = {tuple(mistake["loc"]): mistake["msg"] for mistake in refused.json()["detail"]}
    assert told == {
        ("body", "matury"): "no such fact; did you mean 'maturity'?",
        ("body", "silos"): "no such value: 'sever'; did you mean 'severe'?",
    }

    assert client.post("/explanation", json=known).json() == cxrules.recommend(known).explain()

    schema = client.get("/openapi.json").json()["components"]["schemas"]
    questions = {fact.name: fact.question for fact in cxrules.RuleBase.builtin().vocabulary.facts.values()}
    properties = schema["Organisation"]["properties"]
    assert list(properties) == list(questions)
    assert all(properties[name]["description"].startswith(question) for name, question in questions.items())
    assert set(schema["Recommendation"]["properties"]) == {*cxrules.recommend().model_dump(id=True), "texts"}


def check_changed_decisions(path: Path) -> None:
    shown = run(path)
    assert "south: ceo_with_cco (recommended) → " in shown
    assert "no-new-chief-officer" in shown
    assert "1 of 3 decisions would change." in shown


def check_logged_service(path: Path) -> None:
    pytest.importorskip("fastapi", reason="fastapi is not installed")
    pytest.importorskip("httpx2", reason="what fastapi tests with is not installed")
    code = """
import json, runpy, sys
from fastapi.testclient import TestClient
from cxrules.decision_log import LogReader, Logged
with TestClient(runpy.run_path(sys.argv[1])["app"]) as client:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    headers = {"customer": "c-17", "traceparent": trace}
    answer = client.post("/recommendation", json={"silos": "severe"}, headers=headers)
    assert answer.status_code == 200, answer.text
    assert client.post("/recommendation", json={"silos": "sever"}, headers=headers).status_code == 422
(logged,) = LogReader(sys.argv[2])
assert logged.record["id"] == answer.json()["decision"]
assert logged.record["labels"] == {"customer": "c-17"}
assert (logged.record["trace_id"], logged.record["span_id"]) == tuple(trace.split("-")[1:3])
assert logged.record["duration"] > 0
"""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "decisions.jsonl")
        done = subprocess.run(
            [sys.executable, "-c", code, str(path), str(log)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "DECISION_LOG": str(log)},
        )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    (line,) = (json.loads(line) for line in done.stderr.splitlines() if line.startswith("{"))
    assert line["cxrules"]["labels"] == {"customer": None}
    assert "c-17" not in done.stderr


def check_embedder_suite(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert re.search(r"\b6 passed", done.stdout)


def check_distributed(path: Path) -> None:
    engine = path.stem.removeprefix("with_")
    package = {"spark": "pyspark"}.get(engine, engine)
    pytest.importorskip(package, reason=f"{package} is not installed")
    if engine != "duckdb" and not os.environ.get("CXRULES_TEST_DISTRIBUTED"):
        pytest.skip("make test-distributed runs it")
    # These engines may write anything to standard error.
    done = subprocess.run(
        [sys.executable, str(path)],
        capture_output=True,
        text=True,
        check=False,
        env={"PYSPARK_PYTHON": sys.executable, **os.environ},
    )
    assert done.returncode == 0, done.stderr
    told = ["North ceo_with_cco recommended", "South cxo_owned recommended", "West None undetermined"]
    assert done.stdout.splitlines() == told


CHECKS: dict[str, Callable[[Path], None]] = {
    "changed_decisions.py": check_changed_decisions,
    **{f"distributed/with_{engine}.py": check_distributed for engine in ("dask", "duckdb", "ray", "spark")},
    "embedder_suite/test_house_rules.py": check_embedder_suite,
    "fastapi_endpoint.py": check_fastapi_endpoint,
    "first_call.py": check_first_call,
    "logged_service.py": check_logged_service,
    "own_rules/own_rules.py": check_own_rules,
}


@pytest.mark.parametrize("name", CHECKS)
def test_example_runs(name: str) -> None:
    CHECKS[name](EXAMPLES / name)


def test_every_example_is_run() -> None:
    found = {path.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.rglob("*.py")}
    assert found == set(CHECKS)


def test_the_organisation_of_the_demo_is_plausible() -> None:
    known = yaml.safe_load((EXAMPLES / "organisation.yaml").read_text(encoding="utf-8"))["facts"]
    advice = cxrules.recommend(known)
    assert len(advice.facts) == len(known) >= 20
    assert advice.model is not None
    assert not cxrules.RuleBase.builtin().incoherences(advice.facts)
