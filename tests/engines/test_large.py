"""A large rule base, 5,000 rules, 500 facts and a chain of 1,000 findings, is read, compiled and decided on."""

import pickle

import pytest

from cxrules import Advisor
from cxrules.rulebase import RuleBase
from tests.rulebases import fitting, make_large

FACTS, CHAIN, RULES = 500, 1_000, 5_000


@pytest.fixture(scope="module")
def large() -> RuleBase:
    return make_large(FACTS, CHAIN, RULES)


def test_a_large_rule_base_is_written_and_read(large: RuleBase) -> None:
    assert (len(large.rules), len(large.vocabulary.facts), len(large.findings)) == (RULES, FACTS, CHAIN)
    assert RuleBase.from_json(large.to_json()) == large
    assert pickle.loads(pickle.dumps(large)) == large  # noqa: S301 - what was just pickled
    assert len(large.strata) == CHAIN + 1
    assert not large.standing


def test_a_large_rule_base_decides(large: RuleBase) -> None:
    advisor = Advisor(large)
    known = fitting(large)
    advice = advisor.recommend(known)
    assert len(advice.fired) == RULES
    assert advice.model == "model_0"
    assert len(advice.findings) == CHAIN
    del known["fact_0"]
    assert not advisor.recommend(known).findings
