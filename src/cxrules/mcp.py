"""A server of the Model Context Protocol: five tools and the articles' claims. In the extra `cxrules[mcp]`."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import Annotated, Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, FailFast, Field, ValidationError

from cxrules.advisor import Advisor
from cxrules.doubts import hear_doubts, tell_doubts
from cxrules.errors import show_text
from cxrules.explanation.why_not_fired import list_subjects
from cxrules.language.facts import Fact, Kind
from cxrules.language.rules import Source
from cxrules.portable.request_mistakes import read_whole, tell_mistakes
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

_KNOWN: Any = Field(description="What is known: fact name to value, as `facts` lists them")


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
        tools = _make_tools(advisor)
        server = MCPServer("cxrules", instructions=_INSTRUCTIONS, version=__version__, tools=tools)
    _add_resources(server, advisor.rulebase)
    return server


def _limited(tool: Callable[..., Any]) -> Callable[..., Any]:
    """Return a tool whose searches end in time, and which warns nobody but the agent."""

    @wraps(tool)
    def answer(**arguments: Any) -> Any:
        with time_limit(_SECONDS), hear_doubts():
            return tool(**arguments)

    return answer


class _StrictTool(Tool):
    """A tool that refuses unknown arguments, which the SDK ignores, and lists every mistake in the others."""

    known_facts: tuple[str, ...] = Field(default=(), exclude=True)

    async def run(self, arguments: dict[str, Any], context: Any, convert_result: bool = False) -> Any:
        """Answer, or refuse the arguments with everything that is wrong with them."""
        try:
            self.fn_metadata.validate_arguments(arguments)
        except ValidationError as error:
            fields = self.fn_metadata.arg_model.model_fields
            raise _refuse_lines(tell_mistakes(error.errors(), fields, self.known_facts, "argument")) from None
        return await super().run(arguments, context, convert_result)


def _make_tool(answer: Callable[..., Any], known_facts: Iterable[str]) -> _StrictTool:
    tool = _StrictTool.from_function(_limited(answer))
    assert isinstance(tool, _StrictTool)
    given = tool.fn_metadata.arg_model
    strict: Any = type(given.__name__, (given,), {"model_config": ConfigDict(extra="forbid"), "__module__": __name__})
    tool.known_facts, tool.fn_metadata.arg_model = tuple(known_facts), strict
    tool.parameters = strict.model_json_schema(by_alias=True)
    return tool


def _make_checks(advisor: Advisor) -> tuple[Callable[[Any], Any], Callable[[str], str]]:
    """Return the checks of facts and of a name, which run together, so that no mistake hides another."""
    rulebase = advisor.rulebase
    vocabulary = rulebase.vocabulary
    names = (*rulebase.models, *list_subjects(rulebase))

    def check_facts(given: Any) -> Any:
        vocabulary.validate(dict.fromkeys(given) if isinstance(given, list) else given or {}, doubt=False)
        return given

    def check_name(given: str) -> str:
        if given not in names and rulebase.find_model(given) is None:
            raise rulebase.refuse_subject("model, rule, finding, pattern, action or warning", given, names)
        return given

    return check_facts, check_name


def _make_tools(advisor: Advisor) -> list[Tool]:
    rulebase = advisor.rulebase
    vocabulary, models = rulebase.vocabulary, _list_some(list(rulebase.models), LONGEST // _FEW)
    check_facts, check_name = _make_checks(advisor)

    def facts(
        names: Annotated[
            list[str] | None,
            FailFast(),
            AfterValidator(check_facts),
            Field(description="Describe these in full; all in brief when left out"),
        ] = None,
    ) -> str:
        """List the facts that can be known about an organisation, with their values."""
        wanted = dict.fromkeys(names or ())
        if not wanted:
            brief = [f"{fact.name}: {_list_values(fact)}" for fact in vocabulary.facts.values()]
            return _fit_facts(brief, list(vocabulary.facts))
        return _fit_facts([_describe(vocabulary[name]) for name in wanted], list(wanted))

    def recommend(facts: Annotated[dict[str, Any], AfterValidator(check_facts), _KNOWN]) -> ToolAnswer:
        """Recommend who should own Customer Experience, with reasons, sources and dissent."""
        with hear_doubts() as doubts:
            advice = advisor.recommend(facts)
        return _answer(advice, _tell(doubts))

    def why_not(
        facts: Annotated[dict[str, Any], AfterValidator(check_facts), _KNOWN],
        name: Annotated[
            str,
            AfterValidator(check_name),
            Field(
                description=f"A model ({models}), by id or name, or a rule, finding, pattern, action, warning or "
                "contradiction"
            ),
        ],
    ) -> str:
        """Explain what keeps a model from being recommended, or why a rule did not fire, and what would change that."""
        with hear_doubts() as doubts:
            advice = advisor.recommend(facts)
        return _fit("\n".join([*_tell(doubts), advice.why_not(name).explain()]))

    def what_if(
        facts: Annotated[dict[str, Any], AfterValidator(check_facts), _KNOWN],
        changes: Annotated[dict[str, Any], AfterValidator(check_facts), Field(description="Facts supposed to differ")],
    ) -> str:
        """Compare the recommendation with that on changed facts."""
        with hear_doubts() as doubts:
            supposed = advisor.recommend(facts).what_if(changes)
        return _fit("\n".join([*_tell(doubts), supposed.explain()]))

    def next_questions(
        facts: Annotated[dict[str, Any], AfterValidator(check_facts), _KNOWN],
        limit: Annotated[int, Field(strict=True, ge=1, le=5), BeforeValidator(read_whole)] = 3,
    ) -> list[ToolQuestion]:
        """Find the unknown facts whose answers would say most about the final recommendation."""
        found = advisor.recommend(facts).next_questions().questions[:limit]
        return _fit_questions([(question.text, vocabulary[question.fact]) for question in found])

    tools: tuple[Callable[..., Any], ...] = (facts, recommend, why_not, what_if, next_questions)
    return [_make_tool(tool, vocabulary.facts) for tool in tools]


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


def _tell(doubts: Mapping[str, str]) -> list[str]:
    return _list_first([show_text(each, _SHORTER[1]) for each in tell_doubts(doubts)])


def _refuse_lines(mistakes: Sequence[str]) -> ToolError:
    counted = [f"{len(mistakes)} mistakes in the arguments:"] if len(mistakes) > 1 else []
    return ToolError(_fit("\n".join(show_text(line, LONGEST // _FEW) for line in (*counted, *mistakes))))


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
