"""Answers as values: equality and hash depend on content, however deep, and however much of it is shared."""

import copy
import json
import pickle
import weakref
from itertools import product
from typing import Any

import pytest

import cxrules
from cxrules import Advisor
from cxrules.language.facts import Kind
from cxrules.language.rules import Conclusion, Effect, FactTest, FindingTest, Model, Operator, Rule, Tone
from cxrules.portable.base import Portable
from cxrules.rulebase import RuleBase
from tests.portable.answers import FACTS, KINDS, QUESTIONS
from tests.rulebases import make_claim, make_fact, make_rulebase


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_answers_that_say_the_same_are_equal(question: Any) -> None:
    one, other = question(cxrules.recommend(FACTS)), question(cxrules.recommend(FACTS))
    copies = [
        copy.copy(one),
        copy.deepcopy([one])[0],
        pickle.loads(pickle.dumps(one)),  # noqa: S301 - what was just pickled
        type(one).model_validate_json(one.model_dump_json()),
    ]
    assert len({one, other, *copies}) == 1
    assert weakref.ref(one)() is one
    assert one != 7


def test_answers_to_different_questions_differ() -> None:
    advice = cxrules.recommend(FACTS)
    answers = [question(advice) for question in QUESTIONS.values()]
    assert len(set(answers)) == len(answers)


def test_all_classes_of_answers_compare_alike() -> None:
    for kind in KINDS:
        if issubclass(kind, Portable):
            assert kind.__eq__ is Portable.__eq__
            assert kind.__hash__ is Portable.__hash__


def make_layers(count: int, *, joint: bool) -> RuleBase:
    """Return a rule base of layers of findings, with 2 ** count ways through them.

    If joint, each finding of a layer needs both of the layer below; else two rules conclude the one finding of a layer.
    """

    def conclude(finding: str) -> tuple[Conclusion, ...]:
        return (Conclusion(Effect.FINDING, finding),)

    def rule(name: str, when: Any, then: Any) -> Rule:
        return Rule(name, ("S-1",), "So.", when, then)

    given = (FactTest("it", Operator.IS, True),)
    letters = "ab" if joint else "a"
    rules = [rule(f"start-{letter}", given, conclude(f"{letter}-0")) for letter in letters]
    for place, letter in product(range(1, count), "ab"):
        below = tuple(FindingTest(f"{each}-{place - 1}") for each in letters)
        rules.append(rule(f"r-{place}-{letter}", below, conclude(f"{letter if joint else 'a'}-{place}")))
    top = tuple(FindingTest(f"{letter}-{count - 1}") for letter in letters)
    rules.append(rule("end", top, (Conclusion(Effect.SUPPORTS, "model"),)))
    models = [Model("model", "model", "model")]
    return make_rulebase([make_fact("it", Kind.FLAG)], rules, models, [make_claim("S-1", Tone.PLAIN)])


@pytest.mark.parametrize("joint", [True, False])
def test_the_cost_of_shared_findings_does_not_multiply(joint: bool) -> None:
    advisor = Advisor(make_layers(30, joint=joint))
    one, other = advisor.recommend(it=True), advisor.recommend(it=True)
    questions: list[Any] = [
        lambda advice: advice.why(),
        lambda advice: advice.why(complete=True),
        lambda advice: advice.how("end"),
        lambda advice: advice.why_not("model"),
        lambda advice: advice.what_if(it=False),
    ]
    for question in questions:
        answer = question(one)
        assert answer == question(other)
        assert hash(answer) == hash(question(other))
        assert len(json.dumps(answer.model_dump())) < 3_000_000
        assert len(answer.explain()) < 2_000_000
        assert answer.model_dump() == answer.model_dump()
    told = one.why(complete=True).explain()
    assert "Its derivation is above." in told
    assert all(f"r-{place}-b" in {step.rule.id for step in one.why(complete=True).steps()} for place in range(1, 30))


def test_answers_deeper_than_the_recursion_limit_are_compared() -> None:
    rules = [Rule("r-0", ("S-1",), "So.", (FactTest("it", Operator.IS, True),), (Conclusion(Effect.FINDING, "f-0"),))]
    for place in range(1, 1_000):
        below = (FindingTest(f"f-{place - 1}"),)
        rules.append(Rule(f"r-{place}", ("S-1",), "So.", below, (Conclusion(Effect.FINDING, f"f-{place}"),)))
    base = make_rulebase(
        [make_fact("it", Kind.FLAG)], rules, [Model("model", "model", "model")], [make_claim("S-1", Tone.PLAIN)]
    )
    one, other = (Advisor(base).recommend(it=True).how("f-999") for _ in range(2))
    assert one == other
    assert one == pickle.loads(pickle.dumps(one))  # noqa: S301 - what was just pickled
    assert hash(one) == hash(other)
    assert one != Advisor(base).recommend(it=True).how("f-998")
