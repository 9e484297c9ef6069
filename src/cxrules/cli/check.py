"""`cxrules check`: whether a rule base is free of mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cxrules.cli.shared import OnTop, in_digits, open_rulebase, show_mistakes
from cxrules.cli.terminal.exit_codes import ExitCode
from cxrules.cli.terminal.formats import Format, Message, as_github, as_json, as_sarif, of_diagnostic

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(check)


def check(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", show_default=False, help="Folders or files of one rule base.")
    ],
    on_top: OnTop = False,
    form: Annotated[
        Format, typer.Option("--format", help="For people, for programs, for GitHub Actions, or as SARIF 2.1.0.")
    ] = Format.TEXT,
) -> None:
    """Look for mistakes in the files of a rule base.

    Every mistake is reported as file:line:column. docs/diagnostics.md lists what can be reported. If the text of an
    article is next to the rule base, the fingerprints of its claims are compared with it.
    """
    from cxrules.errors import InvalidKnowledge
    from cxrules.knowledge.fingerprints import find_wrong_fingerprints

    try:
        rulebase = open_rulebase(paths, on_top)
        if wrong := list(find_wrong_fingerprints(rulebase, paths)):
            raise InvalidKnowledge(wrong)
    except InvalidKnowledge as error:
        if form is Format.TEXT:
            show_mistakes(error, to_stderr=False)
        else:
            _write(form, [of_diagnostic(found) for found in error.diagnostics])
        raise typer.Exit(ExitCode.MISTAKES_FOUND) from None
    if form is not Format.TEXT:
        _write(form, [], revision=rulebase.revision)
        return
    sizes = [
        in_digits(len(rulebase.rules), "rule"),
        in_digits(len(rulebase.claims), "claim"),
        in_digits(len(rulebase.vocabulary.facts), "fact"),
        in_digits(len(rulebase.models), "model"),
    ]
    typer.echo(f"No mistakes: {rulebase.name} has {', '.join(sizes[:-1])} and {sizes[-1]}.")
    typer.echo(f"Revision {rulebase.revision}")


def _write(form: Format, messages: list[Message], **rest: object) -> None:
    from cxrules.knowledge import CODES
    from cxrules.knowledge.fingerprints import WRONG_FINGERPRINT

    if form is Format.JSON:
        text = as_json(messages, ok=not messages, **rest)
    elif form is Format.GITHUB:
        text = as_github(messages)
    else:
        text = as_sarif(messages, {**CODES, **WRONG_FINGERPRINT})
    typer.echo(text, nl=False)
