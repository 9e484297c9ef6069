"""The advice of the built-in rule base fits the facts: who is appointed, and what is done first."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cxrules import Advisor, Recommendation
from tools.readings import READINGS, list_sets, read_set

pytestmark = pytest.mark.skipif(not READINGS.is_dir(), reason="an sdist has no readings")
ADVISOR = Advisor()
FUNCTIONS = ("none", "marketing", "sales", "service", "product", "everyone")


def recommend(model: str) -> Iterator[tuple[str, Recommendation]]:
    """Return the answers for real organisations that recommend a model."""
    for name in list_sets():
        for line in read_set(name) if "real" in name else ():
            advice = ADVISOR.recommend(line.facts)
            if advice.model == model:
                yield line.id, advice


def first_steps(advice: Recommendation) -> list[str]:
    text = advice.explain(searches=False)
    return [line[2:] for line in text[text.index("What to do first") :].splitlines() if line.startswith("- ")]


def test_a_missing_chief_customer_officer_is_appointed_first() -> None:
    appoint = ADVISOR.rulebase.actions["appoint_cco"]
    missing = [
        (name, it) for name, it in recommend("ceo_with_cco") if it.facts.get("cco_status") in ("none", "planned")
    ]
    assert missing
    assert [name for name, advice in missing if appoint not in first_steps(advice)[:1]] == []


def test_a_missing_executive_is_put_in_charge_first() -> None:
    appoint = ADVISOR.rulebase.actions["appoint_one_executive"]
    missing = [(name, it) for name, it in recommend("cxo_owned") if it.facts.get("current_owner") in FUNCTIONS]
    assert missing
    assert [name for name, advice in missing if appoint not in first_steps(advice)[:1]] == []
