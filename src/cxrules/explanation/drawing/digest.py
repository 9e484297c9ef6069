"""An argument at a glance, in about twelve boxes: what decides it and what opposes it most; and the same in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, zip_longest

from cxrules.explanation.drawing.argument import Argument, Link, Point, PointKind, Relation

__all__ = ["MOST_BOXES", "describe_digest", "digest"]

MOST_BOXES = 12
_HOLDING_BACK = (Relation.EXCLUDES, Relation.SETS_ASIDE, Relation.LACKING, Relation.AGAINST)
_SAYS = {
    Relation.REQUIRED: "Required, and met",
    Relation.LACKING: "Required, and not established",
    Relation.PREFERS: "Ranked above another",
    Relation.FOR: "For it",
    Relation.AGAINST: "Against it",
    Relation.SETS_ASIDE: "Ranked below another",
    Relation.EXCLUDES: "Ruled out",
}


def digest(argument: Argument) -> Argument:
    """Return the part of an argument that a reader needs first.

    It contains the reasons that the brief explanation states, and the recommended model with its nearest rival, or the
    two nearest models if none is recommended. Then it adds, in turn, other deciding rules, what speaks for the rival,
    what holds it back, and what speaks against the winner, the strongest first, each with everything it rests on, up to
    twelve boxes. The stated reasons (or the most decisive rule) and the strongest argument for the rival are always
    included, however much they rest on.
    """
    return _Digest(argument).draw()


class _Digest:
    def __init__(self, argument: Argument) -> None:
        self._argument = argument
        self._points = {point.id: point for point in argument.points}
        self._into: dict[str, list[Link]] = {}
        self._onto: dict[str, list[str]] = {}
        for link in argument.links:
            self._into.setdefault(link.head, []).append(link)
            self._onto.setdefault(link.tail, []).append(link.head)
        self._kept: set[str] = set()

    def draw(self) -> Argument:
        models = [point for point in self._argument.points if point.kind is PointKind.MODEL]
        winner = next((model for model in models if model.deciding), None)
        others = [model for model in models if model is not winner]
        supported = [model for model in others if self._choose(model, Relation.FOR)]
        rivals = supported[:1] if winner else (supported[:2] or others[:MOST_BOXES])
        self._kept = {model.id for model in (*([winner] if winner else []), *rivals)}
        for name in self._argument.stated:
            self._keep_stated(name)
        queues = [self._list_decisive(winner)] if winner else []
        for model in rivals:
            queues.append(self._choose(model, Relation.FOR))
            queues.append([link for relation in _HOLDING_BACK for link in self._choose(model, relation)])
        if winner:
            queues.append(self._choose(winner, Relation.AGAINST))
        needed = [queues[0][:1] if winner and not self._argument.stated else []]
        needed += [self._choose(model, Relation.FOR)[:1] for model in rivals if winner]
        for link in chain(*needed):
            self._kept |= self._collect(link.tail)
        for link in filter(None, chain(*zip_longest(*queues))):
            added = self._collect(link.tail) - self._kept
            if len(self._kept) + len(added) <= MOST_BOXES:
                self._kept |= added
        return self._cut()

    def _keep_stated(self, name: str) -> None:
        """Keep a rule with everything it rests on, and a link to a model on which it bears, if possible a drawn one."""
        ways: dict[str, str] = {name: ""}
        waiting = [name]
        for reached in waiting:
            for head in self._onto.get(reached, ()):
                if head not in ways:
                    ways[head] = reached
                    waiting.append(head)
        models = [each for each in waiting if self._points[each].kind is PointKind.MODEL]
        model = next((each for each in models if each in self._kept), models[0])
        self._kept |= {model} | self._collect(ways[model])

    def _choose(self, model: Point, relation: Relation) -> list[Link]:
        """Return the rules with this relation to a model: deciding ones first, then by points, general ones last."""
        links = [link for link in self._into.get(model.id, ()) if link.relation is relation]
        return sorted(links, key=lambda link: (not link.deciding, self._points[link.tail].faint, -abs(link.points)))

    def _list_decisive(self, winner: Point) -> list[Link]:
        """Return what decides: for the winner by weight, in turn with what keeps other models back."""
        own = [link for relation in (Relation.FOR, Relation.REQUIRED) for link in self._choose(winner, relation)]
        gates = [
            link
            for link in self._argument.links
            if link.deciding and link.relation in (Relation.EXCLUDES, Relation.SETS_ASIDE) and link.head in self._kept
        ]
        return [link for link in chain(*zip_longest((link for link in own if link.deciding), gates)) if link]

    def _collect(self, name: str) -> set[str]:
        """Return a node with everything it rests on."""
        found: set[str] = set()
        waiting = [name]
        while waiting:
            reached = waiting.pop()
            if reached not in found:
                found.add(reached)
                waiting += [link.tail for link in self._into.get(reached, ())]
        return found

    def _cut(self) -> Argument:
        argument, kept = self._argument, self._kept
        points = tuple(point for point in argument.points if point.id in kept)
        if len(points) == len(argument.points):
            return argument
        cited = {point.source for point in points}
        return replace(
            argument,
            points=points,
            links=tuple(link for link in argument.links if link.tail in kept and link.head in kept),
            sources={name: title for name, title in argument.sources.items() if name in cited},
            whole=len(argument.points),
        )


def describe_digest(argument: Argument) -> str:
    """Describe in words what the digest of an argument shows, for readers who cannot see the drawing.

    The title, which is read first, names the winner, so the description does not.
    """
    return " ".join(_describe(digest(argument)))


def _describe(argument: Argument) -> Iterator[str]:
    points = {point.id: point for point in argument.points}
    premises: dict[str, list[str]] = {}
    for link in argument.links:
        if link.relation is Relation.PREMISE:
            premises.setdefault(link.head, []).append(points[link.tail].label)
    models = [point for point in argument.points if point.kind is PointKind.MODEL]
    if not models:
        yield from (point.label for point in argument.points)
    for model in models:
        yield f"{model.note.capitalize()}." if model.deciding else f"{model.label}: {model.note}."
        links = sorted(argument.links, key=lambda link: not link.deciding)
        for relation, says in _SAYS.items():
            told = [
                _tell(points[link.tail], premises.get(link.tail, []))
                for link in links
                if link.head == model.id and link.relation is relation
            ]
            if told:
                yield f"{says}: {'; '.join(told)}."


def _tell(point: Point, premises: list[str]) -> str:
    where = f" ({point.source}, {point.note})" if point.source else ""
    return f"{point.label.rstrip('.')}{where}" + (f", since {' and '.join(premises)}" if premises else "")
