"""Output for programs (JSON, annotations, SARIF), and fingerprints."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from jsonschema.validators import validator_for

from cxrules import RuleBase
from tests import DATA, ROOT

pytest.importorskip("typer", reason="the extra `cli` is not installed")

from typer.testing import CliRunner, Result

from cxrules.cli.app import make_app
from cxrules.cli.terminal.formats import Message, as_github, as_sarif

FAULTY = DATA / "faulty_bases"
SARIF_SCHEMA = os.environ.get("SARIF_SCHEMA", "")  # path of the published schema, if there is one


def run(*arguments: object) -> Result:
    return CliRunner().invoke(make_app(), [str(argument) for argument in arguments])


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    shutil.copytree(FAULTY / "clean", tmp_path / "wrong")
    rules = next(path for path in (tmp_path / "wrong").rglob("*.yaml") if "budget: {at_least: 50}" in path.read_text())
    rules.write_text(rules.read_text("utf-8").replace("budget: {at_least: 50}", "bugdet: {at_least: 50}"), "utf-8")
    return tmp_path / "wrong"


def check_sarif(text: str) -> dict[str, Any]:
    """Check what every SARIF log needs, and the published schema where it is available."""
    log: dict[str, Any] = json.loads(text)
    assert log["version"] == "2.1.0"
    [run] = log["runs"]
    codes = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    for result in run["results"]:
        assert codes[result["ruleIndex"]] == result["ruleId"]
        assert result["message"]["text"]
    if SARIF_SCHEMA:
        schema = json.loads(Path(SARIF_SCHEMA).read_text("utf-8"))
        assert not [error.message for error in validator_for(schema)(schema).iter_errors(log)]
    return log


# --- check


def test_check_writes_json(wrong: Path) -> None:
    done = run("check", wrong, "--format", "json")
    assert done.exit_code == 1
    read = json.loads(done.stdout)
    assert read["ok"] is False
    [mistake] = [entry for entry in read["mistakes"] if entry["code"] == "unknown-fact"]
    assert Path(mistake["file"]).is_file()
    assert (
        "bugdet" in Path(mistake["file"]).read_text("utf-8").splitlines()[mistake["line"] - 1][mistake["column"] - 1 :]
    )
    assert "did you mean 'budget'" in mistake["message"]
    done = run("check", FAULTY / "clean", "--format", "json")
    assert (done.exit_code, json.loads(done.stdout)["mistakes"]) == (0, [])


def test_check_writes_annotations(wrong: Path) -> None:
    done = run("check", wrong, "--format", "github")
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert all(line.startswith("::error title=") for line in lines)
    assert any("title=unknown-fact,file=" in line and ",line=" in line for line in lines)
    assert run("check", FAULTY / "clean", "--format", "github").stdout == ""


def test_check_writes_sarif(wrong: Path) -> None:
    log = check_sarif(run("check", wrong, "--format", "sarif").stdout)
    [result] = [entry for entry in log["runs"][0]["results"] if entry["ruleId"] == "unknown-fact"]
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] > 1
    assert check_sarif(run("check", FAULTY / "clean", "--format", "sarif").stdout)["runs"][0]["results"] == []


def test_special_characters_are_escaped() -> None:
    message = Message("code", "100%\nof it", file="a,b:c.yaml", line=1, column=2)
    assert as_github([message]) == "::error title=code,file=a%2Cb%3Ac.yaml,line=1,col=2::100%25%0Aof it\n"
    log = check_sarif(as_sarif([message, Message("code", "It is so.", "a: b", is_error=False)], {"code": "A code."}))
    assert [result["level"] for result in log["runs"][0]["results"]] == ["error", "warning"]


# --- verify


@pytest.mark.parametrize("form", ["text", "json", "github", "sarif"])
def test_verify_takes_one_format(form: str) -> None:
    done = run("verify", FAULTY / "clean", "--only", "all-excluded", "--json", "--format", form)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "use only one of the two" in done.stderr


def test_verify_writes_every_format(tmp_path: Path) -> None:
    pytest.importorskip("z3", reason="the extra `verify` is not installed")
    folder = tmp_path / "faulty"
    shutil.copytree(FAULTY / "clean", folder)
    shutil.copytree(FAULTY / "dead-rule-by-chaining", folder / "more")
    arguments = ("verify", folder, "--only", "dead-rule", "--jobs", 1, "--format")
    log = check_sarif(run(*arguments, "sarif").stdout)
    [result] = log["runs"][0]["results"]
    assert result["ruleId"] == "dead-rule"
    [place] = result["locations"]
    assert place["logicalLocations"] == [{"fullyQualifiedName": "unskilled-hand"}]
    assert "faulty/more" in place["physicalLocation"]["artifactLocation"]["uri"]
    told = run(*arguments, "github")
    assert told.exit_code == 1
    assert told.stdout.startswith("::error title=dead-rule,file=")
    assert json.loads(run(*arguments, "json").stdout)["ok"] is False


# --- the parts of a rule base


def test_the_parts_of_a_rule_base_are_written_as_json() -> None:
    builtin = RuleBase.builtin()
    assert json.loads(run("facts", "maturity", "--json").stdout)["maturity"]["kind"] == "ordered"
    assert set(json.loads(run("facts", "--json").stdout)) == set(builtin.vocabulary.facts)
    assert set(json.loads(run("rules", "--json").stdout)) == set(builtin.rules)
    some = json.loads(run("rules", "--model", "cmo_owned", "--json").stdout)
    assert 0 < len(some) < len(builtin.rules)
    name = next(iter(some))
    assert json.loads(run("rule", name, "--json").stdout) == {name: some[name]}
    claims = json.loads(run("claims", "--source", "A0", "--json").stdout)
    assert set(claims) == {claim.id for claim in builtin.claims.values() if claim.source == "A0"}


# --- fingerprints


@pytest.fixture
def own(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "examples" / "own_rules", tmp_path / "own")
    return tmp_path / "own"


def test_fingerprints_are_optional(own: Path) -> None:
    text = (own / "claims.yaml").read_text("utf-8")
    lines = [line for line in text.splitlines(keepends=True) if "fingerprint:" not in line]
    (own / "claims.yaml").write_text("".join(lines), "utf-8")
    assert run("check", own, "--on-top").exit_code == 0
    rulebase = RuleBase.load(own, base=RuleBase.builtin())
    assert {claim.fingerprint for claim in rulebase.claims.values() if claim.source == "H1"} == {""}
    assert RuleBase.from_json(rulebase.to_json()).revision == rulebase.revision


def test_a_command_computes_fingerprints(own: Path) -> None:
    done = run("claims", "--fingerprint", "--source", "H1", "--rules", own, "--on-top")
    assert done.exit_code == 0, done.output
    rulebase = RuleBase.load(own, base=RuleBase.builtin())
    computed = dict(line.split() for line in done.stdout.splitlines())
    lines = (own / rulebase.sources["H1"].file).read_text("utf-8").splitlines()
    for name, fingerprint in computed.items():
        claim = rulebase.claims[name]
        text = " ".join(" ".join(lines[rulebase.sources["H1"].paragraphs[n - 1] - 1].split()) for n in claim.paragraphs)
        assert hashlib.sha256(text.encode()).hexdigest() == fingerprint == claim.fingerprint


def test_a_wrong_fingerprint_is_found_if_the_text_is_available(own: Path) -> None:
    assert run("check", own, "--on-top").exit_code == 0
    [text] = own.glob("*.txt")
    text.write_text(text.read_text("utf-8").replace("e", "E"), "utf-8")
    done = run("check", own, "--on-top")
    assert done.exit_code == 1
    assert "[wrong-fingerprint]" in done.stdout
    check_sarif(run("check", own, "--on-top", "--format", "sarif").stdout)
    text.unlink()
    assert run("check", own, "--on-top").exit_code == 0


def test_fingerprints_cannot_be_computed_without_the_text() -> None:
    done = run("claims", "--fingerprint", "--source", "A0")
    assert (done.exit_code, "no text found" in done.stderr) == (2, True)


# --- what was meant


def test_files_that_extend_a_rule_base_are_recognised(own: Path) -> None:
    for arguments in (("check", own), ("rules", "--rules", own)):
        done = run(*arguments)
        assert done.exit_code != 0
        assert "add --on-top" in done.output
