"""The exit codes of the program."""

from enum import IntEnum

__all__ = ["ExitCode"]


class ExitCode(IntEnum):
    """The exit codes of the program. `docs/cli.md` and the help explain them."""

    ANSWERED = 0
    MISTAKES_FOUND = 1
    WRONG_INPUT = 2
    MISSING_EXTRA = 3
    DISAGREEMENT = 4
    OUTPUT_LOST = 5
