"""Dask: a recommendation for every row of a data frame. Needs dask[dataframe] and cxrules[frame]."""

import dask.dataframe as dd
import pandas as pd

import cxrules

companies = pd.DataFrame(
    {
        "company": ["North", "South", "West"],
        "ceo_involvement": ["champion", None, None],
        "silos": ["severe", "severe", None],
    }
)
answers = cxrules.dask.recommend(dd.from_pandas(companies, npartitions=2), keep=["company"])
for row in answers[["company", "model", "status"]].compute().itertuples():
    print(row.company, row.model if isinstance(row.model, str) else None, row.status)
