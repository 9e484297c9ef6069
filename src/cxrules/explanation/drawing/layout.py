"""Places for the boxes and lines of a layered graph: layers from left to right, few crossings, no box on a line.

This is the scheme of Sugiyama, Tagawa and Toda (1981): layers by the longest path to a sink; long lines pass through
reserved places in the layers between; barycentres order each layer; and each box is placed as near to its neighbours as
its layer allows, a least-squares fit solved by pooling adjacent violators.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["Box", "Line", "Plan", "place_boxes"]

_SWEEPS = 12
_SETTLINGS = 16
_GAP = 12.0
_LANE = 9.0
"""The height of the place through which a long line passes."""


@dataclass(slots=True)
class Box:
    """A box with a size, to which a place is assigned.

    Attributes:
        name: Its name.
        width: Its width.
        height: Its height.
        fixed: Whether it keeps its order among the others of its layer.
        layer: The layer, from 0 at the left.
        x: Its left edge.
        y: Its upper edge.
        lane: Whether it is not a box but the place through which a line passes.
    """

    name: str
    width: float
    height: float
    fixed: bool = False
    layer: int = 0
    x: float = 0.0
    y: float = 0.0
    lane: bool = False

    @property
    def middle(self) -> float:
        """The height of its middle."""
        return self.y + self.height / 2


@dataclass(slots=True)
class Line:
    """A line from one box to another.

    Attributes:
        tail: The box it comes from.
        head: The box it goes to.
        bundle: Lines from the same box with the same bundle share the places through which they pass.
        weight: How strongly it pulls its ends together.
        through: The places through which it passes, from left to right.
    """

    tail: str
    head: str
    bundle: str = ""
    weight: float = 1.0
    through: list[Box] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Plan:
    """The place of everything.

    Attributes:
        boxes: The boxes, by name; without the places through which lines pass.
        lines: The lines.
        width: The width of the whole.
        height: The height of the whole.
    """

    boxes: Mapping[str, Box]
    lines: Sequence[Line]
    width: float
    height: float


def place_boxes(boxes: Sequence[Box], lines: Sequence[Line], *, column_gap: float) -> Plan:
    """Place boxes and lines.

    The boxes of a layer start in the given order; the lines form no cycle; `column_gap` is the space between two
    layers.
    """
    named = {box.name: box for box in boxes}
    _assign_layers(named, lines)
    layers: list[list[Box]] = [[] for _ in range(1 + max((box.layer for box in boxes), default=0))]
    for box in boxes:
        layers[box.layer].append(box)
    steps = _divide(named, lines, layers)
    _order(layers, steps)
    x = 0.0
    for layer in layers:
        width = max((box.width for box in layer if not box.lane), default=0.0)
        for box in layer:
            box.x = x
            box.width = width if box.lane else box.width
        x += width + column_gap
    _settle(layers, steps)
    top = min((box.y for box in named.values()), default=0.0)
    for layer in layers:
        for box in layer:
            box.y -= top
    height = max((box.y + box.height for layer in layers for box in layer), default=0.0)
    return Plan(named, lines, x - column_gap, height)


_Segment = tuple[Box, Box, float]


def _assign_layers(named: Mapping[str, Box], lines: Sequence[Line]) -> None:
    """Place every box as far to the right as its successors allow; a box without successors goes rightmost."""
    following: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        following[line.tail].append(line.head)
    distance: dict[str, int] = {}

    def measure(name: str) -> int:
        if name not in distance:
            distance[name] = max((1 + measure(head) for head in following[name]), default=0)
        return distance[name]

    last = max((measure(name) for name in named), default=0)
    for name, box in named.items():
        box.layer = last - distance[name]


def _divide(named: Mapping[str, Box], lines: Sequence[Line], layers: list[list[Box]]) -> list[_Segment]:
    """Divide lines into steps from layer to layer."""
    lanes: dict[tuple[str, str, int], Box] = {}
    steps: dict[tuple[int, int], _Segment] = {}
    for line in lines:
        tail, head = named[line.tail], named[line.head]
        line.through.clear()
        previous = tail
        for layer in range(tail.layer + 1, head.layer):
            key = (line.tail, line.bundle or line.head, layer)
            if key not in lanes:
                lanes[key] = Box(f"{line.tail} → {line.head}", 0.0, _LANE, layer=layer, lane=True)
                layers[layer].append(lanes[key])
            line.through.append(lanes[key])
            steps[id(previous), id(lanes[key])] = (previous, lanes[key], 2 * line.weight)
            previous = lanes[key]
        steps[id(previous), id(head)] = (previous, head, line.weight)
    return list(steps.values())


def _order(layers: list[list[Box]], steps: Sequence[_Segment]) -> None:
    before: dict[int, list[Box]] = defaultdict(list)
    after: dict[int, list[Box]] = defaultdict(list)
    for tail, head, _ in steps:
        before[id(head)].append(tail)
        after[id(tail)].append(head)
    best, fewest = [list(layer) for layer in layers], _count_crossings(layers, steps)
    for sweep in range(_SWEEPS):
        # The models, at the right, keep the order of the ranking, so everything is first pulled towards them.
        leftwards = sweep % 2 == 0
        neighbours = after if leftwards else before
        for layer in reversed(layers) if leftwards else layers:
            _sort(layer, layers, neighbours)
        for layer in layers:
            _swap(layer, layers, (before, after))
        crossings = _count_crossings(layers, steps)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    for layer, ordered in zip(layers, best, strict=True):
        layer[:] = ordered


def _sort(layer: list[Box], layers: list[list[Box]], neighbours: Mapping[int, list[Box]]) -> None:
    place = {id(box): position / max(1, len(other)) for other in layers for position, box in enumerate(other)}
    keys = {}
    for box in layer:
        near = neighbours.get(id(box), [])
        keys[id(box)] = sum(place[id(other)] for other in near) / len(near) if near else place[id(box)]
    free = iter(sorted((box for box in layer if not box.fixed), key=lambda box: keys[id(box)]))
    layer[:] = [box if box.fixed else next(free) for box in layer]


def _swap(layer: list[Box], layers: list[list[Box]], sides: Sequence[Mapping[int, list[Box]]]) -> None:
    """Swap neighbours in a layer as long as that removes crossings."""
    place = {id(box): position for other in layers for position, box in enumerate(other)}
    ends = {id(box): [sorted(place[id(near)] for near in side.get(id(box), ())) for side in sides] for box in layer}
    swapped = True
    while swapped:
        swapped = False
        for position in range(len(layer) - 1):
            one, other = layer[position], layer[position + 1]
            if one.fixed or other.fixed:
                continue
            if _cross(ends[id(other)], ends[id(one)]) < _cross(ends[id(one)], ends[id(other)]):
                layer[position], layer[position + 1] = other, one
                swapped = True


def _cross(above: list[list[int]], below: list[list[int]]) -> int:
    """Count the crossings of the lines of two boxes, one directly above the other."""
    return sum(high > low for upper, lower in zip(above, below, strict=True) for high in upper for low in lower)


def _count_crossings(layers: list[list[Box]], steps: Sequence[_Segment]) -> float:
    place = {id(box): position for layer in layers for position, box in enumerate(layer)}
    by_layer: dict[int, list[tuple[int, int, float]]] = defaultdict(list)
    for tail, head, weight in steps:
        # Every line counts at the right end, where the eye follows it; further left, the heavy ones count most.
        by_layer[tail.layer].append((place[id(tail)], place[id(head)], 2 * weight if head.fixed else weight))
    return sum(
        one[2] * other[2]
        for pairs in by_layer.values()
        for position, one in enumerate(pairs)
        for other in pairs[position + 1 :]
        if (one[0] - other[0]) * (one[1] - other[1]) < 0
    )


def _settle(layers: list[list[Box]], steps: Sequence[_Segment]) -> None:
    """Move every box towards its neighbours, without changing the order of a layer."""
    for layer in layers:
        y = 0.0
        for box in layer:
            box.y = y
            y += box.height + _GAP
    neighbours: dict[int, list[tuple[Box, float]]] = defaultdict(list)
    for tail, head, weight in steps:
        neighbours[id(tail)].append((head, weight))
        neighbours[id(head)].append((tail, weight))
    for round_ in range(_SETTLINGS):
        for layer in reversed(layers) if round_ % 2 == 0 else layers:
            wanted = []
            for box in layer:
                near = neighbours.get(id(box), [])
                total = sum(weight for _, weight in near)
                middle = sum(other.middle * weight for other, weight in near) / total if total else box.middle
                wanted.append(middle - box.height / 2)
            _fit(layer, wanted)


def _fit(layer: list[Box], wanted: Sequence[float]) -> None:
    """Place boxes one below another, as near to their ideal places as possible in the least-squares sense."""
    offsets = []
    offset = 0.0
    for box in layer:
        offsets.append(offset)
        offset += box.height + (_GAP / 2 if box.lane else _GAP)
    # Without their offsets the places form an isotonic regression: adjacent violators are pooled at their mean.
    pools: list[tuple[float, int]] = []
    for want, start in zip(wanted, offsets, strict=True):
        mean, size = want - start, 1
        while pools and pools[-1][0] > mean:
            above, number = pools.pop()
            mean, size = (above * number + mean * size) / (number + size), number + size
        pools.append((mean, size))
    places = [mean for mean, size in pools for _ in range(size)]
    for box, place, start in zip(layer, places, offsets, strict=True):
        box.y = place + start
