"""Infer who should own Customer Experience (CX) in an organisation, and explain why.

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
from cxrules.doubts import UnlikelyFact
from cxrules.errors import Diagnostic, InvalidKnowledge, InvalidOrganisation, Location, MissingRuleBase
from cxrules.policy.decision import Reason, Status
from cxrules.policy.dissent import Voice
from cxrules.policy.ranking import RankedModel
from cxrules.recommendation.answer import Advice, Recommendation
from cxrules.rulebase import RuleBase
from cxrules.version import __version__

if TYPE_CHECKING:
    from cxrules.agents import tool_schema
    from cxrules.builtin.organisation import Organisation
    from cxrules.distributed import dask as dask
    from cxrules.distributed import duckdb as duckdb
    from cxrules.distributed import ray as ray
    from cxrules.distributed import spark as spark
    from cxrules.explanation.counterfactuals import Counterfactuals
    from cxrules.explanation.derivation import Case, Derivation, Established, Step
    from cxrules.explanation.next_questions import NextQuestions
    from cxrules.explanation.robustness import Robustness
    from cxrules.explanation.settled import Settled
    from cxrules.explanation.sufficient import Sufficient
    from cxrules.explanation.what_if import WhatIf
    from cxrules.explanation.why_not import WhyNot
    from cxrules.explanation.why_not_fired import NearestFiring, WhyNotFired

__all__ = [
    "Advice",
    "Advisor",
    "Case",
    "Counterfactuals",
    "Derivation",
    "Diagnostic",
    "Established",
    "InvalidKnowledge",
    "InvalidOrganisation",
    "Location",
    "MissingRuleBase",
    "NearestFiring",
    "NextQuestions",
    "Organisation",
    "OwnershipModel",
    "RankedModel",
    "Reason",
    "Recommendation",
    "Robustness",
    "RuleBase",
    "Settled",
    "Status",
    "Step",
    "Sufficient",
    "UnlikelyFact",
    "Voice",
    "WhatIf",
    "WhyNot",
    "WhyNotFired",
    "__version__",
    "recommend",
    "recommend_frame",
    "tool_schema",
]

# Loaded when first asked for: pydantic for the model of an organisation, the explanations for their answers.
_LATE = {
    "Case": "explanation.derivation",
    "Counterfactuals": "explanation.counterfactuals",
    "Derivation": "explanation.derivation",
    "Established": "explanation.derivation",
    "NearestFiring": "explanation.why_not_fired",
    "NextQuestions": "explanation.next_questions",
    "Organisation": "builtin.organisation",
    "Robustness": "explanation.robustness",
    "Settled": "explanation.settled",
    "Step": "explanation.derivation",
    "Sufficient": "explanation.sufficient",
    "WhatIf": "explanation.what_if",
    "WhyNot": "explanation.why_not",
    "WhyNotFired": "explanation.why_not_fired",
    "tool_schema": "agents",
}
# Not in `__all__`: `from cxrules import *` would hide the packages of these names.
_ENGINES = ("dask", "duckdb", "ray", "spark")


if not TYPE_CHECKING:  # hidden from type checkers, which would take every name to exist

    def __getattr__(name: str) -> Any:
        if name in _LATE:
            from importlib import import_module

            return getattr(import_module(f"cxrules.{_LATE[name]}"), name)
        if name in _ENGINES:
            from importlib import import_module

            return import_module(f"cxrules.distributed.{name}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_ENGINES})
