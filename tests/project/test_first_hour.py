"""The files in docs/first-hour.md load, and their cases pass."""

import re
from pathlib import Path

import pytest
import yaml

from cxrules import Advisor, RuleBase
from cxrules.testing import read_cases, run_cases
from cxrules.verification import read_expectations
from tests import ROOT

FILE = re.compile(r"^`house/(\w+\.yaml)`.*?```yaml\n(.*?)```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def page_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house")
    for name, text in FILE.findall((ROOT / "docs" / "first-hour.md").read_text("utf-8")):
        (folder / name).write_text(text, "utf-8")
    return folder


def test_the_files_of_the_page_load_and_their_cases_pass(page_files: Path) -> None:
    assert {path.name for path in page_files.iterdir()} == {
        f"{kind}.yaml" for kind in ("sources", "claims", "facts", "rules", "cases", "expectations")
    }
    builtin = RuleBase.builtin()
    rulebase = RuleBase.load(page_files, base=builtin)
    report = run_cases(read_cases(page_files, rulebase=rulebase), Advisor(rulebase), base=builtin)
    assert len(report.results) == 3
    assert not report.failed
    assert not any(report.unexercised.values())
    assert len(read_expectations(page_files, rulebase=rulebase).plain["expectations"]) == 1


def test_a_source_without_a_text_can_be_written_and_read(page_files: Path) -> None:
    rulebase = RuleBase.load(page_files, base=RuleBase.builtin())
    assert not rulebase.sources["H1"].file
    assert RuleBase.from_json(rulebase.to_json()).revision == rulebase.revision


@pytest.mark.parametrize("half", [{"file": "charter.txt"}, {"paragraphs": [1]}])
def test_a_source_has_both_file_and_paragraphs_or_neither(
    page_files: Path, half: dict[str, object], tmp_path: Path
) -> None:
    for path in page_files.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    source = {"id": "H1", "title": "Service charter", "author": "Board of Acme", **half}
    (tmp_path / "sources.yaml").write_text(yaml.safe_dump({"sources": [source]}), "utf-8")
    with pytest.raises(ValueError, match=r"empty-list|empty-text"):
        RuleBase.load(tmp_path, base=RuleBase.builtin())


def test_parts_of_the_base_are_not_reported_as_missing(page_files: Path) -> None:
    builtin = RuleBase.builtin()
    rulebase = RuleBase.load(page_files, base=builtin)
    report = run_cases([], Advisor(rulebase), base=builtin)
    assert report.unexercised == {
        "rules": ("fast-desk",),
        "findings": (),
        "facts": ("service_desk_fast",),
        "claims": ("H1-1",),
    }


def test_a_failing_case_says_why_its_model_is_not_recommended(page_files: Path, tmp_path: Path) -> None:
    pytest.importorskip("typer", reason="the extra `cli` is not installed")
    from typer.testing import CliRunner

    from cxrules.cli.app import make_app

    for path in page_files.iterdir():
        text = path.read_text("utf-8").replace(", independent_leader_feasible: false", "")
        (tmp_path / path.name).write_text(text, "utf-8")
    shown = CliRunner().invoke(make_app(), ["test", str(tmp_path), "--on-top"])
    assert shown.exit_code == 1
    assert "model None, not service_led" in shown.stdout
    assert "is not known" in " ".join(shown.stdout.split())
    assert "No case exercises" not in shown.stdout
    printed = " ".join(shown.stdout.rpartition("\n\n")[0].replace(str(tmp_path), "house").split())
    assert printed in " ".join((ROOT / "docs" / "first-hour.md").read_text("utf-8").split())


def test_the_commands_print_what_the_page_shows(page_files: Path, tmp_path: Path) -> None:
    pytest.importorskip("typer", reason="the extra `cli` is not installed")
    from typer.testing import CliRunner

    from cxrules.cli.app import make_app

    page = " ".join((ROOT / "docs" / "first-hour.md").read_text("utf-8").split())

    def run(*arguments: str) -> str:
        return CliRunner().invoke(make_app(), arguments).stdout

    (tmp_path / "acme.yaml").write_text(
        "current_owner: marketing\nsilos: severe\nmarketing_bandwidth: stretched\n", "utf-8"
    )
    assert " ".join(run("recommend", str(tmp_path / "acme.yaml")).partition("\n\n")[0].split()) in page
    checked = run("check", str(page_files), "--on-top").splitlines()[0].replace(page_files.name, "house")
    assert re.sub(r"\d+", "N", checked) in re.sub(r"\d+", "N", page)  # the built-in rule base may grow
    assert run("test", str(page_files), "--on-top").splitlines()[-1] in page
