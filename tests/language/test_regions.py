"""The cases of a fact, against every value."""

import pytest
from hypothesis import given

from cxrules import RuleBase
from cxrules.language.facts import Kind
from cxrules.language.regions import MOST_SETS, are_too_many, list_cases, list_tests
from cxrules.language.rules import FactTest, Operator
from tests.rulebases import candidate_values, make_fact, rulebases, thresholds
from tests.search.lively import signature


@given(rulebases())
def test_the_cases_of_a_fact_have_all_combinations_of_test_results(rulebase: RuleBase) -> None:
    cuts = thresholds(rulebase)
    for name, tests in list_tests(rulebase).items():
        fact = rulebase.vocabulary[name]
        found = [signature(fact, tests, value) for value in list_cases(fact, tests)]
        assert set(found) == {signature(fact, tests, value) for value in candidate_values(fact, cuts.get(name, ()))}
        assert fact.kind is not Kind.SET or len(found) == len(set(found))


@pytest.mark.parametrize(("number", "each", "kinds"), [(16, 1, 2**16), (17, 1, None), (40, 1, None), (40, 4, 2**10)])
def test_the_sets_that_tests_tell_apart_are_bounded(number: int, each: int, kinds: int | None) -> None:
    """However many elements there are, what counts is how many sets a search would have to list."""
    names = [f"element_{place}" for place in range(number)]
    fact = make_fact("many", Kind.SET, names)
    operator = Operator.INCLUDES_ANY if each == 1 else Operator.INCLUDES_ALL
    tests = [FactTest("many", operator, tuple(names[place : place + each])) for place in range(0, number, each)]
    assert are_too_many(fact, tests) == (kinds is None)
    if kinds:
        assert len(list_cases(fact, tests)) == kinds <= MOST_SETS
