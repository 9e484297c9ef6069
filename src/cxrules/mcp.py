"""A server of the Model Context Protocol: five tools and the articles' claims. In the extra `cxrules[mcp]`."""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Annotated, Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel, FailFast, Field

from cxrules.advisor import Advisor
from cxrules.doubts import hear_doubts, tell_doubts
from cxrules.errors import InvalidOrganisation, show_text
from cxrules.language.facts import Fact, Kind
from cxrules.language.rules import Source
from cxrules.recommendation.answer import Advice, Recommendation
from cxrules.root_logger import protect_root_logger
from cxrules.rulebase import RuleBase
from cxrules.search.budget import time_limit
from cxrules.version import __version__

__all__ = ["create_server"]

_INSTRUCTIONS = (
    "Recommends who should own Customer Experience (CX) in an organisation, by rules from five articles. Call `facts` "
    "for what can be said, then `recommend` with what is known; leave out what is unknown."
)

LONGEST = 4_600
"""The most characters of JSON that an answer takes: fewer than 1,200 tokens, at four characters each."""

_FEW = 5

_SHORTER = (1_000, 250, 60)
"""How many characters a text of a rule base may have inside an answer: fewer where the answer has no room for more."""

_LEAST = 600
"""How many characters of JSON are kept for an explanation."""

_SECONDS = 10
"""How long a search may take at most; an answer that it cuts short says so."""

KnownFacts = Annotated[dict[str, Any], Field(description="What is known: fact name to value, as `facts` lists them")]


class Rank(BaseModel):
    """One model in the ranking."""

    model: str
    points: int
    standing: str


class ToolAnswer(BaseModel):
    """Who should own CX, and why."""

    contradictions: list[str]
    doubts: list[str]
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
    with protect_root_logger():  # the SDK would configure it, and log refused calls with the facts
        server = MCPServer("cxrules", instructions=_INSTRUCTIONS, version=__version__)
    _add_tools(server, advisor)
    _add_resources(server, advisor.rulebase)
    return server


def _limited(tool: Callable[..., Any]) -> Callable[..., Any]:
    """Return a tool whose searches end in time, and which warns nobody but the agent."""

    @wraps(tool)
    def answer(**arguments: Any) -> Any:
        with time_limit(_SECONDS), hear_doubts():
            return tool(**arguments)

    return answer


def _add_tools(server: MCPServer, advisor: Advisor) -> None:
    vocabulary, models = advisor.rulebase.vocabulary, _list_some(list(advisor.rulebase.models), LONGEST // _FEW)

    @server.tool()
    @_limited
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
            brief = [f"{fact.name}: {_list_values(fact)}" for fact in vocabulary.facts.values()]
            return _fit_facts(brief, list(vocabulary.facts))
        return _fit_facts([_describe(vocabulary[name]) for name in wanted], list(wanted))

    @server.tool()
    @_limited
    def recommend(facts: KnownFacts) -> ToolAnswer:
        """Recommend who should own Customer Experience, with reasons, sources and dissent."""
        with hear_doubts() as doubts:
            advice = _ask(advisor, facts)
        return _answer(advice, _tell(doubts))

    @server.tool()
    @_limited
    def why_not(
        facts: KnownFacts,
        name: Annotated[
            str,
            Field(description=f"A model ({models}), or a rule, finding, pattern, action, warning or contradiction"),
        ],
    ) -> str:
        """Explain what keeps a model from being recommended, or why a rule did not fire, and what would change that."""
        with hear_doubts() as doubts:
            advice = _ask(advisor, facts)
        try:
            return _fit("\n".join([*_tell(doubts), advice.why_not(name).explain()]))
        except ValueError as error:
            raise _refuse(error) from None

    @server.tool()
    @_limited
    def what_if(
        facts: KnownFacts, changes: Annotated[dict[str, Any], Field(description="Facts supposed to differ")]
    ) -> str:
        """Compare the recommendation with that on changed facts."""
        try:
            with hear_doubts() as doubts:
                supposed = _ask(advisor, facts).what_if(changes)
            return _fit("\n".join([*_tell(doubts), supposed.explain()]))
        except InvalidOrganisation as error:
            raise _refuse(error) from None

    @server.tool()
    @_limited
    def next_questions(facts: KnownFacts, limit: Annotated[int, Field(ge=1, le=5)] = 3) -> list[ToolQuestion]:
        """Find the unknown facts whose answers would say most about the final recommendation."""
        found = _ask(advisor, facts).next_questions().questions[:limit]
        return _fit_questions([(question.text, vocabulary[question.fact]) for question in found])


def _add_resources(server: MCPServer, rulebase: RuleBase) -> None:
    for source in rulebase.sources.values():
        lines = [f"{claim.id} {claim.says}" for claim in rulebase.claims.values() if claim.source == source.id]
        _add_article(server, source, "\n".join(lines))


def _add_article(server: MCPServer, source: Source, text: str) -> None:
    title, author = (show_text(text, _SHORTER[-1]) for text in (source.title, source.author))
    about = f"What “{title}” ({author}) says, claim by claim"

    @server.resource(f"cxrules://claims/{source.id}", name=title, description=about, mime_type="text/plain")
    def claims() -> str:
        return text


def _ask(advisor: Advisor, facts: dict[str, Any]) -> Recommendation:
    try:
        return advisor.recommend(facts)
    except InvalidOrganisation as error:
        raise _refuse(error) from None


def _tell(doubts: Mapping[str, str]) -> list[str]:
    return _list_first([show_text(each, _SHORTER[1]) for each in tell_doubts(doubts)])


def _refuse(error: ValueError) -> ToolError:
    lines = [show_text(line, LONGEST // _FEW) for line in str(error).splitlines()]
    return ToolError(_fit("\n".join(lines)))


def _answer(advice: Recommendation, doubts: list[str]) -> ToolAnswer:
    for longest in _SHORTER:
        found = _answer_in_brief(advice, doubts, longest)
        if _measure(found.model_dump(mode="json")) <= LONGEST - _LEAST:
            break
    else:
        found = _answer_in_brief(advice, doubts, _SHORTER[-1])
    room = LONGEST - _measure(found.model_dump(mode="json"))
    return found.model_copy(update={"explanation": _fit(advice.explain(), room)})


def _answer_in_brief(advice: Recommendation, doubts: list[str], longest: int) -> ToolAnswer:
    def list_first(advised: Iterable[Advice], most: int = _FEW) -> list[str]:
        return _list_first([show_text(each.text, longest) for each in advised], most)

    return ToolAnswer(
        id=advice.id,
        contradictions=list_first(advice.incoherences),
        doubts=doubts,
        model=advice.model,
        name=advice.name and show_text(advice.name, longest),
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
        actions=list_first(advice.actions),
        warnings=list_first([warning for warning in advice.warnings if warning not in advice.incoherences], 3),
    )


def _fit_questions(asked: list[tuple[str, Fact]], most: int | None = None) -> list[ToolQuestion]:
    """Return questions with their values, in words as long as there is room for; of one question as many values."""
    found: list[ToolQuestion] = []
    for longest in _SHORTER:
        found = [
            ToolQuestion(
                fact=fact.name,
                question=show_text(text, longest),
                values=_list_labels(fact, longest, most),
            )
            for text, fact in asked
        ]
        if _measure([question.model_dump() for question in found]) <= LONGEST:
            return found
    if len(asked) > 1:
        return _fit_questions(asked[:-1])
    shown = most or max((len(fact.values) for _, fact in asked), default=0)
    return _fit_questions(asked, shown * 3 // 4) if shown > 1 else found


def _list_labels(fact: Fact, longest: int, most: int | None) -> dict[str, str]:
    labels = {value.name: show_text(value.label, longest) for value in fact.values[:most]}
    more = len(fact.values) - len(labels)
    return {**labels, "…": f"and {more} more"} if more else labels


def _measure(data: object) -> int:
    return len(json.dumps(data, indent=2))  # as it is sent


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
    for shown in range(len(described), 0, -1):
        rest = names[shown:]
        more = [f"… and {len(rest)} more; ask for these next: {', '.join(rest)}"] if rest else []
        text = "\n".join(described[:shown] + more)
        if _measure(text) <= LONGEST:
            return text
    first = show_text(described[0], LONGEST // 2)
    rest = names[1:]
    return _fit(
        f"{first}\n… and {len(rest)} more; ask for these next: {_list_some(rest, LONGEST // 3)}" if rest else first
    )


def _list_some(names: list[str], room: int) -> str:
    """Return the first names of a list, as many as there is room for."""
    shown = names
    while len(shown) > 1 and len(", ".join(shown)) > room:
        shown = shown[: len(shown) * 3 // 4]
    return ", ".join([*shown, "…"] if len(shown) < len(names) else shown)


def _list_values(fact: Fact) -> str:
    if fact.names:
        return f"{'list of ' if fact.kind is Kind.SET else ''}{'|'.join(fact.names)}"
    return "0-100"


def _describe(fact: Fact) -> str:
    values = "; ".join(f"{value.name} = {value.label}" for value in fact.values)
    return f"{fact.name} ({fact.kind}): {fact.question} {values or '0 to 100 per cent'}"
