"""Ray Data: a recommendation for every row of a dataset. Needs ray[data] and cxrules[frame]."""

import ray

import cxrules

ray.init(include_dashboard=False, log_to_driver=False)
companies = ray.data.from_items(
    [
        {"company": "North", "ceo_involvement": "champion", "silos": "severe"},
        {"company": "South", "ceo_involvement": None, "silos": "severe"},
        {"company": "West", "ceo_involvement": None, "silos": None},
    ]
)
answers = cxrules.ray.recommend(companies, keep=["company"])
for row in sorted(answers.take_all(), key=lambda row: row["company"]):
    print(row["company"], row["model"], row["status"])
ray.shutdown()
