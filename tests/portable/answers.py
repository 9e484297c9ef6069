"""Every kind of answer, for tests about all of them."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import cxrules
from cxrules import Recommendation

Question: TypeAlias = Callable[[Recommendation], Any]

FACTS: dict[str, Any] = {
    "maturity": "early",
    "marketing_bandwidth": "stretched",
    "retention_budget_share": 15,
    "ceo_involvement": "supportive",
    "silos": "severe",
    "transformation_goal": True,
    "marketing_journey_coverage": ["loyalty"],
}

QUESTIONS: Mapping[str, Question] = {
    "recommendation": lambda advice: advice,
    "why": lambda advice: advice.why(),
    "why, complete": lambda advice: advice.why(complete=True),
    "how of a rule": lambda advice: advice.how(advice.fired[0]),
    "how of a finding": lambda advice: advice.how(advice.findings[0]),
    "how of a model": lambda advice: advice.how("cmo_owned"),
    "why not": lambda advice: advice.why_not("cmo_owned"),
    "why not, of a rule": lambda advice: advice.why_not("unit-among-silos"),
    "why not, of a finding": lambda advice: advice.why_not("ceo_champions"),
    "the nearest change that makes a rule fire": lambda advice: advice.why_not("ceo-champion").nearest_change,
    "why not the winner": lambda advice: advice.why_not(advice.model or ""),
    "what if": lambda advice: advice.what_if(silos=None, maturity="mature", ceo_involvement="champion"),
    "counterfactuals": lambda advice: advice.counterfactuals(),
    "sufficient": lambda advice: advice.sufficient(),
    "settled": lambda advice: advice.settled(),
    "next questions": lambda advice: advice.next_questions(),
    "robustness": lambda advice: advice.robustness(),
}

KINDS = (
    cxrules.Recommendation,
    cxrules.Derivation,
    cxrules.Step,
    cxrules.Established,
    cxrules.Case,
    cxrules.WhyNot,
    cxrules.WhyNotFired,
    cxrules.NearestFiring,
    cxrules.WhatIf,
    cxrules.Counterfactuals,
    cxrules.Sufficient,
    cxrules.Settled,
    cxrules.NextQuestions,
    cxrules.Robustness,
)
