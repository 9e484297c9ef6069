"""Draws an argument as SVG, without an external layout program; the same argument gives the same bytes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from cxrules.explanation.drawing.argument import Argument, Link, Point, PointKind, Relation
from cxrules.explanation.drawing.labels import wrap
from cxrules.explanation.drawing.layout import Box, Line, Plan, place_boxes
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
from cxrules.explanation.text.words import upper_first

__all__ = ["draw"]

_MARGIN = 24
_TITLE = 58
_COLUMN_GAP = 76
_FONT = 12
_LEADING = 15
_PADDING = 8
_PORT = 11.0
_LEGEND = 260


_NOTE = (
    "Heavy lines mark what decides: without it the outcome would be poorer. Facts that bear on no model are left out."
)


def draw(argument: Argument) -> str:
    """Draw an argument from left to right, as wide as necessary.

    Returns:
        An SVG document.
    """
    argument = refuse_large(argument)
    incoming: dict[str, int] = defaultdict(int)
    for link in argument.links:
        incoming[link.head] += 1
    texts = {point.id: _BoxText(point) for point in argument.points}
    boxes = [_make_box(point, texts[point.id], incoming[point.id]) for point in argument.points]
    lines = [_make_line(link) for link in argument.links]
    plan = place_boxes(boxes, lines, column_gap=_COLUMN_GAP)
    legend = list(_draw_legend(argument, plan))
    width = round(max(plan.width, 780) + 2 * _MARGIN)
    height = round(_TITLE + plan.height + _MARGIN + _LEADING * (len(argument.sources) + 8) + _MARGIN)
    parts = [
        *open_picture(argument, width, height, _FONT),
        f"<defs>{''.join(_draw_arrowheads())}</defs>",
        span(argument.title, _MARGIN, 36, ' font-size="20" font-weight="bold"'),
        f'<g transform="translate({_MARGIN} {_TITLE})">',
        *_draw_links(argument, plan),
        *(_draw_point(point, plan.boxes[point.id], texts[point.id]) for point in argument.points),
        "</g>",
        *legend,
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


class _BoxText:
    """The lines of a node's text."""

    def __init__(self, point: Point) -> None:
        room = int((LOOKS[point.kind].width - 2 * _PADDING) / (_FONT * CHARACTER))
        label = upper_first(point.label)
        bold = point.kind is PointKind.MODEL
        self.label = wrap(label, int(room / 1.1) if bold else room, break_on_hyphens=False)
        note = f"{point.source}, {point.note}" if point.source else point.note
        note += "; disagrees" if point.dissent else ""
        self.note = wrap(note, room)

    @property
    def height(self) -> int:
        return 2 * _PADDING + _LEADING * (len(self.label) + len(self.note)) - 2


def _make_box(point: Point, text: _BoxText, incoming: int) -> Box:
    is_model = point.kind is PointKind.MODEL
    height = max(text.height, _PORT * (incoming + 1)) if is_model else text.height
    return Box(point.id, LOOKS[point.kind].width, height, fixed=is_model)


def _make_line(link: Link) -> Line:
    return Line(link.tail, link.head, f"{link.relation}{link.deciding}", 4.0 if link.deciding else 1.0)


def _draw_links(argument: Argument, plan: Plan) -> Iterator[str]:
    ports = _assign_ports(plan)
    pairs = list(zip(argument.links, plan.lines, strict=True))
    # The deciding path is on top.
    for link, line in sorted(pairs, key=lambda pair: pair[0].deciding):
        stroke = STROKES[link.relation]
        width, opacity = (3.4, 1.0) if link.deciding else (stroke.width, 0.75)
        yield (
            f'<path d="{_trace(line, plan, ports[line.tail, line.head])}" fill="none" stroke="{stroke.colour}" '
            f'stroke-width="{width}" stroke-opacity="{opacity}"{stroke.dashing} '
            f'marker-end="url(#{_arrow(link.relation)})"/>'
        )


def _assign_ports(plan: Plan) -> dict[tuple[str, str], float]:
    """Return the height at which each line enters its box: at models one below another, elsewhere in the middle."""
    entering: dict[str, list[Line]] = defaultdict(list)
    for line in plan.lines:
        entering[line.head].append(line)
    ports = {}
    for head, lines in entering.items():
        box = plan.boxes[head]
        lines.sort(key=lambda line: (line.through[-1] if line.through else plan.boxes[line.tail]).middle)
        room = box.height / (len(lines) + 1) if box.fixed else 0.0
        for place, line in enumerate(lines, start=1):
            ports[line.tail, head] = box.y + place * room if box.fixed else box.middle
    return ports


def _trace(line: Line, plan: Plan, port: float) -> str:
    tail, head = plan.boxes[line.tail], plan.boxes[line.head]
    x, y = tail.x + tail.width, tail.middle
    path = [f"M{x:.1f} {y:.1f}"]
    for lane in line.through:
        path.append(_bend(x, y, lane.x, lane.middle))
        x, y = lane.x + lane.width, lane.middle
        path.append(f"H{x:.1f}")
    path.append(_bend(x, y, head.x - 7, port))
    return " ".join(path)


def _bend(x: float, y: float, to_x: float, to_y: float) -> str:
    reach = (to_x - x) / 2
    return f"C{x + reach:.1f} {y:.1f} {to_x - reach:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"


def _arrow(relation: Relation) -> str:
    return f"cxrules-{relation.replace('_', '-')}"


def _draw_arrowheads() -> Iterator[str]:
    for relation, stroke in STROKES.items():
        # Exclusions end in a bar and contrary evidence in a hollow head, because colour alone must not carry meaning.
        if relation is Relation.EXCLUDES:
            shape = f'<path d="M2 0 V10 M6 0 V10" stroke="{stroke.colour}" stroke-width="2.4"/>'
        elif relation in (Relation.AGAINST, Relation.SETS_ASIDE):
            shape = f'<path d="M0.7 1 L9 5 L0.7 9 z" fill="#ffffff" stroke="{stroke.colour}" stroke-width="1.4"/>'
        else:
            shape = f'<path d="M0 0 L10 5 L0 10 z" fill="{stroke.colour}"/>'
        yield (
            f'<marker id="{_arrow(relation)}" viewBox="0 0 10 10" refX="2" refY="5" markerWidth="9" markerHeight="9" '
            f'markerUnits="userSpaceOnUse" orient="auto">{shape}</marker>'
        )


def _draw_point(point: Point, box: Box, text: _BoxText) -> str:
    fill, stroke, dashing = frame(point)
    width = 3.4 if point.deciding else 1.8 if point.dissent else 1.2
    ink = FAINT if point.faint else INK
    weight = ' font-weight="bold"' if point.kind is PointKind.MODEL else ""
    lines = len(text.label) + len(text.note)
    y = box.middle - lines * _LEADING / 2 + _FONT - 1
    spans = [span(line, box.x + _PADDING, y + place * _LEADING, weight) for place, line in enumerate(text.label)]
    y += len(text.label) * _LEADING
    slant = f' fill="{FAINT}" font-size="11"'
    spans += [span(line, box.x + _PADDING, y + place * _LEADING, slant) for place, line in enumerate(text.note)]
    return (
        f'<g fill="{ink}"><rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.0f}" height="{box.height:.1f}" '
        f'rx="{LOOKS[point.kind].corner}" fill="{fill}" stroke="{stroke}" stroke-width="{width}"{dashing}/>'
        f"{''.join(spans)}</g>"
    )


def _draw_legend(argument: Argument, plan: Plan) -> Iterator[str]:
    top = _TITLE + plan.height + _MARGIN + _LEADING
    used = {STROKES[link.relation].says: link.relation for link in argument.links}
    shown = [relation for relation in Relation if used.get(STROKES[relation].says) is relation]
    for place, relation in enumerate(shown):
        stroke = STROKES[relation]
        x, y = _MARGIN + (place % 3) * _LEGEND, top + (place // 3) * (_LEADING + 4)
        yield (
            f'<path d="M{x} {y - 4:.1f} h34" stroke="{stroke.colour}" stroke-width="{stroke.width}"{stroke.dashing} '
            f'marker-end="url(#{_arrow(relation)})"/>'
        )
        yield span(stroke.says, x + 48, y, "")
    y = top + (1 + (len(shown) - 1) // 3) * (_LEADING + 4)
    yield span(_NOTE, _MARGIN, y, "")
    if argument.whole:
        y += _LEADING
        yield span(PART.format(shown=len(argument.points), whole=argument.whole), _MARGIN, y, "")
    for place, (source, title) in enumerate(argument.sources.items(), start=1):
        yield span(f"{source}: {title}", _MARGIN, y + place * _LEADING, f' fill="{FAINT}"')
