"""The ranking, voices, support and dissent, in small cases by hand."""

from typing import NamedTuple

import pytest

from cxrules.builtin.naming import as_model
from cxrules.engines.bitmap import BitmapEngine
from cxrules.language.rules import Policy
from cxrules.policy.dissent import Voice
from cxrules.policy.judge import Judge
from cxrules.policy.ranking import RankedModel, fired_evidence, rank
from tests.policy.small_cases import small_rulebase


class Disagreement(NamedTuple):
    """A small rule base, the flags that are true, and the claims that support the winner or dissent."""

    says: str
    rules: list[str]
    true: str
    support: str
    dissent: str


DISAGREEMENTS = [
    Disagreement("nobody disagrees", ["A-3: a -> +alpha"], "a", "A-3", ""),
    Disagreement("evidence against the winner", ["A-3: a -> +alpha", "B-1: a -> -alpha"], "a", "A-3", "B-1"),
    Disagreement("an article favours a rival", ["A-3: a -> +alpha", "B-2: a -> +beta"], "a", "A-3", "B-2"),
    Disagreement("but the winner more", ["A-3: a -> +alpha", "A-2: a -> +beta"], "a", "A-3", ""),
    Disagreement("a rival that is ruled out", ["A-3: a -> +alpha", "B-2: a -> +beta !beta"], "a", "A-3", ""),
    Disagreement(
        "a model set aside", ["A-3: a -> +alpha", "A-2: a -> +beta", "A-1: a -> alpha>beta"], "a", "A-3", "A-2"
    ),
    Disagreement(
        "only claims for the rival it favours",
        ["A-3: a -> +alpha", "A-6: b -> +alpha", "B-2: a -> +beta", "B-1: a -> +alpha", "B-4: a -> +gamma"],
        "ab",
        "A-3 A-6 B-1",
        "B-2",
    ),
    Disagreement(
        "every rule that cites a claim is named", ["A-3: a -> +alpha", "A-3,A-1: b -> +alpha"], "ab", "A-1 A-3", ""
    ),
    Disagreement(
        "claims behind the findings",
        ["A-1: a -> =f", "A-4: b -> =f", "A-2: ?f -> =g", "A-3: ?g -> +alpha", "B-3: c -> =f"],
        "ab",
        "A-1 A-2 A-3 A-4",
        "",
    ),
    Disagreement(
        "an article that favours nobody, and the winner least",
        ["A-3: a -> +alpha", "A-6: a -> +alpha", "B-2: a -> +beta", "B-5: a -> -beta", "B-1: a -> -alpha"],
        "a",
        "A-3 A-6",
        "B-1",
    ),
    Disagreement("nothing is recommended", ["A-1: a -> +alpha", "B-3: a -> -beta"], "a", "", ""),
]


@pytest.mark.parametrize("case", DISAGREEMENTS, ids=lambda case: case.says)
def test_support_and_dissent(case: Disagreement) -> None:
    judge = Judge(BitmapEngine(small_rulebase(case.rules, {}, Policy(2, 2))))
    decision = judge.decide(dict.fromkeys(case.true, True))
    assert judge.reader.read("support", decision) == tuple(case.support.split())
    assert judge.reader.read("dissent", decision) == tuple(case.dissent.split())


def test_ranking() -> None:
    rules = [
        "A-3: a -> +alpha",
        "A-2: a -> +beta",
        "B-2: a -> beta>alpha",
        "B-3: a -> +gamma !gamma",
        "B-1: a -> alpha>gamma",
    ]
    judge = Judge(BitmapEngine(small_rulebase(rules, {}, Policy(2, 2))))
    rows = rank(judge.decider, judge.decide({"a": True}).fired)
    assert rows == (
        RankedModel(as_model("beta"), 2, 0.36, True, False, (), (), ()),
        RankedModel(as_model("alpha"), 3, 0.488, True, False, (), (), ("r-3",)),
        RankedModel(
            as_model("gamma"), 3, 0.488, False, True, ("r-4",), (), ()
        ),  # no candidate, so nothing sets it aside
    )


def test_evidence_is_that_of_a_rule_that_fired() -> None:
    rules = ["A-3: a -> +alpha", "A-3: b -> +alpha", "A-3: c -> -alpha"]
    judge = Judge(BitmapEngine(small_rulebase(rules, {}, Policy(2, 2))))
    assert [item.rule for item in fired_evidence(judge.decider, judge.decide({"b": True}).fired)] == ["r-2"]
    assert [item.rule for item in fired_evidence(judge.decider, judge.decide({"a": True, "b": True}).fired)] == ["r-1"]


def test_voices() -> None:
    rules = ["A-3: a -> +alpha", "B-2: a -> +beta +alpha", "B-1: b -> +gamma", "B-3: a -> -gamma"]
    judge = Judge(BitmapEngine(small_rulebase(rules, {}, Policy(2, 2))))
    decision = judge.decide({"a": True, "b": True})
    # Among equals an article favours the winner, then the first declared.
    assert judge.reader.read("voices", decision) == {
        "A": Voice("A", as_model("alpha"), 3, 3),
        "B": Voice("B", as_model("alpha"), 2, 2),
    }
    silent = judge.decide({"b": True})
    assert judge.reader.read("voices", silent) == {
        "A": Voice("A", None, 0, 0),
        "B": Voice("B", as_model("gamma"), 1, 0),
    }
