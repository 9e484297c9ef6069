"""Contests between a model and one rival: what can still put the rival first, and which values are worth trying.

Whether a model always wins is decided in one contest after another, because each examines only what bears on two
models. More knowledge never un-fires a rule. So of two values, the one that meets everything that helps the rival and
nothing more that hinders it is at least as good for the rival, whatever else holds, and the other need not be tried.
This is the pure-literal rule, value by value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from cxrules.language.facts import FactValue
from cxrules.search.bounds import Bounds

__all__ = ["Contest", "Stakes", "list_best"]


class Stakes(NamedTuple):
    """The undecided units that bear on a contest; one unit can both help and hinder.

    Attributes:
        helping: Those that can help the rival.
        hindering: Those that can hinder it.
    """

    helping: int
    hindering: int

    @property
    def live(self) -> int:
        """All of them."""
        return self.helping | self.hindering


class Contest:
    """Whether a rival can rank before a model, as `SymbolicPolicy.ahead` says it. None means no recommended model."""

    def __init__(self, bounds: Bounds, model: str | None, rival: str | None) -> None:
        self._bounds, self._model, self._rival = bounds, model, rival
        self._helping = self._hindering = 0
        if rival is not None:
            self._helping, self._hindering = bounds.candidacies[rival]
        if model is not None:
            promoting, preventing = bounds.candidacies[model]
            self._helping, self._hindering = self._helping | preventing, self._hindering | promoting
        preferences = () if model is None or rival is None else bounds.preferences
        self._before_rival = [(rule, preferred) for rule, preferred, over in preferences if rival in over]
        self._before_model = [(rule, preferred) for rule, preferred, over in preferences if model in over]

    def find_stakes(self, sure: int, possible: int) -> Stakes | None:
        """Return what the outcome of the contest depends on; None if the rival certainly does not come first.

        The arguments are those of `Bounds.limits`. If nothing is at stake, the rival comes first.
        """
        limits = self._bounds.limits(sure, possible)
        model, rival = self._model, self._rival
        if rival is not None and rival not in limits.maybe:
            return None
        helping, hindering = self._helping, self._hindering
        for rule, preferred in self._before_rival:
            if limits.may_fire & rule and preferred in limits.maybe:
                if limits.fired & rule and preferred in limits.surely:
                    return None
                promoting, preventing = self._bounds.candidacies[preferred]
                helping, hindering = helping | preventing, hindering | promoting | rule
        unchallenged = model in limits.surely
        for rule, preferred in self._before_model:
            if limits.may_fire & rule and preferred in limits.maybe:
                unchallenged = False
                promoting, preventing = self._bounds.candidacies[preferred]
                helping, hindering = helping | promoting | rule, hindering | preventing
        if unchallenged and model is not None and (rival is None or self._bounds.beats(model, rival, limits)):
            return None
        return Stakes(self._bounds.trace(helping, limits), self._bounds.trace(hindering, limits))


_COMPARED = 512
"""The most values of a fact that are compared with each other; of more, as sets may have, all are worth trying."""


def list_best(
    masks: Mapping[FactValue | None, int], stakes: Stakes, conjunctions: int, kept: int
) -> list[FactValue | None]:
    """Return those values of a fact that are worth trying for the rival of a contest.

    Args:
        masks: For each value the units and impossible conjunctions that it does not contradict.
        stakes: What is at stake.
        conjunctions: The impossible conjunctions that count.
        kept: Those of them that a better value must meet as well, because other facts may lack a value only if they are
            met.
    """
    telling = stakes.live | conjunctions
    seen: dict[int, FactValue | None] = {}
    for value, mask in masks.items():
        seen.setdefault(mask & telling, value)
    if len(seen) > _COMPARED:
        return list(seen.values())
    not_more = ~(stakes.helping & ~stakes.hindering)
    not_less = ~(stakes.hindering & ~stakes.helping | conjunctions & ~kept)
    best = dict(seen)
    for mask in seen:
        for better in best:
            if better != mask and not better & ~mask & not_more and not mask & ~better & not_less:
                del best[mask]
                break
    return list(best.values())
