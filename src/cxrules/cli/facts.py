"""`cxrules facts`: what can be said about an organisation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cxrules.cli.shared import AsJson, OnTop, Rules, demand_known, hang, mistakes_end_it, open_rulebase, write_parts

if TYPE_CHECKING:
    from cxrules.language.facts import Fact

__all__ = ["register"]

_TAKES = {
    "ordered": "one of, from least to most:",
    "choice": "one of:",
    "flag": "true or false:",
    "percent": "a number from 0 to 100",
    "set": "a list of any of:",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(facts)


def facts(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FACT]...", show_default=False, help="Only these facts; all when left out."),
    ] = None,
    rules: Rules = None,
    on_top: OnTop = False,
    json: AsJson = False,
) -> None:
    """List the facts: for each its question and the values it takes."""
    with mistakes_end_it():
        rulebase = open_rulebase(rules, on_top)
    vocabulary = rulebase.vocabulary
    for name in names or ():
        demand_known("fact", name, vocabulary.facts)
    if json:
        write_parts(rulebase, "facts", names or vocabulary.facts)
        return
    typer.echo("\n\n".join(_describe(vocabulary[name]) for name in names or vocabulary.facts))


def _describe(fact: Fact) -> str:
    lines = [fact.name, hang("  ", fact.question), f"  {_TAKES[fact.kind]}"]
    longest = max(map(len, fact.names), default=0)
    lines += [hang(f"    {value.name:{longest}}  ", value.label) for value in fact.values]
    return "\n".join(lines)
