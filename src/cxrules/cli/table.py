"""`cxrules table`: a file of organisations in, the same with recommendations out, and a summary."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cxrules.cli.shared import (
    OnTop,
    Rules,
    demand_known,
    fail,
    find_unknown,
    mistakes_are_added,
    mistakes_end_it,
    open_rulebase,
    refuse_same,
)
from cxrules.cli.terminal.assignments import match_columns, read_columns, read_supposed
from cxrules.cli.terminal.exit_codes import ExitCode
from cxrules.cli.terminal.progress import Progress
from cxrules.cli.terminal.signals import signals_stay_signals
from cxrules.errors import InvalidOrganisation, show_text
from cxrules.whole_file import naming, write_whole

if TYPE_CHECKING:
    from cxrules.columns.portfolio import Portfolio
    from cxrules.errors import Diagnostic
    from cxrules.language.facts import FactValue
    from cxrules.rulebase import RuleBase

__all__ = ["register"]

_MOST = 8
_LONGEST = 80


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(table)


def table(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", show_default=False, help="A .csv, .tsv, .parquet, .json, .jsonl or .arrow file."
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            show_default=False,
            help="The file for the answers; its ending determines the format.",
        ),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option("--column", metavar="FACT=COLUMN", help="The column of a fact; may be given repeatedly."),
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option(
            "--also",
            metavar="NAME",
            help="Write as well: actions, patterns, incoherences or matters; may be given repeatedly.",
        ),
    ] = None,
    what_if: Annotated[
        list[str] | None,
        typer.Option(
            "--what-if",
            metavar="FACT=VALUE",
            help="Count the organisations that would change if this were true of all; OUT has the models that they "
            "would have in the column what_if. Repeatable: all at once.",
        ),
    ] = None,
    segment: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Count the models by the values of a column.")
    ] = None,
    skip: Annotated[
        bool, typer.Option("--skip-wrong", help="Answer rows with wrong cells with null and the error.")
    ] = False,
    prefix: Annotated[
        str, typer.Option(metavar="TEXT", help="A prefix for the names of the answer's columns, such as cx_.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Write the summary as JSON.")] = False,
    html: Annotated[Path | None, typer.Option(metavar="PAGE", help="Write the summary as a page with charts.")] = None,
    rules: Rules = None,
    on_top: OnTop = False,
) -> None:
    """Recommend who should own CX in each of many organisations.

    FILE has a row for each organisation and a column for each fact, with the name of the fact; empty cells are unknown.
    A set is a list, or its elements separated by semicolons or commas (- if it is empty). All columns are kept; in CSV,
    text that a spreadsheet would take for a formula gets an apostrophe in front. A summary is shown at the end. If
    interrupted, the command leaves no half-written output.
    """
    try:
        from cxrules.columns import portfolio_page
        from cxrules.columns.tables import ALSO
    except ImportError as error:
        fail(f"this command needs an extra ({error}): pip install 'cxrules[frame]'", ExitCode.MISSING_EXTRA)
    try:
        refuse_same([file], output, html, named="FILE itself")
    except (OSError, ValueError) as error:  # the current folder is gone, or no file can have this name
        fail(f"{file}: {(isinstance(error, OSError) and error.strerror) or error}")
    with mistakes_end_it():
        rulebase = open_rulebase(rules, on_top)
        mistakes: list[Diagnostic] = []
        placed: Mapping[str, str | Mapping[str, str]] = {}
        with mistakes_are_added(mistakes):
            supposed = read_supposed(what_if or [], rulebase.vocabulary)
        with mistakes_are_added(mistakes):
            placed = read_columns(columns or [], rulebase.vocabulary)
        if mistakes:  # of what is found later otherwise, what can be told already
            facts = tuple(rulebase.vocabulary.facts)
            for option, names, known in (("--column", placed, facts), ("--also", also or [], ALSO)):
                mistakes += find_unknown(option, names, known)
            raise InvalidOrganisation(mistakes)
    try:
        with signals_stay_signals(), ExitStack() as stack, mistakes_end_it():
            drawn = stack.enter_context(write_whole(html)) if html else None
            wanted = {
                "columns": placed,
                "also": also or [],
                "on_error": "null" if skip else "raise",
                "prefix": prefix,
            }
            portfolio = _decide(file, output, rulebase, wanted, (segment, supposed))
            if drawn and html:
                with naming(html):
                    drawn.write(portfolio_page.page_of(portfolio, rulebase, file.stem).encode())
    except (OSError, ValueError) as error:
        named = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
        fail(f"{named}{(isinstance(error, OSError) and error.strerror) or error}")
    data = portfolio.as_data()
    typer.echo(json.dumps(data, indent=2, ensure_ascii=False) if as_json else _describe(portfolio, rulebase))


def _decide(
    file: Path,
    output: Path | None,
    rulebase: RuleBase,
    asked: Mapping[str, Any],
    counted: tuple[str | None, dict[str, FactValue | None]],
) -> Portfolio:
    import pyarrow as pa

    from cxrules.advisor import Advisor
    from cxrules.columns.arrow.writers import write_table
    from cxrules.columns.files import open_table
    from cxrules.columns.frames import Asked, FrameJudge, NamedBatch
    from cxrules.columns.layout import ALL
    from cxrules.columns.portfolio import Portfolio

    segment, supposed = counted
    judge = Advisor(rulebase).tables
    portfolio = Portfolio(judge, segment=segment, supposed=supposed)
    with ExitStack() as stack:
        source = stack.enter_context(open_table(file))
        if segment is not None:
            demand_known(("column", segment, source.names))
        write = stack.enter_context(write_table(output)) if output else None
        progress = stack.enter_context(Progress())
        # If nothing is written, a column may have the name of one of the answer's.
        asked = {**asked, "columns": match_columns(asked["columns"], source.names)}
        options = Asked(**asked, keep=ALL if output else False, suppose=supposed if output else None, file=True)
        frames = FrameJudge(judge, options, portfolio.watch)
        row = 0
        for row, answers in frames.read(NamedBatch(source.names, *batch) for batch in source.batches):
            if write and answers is not None:
                write(answers)
            progress.show(f"{file.name}: {row:,} organisations, {min(source.done(), 1):.0%} of the file")
        if write and not row:
            nothing = NamedBatch(source.names, lambda _: pa.array([], pa.string()), 0)
            for _, answers in frames.read([nothing]):
                write(answers)
    return portfolio


def _describe(portfolio: Portfolio, rulebase: RuleBase) -> str:
    """Describe a portfolio as text."""
    from cxrules.columns.portfolio import PortfolioWords, count_organisations

    words = PortfolioWords.of(rulebase)
    lines = [
        count_organisations(portfolio.size) + (f", {portfolio.refused:,} more refused" if portfolio.refused else "")
    ]
    names = words.names(rulebase)
    widest = max(map(len, names.values()))
    lines += ["", words.question]
    for model, counts in sorted(portfolio.models.items(), key=lambda row: -sum(row[1].values())):
        if total := sum(counts.values()):
            contested = f", {counts['contested']:,} contested" if counts["contested"] else ""
            lines.append(f"  {names[model]:{widest}}  {total:>10,}  {total / portfolio.size:>4.0%}{contested}")
    if portfolio.supposed:
        told = (
            f"If {portfolio.tell_supposed()} were true of all, {portfolio.changed:,} would have another {words.model}"
        )
        lines += ["", told, *([f"  {told}"] if (told := portfolio.tell_contradicted()) else [])]
        for (before, after), count in portfolio.moves.most_common():
            if before != after:
                lines.append(f"  {count:>10,}  {names[before]} → {names[after]}")
    asked = count_organisations(portfolio.looked_at)
    lines += _list(
        f"Unknown, and a single answer could change the {words.model} ({asked} asked)",
        [(rulebase.vocabulary[name].question, count) for name, count in portfolio.matters.most_common(_MOST)],
    )
    lines += _list(
        "Anti-patterns", [(rulebase.patterns[name].name, count) for name, count in portfolio.patterns.most_common()]
    )
    reasons = {entry.id: entry.reason for entry in rulebase.impossible}
    lines += _list(
        f"Contradictory facts, in {count_organisations(portfolio.contradictory_rows)}",
        [(reasons[name], count) for name, count in portfolio.contradictory.most_common(_MOST)],
    )
    for segment, counts in sorted(portfolio.segments.items()):
        total = sum(counts.values())
        shares = ", ".join(f"{names[model]} {count / total:.0%}" for model, count in counts.most_common(3))
        lines += [] if lines[-1].startswith("  ·") else ["", "By segment"]
        lines.append(f"  · {show_text(segment, _LONGEST)} ({total:,}): {shares}")
    return "\n".join(lines)


def _list(heading: str, rows: list[tuple[str, int]]) -> list[str]:
    return ["", heading, *(f"  {count:>10,}  {told}" for told, count in rows)] if rows else []
