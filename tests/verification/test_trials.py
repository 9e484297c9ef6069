"""What is found by trial is a hint that the engine confirms: it never makes a difference to a verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cxrules import RuleBase
from cxrules.language.facts import Facts, Kind
from cxrules.policy.decision import Status
from tests import DATA

pytest.importorskip("z3", reason="the extra `verify` is not installed")

from cxrules.verification.prover import Prover, judge_of


@pytest.fixture(scope="module")
def prover() -> Prover:
    return Prover(RuleBase.builtin())


def test_a_hint_is_an_organisation_that_gets_another_result(prover: Prover) -> None:
    rulebase, judge = prover.rulebase, prover.judge

    def result(known: Facts) -> tuple[str | None, Status]:
        decision = judge.decide(known)
        return decision.model, decision.status

    silent = 0
    for rule in sorted(rulebase.bearing)[::10]:
        if found := prover.trials.without_rule(rule):
            rules = {name: kept for name, kept in rulebase.rules.items() if name != rule}
            decided = judge_of(replace(rulebase, rules=rules)).decide(found[0])
            assert (decided.model, decided.status) != result(found[0]), rule
            assert not rulebase.incoherences(found[0])
            silent += 1
    assert silent >= 10  # of some twenty
    for name, fact in rulebase.vocabulary.facts.items():
        if found := prover.trials.without_fact(name):
            rest = {other: value for other, value in found[0].items() if other != name}
            assert result(rest) != result(found[0]), name
        if fact.kind is Kind.SET:
            for element in fact.names:
                if found := prover.trials.with_element(name, element):
                    assert element not in found[0][name]  # type: ignore[operator]
                    assert result({**found[0], **found[1]}) != result(found[0]), (name, element)
        elif found := prover.trials.between(name, *prover.space.values(name)[:2]):
            one, other = ({**found[0], name: value} for value in prover.space.values(name)[:2])
            assert result(one) != result(other), name


def test_it_is_the_same_on_every_run() -> None:
    rulebase = RuleBase.load(DATA / "faulty_bases" / "clean")
    one, other = (Prover(rulebase).trials for _ in range(2))
    found = [one.without_rule(rule) for rule in sorted(rulebase.bearing)]
    assert found == [other.without_rule(rule) for rule in sorted(rulebase.bearing)]
    assert any(found)
