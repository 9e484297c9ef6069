"""A text as data (sections, paragraphs, lists), and its printed forms: plain text, Markdown and HTML.

Words are put together with marks around the names of models and the titles of articles; each printed form renders
marks in its own way.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import TypeAlias

__all__ = [
    "Block",
    "Items",
    "Paragraph",
    "Section",
    "mark_name",
    "mark_title",
    "to_html",
    "to_markdown",
    "to_plain",
    "unmark",
]

# Private-use characters, which no rule base writes: around a name, and around a title.
_NAME, _NAME_END, _TITLE, _TITLE_END = "\ue000", "\ue001", "\ue002", "\ue003"
_QUOTES = str.maketrans({_NAME: "“", _NAME_END: "”", _TITLE: "“", _TITLE_END: "”"})
_STARS = str.maketrans({_NAME: "**", _NAME_END: "**", _TITLE: "*", _TITLE_END: "*"})
_TAGS = str.maketrans({_NAME: "<strong>", _NAME_END: "</strong>", _TITLE: "<em>", _TITLE_END: "</em>"})
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~])")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One or more sentences."""

    text: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list, each entry one or more sentences, after a line that leads to it."""

    lead: str
    entries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks under a heading; the plain form reads the heading as a line that leads to them."""

    heading: str
    blocks: tuple[Block, ...]


Block: TypeAlias = Paragraph | Items | Section


def mark_name(name: str) -> str:
    """Mark the name of a model."""
    return f"{_NAME}{name}{_NAME_END}"


def mark_title(title: str) -> str:
    """Mark the title of an article."""
    return f"{_TITLE}{title}{_TITLE_END}"


def unmark(text: str) -> str:
    """Print marked words as plain text, on one line.

    Examples:
        >>> unmark(f"It is {mark_name('Sales')}.")
        'It is “Sales”.'
    """
    return text.translate(_QUOTES)


def to_plain(blocks: Iterable[Block], width: int | None = None) -> str:
    """Print as plain text.

    With a width of None every paragraph and entry stays on one line.

    Examples:
        >>> print(to_plain([Paragraph("One."), Items("Two", ("Three.",))]))
        One.
        <BLANKLINE>
        Two:
        - Three.
    """
    return "\n\n".join(_plain(block, width) for block in blocks)


def to_markdown(blocks: Iterable[Block], level: int = 2) -> str:
    """Print as Markdown.

    The outermost headings have the level given.

    Examples:
        >>> print(to_markdown([Section("Why", (Paragraph(f"It is {mark_name('Sales')}."),))]))
        ## Why
        <BLANKLINE>
        It is **Sales**.
    """
    return "\n\n".join(_markdown(block, level) for block in blocks)


def to_html(blocks: Iterable[Block]) -> str:
    """Print as HTML, for notebooks.

    Examples:
        >>> to_html([Paragraph(f"It is {mark_name('Sales')} & so on.")])
        '<p>It is <strong>Sales</strong> &amp; so on.</p>'
    """
    return "\n".join(_html(block) for block in blocks)


def _html(block: Block) -> str:
    if isinstance(block, Paragraph):
        return f"<p>{_tag(block.text)}</p>"
    if isinstance(block, Items):
        entries = "".join(f"<li>{_tag(entry)}</li>" for entry in block.entries)
        return f"<p>{_tag(block.lead)}:</p><ul>{entries}</ul>" if block.lead else f"<ul>{entries}</ul>"
    return "\n".join([f"<h3>{_tag(block.heading)}</h3>", *(_html(inner) for inner in block.blocks)])


def _tag(text: str) -> str:
    return escape(text, quote=False).translate(_TAGS)


def _plain(block: Block, width: int | None) -> str:
    if isinstance(block, Paragraph):
        return _fill(block.text, width)
    if isinstance(block, Items):
        lines = [_fill(entry, width, "- ") for entry in block.entries]
        return "\n".join([_fill(f"{block.lead}:", width), *lines] if block.lead else lines)
    heading = unmark(block.heading)
    return "\n\n".join([f"{heading}\n{'-' * len(heading)}", *(_plain(inner, width) for inner in block.blocks)])


def _fill(text: str, width: int | None, bullet: str = "") -> str:
    if width is None:
        return bullet + unmark(text)
    return textwrap.fill(
        unmark(text),
        width,
        initial_indent=bullet,
        subsequent_indent=" " * len(bullet),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _markdown(block: Block, level: int) -> str:
    if isinstance(block, Paragraph):
        return _escape(block.text)
    if isinstance(block, Items):
        entries = "\n".join(f"- {_escape(entry)}" for entry in block.entries)
        return f"{_escape(block.lead)}:\n\n{entries}" if block.lead else entries
    heading = f"{'#' * level} {_escape(block.heading)}"
    return "\n\n".join([heading, *(_markdown(inner, level + 1) for inner in block.blocks)])


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text).translate(_STARS)
