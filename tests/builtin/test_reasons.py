"""The text of a rule is true whichever facts made it fire."""

from __future__ import annotations

import re

import pytest

from cxrules import RuleBase
from cxrules.language.rules import AnyOf, FactTest, Rule

RULEBASE = RuleBase.builtin()
NAMED_BY_THE_AUTHOR = {
    "dedicated-leader-or-team": "A1 asks for a leader or a team",
    "product-by-what-customers-ask": "who sells and who explains the product are no conditions",
}
"""Rules whose text says "or" because the author leaves a choice."""


def has_alternatives(rule: Rule) -> bool:
    """Return whether different facts can make a rule fire."""
    several = (isinstance(test, FactTest) and test.operator != "is" for test in rule.when)
    return any(isinstance(condition, AnyOf) for condition in rule.when) or any(several)


@pytest.mark.parametrize("rule", [*filter(has_alternatives, RULEBASE.rules.values())], ids=lambda rule: rule.id)
def test_a_reason_says_or_only_where_the_author_does(rule: Rule) -> None:
    if rule.id not in NAMED_BY_THE_AUTHOR:
        assert not re.search(r"\b(or|either)\b", rule.rationale), rule.rationale
