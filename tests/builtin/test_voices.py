"""What each author would say by the author's own rules, and what an answer tells of those who disagree."""

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
    # A2: what customers value decides for the time being, and a leader above all is best.
    ("A2", {"top_customer_priority": "fast_response", "independent_leader_feasible": False}, "service_led"),
    ("A2", {"top_customer_priority": "simple_purchase", "independent_leader_feasible": False}, "sales_led"),
    ("A2", {"owner_independent": True}, "cxo_owned"),
    # A3: from the top, with an officer who unites and does not own.
    ("A3", {"ceo_involvement": "champion"}, "ceo_with_cco"),
    ("A3", {"current_owner": "everyone"}, "ceo_with_cco"),
    # A4: a framework before a leader; marketing central and not leading.
    ("A4", {"framework": "none", "current_owner": "none"}, "framework_first"),
    ("A4", {"marketing_journey_coverage": ["awareness", "retention", "loyalty"], "reliance_on_sales": "low"}, None),
    # A0: start in marketing and outgrow it.
    ("A0", {"maturity": "early", "marketing_insight": "deep"}, "marketing_interim"),
    ("A0", {"maturity": "mature", "scope": "enterprise_wide"}, "cx_department"),
    # An author speaks whatever another author's rule excludes, and never for what the author's own rule excludes.
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
def test_what_an_author_says_outright_is_dissent(claim: str, facts: dict[str, object], model: str) -> None:
    advice = ADVISOR.recommend(facts)
    assert advice.model == model
    assert claim in advice.dissent


def test_an_author_whose_choice_another_rules_out_is_told_so() -> None:
    advice = ADVISOR.recommend(framework="none", independent_leader_feasible=True, scope="enterprise_wide")
    assert advice.voices["A4"].model == "framework_first"
    assert "would choose “Framework first”, which is ruled out here because" in advice.explain()


def test_a_reading_of_the_engineer_is_no_voice() -> None:
    advice = ADVISOR.recommend(cx_defined="undefined", framework="none", maturity="early")
    assert "know-customers-before-choosing" in advice.fired
    assert advice.voices["A2"].model != "framework_first"


def test_advice_fits_the_answer() -> None:
    """No action serves another model than the recommended one."""
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


def test_whoever_may_start_in_marketing_is_told_when_to_leave() -> None:
    rulebase = ADVISOR.rulebase
    (needed,) = rulebase.models["marketing_interim"].requires
    rules = [rule for rule in rulebase.rules.values() if "set_exit_triggers" in rule.targets(Effect.ACTION)]
    assert any(rule.needs() == {needed} and not rule.facts() for rule in rules)


def test_the_full_text_says_which_advice_was_kept_back() -> None:
    """What a fact gives rise to, for another model, is told as what would serve that model, and as nothing else."""
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
