"""Trials find hints, which the engine confirms; they never change a verdict."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import combinations

import pytest

from cxrules import RuleBase
from cxrules.language.facts import Facts, FactValue, Kind
from cxrules.language.rules import Conclusion, Effect, FactTest, FindingTest, Model, Operator, Rule, Tone
from cxrules.policy.decision import Status
from cxrules.policy.judge import Judge
from tests import DATA
from tests.line_count import count_lines
from tests.rulebases import make_claim, make_fact, make_large, make_rulebase

pytest.importorskip("z3", reason="the extra `verify` is not installed")

from cxrules.verification.checks.idle import answer_differs
from cxrules.verification.engine_view import EngineView
from cxrules.verification.prover import Prover, judge_of


@pytest.fixture(scope="module")
def prover() -> Prover:
    return Prover(RuleBase.builtin())


def result(judge: Judge, known: Facts) -> tuple[str | None, Status]:
    decision = judge.decide(known)
    return decision.model, decision.status


def test_a_hint_is_an_organisation_with_another_result(prover: Prover) -> None:
    rulebase, judge = prover.rulebase, prover.judge
    changed = 0
    for rule in sorted(rulebase.bearing)[::10]:
        if found := prover.trials.without_rule(rule):
            rules = {name: kept for name, kept in rulebase.rules.items() if name != rule}
            bare = judge_of(replace(rulebase, rules=rules))
            assert result(bare, found[0]) != result(judge, found[0]), rule
            assert not rulebase.incoherences(found[0])
            changed += 1
    for name in rulebase.vocabulary.facts:
        if found := prover.trials.without_fact(name, result=True):
            assert result(judge, without(found[0], name)) != result(judge, found[0]), name
            changed += 1
    assert changed >= 50  # of about eighty


def without(known: Facts, name: str) -> dict[str, FactValue]:
    return {other: value for other, value in known.items() if other != name}


def test_a_hint_is_an_organisation_with_another_answer(prover: Prover) -> None:
    trials, rulebase = prover.trials, prover.rulebase

    def differ(*both: Facts) -> bool:
        assert not any(rulebase.incoherences(known) for known in both)
        views = [EngineView(prover.judge, known, prover.space.regions) for known in both]
        return answer_differs(prover.circuit, *views) is True

    found = 0
    for name, fact in rulebase.vocabulary.facts.items():
        if hint := trials.without_fact(name, result=False):
            assert differ(hint[0], without(hint[0], name)), name
            found += 1
        if fact.kind is Kind.SET:
            for element in fact.names:
                if hint := trials.with_element(name, element):
                    assert element not in hint[0][name]  # type: ignore[operator]
                    assert differ(hint[0], {**hint[0], **hint[1]}), (name, element)
                    found += 1
        elif hint := trials.between(name, *prover.space.values(name)[:2]):
            assert differ(*({**hint[0], name: value} for value in prover.space.values(name)[:2])), name
            found += 1
    assert found >= 100


def test_a_hint_makes_one_rule_fire_and_another_not(prover: Prover) -> None:
    judge = prover.judge
    rules = list(prover.rulebase.rules)
    pairs = 0
    for rule, other in zip(rules, rules[1:] + rules[:1], strict=True):
        hint = prover.trials.firing(rule)
        assert hint is not None, rule  # trials make every rule of the built-in base fire
        assert rule in judge.decider.names(judge.decide(hint[0]).fired)
        if hint := prover.trials.firing(rule, silent=[other]):
            fired = set(judge.decider.names(judge.decide(hint[0]).fired))
            assert rule in fired
            assert other not in fired
            pairs += 1
    assert pairs >= 250  # pairs in which the one does not imply the other


def test_a_hint_is_a_tie(prover: Prover) -> None:
    found = 0
    for first, second in combinations(prover.rulebase.models, 2):
        if hint := prover.trials.tied(first, second):
            view = EngineView(prover.judge, hint[0], prover.space.regions)
            assert view.recommended[first]
            assert view.running[second]
            assert view.points[first] == view.points[second]
            found += 1
    assert found >= 20


def test_hints_are_the_same_on_every_run() -> None:
    rulebase = RuleBase.load(DATA / "faulty_bases" / "clean")
    one, other = (Prover(rulebase).trials for _ in range(2))
    found = [one.without_rule(rule) for rule in sorted(rulebase.bearing)]
    assert found == [other.without_rule(rule) for rule in sorted(rulebase.bearing)]
    assert any(found)


def test_a_rule_at_the_end_of_a_long_chain_is_made_to_fire() -> None:
    """The kind: recursion through findings, which a chain of a thousand ends with a RecursionError."""
    prover = Prover(make_large(facts=5, chain=1_100, rules=1_110))
    hint = prover.trials.firing("end")
    assert hint is not None
    assert EngineView(prover.judge, hint[0], prover.space.regions).fired["end"]


def crowd(number: int) -> RuleBase:
    """Many rules that conclude one finding, and many that need it."""
    facts = [make_fact(f"fact_{place}", Kind.FLAG) for place in range(number)]
    concluding, supporting = (Conclusion(Effect.FINDING, "so"), Conclusion(Effect.SUPPORTS, "one"))
    rules = [
        *(
            Rule(f"for-{fact.name}", ("S1-1",), "So.", (FactTest(fact.name, Operator.IS, True),), (concluding,))
            for fact in facts
        ),
        *(Rule(f"by-{place}", ("S1-1",), "So.", (FindingTest("so"),), (supporting,)) for place in range(number)),
    ]
    return make_rulebase(facts, rules, [Model("one", "One", "one leads")], [make_claim("S1-1", Tone.PLAIN)])


def test_a_finding_is_spread_once_over_the_rules_that_conclude_it() -> None:
    """The kind: work for each rule that needs a finding and each that concludes it."""
    small, large = (count_lines(partial(Prover(crowd(number)).trials.firing, "by-0")) for number in (20, 80))
    assert large < 7 * small
