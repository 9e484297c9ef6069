"""The cases of a fact, against every value."""

from hypothesis import given

from cxrules import RuleBase
from cxrules.language.facts import Kind
from cxrules.language.regions import list_cases, list_tests
from tests.rulebases import (
    candidate_values,
    rulebases,
    thresholds,
)
from tests.search.lively import signature


@given(rulebases())
def test_the_cases_of_a_fact_have_all_combinations_of_test_results(rulebase: RuleBase) -> None:
    cuts = thresholds(rulebase)
    for name, tests in list_tests(rulebase).items():
        fact = rulebase.vocabulary[name]
        found = [signature(fact, tests, value) for value in list_cases(fact, tests)]
        assert set(found) == {signature(fact, tests, value) for value in candidate_values(fact, cuts.get(name, ()))}
        assert fact.kind is not Kind.SET or len(found) == len(set(found))
