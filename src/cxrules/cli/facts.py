"""`cxrules facts`: the facts that can be stated about an organisation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cxrules.cli.shared import (
    AsJson,
    OnTop,
    Rules,
    demand_known,
    fail,
    hang,
    mistakes_end_it,
    open_rulebase,
    write_parts,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cxrules.language.facts import Fact

__all__ = ["register"]

_TAKES = {
    "ordered": "one of, from least to most:",
    "choice": "one of:",
    "flag": "true or false:",
    "percent": "a number from 0 to 100",
    "set": "a list of any of:",
}
_MAY = {
    "decides": "decides",
    "colours": "adjusts the certainty",
    "advises": "affects actions",
    "warns": "affects warnings",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(facts)


def facts(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FACT]...", show_default=False, help="Only these facts; all when left out."),
    ] = None,
    template: Annotated[
        bool,
        typer.Option("--template", help="Write an organisation file to fill in, with the questions as comments."),
    ] = False,
    rules: Rules = None,
    on_top: OnTop = False,
    json: AsJson = False,
) -> None:
    """List the facts by section, each with its question, its values and its use.

    A fact that decides can choose or rule out a model. The others adjust the certainty of a recommendation, or affect
    only actions and warnings.
    """
    if template and json:
        fail("--template writes YAML, so it cannot be combined with --json")
    with mistakes_end_it():
        rulebase = open_rulebase(rules, on_top)
    vocabulary = rulebase.vocabulary
    demand_known(*(("fact", name, vocabulary.facts) for name in names or ()))
    if json:
        write_parts(rulebase, "facts", names or vocabulary.facts)
        return
    sections: dict[str, list[Fact]] = {}
    for name in names or vocabulary.facts:
        sections.setdefault(vocabulary[name].section or "Questions", []).append(vocabulary[name])
    if template:
        typer.echo("\n".join(_write_template(sections)))
    elif names:
        typer.echo("\n\n".join(_describe(vocabulary[name]) for name in names))
    else:
        parts = [
            f"{title}\n{'-' * len(title)}\n\n" + "\n\n".join(map(_describe, found)) for title, found in sections.items()
        ]
        typer.echo("\n\n\n".join(parts))


def _describe(fact: Fact) -> str:
    lines = [f"{fact.name}  [{_MAY[fact.use]}]", hang("  ", fact.question), f"  {_TAKES[fact.kind]}"]
    longest = max(map(len, fact.names), default=0)
    lines += [hang(f"    {value.name:{longest}}  ", value.label) for value in fact.values]
    return "\n".join(lines)


def _write_template(sections: Mapping[str, Sequence[Fact]]) -> Iterator[str]:
    """Write a file in which every fact is left open; it can be read as it is."""
    from cxrules.language.facts import join_words

    yield "# What is known about an organisation. Fill in what you know and leave the rest empty:"
    yield "# empty is unknown, never no."
    yield "# Then: cxrules recommend FILE"
    yield ""
    yield "facts:"
    for title, found in sections.items():
        yield ""
        yield f"  # ---- {title} ----"
        for fact in found:
            yield ""
            yield _comment(f"{fact.question} [{_MAY[fact.use]}]")
            if fact.help:
                yield _comment(fact.help)
            for premise, values in fact.asked_if:
                yield _comment(f"Only if {premise} is {join_words(values, 'or')}.")
            longest = max(map(len, fact.names), default=0)
            yield f"  #   {_TAKES[fact.kind]}"
            yield from (f"  #     {value.name:{longest}}  {value.label}" for value in fact.values)
            yield f"  {fact.name}:"


def _comment(text: str) -> str:
    return hang("  # ", text).replace("\n    ", "\n  # ")
