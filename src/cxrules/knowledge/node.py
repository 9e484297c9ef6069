"""A value of a file and where it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from cxrules.errors import Location

__all__ = ["DEEPEST", "Content", "Node", "Plain", "wrap_plain"]

DEEPEST: Final = 40
"""How deeply values may be nested."""

Content: TypeAlias = "str | bool | int | float | list[Node] | dict[str, Node]"
Plain: TypeAlias = Any  # scalars, lists and mappings by name


@dataclass(slots=True)
class Node:
    """A value of a file and where it stands.

    Attributes:
        content: A scalar, a list of nodes, or nodes by key.
        file: The file as the user named it.
        line: The line, from 1; 0 when it comes from no file.
        column: The column, from 1.
        keys: For a mapping the line and column of every key.
    """

    content: Content
    file: str
    line: int = 0
    column: int = 0
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)

    def get(self, step: str | int) -> Node | None:
        """Return the node under a key or at a position."""
        if isinstance(self.content, dict):
            return self.content.get(str(step))
        if isinstance(self.content, list) and isinstance(step, int) and 0 <= step < len(self.content):
            return self.content[step]
        return None

    def plain(self) -> Plain:
        """Return the plain value."""
        if isinstance(self.content, dict):
            return {key: node.plain() for key, node in self.content.items()}
        if isinstance(self.content, list):
            return [node.plain() for node in self.content]
        return self.content

    def locate(self, path: Sequence[str | int] = (), *, key: bool = False, within: tuple[str, ...] = ()) -> Location:
        """Describe where something is.

        Steps of the path that lead nowhere are skipped, so the place is the nearest one known. `key` means the
        last key and not its value; `within` is the path to this node.
        """
        node, line, column, trail = self, self.line, self.column, list(within)
        for index, step in enumerate(path):
            below = node.get(step)
            if below is None:
                continue
            trail.append(str(step))
            line, column = below.line, below.column
            if key and index == len(path) - 1 and str(step) in node.keys:
                line, column = node.keys[str(step)]
            node = below
        return Location(self.file, line, column, tuple(trail))


def wrap_plain(plain: Plain, file: str) -> Node:
    """Make nodes from plain data that comes from no file."""
    if isinstance(plain, Mapping):
        return Node({key: wrap_plain(value, file) for key, value in plain.items()}, file)
    if isinstance(plain, list | tuple):
        return Node([wrap_plain(value, file) for value in plain], file)
    return Node(plain, file)
