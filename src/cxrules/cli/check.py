"""`cxrules check`: whether a rule base is free of mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cxrules.cli.exit_codes import ExitCode
from cxrules.cli.shared import OnTop, count, open_rulebase, show_mistakes

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(check)


def check(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", show_default=False, help="Folders or files of one rule base.")
    ],
    on_top: OnTop = False,
) -> None:
    """Look for mistakes in the files of a rule base.

    Every mistake is reported as file:line:column. docs/diagnostics.md lists what can be reported.
    """
    from cxrules.errors import InvalidKnowledge

    try:
        rulebase = open_rulebase(paths, on_top)
    except InvalidKnowledge as error:
        show_mistakes(error, to_stderr=False)
        raise typer.Exit(ExitCode.MISTAKES_FOUND) from None
    sizes = [
        count(len(rulebase.rules), "rule"),
        count(len(rulebase.claims), "claim"),
        count(len(rulebase.vocabulary.facts), "fact"),
        count(len(rulebase.models), "model"),
    ]
    typer.echo(f"No mistakes: {rulebase.name} has {', '.join(sizes[:-1])} and {sizes[-1]}.")
    typer.echo(f"Revision {rulebase.revision}")
