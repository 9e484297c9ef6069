"""The rule base against blind readings of the articles.

Most panels served for tuning; the unseen one only measures.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cxrules import Advisor
from tests import ROOT
from tests.panel.score import PANELS, RETEST, compare_readers, judge, read_answers, read_panel, retest

# The panels with five readings: on how many of 72 organisations the model is the plurality, and acceptable, at least.
AGREEMENT = {
    "first": (68, 72),
    "sixth": (61, 71),
    "seventh": (59, 71),
    "eighth": (59, 71),
    "ninth": (52, 72),
    "tenth": (54, 72),
    "unseen": (58, 72),
}


@pytest.mark.parametrize("panel", AGREEMENT)
def test_rule_base_agrees_with_the_readings(panel: str) -> None:
    verdicts = judge(Advisor(), panel)
    plural, acceptable = AGREEMENT[panel]
    assert len(verdicts) == 72
    assert sum(verdict.plural for verdict in verdicts) >= plural
    assert sum(verdict.acceptable for verdict in verdicts) >= acceptable
    assert [verdict.id for verdict in verdicts if verdict.rejected] == []


def test_rule_base_agrees_with_single_readings() -> None:
    verdicts = judge(Advisor(), "single")
    assert len(verdicts) == 36 * 72
    assert sum(verdict.plural for verdict in verdicts) >= 0.8 * len(verdicts)
    assert sum(verdict.acceptable for verdict in verdicts) >= 0.98 * len(verdicts)


@pytest.mark.xfail(
    reason="the target is nine in ten; docs/decisions.md tells how far rules and readers are from it", strict=True
)
def test_unseen_organisations_come_out_as_the_plurality_has_them() -> None:
    verdicts = judge(Advisor(), "unseen")
    assert sum(verdict.plural for verdict in verdicts) >= 0.9 * len(verdicts)


@pytest.mark.parametrize("panel", PANELS)
def test_every_reader_judged_every_organisation(panel: str) -> None:
    organisations, readings = read_panel(panel)
    advisor = Advisor()
    assert len(readings) == (5 if panel in AGREEMENT else len(readings)) > 0
    for reading in readings:
        assert list(reading) == list(organisations)
        for answer in reading.values():
            named = [answer.get("best"), *answer["acceptable"], *answer["rejected"]]
            assert set(named) - {None} <= set(advisor.rulebase.models)
            assert len(named) == len(set(named))


def test_later_readers_judged_organisations_of_the_panels() -> None:
    known = set().union(*(read_panel(panel)[0] for panel in AGREEMENT))
    paths = sorted(RETEST.glob("reader-*.yaml"))
    assert [len(read_answers(path)) for path in paths] == [72, 72]
    assert all(set(read_answers(path)) < known for path in paths)
    assert list(retest()) == [(62, 72), (62, 72)]


def test_readers_are_compared_with_the_others() -> None:
    assert 0.8 < compare_readers("tenth") < compare_readers("first") < 1


@pytest.mark.parametrize("panel", PANELS)
def test_organisations_are_coherent_and_varied(panel: str) -> None:
    organisations, _ = read_panel(panel)
    rulebase = Advisor().rulebase
    for facts in organisations.values():
        assert 8 <= len(facts) <= 25
        assert rulebase.incoherences(rulebase.vocabulary.validate(facts)) == []


def test_organisations_are_those_of_the_generator() -> None:
    done = subprocess.run([sys.executable, "tests/panel/organisations.py", "--check"], cwd=ROOT, check=False)
    assert done.returncode == 0


def test_readers_get_the_organisations_in_orders_of_their_own(shared: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.panel.sheets", "tests/panel/unseen", str(tmp_path), "--readers", "2"]
    subprocess.run([*command, "--articles", str(shared / "articles")], cwd=ROOT, check=True)
    texts = [(tmp_path / f"reader-{reader}" / "organisations.md").read_text("utf-8") for reader in (1, 2)]
    assert texts[0] != texts[1]
    assert sorted(texts[0].splitlines()) == sorted(texts[1].splitlines())
    assert {path.name for path in (tmp_path / "reader-1").iterdir()} == {
        "organisations.md",
        "question-sheet.md",
        *(f"A{number}.txt" for number in range(5)),
    }
