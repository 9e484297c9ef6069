"""The built-in rule base against blind readings of the articles, which `readings/` describes."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxrules import Advisor
from tools.readings import (
    FLOORS,
    READINGS,
    TESTED,
    Organisation,
    compare_readers,
    compare_retest,
    find_shortfalls,
    judge,
    judge_set,
    list_sets,
    read_set,
    write_sheets,
)

pytestmark = pytest.mark.skipif(not READINGS.is_dir(), reason="an sdist has no readings")
ADVISOR = Advisor()


@pytest.mark.parametrize("name", TESTED)
def test_rule_base_agrees_with_the_readings(name: str) -> None:
    assert list(find_shortfalls(name, judge_set(ADVISOR, name))) == []


def test_a_score_below_its_floor_is_named() -> None:
    name = "held-out/random"
    verdicts = [judge(organisation, None) for organisation in read_set(name)]
    told = list(find_shortfalls(name, verdicts))
    assert told == [f"{name}: the plurality of 0, not 57", f"{name}: acceptable for 0, not 72"]
    rejected = Organisation("X", {}, [{"best": None, "acceptable": [], "rejected": ["a"]}] * 3)
    assert list(find_shortfalls(name, [judge(rejected, "a")]))[-1] == f"{name}: rejected by most for X"


def test_every_set_that_is_tested_has_a_floor() -> None:
    assert set(TESTED) <= set(FLOORS) <= set(list_sets())


@pytest.mark.parametrize("name", [*list_sets(), "retest/random"])
def test_every_reading_is_complete_and_every_organisation_possible(name: str) -> None:
    rulebase = ADVISOR.rulebase
    lines = read_set(name)
    assert len({line.id for line in lines}) == len(lines)
    assert len({len(line.readings) for line in lines}) == 1
    for line in lines:
        assert rulebase.incoherences(rulebase.vocabulary.validate(line.facts)) == []
        for answer in [*line.readings, *([line.further] if line.further else [])]:
            named = [answer["best"], *answer["acceptable"], *answer["rejected"]]
            assert set(named) - {None} <= set(rulebase.models)
            assert len(named) == len(set(named))


def test_readers_are_compared_with_other_readers() -> None:
    last, first = compare_readers("tuning/random-10"), compare_readers("tuning/random-1")
    assert last is not None
    assert first is not None
    assert last[1] == first[1] == 5 * 72
    assert 0.8 < last[0] / 360 < first[0] / 360 < 1
    assert compare_readers("tuning/random-4") is None  # one reader
    assert list(compare_retest()) == [(62, 72), (62, 72)]


def test_each_reader_gets_the_organisations_in_a_different_order(tmp_path: Path) -> None:
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "one.txt").write_text("An article.", "utf-8")
    write_sheets("held-out/random", tmp_path, readers=2, articles=tmp_path / "articles")
    texts = [(tmp_path / f"reader-{reader}" / "organisations.md").read_text("utf-8") for reader in (1, 2)]
    assert texts[0] != texts[1]
    assert sorted(texts[0].splitlines()) == sorted(texts[1].splitlines())
    names = {path.name for path in (tmp_path / "reader-1").iterdir()}
    assert names == {"organisations.md", "question-sheet.md", "A0.txt"}


@pytest.mark.parametrize("name", [name for name in list_sets() if "real" in name])
def test_every_recommendation_has_at_least_three_actions(name: str) -> None:
    answers = {line.id: ADVISOR.recommend(line.facts) for line in read_set(name)}
    assert [name for name, answer in answers.items() if answer.model and len(answer.actions) < 3] == []
