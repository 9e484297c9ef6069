"""Uses of public names that type checkers accept. Never run."""

from typing import assert_type

import cxrules
from cxrules.builtin.typed_facts import Maturity, TypedFacts
from cxrules.policy.dissent import Voice
from cxrules.policy.ranking import RankedModel

advice = cxrules.recommend(
    maturity="early",
    marketing_bandwidth="stretched",
    retention_budget_share=15,
    ceo_involvement=None,
    transformation_goal=True,
)
assert_type(advice, cxrules.Recommendation)
assert_type(advice.model, cxrules.OwnershipModel | None)
value: str = advice.model.value if advice.model else "none"
assert_type(advice.name, str | None)
assert_type(advice.why_not("cmo_owned"), cxrules.WhyNot)
assert_type(advice.what_if(silos="none"), cxrules.WhatIf[cxrules.Recommendation])
assert_type(advice.status, cxrules.Status)
assert_type(advice.reason, cxrules.Reason | None)
assert_type(advice.certainty, float)
assert_type(advice.ranking, tuple[RankedModel, ...])
assert_type(advice.voices, dict[str, Voice])
assert_type(advice.fired, tuple[str, ...])
assert_type(advice.explain(), str)
assert_type(advice.explain(detail="full"), str)
assert_type(advice.actions[0].text, str)
assert_type(advice.ranking[0].model, cxrules.OwnershipModel)
assert_type(advice.voices["A0"].model, cxrules.OwnershipModel | None)
assert_type(advice.counterfactuals().model, cxrules.OwnershipModel | None)
assert_type(advice.sufficient().model, cxrules.OwnershipModel | None)
assert_type(advice.settled().model, cxrules.OwnershipModel | None)
assert_type(advice.next_questions().model, cxrules.OwnershipModel | None)
assert_type(advice.robustness().model, cxrules.OwnershipModel | None)
assert_type(advice.why_not("cmo_owned").model, cxrules.OwnershipModel)
assert_type(advice.why().model, cxrules.OwnershipModel | None)
chosen: bool = advice.model in ("cxo_owned", cxrules.OwnershipModel.cmo_owned)

# A set may be given as any collection of its values.
cxrules.recommend(marketing_journey_coverage=["awareness", "loyalty"])
cxrules.recommend(marketing_journey_coverage=("awareness", "loyalty"))
cxrules.recommend(marketing_journey_coverage={"awareness", "loyalty"})
cxrules.recommend(marketing_journey_coverage=frozenset({"awareness"}))
cxrules.recommend(marketing_journey_coverage=[])
cxrules.recommend(retention_budget_share=12.5)

# Facts collected before the call.
facts: TypedFacts = {"maturity": "early", "marketing_journey_coverage": ["loyalty"]}
cxrules.recommend(**facts)
cxrules.recommend(facts)
cxrules.recommend({"maturity": "early"}, silos="severe", engine="experta")


def ask(maturity: Maturity) -> str | None:
    return cxrules.recommend(maturity=maturity).model


organisation = cxrules.Organisation(maturity="early", marketing_journey_coverage=["loyalty"])
assert_type(organisation.maturity, Maturity | None)
assert_type(organisation.transformation_goal, bool | None)
cxrules.recommend(organisation)
cxrules.recommend(**organisation.model_dump(exclude_unset=True))

# Another rule base has other facts, whose names are known only when it is loaded.
own = cxrules.RuleBase.load("own", base=cxrules.RuleBase.builtin())
cxrules.Advisor(own).recommend(appetite_for_risk="high")
cxrules.recommend({"appetite_for_risk": "high"}, rulebase=own)
