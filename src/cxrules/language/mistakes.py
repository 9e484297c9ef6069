"""The mistakes that checks of meaning report, and the names they know."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from cxrules.errors import suggest

__all__ = ["KnownNames", "Mistake", "Path"]

Path: TypeAlias = tuple[str | int, ...]
"""A section, the id of an item, and the keys and positions that lead on from there."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong with the meaning of a rule base, whatever its source.

    Attributes:
        code: The kind of mistake, as `knowledge.CODES` lists them.
        path: Where it is.
        message: What is wrong, in one sentence without a full stop.
        hint: How to fix it, or empty.
        key: Whether the last key of the path is wrong, rather than its value.
    """

    code: str
    path: Path
    message: str
    hint: str = ""
    key: bool = False


@dataclass(frozen=True, slots=True)
class KnownNames:
    """The names that exist, including those of items that contain mistakes.

    Attributes:
        known: The names by section.
        lost: Sections with unknown names, because something could not be read.
    """

    known: Mapping[str, Collection[str]]
    lost: Collection[str] = ()

    def knows(self, section: str, name: str) -> bool:
        """Whether a section has an item, or may have it."""
        return name in self.known[section] or section in self.lost

    def demand(self, section: str, noun: str, name: str, path: Path) -> Iterator[Mistake]:
        """Report a name that does not exist."""
        if not self.knows(section, name):
            hint = suggest(name, tuple(self.known[section]))
            yield Mistake(f"unknown-{noun}", path, f"no such {noun}: {name!r}", hint)
