"""The service over HTTP: a JSON API with an OpenAPI description, and the page."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, cast

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, create_model
from starlette.exceptions import HTTPException

from cxrules.advisor import Advisor
from cxrules.consultation.dialogue import Consultation
from cxrules.errors import SHOWN, no_such
from cxrules.explanation.counterfactuals import Counterfactuals
from cxrules.explanation.next_questions import NextQuestions
from cxrules.explanation.what_if import WhatIf
from cxrules.explanation.why_not_fired import list_subjects
from cxrules.organisation_model import OrganisationModel, make_organisation_model
from cxrules.portable.request_mistakes import read_whole, tell_mistakes
from cxrules.portable.schema import whole_shape
from cxrules.recommendation.answer import Recommendation
from cxrules.version import __version__
from cxrules.web.limits import Guard, Limits
from cxrules.web.page_files import make_files
from cxrules.web.places import Places
from cxrules.web.service import OPERATIONS, Service
from cxrules.web.table import decide_table

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from cxrules.rulebase import RuleBase

__all__ = ["create_app"]


class RequestProblem(BaseModel):
    """What is wrong with a request."""

    message: str = Field(description="Every mistake on a separate line, with what was probably meant")


class Health(BaseModel):
    """The server's health."""

    status: str = Field(description="`ok`")


class Version(BaseModel):
    """What answers."""

    cxrules: str = Field(description="The version of the library")
    rulebase: str = Field(description="The name of the rule base")
    revision: str = Field(description="The SHA-256 of its canonical form")


class ConsultationQuestion(BaseModel):
    """The question that a consultation asks next."""

    fact: str
    text: str
    values: list[str] = Field(description="The values that can be answered; empty for a percentage")
    why: str = Field(description="Why it is asked")


class ConsultationState(BaseModel):
    """The whole state of a consultation, so that the server keeps none."""

    facts: dict[str, Any] = Field(description="What is known")
    skipped: list[str] = Field(description="Facts that were asked and stay unknown")
    model: str | None = Field(description="The model recommended so far; null when undetermined")
    status: str
    question: ConsultationQuestion | None = Field(
        description="The next question; null when no answer can change the model"
    )


class Explanation(BaseModel):
    """A recommendation in words."""

    text: str
    markdown: str


class TableRequest(BaseModel):
    """A table of organisations."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="The name of the file; its ending says what it is: .csv, .json, .jsonl or .parquet")
    base64: str = Field(description="Its content in base64")


class TableResult(BaseModel):
    """What is recommended for each row."""

    count: int = Field(description="How many organisations")
    distribution: list[dict[str, Any]] = Field(description="How many organisations get each model")
    rows: list[dict[str, Any]] = Field(description="The first rows, with their facts")
    csv: str = Field(description="The whole result")
    doubts: list[str] = Field(description="For each fact the first value that is unlikely, such as a share of 0.15 %")


_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    code: {"model": RequestProblem, "description": text}
    for code, text in {
        408: "The body did not arrive in time",
        413: "The body is too large",
        422: "The request is not understood; every mistake is named",
        503: "The server has too many requests at once",
    }.items()
}


def create_app(advisor: Advisor | None = None, *, limits: Limits | None = None, page: bool = True) -> ASGIApp:
    """Make the ASGI application.

    It keeps no state and writes no facts to any log.

    Args:
        advisor: The advisor that decides; by default that of the built-in rule base.
        limits: What a request may cost.
        page: Whether to serve the page as well as the API.
    """
    advisor = advisor or Advisor()
    limits = limits or Limits()
    app = FastAPI(
        title="cxrules",
        version=__version__,
        summary="Who should own customer experience in an organisation, and why.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        redirect_slashes=False,
        responses=_PROBLEMS,
    )
    app.add_exception_handler(RequestValidationError, partial(_refuse_request, advisor.rulebase.vocabulary.facts))
    app.add_exception_handler(ValueError, _refuse_value)
    app.add_exception_handler(RecursionError, _refuse_depth)
    app.add_exception_handler(HTTPException, _refuse_http)
    places = Places(limits)
    app.include_router(_make_api(advisor, places), prefix="/api")
    if page:
        app.include_router(_make_seam(Service(advisor), places), prefix="/page")
        app.include_router(make_files())
    return Guard(app, limits)


def _make_api(advisor: Advisor, places: Places) -> APIRouter:
    api = APIRouter()
    rulebase = advisor.rulebase
    facts = make_organisation_model(rulebase.vocabulary)
    a_model = _one_of("model", rulebase.models, rulebase)
    a_fact = _one_of("fact", rulebase.vocabulary.facts)
    a_subject = _one_of("subject", (*rulebase.models, *list_subjects(rulebase)), rulebase)

    def offer(path: str, summary: str, answer: Any, ask: Callable[[Any], Any], **fields: Any) -> None:
        """Offer a question about an organisation: its fields besides `facts`, the type of its answer, how to ask it."""
        name = "".join(part.capitalize() for part in path.split("-"))
        run = places.recommend if path == "recommend" else places.search
        known = (facts, Field(description="What is known; what is left out, or null, is unknown"))
        model = create_model(f"{name}Request", __config__=ConfigDict(extra="forbid"), facts=known, **fields)

        async def endpoint(body: Any) -> Any:
            return await run(lambda: ask(body))

        endpoint.__annotations__ = {"body": model}
        endpoint.__name__ = path.replace("-", "_")
        api.add_api_route(
            f"/{path}",
            endpoint,
            methods=["POST"],
            response_model=answer,
            response_model_exclude_unset=True,
            summary=summary,
        )

    @api.get("/health", summary="Whether the server answers")
    async def health() -> Health:
        return Health(status="ok")

    @api.get("/version", summary="What answers")
    async def version() -> Version:
        return Version(cxrules=__version__, rulebase=rulebase.name, revision=rulebase.revision)

    offer(
        "recommend",
        "Who should own customer experience, and everything that led to this recommendation",
        whole_shape(Recommendation),
        lambda body: advisor.recommend(body.facts).model_dump(id=True),
    )
    offer(
        "explain",
        "The recommendation in words",
        Explanation,
        lambda body: _explain(advisor.recommend(body.facts), body.detail),
        detail=(Literal["brief", "full"], Field(default="brief", description="How much to say")),
    )
    offer(
        "why-not",
        "What stands between a model and its recommendation, or why a rule did not fire",
        dict[str, Any],
        lambda body: advisor.recommend(body.facts).why_not(body.name).model_dump(mode="json"),
        name=(
            a_subject,
            Field(
                description="A model, by its id or its name, or a rule, finding, pattern, action, warning, "
                "accompaniment or contradiction, by its id"
            ),
        ),
    )
    offer(
        "what-if",
        "What would be recommended if facts changed, and what that changes",
        WhatIf,
        lambda body: advisor.recommend(body.facts).what_if(_list_given(body.changes)),
        changes=(facts, Field(description="Facts with their supposed values; null supposes that a fact is unknown")),
    )
    offer(
        "counterfactuals",
        "Every cheapest set of changes that would lead to another model",
        Counterfactuals,
        lambda body: advisor.recommend(body.facts).counterfactuals(body.target, body.max_changes),
        target=(
            a_model | None,
            Field(default=None, description="The model to reach, by its id or its name; null for any other"),
        ),
        max_changes=(
            Annotated[int, BeforeValidator(read_whole)],
            Field(default=3, strict=True, ge=1, le=3, description="How many changes may be made together"),
        ),
    )
    offer(
        "next-questions",
        "The unknown facts that can still matter, best first",
        NextQuestions,
        lambda body: advisor.recommend(body.facts).next_questions(),
    )
    offer(
        "consultation",
        "One step of a consultation: state in, state and next question out",
        ConsultationState,
        lambda body: _consult(advisor, body.facts, body.skipped),
        skipped=(
            list.__class_getitem__(a_fact),
            Field(default=[], max_length=500, description="Facts that stay unknown"),
        ),
    )

    @api.post("/table", summary="Decide a table of organisations")
    async def table(body: TableRequest) -> TableResult:
        found: Any = await places.table(lambda: JSONResponse(decide_table(advisor, body.name, body.base64)))
        return cast("TableResult", found)  # encoded in a thread, because large answers take long

    return api


def _one_of(noun: str, names: Iterable[str], rulebase: RuleBase | None = None) -> Any:
    """Return the type of a name that is one of these; another one is answered with what was probably meant.

    With a rule base, whose models must be among them, a model's name is taken for its id.
    """
    known = tuple(dict.fromkeys(names))

    def check(name: str) -> str:
        if name in known:
            return name
        if rulebase is None:
            raise no_such(noun, name, known)
        if model := rulebase.find_model(name):
            return model
        raise rulebase.refuse_subject(noun, name, known)

    return Annotated[str, AfterValidator(check), WithJsonSchema({"type": "string", "enum": list(known)})]


def _explain(advice: Recommendation, detail: Literal["brief", "full"]) -> Explanation:
    return Explanation(text=advice.explain(detail), markdown=advice.to_markdown(detail))


def _list_given(facts: OrganisationModel) -> dict[str, Any]:
    """Return the facts that were given, including those given as unknown."""
    return {name: getattr(facts, name) for name in facts.model_fields_set}


def _consult(advisor: Advisor, given: OrganisationModel, skipped: list[str]) -> ConsultationState:
    advice = advisor.recommend(given)
    facts = advisor.rulebase.vocabulary.facts
    dialogue = Consultation(advisor.judge, advice.facts, skipped)
    question = None
    if dialogue.fact is not None:
        fact = facts[dialogue.fact]
        values = [value.name for value in fact.values]
        question = ConsultationQuestion(fact=fact.name, text=fact.question, values=values, why=dialogue.why(fact.name))
    return ConsultationState(
        facts=dict(advice.facts),
        skipped=dialogue.skipped,
        model=None if advice.model is None else str(advice.model),
        status=str(advice.status),
        question=question,
    )


def _make_seam(service: Service, places: Places) -> APIRouter:
    """Make the endpoints of the page's operations, which are not a public interface."""
    seam = APIRouter(include_in_schema=False)
    quick = {"vocabulary", "recommend", "rule", "write-file"}

    def add(operation: str) -> None:
        async def answer(request: Request) -> JSONResponse:
            given = await request.json()
            if not isinstance(given, Mapping):
                raise ValueError("a mapping of parameters is expected")

            def ask() -> JSONResponse:
                return JSONResponse(service.call(operation, given))

            if operation in quick:
                return ask()
            return await (places.table if operation == "table" else places.search)(ask)

        seam.add_api_route(f"/{operation}", answer, methods=["POST"])

    for operation in OPERATIONS:
        add(operation)
    return seam


async def _refuse_request(facts: Collection[str], request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    body = request.scope["route"].body_field
    mistakes = [{**mistake, "loc": mistake["loc"][1:]} for mistake in error.errors()]
    lines = tell_mistakes(mistakes, body.field_info.annotation.model_fields, facts, "field")
    if len(lines) > SHOWN:
        lines[SHOWN:] = [f"… and {len(lines) - SHOWN} more"]
    return JSONResponse({"message": "\n".join(lines)}, 422)


async def _refuse_value(_request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"message": str(error)}, 422)


async def _refuse_depth(_request: Request, _error: Exception) -> JSONResponse:
    return JSONResponse({"message": "the body is nested too deeply"}, 422)


async def _refuse_http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code == 400:  # from FastAPI, for a body other than text
        return JSONResponse({"message": "the body is not JSON in UTF-8"}, 422)
    return JSONResponse({"message": error.detail}, error.status_code, error.headers)
