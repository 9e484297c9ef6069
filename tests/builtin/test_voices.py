"""What each article would recommend by itself, and what an answer says about those that disagree."""

from __future__ import annotations

import pytest

from cxrules import Advisor
from cxrules.language.rules import Effect
from tests.rulebases import random_organisations

ADVISOR = Advisor()

VOICES = [
    # A1: one high-ranking executive, above all where departments are silos; CX is a burden on marketing.
    ("A1", {"silos": "severe", "current_owner": "cx_department"}, "cxo_owned"),
    ("A1", {"current_owner": "marketing"}, "cxo_owned"),
    # A2: a leader above the functions is best; until there is one, what customers value decides.
    ("A2", {"top_customer_priority": "fast_response", "independent_leader_feasible": False}, "service_led"),
    ("A2", {"top_customer_priority": "simple_purchase", "independent_leader_feasible": False}, "sales_led"),
    ("A2", {"owner_independent": True}, "cxo_owned"),
    # A3: the CEO owns CX, with an officer who unites the functions.
    ("A3", {"ceo_involvement": "champion"}, "ceo_with_cco"),
    ("A3", {"current_owner": "everyone"}, "ceo_with_cco"),
    # A4: a framework before a leader; marketing is central but does not lead.
    ("A4", {"framework": "none", "current_owner": "none"}, "framework_first"),
    ("A4", {"marketing_journey_coverage": ["awareness", "retention", "loyalty"], "reliance_on_sales": "low"}, None),
    # A0: start in marketing and outgrow it.
    ("A0", {"maturity": "early", "marketing_insight": "deep"}, "marketing_interim"),
    ("A0", {"maturity": "mature", "scope": "enterprise_wide"}, "cx_department"),
    # Exclusions by other articles do not silence a voice; those of its own article do.
    ("A2", {"independent_leader_feasible": True, "framework": "none", "current_owner": "none"}, "cxo_owned"),
    ("A3", {"ceo_involvement": "champion", "independent_leader_feasible": False}, "ceo_with_cco"),
    ("A4", {"framework": "none", "independent_leader_feasible": True, "scope": "enterprise_wide"}, "framework_first"),
    ("A0", {"maturity": "early", "marketing_bandwidth": "stretched"}, None),
]


@pytest.mark.parametrize(("source", "facts", "model"), VOICES)
def test_an_author_favours_what_the_article_says(source: str, facts: dict[str, object], model: str | None) -> None:
    assert ADVISOR.recommend(facts).voices[source].model == model


DISSENT = [
    ("A3-56", {"current_owner": "chief_customer_officer", "cco_mandate": "owns_cx"}, "cxo_owned"),
    ("A3-24", {"maturity": "mature", "scope": "enterprise_wide", "coordination_need": "high"}, "cx_department"),
    ("A3-24", {"top_customer_priority": "fast_response", "independent_leader_feasible": False}, "service_led"),
    ("A3-24", {"product_type": "product_led", "independent_leader_feasible": False}, "product_led"),
    ("A3-7", {"maturity": "early", "marketing_insight": "deep"}, "marketing_interim"),
]


@pytest.mark.parametrize(("claim", "facts", "model"), DISSENT)
def test_an_explicit_claim_against_the_recommendation_is_dissent(
    claim: str, facts: dict[str, object], model: str
) -> None:
    advice = ADVISOR.recommend(facts)
    assert advice.model == model
    assert claim in advice.dissent


def test_the_text_says_that_the_choice_of_an_article_is_ruled_out() -> None:
    advice = ADVISOR.recommend(framework="none", independent_leader_feasible=True, scope="enterprise_wide")
    assert advice.voices["A4"].model == "framework_first"
    assert "would choose “Framework first”, which is ruled out here because" in advice.explain()


def test_a_rule_of_the_engineer_is_not_part_of_a_voice() -> None:
    advice = ADVISOR.recommend(cx_defined="undefined", framework="none", maturity="early")
    assert "know-customers-before-choosing" in advice.fired
    assert advice.voices["A2"].model != "framework_first"


def test_actions_serve_the_recommended_model() -> None:
    """An action that serves other models only is not advised."""
    rulebase = ADVISOR.rulebase
    for known, _ in zip(random_organisations(rulebase, seed=11, coherent=True), range(150), strict=False):
        advice = ADVISOR.recommend(known)
        given = [action.id for action in advice.actions]
        assert all(advice.model in rulebase.serves.get(action, (advice.model,)) for action in given)
        fired = [rulebase.rules[rule] for rule in advice.fired]
        concluded = {action for rule in fired if rule.when for action in rule.targets(Effect.ACTION)}
        assert all(advice.model not in rulebase.serves[action] for action in concluded - set(given))


def test_the_brief_text_ends_with_what_to_do_first() -> None:
    advice = ADVISOR.recommend(current_owner="marketing", silos="severe", maturity="mature", promise_gap="large")
    told = advice.explain().split("What to do first:\n")[-1].splitlines()
    assert 3 <= len(told) <= 5
    assert {line.removeprefix("- ") for line in told} <= {action.text for action in advice.actions}
    assert "Patterns to watch:\n- One function owns it" in advice.explain()


def test_starting_in_marketing_comes_with_exit_triggers() -> None:
    rulebase = ADVISOR.rulebase
    (needed,) = rulebase.models["marketing_interim"].requires
    rules = [rule for rule in rulebase.rules.values() if "set_exit_triggers" in rule.targets(Effect.ACTION)]
    assert any(rule.needs() == {needed} and not rule.facts() for rule in rules)


def test_the_full_text_lists_advice_for_other_models() -> None:
    """Advice that follows from the facts but serves another model is listed as that, and nowhere else."""
    rulebase = ADVISOR.rulebase
    for known, _ in zip(random_organisations(rulebase, seed=19, coherent=True), range(20), strict=False):
        advice = ADVISOR.recommend(known)
        text = advice.explain("full", searches=True)
        fired = [rulebase.rules[rule] for rule in advice.fired]
        concluded = {action for rule in fired if rule.when for action in rule.targets(Effect.ACTION)}
        kept_back = concluded - {action.id for action in advice.actions}
        change = text.partition("What would change it\n")[2]
        assert ("Advice that would serve another owner:" in change) == bool(kept_back)
        for action in kept_back:
            assert f"- {rulebase.actions[action]} This serves “" in change
