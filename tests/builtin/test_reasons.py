"""What a rule says in words is true of every way in which it can fire."""

from __future__ import annotations

import re

import pytest

from cxrules import RuleBase
from cxrules.language.rules import AnyOf, FactTest, Rule

RULEBASE = RuleBase.builtin()
NAMED_BY_THE_AUTHOR = {
    "dedicated-leader-or-team": "A1 asks for a leader or a team",
    "product-by-what-customers-ask": "neither who sells nor who explains the product is a condition",
}
"""Rules whose `or` tells what the author leaves open, not what is left open of the organisation."""


def has_alternatives(rule: Rule) -> bool:
    """Return whether a rule fires on more than one thing that may be so of an organisation."""
    several = (isinstance(test, FactTest) and test.operator != "is" for test in rule.when)
    return any(isinstance(condition, AnyOf) for condition in rule.when) or any(several)


@pytest.mark.parametrize("rule", [*filter(has_alternatives, RULEBASE.rules.values())], ids=lambda rule: rule.id)
def test_a_reason_does_not_say_or_where_the_organisation_has_said_which(rule: Rule) -> None:
    if rule.id not in NAMED_BY_THE_AUTHOR:
        assert not re.search(r"\b(or|either)\b", rule.rationale), rule.rationale
