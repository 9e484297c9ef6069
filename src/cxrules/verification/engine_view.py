"""One organisation as the engine and the decider see it, in the terms in which the circuit describes all of them.

A question is written once and can be asked of either view. The circuit finds a witness by the text of
`policy.symbolic_policy`; this view confirms it by what the engine and `Decider` say. It must not use that text itself:
then a mistake in the text would confirm its own witnesses.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from cxrules.language.facts import Facts, FactValue
from cxrules.language.rules import Condition, Effect, holds
from cxrules.policy.decision import Status
from cxrules.policy.judge import Judge
from cxrules.verification.space import Regions

__all__ = ["EngineView"]


class EngineView:
    """What a judge makes of one organisation: the attributes of `CircuitView`, as truth values and numbers."""

    def __init__(self, judge: Judge, known: Facts, regions: Regions) -> None:
        self.judge, self.known, self._regions = judge, known, regions
        self.rulebase, self.decider = judge.rulebase, judge.decider
        self.decision = judge.decide(known)

    @cached_property
    def fired(self) -> dict[str, bool]:
        """For each rule whether it fires."""
        names = set(self.decider.names(self.decision.fired))
        return {rule: rule in names for rule in self.rulebase.rules}

    @cached_property
    def findings(self) -> dict[str, bool]:
        """For each finding whether it is established."""
        return {finding: finding in self._established for finding in self.rulebase.findings}

    @cached_property
    def _established(self) -> frozenset[str]:
        return frozenset(self.decider.findings(self.decision.fired))

    def holds(self, conditions: Iterable[Condition]) -> bool:
        """Return whether a conjunction holds."""
        return holds(tuple(conditions), self.known, self._established, self.rulebase.vocabulary.facts)

    def knows(self, fact: str) -> bool:
        """Return whether a fact is known."""
        return fact in self.known

    def has_value(self, fact: str, value: FactValue) -> bool:
        """Return whether a fact other than a set has a value or, for a percentage, one that no test tells from it."""
        given = self.known.get(fact)
        if given is None or fact not in self._regions:
            return given == value
        assert isinstance(given, int | float)
        assert isinstance(value, int | float)
        return any(
            region.start <= given < region.end and region.start <= value < region.end for region in self._regions[fact]
        )

    def includes(self, fact: str, element: str) -> bool:
        """Return whether a set is known to include an element."""
        given = self.known.get(fact, ())
        assert isinstance(given, tuple)
        return element in given

    def concluded(self, effect: Effect, target: str) -> bool:
        """Return whether a fired rule concludes something."""
        return (effect, target) in self._concluded

    def advised(self, action: str) -> bool:
        """Return whether an action is advised: a fired rule concludes it, and it serves the recommended model."""
        return self.concluded(Effect.ACTION, action) and self.rulebase.serves_model(action, self.decision.model)

    @cached_property
    def _concluded(self) -> set[tuple[Effect, str]]:
        rules = self.rulebase.rules
        return {
            (conclusion.effect, conclusion.target)
            for rule in self.decider.names(self.decision.fired)
            for conclusion in rules[rule].then
        }

    @cached_property
    def _bits(self) -> int:
        return self.decider.count(self.decision.fired)

    @cached_property
    def points(self) -> dict[str, int]:
        """The points of every model."""
        return self.decider.weigh(self._bits)

    @cached_property
    def enough(self) -> dict[str, bool]:
        """For every model whether supporting points from rules that are not standing reach the minimum."""
        minimum = self.rulebase.policy.minimum_evidence
        return {model: points >= minimum for model, points in self.decider.firm(self._bits).items()}

    @cached_property
    def excluded(self) -> dict[str, bool]:
        """For every model whether a fired rule rules it out."""
        return dict(zip(self.rulebase.models, self.decider.excluded(self.decision.fired), strict=True))

    @cached_property
    def entitled(self) -> dict[str, bool]:
        """For every model whether its requirements are established."""
        return {model: not self.decider.missing(self.decision.fired, model) for model in self.rulebase.models}

    @cached_property
    def candidate(self) -> dict[str, bool]:
        """For every model whether it passes exclusions, requirements and minimum evidence."""
        models = list(self.rulebase.models)
        passed = {models[position] for _, position in self.decider.candidates(self.decision.fired)}
        return {model: model in passed for model in models}

    @cached_property
    def preferences(self) -> dict[tuple[str, str, str], bool]:
        """For every rule, preferred model and model behind it, whether the preference acts."""
        return {
            (rule, preferred, behind): self.candidate[preferred] and rule in self._aside.get(behind, ())
            for rule, preferred, over in self.decider.preferences
            for behind in over
        }

    @cached_property
    def running(self) -> dict[str, bool]:
        """For every model whether it is a candidate that no preference sets aside."""
        return {model: runs and model not in self._aside for model, runs in self.candidate.items()}

    @cached_property
    def _aside(self) -> dict[str, list[str]]:
        return self.decider.set_aside(self.decision.fired, [model for model, runs in self.candidate.items() if runs])

    @cached_property
    def recommended(self) -> dict[str, bool]:
        """For every model whether it is recommended."""
        return {model: model == self.decision.model for model in self.rulebase.models}

    @property
    def contested(self) -> bool:
        """Whether the recommended model leads by less than the required lead."""
        return self.decision.status is Status.CONTESTED

    @property
    def undetermined(self) -> bool:
        """Whether no model is recommended."""
        return self.decision.model is None

    @cached_property
    def all_excluded(self) -> bool:
        """Whether every model is ruled out."""
        return all(self.excluded.values())
