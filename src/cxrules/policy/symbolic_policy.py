"""The decision policy as one text over an algebra, so that it applies to one organisation or to all of them at once.

The text is an expression over truth values and small sums, whatever these are. Gates of a program that runs on
columns of organisations are one algebra (`cxrules.columns`), the solver's circuit is another (`cxrules.verification`).
`Decider` states the same policy for one organisation, in separate code that is faster there; tests keep the two equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Generic, NamedTuple, Protocol, TypeVar

from cxrules.language.rules import Effect
from cxrules.policy.decider import Decider

__all__ = ["Algebra", "Item", "SymbolicPolicy"]

_Bit = TypeVar("_Bit")
_Number = TypeVar("_Number")


class Algebra(Protocol[_Bit, _Number]):
    """Truth values and sums, and the operations that the policy needs."""

    def negate(self, bit: _Bit, /) -> _Bit:
        """Return the opposite."""

    def all_of(self, bits: Iterable[_Bit], /) -> _Bit:
        """Return whether all are true."""

    def any_of(self, bits: Iterable[_Bit], /) -> _Bit:
        """Return whether any is true."""

    def sum(self, weighted: Iterable[tuple[_Bit, int]], /) -> _Number:
        """Return the sum of the weights of the true bits; a weight may be negative."""

    def reaches(self, number: _Number, limit: int, /) -> _Bit:
        """Return whether a number is at least a limit."""

    def leader(self, running: Mapping[str, _Bit], points: Mapping[str, _Number], /) -> dict[str, _Bit]:
        """Return which running model has the most points, the first among equals. If none runs, none leads.

        Every running model has points.
        """

    def rivalled(
        self, leading: Mapping[str, _Bit], running: Mapping[str, _Bit], points: Mapping[str, _Number], lead: int, /
    ) -> _Bit:
        """Return whether another running model trails the leader by less than a lead."""


class Item(NamedTuple, Generic[_Bit]):
    """An item of evidence: whether it counts, for which model, from which article, and with how many points."""

    counts: _Bit
    model: str
    source: str
    points: int
    firm: bool


class SymbolicPolicy(Generic[_Bit, _Number]):
    """The policy applied to fired rules, computed as far as it is needed.

    Attributes:
        decider: The policy's numbers: weights, shared carriers, preferences.
        fired: For each rule whether it fires.
        findings: For each finding whether it is established.
    """

    def __init__(
        self,
        algebra: Algebra[_Bit, _Number],
        decider: Decider,
        fired: Mapping[str, _Bit],
        findings: Mapping[str, _Bit],
    ) -> None:
        self._algebra, self.decider, self.rulebase = algebra, decider, decider.rulebase
        self.fired, self.findings = fired, findings
        self._models = tuple(decider.rulebase.models)

    def concluders(self, effect: Effect, target: str) -> Sequence[str]:
        """Return the rules that conclude something."""
        return self.decider.concluding.get((effect, target), ())

    def concluded(self, effect: Effect, target: str) -> _Bit:
        """Return whether a fired rule concludes something."""
        return self._algebra.any_of(self.fired[rule] for rule in self.concluders(effect, target))

    def advised(self, action: str) -> _Bit:
        """Return whether an action is advised: a fired rule concludes it, and it serves the recommended model."""
        concluded = self.concluded(Effect.ACTION, action)
        if action not in self.rulebase.serves:
            return concluded
        served = self._algebra.any_of(self.recommended[model] for model in self.rulebase.serves[action])
        return self._algebra.all_of([concluded, served])

    @cached_property
    def evidence(self) -> tuple[Item[_Bit], ...]:
        """Every item of evidence. One that several rules share counts if one of them fires and none stronger does."""
        any_of, all_of, negate = self._algebra.any_of, self._algebra.all_of, self._algebra.negate
        shared, names = {entry.bit: entry for entry in self.decider.shared}, self.decider.names
        found = []
        for bit, item in self.decider.items:
            rules, stronger = (
                (names(shared[bit].rules), names(shared[bit].stronger)) if bit in shared else ([item.rule], ())
            )
            carried = any_of(self.fired[rule] for rule in rules)
            counts = all_of([carried, *(negate(self.fired[rule]) for rule in stronger)])
            found.append(Item(counts, item.model, item.source, item.points, item.points > 0 and not item.standing))
        return tuple(found)

    @cached_property
    def points(self) -> dict[str, _Number]:
        """The points of every model."""
        return {model: self._add(item for item in self.evidence if item.model == model) for model in self._models}

    def points_of(self, source: str, model: str) -> _Number:
        """Return the points of one article for one model."""
        return self._add(item for item in self.evidence if item.model == model and item.source == source)

    def _add(self, items: Iterable[Item[_Bit]]) -> _Number:
        return self._algebra.sum((item.counts, item.points) for item in items)

    @cached_property
    def enough(self) -> dict[str, _Bit]:
        """For every model whether supporting points from rules that are not standing reach the minimum."""
        firm = {
            model: self._add(item for item in self.evidence if item.model == model and item.firm)
            for model in self._models
        }
        return {
            model: self._algebra.reaches(firm[model], self.rulebase.policy.minimum_evidence) for model in self._models
        }

    @cached_property
    def excluded(self) -> dict[str, _Bit]:
        """For every model whether a fired rule rules it out."""
        return {model: self.concluded(Effect.EXCLUDES, model) for model in self._models}

    @cached_property
    def entitled(self) -> dict[str, _Bit]:
        """For every model whether its requirements are established."""
        requires = {model: self.rulebase.models[model].requires for model in self._models}
        return {model: self._algebra.all_of(self.findings[name] for name in requires[model]) for model in self._models}

    @cached_property
    def candidate(self) -> dict[str, _Bit]:
        """For every model whether it passes exclusions, requirements and minimum evidence."""
        return {model: self._algebra.all_of(self._passes(model)) for model in self._models}

    def _passes(self, model: str) -> list[_Bit]:
        positive = self._algebra.reaches(self.points[model], 1)
        return [self._algebra.negate(self.excluded[model]), self.entitled[model], positive, self.enough[model]]

    @cached_property
    def preferences(self) -> dict[tuple[str, str, str], _Bit]:
        """For every rule, preferred model and model behind it, whether the preference acts: both are candidates."""
        all_of, fired, candidate = self._algebra.all_of, self.fired, self.candidate
        return {
            (rule, preferred, behind): all_of([fired[rule], candidate[preferred], candidate[behind]])
            for rule, preferred, over in self.decider.preferences
            for behind in over
        }

    @cached_property
    def running(self) -> dict[str, _Bit]:
        """For every model whether it is a candidate that no preference sets aside."""
        acting = self.preferences.items()
        kept = {
            model: [self._algebra.negate(acts) for (_, _, behind), acts in acting if behind == model]
            for model in self._models
        }
        return {model: self._algebra.all_of([self.candidate[model], *kept[model]]) for model in self._models}

    @cached_property
    def recommended(self) -> dict[str, _Bit]:
        """For every model whether it is the one recommended, contested or not."""
        return self._algebra.leader(self.running, self.points)

    def ahead(self, rival: str | None, model: str | None) -> _Bit:
        """Return whether a rival ranks before a model, wherever both rank; None means that there is no model.

        A rival is ahead if it is running and the model is not, or ranks lower. So a model, or None, is the outcome
        exactly where no rival is ahead of it.
        """
        if rival is None:
            assert model is not None
            return self._algebra.negate(self.candidate[model])
        if model is None:
            return self.candidate[rival]
        both = {name: runs for name, runs in self.running.items() if name in (rival, model)}
        return self._algebra.leader(both, self.points)[rival]

    @cached_property
    def contested(self) -> _Bit:
        """Whether the recommended model leads by less than the required lead."""
        return self._algebra.rivalled(self.recommended, self.running, self.points, self.rulebase.policy.lead)

    @cached_property
    def undetermined(self) -> _Bit:
        """Whether no model is recommended."""
        return self._algebra.negate(self._algebra.any_of(self.candidate.values()))

    @cached_property
    def all_excluded(self) -> _Bit:
        """Whether every model is ruled out."""
        return self._algebra.all_of(self.excluded.values())

    def runners_up(self) -> dict[str, _Bit]:
        """Return for every model whether it is the runner-up."""
        others = {
            model: self._algebra.all_of([runs, self._algebra.negate(self.recommended[model])])
            for model, runs in self.running.items()
        }
        return self._algebra.leader(others, self.points)
