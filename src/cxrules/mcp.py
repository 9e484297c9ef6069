"""A server of the Model Context Protocol: five tools and the articles' claims. In the extra `cxrules[mcp]`."""

import json
from collections.abc import Iterable
from typing import Annotated, Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel, FailFast, Field

from cxrules.advisor import Advisor
from cxrules.errors import InvalidOrganisation, show_text
from cxrules.language.facts import Fact, Kind
from cxrules.language.rules import Source
from cxrules.recommendation.answer import Recommendation
from cxrules.rulebase import RuleBase
from cxrules.version import __version__

__all__ = ["create_server"]

_INSTRUCTIONS = (
    "Recommends who should own Customer Experience (CX) in an organisation, by rules from five articles. Call `facts` "
    "for what can be said, then `recommend` with what is known; leave out what is unknown."
)

LONGEST = 4_600
"""The most characters of JSON that an answer takes: fewer than 1,200 tokens, at four characters each."""

_FEW = 5

KnownFacts = Annotated[dict[str, Any], Field(description="What is known: fact name to value, as `facts` lists them")]


class Rank(BaseModel):
    """One model in the ranking."""

    model: str
    points: int
    standing: str


class ToolAnswer(BaseModel):
    """Who should own CX, and why."""

    contradictions: list[str]
    id: str
    model: str | None
    name: str | None
    status: str
    certainty: float
    explanation: str
    ranking: list[Rank]
    actions: list[str]
    warnings: list[str]


class ToolQuestion(BaseModel):
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
    server = MCPServer("cxrules", instructions=_INSTRUCTIONS, version=__version__)
    _add_tools(server, advisor)
    _add_resources(server, advisor.rulebase)
    return server


def _add_tools(server: MCPServer, advisor: Advisor) -> None:
    vocabulary, models = advisor.rulebase.vocabulary, ", ".join(advisor.rulebase.models)

    @server.tool()
    def facts(
        names: Annotated[
            list[str] | None, FailFast(), Field(description="Describe these in full; all in brief when left out")
        ] = None,
    ) -> str:
        """List the facts that can be known about an organisation, with their values."""
        wanted = dict.fromkeys(names or ())
        unknown = [name for name in wanted if name not in vocabulary.facts]
        if unknown:
            _ask(advisor, dict.fromkeys(unknown))
        if not wanted:
            return _fit("\n".join(f"{fact.name}: {_list_values(fact)}" for fact in vocabulary.facts.values()))
        return _fit_facts([_describe(vocabulary[name]) for name in wanted], list(wanted))

    @server.tool()
    def recommend(facts: KnownFacts) -> ToolAnswer:
        """Recommend who should own Customer Experience, with reasons, sources and dissent."""
        return _answer(_ask(advisor, facts))

    @server.tool()
    def why_not(
        facts: KnownFacts,
        name: Annotated[
            str,
            Field(description=f"A model ({models}), or a rule, finding, pattern, action, warning or contradiction"),
        ],
    ) -> str:
        """Explain what keeps a model from being recommended, or why a rule did not fire, and what would change that."""
        advice = _ask(advisor, facts)
        try:
            return _fit(advice.why_not(name).explain())
        except ValueError as error:
            raise _refuse(error) from None

    @server.tool()
    def what_if(
        facts: KnownFacts, changes: Annotated[dict[str, Any], Field(description="Facts supposed to differ")]
    ) -> str:
        """Compare the recommendation with that on changed facts."""
        advice = _ask(advisor, facts)
        try:
            return _fit(advice.what_if(changes).explain())
        except InvalidOrganisation as error:
            raise _refuse(error) from None

    @server.tool()
    def next_questions(facts: KnownFacts, limit: Annotated[int, Field(ge=1, le=5)] = 3) -> list[ToolQuestion]:
        """Find the unknown facts whose answers would say most about the final recommendation."""
        found = _ask(advisor, facts).next_questions().questions[:limit]
        return [
            ToolQuestion(
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
        raise _refuse(error) from None


def _refuse(error: ValueError) -> ToolError:
    lines = [show_text(line, LONGEST // _FEW) for line in str(error).splitlines()]
    return ToolError(_fit("\n".join(lines)))


def _answer(advice: Recommendation) -> ToolAnswer:
    found = ToolAnswer(
        id=advice.id,
        contradictions=_list_first([each.text for each in advice.incoherences]),
        model=advice.model,
        name=advice.name,
        status=advice.status,
        certainty=round(advice.certainty, 2),
        explanation="",
        ranking=[
            Rank(
                model=row.model,
                points=row.points,
                standing="ruled out" if row.excluded else "candidate" if row.candidate else "not in the running",
            )
            for row in advice.ranking[:4]
        ],
        actions=_list_first([action.text for action in advice.actions]),
        warnings=_list_first([warning.text for warning in advice.warnings if warning not in advice.incoherences], 3),
    )
    room = LONGEST - _measure(found.model_dump(mode="json"))
    return found.model_copy(update={"explanation": _fit(advice.explain(), room)})


def _measure(data: object) -> int:
    return len(json.dumps(data))


def _list_first(texts: list[str], most: int = _FEW) -> list[str]:
    return texts if len(texts) <= most else [*texts[:most], f"… and {len(texts) - most} more"]


def _fit(text: str, room: int = LONGEST) -> str:
    """Return an answer within the limit: long lists are cut first, then the text from its end."""
    if _measure(text) <= room:
        return text
    lines = _cut_lists(text.splitlines())
    while lines and _measure("\n".join([*lines, "… and more"])) > room:
        lines.pop()
    return "\n".join([*lines, "… and more"]) if lines else show_text(text, room // _FEW)


def _cut_lists(lines: Iterable[str]) -> list[str]:
    found: list[str] = []
    count = 0
    for line in (*lines, ""):
        listed = line.startswith("- ")
        if not listed and count > _FEW:
            found.append(f"- … and {count - _FEW} more")
        count = count + 1 if listed else 0
        if count <= _FEW:
            found.append(line)
    return found[:-1]


def _fit_facts(described: list[str], names: list[str]) -> str:
    """Return as many descriptions as fit, and the names of the other facts."""
    shown = len(described)
    while True:
        rest = names[shown:]
        more = [f"… and {len(rest)} more; ask for these next: {', '.join(rest)}"] if rest else []
        text = "\n".join(described[:shown] + more)
        if not shown or _measure(text) <= LONGEST:
            return _fit(text)
        shown -= 1


def _list_values(fact: Fact) -> str:
    if fact.names:
        return f"{'list of ' if fact.kind is Kind.SET else ''}{'|'.join(fact.names)}"
    return "0-100"


def _describe(fact: Fact) -> str:
    values = "; ".join(f"{value.name} = {value.label}" for value in fact.values)
    return f"{fact.name} ({fact.kind}): {fact.question} {values or '0 to 100 per cent'}"
