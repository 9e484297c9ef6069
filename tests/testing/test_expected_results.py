"""Whatever a case expects that no recommendation can be compared with is a mistake, by place, and never a crash."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cxrules import Advisor, RuleBase
from cxrules.testing import InvalidCases, OrganisationCase, find_faults, read_cases, run_cases
from cxrules.testing.expected_results import EXPECTED, find_mistakes
from tests import DATA

ADVISOR = Advisor(RuleBase.load(DATA / "faulty_bases" / "clean"))
ADVICE = ADVISOR.recommend({"crowd": "few"})


def mistakes_in(path: Path, text: str) -> list[str]:
    path.write_text(text, "utf-8")
    with pytest.raises(InvalidCases) as caught:
        read_cases(path, rulebase=ADVISOR.rulebase)
    return [str(each).removeprefix(f"{path}:") for each in caught.value.diagnostics]


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        ({"ahead": ["barista", "kettle"]}, "write [[barista, kettle]]"),
        ({"ahead": [["barista"]]}, "a pair of models is expected here"),
        ({"ahead": [["barista", "kettle", "machine"]]}, "a pair of models is expected here"),
        ({"ahead": [["barsta", "kettle"]]}, "did you mean 'barista'?"),
        ({"ahead": "barista"}, "a list of pairs"),
        ({"ahead": []}, "a list of pairs"),
        ({"ahead": [5]}, "a pair of models is expected here"),
        ({"status": "recomended"}, "did you mean 'recommended'?"),
        ({"status": None}, "known: 'recommended', 'contested', 'undetermined'"),
        ({"status": ["recommended"]}, "not one of the words"),
        ({"reason": "nothing_knwon"}, "did you mean 'nothing_known'?"),
        ({"points": {"kettle": "six"}}, "a whole number is expected here, not 'six'"),
        ({"points": {"kettle": True}}, "a whole number"),
        ({"points": {}}, "points is a mapping from models to numbers"),
        ({"points": 6}, "points is a mapping from models to numbers"),
        ({"points": {"ketle": 6}}, "did you mean 'kettle'?"),
        ({"rests_on": {"nosuch": ["S1-1"]}}, "no such action or warning: 'nosuch'"),
        ({"rests_on": {"grind_fine": ["S9-99"]}}, "no such claim: 'S9-99'"),
        ({"rests_on": ["grind_fine"]}, "rests_on is a mapping"),
        ({"excluded_by": {"machine": {"a": "b"}}}, "a name is expected here"),
        ({"missing": {"barista": "traned_hand"}}, "did you mean 'trained_hand'?"),
        ({"fires": None}, "a name is expected here"),
        ({"findings_not": "typo"}, "no such finding: 'typo'"),
        ({"silent": ["nope", 5]}, "a name is expected here, not 5"),
        ({"actions": []}, "this list expects nothing"),
        ({"model": []}, "write null if none is recommended"),
        ({"model": {"kettle": 1}}, "a name is expected here"),
        ({"modle": "kettle"}, "did you mean 'model'?"),
    ],
)
def test_what_cannot_be_expected_is_refused_with_its_place(expect: dict[str, Any], told: str, tmp_path: Path) -> None:
    [key] = expect
    found = mistakes_in(tmp_path / "cases.yaml", yaml.safe_dump([{"id": "a", "given": {}, "expect": expect}]))
    assert any(told in line for line in found), found
    assert all(int(line.split(":")[0]) > 1 for line in found)
    with pytest.raises(InvalidCases) as caught:
        run_cases([OrganisationCase("a", "", {}, expect)], ADVISOR)
    assert any(f"a.expect.{key}" in str(each) and told in str(each) for each in caught.value.diagnostics)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["barista", "kettle", "bad-mood", "S1-1", "x"]),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(["kettle", "x"]), below, max_size=2),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*EXPECTED, "modle"]), ANYTHING, max_size=4))
def test_nothing_that_is_expected_makes_the_comparison_fail(expect: dict[str, Any]) -> None:
    faults = list(find_faults(ADVICE, expect))
    assert all(isinstance(fault, str) for fault in faults)
    if any(mistake.code in ("wrong-type", "unknown-key") for mistake in find_mistakes(expect)):
        assert faults


def test_all_mistakes_of_all_cases_are_listed_in_one_run(tmp_path: Path) -> None:
    text = """cases:
  - {titel: x}
  - {id: a, given: {crwd: few}, expect: {status: recomended, reason: nothing_knwon, points: {kettle: six}}}
  - {id: b, given: {}, expect: {rests_on: {nosuch: [S9-99]}}, also: {crwd: [null]}, but: [{crowd: mny}]}
casse:
  - {id: c}
"""
    found = mistakes_in(tmp_path / "cases.yaml", text)
    places = [tuple(map(int, line.split(":")[:2])) for line in found]
    assert places == sorted(places)
    assert {line for line, _ in places} == {2, 3, 4, 5}
    for told in (
        *("'titel'", "needs id", "needs given", "needs expect"),
        *("crwd: no such fact", "recomended", "nothing_knwon", "'six'"),
        *("'nosuch'", "'S9-99'", "needs expect.fires", "'mny'", "'casse'"),
    ):
        assert any(told in line for line in found), told
    assert sum("crwd: no such fact" in line for line in found) == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("cases: []\ncasse: [{id: a}]\n", "no such key in a file of cases: 'casse'"),
        ("casse: [{id: a, given: {}, expect: {}}]\n", "did you mean 'cases'?"),
        ("cases: {id: a}\n", "a list of cases is expected here"),
        ("cases:\n", "a list of cases is expected here"),
        ("- 5\n", "a case is a mapping"),
    ],
)
def test_no_part_of_a_file_of_cases_is_ignored(text: str, told: str, tmp_path: Path) -> None:
    assert any(told in line for line in mistakes_in(tmp_path / "cases.yaml", text))


def test_what_a_case_written_in_python_gives_and_expects_is_looked_up_in_every_case() -> None:
    cases = [
        OrganisationCase("a", "", {"crwd": "few"}, {"points": {"cxo": 1}}),
        OrganisationCase("b", "", {"crowd": "fw"}, {"findings_not": ["typo"], "silent": ["nope"]}),
    ]
    with pytest.raises(InvalidCases) as caught:
        run_cases(cases, ADVISOR)
    told = str(caught.value)
    for part in ("a.given.crwd", "a.expect.points.cxo", "b.given.crowd", "b.expect.findings_not", "b.expect.silent"):
        assert part in told


@pytest.mark.parametrize("key", ["id", "title"])
@pytest.mark.parametrize("text", ["a\x1b]0;pwned\a", "a\nFAKE: 1 case", "a\u2028b", "a\u202eb", " a", "", 5])
def test_a_text_of_a_case_is_one_line_that_does_nothing(key: str, text: Any, tmp_path: Path) -> None:
    case = {"id": "a", "title": "So it is.", "given": {}, "expect": {}} | {key: text}
    found = mistakes_in(tmp_path / "cases.yaml", yaml.safe_dump([case]))
    assert len(found) == 1
    assert found[0].isprintable()
