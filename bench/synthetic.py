"""Synthetic rule bases of any size on which the same rules fire for the same organisations.

A core of rules is the same in all of them. The others, the filling, test the same facts in the same way and never fire
for the organisations drawn here: half of them test one fact for a value that no organisation has, somewhere among
their tests; of the other half all tests of facts may hold, but a finding is missing that only filling concludes. So
findings grow with the rules.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from cxrules.language.facts import Fact, FactValue, Kind
from cxrules.language.rules import (
    AnyOf,
    Conclusion,
    Condition,
    Effect,
    FactTest,
    FindingTest,
    Model,
    Operator,
    Rule,
    Tone,
)
from cxrules.rulebase import RuleBase
from tests.rulebases import make_claim, make_fact, make_rulebase

__all__ = ["CORE", "draw_organisations", "make_synthetic"]

CORE = 100
"""The rules of the core, and so of the smallest rule base."""

_KINDS = (Kind.ORDERED, Kind.CHOICE, Kind.ORDERED, Kind.CHOICE, Kind.FLAG, Kind.PERCENT)
_FACTS = 60
_SEED = 11
_MODELS = tuple(f"model_{number}" for number in range(5))
_CLAIM = "S-1"
_NEVER = "never"  # the value that no organisation has
_TOP = 90  # percentages of organisations stay below it
_SETS = 3


def make_synthetic(rules: int) -> RuleBase:
    """Make a rule base.

    Args:
        rules: How many rules, at least `CORE`.
    """
    rng = random.Random(_SEED)  # noqa: S311 - not a secret
    facts = _facts()
    core = list(_core(facts, rng))
    filling = list(_filling(facts, rng, rules - CORE))
    return make_rulebase(
        facts,
        [*core, *filling],
        [Model(model, model, model) for model in _MODELS],
        [make_claim(_CLAIM, Tone.PLAIN)],
    )


def draw_organisations(count: int, known: int) -> list[dict[str, FactValue]]:
    """Draw organisations, each with the same number of known facts.

    Args:
        count: How many.
        known: The number of known facts.
    """
    rng = random.Random(_SEED + 1)  # noqa: S311 - not a secret
    facts = _facts()
    return [
        {fact.name: _value(fact, rng) for fact in sorted(rng.sample(facts, known), key=facts.index)}
        for _ in range(count)
    ]


def _facts() -> list[Fact]:
    values = ["low", "middle", "high", _NEVER]
    facts = [
        make_fact(f"fact_{number}", kind, [] if kind in (Kind.FLAG, Kind.PERCENT) else values)
        for number in range(_FACTS - _SETS)
        for kind in [_KINDS[number % len(_KINDS)]]
    ]
    return facts + [make_fact(f"set_{number}", Kind.SET, ["a", "b", "c", "d", _NEVER]) for number in range(_SETS)]


def _value(fact: Fact, rng: random.Random) -> FactValue:
    if fact.kind is Kind.FLAG:
        return rng.random() < 0.5
    if fact.kind is Kind.PERCENT:
        return rng.randrange(_TOP)
    if fact.kind is Kind.SET:
        return tuple(name for name in fact.names[:-1] if rng.random() < 0.5)
    return rng.choice(fact.names[:-1])


def _test(fact: Fact, rng: random.Random) -> FactTest:
    """Return a test that about half of the organisations that know the fact pass."""
    if fact.kind is Kind.FLAG:
        return FactTest(fact.name, Operator.IS, rng.random() < 0.5)
    if fact.kind is Kind.PERCENT:
        return FactTest(fact.name, rng.choice([Operator.BELOW, Operator.AT_LEAST]), rng.randrange(20, 70, 5))
    if fact.kind is Kind.SET:
        operator = rng.choice([Operator.INCLUDES_ANY, Operator.INCLUDES_ALL, Operator.LACKS_ALL])
        size = 2 if operator is Operator.INCLUDES_ANY else 1
        return FactTest(fact.name, operator, tuple(rng.sample(fact.names[:-1], size)))
    if fact.kind is Kind.ORDERED and rng.random() < 0.5:
        return FactTest(fact.name, Operator.AT_MOST, rng.choice(["low", "middle"]))
    return FactTest(fact.name, Operator.IN, tuple(rng.sample(fact.names[:-1], 2)))


def _failing(fact: Fact) -> FactTest:
    """Return a test that no organisation passes."""
    if fact.kind is Kind.PERCENT:
        return FactTest(fact.name, Operator.AT_LEAST, _TOP)
    if fact.kind is Kind.SET:
        return FactTest(fact.name, Operator.INCLUDES_ALL, (_NEVER,))
    return FactTest(fact.name, Operator.IS, _NEVER)


def _core(facts: Sequence[Fact], rng: random.Random) -> Iterator[Rule]:
    findings: list[str] = []
    for number in range(CORE):
        when: list[Condition] = [_test(fact, rng) for fact in rng.sample(facts, rng.choice([1, 1, 2]))]
        if number % 5 == 0:
            when.append(AnyOf(tuple((_test(fact, rng),) for fact in rng.sample(facts, 3))))
        if findings and number % 4 == 1:
            when = [FindingTest(rng.choice(findings))]
        then = [Conclusion(Effect.SUPPORTS, rng.choice(_MODELS))]
        if number % 6 == 0:
            findings.append(f"core_{number}")
            then.append(Conclusion(Effect.FINDING, findings[-1]))
        yield Rule(f"core-{number}", (_CLAIM,), "It follows.", tuple(when), tuple(then))


def _filling(facts: Sequence[Fact], rng: random.Random, count: int) -> Iterator[Rule]:
    testable = [fact for fact in facts if fact.kind is not Kind.FLAG]
    for number in range(count):
        when: list[Condition] = [_test(fact, rng) for fact in rng.sample(facts, rng.choice([1, 2, 3]))]
        then = [Conclusion(Effect.OPPOSES, rng.choice(_MODELS))]
        if number % 2 == 0:
            when.insert(rng.randrange(len(when) + 1), _failing(rng.choice(testable)))
            if number % 8 == 0:
                then.append(Conclusion(Effect.FINDING, f"filling_{number // 8}"))
        else:
            # Some rule needs every finding of the filling; every other such rule also has alternatives.
            when.append(FindingTest(f"filling_{rng.randrange(number // 8 + 1)}"))
            if number % 20 == 1:
                when.append(AnyOf(tuple((_test(fact, rng),) for fact in rng.sample(facts, 3))))
        yield Rule(f"filling-{number}", (_CLAIM,), "It follows.", tuple(when), tuple(then))
