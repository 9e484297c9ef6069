"""A recommendation as a page to print and take into a meeting: HTML that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from typing import Final

from cxrules.document import Table, to_html
from cxrules.explanation.prose.brief import write_brief
from cxrules.explanation.trace import trace
from cxrules.language.facts import join_words
from cxrules.policy.decision import Decision
from cxrules.policy.dissent import support
from cxrules.policy.judge import Judge
from cxrules.version import __version__

__all__ = ["STYLE", "write_report"]

STYLE: Final = """
body{font:11pt/1.5 Georgia,"Times New Roman",serif;color:#1b1f24;background:#fff;max-width:48rem;
margin:2rem auto;padding:0 1rem}h1{font-size:1.7rem;line-height:1.2;margin:0 0 .2rem}
h2{font-size:1.15rem;margin:1.6rem 0 .4rem;border-bottom:1px solid #c9d0d8}
table{border-collapse:collapse;width:100%;font-size:.92rem}th,td{text-align:left;padding:.25rem .6rem .25rem 0;
border-bottom:1px solid #e3e7ec;vertical-align:top}th{font-weight:600}td.n{text-align:right}
.note{color:#545d68;font-size:.9rem}ul.check{list-style:"\\2610  ";padding-left:1.4rem}li{margin:.25rem 0}
svg{max-width:100%;height:auto}@media print{body{margin:0;max-width:none;font-size:10pt}
h2{break-after:avoid}li,tr{break-inside:avoid}svg{display:block;max-height:88vh;break-inside:avoid}}
"""
"""The style of the page; it is constant, so that a content security policy can name its hash."""


def write_report(judge: Judge, decision: Decision, drawing: str, title: str = "") -> str:
    """Write the report.

    Args:
        judge: The engine and policy that decided.
        decision: The decision.
        drawing: The argument as SVG; empty to leave it out.
        title: What the report is about, such as the name of the organisation.
    """
    rulebase = judge.rulebase
    model = rulebase.models.get(decision.model or "")
    subject = f"Who should own customer experience{f': {title}' if title else '?'}"
    body = [
        f"<h1>{_text(subject)}</h1>",
        f'<p class="note">{_text(_tell_basis(judge, decision))}</p>',
        to_html(write_brief(judge, decision)),
        _section("What is known", _list_facts(judge, decision)),
        _section("Every model", _list_models(judge, decision)),
    ]
    if drawing and decision.known:
        body.append(_section("The argument", [drawing]))
    if model is not None:
        body.append(_section("What the recommendation rests on", _list_claims(judge, decision)))
    body.append(f'<p class="note">cxrules {__version__}, rule base {rulebase.name} {rulebase.revision[:12]}.</p>')
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{_text(subject)}</title>'
    inside = "\n".join(part for part in body if part)
    page = f"<head>{head}<style>{STYLE}</style></head><body><main>\n{inside}\n</main></body>"
    return f'<!doctype html>\n<html lang="en">{page}</html>\n'


def _tell_basis(judge: Judge, decision: Decision) -> str:
    known, rules = len(decision.known), len(judge.decider.names(decision.fired))
    return f"From {known} of {len(judge.rulebase.vocabulary.facts)} facts; {rules} rules apply."


def _list_facts(judge: Judge, decision: Decision) -> Iterator[str]:
    rows = []
    for name, fact in judge.rulebase.vocabulary.facts.items():
        if name in decision.known:
            clause = fact.state(decision.known[name])
            rows.append((fact.question, f"{clause[:1].upper()}{clause[1:]}."))
    if rows:
        yield _table(("Question", "Answer"), rows)


def _list_models(judge: Judge, decision: Decision) -> Iterator[str]:
    rows = []
    for case in trace(judge, decision).cases:
        if case.model.id == decision.model:
            place = "Recommended"
        elif case.excluded_by:
            place = "Ruled out"
        elif case.missing:
            place = "A requirement is not met"
        elif case.set_aside_by:
            place = "Set aside for another"
        else:
            place = "A candidate" if case.candidate else "Too little evidence"
        rows.append((f"{case.model.name}: {case.model.says}", str(case.points), place))
    yield _table(("Model", "Points", "Place"), rows)


def _list_claims(judge: Judge, decision: Decision) -> Iterator[str]:
    rulebase = judge.rulebase
    rows = []
    for name in support(judge.decider, decision):
        claim = rulebase.claims[name]
        where = f"paragraph {join_words([str(number) for number in claim.paragraphs])}"
        rows.append((claim.says, f"“{rulebase.sources[claim.source].title}”, {where}"))
    yield _table(("What the articles say", "Where"), rows)


def _section(heading: str, parts: Iterable[str]) -> str:
    inside = "\n".join(parts)
    return f"<section><h2>{_text(heading)}</h2>\n{inside}</section>" if inside else ""


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return to_html([Table(heads, tuple(rows))])


def _text(text: str) -> str:
    return escape(text, quote=False)
