"""The program: all commands together, and how it ends."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated

import typer

from cxrules.cli.terminal.commands import refuse_repeated
from cxrules.cli.terminal.exit_codes import ExitCode

__all__ = ["MODULES", "make_app", "run"]

MODULES = (
    "recommend",
    "table",
    "consult",
    "facts",
    "rules",
    "claims",
    "check",
    "test",
    "schema",
    "log",
    "verify",
    "serve",
)
"""The modules of the commands, in the order of the help. Each loads what it needs when it runs."""

_HELP = """Infer who should own Customer Experience in an organisation, and defend it.

Where a command takes rule bases, --rules names folders or files of your own; with --on-top they extend the
built-in rule base."""

_EPILOG = """\b
Exit codes:
  0  answered, an undetermined recommendation included
  1  a command that looks for mistakes or differences found some
  2  the arguments or the input are wrong
  3  something is needed that is not installed
  4  verify or diff: solver and engine disagree, so nothing is proved
  5  the output cannot be written
130  stopped by Ctrl-C; 143: asked to terminate; 129: the terminal was closed"""


def make_app() -> typer.Typer:
    """Make the command line."""
    app = typer.Typer(
        name="cxrules",
        help=_HELP,
        epilog=_EPILOG,
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_begin)
    for name in MODULES:
        import_module(f"cxrules.cli.{name}").register(app)
    refuse_repeated(app)
    return app


def run() -> None:
    """Run the command that the arguments of the process name, and end the process."""
    make_app()()


def _show_version(asked: bool) -> None:
    if asked:
        from cxrules.rulebase import RuleBase
        from cxrules.version import __version__

        rulebase = RuleBase.builtin()
        typer.echo(f"cxrules {__version__}, rule base {rulebase.name} of revision {rulebase.revision[:12]}")
        raise typer.Exit(ExitCode.ANSWERED)


def _begin(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """The program without a command."""
