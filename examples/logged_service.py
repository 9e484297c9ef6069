"""A web service that logs its decisions: to a file for replay, and to the logging of the program.

With fastapi and uvicorn installed, `uvicorn logged_service:app` in this folder serves it. The file is the one that the
environment variable DECISION_LOG names, or `decisions.jsonl`; `cxrules log show FILE` reads it. The customer is a
label in the file, and is masked in the other log.
"""

import logging.config
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Annotated

from fastapi import FastAPI, Header, Request

import cxrules
from cxrules import decision_log

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"private": {"()": "cxrules.decision_log.MaskingFilter", "mask": ["labels.customer"]}},
    "formatters": {"json": {"()": "cxrules.decision_log.JsonLinesFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "loggers": {"cxrules.decisions": {"level": "INFO", "handlers": ["stderr"], "filters": ["private"]}},
}


@asynccontextmanager
async def open_log(app: FastAPI) -> AsyncIterator[None]:
    logging.config.dictConfig(LOGGING)
    with decision_log.DecisionLog(os.environ.get("DECISION_LOG", "decisions.jsonl")) as log:
        app.state.log = log
        yield


app = FastAPI(title="Who should own Customer Experience?", lifespan=open_log)


@app.post("/recommendation")
def recommend(
    request: Request,
    organisation: cxrules.Organisation,
    customer: Annotated[str, Header()],
    traceparent: Annotated[str, Header(pattern="^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")] = "",
) -> dict[str, str | None]:
    _, trace, span, _ = traceparent.split("-") if traceparent else ("", None, None, "")
    with decision_log.context(labels={"customer": customer}, trace_id=trace, span_id=span):
        started = perf_counter()
        advice = cxrules.recommend(organisation)
        record = request.app.state.log.write(advice, duration=perf_counter() - started)
    return {"model": advice.model, "explanation": advice.explain(), "decision": record["id"]}
