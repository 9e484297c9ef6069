"""`cxrules recommend`: facts about an organisation in, a recommendation out."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cxrules.cli.shared import (
    OnTop,
    Rules,
    fail,
    find_unknown,
    list_names,
    mistakes_are_added,
    mistakes_end_it,
    open_rulebase,
    width,
)
from cxrules.cli.terminal.assignments import read_supposed
from cxrules.cli.terminal.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from cxrules.errors import Diagnostic
    from cxrules.language.facts import FactValue
    from cxrules.recommendation.answer import Recommendation
    from cxrules.rulebase import RuleBase

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(recommend)


def recommend(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE|-", show_default=False, help="A YAML or JSON file of facts; - for standard input."
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Write everything in the answer as JSON.")] = False,
    as_html: Annotated[bool, typer.Option("--html", help="Write a report to print, one HTML page.")] = False,
    date: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM-DD|today", help="The date to print on the report; none when left out."),
    ] = None,
    detail: Annotated[
        str | None, typer.Option(metavar="brief|full", help="How much of the reasoning to show; brief when left out.")
    ] = None,
    why_not: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Answer why a model is not recommended, or why a rule, finding, action … does not hold.",
        ),
    ] = None,
    what_if: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FACT=VALUE",
            help="Answer what would change if facts had these values; FACT= means unknown. May be given repeatedly.",
        ),
    ] = None,
    engine: Annotated[str, typer.Option(metavar="NAME", help="The engine that matches the rules.")] = "bitmap",
    rules: Rules = None,
    on_top: OnTop = False,
) -> None:
    """Recommend who should own CX, given a file of facts.

    FILE maps facts to values, such as `maturity: early`, at its top or under the key `facts`. A fact that is left out
    or empty is unknown. `cxrules facts` lists the facts.
    """
    from cxrules.advisor import Advisor
    from cxrules.errors import InvalidOrganisation
    from cxrules.files.organisation_file import read_organisation

    asked = why_not is not None or bool(what_if)
    if why_not is not None and what_if:
        fail("--why-not and --what-if are two questions: ask one at a time")
    if as_html and (as_json or asked):
        fail("--html writes the report, so it cannot be combined with --json, --why-not or --what-if")
    _check_output(detail, date, as_html=as_html, asked=asked)
    dated = None if date is None else _read_date(date)
    with mistakes_end_it():
        rulebase = open_rulebase(rules, on_top)
        mistakes: list[Diagnostic] = []
        with mistakes_are_added(mistakes):
            organisation = read_organisation(file, rulebase.vocabulary)
        with mistakes_are_added(mistakes):
            supposed = read_supposed(what_if or [], rulebase.vocabulary)
        named = list(_find_unknown(rulebase, engine, why_not))
        if mistakes or len(named) > 1:
            raise InvalidOrganisation([*mistakes, *named])
    try:
        advisor = Advisor(rulebase, engine)
    except ImportError as error:
        fail(str(error), ExitCode.MISSING_EXTRA)
    except ValueError as error:
        fail(str(error))
    advice = advisor.recommend(organisation.facts)
    answer = _ask(advice, why_not, supposed if what_if else None)
    if as_json:
        typer.echo(answer.model_dump_json(indent=2))
    elif answer is not advice:
        typer.echo(_wrap(answer.explain()))
    elif as_html:
        typer.echo(advice.to_html(title=organisation.name, date=dated), nl=False)
    else:
        typer.echo(advice.explain("full" if detail == "full" else "brief", width=width()).rstrip())


def _find_unknown(rulebase: RuleBase, engine: str, why_not: str | None) -> Iterator[Diagnostic]:
    """Find options that name what does not exist, to be told with the mistakes in the facts."""
    from cxrules.engines import ENGINES

    yield from find_unknown("--engine", [engine], tuple(ENGINES))
    if why_not is not None and rulebase.find_model(why_not) is None:
        from cxrules.explanation.why_not_fired import list_subjects

        known = (*rulebase.models, *list_subjects(rulebase))
        yield from find_unknown("--why-not", [why_not], known, list_names(rulebase))


def _check_output(detail: str | None, date: str | None, *, as_html: bool, asked: bool) -> None:
    """Refuse what would be said of no output."""
    if detail not in (None, "brief", "full"):
        fail(f"--detail is brief or full, not {detail!r}")
    if detail is not None and (as_html or asked):
        fail(
            "--detail is for the text of a recommendation, so it cannot be combined with --html, --why-not or --what-if"
        )
    if date is not None and not as_html:
        fail("--date needs --html")


def _read_date(text: str) -> date:
    from datetime import date

    try:
        return date.today() if text == "today" else date.fromisoformat(text)  # noqa: DTZ011 - the reader's own day
    except ValueError:
        fail(f"--date is a date such as 2026-11-29, or today, not {text!r}")


def _ask(advice: Recommendation, why_not: str | None, supposed: Mapping[str, FactValue | None] | None) -> Any:
    """Put the question of an option to a recommendation; without one, return the recommendation."""
    if supposed is not None:
        return advice.what_if(supposed)
    if why_not is None:
        return advice
    try:
        return advice.why_not(why_not)
    except ValueError as error:
        fail(str(error))


def _wrap(text: str) -> str:
    """Return lines no longer than the terminal is wide; those of a list are indented."""
    lines = text.rstrip().splitlines()
    return "\n".join(
        textwrap.fill(
            line,
            width(),
            subsequent_indent="  " if line.startswith("- ") else "",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in lines
    )
