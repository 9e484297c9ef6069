"""`cxrules schema`: JSON Schemas for editors, with the facts, values and names of one rule base."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from cxrules.cli.shared import OnTop, fail, mistakes_end_it, open_rulebase
from cxrules.errors import show_text

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(schema)


def schema(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FOLDER]...", show_default=False, help="A rule base; the built-in one when left out."),
    ] = None,
    on_top: OnTop = False,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="DIR", help="The folder for the schemas; it is created if necessary."),
    ] = Path("schemas"),
) -> None:
    """Write JSON Schemas with which an editor completes facts and values, explains them and marks mistakes.

    There is one for each kind of file of a rule base, and one for organisation files. They contain the names of this
    rule base, so write them again when names are added. Put the line that is printed for each kind at the top of your
    files, and an editor with a YAML language server will use the schema.
    """
    with mistakes_end_it():
        rulebase = open_rulebase(paths, on_top)
    from cxrules.knowledge.vocabulary_schema import header, write_vocabulary_schemas

    try:
        written = write_vocabulary_schemas(rulebase, output)
    except OSError as error:
        fail(f"{output}: {error.strerror or error}")
    beside = next((path if path.is_dir() else path.parent for path in paths or ()), Path())
    shown, folder = show_text(str(output)), show_text(str(beside))
    typer.echo(f"Wrote {len(written)} schemas to {shown}. First line of a file in {folder}, by kind:")
    typer.echo()
    for kind, path in written.items():
        typer.echo(f"  {kind:13}{show_text(header(Path(os.path.relpath(path, beside)).as_posix()))}")
