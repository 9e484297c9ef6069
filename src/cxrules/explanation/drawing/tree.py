"""Draws an argument from top to bottom in a given width, so that it can be read in a report and on a phone.

Under each model are the rules about it, under each rule whatever it rests on. A rule about several models is repeated
under each, but what it rests on only under the first. Every box says in words how it relates to the one above, so no
legend is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cxrules.arguments import check_count
from cxrules.explanation.drawing.argument import Argument, Link, Point, PointKind, Relation
from cxrules.explanation.drawing.labels import wrap
from cxrules.explanation.drawing.looks import (
    CHARACTER,
    FAINT,
    INK,
    LOOKS,
    PART,
    STROKES,
    frame,
    open_picture,
    refuse_large,
    span,
)
from cxrules.explanation.text.words import count, upper_first

__all__ = ["NARROWEST", "draw_tree"]

NARROWEST = 240
_WIDEST = 100_000
"""In pixels; words would not fit in less."""

_FONT = 14
_SMALL = 12
_LEADING = 18
_PADDING = 8
_MARGIN = 4
_GAP = 8
_DEEPEST = 5
"""The depth from which nothing is drawn further to the right."""

_ORDER = {
    relation: place
    for place, relation in enumerate(
        (
            Relation.FOR,
            Relation.PREFERS,
            Relation.REQUIRED,
            Relation.EXCLUDES,
            Relation.SETS_ASIDE,
            Relation.LACKING,
            Relation.AGAINST,
            Relation.ESTABLISHES,
            Relation.PREMISE,
        )
    )
}
_SAYS = {
    Relation.FOR: "For it, {points}",
    Relation.AGAINST: "Against it, {points}",
    Relation.PREFERS: "Ranks it above another",
    Relation.SETS_ASIDE: "Ranks it below another",
    Relation.EXCLUDES: "Rules it out",
    Relation.REQUIRED: "Required, and met",
    Relation.LACKING: "Required, and not established",
}
_NOTE = "Heavy lines mark what decides. Facts that bear on no model are left out."


@dataclass(slots=True)
class _Row:
    """A box in its place."""

    point: Point
    link: Link | None
    depth: int
    parent: _Row | None
    label: list[str]
    note: list[str]
    x: int
    y: int
    width: int

    @property
    def height(self) -> int:
        return 2 * _PADDING + _LEADING * (len(self.label) + len(self.note)) - 4

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


def draw_tree(argument: Argument, width: int) -> str:
    """Draw an argument with a given width in pixels.

    Returns:
        An SVG document.

    Raises:
        ValueError: If the width is not a whole number from 240 to 100,000.
    """
    width = check_count("the width of a drawing", width, NARROWEST, _WIDEST)
    argument = refuse_large(argument)
    rows = _Tree(argument, width).rows
    y = rows[-1].y + rows[-1].height + 2 * _GAP if rows else _MARGIN
    notes = [_NOTE]
    if argument.whole:
        notes.append(PART.format(shown=len(argument.points), whole=argument.whole))
    lines = [line for note in notes for line in wrap(note, int((width - 2 * _MARGIN) / (_SMALL * CHARACTER)))]
    height = y + _LEADING * len(lines) + _MARGIN
    faint = f' font-size="{_SMALL}" fill="{FAINT}"'
    parts = [
        *open_picture(argument, width, height, _FONT),
        *_draw_lines(rows),
        *map(_draw_row, rows),
        *(span(line, _MARGIN, y + _SMALL + place * _LEADING, faint) for place, line in enumerate(lines)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


class _Tree:
    """Places every box under the one on which it bears."""

    def __init__(self, argument: Argument, width: int) -> None:
        self._argument = argument
        self._width = width
        self._indent = 16 if width < 2 * NARROWEST else 24
        self._points = {point.id: point for point in argument.points}
        self._into: dict[str, list[Link]] = {}
        for link in argument.links:
            self._into.setdefault(link.head, []).append(link)
        self._told: set[str] = set()
        self.rows: list[_Row] = []
        bearing = {link.tail for link in argument.links}
        for point in argument.points:
            if point.id not in bearing:
                self._add(point)

    def _add(self, top: Point) -> None:
        waiting: list[tuple[Point, Link | None, _Row | None]] = [(top, None, None)]
        while waiting:  # and no recursion, since a chain of findings may be long
            point, link, parent = waiting.pop()
            again = point.id in self._told
            row = self._place(point, link, parent, again=again and bool(self._into.get(point.id)))
            self.rows.append(row)
            self._told.add(point.id)
            if not again:
                below = sorted(self._into.get(point.id, ()), key=self._rank)
                waiting += [(self._points[each.tail], each, row) for each in reversed(below)]

    def _rank(self, link: Link) -> tuple[bool, int, bool, int]:
        faint = self._points[link.tail].faint
        return not link.deciding, _ORDER[link.relation], faint, -abs(link.points)

    def _place(self, point: Point, link: Link | None, parent: _Row | None, *, again: bool) -> _Row:
        depth = parent.depth + 1 if parent else 0
        x = _MARGIN + min(depth, _DEEPEST) * self._indent
        width = self._width - _MARGIN - x
        room = (width - 2 * _PADDING) / CHARACTER
        bold = 1.1 if point.kind is PointKind.MODEL else 1.0
        label = wrap(upper_first(point.label), int(room / _FONT / bold), break_on_hyphens=False)
        note = ". ".join(self._list_notes(point, link, again=again))
        last = self.rows[-1] if self.rows else None
        y = last.y + last.height + (_GAP if parent else 2 * _GAP) if last else _MARGIN
        return _Row(point, link, depth, parent, label, wrap(note, int(room / _SMALL)), x, y, width)

    def _list_notes(self, point: Point, link: Link | None, *, again: bool) -> Iterator[str]:
        if link and link.relation in _SAYS:
            yield _SAYS[link.relation].format(points=count(abs(link.points), "point"))
        if point.source:
            yield f"“{self._argument.sources[point.source]}”, {point.note}"
        elif point.note and point.kind is PointKind.MODEL:
            yield upper_first(point.note)
        if point.dissent:
            yield "Disagrees"
        if again:
            yield "See above"


def _draw_lines(rows: list[_Row]) -> Iterator[str]:
    """Draw a trunk from every box down its left side, and to each box under it a branch styled by its relation."""
    trunks: dict[int, tuple[_Row, float, float]] = {}
    for row in rows:
        if row.parent and row.link:
            parent, end, heavy = trunks.get(id(row.parent), (row.parent, 0.0, 0.0))
            trunks[id(parent)] = (parent, max(end, row.middle), max(heavy, row.middle) if row.link.deciding else heavy)
    for parent, end, heavy in trunks.values():
        x, top = _trunk(parent), parent.y + parent.height
        yield f'<path d="M{x} {top} V{end:.1f}" fill="none" stroke="{FAINT}" stroke-width="1.2"/>'
        if heavy:
            yield f'<path d="M{x} {top} V{heavy:.1f}" fill="none" stroke="{FAINT}" stroke-width="3.4"/>'
    for row in rows:
        if row.parent and row.link:
            stroke = STROKES[row.link.relation]
            width = 3.4 if row.link.deciding else stroke.width
            # At the greatest depth the branch comes from the left of its box.
            start = min(_trunk(row.parent), row.x - 6)
            yield (
                f'<path d="M{start} {row.middle:.1f} H{row.x}" fill="none" stroke="{stroke.colour}" '
                f'stroke-width="{width}"{stroke.dashing}/>'
            )


def _trunk(row: _Row) -> int:
    return row.x + 8


def _draw_row(row: _Row) -> str:
    point = row.point
    fill, stroke, dashing = frame(point)
    weight = ' font-weight="bold"' if point.kind is PointKind.MODEL else ""
    x, y = row.x + _PADDING, row.y + _PADDING + _FONT - 3
    spans = [span(line, x, y + place * _LEADING, weight) for place, line in enumerate(row.label)]
    y += len(row.label) * _LEADING
    slight = f' fill="{FAINT}" font-size="{_SMALL}"'
    spans += [span(line, x, y + place * _LEADING, slight) for place, line in enumerate(row.note)]
    return (
        f'<g fill="{FAINT if point.faint else INK}"><rect x="{row.x}" y="{row.y}" width="{row.width}" '
        f'height="{row.height}" rx="{LOOKS[point.kind].corner}" fill="{fill}" stroke="{stroke}" '
        f'stroke-width="{2.6 if point.deciding else 1.2}"{dashing}/>{"".join(spans)}</g>'
    )
