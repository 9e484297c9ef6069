"""An engine and the policy bound together."""

from __future__ import annotations

from functools import cached_property

from cxrules.engines import Engine
from cxrules.language.facts import Facts
from cxrules.policy.answer_reader import Reader
from cxrules.policy.decider import Decider
from cxrules.policy.decision import Decision

__all__ = ["Judge"]


class Judge:
    """An engine and the policy bound together: facts in, decision out. Every what-if question comes here again."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.rulebase = engine.rulebase
        self.decider = Decider(engine.rulebase)

    @cached_property
    def reader(self) -> Reader:
        """The reader of answers, compiled on first use."""
        return Reader(self.decider)

    def decide(self, known: Facts) -> Decision:
        """Decide on validated facts."""
        return self.decider.decide(known, self.engine.match(known))
