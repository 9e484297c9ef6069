"""A recommendation as a page to print and take into a meeting: self-contained HTML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Final

from cxrules.document import Items, Paragraph, Table, to_html
from cxrules.explanation.contradictions import tell_contradictions
from cxrules.explanation.drawing.argument import argue
from cxrules.explanation.drawing.digest import digest
from cxrules.explanation.drawing.tree import draw_tree
from cxrules.explanation.next_questions import NextQuestions, next_questions
from cxrules.explanation.prose.brief import tell_unknown
from cxrules.explanation.prose.changes import choose_changes, tell_change
from cxrules.explanation.prose.sheet import POINTS, Sheet, make_sheet, tell_outlook, tell_place
from cxrules.explanation.text.words import paragraphs
from cxrules.policy.decision import Decision
from cxrules.policy.judge import Judge
from cxrules.rulebase import RuleBase
from cxrules.version import __version__

if TYPE_CHECKING:
    from datetime import date

__all__ = ["STYLE", "write_report"]

_PAPER: Final = 660
_PHONE: Final = 340
"""In pixels: widths at which a drawing is shown at its real size."""

STYLE: Final = """
body{font:11pt/1.5 Georgia,"Times New Roman",serif;color:#1b1f24;background:#fff;max-width:48rem;
margin:2rem auto;padding:0 1rem}h1{font-size:1.7rem;line-height:1.2;margin:0 0 .2rem}
h2{font-size:1.15rem;margin:1.6rem 0 .4rem;border-bottom:1px solid #c9d0d8}
table{border-collapse:collapse;width:100%;font-size:.92rem}th,td{text-align:left;padding:.25rem .6rem .25rem 0;
border-bottom:1px solid #e3e7ec;vertical-align:top}th{font-weight:600}.model{font-size:1.35rem;font-weight:700;
margin:1rem 0 0}.warn{border:1px solid #7d1a1a;color:#7d1a1a;padding:.5rem .9rem}
.note{color:#545d68;font-size:.9rem}ul.check{list-style:"\\2610  ";padding-left:1.4rem}li{margin:.25rem 0}
svg{max-width:100%;height:auto}.narrow{display:none}
@media screen and (max-width:40rem){.wide{display:none}.narrow{display:block}}
@page{margin:16mm 18mm}
@media print{body{margin:0;padding:0;max-width:none;font-size:10pt}
h2{break-after:avoid}li,tr{break-inside:avoid}svg{display:block;max-height:88vh;break-inside:avoid}}
"""
"""The style of the page; it is constant, so that a content security policy can name its hash."""

_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def write_report(
    judge: Judge,
    decision: Decision,
    *,
    title: str = "",
    dated: date | None = None,
    last: str = "",
    skipped: Sequence[str] = (),
) -> str:
    """Write the report.

    Args:
        judge: The engine and policy that decided.
        decision: The decision.
        title: The title, such as the name of the organisation.
        dated: The date to print; none when left out, so that the same facts give the same page.
        last: The fact that was answered last, where one was.
        skipped: The facts that were asked for but stay unknown.
    """
    rulebase = judge.rulebase
    sheet = make_sheet(judge, decision)
    following = next_questions(judge, decision, ignoring=skipped)
    subject = f"Who should own customer experience{f': {title}' if title else '?'}"
    body = [
        f"<h1>{_text(subject)}</h1>",
        f'<p class="note">{_text(_tell_basis(judge, decision, dated))}</p>',
        *_tell_outcome(judge, decision, sheet, following, skipped=bool(skipped)),
        _section(sheet.heading, [_list(sheet.reasons.values()), _paragraph(sheet.contrast)]),
        _section("What to do", [_list(sheet.actions.values(), "check")]),
        _section("Risks to watch", [_list(sheet.beware)]),
        _section("What would change it", [_list(_list_changes(judge, decision, last))]),
        _section("What each article says", [_list_verdicts(rulebase, sheet)] if decision.known else []),
        _section("All models", [_list_models(decision, sheet), _paragraph(POINTS, "note")] if decision.known else []),
        _section("What is known", [_table(("Question", "Answer"), sheet.answers)]),
        _section("What the recommendation rests on", [_list_claims(judge, decision)] if decision.model else []),
        _section("The articles", [_list_articles(rulebase)]),
        _section("The argument", _draw(judge, decision) if decision.known else []),
        f'<p class="note">cxrules {__version__}, rule base {_text(rulebase.name)} {rulebase.revision[:12]}.</p>',
    ]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{_text(subject)}</title>'
    inside = "\n".join(part for part in body if part)
    page = f"<head>{head}<style>{STYLE}</style></head><body><main>\n{inside}\n</main></body>"
    return f'<!doctype html>\n<html lang="en">{page}</html>\n'


def _tell_basis(judge: Judge, decision: Decision, dated: date | None) -> str:
    known, rules = len(decision.known), len(judge.decider.names(decision.fired))
    basis = f"From {known} of {len(judge.rulebase.vocabulary.facts)} facts; {rules} rules apply."
    return basis if dated is None else f"{dated.day} {_MONTHS[dated.month - 1]} {dated.year}. {basis}"


def _tell_outcome(
    judge: Judge, decision: Decision, sheet: Sheet, following: NextQuestions, *, skipped: bool
) -> Iterator[str]:
    if contradictions := tuple(tell_contradictions(judge, decision)):
        yield f'<div class="warn">{to_html(contradictions)}</div>'
    if decision.model is not None:
        yield _paragraph(judge.rulebase.models[decision.model].name, "model")
    yield _paragraph(sheet.outcome)
    yield _paragraph(sheet.certainty)
    yield _paragraph(tell_outlook(following, len(decision.known), skipped=skipped))
    if following.questions:
        yield _paragraph(tell_unknown(judge.rulebase, following))


def _list_changes(judge: Judge, decision: Decision, last: str) -> Iterator[str]:
    if decision.known:
        yield from (tell_change(judge.rulebase, each, last) for each in choose_changes(judge, decision, last))


def _list_verdicts(rulebase: RuleBase, sheet: Sheet) -> str:
    rows = [(_name_article(rulebase, each.source), each.text) for each in sheet.verdicts]
    return _table(("Article", "What it says here"), rows)


def _name_article(rulebase: RuleBase, source: str) -> str:
    """Return the title of an article with its author."""
    article = rulebase.sources[source]
    return f"“{article.title}”{f' ({article.author})' if article.author else ''}"


def _list_models(decision: Decision, sheet: Sheet) -> str:
    rows = [
        (f"{case.model.name}: {case.model.says}", str(case.points), tell_place(case, decision.model))
        for case in sheet.cases
    ]
    return _table(("Model", "Points", "Place"), rows)


def _list_claims(judge: Judge, decision: Decision) -> str:
    rulebase = judge.rulebase
    rows = []
    for name in judge.reader.read("support", decision):
        claim = rulebase.claims[name]
        rows.append((claim.says, f"{_name_article(rulebase, claim.source)}, {paragraphs([claim])}"))
    return _table(("What the articles say", "Where"), rows)


def _list_articles(rulebase: RuleBase) -> str:
    return _list(
        f"“{source.title}”{f', {source.author}' if source.author else ''}" for source in rulebase.sources.values()
    )


def _draw(judge: Judge, decision: Decision) -> Iterator[str]:
    """Draw the argument for paper and for a phone; the page shows one of the two."""
    argument = digest(argue(judge, decision))
    for kind, width in (("wide", _PAPER), ("narrow", _PHONE)):
        yield f'<div class="{kind}">{draw_tree(argument, width)}</div>'


def _section(heading: str, parts: Iterable[str]) -> str:
    inside = "\n".join(filter(None, parts))
    return f"<section><h2>{_text(heading)}</h2>\n{inside}</section>" if inside else ""


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    return to_html([Table(heads, tuple(rows))]) if rows else ""


def _list(entries: Iterable[str], kind: str = "") -> str:
    told = tuple(entries)
    html = to_html([Items("", told)]) if told else ""
    return html.replace("<ul>", f'<ul class="{kind}">', 1) if kind else html


def _paragraph(text: str, kind: str = "") -> str:
    html = to_html([Paragraph(text)]) if text else ""
    return html.replace("<p>", f'<p class="{kind}">', 1) if kind else html


def _text(text: str) -> str:
    return escape(text, quote=False)
