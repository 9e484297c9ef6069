"""Counterfactuals, against every change."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cxrules
from cxrules import Advisor
from cxrules.explanation.counterfactuals import ChangeSet, SearchStatus, counterfactuals
from cxrules.language.facts import Fact, Facts, FactValue, Kind, Only
from cxrules.language.regions import list_tests
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
from cxrules.search.changes import apply, list_changes
from cxrules.search.possibilities import possibilities_of
from tests.rulebases import (
    candidate_values,
    make_claim,
    make_fact,
    make_rulebase,
    random_organisations,
    thresholds,
)
from tests.search.lively import MANY, MODELS, cases, incoherent, signature


def prices(fact: Fact, before: FactValue, after: FactValue) -> int | None:
    """The price of a change, or None if it is not allowed, straight from the definition of the fact."""
    if before == after:
        return 0
    if fact.immutable:
        return None
    if fact.kind is Kind.SET:
        assert isinstance(before, tuple)
        assert isinstance(after, tuple)
        joining, leaving = set(after) - set(before), set(before) - set(after)
        if (fact.only is Only.UP and leaving) or (fact.only is Only.DOWN and joining):
            return None
        return fact.effort * len(joining | leaving)
    if fact.kind in (Kind.ORDERED, Kind.PERCENT) and fact.only is not None:
        rises = fact.rank(str(after)) > fact.rank(str(before)) if fact.kind is Kind.ORDERED else after > before  # type: ignore[operator]
        if rises is not (fact.only is Only.UP):
            return None
    return fact.effort


def size_of(fact: Fact, before: FactValue, after: FactValue) -> int:
    if fact.kind is Kind.SET:
        assert isinstance(before, tuple)
        assert isinstance(after, tuple)
        return len(set(before) ^ set(after))
    return int(before != after)


def all_changed(judge: Judge, known: Facts, most: int) -> Iterator[tuple[int, dict[str, FactValue]]]:
    """Every organisation that allowed changes lead to, with the price."""
    vocabulary = judge.rulebase.vocabulary
    cuts = thresholds(judge.rulebase)
    choices = [
        [
            known[name],
            *(value for value in candidate_values(vocabulary[name], cuts.get(name, ())) if value != known[name]),
        ]
        for name in known
    ]
    for values in product(*choices):
        pairs = [(vocabulary[name], known[name], value) for name, value in zip(known, values, strict=True)]
        if sum(size_of(*pair) for pair in pairs) <= most:
            costs = [prices(*pair) for pair in pairs]
            if None not in costs:
                yield sum(cost for cost in costs if cost), dict(zip(known, values, strict=True))


def shape(judge: Judge, known: Facts) -> tuple[object, ...]:
    """An organisation, with percentages reduced to their regions."""
    tests = list_tests(judge.rulebase)
    vocabulary = judge.rulebase.vocabulary
    return tuple(
        signature(vocabulary[name], tests[name], value) if vocabulary[name].kind is Kind.PERCENT else value
        for name, value in known.items()
    )


@MANY
@given(cases(), st.sampled_from([None, *MODELS]), st.integers(1, 3))
def test_counterfactuals_are_all_the_cheapest_changes(case: tuple[Judge, Decision], aim: str | None, most: int) -> None:
    judge, decision = case
    target = aim if aim in judge.rulebase.models else None
    found = counterfactuals(judge, decision, target, most)
    assert found.status is SearchStatus.COMPLETE
    if target is not None and target == decision.model:
        assert [(entry.changes, entry.price) for entry in found.sets] == [((), 0)]
        return

    def reaches(known: Facts) -> bool:
        model = judge.decide(known).model
        return not incoherent(judge, known) and (model == target if target else model != decision.model)

    reaching: dict[int, set[tuple[object, ...]]] = {}
    for price, known in all_changed(judge, decision.known, most):
        # Moving a percentage within its region costs and has no effect, so it is not a change.
        if price and reaches(known) and not wasted(judge, decision.known, known):
            reaching.setdefault(price, set()).add(shape(judge, known))
    if not reaching:
        assert found.impossible
        return
    cheapest = min(reaching)
    assert {entry.price for entry in found.sets} == {cheapest}
    assert {shape(judge, entry.facts) for entry in found.sets} == reaching[cheapest]
    assert len(found.sets) == len(reaching[cheapest])
    for entry in found.sets:
        assert_promise_kept(judge, decision, entry, most)
        for size in range(len(entry.changes)):
            for part in combinations(entry.changes, size):
                assert not reaches(apply(decision.known, part, possibilities_of(judge)))


def wasted(judge: Judge, before: Facts, after: Facts) -> bool:
    tests = list_tests(judge.rulebase)
    vocabulary = judge.rulebase.vocabulary
    return any(
        vocabulary[name].kind is Kind.PERCENT
        and before[name] != after[name]
        and signature(vocabulary[name], tests[name], before[name])
        == signature(vocabulary[name], tests[name], after[name])
        for name in before
    )


def assert_promise_kept(judge: Judge, decision: Decision, entry: ChangeSet, most: int) -> None:
    then = judge.decide(entry.facts)
    assert (then.model, then.status) == (entry.model, entry.status)
    assert not incoherent(judge, entry.facts)
    assert entry.facts == apply(decision.known, entry.changes, possibilities_of(judge))
    assert len(entry.changes) <= most
    vocabulary = judge.rulebase.vocabulary
    assert entry.price == sum(
        prices(vocabulary[name], decision.known[name], entry.facts[name]) or 0 for name in entry.facts
    )


ORDERED = replace(make_fact("it", Kind.ORDERED, ("low", "middle", "high")), effort=2)
PHASES = make_fact("it", Kind.SET, ("x", "y"))


@pytest.mark.parametrize(
    ("fact", "value", "after"),
    [
        (ORDERED, "middle", ["low", "high"]),
        (ORDERED, "high", ["middle", "low"]),
        (replace(ORDERED, only=Only.UP), "middle", ["high"]),
        (replace(ORDERED, only=Only.DOWN), "middle", ["low"]),
        (replace(ORDERED, effort=0), "middle", []),
        (make_fact("it", Kind.CHOICE, ("a", "b", "c")), "b", ["a", "c"]),
        (make_fact("it", Kind.FLAG), True, [False]),
        (make_fact("it", Kind.PERCENT), 30, [19, 50]),
        (make_fact("it", Kind.PERCENT), 5.5, [20, 50]),
        (make_fact("it", Kind.PERCENT), 70, [49, 19]),
        (replace(make_fact("it", Kind.PERCENT), only=Only.UP), 30, [50]),
        (replace(make_fact("it", Kind.PERCENT), only=Only.DOWN), 30, [19]),
        (PHASES, ("x",), [False, True]),
        (replace(PHASES, only=Only.UP), ("x",), [True]),
        (replace(PHASES, only=Only.DOWN), ("x",), [False]),
    ],
)
def test_facts_change_only_as_allowed(fact: Fact, value: FactValue, after: list[FactValue]) -> None:
    operators = {Kind.PERCENT: Operator.BELOW, Kind.SET: Operator.INCLUDES_ALL}
    operands: list[Any] = [20, 50] if fact.kind is Kind.PERCENT else [("x",)] if fact.kind is Kind.SET else [value]
    tests = [FactTest("it", operators.get(fact.kind, Operator.IS), operand) for operand in operands]
    effects = (Conclusion(Effect.SUPPORTS, "model"),)
    rules = [Rule(f"r-{number}", ("S-1",), "So.", (test,), effects) for number, test in enumerate(tests)]
    rulebase = make_rulebase([fact], rules, [Model("model", "model", "model")], [make_claim("S-1", Tone.PLAIN)])
    changes = list_changes(possibilities_of(Advisor(rulebase).judge), {"it": value})
    assert [change.after for change in changes] == after
    assert {change.effort for change in changes} <= {fact.effort}


def test_a_percentage_moves_to_the_nearest_point_of_another_region() -> None:
    advice = cxrules.recommend(retention_budget_share=37.5)
    tests = possibilities_of(advice.judge).tests["retention_budget_share"]
    assert {test.operand for test in tests} == {20, 50}, "the thresholds have changed: adapt this test"
    changes = list_changes(possibilities_of(advice.judge), advice.decision.known)
    assert [change.after for change in changes] == [50, 19]


def test_a_search_that_is_cut_short_says_so() -> None:
    judge = Advisor().judge
    known = next(random_organisations(judge.rulebase, 3, known=0.6, coherent=True))
    decision = judge.decide(known)
    target = next(model for model in judge.rulebase.models if not counterfactuals(judge, decision, model, 2).sets)
    assert counterfactuals(judge, decision, target, 2).impossible
    cut_short = counterfactuals(judge, decision, target, 2, budget=10)
    assert cut_short.status is SearchStatus.BUDGET_EXHAUSTED
    assert cut_short.examined == 10
    assert not cut_short.impossible


@pytest.mark.parametrize(("target", "most"), [("cmo_ownd", 3), (None, 0)])
def test_wrong_questions_are_refused(target: str | None, most: int) -> None:
    with pytest.raises(ValueError, match=r"cmo_owned|max_changes is a whole number from 1"):
        cxrules.recommend(maturity="early").counterfactuals(target, most)
