"""What to ask next, against every completion."""

import pytest
from hypothesis import given

import cxrules
from cxrules import Advisor
from cxrules.explanation.next_questions import next_questions
from cxrules.explanation.settled import settled
from cxrules.language.facts import Kind
from cxrules.language.rules import (
    Conclusion,
    Effect,
    FactTest,
    Model,
    Operator,
    Rule,
    Tone,
)
from cxrules.policy.decision import Decision
from cxrules.policy.judge import Judge
from tests.rulebases import (
    make_claim,
    make_fact,
    make_rulebase,
)
from tests.search.lively import MANY, cases, completions, distinct_values, incoherent


@MANY
@given(cases())
def test_irrelevant_facts_never_change_the_model(case: tuple[Judge, Decision]) -> None:
    judge, decision = case
    irrelevant = next_questions(judge, decision).irrelevant
    values = distinct_values(judge)
    for completed in completions(judge, decision.known, answered=False):
        model = judge.decide(completed).model
        for name in irrelevant:
            for value in values[name]:
                other = {**completed, name: value}
                if not incoherent(judge, other) - incoherent(judge, decision.known):
                    assert judge.decide(other).model == model


@given(cases())
def test_unknown_facts_are_asked_or_irrelevant(case: tuple[Judge, Decision]) -> None:
    judge, decision = case
    found = next_questions(judge, decision)
    assert found.complete or found.questions
    asked = [question.fact for question in found.questions]
    unknown = [name for name in judge.rulebase.vocabulary.facts if name not in decision.known]
    assert sorted([*asked, *found.irrelevant]) == sorted(unknown)
    gains = [question.information for question in found.questions]
    # Differences below 0.01 bits may be chance; then the evidence that depends on a question decides.
    rounded = [round(gain, 2) for gain in gains]
    assert rounded == sorted(rounded, reverse=True)
    if found.prospects:
        assert sum(found.prospects.values()) == pytest.approx(1)
    if found.nothing_left_to_ask:
        assert settled(judge, decision, answered=False, budget=10**6)
    for question in found.questions:
        for answer in question.answers:
            then = judge.decide({**decision.known, question.fact: answer.value})
            assert (then.model, then.status) == (answer.model, answer.status)


def test_the_first_question_is_more_informative_than_the_last() -> None:
    found = cxrules.recommend().next_questions()
    assert found.questions[0].information > found.questions[-1].information
    assert len(found.prospects) > 3


def test_information_in_a_case_computed_by_hand() -> None:
    """Two flags that must both be true: each gives h(1/4) - h(1/2) / 2 bits."""
    both = (FactTest("one", Operator.IS, True), FactTest("other", Operator.IS, True))
    rulebase = make_rulebase(
        [make_fact(name, Kind.FLAG) for name in ("one", "other", "idle")],
        [Rule("both", ("S-1",), "So.", both, (Conclusion(Effect.SUPPORTS, "model"),))],
        [Model("model", "model", "model")],
        [make_claim("S-1", Tone.PLAIN)],
    )
    found = Advisor(rulebase).recommend().next_questions()
    assert [question.fact for question in found.questions] == ["one", "other"]
    assert found.irrelevant == ("idle",)
    for question in found.questions:
        assert question.information == pytest.approx(0.8113 - 0.5, abs=0.02)
    assert found.prospects["model"] == pytest.approx(0.25, abs=0.02)
