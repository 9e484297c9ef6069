"""An engine and the policy bound together."""

from __future__ import annotations

from cxrules.engines import Engine
from cxrules.language.facts import Facts
from cxrules.policy.decider import Decider
from cxrules.policy.decision import Decision

__all__ = ["Judge"]


class Judge:
    """An engine and the policy bound together: facts in, decision out. Every "and if?" is asked here again."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.rulebase = engine.rulebase
        self.decider = Decider(engine.rulebase)

    def decide(self, known: Facts) -> Decision:
        """Decide on validated facts."""
        return self.decider.decide(known, self.engine.match(known))
