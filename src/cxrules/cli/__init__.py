"""The command line `cxrules`.

    app                the commands together: help, version
    exit_codes         how the program ends
    terminal           standard input and output, signals, progress
    shared             what commands share: options, rule bases, mistakes, the width of the text
    every other module a command or two

A new command is a module with a function `register(app)`, and one line in `app.MODULES`.
"""

from __future__ import annotations

import sys

from cxrules.cli.terminal.exit_codes import ExitCode
from cxrules.cli.terminal.signals import signals_end_it
from cxrules.cli.terminal.streams import doubts_are_lines, whatever_the_streams

__all__ = ["main"]


def main() -> None:
    """Run the command that the arguments of the process name."""
    with signals_end_it(), whatever_the_streams(), doubts_are_lines():
        try:
            from cxrules.cli.app import run
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] == "cxrules":
                raise
            print("cxrules: the command line needs an extra: pip install 'cxrules[cli]'", file=sys.stderr)
            sys.exit(ExitCode.MISSING_EXTRA)
        run()
