"""What checks of meaning report, and the names they know."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from cxrules.errors import suggest

__all__ = ["KnownNames", "Mistake", "Path"]

Path: TypeAlias = tuple[str | int, ...]
"""A section, the id of an item, and steps down to what is meant: keys and positions."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something that is wrong with the meaning of a rule base, wherever it comes from.

    Attributes:
        code: The kind of mistake, as `knowledge.CODES` lists them.
        path: Where it is.
        message: What is wrong, in one sentence without a full stop.
        hint: How to fix it, or empty.
        key: Whether the last key of the path is meant, and not its value.
    """

    code: str
    path: Path
    message: str
    hint: str = ""
    key: bool = False


@dataclass(frozen=True, slots=True)
class KnownNames:
    """The names there are, among them those of items that are themselves out of order.

    Attributes:
        known: The names by section.
        lost: Sections of which some names are not known, because something could not be read.
    """

    known: Mapping[str, Collection[str]]
    lost: Collection[str] = ()

    def knows(self, section: str, name: str) -> bool:
        """Whether a section has an item, or may have it."""
        return name in self.known[section] or section in self.lost

    def demand(self, section: str, noun: str, name: str, path: Path) -> Iterator[Mistake]:
        """Report a name that leads nowhere."""
        if not self.knows(section, name):
            hint = suggest(name, tuple(self.known[section]))
            yield Mistake(f"unknown-{noun}", path, f"no such {noun}: {name!r}", hint)
