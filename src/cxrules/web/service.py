"""What the page asks, as data in and data out: one service behind the HTTP API and the library in WebAssembly.

It keeps no state: a request carries the whole organisation. It needs only the standard library, so that it runs in a
browser exactly as on a server.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, Final

from cxrules.advisor import Advisor
from cxrules.arguments import check_text
from cxrules.consultation.dialogue import Consultation
from cxrules.document import unmark
from cxrules.doubts import hear_doubts
from cxrules.errors import InvalidOrganisation, no_such, refuse_question, show_text, suggest
from cxrules.errors.near_names import few_suggestions
from cxrules.explanation.prose.changes import choose_changes, tell_change
from cxrules.explanation.prose.report import write_report
from cxrules.explanation.prose.sheet import POINTS, make_sheet, tell_outlook
from cxrules.language.plain import make_plain, read_integer, unite_pairs
from cxrules.version import __version__
from cxrules.web.wording import (
    describe_answer,
    describe_question,
    describe_rule,
    split_paragraphs,
    summarise,
)

if TYPE_CHECKING:
    from datetime import date

    from cxrules.language.facts import FactValue, Vocabulary

__all__ = ["OPERATIONS", "Service"]

_Plain = dict[str, Any]

OPERATIONS: Final = (
    "vocabulary",
    "recommend",
    "next-questions",
    "why-asked",
    "changes",
    "why-not",
    "what-if",
    "explain",
    "compare",
    "rule",
    "map",
    "report",
    "read-file",
    "write-file",
    "table",
)
"""What can be asked: the names of methods of `Service`, with dashes instead of underscores."""

_KINDS: Final[dict[str, type]] = {
    **dict.fromkeys(("facts", "changes", "one", "other"), Mapping),
    "skipped": list,
    "complete": bool,
    "width": int,
}
_WORDS: Final = {
    Mapping: "a mapping of facts",
    list: "a list of facts",
    bool: "true or false",
    int: "a whole number",
    str: "text",
}
_WIDEST: Final = 4000
_UNREADABLE: Final = re.compile("[\\x7f-\\x9f\\u2028\\u2029\\ufeff\\ufffe\\uffff]")
"""What a file in YAML may contain only as an escape: it would be refused, or read as a line break."""


class Service:
    """Answers what the page asks.

    Examples:
        >>> service = Service()
        >>> service.call("recommend", {"facts": {"ceo_involvement": "champion", "silos": "severe"}})["model"]
        'ceo_with_cco'
        >>> service.respond("recommend", '{"facts": {"silo": "severe"}}')[0]
        False
    """

    def __init__(self, advisor: Advisor | None = None) -> None:
        """Make the service.

        Args:
            advisor: The advisor that decides; by default that of the built-in rule base.
        """
        self.advisor = advisor or Advisor()
        self._rulebase = self.advisor.rulebase
        self._judge = self.advisor.judge

    def call(self, operation: str, request: Mapping[str, Any]) -> _Plain:
        """Answer one request.

        Args:
            operation: One of `OPERATIONS`.
            request: Its parameters: `facts` and `skipped` describe the organisation.

        Raises:
            ValueError: With what is wrong in the request.
        """
        if operation not in OPERATIONS:
            raise no_such("operation", operation, OPERATIONS)
        method: Callable[..., _Plain] = getattr(self, operation.replace("-", "_"))
        with few_suggestions():
            mistakes = list(_examine(request, signature(method).parameters, self._rulebase.vocabulary))
        if mistakes:
            raise refuse_question(mistakes)
        return method(**request)

    def respond(self, operation: str, request: str) -> tuple[bool, str]:
        """Answer one request as JSON, for a caller in another language.

        Returns:
            Whether it was answered, and the answer or a `message` that says what is wrong.
        """
        try:
            with hear_doubts():  # the caller does not see a warning
                asked = json.loads(request, object_pairs_hook=unite_pairs, parse_int=read_integer)
                answer = self.call(operation, asked)
            return True, json.dumps(answer, ensure_ascii=False)
        except ValueError as error:
            return False, json.dumps({"message": str(error)}, ensure_ascii=False)

    # -- vocabulary ----------------------------------------------------------------------------------------------------

    def vocabulary(self) -> _Plain:
        """Return every word the page needs: questions by section, models, articles, an example, formats of tables."""
        from cxrules.web.upload import list_endings

        rulebase = self._rulebase
        return {
            "sections": self._sections,
            "facts": {name: describe_question(fact) for name, fact in rulebase.vocabulary.facts.items()},
            "models": {name: {"name": model.name, "says": model.says} for name, model in rulebase.models.items()},
            "sources": {
                name: {"title": source.title, "author": source.author} for name, source in rulebase.sources.items()
            },
            "points": POINTS,
            "tables": list_endings(),
            "rules": len(rulebase.rules),
            "version": __version__,
            "revision": rulebase.revision,
            "example": {"facts": _EXAMPLE if set(_EXAMPLE) <= set(rulebase.vocabulary.facts) else {}},
        }

    @cached_property
    def _sections(self) -> list[_Plain]:
        sections: dict[str, list[str]] = {}
        for name, fact in self._rulebase.vocabulary.facts.items():
            sections.setdefault(fact.section or "Questions", []).append(name)
        return [
            {"id": f"section-{number}", "name": name, "facts": facts}
            for number, (name, facts) in enumerate(sections.items(), 1)
        ]

    # -- the current answer --------------------------------------------------------------------------------------------

    def recommend(self, facts: Mapping[str, Any]) -> _Plain:
        """Return the current answer: everything that needs no search."""
        with hear_doubts() as doubts:
            advice = self.advisor.recommend(facts)
        rulebase = self._rulebase
        sheet = make_sheet(self._judge, advice.decision)
        contradictory = ["These answers contradict each other."] if advice.incoherences else []
        stands = f"As it stands: {advice.name or 'no recommendation yet'}."
        doubtful = [f"“{rulebase.vocabulary[name].label or name}” {says}." for name, says in doubts.items()]
        return {
            **summarise(advice),
            "incoherences": [{"id": each.id, "reason": each.text} for each in advice.incoherences],
            "doubts": doubtful,
            "certain": sheet.certainty,
            "heading": sheet.heading,
            "reasons": [{"rule": rule, "text": unmark(text)} for rule, text in sheet.reasons.items()],
            "contrast": unmark(sheet.contrast),
            "actions": [{"id": name, "text": text} for name, text in sheet.actions.items()],
            "beware": [unmark(text) for text in sheet.beware],
            "voices": [
                {
                    "source": each.source,
                    "title": rulebase.sources[each.source].title,
                    "author": rulebase.sources[each.source].author,
                    "stance": each.stance,
                    "model": each.model,
                    "text": unmark(each.text),
                }
                for each in sheet.verdicts
            ],
            "answers": [{"question": question, "answer": answer} for question, answer in sheet.answers],
            "not_asked": self._list_not_asked(advice.facts),
            "announcement": " ".join([*contradictory, *doubtful, stands]),
        }

    # -- what needs a search -------------------------------------------------------------------------------------------

    def next_questions(self, facts: Mapping[str, Any], skipped: list[str] | None = None) -> _Plain:
        """Return the best next question, as `cxrules consult` asks it."""
        consultation = self._consult(facts, skipped)
        known, left_out = len(consultation.known), bool(consultation.left_out)
        outlook = tell_outlook(consultation.questions, known, skipped=left_out)
        return {"fact": consultation.fact, "text": outlook, "settled": consultation.nothing_left_to_ask}

    def why_asked(self, facts: Mapping[str, Any], fact: str, skipped: list[str] | None = None) -> _Plain:
        """Return why a fact is asked about: what its answers would lead to."""
        self._demand("fact", fact, self._rulebase.vocabulary.facts)
        return {"text": self._consult(facts, skipped).why(fact)}

    def changes(self, facts: Mapping[str, Any], last: str = "") -> _Plain:
        """Return the cheapest changes that lead to another model; `last` is the fact that was answered last."""
        advice = self.advisor.recommend(facts)
        rulebase = self._rulebase
        sets = choose_changes(self._judge, advice.decision, last)
        return {
            "sets": [
                {
                    "text": unmark(tell_change(rulebase, each, last)),
                    "changes": {name: make_plain(value) for name, value in each.changed.items()},
                    "model": each.model,
                }
                for each in sets
            ],
            "text": "" if sets or not rulebase.vocabulary.facts else advice.counterfactuals().explain(),
        }

    def why_not(self, facts: Mapping[str, Any], name: str) -> _Plain:
        """Return what stands between a model and its recommendation."""
        return {"paragraphs": split_paragraphs(self.advisor.recommend(facts).why_not(name).explain())}

    def what_if(self, facts: Mapping[str, Any], changes: Mapping[str, Any]) -> _Plain:
        """Return what would be recommended if facts changed, and what that changes."""
        supposed = self.advisor.recommend(facts).what_if(changes)
        return {**summarise(supposed.recommendation), "paragraphs": split_paragraphs(supposed.explain())}

    def explain(self, facts: Mapping[str, Any], detail: str = "brief") -> _Plain:
        """Return the explanation as text and as Markdown."""
        advice = self.advisor.recommend(facts)
        wanted: Any = detail
        return {"text": advice.explain(wanted), "markdown": advice.to_markdown(wanted)}

    def compare(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> _Plain:
        """Compare two organisations, or two states of one."""
        first, second = self.advisor.recommend(one), self.advisor.recommend(other)
        changed = {
            name: second.facts.get(name)
            for name in self._rulebase.vocabulary.facts
            if first.facts.get(name) != second.facts.get(name)
        }
        return {
            "one": summarise(first),
            "other": summarise(second),
            "differences": [
                {
                    "fact": name,
                    "question": self._rulebase.vocabulary[name].question,
                    "one": describe_answer(self._rulebase.vocabulary, name, first.facts.get(name)),
                    "other": describe_answer(self._rulebase.vocabulary, name, second.facts.get(name)),
                }
                for name in changed
            ],
            "paragraphs": split_paragraphs(first.what_if(changed).explain()) if changed else [],
        }

    # -- rules, drawings, report ---------------------------------------------------------------------------------------

    def rule(self, id: str) -> _Plain:  # noqa: A002 - the word of the request
        """Return a rule in words, with the claims of its article."""
        self._demand("rule", id, self._rulebase.rules)
        return describe_rule(self._rulebase, self._rulebase.rules[id])

    def map(self, facts: Mapping[str, Any], complete: bool = False, width: int = 0) -> _Plain:
        """Return the argument as a drawing of the given width in pixels; 0 means as wide as necessary."""
        if width > _WIDEST:
            raise ValueError(f"width: at most {_WIDEST} pixels, not {width}")
        return {"svg": self.advisor.recommend(facts).to_svg(complete=complete, width=width or None)}

    def report(
        self,
        facts: Mapping[str, Any],
        title: str = "",
        date: str = "",
        last: str = "",
        skipped: list[str] | None = None,
    ) -> _Plain:
        """Return the report to print: one HTML page that needs nothing else."""
        advice = self.advisor.recommend(facts)
        left_out = self._consult(facts, skipped).left_out
        dated = _read_date(date)
        html = write_report(self._judge, advice.decision, title=title, dated=dated, last=last, skipped=left_out)
        return {"html": html}

    # -- files ---------------------------------------------------------------------------------------------------------

    def read_file(self, text: str) -> _Plain:
        """Read an organisation file."""
        from cxrules.files.organisation_file import interpret

        file = interpret(text, "the file", self._rulebase.vocabulary)
        facts = {name: make_plain(value) for name, value in file.facts.items()}
        return {"facts": facts, "skipped": list(file.skipped), "name": file.name}

    def write_file(self, facts: Mapping[str, Any], skipped: list[str] | None = None, name: str = "") -> _Plain:
        """Write an organisation file."""
        from cxrules.consultation.dialogue import write_file

        known = self._consult(facts, skipped)
        label = f"name: {_quote(name)}\n" if name else ""
        return {"text": label + write_file(known.known, known.skipped, self._judge)}

    def table(self, name: str, base64: str) -> _Plain:
        """Decide a table of organisations."""
        from cxrules.web.table import decide_table

        return decide_table(self.advisor, name, base64)

    # -- help ----------------------------------------------------------------------------------------------------------

    def _consult(self, facts: Mapping[str, Any], skipped: list[str] | None) -> Consultation:
        known = self._rulebase.vocabulary.validate(facts)
        return Consultation(self._judge, known, skipped or ())

    def _list_not_asked(self, known: Mapping[str, FactValue]) -> list[str]:
        """Return the facts that it makes no sense to ask about yet, because a premise is not known to be true."""
        return [
            name
            for name, fact in self._rulebase.vocabulary.facts.items()
            if not all(known.get(premise) in values for premise, values in fact.asked_if)
        ]

    def _demand(self, noun: str, name: str, known: Mapping[str, Any]) -> None:
        if name not in known:
            raise no_such(noun, name, tuple(known))


def _examine(request: Mapping[str, Any], known: Mapping[str, Parameter], vocabulary: Vocabulary) -> Iterator[str]:
    """Describe everything that is wrong with the parameters of a request, and with the facts in them."""
    for name, value in request.items():
        if name not in known:
            yield f"{show_text(name, 80)}: no such parameter; {suggest(name, tuple(known))}".rstrip("; ")
            continue
        kind = _KINDS.get(name, str)
        listed = value if isinstance(value, list) else []
        wrong = not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)
        if wrong or not all(isinstance(each, str) for each in listed):
            yield f"{name}: {_WORDS[kind]} is expected, not {show_text(repr(value), 80)}"
        elif kind is Mapping:
            try:
                vocabulary.validate(value, doubt=False)
            except InvalidOrganisation as error:
                yield from (f"{name}.{found}" for found in error.diagnostics)
        elif name == "skipped":
            facts = tuple(vocabulary.facts)
            yield from (f"{name}: {no_such('fact', each, facts)}" for each in value or () if each not in facts)
    for name, parameter in known.items():
        if parameter.default is parameter.empty and name not in request:
            yield f"{name}: this parameter is missing"


def _quote(name: str) -> str:
    """Return a name as YAML reads it back, whatever is in it."""
    quoted = json.dumps(check_text("name", name), ensure_ascii=False)
    return _UNREADABLE.sub(lambda found: "\\u" + format(ord(found[0]), "04x"), quoted)


def _read_date(text: str) -> date | None:
    from datetime import date

    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ValueError(f"date: a date such as 2026-11-29 is expected, not {show_text(repr(text), 80)}") from None


_EXAMPLE: Final[dict[str, Any]] = {
    "maturity": "developing",
    "current_owner": "marketing",
    "silos": "severe",
    "ceo_involvement": "supportive",
    "marketing_bandwidth": "stretched",
    "retention_budget_share": 20,
    "coordination_need": "high",
    "independent_leader_feasible": True,
}
