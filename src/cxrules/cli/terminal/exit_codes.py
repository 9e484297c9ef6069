"""How the program ends."""

from enum import IntEnum

__all__ = ["ExitCode"]


class ExitCode(IntEnum):
    """How the program ends. `docs/cli.md` and the help say what each means."""

    ANSWERED = 0
    MISTAKES_FOUND = 1
    WRONG_INPUT = 2
    MISSING_EXTRA = 3
    DISAGREEMENT = 4
    OUTPUT_LOST = 5
