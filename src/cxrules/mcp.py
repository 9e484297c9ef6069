"""A server of the Model Context Protocol: five tools and the articles' claims. In the extra `cxrules[mcp]`."""

from typing import Annotated, Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel, Field

from cxrules.advisor import Advisor
from cxrules.errors import InvalidOrganisation
from cxrules.language.facts import Fact, Kind
from cxrules.language.rules import Source
from cxrules.recommendation.answer import Recommendation
from cxrules.rulebase import RuleBase

__all__ = ["create_server"]

_INSTRUCTIONS = (
    "Recommends who should own Customer Experience (CX) in an organisation, by rules from five articles. Call `facts` "
    "for what can be said, then `recommend` with what is known; leave out what is unknown."
)

Facts = Annotated[dict[str, Any], Field(description="What is known: fact name to value, as `facts` lists them")]


class Rank(BaseModel):
    """One model in the ranking."""

    model: str
    points: int
    standing: str


class Answer(BaseModel):
    """Who should own CX, and why."""

    contradictions: list[str]
    model: str | None
    name: str | None
    status: str
    certainty: float
    explanation: str
    ranking: list[Rank]
    actions: list[str]
    warnings: list[str]


class Question(BaseModel):
    """An unknown fact worth asking."""

    fact: str
    question: str
    values: dict[str, str]


def create_server(rulebase: RuleBase | None = None) -> MCPServer:
    """Make the server.

    Args:
        rulebase: The rule base; the built-in one when left out.
    """
    advisor = Advisor(rulebase)
    server = MCPServer("cxrules", instructions=_INSTRUCTIONS)
    _add_tools(server, advisor)
    _add_resources(server, advisor.rulebase)
    return server


def _add_tools(server: MCPServer, advisor: Advisor) -> None:
    vocabulary, models = advisor.rulebase.vocabulary, tuple(advisor.rulebase.models)

    @server.tool()
    def facts(
        names: Annotated[
            list[str] | None, Field(description="Describe these in full; all in brief when left out")
        ] = None,
    ) -> str:
        """List the facts that can be known about an organisation, with their values."""
        unknown = [name for name in names or () if name not in vocabulary.facts]
        if unknown:
            _refuse_names(advisor, unknown)
        if names:
            return "\n".join(_describe(vocabulary[name]) for name in names)
        return "\n".join(f"{fact.name}: {_list_values(fact)}" for fact in vocabulary.facts.values())

    @server.tool()
    def recommend(facts: Facts) -> Answer:
        """Recommend who should own Customer Experience, with reasons, sources and dissent."""
        return _answer(_ask(advisor, facts))

    @server.tool()
    def why_not(facts: Facts, model: Annotated[str, Field(description=f"One of: {', '.join(models)}")]) -> str:
        """Explain what stands between a model and its recommendation, and what would change that."""
        advice = _ask(advisor, facts)
        try:
            return advice.why_not(model).explain()
        except ValueError as error:
            raise ToolError(str(error)) from None

    @server.tool()
    def what_if(facts: Facts, changes: Annotated[dict[str, Any], Field(description="Facts supposed to differ")]) -> str:
        """Compare the recommendation with that on changed facts."""
        advice = _ask(advisor, facts)
        try:
            return advice.what_if(changes).explain()
        except InvalidOrganisation as error:
            raise ToolError(str(error)) from None

    @server.tool()
    def next_questions(facts: Facts, limit: Annotated[int, Field(ge=1, le=5)] = 3) -> list[Question]:
        """Find the unknown facts whose answers would tell most about the final recommendation."""
        found = _ask(advisor, facts).next_questions().questions[:limit]
        return [
            Question(
                fact=question.fact,
                question=question.text,
                values={value.name: value.label for value in vocabulary[question.fact].values},
            )
            for question in found
        ]


def _add_resources(server: MCPServer, rulebase: RuleBase) -> None:
    for source in rulebase.sources.values():
        lines = [f"{claim.id} {claim.says}" for claim in rulebase.claims.values() if claim.source == source.id]
        _add_article(server, source, "\n".join(lines))


def _add_article(server: MCPServer, source: Source, text: str) -> None:
    about = f"What “{source.title}” ({source.author}) says, claim by claim"

    @server.resource(f"cxrules://claims/{source.id}", name=source.title, description=about, mime_type="text/plain")
    def claims() -> str:
        return text


def _ask(advisor: Advisor, facts: dict[str, Any]) -> Recommendation:
    try:
        return advisor.recommend(facts)
    except InvalidOrganisation as error:
        raise ToolError(str(error)) from None


def _refuse_names(advisor: Advisor, names: list[str]) -> None:
    _ask(advisor, dict.fromkeys(names))


def _answer(advice: Recommendation) -> Answer:
    return Answer(
        contradictions=[each.text for each in advice.incoherences],
        model=advice.model,
        name=advice.name,
        status=advice.status,
        certainty=round(advice.certainty, 2),
        explanation=advice.explain(),
        ranking=[
            Rank(
                model=row.model,
                points=row.points,
                standing="ruled out" if row.excluded else "candidate" if row.candidate else "not in the running",
            )
            for row in advice.ranking[:4]
        ],
        actions=[action.text for action in advice.actions[:5]],
        warnings=[warning.text for warning in advice.warnings if warning not in advice.incoherences][:3],
    )


def _list_values(fact: Fact) -> str:
    if fact.names:
        return f"{'list of ' if fact.kind is Kind.SET else ''}{'|'.join(fact.names)}"
    return "0-100"


def _describe(fact: Fact) -> str:
    values = "; ".join(f"{value.name} = {value.label}" for value in fact.values)
    return f"{fact.name} ({fact.kind}): {fact.question} {values or '0 to 100 per cent'}"
