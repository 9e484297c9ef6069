"""Cohorts are decided as their organisations are."""

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from cxrules import Advisor, RuleBase
from cxrules.columns.cohort import CohortJudge
from cxrules.policy.decision import Status
from cxrules.policy.judge import Judge
from tests.cohorts import gather
from tests.rulebases import (
    random_organisations,
    rulebases,
)
from tests.search.lively import lively_rulebases


@given(lively_rulebases() | rulebases(), st.integers(0, 2**32))
def test_a_cohort_is_decided_as_its_organisations_are(rulebase: RuleBase, seed: int) -> None:
    assert_cohort_agrees(Advisor(rulebase).judge, seed, 40)


def test_a_cohort_is_decided_as_its_organisations_are_on_the_built_in_rule_base() -> None:
    assert_cohort_agrees(Advisor().judge, 1, 1000)


def assert_cohort_agrees(judge: Judge, seed: int, size: int) -> None:
    drawn = list(islice(random_organisations(judge.rulebase, seed), size))
    outcomes = CohortJudge(judge.decider).decide(gather(judge.rulebase.vocabulary, drawn))
    for place, known in enumerate(drawn):
        decision = judge.decide(known)
        assert [model for model, columns in outcomes.models.items() if columns >> place & 1] == [decision.model]
        assert bool(outcomes.contested >> place & 1) == (decision.status is Status.CONTESTED)
