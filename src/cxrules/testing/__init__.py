"""For the test suites of programs that embed cxrules, and of authors of rules.

Strategies for Hypothesis draw organisations from a rule base's vocabulary; check functions hold one organisation
against what must be true of every one. Nothing is registered on import, and there is no pytest plugin::

    from hypothesis import given
    from cxrules import testing

    @given(testing.organisations(MY_RULES))
    def test_engines_agree(organisation):
        testing.check_engines_agree(MY_RULES, organisation)

Needs the extra `testing`.
"""

from __future__ import annotations

from cxrules.testing.checks import (
    check_certainty,
    check_coherent_with_model,
    check_engines_agree,
    check_learning,
    check_monotone,
    check_order_free,
    check_round_trip,
    check_winner,
)
from cxrules.testing.strategies import (
    neighbours,
    organisations,
    organisations_firing,
    organisations_getting,
    register,
)

__all__ = [
    "check_certainty",
    "check_coherent_with_model",
    "check_engines_agree",
    "check_learning",
    "check_monotone",
    "check_order_free",
    "check_round_trip",
    "check_winner",
    "neighbours",
    "organisations",
    "organisations_firing",
    "organisations_getting",
    "register",
]
