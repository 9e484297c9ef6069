"""A rule base over every organisation, as a circuit: the rules that fire, and what the policy concludes.

The policy is the text of `policy.symbolic_policy`, with the circuit for its algebra. A test compares it with the
Decider, which computes the same for one organisation, and every witness is run through the engine.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from cxrules.language.facts import FactValue
from cxrules.language.rules import AnyOf, Condition, FactTest, FindingTest
from cxrules.policy.decider import Decider
from cxrules.policy.symbolic_policy import SymbolicPolicy
from cxrules.verification.circuit import Bit, Circuit, Number
from cxrules.verification.space import Space

__all__ = ["CircuitView"]


class CircuitView(SymbolicPolicy[Bit, Number]):
    """The conclusions of a rule base about every organisation of a space.

    Attributes:
        rulebase: The rule base.
        space: The organisations.
        fired: For each rule whether it fires.
        findings: For each finding whether it is established.
    """

    def __init__(self, space: Space, decider: Decider) -> None:
        self.space = space
        self.circuit: Circuit = space.circuit
        self._fired: dict[str, Bit] = {}
        self._findings: dict[str, Bit] = {}
        super().__init__(space.circuit, decider, self._fired, self._findings)
        for layer in self.rulebase.strata:
            for rule in layer:
                self._fired[rule] = self.holds(self.rulebase.rules[rule].when)
        for finding in self.rulebase.findings:
            self._establish(finding)

    def complete(self) -> None:
        """Make every gate now, because those made later, in a scope of the circuit, would vanish with it."""
        for kind in type(self).__mro__:
            for name, attribute in vars(kind).items():
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
        # Strata are visited in order, so when a finding is first needed, all its concluders exist.
        if finding not in self._findings:
            concluders = self.rulebase.concluders[finding]
            self._findings[finding] = self.circuit.any_of(self._fired[rule] for rule in concluders)
        return self._findings[finding]

    def knows(self, fact: str) -> Bit:
        """Return whether a fact is known."""
        return self.space.known(fact)

    def has_value(self, fact: str, value: FactValue) -> Bit:
        """Return whether a fact other than a set has a value or, for a percentage, one that no test tells from it."""
        return self.space.wires[fact][self.space.labels(fact, value)[0]]

    def includes(self, fact: str, element: str) -> Bit:
        """Return whether a set is known to include an element."""
        return self.space.wires[fact][element]
