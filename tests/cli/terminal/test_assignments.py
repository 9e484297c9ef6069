"""FACT=VALUE and FACT=COLUMN on the command line: every command refuses what is malformed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

pytest.importorskip("typer", reason="the extra `cli` is not installed")

from typer.testing import CliRunner, Result

from cxrules import InvalidOrganisation, RuleBase
from cxrules.cli.app import make_app
from cxrules.cli.terminal.assignments import read_columns, read_supposed

VOCABULARY = RuleBase.builtin().vocabulary
SET, FLAG, SHARE = "marketing_journey_coverage", "transformation_goal", "retention_budget_share"
LISTED = ("retention", "loyalty")

GOOD: list[tuple[str, Any]] = [
    ("silos=severe", "severe"),
    (" silos = severe ", "severe"),
    ("silos=", None),
    ("silos=unknown", None),
    ("current_owner=none", "none"),
    (f"{FLAG}=true", True),
    (f"{FLAG}=false", False),
    (f"{SHARE}=15", 15),
    (f"{SHARE}=15.5%", 15.5),
    (f"{SHARE}=15 %", 15),
    (f"{SHARE}=+1.5e1", 15),
    (f"{SET}=[]", ()),
    (f"{SET}=loyalty", ("loyalty",)),
    (f"{SET}=[loyalty, retention]", LISTED),
    (f"{SET}=loyalty; retention;", LISTED),
    (f"{SET}=['loyalty', \"retention\"]", LISTED),
]
WRONG: list[tuple[str, str]] = [
    ("", "FACT=VALUE, not ''"),
    ("=", "FACT=VALUE, not '='"),
    ("=severe", "FACT=VALUE, not '=severe'"),
    ("silos", "FACT=VALUE, not 'silos' [wrong-type]; write silos=VALUE"),
    ("silos: severe", "FACT=VALUE, not 'silos: severe' [wrong-type]; write silos=severe"),
    ("silos:severe", "write silos=severe"),
    ("silos\x1b[31m", r"not 'silos\\x1b[31m'"),
    ("silo=severe", "did you mean 'silos'?"),
    ("Silos=severe", "did you mean 'silos'?"),
    ("silos.severe=true", "no such fact"),
    ("silos==severe", "no such value: '=severe'"),
    ("silos=severe=none", "no such value: 'severe=none'"),
    ("silos=severe,none", "no such value"),
    ("silos=[severe", "no such value: '[severe' [unknown-value]; did you mean 'severe'?"),
    ("silos=[severe]", "did you mean 'severe'?"),
    ("silos='severe'", "did you mean 'severe'?"),
    ("silos=SEVERE", "did you mean 'severe'?"),
    ("silos=null", "no such value: 'null'"),
    ("silos=50%", "no such value: '50%'"),
    ("silos=\udcff", r"no such value: '\udcff'"),
    ("silos=s\0", r"no such value: 's\x00'"),
    (f"{FLAG}=yes", "write true"),
    (f"{FLAG}=TRUE", "write true"),
    (f"{FLAG}=0", "true or false is expected, not '0'"),
    (f"{FLAG}=[true]", "true or false is expected"),
    (f"{SHARE}=15,5", "write 15.5"),
    (f"{SHARE}=15%%", "a number from 0 to 100 is expected, not '15%%'"),
    (f"{SHARE}=%", "a number from 0 to 100 is expected"),
    (f"{SHARE}=%15", "a number from 0 to 100 is expected"),
    (f"{SHARE}=1_5", "a number from 0 to 100 is expected"),
    (f"{SHARE}=\uff11\uff15", "a number from 0 to 100 is expected"),
    (f"{SHARE}=nan", "a number from 0 to 100 is expected, not 'nan'"),
    (f"{SHARE}=inf", "a number from 0 to 100 is expected"),
    (f"{SHARE}=1e999", "a number from 0 to 100 is expected"),
    (f"{SHARE}=-1", "a number from 0 to 100 is expected"),
    (f"{SHARE}=true", "a number from 0 to 100 is expected"),
    (f"{SHARE}=[15]", "a number from 0 to 100 is expected"),
    (f"{SHARE}={'9' * 5000}", "a number from 0 to 100 is expected"),
    (f"{SET}=[loyalty", "no such value: '[loyalty' [unknown-value]; did you mean 'loyalty'?"),
    (f"{SET}=loyalty]", "did you mean 'loyalty'?"),
    (f"{SET}=[a", "no such value: '[a'"),
    (f"{SET}=[[loyalty]]", "did you mean 'loyalty'?"),
    (f"{SET}=(loyalty)", "did you mean 'loyalty'?"),
    (f"{SET}={{loyalty}}", "did you mean 'loyalty'?"),
    (f"{SET}='loyalty", "did you mean 'loyalty'?"),
    (f"{SET}='loyalty\", retention", "did you mean 'loyalty'?"),
    (f"{SET}=loyalty retention", "no such value: 'loyalty retention'"),
    (f"{SET}=,", "a list of its values is expected, not ','"),
    (f"{SET}=[,]", "a list of its values is expected"),
    (f"{SET}=''", "a list of its values is expected"),
    (f"{SET}=-", "no such value: '-'"),
]
"""An argument, and a part of the message about it."""


@pytest.mark.parametrize(("typed", "meant"), GOOD)
def test_well_formed_assignments_are_read(typed: str, meant: object) -> None:
    (value,) = read_supposed([typed], VOCABULARY).values()
    assert value == meant
    assert type(value) is type(meant)


@pytest.mark.parametrize(("typed", "told"), WRONG)
def test_malformed_assignments_are_refused_with_a_suggestion(typed: str, told: str) -> None:
    with pytest.raises(InvalidOrganisation) as caught:
        read_supposed([typed], VOCABULARY)
    assert told in str(caught.value)
    assert str(caught.value).replace("\n", "").isprintable()


def test_all_wrong_assignments_are_reported_at_once() -> None:
    with pytest.raises(InvalidOrganisation) as caught:
        read_supposed(["silos", "=", "silos=nune", "maturity=erly", " silos=none"], VOCABULARY)
    assert [found.code for found in caught.value.diagnostics] == [
        *("wrong-type", "wrong-type", "given-twice", "unknown-value", "unknown-value")
    ]


COLUMNS: list[tuple[list[str], str]] = [
    (["silos"], "FACT=COLUMN, not 'silos' [wrong-type]; write silos=COLUMN"),
    (["=a"], "FACT=COLUMN, not '=a'"),
    (["silos: a"], "write silos=a"),
    (["silos="], "--column silos= names no column"),
    (["silos=a", "silos=b"], "silos is given twice"),
    ([f"{SET}=a", f"{SET}.loyalty=b"], "has a column, and its elements have others"),
    ([f"{SET}.loyalty=b", f"{SET}=a"], "has a column, and its elements have others"),
    ([f"{SET}.loyalty=b", f"{SET}=a", f"{SET}.retention=c"], "has a column, and its elements have others"),
]


@pytest.mark.parametrize(("typed", "told"), COLUMNS)
def test_wrong_columns_are_refused(typed: list[str], told: str) -> None:
    with pytest.raises(InvalidOrganisation) as caught:
        read_columns(typed, VOCABULARY)
    assert told in str(caught.value)
    assert len(caught.value.diagnostics) == 1


def test_columns_are_read() -> None:
    assert read_columns(["silos=a=b", f"{SET}.loyalty=l", f"{SET}.retention=r"], VOCABULARY) == {
        "silos": "a=b",
        SET: {"loyalty": "l", "retention": "r"},
    }


Run: TypeAlias = Callable[..., Result]


@pytest.fixture(scope="module")
def run() -> Run:
    app = make_app()
    return lambda *typed: CliRunner().invoke(app, typed, input="silos: severe\n")


def test_all_commands_read_facts_alike(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="the extra `frame` is not installed")
    file = tmp_path / "in.csv"
    file.write_text("silos\nsevere\n", encoding="utf-8")
    for command in (("recommend", "-"), ("table", str(file))):
        for wrong in (f"{SET}=[a", "=", f"{FLAG}=yes", "silos"):
            done = run(*command, "--what-if", wrong)
            assert (done.exit_code, "1 mistake found." in done.stderr) == (2, True), done.output
            assert not done.stdout
    done = run("table", str(file), "--what-if", "silos=", "--what-if", f"{SET}=[loyalty]", "--json")
    assert json.loads(done.stdout)["what_if"]["facts"] == {"silos": None, SET: ["loyalty"]}
    assert (
        f"If silos = unknown, {SET} = [loyalty] were true of all"
        in run("table", str(file), "--what-if", "silos=", "--what-if", f"{SET}=loyalty").stdout
    )
