"""The rule base against blind readings of the articles.

Seven panels served for tuning; the unseen one only measures.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from cxrules import Advisor
from tests import ROOT
from tests.panel.score import PANELS, judge, read_panel

# The panels with five readings, and the share of organisations on which rule base and plurality agree.
PLURALITY = {"first": 0.9, "unseen": 0.75}


@pytest.mark.parametrize("panel", PLURALITY)
def test_rule_base_agrees_with_the_readings(panel: str) -> None:
    verdicts = judge(Advisor(), panel)
    assert len(verdicts) >= 60
    assert sum(verdict.plural for verdict in verdicts) >= PLURALITY[panel] * len(verdicts)
    assert [verdict.id for verdict in verdicts if not verdict.acceptable] == []
    assert [verdict.id for verdict in verdicts if verdict.rejected] == []


@pytest.mark.parametrize("panel", PANELS)
def test_every_reader_judged_every_organisation(panel: str) -> None:
    organisations, readings = read_panel(panel)
    advisor = Advisor()
    assert len(readings) == {"first": 5, "unseen": 5}.get(panel, len(readings)) > 0
    for reading in readings:
        assert list(reading) == list(organisations)
        for answer in reading.values():
            named = [answer.get("best"), *answer["acceptable"], *answer["rejected"]]
            assert set(named) - {None} <= set(advisor.rulebase.models)
            assert len(named) == len(set(named))


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
