"""The first call: facts about an organisation in, a recommendation and its reasons out."""

import cxrules

advice = cxrules.recommend(
    maturity="early",
    marketing_bandwidth="stretched",
    retention_budget_share=15,
    ceo_involvement="supportive",
)
print(advice.model, advice.status, round(advice.certainty, 2))
print(advice.explain())
