"""A rule base over every organisation: which rules fire, and what the policy makes of it, as a circuit.

It restates the meaning that `decision.Decider` computes for one organisation. Weights and shared carriers are taken
from the Decider itself; a test holds both against each other, and every witness is run through the engine.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from cxrules.language.facts import FactValue
from cxrules.language.rules import AnyOf, Condition, Effect, FactTest, FindingTest
from cxrules.policy.decider import Decider
from cxrules.verification.circuit import Bit, Circuit, Number
from cxrules.verification.space import Space

__all__ = ["Outcome"]


class Outcome:
    """What a rule base makes of every organisation of a space.

    Attributes:
        rulebase: The rule base.
        space: The organisations.
        fired: For each rule whether it fires.
        findings: For each finding whether it is established.
    """

    def __init__(self, space: Space, decider: Decider) -> None:
        self.space, self.decider, self.rulebase = space, decider, decider.rulebase
        self.circuit: Circuit = space.circuit
        self.fired: dict[str, Bit] = {}
        self.findings: dict[str, Bit] = {}
        for layer in self.rulebase.strata:
            for rule in layer:
                self.fired[rule] = self.holds(self.rulebase.rules[rule].when)
        for finding in self.rulebase.findings:
            self._establish(finding)

    def complete(self) -> None:
        """Make every gate now: those made later, in a scope of the circuit, would go with it."""
        for name, attribute in vars(type(self)).items():
            if isinstance(attribute, cached_property):
                getattr(self, name)

    def holds(self, conditions: Iterable[Condition]) -> Bit:
        """Return whether a conjunction holds."""
        return self.circuit.all_of(self._holds(condition) for condition in conditions)

    def _holds(self, condition: Condition) -> Bit:
        if isinstance(condition, FactTest):
            return self.space.test(condition, self.rulebase.vocabulary)
        if isinstance(condition, FindingTest):
            return self._establish(condition.finding)
        assert isinstance(condition, AnyOf)
        return self.circuit.any_of(self.holds(alternative) for alternative in condition.alternatives)

    def _establish(self, finding: str) -> Bit:
        # Strata are visited in order: when a finding is first asked for, all its concluders are there.
        if finding not in self.findings:
            self.findings[finding] = self.circuit.any_of(self.fired[rule] for rule in self.rulebase.concluders[finding])
        return self.findings[finding]

    def knows(self, fact: str) -> Bit:
        """Return whether a fact is known."""
        return self.space.known(fact)

    def has_value(self, fact: str, value: FactValue) -> Bit:
        """Return whether a fact that is no set has a value, or for a percentage one that no test tells from it."""
        return self.space.wires[fact][self.space.labels(fact, value)[0]]

    def includes(self, fact: str, element: str) -> Bit:
        """Return whether a set is known to include an element."""
        return self.space.wires[fact][element]

    def concluded(self, effect: Effect, target: str) -> Bit:
        """Return whether a fired rule concludes something."""
        return self.circuit.any_of(self.fired[rule] for rule in self.concluders(effect, target))

    def concluders(self, effect: Effect, target: str) -> list[str]:
        """Return the rules that conclude something."""
        return [rule.id for rule in self.rulebase.rules.values() if target in rule.targets(effect)]

    @cached_property
    def _evidence(self) -> list[tuple[Bit, str, str, int, bool]]:
        """For every item of evidence: whether it counts, its model, source, points, and whether it stands."""
        index = self.rulebase.rule_ids
        shared = {entry.bit: entry for entry in self.decider.shared}
        found = []
        for bit, item in self.decider.items:
            if bit in shared:
                entry = shared[bit]
                counts = self.circuit.all_of(
                    [
                        self.circuit.any_of(self.fired[rule] for rule in self.decider.names(entry.rules)),
                        *(self.circuit.negate(self.fired[rule]) for rule in self.decider.names(entry.stronger)),
                    ]
                )
            else:
                counts = self.fired[index[bit.bit_length() - 1]]
            found.append((counts, item.model, item.source, item.points, item.standing))
        return found

    @cached_property
    def points(self) -> dict[str, Number]:
        """The points of every model."""
        return {
            model: self.circuit.sum((bit, points) for bit, about, _, points, _ in self._evidence if about == model)
            for model in self.rulebase.models
        }

    def points_of(self, source: str, model: str) -> Number:
        """Return the points of one article for one model."""
        return self.circuit.sum(
            (bit, points) for bit, about, by, points, _ in self._evidence if about == model and by == source
        )

    @cached_property
    def enough(self) -> dict[str, Bit]:
        """For every model whether supporting points from rules that do not stand reach the minimum."""
        minimum = self.rulebase.policy.minimum_evidence
        return {
            model: self.circuit.at_least(
                self.circuit.sum(
                    (bit, points)
                    for bit, about, _, points, standing in self._evidence
                    if about == model and points > 0 and not standing
                ),
                minimum,
            )
            for model in self.rulebase.models
        }

    @cached_property
    def excluded(self) -> dict[str, Bit]:
        """For every model whether a fired rule rules it out."""
        return {model: self.concluded(Effect.EXCLUDES, model) for model in self.rulebase.models}

    @cached_property
    def entitled(self) -> dict[str, Bit]:
        """For every model whether its requirements are established."""
        return {
            model: self.circuit.all_of(self.findings[finding] for finding in entry.requires)
            for model, entry in self.rulebase.models.items()
        }

    @cached_property
    def candidate(self) -> dict[str, Bit]:
        """For every model whether it passes exclusions, requirements and minimum evidence."""
        return {
            model: self.circuit.all_of(
                [
                    self.circuit.negate(self.excluded[model]),
                    self.entitled[model],
                    self.circuit.at_least(self.points[model], 1),
                    self.enough[model],
                ]
            )
            for model in self.rulebase.models
        }

    @cached_property
    def preferences(self) -> dict[tuple[str, str, str], Bit]:
        """For every rule, preferred model and model behind it, whether the preference acts: both are candidates."""
        return {
            (rule.id, conclusion.target, behind): self.circuit.all_of(
                [self.fired[rule.id], self.candidate[conclusion.target], self.candidate[behind]]
            )
            for rule in self.rulebase.rules.values()
            for conclusion in rule.then
            if conclusion.effect is Effect.PREFERS
            for behind in conclusion.over
        }

    @cached_property
    def running(self) -> dict[str, Bit]:
        """For every model whether it is a candidate that no preference sets aside."""
        return {
            model: self.circuit.all_of(
                [
                    candidate,
                    *(
                        self.circuit.negate(acts)
                        for (_, _, behind), acts in self.preferences.items()
                        if behind == model
                    ),
                ]
            )
            for model, candidate in self.candidate.items()
        }

    @cached_property
    def recommended(self) -> dict[str, Bit]:
        """For every model whether it is the one that is named, contested or not."""
        models = list(self.rulebase.models)
        found = {}
        for position, model in enumerate(models):
            # Among equals the declared order decides.
            ahead = [
                self.circuit.any_of(
                    [
                        self.circuit.negate(self.running[rival]),
                        self.circuit.at_least(self.points[model], self.points[rival], margin=int(place < position)),
                    ]
                )
                for place, rival in enumerate(models)
                if place != position
            ]
            found[model] = self.circuit.all_of([self.running[model], *ahead])
        return found

    @cached_property
    def contested(self) -> Bit:
        """Whether the model that is named leads by less than it should."""
        lead = self.rulebase.policy.lead
        return self.circuit.any_of(
            self.circuit.all_of(
                [
                    self.recommended[model],
                    self.running[rival],
                    self.circuit.negate(self.circuit.at_least(self.points[model], self.points[rival], margin=lead)),
                ]
            )
            for model in self.rulebase.models
            for rival in self.rulebase.models
            if rival != model
        )

    @cached_property
    def undetermined(self) -> Bit:
        """Whether no model is named."""
        return self.circuit.negate(self.circuit.any_of(self.candidate.values()))

    @cached_property
    def all_excluded(self) -> Bit:
        """Whether every model is ruled out."""
        return self.circuit.all_of(self.excluded.values())
