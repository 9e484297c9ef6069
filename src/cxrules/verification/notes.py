"""Notes, which are not faults: where little is decided, ties, and how many points each article can give."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import combinations
from types import MappingProxyType

from cxrules.verification.circuit import Bit, Circuit, Number, Possibility
from cxrules.verification.prover import Prover, Query
from cxrules.verification.results import Note
from cxrules.verification.witness_regions import generalise

__all__ = ["NOTES"]

_REGIONS = 5


def _undetermined_regions(prover: Prover) -> Iterator[Note]:
    """Find regions in which every fact is known but no model is recommended."""
    circuit, outcome = prover.circuit, prover.outcome
    everything = prover.space.count()
    with circuit.scope():
        seen: list[Bit] = []
        for _ in range(_REGIONS):
            possible = prover.ask([outcome.undetermined, *everything, *seen])
            if possible is not Possibility.POSSIBLE:
                about = "organisation of which everything is known and no model follows."
                if possible is Possibility.IMPOSSIBLE:
                    yield Note("undetermined", f"There is no {'further ' if seen else ''}{about}")
                else:
                    yield Note("undetermined", f"Undecided: whether there is {'another' if seen else 'an'} {about}")
                return
            known = prover.space.read()
            region, inside = generalise(prover, known, [circuit.negate(outcome.undetermined), *everything])
            seen.append(circuit.negate(inside))
            says = region.describe(prover.space.vocabulary.facts, prover.space.regions)
            told = "; ".join(f"{fact}: {text}" for fact, text in says.items()).replace(" or unknown", "")
            yield Note("undetermined", f"With every fact known, no model follows where {told}.")


def _ties(prover: Prover) -> Iterator[Note]:
    """Find pairs of models between which the declared order alone can decide."""
    for first, second in combinations(prover.rulebase.models, 2):
        hint = partial(prover.trials.tied, first, second)
        answer = prover.smallest(_tie(prover.circuit, first, second), hint=hint)
        if answer.possible is Possibility.POSSIBLE:
            yield Note(
                "tie", f"{first} and {second} can tie at the top; the declared order names {first}.", answer.witness
            )
        elif answer.possible is Possibility.UNDECIDED:
            yield Note("tie", f"Undecided: whether {first} and {second} can tie at the top.")


def _tie(circuit: Circuit, first: str, second: str) -> Query:
    return lambda view: circuit.all_of(
        [view.recommended[first], view.running[second], circuit.at_least(view.points[second], view.points[first])]
    )


def _attainable_points(prover: Prover) -> Iterator[Note]:
    """Find how many points each article can add to each model and take from it."""
    for source in prover.rulebase.sources:
        parts = []
        for model in prover.rulebase.models:
            items = [
                item.points for _, item in prover.judge.decider.items if (item.source, item.model) == (source, model)
            ]
            if not items:
                continue
            with prover.circuit.scope():
                number = prover.outcome.points_of(source, model)
                low, least = _most(prover, number, -sum(points for points in items if points < 0), sign=-1)
                high, most = _most(prover, number, sum(points for points in items if points > 0), sign=1)
            if low and high:
                parts.append(f"{model} {-least:+d} to {most:+d}" if -least != most else f"{model} {most:+d}")
            else:
                parts.append(f"{model} {-least:+d}{'' if low else ' or more'} to {most:+d}{'' if high else ' or less'}")
        yield Note(
            "attainable", f"{source} can give " + ", ".join(parts) + "." if parts else f"{source} gives no points."
        )


def _most(prover: Prover, number: Number, bound: int, *, sign: int) -> tuple[bool, int]:
    """Return the largest value of a number, or of its opposite, and before it whether it is one, or only a bound."""
    circuit = prover.circuit
    value = bound
    while True:
        reached = circuit.at_least(number, value) if sign > 0 else circuit.at_least(-value, number)
        possible = prover.ask([reached])
        if possible is not Possibility.IMPOSSIBLE:
            return possible is Possibility.POSSIBLE, value
        value -= 1


NOTES = MappingProxyType({"undetermined": _undetermined_regions, "tie": _ties, "attainable": _attainable_points})
"""Every kind of note."""
