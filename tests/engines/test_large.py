"""A large rule base, 5,000 rules, 500 facts and a chain of 1,000 findings, is read, compiled and decided on."""

import pickle
from typing import Any

import pytest

from cxrules import Advisor
from cxrules.language.facts import Fact, Kind
from cxrules.language.rules import Conclusion, Effect, FactTest, FindingTest, Model, Operator, Rule, Tone
from cxrules.rulebase import RuleBase
from tests.rulebases import make_claim, make_fact, make_rulebase

FACTS, CHAIN, RULES = 500, 1_000, 5_000
KINDS = (Kind.ORDERED, Kind.FLAG, Kind.PERCENT, Kind.SET, Kind.CHOICE)
FITTING: dict[Kind, tuple[Operator, Any, Any]] = {
    Kind.ORDERED: (Operator.AT_LEAST, "b", "c"),
    Kind.FLAG: (Operator.IS, True, True),
    Kind.PERCENT: (Operator.BELOW, 20, 10),
    Kind.SET: (Operator.INCLUDES_ANY, ("a",), ("a", "b")),
    Kind.CHOICE: (Operator.IS, "a", "a"),
}


def fact_of(number: int) -> Fact:
    kind = KINDS[number % len(KINDS)]
    return make_fact(f"fact_{number}", kind, "abc" if kind in (Kind.ORDERED, Kind.SET, Kind.CHOICE) else "")


@pytest.fixture(scope="module")
def large() -> RuleBase:
    facts = [fact_of(number) for number in range(FACTS)]
    claims = [make_claim(f"S1-{number}", Tone.PLAIN) for number in range(1, 100)]
    models = [Model(f"model_{number}", f"Model {number}", f"it is {number}") for number in range(9)]

    def test_of(number: int) -> FactTest:
        fact = facts[number % FACTS]
        operator, operand, _ = FITTING[fact.kind]
        return FactTest(fact.name, operator, operand)

    def rule(name: str, number: int, when: tuple[FactTest | FindingTest, ...], conclusion: Conclusion) -> Rule:
        return Rule(name, (claims[number % len(claims)].id,), "Because it is so.", when, (conclusion,))

    rules = [rule("chain-0", 0, (test_of(0),), Conclusion(Effect.FINDING, "finding_0"))]
    for number in range(1, CHAIN):
        before = FindingTest(f"finding_{number - 1}")
        rules.append(rule(f"chain-{number}", number, (before,), Conclusion(Effect.FINDING, f"finding_{number}")))
    last = FindingTest(f"finding_{CHAIN - 1}")
    rules.append(rule("end", 0, (last,), Conclusion(Effect.SUPPORTS, "model_0")))
    for number in range(RULES - CHAIN - 1):
        tests = (test_of(number), test_of(number + 1 + number % 7))
        rules.append(rule(f"rule-{number}", number, tests, Conclusion(Effect.OPPOSES, f"model_{1 + number % 8}")))
    return make_rulebase(facts, rules, models, claims)


def test_a_large_rule_base_is_written_and_read(large: RuleBase) -> None:
    assert (len(large.rules), len(large.vocabulary.facts), len(large.findings)) == (RULES, FACTS, CHAIN)
    assert RuleBase.from_json(large.to_json()) == large
    assert pickle.loads(pickle.dumps(large)) == large  # noqa: S301 - what was just pickled
    assert len(large.strata) == CHAIN + 1
    assert not large.standing


def test_a_large_rule_base_decides(large: RuleBase) -> None:
    advisor = Advisor(large)
    known = {fact.name: FITTING[fact.kind][2] for fact in large.vocabulary.facts.values()}
    advice = advisor.recommend(known)
    assert len(advice.fired) == RULES
    assert advice.model == "model_0"
    assert len(advice.findings) == CHAIN
    del known["fact_0"]
    assert not advisor.recommend(known).findings
