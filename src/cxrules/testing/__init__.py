"""Tools for the test suites of programs that embed cxrules, and of authors of rules.

Strategies for Hypothesis draw organisations from a rule base's vocabulary; check functions check properties that every
organisation must have. Cases in YAML are run by `run_cases`, by `cxrules test` and, in a suite that uses
`collect_cases`, by pytest. Nothing is registered on import::

    from hypothesis import given
    from cxrules import testing

    @given(testing.organisations(MY_RULES))
    def test_engines_agree(organisation):
        testing.check_engines_agree(MY_RULES, organisation)

Strategies need the extra `testing`; cases and check functions do not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxrules.testing.case_updates import update_cases
from cxrules.testing.cases import InvalidCases, OrganisationCase, read_cases
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
from cxrules.testing.collection import collect_cases
from cxrules.testing.expected_results import find_faults
from cxrules.testing.suite import CaseReport, CaseResult, run_cases, write_junit

if TYPE_CHECKING:
    from cxrules.testing.strategies import (
        neighbours,
        organisations,
        organisations_firing,
        organisations_getting,
        register,
    )

__all__ = [
    "CaseReport",
    "CaseResult",
    "InvalidCases",
    "OrganisationCase",
    "check_certainty",
    "check_coherent_with_model",
    "check_engines_agree",
    "check_learning",
    "check_monotone",
    "check_order_free",
    "check_round_trip",
    "check_winner",
    "collect_cases",
    "find_faults",
    "neighbours",
    "organisations",
    "organisations_firing",
    "organisations_getting",
    "read_cases",
    "register",
    "run_cases",
    "update_cases",
    "write_junit",
]


def __getattr__(name: str) -> object:
    """Load the strategies, and Hypothesis with them, when the first of them is asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from cxrules.testing import strategies

    return getattr(strategies, name)
