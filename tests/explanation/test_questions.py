"""Every engine answers every question alike, in whole sentences."""

import re
import warnings
from collections.abc import Iterator
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from cxrules import Advisor, RuleBase
from cxrules.language.facts import Kind
from cxrules.language.rules import Conclusion, Effect, FactTest, Model, Operator, Rule, Tone
from cxrules.testing.values import telling_values, thresholds
from tests.oracle import OracleEngine
from tests.rulebases import make_claim, make_fact, make_rulebase, random_organisations
from tests.search.lively import (
    HALF,
    lively_rulebases,
)

QUESTIONS = ("sufficient", "counterfactuals", "settled", "next_questions", "robustness")


@HALF
@given(lively_rulebases(), st.integers(0, 2**32))
def test_every_engine_gives_the_same_answers(rulebase: RuleBase, seed: int) -> None:
    known = next(random_organisations(rulebase, seed))
    one, other = Advisor(rulebase).recommend(known), Advisor(rulebase, OracleEngine(rulebase)).recommend(known)
    for question in QUESTIONS:
        assert getattr(one, question)() == getattr(other, question)()


def texts() -> Iterator[str]:
    advisor = Advisor()
    for known in islice(random_organisations(advisor.rulebase, 8, coherent=True), 8):
        advice = advisor.recommend(known)
        for question in QUESTIONS:
            yield getattr(advice, question)().explain()
        yield advice.counterfactuals("cmo_owned").explain()
        yield advice.counterfactuals(advice.model or "cmo_owned", 1).explain()


def test_texts_are_whole_sentences() -> None:
    said = list(texts())
    assert len(set(said)) > 30
    for text in said:
        assert text[0].isupper() or not text[0].isalpha()
        assert text.endswith((".", "?"))
        assert "_" not in text
        assert "  " not in text
        assert not re.search(r"\bNone\b|\b[A-Z]\d+-\d+|\{|\}", text)


def test_only_the_caller_is_asked_about_small_percentages() -> None:
    """The kind: a value that the library tries by itself is examined as if a caller had given it."""
    claim = make_claim("S1-1", Tone.PLAIN)

    def rule(name: str, operator: Operator, operand: float, model: str) -> Rule:
        when = (FactTest("share", operator, operand),)
        return Rule(name, (claim.id,), "So.", when, (Conclusion(Effect.SUPPORTS, model),))

    rules = [rule("below", Operator.BELOW, 0.4, "one"), rule("above", Operator.AT_LEAST, 0.7, "two")]
    models = [Model(name, name, f"it is {name}") for name in ("one", "two")]
    rulebase = make_rulebase([make_fact("share", Kind.PERCENT)], rules, models, [claim])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for known in ({}, {"share": 0}, {"share": 50}):
            answer = Advisor(rulebase).recommend(known)
            assert answer.explain("full")
            assert answer.to_html()
            assert all(getattr(answer, question)().explain() for question in QUESTIONS)
            for subject in ("one", "two", "below", "above"):
                answer.why_not(subject).explain()
        assert telling_values(rulebase.vocabulary["share"], thresholds(rulebase)["share"])
