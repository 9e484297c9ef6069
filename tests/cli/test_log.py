"""`cxrules log`: output and exit codes."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

import cxrules
from cxrules import Advisor, RuleBase
from cxrules.decision_log import DecisionLog, Masking
from tests import ROOT

pytest.importorskip("typer", reason="the extra `cli` is not installed")

from datetime import UTC, datetime, timedelta

from typer.testing import CliRunner, Result

from cxrules.cli.app import make_app

Run: TypeAlias = Callable[..., Result]
KNOWN: dict[str, Any] = {"ceo_involvement": "champion", "transformation_goal": True, "silos": "severe"}
CHANGED = str(ROOT / "examples" / "changed_rules")


@pytest.fixture(scope="module")
def run() -> Run:
    app = make_app()

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["log", *arguments], env={"COLUMNS": "100"})

    return run


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Three decisions, a day apart."""
    path = tmp_path / "log"
    days = iter(range(3))
    start = datetime(2025, 3, 1, 12, tzinfo=UTC)
    with DecisionLog(path, clock=lambda: start + timedelta(days=next(days))) as log:
        log.write(cxrules.recommend(KNOWN), id="first", labels={"customer": "c-17"})
        log.write(cxrules.recommend(), id="second")
        log.write(cxrules.recommend(maturity="early", marketing_bandwidth="stretched"), id="third")
    return path


def damage(path: Path, name: str, **fields: Any) -> None:
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    lines = [line | fields if line.get("id") == name else line for line in lines]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))


# --- show


def test_show_gives_a_line_for_each_decision(run: Run, path: Path) -> None:
    shown = run("show", str(path))
    first, second, _ = shown.stdout.splitlines()
    assert first.startswith("2025-03-01T12:00:00Z  first  ceo_with_cco (recommended, certainty 0.")
    assert first.endswith("3 facts, 10 rules  customer=c-17".replace("10", str(len(cxrules.recommend(KNOWN).fired))))
    assert "no model (undetermined, nothing_known)" in second
    assert shown.stderr == "3 of 3 decisions shown.\n"
    assert shown.exit_code == 0


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--model", "ceo_with_cco"], ["first"]),
        (["--model", "“CEO with a chief customer officer”"], ["first"]),
        (["--model", "none"], ["second"]),
        (["--since", "2025-03-02"], ["second", "third"]),
        (["--until", "2025-03-01"], ["first"]),
        (["--since", "2025-03-02", "--until", "2025-03-02"], ["second"]),
        (["--since", "2025-03-02T13:00:00"], ["third"]),
        (["--until", "2025-03-02T14:00:00+02:00"], ["first"]),
        (["--rule", "no-such-rule"], []),
        (["--since", "9999-12-31"], []),
        (["--since", "0001-01-01T00:00:00+14:00", "--until", "9999-12-31"], ["first", "second", "third"]),
        (["--until", "9999-12-31T23:59:59-12:00"], ["first", "second", "third"]),
    ],
)
def test_show_filters(run: Run, path: Path, options: list[str], names: list[str]) -> None:
    shown = run("show", str(path), "--json", *options)
    found = [json.loads(line)["id"] for line in shown.stdout.splitlines()]
    # Whether the third organisation is undetermined too depends on the rules.
    assert [name for name in found if name in names or name != "third"] == names
    assert shown.exit_code == 0


def test_show_reports_every_time_that_is_none(run: Run, path: Path) -> None:
    shown = run("show", str(path), "--since", "x", "--until", "2025-13-01")
    assert shown.exit_code == 2
    assert "--since is a date such as" in shown.stderr
    assert "--until is a date such as" in shown.stderr


@pytest.mark.parametrize("option", ["--model", "--rule"])
def test_show_reports_a_name_that_is_not_in_the_log(run: Run, path: Path, option: str) -> None:
    shown = run("show", str(path), option, "ceo_with_co")
    assert (shown.exit_code, shown.stdout) == (0, "")
    assert shown.stderr.startswith(f"no decision of this log has the {option[2:]} 'ceo_with_co'")
    if option == "--model":
        assert "did you mean 'ceo_with_cco'?" in shown.stderr
    for there in ("none", "ceo_with_cco", "CEO with a chief customer officer"):
        assert "no decision of this log" not in run("show", str(path), "--model", there, "--until", "2000-01-01").stderr


@pytest.mark.parametrize(
    "field",
    [
        {"duration": "HUGE"},
        {"labels": {"x": "HUGE"}},
        {"certainty": "HUGE"},
        {"facts": {"retention_budget_share": "HUGE"}},
        {"facts": {"silo": "severe"}},
        {"time": "yesterday"},
        {"time": "2025-03-02"},
    ],
    ids=str,
)
def test_show_reports_what_no_log_would_contain(run: Run, path: Path, field: dict[str, Any]) -> None:
    """The kind: JSON of the right shape that the writer would have refused; what is shown can be read as JSON."""
    damage(path, "second", **field)
    path.write_text(path.read_text().replace('"HUGE"', "1e999"))
    shown = run("show", str(path), "--json", "--since", "2025-03-01")
    assert shown.exit_code == 2
    assert [json.loads(line, parse_constant=pytest.fail)["id"] for line in shown.stdout.splitlines()] == [
        "first",
        "third",
    ]
    assert "line 3: " in shown.stderr
    assert "1 line skipped" in shown.stderr


def test_show_filters_by_rule(run: Run, path: Path) -> None:
    rule = next(iter(set(cxrules.recommend(KNOWN).fired) - set(cxrules.recommend().fired)))
    shown = run("show", str(path), "--rule", rule, "--json")
    assert [json.loads(line)["id"] for line in shown.stdout.splitlines()] == ["first"]


@pytest.mark.parametrize("date", ["yesterday", "2025-13-01", ""])
def test_an_invalid_date_is_refused(run: Run, path: Path, date: str) -> None:
    shown = run("show", str(path), "--since", date)
    assert shown.exit_code == 2
    assert "--since is a date" in shown.stderr


# --- replay


def test_replay_finds_no_difference(run: Run, path: Path) -> None:
    shown = run("replay", str(path))
    assert (shown.stdout, shown.stderr) == ("3 decisions decided again: nothing differs.\n", "")
    assert shown.exit_code == 0


def test_replay_shows_what_differs(run: Run, path: Path) -> None:
    damage(path, "first", certainty=0.125)
    shown = run("replay", str(path))
    assert shown.exit_code == 1
    assert "decision first" in shown.stdout
    assert "certainty: recorded 0.125, now 0." in shown.stdout
    assert "1 decision differs." in shown.stdout
    (line,) = run("replay", str(path), "--json").stdout.splitlines()
    assert json.loads(line)["differences"][0]["field"] == "certainty"


def test_records_of_another_version_are_pointed_out(run: Run, path: Path) -> None:
    damage(path, "first", cxrules="0.0.1")
    shown = run("replay", str(path))
    assert f"1 decision recorded by cxrules 0.0.1; this is {cxrules.__version__}." in shown.stderr
    assert shown.exit_code == 0
    assert "0.0.1" in run("explain", str(path), "first").stderr


def test_unusable_lines_are_named_and_counted(run: Run, path: Path) -> None:
    good = path.read_bytes()
    path.write_bytes(good + b'{"kind":"decision","form')
    shown = run("replay", str(path))
    assert "line 5: the record is torn" in shown.stderr
    assert shown.exit_code == 0, "a torn line is part of a log's life"
    path.write_bytes(good + b"hello\n" * 7)
    shown = run("replay", str(path))
    assert shown.stderr.count("this is not JSON [not-json]") == 5
    assert "… 7 lines [not-json] in all" in shown.stderr
    assert "3 decisions decided again: nothing differs. 7 lines skipped." in shown.stdout
    assert shown.exit_code == 2
    for command in ("show", "impact"):
        assert run(command, str(path)).exit_code == 2


def test_anything_but_a_log_is_refused(run: Run, tmp_path: Path) -> None:
    for command in ("show", "replay", "impact"):
        shown = run(command, str(tmp_path / "missing"))
        assert (shown.exit_code, shown.stdout) == (2, "")
        assert "missing: No such file or directory" in shown.stderr
        assert run(command, str(ROOT / "pyproject.toml")).exit_code == 2
        assert "regular file" in run(command, str(tmp_path)).stderr


# --- impact


def test_impact_of_no_change(run: Run, path: Path) -> None:
    shown = run("impact", str(path))
    revision = RuleBase.builtin().revision[:12]
    assert shown.stdout == f"3 decisions decided again on cxrules {revision}: none would change.\n"
    assert (shown.stderr, shown.exit_code) == ("", 0)


def test_impact_reports_each_changed_decision_and_its_cause(run: Run, path: Path) -> None:
    changed = RuleBase.load(CHANGED, base=RuleBase.builtin())
    to = Advisor(changed).recommend(KNOWN)
    shown = run("impact", str(path), "--rules", CHANGED, "--on-top")
    assert shown.exit_code == 1
    first, *rest = shown.stdout.splitlines()
    assert first.startswith("2025-03-01T12:00:00Z  first: ceo_with_cco (recommended, certainty 0.")
    assert str(to.model or "no model") in first.partition("→")[2]
    assert "    fires: no-new-chief-officer" in rest
    assert "    ceo_with_cco, excluded by: nothing → no-new-chief-officer" in rest
    assert any(line.split()[:2] == ["from", "to"] for line in rest)
    assert any(line.split() == ["no-new-chief-officer", "1"] for line in rest)
    assert f"3 decisions decided again on {changed.name} {changed.revision[:12]}: 1 would change." in rest[-1]
    assert "fires" not in run("impact", str(path), "--rules", CHANGED, "--on-top", "--summary").stdout
    (line,) = run("impact", str(path), "--rules", CHANGED, "--on-top", "--json").stdout.splitlines()
    assert "no-new-chief-officer" in json.loads(line)["causes"]


def test_impact_points_out_an_answer_that_was_recorded_differently(run: Run, path: Path) -> None:
    damage(path, "first", model="cmo_owned")
    shown = run("impact", str(path))
    assert "cmo_owned (recommended) is recorded, but the rule base of the record gives ceo_with_cco" in shown.stderr
    assert "3 decisions decided again" in shown.stdout
    assert shown.exit_code == 2


def test_impact_refuses_to_write_tables_as_json(run: Run, path: Path) -> None:
    refused = run("impact", str(path), "--summary", "--json")
    assert (refused.exit_code, refused.stdout) == (2, "")


def test_impact_of_a_rule_base_with_mistakes(run: Run, path: Path, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("rules: [{id: x}]\n")
    shown = run("impact", str(path), "--rules", str(tmp_path / "rules.yaml"), "--on-top")
    assert shown.exit_code == 2
    assert "rules.yaml:1" in shown.stderr


# --- explain


@pytest.mark.parametrize("detail", ["brief", "full"])
def test_explain_gives_the_text_of_the_recommendation(run: Run, path: Path, detail: Any) -> None:
    shown = run("explain", str(path), "fir", "--detail", detail)
    assert shown.exit_code == 0
    words = cxrules.recommend(KNOWN).explain(detail)
    assert "".join(shown.stdout.split()) == "".join(words.split())


def test_explain_points_out_an_answer_that_was_recorded_differently(run: Run, path: Path) -> None:
    damage(path, "first", model="cmo_owned")
    shown = run("explain", str(path), "first")
    assert shown.exit_code == 1
    assert 'Recorded differently: model: recorded "cmo_owned", now "ceo_with_cco"' in shown.stderr


def test_explain_refuses_what_it_cannot_explain(run: Run, path: Path) -> None:
    for name, message in (("fourth", "the log contains no decision 'fourth'"), ("", "the log contains no decision ''")):
        shown = run("explain", str(path), name)
        assert (shown.exit_code, shown.stdout) == (2, "")
        assert message in shown.stderr
    assert "brief or full" in run("explain", str(path), "first", "--detail", "much").stderr
    with DecisionLog(path, masking=Masking(mask=["facts.silos"])) as log:
        log.write(cxrules.recommend(KNOWN), id="hidden")
        log.write(cxrules.recommend(), id="first-again")
    shown = run("explain", str(path), "hidden")
    assert shown.exit_code == 2
    assert "is masked" in shown.stderr
    assert "facts.silos" in shown.stderr
    assert run("explain", str(path), "first").exit_code == 0, "a whole id takes precedence over a prefix"
    assert "names several decisions" in run("explain", str(path), "fi").stderr


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_slow_commands_show_a_bar_on_a_terminal_only(path: Path) -> None:
    import pty

    long = "from cxrules.cli.terminal import progress; progress._PATIENCE = progress._PAUSE = 0.0"
    code = "from cxrules.cli import main; main()"
    command = [sys.executable, "-c", f"{long}; {code}", "log", "show", str(path), "--model", "nobody"]
    piped = subprocess.run(command, capture_output=True, check=False)
    assert b"%" not in piped.stderr
    master, terminal = pty.openpty()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=terminal)
    os.close(terminal)
    shown = b""
    try:
        while chunk := os.read(master, 4096):
            shown += chunk
    except OSError:  # how Linux reports that the other end is closed
        pass
    os.close(master)
    assert process.wait() == 0
    assert b"100%" in shown
    assert shown.endswith(b"decisions shown.\r\n")


# --- verify, and safe output


def test_verify_names_changes_to_a_chained_log(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "chained"
    with DecisionLog(path, chained=True) as log:
        for number in range(3):
            log.write(cxrules.recommend(KNOWN), id=f"d-{number}")
        head = str(log.head())
    whole = run("verify", str(path))
    assert (whole.exit_code, whole.stdout) == (0, "The chain is whole.\n")
    assert run("verify", str(path), "--head", head).exit_code == 0
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], lines[1].replace(b"severe", b"none"), lines[3]]))
    shown = run("verify", str(path))
    assert shown.exit_code == 1
    assert "line 2: record 2 was altered [altered]" in shown.stdout
    assert "line 3: record 3 before this one is missing [missing]" in shown.stdout
    assert "2 breaches of the chain." in shown.stdout
    told = [json.loads(line)["breach"] for line in run("verify", str(path), "--json").stdout.splitlines()]
    assert told == ["altered", "missing"]
    for wrong in ("soon", "9" * 5000 + ":" + "0" * 64, "²:" + "0" * 64):
        assert run("verify", str(path), "--head", wrong).exit_code == 2


def test_verify_refuses_a_log_that_is_not_chained(run: Run, path: Path) -> None:
    shown = run("verify", str(path))
    assert shown.exit_code == 2
    assert "is not chained" in shown.stderr


def test_no_label_or_id_can_act_on_a_terminal_or_forge_a_line(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "log"
    odd = "x\n2025-03-01T12:00:00Z  forged  cmo_owned\x1b[31m\u202e\ud800"
    with DecisionLog(path) as log:
        log.write(cxrules.recommend(KNOWN), id=odd, labels={odd: odd, "n": 1, "t": "1", "s": "a b=c"})
    damage(path, odd, cxrules=odd, certainty=0.125, trace_id=odd)
    for arguments in (("show",), ("replay",), ("impact",), ("explain", "x"), ("show", "--json"), ("replay", "--json")):
        shown = run(arguments[0], str(path), *arguments[1:])
        assert not isinstance(shown.exception, Exception), arguments
        for text in (shown.stdout, shown.stderr):
            assert not {"\x1b", "\u202e", "\ud800"} & set(text), arguments
            assert not any(line.startswith("2025-03-01T12:00:00Z  forged") for line in text.splitlines())
    assert 's="a b=c"' in run("show", str(path)).stdout
