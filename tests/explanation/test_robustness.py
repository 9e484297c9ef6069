"""Robustness, against rule bases without a rule."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given

from cxrules import Advisor
from cxrules.explanation.robustness import DecidingStep, robustness
from cxrules.language.facts import Kind
from cxrules.language.rules import (
    Conclusion,
    Effect,
    FactTest,
    FindingTest,
    Model,
    Operator,
    Rule,
    Tone,
)
from cxrules.policy.decider import Decider
from cxrules.policy.decision import Decision, Status
from cxrules.policy.judge import Judge
from tests.oracle import OracleEngine
from tests.rulebases import (
    make_claim,
    make_fact,
    make_rulebase,
)
from tests.search.lively import cases


@given(cases())
def test_flips_are_those_of_the_changed_rule_base(case: tuple[Judge, Decision]) -> None:
    judge, decision = case
    found = robustness(judge, decision)
    rulebase = judge.rulebase
    flips: Mapping[str, tuple[str | None, Status]] = {flip.rule: (flip.model, flip.status) for flip in found.rules}
    for rule in rulebase.rules:
        rest = {name: each for name, each in rulebase.rules.items() if name != rule}
        without = Judge(OracleEngine(replace(rulebase, rules=rest))).decide(decision.known)
        same = (without.model, without.status) == (decision.model, decision.status)
        assert flips.get(rule, (decision.model, decision.status)) == (without.model, without.status)
        assert (rule not in flips) == same
    tones = {(flip.claim, flip.tone): (flip.model, flip.status) for flip in found.tones}
    for claim, tone in [
        (claim, tone) for claim in rulebase.claims.values() for tone in Tone if abs(claim.tone - tone) == 1
    ]:
        changed = replace(rulebase, claims={**rulebase.claims, claim.id: replace(claim, tone=tone)})
        then = Decider(changed).decide(decision.known, decision.fired)
        own = (decision.model, decision.status)
        assert tones.get((claim.id, tone), own) == (then.model, then.status)
    assert (found.step is None) == (decision.model is None)
    assert (found.step in (DecidingStep.POINTS, DecidingStep.ORDER)) == (decision.runner_up is not None)


def test_removing_a_standing_rule_changes_the_weight_of_what_rests_on_it() -> None:
    """Without `base` the rule `upon` is no longer standing, because then only a fact establishes the finding."""
    rulebase = make_rulebase(
        [make_fact("it", Kind.FLAG)],
        [
            Rule("base", ("S-1",), "So.", (), (Conclusion(Effect.FINDING, "found"),)),
            Rule(
                "other", ("S-1",), "So.", (FactTest("it", Operator.IS, True),), (Conclusion(Effect.FINDING, "found"),)
            ),
            Rule("upon", ("S-2",), "So.", (FindingTest("found"),), (Conclusion(Effect.SUPPORTS, "model"),)),
        ],
        [Model("model", "model", "model")],
        [make_claim("S-1", Tone.PLAIN), make_claim("S-2", Tone.PLAIN)],
    )
    advice = Advisor(rulebase).recommend(it=True)
    assert advice.model is None
    assert [(flip.rule, flip.model) for flip in advice.robustness().rules] == [("base", "model")]


@pytest.mark.parametrize("number", range(1, 8))
def test_where_only_some_of_the_rules_are_named_the_text_says_how_many(number: int) -> None:
    """The model rests on a chain of findings, so it depends on every rule of the chain."""
    rules = [
        Rule(
            f"rule-{place}",
            ("S-1",),
            "So.",
            (FindingTest(f"finding_{place - 1}") if place else FactTest("it", Operator.IS, True),),
            (
                Conclusion(Effect.SUPPORTS, "model")
                if place == number - 1
                else Conclusion(Effect.FINDING, f"finding_{place}"),
            ),
        )
        for place in range(number)
    ]
    rulebase = make_rulebase(
        [make_fact("it", Kind.FLAG)],
        rules,
        [Model("model", "model", "model")],
        [make_claim("S-1", Tone.PLAIN)],
        findings=[f"finding_{place}" for place in range(number - 1)],
    )
    robust = Advisor(rulebase).recommend(it=True).robustness()
    assert len(robust.rules) == number
    text = robust.explain()
    named = text.count("ithout the rule that says the following")
    assert named == min(number, 3)
    assert ("Here are three of them." in text) == (named < number)


@given(cases())
def test_what_is_said_of_the_deciding_rules_is_true_of_each(case: tuple[Judge, Decision]) -> None:
    """The kind: where no model is recommended, now or without a rule, the text speaks of another model."""
    judge, decision = case
    found = robustness(judge, decision)
    models = {flip.model for flip in found.rules} - {decision.model}
    said = found.explain()
    assert ("the model would be another." in said) == bool(models and None not in models and decision.model)
    assert ("there would be none" in said) == (None in models and len(models) > 1)
    assert ("without it no model could be recommended." in said) == (models == {None})
    assert ("without it a model could be recommended." in said) == bool(models and decision.model is None)
    assert ("The model depends on" in said) == bool(models and decision.model)


def test_where_nothing_is_recommended_the_rule_is_named_without_which_something_would_be() -> None:
    rules = [
        Rule(name, ("S-1",), "So.", (FactTest("it", Operator.IS, True),), (Conclusion(effect, "model"),))
        for name, effect in (("for", Effect.SUPPORTS), ("against", Effect.EXCLUDES))
    ]
    rulebase = make_rulebase(
        [make_fact("it", Kind.FLAG)], rules, [Model("model", "model", "model")], [make_claim("S-1", Tone.EMPHATIC)]
    )
    said = Advisor(rulebase).recommend(it=True).robustness().explain()
    assert "This depends on a single rule: without it a model could be recommended." in said
