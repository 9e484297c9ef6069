"""Graphs as text: DOT for Graphviz, and Mermaid."""

from __future__ import annotations

from typing import TypeAlias

import networkx as nx

from cxrules.explanation.drawing.labels import clean
from cxrules.explanation.drawing.mermaid import Arrow, Shape, flowchart

__all__ = ["to_dot", "to_mermaid"]

_Graph: TypeAlias = "nx.DiGraph[str] | nx.MultiDiGraph[str]"

_DOT_SHAPES = {
    "fact": "box",
    "rule": "box",
    "finding": "ellipse",
    "model": "box3d",
    "claim": "note",
    "source": "folder",
}
_UNSAID = frozenset({"premise", "establishes", "tests", "finding", "says", "because"})
"""Relations that are obvious from the ends of an edge."""


def to_dot(graph: _Graph) -> str:
    """Write a graph in the DOT language.

    Returns:
        A digraph from left to right; the same graph gives the same text.
    """
    lines = ["digraph cxrules {", "  rankdir=LR;", '  node [fontname="Helvetica"];']
    for name, attributes in graph.nodes(data=True):
        shape = _DOT_SHAPES.get(attributes["kind"], "box")
        lines.append(f"  {_quote(name)} [shape={shape}, label={_quote(attributes['label'])}];")
    for tail, head, relation in _edges(graph):
        label = f" [label={_quote(relation.replace('_', ' '))}]" if relation not in _UNSAID else ""
        lines.append(f"  {_quote(tail)} -> {_quote(head)}{label};")
    return "\n".join([*lines, "}"])


def to_mermaid(graph: _Graph) -> str:
    """Write a graph as a Mermaid flowchart.

    Returns:
        A flowchart from left to right; the same graph gives the same text.
    """
    shapes = [Shape(name, attributes["kind"], attributes["label"]) for name, attributes in graph.nodes(data=True)]
    arrows = [
        Arrow(tail, head, "" if relation in _UNSAID else relation.replace("_", " "))
        for tail, head, relation in _edges(graph)
    ]
    return flowchart(shapes, arrows)


def _edges(graph: _Graph) -> list[tuple[str, str, str]]:
    return [(tail, head, attributes["relation"]) for tail, head, attributes in graph.edges(data=True)]


def _quote(text: str) -> str:
    escaped = clean(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
