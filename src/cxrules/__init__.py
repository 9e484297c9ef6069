"""Infers who should own Customer Experience (CX) in an organisation, and explains why.

Examples:
    >>> import cxrules
    >>> advice = cxrules.recommend(ceo_involvement="champion", transformation_goal=True, silos="severe")
    >>> advice.model
    <OwnershipModel.ceo_with_cco: 'ceo_with_cco'>
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cxrules.advisor import Advisor, recommend, recommend_frame
from cxrules.builtin.models import OwnershipModel
from cxrules.errors import (
    Diagnostic,
    InvalidKnowledge,
    InvalidOrganisation,
    Location,
    MissingRuleBase,
    UnlikelyFact,
)
from cxrules.policy.decision import Reason, Status
from cxrules.recommendation.answer import Recommendation
from cxrules.rulebase import RuleBase
from cxrules.version import __version__

if TYPE_CHECKING:
    from cxrules.builtin.organisation import Organisation

__all__ = [
    "Advisor",
    "Diagnostic",
    "InvalidKnowledge",
    "InvalidOrganisation",
    "Location",
    "MissingRuleBase",
    "Organisation",
    "OwnershipModel",
    "Reason",
    "Recommendation",
    "RuleBase",
    "Status",
    "UnlikelyFact",
    "__version__",
    "recommend",
    "recommend_frame",
]


if not TYPE_CHECKING:  # hidden from type checkers, to which it would mean that every name exists

    def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever bears the name
        # Organisation is a pydantic model: importing it on first use spares everybody else pydantic.
        if name == "Organisation":
            from cxrules.builtin.organisation import Organisation

            return Organisation
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
