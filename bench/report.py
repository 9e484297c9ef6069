"""The report of a measurement: Markdown, and the targets with which it was compared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import fill

__all__ = ["Section", "Target", "fold", "read_targets", "show_microseconds", "table", "write_targets"]


@dataclass(frozen=True)
class Target:
    """Something that was asked for, and what came out.

    Attributes:
        what: What is measured.
        asked: The bound in words, such as "at most 50 µs".
        measured: The value in words.
        holds: Whether it is met.
    """

    what: str
    asked: str
    measured: str
    holds: bool

    @classmethod
    def at_most(cls, what: str, measured: float, bound: float, unit: str) -> Target:
        """Compare a value with an upper bound."""
        return cls(what, f"at most {bound:g} {unit}", f"{measured:.3g} {unit}", measured <= bound)

    @classmethod
    def at_least(cls, what: str, measured: float, bound: float, unit: str) -> Target:
        """Compare a value with a lower bound."""
        return cls(what, f"at least {bound:g} {unit}", f"{measured:.3g} {unit}", measured >= bound)


def write_targets(targets: Iterable[Target]) -> str:
    """Write targets as the last lines of what a program prints.

    Examples:
        >>> print(write_targets([Target.at_most("answering", 3.14159, 3, "s")]))
        MISSED  answering: 3.14 s, at most 3 s
    """
    return "\n".join(
        f"{'met' if each.holds else 'MISSED':<8}{each.what}: {each.measured}, {each.asked}" for each in targets
    )


def read_targets(lines: Sequence[str]) -> tuple[list[str], list[Target]]:
    """Split the output of a program into targets and other lines.

    Examples:
        >>> read_targets(["It takes long.", "MISSED  answering: 3.14 s, at most 3 s"])[1][0].measured
        '3.14 s'
    """
    found = [re.fullmatch(r"(met|MISSED) +(.*): (.*), (at (?:most|least) .*)", line) for line in lines]
    targets = [Target(match[2], match[4], match[3], match[1] == "met") for match in found if match]
    return [line for line, match in zip(lines, found, strict=True) if not match], targets


@dataclass(frozen=True)
class Section:
    """One section of docs/benchmarks.md: a heading, its Markdown, and its targets."""

    title: str
    text: str
    targets: tuple[Target, ...] = ()


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; columns other than the first are right-aligned if their heads end in a colon."""
    rule = ["---:" if cell.endswith(":") else "---" for cell in head]
    lines = [[cell.rstrip(":") for cell in head], rule, *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def fold(text: str) -> str:
    """Refold the lines of one paragraph."""
    return fill(" ".join(text.split()), 120, break_long_words=False, break_on_hyphens=False)


def show_microseconds(value: float) -> str:
    """Show a time with three significant digits, or with all digits before the point.

    Examples:
        >>> show_microseconds(6.7031), show_microseconds(31.25), show_microseconds(20413.7)
        ('6.70', '31.2', '20,414')
    """
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
