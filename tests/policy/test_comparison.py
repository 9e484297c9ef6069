"""Comparing two decisions: a claim counts once, so nothing moves if another rule still carries it."""

from dataclasses import replace
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxrules import Advisor, RuleBase, testing
from cxrules.language.facts import Kind
from cxrules.language.rules import Conclusion, Effect, FactTest, Model, Operator, Rule, Tone
from cxrules.policy.comparison import Turn, compare, list_turns
from cxrules.policy.decider import Decider
from cxrules.policy.judge import Judge
from tests.oracle import OracleEngine
from tests.rulebases import make_claim, make_fact, make_rulebase, organisations, random_organisations, rulebases

BUILTIN = RuleBase.builtin()


def without(rulebase: RuleBase, rule: str) -> RuleBase:
    return replace(rulebase, rules={name: each for name, each in rulebase.rules.items() if name != rule})


@settings(max_examples=2 * settings().max_examples)
@given(rulebases(max_rules=10), st.data())
def test_the_shifts_add_up_to_the_change_in_points(rulebase: RuleBase, data: st.DataObject) -> None:
    changed = without(rulebase, data.draw(st.sampled_from(sorted(rulebase.rules))))
    known = data.draw(organisations(rulebase))
    one, other = (Judge(OracleEngine(base)) for base in (rulebase, changed))
    before, after = one.decide(known), other.decide(known)
    found = compare(one.decider, before.fired, other.decider, after.fired)
    points = one.decider.weigh(one.decider.count(before.fired)), other.decider.weigh(other.decider.count(after.fired))
    for model in rulebase.models:
        moved = [shift for shift in found.shifts if shift.model == model]
        assert sum(shift.points[1] - shift.points[0] for shift in moved) == points[1][model] - points[0][model]
        assert all(was != now for was, now in (shift.points for shift in moved))
        sides = [(shift.points[0] + shift.points[1] > 0, item.carrier) for shift in moved if (item := shift.before)]
        assert len(sides) == len(set(sides)), "a claim moves once"
    assert set(found.fires) == set(other.decider.names(after.fired)) - set(one.decider.names(before.fired))
    assert set(found.silent) == set(one.decider.names(before.fired)) - set(other.decider.names(after.fired))


def list_twins() -> list[tuple[str, str, str]]:
    """Rules of the built-in rule base whose claim another rule carries for the same side of the same model."""
    groups: dict[tuple[str, bool, str], list[str]] = {}
    points = {}
    for item in Decider(BUILTIN).evidence:
        groups.setdefault((item.model, item.points > 0, item.carrier), []).append(item.rule)
        points[item.rule, item.model] = item.points
    return [
        (model, rule, next(twin for twin in rules if twin != rule))
        for (model, _, _), rules in groups.items()
        if len(rules) > 1
        for rule in rules
        if all(points[other, model] == points[rule, model] for other in rules)
    ]


def test_removing_a_twin_moves_nothing_if_the_other_fires() -> None:
    own, seen = Decider(BUILTIN), set()
    for model, rule, twin in list_twins():
        fired = own.mask([rule, twin])
        changed = Decider(without(BUILTIN, rule))
        found = compare(own, fired, changed, changed.mask([twin]))
        assert not [shift for shift in found.shifts if shift.model == model and twin_carries(own, rule, twin, model)]
        seen.add((model, twin))
    assert len(seen) > 30


def twin_carries(decider: Decider, rule: str, twin: str, model: str) -> bool:
    def said(of: str) -> set[tuple[bool, str]]:
        return {(item.points > 0, item.carrier) for item in decider.evidence if (item.rule, item.model) == (of, model)}

    return said(rule) == said(twin)


def test_a_rule_that_cites_another_claim_with_equal_points_moves_nothing() -> None:
    def base(claim: str) -> Decider:
        rule = Rule("it", (claim,), "So.", (), (Conclusion(Effect.SUPPORTS, "model"),))
        claims = [make_claim(f"S-{number}", Tone.PLAIN) for number in range(2)]
        return Decider(
            make_rulebase([make_fact("flag", Kind.FLAG)], [rule], [Model("model", "model", "model")], claims)
        )

    assert compare(base("S-0"), 1, base("S-1"), 1).shifts == ()


def test_every_turn_has_its_reverse() -> None:
    back = {
        Turn.RULED_OUT: Turn.READMITTED,
        Turn.REQUIREMENT_MET: Turn.REQUIREMENT_LOST,
        Turn.SET_ASIDE: Turn.NO_LONGER_SET_ASIDE,
        Turn.IN_THE_RUNNING: Turn.OUT_OF_THE_RUNNING,
    }
    back |= {after: before for before, after in back.items()}
    judge = Advisor().judge
    drawn = [judge.decide(known).fired for known in islice(random_organisations(BUILTIN, 4), 40)]
    seen: set[Turn] = set()
    for one, other in pairwise(drawn):
        for was, now in compare(judge.decider, one, judge.decider, other).rows.values():
            assert was
            assert now
            there, home = list(list_turns(was, now)), list(list_turns(now, was))
            assert {(back[step.turn], step.rules, step.finding) for step in there} == set(home)
            seen.update(step.turn for step in there)
    assert seen == set(Turn)


def test_a_model_that_loses_a_requirement_is_weakened() -> None:
    rules = [
        Rule("open", ("S-1",), "So.", (FactTest("it", Operator.IS, True),), (Conclusion(Effect.FINDING, "found"),)),
        Rule("for", ("S-1",), "So.", (), (Conclusion(Effect.SUPPORTS, "model"),)),
    ]
    rulebase = make_rulebase(
        [make_fact("it", Kind.FLAG)],
        rules,
        [Model("model", "model", "model", requires=("found",))],
        [make_claim("S-1", Tone.PLAIN)],
        findings=["found"],
    )
    testing.check_monotone(rulebase, {"it": False}, {"it": True}, strengthens="model")
    with pytest.raises(AssertionError, match="missing found"):
        testing.check_monotone(rulebase, {"it": True}, {"it": False}, strengthens="model")
