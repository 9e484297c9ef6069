"""Cases in YAML: reading, variants, running, reports, updates, and collection by pytest."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from cxrules import Advisor, RuleBase
from cxrules.testing import (
    InvalidCases,
    OrganisationCase,
    find_faults,
    read_cases,
    run_cases,
    update_cases,
    write_junit,
)
from tests import DATA

CLEAN = DATA / "faulty_bases" / "clean"


@pytest.fixture(scope="module")
def clean() -> RuleBase:
    return RuleBase.load(CLEAN)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(CLEAN, tmp_path / "coffee")
    return tmp_path / "coffee"


def write(folder: Path, cases: object) -> Path:
    path = folder / "cases.yaml"
    path.write_text(cases if isinstance(cases, str) else yaml.safe_dump({"cases": cases}), encoding="utf-8")
    return path


def a_case(**changes: Any) -> dict[str, Any]:
    return {"id": "one", "title": "So it is.", "given": {"crowd": "many"}, "expect": {"status": "contested"}} | changes


# --- reading


def test_each_change_is_a_separate_case(folder: Path, clean: RuleBase) -> None:
    rule = next(iter(clean.rules))
    case = a_case(
        given={"crowd": "few", "skill": "expert"},
        also={"skill": ["basic"]},
        but=[{"skill": None, "crowd": "many"}],
        expect={"fires": rule},
    )
    made = read_cases(write(folder, [case]), rulebase=clean)
    assert [(each.id, each.given, each.expect) for each in made] == [
        ("one", {"crowd": "few", "skill": "expert"}, {"fires": rule}),
        ("one/also-1", {"crowd": "few", "skill": "basic"}, {"fires": rule}),
        ("one/but-1", {"crowd": "many"}, {"silent": rule}),
    ]


def test_a_bare_list_is_a_file_of_cases_and_other_files_are_ignored(folder: Path, clean: RuleBase) -> None:
    (folder / "more.yaml").write_text(yaml.safe_dump([a_case()]), encoding="utf-8")
    assert [case.id for case in read_cases(folder, rulebase=clean)] == ["one"]


@pytest.mark.parametrize(
    ("change", "code", "told"),
    [
        ({"given": {"crwd": "many"}}, "unknown-fact", "did you mean 'crowd'"),
        ({"given": {"crowd": "mny"}}, "unknown-value", "did you mean 'many'"),
        ({"also": {"crowd": ["mny"]}}, "unknown-value", "did you mean 'many'"),
        ({"expect": {"modle": "barista"}}, "unknown-key", "did you mean 'model'"),
        ({"expect": {"model": "barsta"}}, "unknown-model", "did you mean 'barista'"),
        ({"expect": {"points": {"barsta": 1}}}, "unknown-key", "did you mean 'barista'"),
        ({"expect": {"fires": ["bad-mod"]}}, "unknown-rule", "did you mean 'bad-mood'"),
        ({"expect": {"findings_not": ["nothing"]}}, "unknown-finding", "no such finding"),
        ({"expect": {"cites": ["S9-9"]}}, "unknown-claim", "no such claim"),
        ({"expect": {"ahead": [["barista", "nobody"]]}}, "unknown-model", "no such model"),
        ({"expect": {"missing": ["barista"]}}, "wrong-type", "missing is a mapping"),
        ({"expect": []}, "wrong-type", "a case needs expect"),
        ({"given": None}, "wrong-type", "a case needs given"),
        ({"but": [{"crowd": "few"}]}, "missing-key", "a near miss needs expect.fires"),
        ({"but": "few"}, "wrong-type", "a list of mappings"),
        ({"wen": 1}, "unknown-key", "no such key"),
    ],
)
def test_a_wrong_case_is_reported_with_its_place(
    change: dict[str, Any], code: str, told: str, folder: Path, clean: RuleBase
) -> None:
    path = write(folder, [a_case(**change)])
    with pytest.raises(InvalidCases) as caught:
        read_cases(path, rulebase=clean)
    found = [each for each in caught.value.diagnostics if each.code == code]
    assert found, caught.value
    assert told in str(found[0])
    assert str(found[0]).startswith(f"{path}:")


def test_all_mistakes_in_cases_are_reported_at_once(folder: Path, clean: RuleBase) -> None:
    path = write(folder, [a_case(given={"crwd": "many"}), a_case(expect={"model": "nobody"})])
    with pytest.raises(InvalidCases) as caught:
        read_cases(path, rulebase=clean)
    assert {each.code for each in caught.value.diagnostics} == {"unknown-fact", "unknown-model", "duplicate-id"}


@pytest.mark.parametrize(
    ("also", "codes"),
    [
        (
            [{"crwd": "many"}, "many", {"crowd": "mny"}, 5],
            ["unknown-fact", "unknown-value", "wrong-type", "wrong-type"],
        ),
        ({"crwd": ["many"], "skill": "none", "crowd": ["mny"]}, ["unknown-fact", "unknown-value", "wrong-type"]),
        ({"crwd": "many", "crowd": True}, ["unknown-fact", "wrong-type", "wrong-type"]),
        ("crowd", ["wrong-type"]),
    ],
)
def test_a_malformed_change_hides_no_mistake_in_another(
    folder: Path, clean: RuleBase, also: object, codes: list[str]
) -> None:
    with pytest.raises(InvalidCases) as caught:
        read_cases(write(folder, [a_case(also=also)]), rulebase=clean)
    assert sorted(each.code for each in caught.value.diagnostics) == codes


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"also": {"crwd": ["many", "few", None]}}, ["unknown-fact"]),
        ({"but": {"crowd": ["many"]}, "expect": []}, ["wrong-type"]),
        ({"but": {"crowd": ["many"]}, "expect": {"fires": "x"}}, ["unknown-rule"]),
        ({"but": {"crowd": ["many"]}, "expect": {"model": "kettle"}}, ["missing-key"]),
    ],
)
def test_a_mistake_in_a_case_is_told_once(
    folder: Path, clean: RuleBase, change: dict[str, object], codes: list[str]
) -> None:
    """The kind: a mistake that follows from another, or that every change repeats."""
    with pytest.raises(InvalidCases) as caught:
        read_cases(write(folder, [a_case() | change]), rulebase=clean)
    assert [each.code for each in caught.value.diagnostics] == codes


def test_a_single_value_in_a_change_is_shown_as_the_list_that_was_meant(folder: Path, clean: RuleBase) -> None:
    with pytest.raises(InvalidCases) as caught:
        read_cases(write(folder, [a_case(also={"crowd": "many", "leak": True})]), rulebase=clean)
    assert [each.hint for each in caught.value.diagnostics] == ["write crowd: [many]", "write leak: [true]"]


def test_a_word_in_a_case_is_told_once_at_its_place_with_what_is_known_there(folder: Path) -> None:
    small = RuleBase.load(DATA / "small_base")
    given = "given: {light: [sun, no, moon], can_at_hand: yes, budget_share: .nan}"
    path = write(folder, f"cases:\n- id: a\n  {given}\n  expect: {{model: no}}\n")
    with pytest.raises(InvalidCases) as caught:
        read_cases(path, rulebase=small)
    found = [(each.location.line, each.location.column, each.hint) for each in caught.value.diagnostics]
    light, models = "known: 'sun', 'lamp', 'neon'", "known: 'gardener', 'robot', 'rain'"
    places = [(3, 24, light), (3, 28, light), (3, 48, "write true"), (3, 67, "leave the fact out"), (4, 19, models)]
    assert found == places


# --- a rule base and its cases in one folder


def test_cases_are_not_part_of_the_rule_base(folder: Path, clean: RuleBase) -> None:
    from cxrules.verification.expectations import read_expectations

    write(folder, [a_case(also={"crowd": [None]})])
    assert RuleBase.load(folder).revision == clean.revision
    assert read_expectations(folder, rulebase=clean).expectations == ()


# --- running


def test_faults_and_unexercised_rules_are_found(folder: Path, clean: RuleBase) -> None:
    right = run_cases(read_cases(write(folder, [a_case(expect={})]), rulebase=clean), Advisor(clean))
    assert right.failed == ()
    advice = right.results[0].advice
    assert set(right.unexercised["rules"]) == set(clean.rules) - set(advice.fired)
    assert "crowd" not in right.unexercised["facts"]
    assert set(right.unexercised["claims"]).isdisjoint(advice.cites)
    wrong = {"model": "kettle", "silent": list(advice.fired), "points": {"kettle": 99}, "typo": 1}
    assert len(list(find_faults(advice, wrong))) == 4


def test_junit_says_what_failed(folder: Path, clean: RuleBase) -> None:
    cases = [a_case(expect={"status": "undetermined"}), a_case(id="two", expect={})]
    report = run_cases(read_cases(write(folder, cases), rulebase=clean), Advisor(clean))
    suite = ET.fromstring(write_junit(report, "coffee"))  # noqa: S314 - written above
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [item.get("name") for item in suite] == ["one", "two"]
    failure = suite[0].find("failure")
    assert failure is not None
    assert "undetermined" in str(failure.get("message"))


# --- updating


def test_update_changes_only_the_values(folder: Path, clean: RuleBase) -> None:
    text = """cases:
  # a comment that stays
  - id: one
    given: {crowd: few}
    expect:
      model: machine   # by hand
      status: "undetermined"
      points: {machine: 77, barista: -5}
  - id: two
    given: {}
    expect: {}   # to be filled in
  - id: three
    given: {crowd: few}
    expect: {model: null}
"""
    path = write(folder, text)
    advisor = Advisor(clean)
    assert update_cases(run_cases(read_cases(path, rulebase=clean), advisor).results) == [path]
    after = run_cases(read_cases(path, rulebase=clean), advisor)
    assert after.failed == ()
    changed = path.read_text("utf-8")
    kept = [line.split(":")[0] for line in changed.splitlines()]
    assert kept[:-4] == [line.split(":")[0] for line in text.splitlines()][:-4]
    assert "# by hand" in changed
    assert "# to be filled in" in changed
    assert "status: undetermined}" in changed
    assert update_cases(after.results) == []


# --- pytest and the command line

pytest_plugins = ["pytester"]


def test_pytest_collects_cases_on_request(pytester: pytest.Pytester, folder: Path) -> None:
    pytester.makeconftest(
        f"""
        from cxrules import RuleBase
        from cxrules.testing import collect_cases
        pytest_collect_file = collect_cases(lambda: RuleBase.load({str(folder)!r}))
        """
    )
    pytester.path.joinpath("my_cases.yaml").write_text(
        yaml.safe_dump([a_case(id="right", expect={}), a_case(id="wrong", expect={"status": "undetermined"})]), "utf-8"
    )
    pytester.path.joinpath("other.yaml").write_text("- nothing\n", "utf-8")
    done = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(["*my_cases.yaml:*So it is.", "*status *, not undetermined"])


@pytest.fixture(scope="module")
def run() -> Any:
    pytest.importorskip("typer", reason="the extra `cli` is not installed")
    from typer.testing import CliRunner

    from cxrules.cli.app import make_app

    return lambda *arguments: CliRunner().invoke(make_app(), ["test", *map(str, arguments)])


def test_the_command_runs_updates_and_reports(run: Any, folder: Path, tmp_path: Path) -> None:
    write(folder, [a_case(expect={"model": "machine", "status": "undetermined"})])
    done = run(folder, "--junit", tmp_path / "junit.xml")
    assert done.exit_code == 1
    assert "cases.yaml:2: one" in done.stdout
    assert "No case exercises these rules: " in done.stdout
    assert done.stdout.endswith("1 case: 0 passed, 1 failed.\n")
    assert ET.parse(tmp_path / "junit.xml").getroot().get("failures") == "1"  # noqa: S314 - written above
    done = run(folder, "--update")
    assert done.exit_code == 0
    assert "Updated" in done.stdout


def test_an_update_reports_what_it_cannot_fix(run: Any, folder: Path) -> None:
    text = """cases:
  - id: one
    given: {crowd: few, skill: expert}
    also: {crowd: [many]}
    expect: {points: {machine: 99, barista: 99}}
  - id: two
    given: {}
    expect: {fires: bad-mood}
"""
    write(folder, text)
    assert "--update" not in run(folder).stdout
    done = run(folder, "--update")
    assert done.exit_code == 1
    of_change, _, of_rest = " ".join(done.stdout.split()).partition(": two")
    assert "make it a separate case" in of_change
    assert "model, status, reason and points" not in of_change
    assert "model, status, reason and points; please change the rest yourself" in of_rest


def test_another_mistake_does_not_make_a_removed_fact_wrong(run: Any, folder: Path) -> None:
    text = "cases:\n  - id: one\n    given: {crowd: few}\n    but: [{crowd: null}]\n    expect: {fires: bad-mood}\n"
    write(folder, text + "  - id: two\n    given: {crowd: few\n    expect: {}\n")
    done = run(folder)
    assert done.exit_code == 2
    assert "[yaml-syntax]" in done.stderr
    assert "1 mistake found" in done.stderr


def test_the_command_knows_the_builtin_rule_base(run: Any) -> None:
    done = run("--cases", DATA / "cases" / "acceptance.yaml")
    assert (done.exit_code, done.stderr) == (0, "")


def test_no_file_that_is_read_is_overwritten_by_the_report(run: Any, folder: Path, tmp_path: Path) -> None:
    path = write(folder, [a_case(expect={"model": "machine", "status": "undetermined"})])
    link, twin = tmp_path / "link.xml", tmp_path / "twin.xml"
    link.symlink_to(path)
    twin.hardlink_to(path)
    before = {file: file.read_bytes() for file in folder.iterdir()}
    for report in (path, folder / "rules.yaml", link, twin, folder / ".." / folder.name / "cases.yaml"):
        for update in ((), ("--update",)):
            done = run(folder, "--junit", report, *update)
            assert (done.exit_code, done.stdout) == (2, "")
            assert "write to another file" in done.stderr
            assert {file: file.read_bytes() for file in folder.iterdir()} == before


def test_nothing_is_updated_if_the_report_cannot_be_written(run: Any, folder: Path, tmp_path: Path) -> None:
    path = write(folder, [a_case(expect={"model": "machine"})])
    before = path.read_bytes()
    done = run(folder, "--update", "--junit", tmp_path / "nowhere" / "junit.xml")
    assert (done.exit_code, path.read_bytes()) == (2, before)
    assert "nowhere" in done.stderr


def test_the_report_is_that_of_the_updated_cases(run: Any, folder: Path, tmp_path: Path) -> None:
    write(folder, [a_case(expect={"model": "machine"})])
    assert run(folder, "--update", "--junit", tmp_path / "junit.xml").exit_code == 0
    assert ET.parse(tmp_path / "junit.xml").getroot().get("failures") == "0"  # noqa: S314 - written above


def test_cases_that_are_lost_by_an_update_are_no_success(
    run: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(folder, [a_case(expect={"model": "machine"})])

    def lose(_: object) -> list[Path]:
        path.write_text("cases: []\n", encoding="utf-8")
        return [path]

    monkeypatch.setattr("cxrules.testing.update_cases", lose)
    done = run(folder, "--update")
    assert done.exit_code == 2
    assert "changed meanwhile" in done.stderr


def test_a_text_of_a_case_acts_neither_on_a_terminal_nor_on_xml(clean: RuleBase, capsys: Any) -> None:
    pytest.importorskip("typer", reason="the extra `cli` is not installed")
    from cxrules.cli.test import _show

    odd = "".join(map(chr, [*range(32), *range(127, 160), 0x2028, 0x202E, 0xD800, 0xFFFE, 0xFFFF])) + "<&\"'>]]>"
    case = OrganisationCase(odd, odd, {}, {"model": "machine"}, file=odd)
    report = run_cases([case], Advisor(clean))
    report = replace(report, results=(replace(report.results[0], faults=(odd,)),))
    item = ET.fromstring(write_junit(report, odd).encode())[0]  # noqa: S314 - written above
    assert str(item.get("name")).isprintable()
    assert str(item[0].text).replace("\n", "").isprintable()
    _show(report, updated=False)
    printed = capsys.readouterr().out
    assert printed.replace("\n", "").isprintable()
    assert "\\x1b" in printed


def test_without_cases_there_is_nothing_to_run(run: Any, folder: Path) -> None:
    for arguments in ((), (folder,)):
        done = run(*arguments)
        assert (done.exit_code, done.stdout) == (2, "")
        assert "no cases" in done.stderr
    write(folder, [a_case(given={"crwd": "many"})])
    done = run(folder)
    assert (done.exit_code, "unknown-fact" in done.stderr) == (2, True)
