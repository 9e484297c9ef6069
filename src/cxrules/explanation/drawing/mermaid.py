"""Graphs as Mermaid flowcharts, which many documentation sites and chats render."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from cxrules.explanation.drawing.argument import Argument, Point, PointKind, Relation
from cxrules.explanation.drawing.digest import describe_digest
from cxrules.explanation.drawing.labels import clean
from cxrules.explanation.text.words import upper_first

__all__ = ["Arrow", "Shape", "flowchart", "sketch"]

_SHAPES = {
    "fact": ('["', '"]'),
    "rule": ('["', '"]'),
    "finding": ('(["', '"])'),
    "model": ('[["', '"]]'),
}
_STYLES = {
    "claim": "fill:#f6f0ff,stroke:#6639ba,color:#1f2328",
    "source": "fill:#f6f0ff,stroke:#6639ba,color:#1f2328",
    "accompaniment": "fill:#f1f3f5,stroke:#57606a,color:#1f2328",
    "pattern": "fill:#fff0e6,stroke:#b35900,color:#1f2328",
    "action": "fill:#f1f3f5,stroke:#57606a,color:#1f2328",
    "warning": "fill:#fff0e6,stroke:#b35900,color:#1f2328",
    "fact": "fill:#e8f1fc,stroke:#0b5cad,color:#1f2328",
    "rule": "fill:#ffffff,stroke:#57606a,color:#1f2328",
    "finding": "fill:#fff6dc,stroke:#8a5a00,color:#1f2328",
    "model": "fill:#f1f3f5,stroke:#24292f,color:#1f2328",
    "deciding": "stroke-width:4px",
    "dissent": "stroke:#b35900,stroke-dasharray:5 3",
    "faint": "color:#57606a",
}
_ENTITIES = str.maketrans(
    {"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "`": "#96;", "|": "#124;"}
)


class Shape(NamedTuple):
    """A node: its name, its kind, its text, and further classes that style it."""

    name: str
    kind: str
    label: str
    classes: tuple[str, ...] = ()


class Arrow(NamedTuple):
    """An edge: its ends, its text (empty for none), and the style of its line."""

    tail: str
    head: str
    label: str = ""
    style: str = ""


def flowchart(shapes: Iterable[Shape], arrows: Iterable[Arrow], *, title: str = "", description: str = "") -> str:
    """Write a flowchart from left to right.

    Kinds without a shape are drawn as boxes. Title and description are for readers who cannot see the drawing.

    Examples:
        >>> shapes = [Shape("fact:a", "fact", "It rains"), Shape("rule:b", "rule", "So")]
        >>> print(flowchart(shapes, [Arrow("fact:a", "rule:b")]))
        flowchart LR
          classDef fact fill:#e8f1fc,stroke:#0b5cad,color:#1f2328
          classDef rule fill:#ffffff,stroke:#57606a,color:#1f2328
          n0["It rains"]:::fact
          n1["So"]:::rule
          n0 --> n1
    """
    shapes, arrows = list(shapes), list(arrows)
    numbers = {shape.name: f"n{number}" for number, shape in enumerate(shapes)}
    used = {name for shape in shapes for name in (shape.kind, *shape.classes)}
    lines = ["flowchart LR"]
    lines += [f"  {key}: {_write_text(text)}" for key, text in (("accTitle", title), ("accDescr", description)) if text]
    lines += [f"  classDef {name} {style}" for name, style in _STYLES.items() if name in used]
    for shape in shapes:
        left, right = _SHAPES.get(shape.kind, _SHAPES["rule"])
        text = _write_text(shape.label)
        lines.append(f"  {numbers[shape.name]}{left}{text}{right}:::{shape.kind}")
        lines += [f"  class {numbers[shape.name]} {name}" for name in shape.classes]
    for arrow in arrows:
        said = f"|{_write_text(arrow.label)}|" if arrow.label else ""
        lines.append(f"  {numbers[arrow.tail]} -->{said} {numbers[arrow.head]}")
    lines += [f"  linkStyle {number} {arrow.style}" for number, arrow in enumerate(arrows) if arrow.style]
    return "\n".join(lines)


def _write_text(text: str) -> str:
    return re.sub(r"\s+", " ", clean(text)).translate(_ENTITIES)


_SAYS: Mapping[Relation, str] = {
    Relation.REQUIRED: "required",
    Relation.LACKING: "required, not established",
    Relation.PREFERS: "before another",
    Relation.FOR: "for",
    Relation.AGAINST: "against",
    Relation.SETS_ASIDE: "ranks below",
    Relation.EXCLUDES: "rules out",
}
_LINES: Mapping[Relation, str] = {
    Relation.REQUIRED: "stroke:#0b5cad",
    Relation.LACKING: "stroke:#6e7781,stroke-dasharray:1 4",
    Relation.PREFERS: "stroke:#6639ba",
    Relation.FOR: "stroke:#116329",
    Relation.AGAINST: "stroke:#b35900,stroke-dasharray:7 4",
    Relation.SETS_ASIDE: "stroke:#6639ba,stroke-dasharray:2 3",
    Relation.EXCLUDES: "stroke:#a40e26,stroke-dasharray:10 3 2 3",
}


def sketch(argument: Argument) -> str:
    """Write an argument as a flowchart, with the deciding path in heavy lines."""
    arrows = []
    for link in argument.links:
        styles = [_LINES.get(link.relation, ""), "stroke-width:4px" if link.deciding else ""]
        arrows.append(Arrow(link.tail, link.head, _SAYS.get(link.relation, ""), ",".join(filter(None, styles))))
    shapes = (_shape(argument, point) for point in argument.points)
    return flowchart(shapes, arrows, title=argument.title, description=describe_digest(argument))


def _shape(argument: Argument, point: Point) -> Shape:
    label = upper_first(point.label)
    if point.kind is PointKind.RULE:
        label = f"{label} ({argument.sources[point.source]}, {point.note})"
    elif point.note:
        label = f"{label}: {point.note}"
    classes = tuple(name for name in ("deciding", "dissent", "faint") if getattr(point, name))
    return Shape(point.id, point.kind, label, classes)
