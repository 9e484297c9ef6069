"""The common parts of drawings: the look of boxes and lines, the head of a picture, and the limit on its size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from xml.sax.saxutils import escape
from zlib import crc32

from cxrules.explanation.drawing.argument import Argument, Point, PointKind, Relation, count_layers
from cxrules.explanation.drawing.digest import describe_digest
from cxrules.explanation.drawing.labels import clean

__all__ = [
    "CHARACTER",
    "FAINT",
    "INK",
    "LOOKS",
    "PART",
    "STROKES",
    "frame",
    "open_picture",
    "refuse_large",
    "span",
]

CHARACTER = 6.8 / 12
"""The mean width of a character in a font of size 1, with a margin for wider fonts."""


class Look(NamedTuple):
    """The look of a kind of node."""

    width: int
    fill: str
    stroke: str
    corner: int


class Frame(NamedTuple):
    """The fill and outline of one node's box, with its dashes as an attribute."""

    fill: str
    stroke: str
    dashing: str


class Stroke(NamedTuple):
    """The look of a kind of edge, and its name in the legend. Kinds differ in more than colour."""

    colour: str
    dashes: str
    width: float
    says: str

    @property
    def dashing(self) -> str:
        """The attribute that dashes the line; empty if it is solid."""
        return f' stroke-dasharray="{self.dashes}"' if self.dashes else ""


LOOKS = {
    PointKind.FACT: Look(200, "#e8f1fc", "#0b5cad", 4),
    PointKind.RULE: Look(256, "#ffffff", "#57606a", 4),
    PointKind.FINDING: Look(200, "#fff6dc", "#8a5a00", 16),
    PointKind.MODEL: Look(190, "#f1f3f5", "#24292f", 4),
}
WINNER = "#dcf3e2"
STROKES = {
    Relation.PREMISE: Stroke("#6e7781", "", 1.2, "leads to"),
    Relation.ESTABLISHES: Stroke("#6e7781", "", 1.2, "leads to"),
    Relation.REQUIRED: Stroke("#0b5cad", "", 1.6, "is required, and met"),
    Relation.LACKING: Stroke("#6e7781", "1 4", 1.6, "is required, and not established"),
    Relation.PREFERS: Stroke("#6639ba", "", 1.6, "puts before another"),
    Relation.FOR: Stroke("#116329", "", 1.6, "speaks for"),
    Relation.AGAINST: Stroke("#b35900", "7 4", 1.6, "speaks against"),
    Relation.SETS_ASIDE: Stroke("#6639ba", "2 3", 2.0, "ranks below another"),
    Relation.EXCLUDES: Stroke("#a40e26", "10 3 2 3", 2.0, "rules out"),
}
FAINT = "#57606a"
INK = "#1f2328"
DISSENT = "#b35900"
PART = "The drawing shows the deciding reasons and the strongest objections: {shown} of {whole} boxes."

MOST_POINTS = 500
MOST_LAYERS = 40
"""Anything larger would be unreadable and take minutes to lay out."""


def refuse_large(argument: Argument) -> Argument:
    """Return an argument, or a substitute if it is too large to draw."""
    if len(argument.points) <= MOST_POINTS and count_layers(argument) <= MOST_LAYERS:
        return argument
    size = f"The argument has {len(argument.points)} boxes in {count_layers(argument)} layers"
    told = f"{size}, too many to draw. `why()` has it as data and as an outline."
    return Argument(argument.title, (Point("finding:too_large", PointKind.FINDING, told),), (), {})


def open_picture(argument: Argument, width: int, height: int, font: int) -> Iterator[str]:
    """Begin an SVG document: its title, its description in words, and its background."""
    title, description = escape(clean(argument.title)), escape(clean(describe_digest(argument)))
    name = f"cxrules-{crc32(f'{width} {description}'.encode()):08x}"  # there may be several drawings on one page
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-labelledby="{name}-title {name}-desc" '
        f'font-family="Helvetica, Arial, sans-serif" font-size="{font}" fill="{INK}">'
    )
    yield f'<title id="{name}-title">{title}</title>'
    yield f'<desc id="{name}-desc">{description}</desc>'
    yield f'<rect width="{width}" height="{height}" fill="#ffffff"/>'


def frame(point: Point) -> Frame:
    """Return the look of a node's box."""
    look = LOOKS[point.kind]
    fill = WINNER if point.kind is PointKind.MODEL and point.deciding else look.fill
    if point.dissent:
        return Frame(fill, DISSENT, ' stroke-dasharray="5 3"')
    if point.kind is PointKind.FINDING and point.faint:
        return Frame(fill, FAINT, ' stroke-dasharray="1 3"')
    return Frame(fill, look.stroke, "")


def span(line: str, x: float, y: float, style: str) -> str:
    """Write a line of text."""
    return f'<text x="{x:.1f}" y="{y:.1f}"{style}>{escape(clean(line))}</text>'
