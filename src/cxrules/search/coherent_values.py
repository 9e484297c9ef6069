"""Values for some facts that together meet no impossible conjunction: a depth-first search on masks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cxrules.language.coherence import Coherence
from cxrules.language.facts import Facts, FactValue
from cxrules.search.budget import Budget

__all__ = ["assign"]


def assign(
    coherence: Coherence,
    known: Facts,
    candidates: Mapping[str, Sequence[FactValue | None]],
    impossible: int,
    budget: Budget | None = None,
) -> Iterator[dict[str, FactValue | None]]:
    """Return every choice of one candidate value for each fact that meets none of the conjunctions, first values first.

    The other facts are as known; None leaves a fact unknown. The search ends when its budget is spent.
    """
    alive = impossible
    for name in coherence.tested:
        if name not in candidates:
            alive &= coherence.mask(name, known.get(name))
    # Facts that no conjunction tests come last: nothing depends on their values.
    order = sorted(candidates, key=lambda name: name not in coherence.tested)
    choices = [[(value, coherence.mask(name, value)) for value in candidates[name]] for name in order]
    # A conjunction that no earlier fact contradicts and no later one can is met.
    later = [0] * (len(order) + 1)
    for place in reversed(range(len(order))):
        later[place] = later[place + 1] | coherence.tested.get(order[place], 0)
    waiting: list[tuple[int, tuple[FactValue | None, ...]]] = [(alive, ())] if not alive & ~later[0] else []
    while waiting and not (budget and budget.spent):
        alive, chosen = waiting.pop()
        place = len(chosen)
        if place == len(order):
            yield dict(zip(order, chosen, strict=True))
            continue
        if budget:
            budget.spend()
        waiting += [
            (left, (*chosen, value))
            for value, mask in reversed(choices[place])
            if not (left := alive & mask) & ~later[place + 1]
        ]
