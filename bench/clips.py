"""A rule base as a CLIPS program, run through clipspy.

Every fact of the vocabulary is an ordered fact `(fact_NAME value ...)`, so that the Rete network shares its tests; a
finding is one without values. A rule adds its id to a global when it fires.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import clips

from bench.units import Production, accepted, list_productions
from cxrules.language.facts import Fact, Facts, FactValue, Kind
from cxrules.language.rules import FactTest, Operator
from cxrules.rulebase import RuleBase

__all__ = ["ClipsProgram", "translate"]

_COMPARISONS = {Operator.IS: "=", Operator.AT_LEAST: ">=", Operator.AT_MOST: "<=", Operator.BELOW: "<"}


class ClipsProgram:
    """A CLIPS environment that holds the rule base."""

    def __init__(self, rulebase: RuleBase) -> None:
        self._environment = clips.Environment()
        for construct in translate(rulebase):
            self._environment.build(construct)
        self._tested = {name for rule in rulebase.rules.values() for name in rule.facts()}

    def prepare(self, known: Facts) -> str:
        """Return the tested facts in the syntax of CLIPS."""
        return " ".join([f"(fact_{name} {_literal(value)})" for name, value in known.items() if name in self._tested])

    def match(self, prepared: str) -> Sequence[str]:
        """Assert the facts, run, and read which rules fired."""
        environment = self._environment
        environment.reset()
        if prepared:
            environment.load_facts(prepared)
        environment.run()
        fired: Sequence[str] = environment.eval("?*fired*")
        return fired

    fire = match


def translate(rulebase: RuleBase) -> Iterator[str]:
    """Return the constructs of the program."""
    yield "(defglobal ?*fired* = (create$))"
    for production in list_productions(rulebase):
        yield _rule(production, rulebase)


def _rule(production: Production, rulebase: RuleBase) -> str:
    patterns = [_pattern(test, rulebase.vocabulary[test.fact], f"x{n}") for n, test in enumerate(production.tests)]
    patterns += [f"({need})" for need in production.needs]
    actions = [f"(assert ({finding}))" for finding in production.concludes]
    if production.rule:
        actions.append(f'(bind ?*fired* (create$ ?*fired* "{production.rule}"))')
    return f"(defrule {production.name} {' '.join(patterns)} => {' '.join(actions)})"


def _pattern(test: FactTest, fact: Fact, variable: str) -> str:
    name = f"fact_{fact.name}"
    if fact.kind is Kind.FLAG:
        return f"({name} {_literal(bool(test.operand))})"
    if fact.kind is Kind.PERCENT:
        return f"({name} ?{variable}&:({_COMPARISONS[test.operator]} ?{variable} {test.operand}))"
    if fact.kind is Kind.SET:
        assert isinstance(test.operand, tuple)
        present = " ".join(f"(member$ {element} $?{variable})" for element in test.operand)
        condition = {
            Operator.INCLUDES_ANY: f"(or FALSE {present} FALSE)",
            Operator.INCLUDES_ALL: f"(and TRUE {present} TRUE)",
            Operator.LACKS_ALL: f"(not (or FALSE {present} FALSE))",
        }[test.operator]
        return f"({name} $?{variable}&:{condition})"
    return f"({name} {'|'.join(accepted(test, fact)) or '~?'})"


def _literal(value: FactValue) -> str:
    if isinstance(value, tuple):
        return " ".join(value)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return str(value)
