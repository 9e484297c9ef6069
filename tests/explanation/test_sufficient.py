"""The sufficient set, against every subset."""

from collections.abc import Iterable
from itertools import combinations, islice

from hypothesis import given
from hypothesis import strategies as st

from cxrules import Advisor
from cxrules.explanation.sufficient import Extent, sufficient_facts
from cxrules.policy.decision import Decision
from cxrules.policy.judge import Judge
from tests.rulebases import (
    random_organisations,
)
from tests.search.lively import MANY, cases


def suffices(judge: Judge, decision: Decision, names: Iterable[str]) -> bool:
    then = judge.decide({name: decision.known[name] for name in names})
    return (then.model, then.status) == (decision.model, decision.status)


@MANY
@given(cases())
def test_the_sufficient_set_suffices_and_no_smaller_one_does(case: tuple[Judge, Decision]) -> None:
    judge, decision = case
    found = sufficient_facts(judge, decision)
    assert found.extent is Extent.SMALLEST
    assert all(decision.known[name] == value for name, value in found.facts.items())
    assert suffices(judge, decision, found.facts)
    for size in range(len(found.facts)):
        assert not any(suffices(judge, decision, names) for names in combinations(decision.known, size))


@given(cases(), st.integers(0, 3))
def test_if_not_every_subset_can_be_tried_no_part_of_the_set_suffices(case: tuple[Judge, Decision], most: int) -> None:
    judge, decision = case
    found = sufficient_facts(judge, decision, affordable=most)
    assert suffices(judge, decision, found.facts)
    if found.extent is Extent.UNPROVED:
        parts: Iterable[tuple[str, ...]] = combinations(found.facts, len(found.facts) - 1)
    else:
        parts = (part for size in range(len(found.facts)) for part in combinations(found.facts, size))
    assert not any(suffices(judge, decision, part) for part in parts)


def test_many_facts_are_searched_in_several_cohorts() -> None:
    judge = Advisor().judge
    for known in islice(random_organisations(judge.rulebase, 11, known=1.0, coherent=True), 3):
        decision = judge.decide(known)
        found = sufficient_facts(judge, decision)
        assert suffices(judge, decision, found.facts)
        assert found.extent in (Extent.SMALLEST, Extent.MINIMAL)
        assert not any(suffices(judge, decision, part) for part in combinations(found.facts, len(found.facts) - 1))
