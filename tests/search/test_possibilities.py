"""Draws consist of coherent completions."""

from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrules import Advisor
from cxrules.policy.decision import Decision
from cxrules.policy.judge import Judge
from cxrules.search.possibilities import possibilities_of
from tests.rulebases import (
    random_organisations,
)
from tests.search.lively import HALF, cases, incoherent, is_completion


@HALF
@given(cases())
def test_a_draw_consists_of_coherent_completions(case: tuple[Judge, Decision]) -> None:
    assert_draw_is_coherent(*case)


@HALF
@given(cases(), st.integers(1, 3))
def test_a_draw_that_runs_out_of_rounds_leaves_out_impossible_organisations(
    case: tuple[Judge, Decision], rounds: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cxrules.search.redrawing.ROUNDS", rounds)
        assert_draw_is_coherent(*case)


def test_a_draw_on_the_built_in_rule_base_consists_of_coherent_completions() -> None:
    """For the first organisation most draws meet an impossible conjunction."""
    judge = Advisor().judge
    stubborn: dict[str, Any] = {
        "owner_level": "department_head",
        "owner_independent": True,
        "cco_executive_seat": False,
        "framework_basis": "company_structure",
        "definitions_aligned": "each_own",
    }
    for known in (stubborn, *islice(random_organisations(judge.rulebase, 5, known=0.2), 20)):
        assert_draw_is_coherent(judge, judge.decide(known))


def assert_draw_is_coherent(judge: Judge, decision: Decision) -> None:
    possibilities = possibilities_of(judge)
    cohort, valid, _ = possibilities.draw(decision.known, possibilities.unknown(decision.known))
    for entry in possibilities.coherence.list(possibilities.unmet(decision.known)):
        assert not possibilities.meeting(entry.when, cohort) & valid, entry
    before = incoherent(judge, decision.known)
    for place in [place for place in range(16) if valid >> place & 1]:
        completed = possibilities.organisation(cohort, place)
        assert is_completion(judge, decision.known, completed, before)
