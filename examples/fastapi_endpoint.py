"""A web endpoint. With fastapi and uvicorn installed, `uvicorn fastapi_endpoint:app` in this folder serves it.

`Organisation` is the body, so that a misspelt fact is refused with a suggestion instead of being dropped, and
`Recommendation` is the answer. Both are in the OpenAPI schema with their questions and descriptions.
"""

from fastapi import FastAPI

import cxrules

app = FastAPI(title="Who should own Customer Experience?")


@app.post("/recommendation")
def recommend(organisation: cxrules.Organisation) -> cxrules.Recommendation:
    return cxrules.recommend(organisation)


@app.post("/explanation")
def explain(organisation: cxrules.Organisation) -> str:
    return cxrules.recommend(organisation).explain()
