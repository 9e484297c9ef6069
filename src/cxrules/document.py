"""A text as data (sections, paragraphs, lists, outlines, tables), and its printed forms: plain text, Markdown and HTML.

Sentences carry marks around the names of models and the titles of articles, and each printed form renders marks in its
own way. A class that inherits from `Told` describes itself once, as such a text, and gets the forms that notebooks
show.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from cxrules.late import dataclass

__all__ = [
    "Block",
    "Items",
    "Outline",
    "Paragraph",
    "Section",
    "Table",
    "Told",
    "mark_name",
    "mark_title",
    "to_html",
    "to_markdown",
    "to_plain",
    "unmark",
]

# Private-use characters, which no rule base contains: one pair for names, one for titles.
_NAME, _NAME_END, _TITLE, _TITLE_END = "\ue000", "\ue001", "\ue002", "\ue003"
_QUOTES = {_NAME: "“", _NAME_END: "”", _TITLE: "“", _TITLE_END: "”"}
_STARS = {_NAME: "**", _NAME_END: "**", _TITLE: "*", _TITLE_END: "*"}
_TAGS = {_NAME: "<strong>", _NAME_END: "</strong>", _TITLE: "<em>", _TITLE_END: "</em>"}
_SPECIAL = r"([\\`*_\[\]<>#|~&$])"
_MARKER = r"^(?:([-+=])|(\d+)([.)]))"  # what begins a list or underlines a heading, at the start of a line
_MOST_LINES = 60
"""How many lines of an outline or rows of a table a notebook shows."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One or more sentences."""

    text: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list whose entries are one or more sentences, with a line that introduces it."""

    lead: str
    entries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks under a heading; the plain form prints the heading as a line that introduces them."""

    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """Lines with their depths: the first at 0, each at most one deeper than the line before.

    In print, a line deeper than 24 is not indented further but begins with its depth, so that a chain of thousands of
    findings is as long as what it says.
    """

    lines: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under the headings of their columns."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


_DEEPEST = 24
"""The greatest depth that is shown by indentation."""

Block: TypeAlias = Paragraph | Items | Outline | Section | Table


class Told:
    """Base of what can describe itself as a text, for people who read it in a notebook."""

    __slots__ = ()

    def tell(self) -> Sequence[Block]:
        """Return its text as data: blocks, with marks around names and titles."""
        raise NotImplementedError

    def _repr_html_(self) -> str | None:
        """Show it in a notebook."""
        return self._show(to_html)

    def _repr_markdown_(self) -> str | None:
        """Show it wherever Markdown is rendered."""
        return self._show(to_markdown)

    def _show(self, form: Callable[[Iterable[Block]], str]) -> str | None:
        return form(map(_shorten, self.tell()))


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
    return _print_marks(text, _QUOTES)


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

    The outermost headings have the given level.

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
    if isinstance(block, Outline):
        return "".join(_nest(block.lines))
    if isinstance(block, Table):
        head = "".join(f'<th scope="col">{_tag(cell)}</th>' for cell in block.head)
        rows = "".join(f"<tr>{''.join(f'<td>{_tag(cell)}</td>' for cell in row)}</tr>" for row in block.rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return "\n".join([f"<h3>{_tag(block.heading)}</h3>", *(_html(inner) for inner in block.blocks)])


def _nest(lines: Sequence[tuple[int, str]]) -> Iterator[str]:
    """Write an outline as nested lists."""
    open_lists = 0
    for depth, text in lines:
        if depth >= open_lists:
            yield "<ul><li>" * (depth + 1 - open_lists)
        else:
            yield f"</li>{'</ul></li>' * (open_lists - depth - 1)}<li>"
        open_lists = depth + 1
        yield _tag(text)
    yield "</li></ul>" * open_lists


def _shorten(block: Block) -> Block:
    """Return a block with no more lines than a notebook shows; of an outline the deepest go first."""
    if isinstance(block, Table) and len(block.rows) > _MOST_LINES:
        more = (_tell_more(len(block.rows) - _MOST_LINES, "rows"), *[""] * (len(block.head) - 1))
        return Table(block.head, (*block.rows[:_MOST_LINES], more))
    if not isinstance(block, Outline) or len(block.lines) <= _MOST_LINES:
        return block
    deepest, shown = -1, 0
    for depth, count in sorted(Counter(depth for depth, _ in block.lines).items()):
        if shown and shown + count > _MOST_LINES:
            break
        deepest, shown = depth, shown + count
    kept = [line for line in block.lines if line[0] <= deepest][:_MOST_LINES]
    return Outline((*kept, (0, _tell_more(len(block.lines) - len(kept), "lines"))))


def _tell_more(number: int, what: str) -> str:
    return f"… and {number} more {what}; print it to read them all"


def _tag(text: str) -> str:
    from html import escape  # imported here because deciding needs no HTML

    return _print_marks(escape(text, quote=False), _TAGS)


def _plain(block: Block, width: int | None) -> str:
    if isinstance(block, Paragraph):
        return _fill(block.text, width)
    if isinstance(block, Items):
        lines = [_fill(entry, width, "- ") for entry in block.entries]
        return "\n".join([_fill(f"{block.lead}:", width), *lines] if block.lead else lines)
    if isinstance(block, Outline):
        return "\n".join(_indent(depth) + unmark(text) for depth, text in block.lines)
    if isinstance(block, Table):
        cells = [list(map(unmark, row)) for row in (block.head, *block.rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in cells)
    heading = unmark(block.heading)
    return "\n\n".join([f"{heading}\n{'-' * len(heading)}", *(_plain(inner, width) for inner in block.blocks)])


def _indent(depth: int, bullet: str = "") -> str:
    return "  " * min(depth, _DEEPEST) + bullet + (f"({depth}) " if depth > _DEEPEST else "")


def _fill(text: str, width: int | None, bullet: str = "") -> str:
    if width is None:
        return bullet + unmark(text)
    from textwrap import fill

    return fill(
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
    if isinstance(block, Outline):
        return "\n".join(_indent(depth, "- ") + _escape(text) for depth, text in block.lines)
    if isinstance(block, Table):
        lines = [f"| {' | '.join(map(_escape, row))} |" for row in (block.head, *block.rows)]
        return "\n".join([lines[0], "| --- " * len(block.head) + "|", *lines[1:]])
    heading = f"{'#' * level} {_escape(block.heading)}"
    return "\n\n".join([heading, *(_markdown(inner, level + 1) for inner in block.blocks)])


def _escape(text: str) -> str:
    """Write a text so that Markdown reads every character of it as itself."""
    import re

    text = re.sub(_SPECIAL, r"\\\1", " ".join(text.split()))
    return _print_marks(re.sub(_MARKER, r"\2\\\1\3", text), _STARS)


def _print_marks(text: str, marks: Mapping[str, str]) -> str:
    for mark, printed in marks.items():
        text = text.replace(mark, printed)  # a hundred times as fast as `translate`, which looks up every character
    return text
