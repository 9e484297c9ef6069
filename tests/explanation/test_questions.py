"""Every engine answers every question alike, in whole sentences."""

import re
from collections.abc import Iterator
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from cxrules import Advisor, RuleBase
from tests.oracle import OracleEngine
from tests.rulebases import (
    random_organisations,
)
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
