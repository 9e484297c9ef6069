"""The test suite of a tool that embeds cxrules with two rules of the house.

Run it with pytest. It needs `cxrules[testing]`, and for the last test `cxrules[verify]`.
"""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cxrules
from cxrules import testing

HERE = Path(__file__).parent
RULES = cxrules.RuleBase.load(HERE, base=cxrules.RuleBase.builtin())
ADVISOR = cxrules.Advisor(RULES)

settings.register_profile("house", max_examples=50, deadline=None)
settings.load_profile("house")
testing.register()  # from now on st.from_type(cxrules.Organisation) works


@given(st.from_type(cxrules.Organisation))
def test_the_tool_answers_for_any_organisation(organisation: cxrules.Organisation) -> None:
    advice = ADVISOR.recommend(organisation)
    assert advice.explain()
    assert set(advice.model_dump()) >= {"model", "status", "certainty"}


@given(testing.organisations(RULES))
def test_the_answer_is_sound(organisation: dict[str, Any]) -> None:
    testing.check_winner(RULES, organisation)
    testing.check_certainty(RULES, organisation)
    testing.check_order_free(RULES, organisation)


@given(testing.organisations_firing("house-no-start-in-marketing", RULES))
def test_cx_does_not_go_back_to_marketing(organisation: dict[str, Any]) -> None:
    assert ADVISOR.recommend(organisation).model != "marketing_interim"


@given(testing.organisations_getting("ceo_with_cco", RULES))
def test_a_recommended_ceo_leads_and_has_support(organisation: dict[str, Any]) -> None:
    advice = ADVISOR.recommend(organisation)
    assert advice.ranking[0].model == "ceo_with_cco"
    assert advice.support


@given(testing.neighbours(RULES, "ceo_involvement"))
def test_more_involvement_of_the_ceo_never_weakens_the_ceo(pair: tuple[dict[str, Any], dict[str, Any], str]) -> None:
    less, more, _ = pair
    testing.check_monotone(RULES, less, more, strengthens="ceo_with_cco")


def test_the_house_rules_are_proved() -> None:
    pytest.importorskip("z3", reason="cxrules[verify] is not installed")
    from cxrules.verification import verify
    from cxrules.verification.expectations import read_expectations

    report = verify(RULES, read_expectations(HERE, rulebase=RULES), only=["expectation", "dead-rule", "all-excluded"])
    assert report.ok, [finding.message for finding in report.open]
