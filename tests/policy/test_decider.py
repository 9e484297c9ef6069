"""The decision policy: small cases by hand, and any rule base against a slow implementation of the definition."""

from dataclasses import astuple
from fractions import Fraction
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxrules.builtin.naming import as_model
from cxrules.engines.bitmap import BitmapEngine
from cxrules.language.facts import FactValue
from cxrules.language.ids import id_order
from cxrules.language.rules import (
    Effect,
    Policy,
)
from cxrules.policy.decision import Decision, Reason, Status
from cxrules.policy.evidence import exact_certainty
from cxrules.policy.judge import Judge
from cxrules.policy.ranking import RankedModel, fired_evidence, rank
from cxrules.rulebase import RuleBase
from tests.policy.plain_policy import PlainPolicy
from tests.policy.small_cases import combine, small_rulebase
from tests.rulebases import organisations, random_organisations, rulebases

needs_builtin = pytest.mark.skipif(
    not files("cxrules.builtin").joinpath("builtin.json").is_file(), reason="the built-in rule base is not generated"
)


class Case(NamedTuple):
    """A small rule base, the flags that are true, and the outcome: the model if any, else the reason."""

    says: str
    rules: list[str]
    true: str
    outcome: str
    points: int = 0
    runner_up: str | None = None
    lead: int | None = None
    contested: bool = False
    requires: tuple[str, str] = ("", "")
    policy: Policy = Policy(minimum_evidence=2, lead=2)


CASES = [
    # Points.
    Case("a hedged claim is one point", ["A-1: a -> +alpha", "A-4: a -> +alpha"], "a", "alpha", 2),
    Case("a plain claim is two points", ["A-2: a -> +alpha"], "a", "alpha", 2),
    Case("an emphatic claim is three points", ["A-3: a -> +alpha"], "a", "alpha", 3),
    Case("the strongest claim of a rule sets its strength", ["A-1,A-2,A-3: a -> +alpha"], "a", "alpha", 3),
    Case("two articles that agree weigh more", ["A-2: a -> +alpha", "B-2: a -> +alpha"], "a", "alpha", 4),
    Case("evidence against is subtracted", ["A-3: a -> +alpha", "B-1: b -> -alpha"], "ab", "alpha", 2),
    Case("a claim counts once for a model", ["A-3: a -> +alpha", "A-3: b -> +alpha"], "ab", "alpha", 3),
    Case("and by whichever of its rules fires", ["A-3: a -> +alpha", "A-3: b -> +alpha"], "b", "alpha", 3),
    Case(
        "and once against it",
        ["A-3,A-2: a -> +alpha", "B-3: a -> +alpha", "B-2: a -> -alpha", "B-2: b -> -alpha"],
        "ab",
        "alpha",
        4,
    ),
    Case(
        "a claim counts for each model",
        ["A-3: a -> +alpha +beta", "A-3: b -> +beta"],
        "ab",
        "alpha",
        3,
        "beta",
        0,
        contested=True,
    ),
    Case(
        "of two rules with one claim the stronger counts",
        ["A-1: a -> +alpha", "weigh3 A-1: b -> +alpha"],
        "ab",
        "alpha",
        3,
    ),
    Case("if only the weaker fires it counts", ["A-2: a -> +alpha", "weigh3 A-2: b -> +alpha"], "a", "alpha", 2),
    Case("a statistic adds nothing to a claim", ["A-2,A-8: a -> +alpha"], "a", "alpha", 2),
    Case("unless the engineer gives a reason", ["reason A-2,A-8: a -> +alpha"], "a", "alpha", 3),
    Case("the engineer may change the weight", ["weigh1 A-3: a -> +alpha", "A-2: a -> +alpha"], "a", "alpha", 3),
    # Standing rules.
    Case("a standing rule is one point", ["A-3: -> +alpha", "A-2: a -> +alpha"], "a", "alpha", 3),
    Case(
        "a rule that rests on a standing one stands",
        ["A-3: -> =f", "A-6: ?f -> +alpha", "A-2: a -> +alpha"],
        "a",
        "alpha",
        3,
    ),
    Case(
        "standing rules alone recommend nothing",
        ["A-3: -> +alpha", "A-6: -> +alpha", "B-3: -> +alpha"],
        "a",
        "too_little",
    ),
    Case("a standing rule sets no stronger claim aside", ["A-2: -> +alpha", "A-2: a -> +alpha"], "a", "alpha", 2),
    Case("nor an equal one", ["A-1: -> +alpha", "A-1: a -> +alpha", "A-4: a -> +alpha"], "a", "alpha", 2),
    # No candidate.
    Case("nothing is known", ["A-2: a -> +alpha"], "", "nothing_known"),
    Case("nothing is known and something stands", ["A-2: -> +alpha !beta"], "", "nothing_known"),
    Case("nothing that is known matters", ["A-2: a -> +alpha"], "b", "too_little"),
    Case("one point is too little", ["A-1: a -> +alpha"], "a", "too_little"),
    Case("as much for as against", ["A-2: a -> +alpha", "B-2: a -> -alpha"], "a", "too_little"),
    Case("everything is ruled out", ["A-3: a -> +alpha !alpha !beta", "A-2: b -> !gamma"], "ab", "all_excluded"),
    Case("one model is not ruled out", ["A-3: a -> +alpha !alpha !beta"], "a", "too_little"),
    # The order of the policy.
    Case(
        "the most points win",
        ["A-3: a -> +beta", "A-1: a -> +alpha", "A-2: a -> +gamma"],
        "a",
        "beta",
        3,
        "gamma",
        1,
        True,
    ),
    Case("the declared order decides among equals", ["A-3: a -> +gamma +beta"], "a", "beta", 3, "gamma", 0, True),
    Case(
        "a lead is enough", ["A-3,A-2: a -> +beta", "B-3: a -> +beta", "A-5: a -> +alpha"], "a", "beta", 6, "alpha", 4
    ),
    Case("an excluded model never wins", ["A-3: a -> +alpha !alpha", "A-2: a -> +beta"], "a", "beta", 2),
    Case(
        "a requirement that is not established keeps a model out",
        ["A-3: a -> +alpha", "A-2: a -> +beta", "A-2: b -> =f"],
        "a",
        "beta",
        2,
        requires=("alpha", "f"),
    ),
    Case(
        "one that is established lets it in",
        ["A-3: a -> +alpha", "A-1: a -> +beta", "A-2: b|c -> =f"],
        "ac",
        "alpha",
        3,
        requires=("alpha", "f"),
    ),
    Case("a preference sets aside", ["A-3: a -> +alpha", "A-2: a -> +beta", "B-1: a -> beta>alpha"], "a", "beta", 2),
    Case(
        "unless its rule does not fire",
        ["A-3: a -> +alpha", "A-2: a -> +beta", "B-1: b -> beta>alpha"],
        "a",
        "alpha",
        3,
        "beta",
        1,
        True,
    ),
    Case(
        "a model that is not a candidate sets nothing aside",
        ["A-3: a -> +alpha", "A-1: a -> +beta", "B-1: a -> beta>alpha"],
        "a",
        "alpha",
        3,
    ),
    Case(
        "nor does one that is ruled out",
        ["A-3: a -> +alpha", "A-2: a -> +beta !beta", "B-1: a -> beta>alpha"],
        "a",
        "alpha",
        3,
    ),
    Case(
        "one that is set aside sets others aside",
        ["A-3: a -> +alpha +beta", "A-2: a -> +gamma", "B-1: a -> gamma>beta", "B-2: a -> beta>alpha"],
        "a",
        "gamma",
        2,
    ),
    Case(
        "the second is the next that is not set aside",
        ["A-3: a -> +alpha", "B-3: a -> +alpha +gamma", "A-6: a -> +beta +gamma", "B-1: a -> alpha>gamma"],
        "a",
        "alpha",
        6,
        "beta",
        3,
    ),
    # The numbers of the policy.
    Case("the minimum can be higher", ["A-3: a -> +alpha"], "a", "too_little", policy=Policy(4, 2)),
    Case("no lead is needed", ["A-3: a -> +alpha +beta"], "a", "alpha", 3, "beta", 0, policy=Policy(2, 0)),
    Case("the minimum counts support, not the balance", ["A-3: a -> +alpha", "B-2: a -> -alpha"], "a", "alpha", 1),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.says)
def test_policy(case: Case) -> None:
    model, finding = case.requires
    rulebase = small_rulebase(case.rules, {model: (finding,)} if model else {}, case.policy)
    decision = Judge(BitmapEngine(rulebase)).decide(dict.fromkeys(case.true, True))
    if case.outcome in list(Reason):
        assert (decision.model, decision.status, decision.reason) == (None, Status.UNDETERMINED, case.outcome)
        assert (decision.points, decision.certainty, decision.runner_up, decision.lead) == (0, 0.0, None, 0)
        return
    status = Status.CONTESTED if case.contested else Status.RECOMMENDED
    lead = case.points if case.lead is None else case.lead
    expected = (case.outcome, status, None, case.points, case.runner_up, lead)
    assert (
        decision.model,
        decision.status,
        decision.reason,
        decision.points,
        decision.runner_up,
        decision.lead,
    ) == expected


# Any rule base, against the plain policy.
def assert_as_defined(judge: Judge, decision: Decision) -> None:
    decider, reader = judge.decider, judge.reader
    reading = PlainPolicy(decider.rulebase, decision.known)
    assert decider.names(decision.fired) == tuple(reading.fired)
    assert set(decider.findings(decision.fired)) == reading.findings
    found = (decision.model, decision.status, decision.reason, decision.points, decision.runner_up, decision.lead)
    assert found == reading.outcome()
    assert decider.weigh(decider.count(decision.fired)) == {model: reading.points(model) for model in reading.models}
    evidence = fired_evidence(decider, decision.fired)
    assert sorted(astuple(item)[1:] for item in evidence) == sorted(astuple(item)[1:] for item in reading.items)
    assert {item.rule for item in evidence} <= set(reading.fired)
    assert set(reader.read("dissent", decision)) == reading.dissenting()
    assert set(reader.read("support", decision)) == reading.supporting()
    assert reader.read("voices", decision) == {source: reading.voice(source) for source in decider.rulebase.sources}
    rows = rank(decider, decision.fired)
    assert {row.model: row for row in rows} == {model: expected_row(reading, model) for model in reading.models}
    assert [row.model for row in rows if row.candidate and not row.set_aside_by] == reading.order
    groups = [(row.excluded, not row.candidate, bool(row.set_aside_by), -row.points) for row in rows]
    assert groups == sorted(groups)


def expected_row(reading: PlainPolicy, model: str) -> RankedModel:
    points = reading.points(model)
    excluders = [rule.id for rule in reading.rules if model in rule.targets(Effect.EXCLUDES)]
    return RankedModel(
        as_model(model),
        points,
        float(exact_certainty(points)),
        model in reading.candidates,
        model in reading.excluded,
        tuple(excluders),
        reading.missing(model),
        tuple(sorted(reading.aside.get(model, ()), key=id_order)),
    )


@pytest.mark.soak
@settings(max_examples=2 * settings().max_examples)
@given(data=st.data())
def test_decisions_follow_the_definition(data: st.DataObject) -> None:
    rulebase = data.draw(rulebases())
    judge = Judge(BitmapEngine(rulebase))
    assert set(judge.decider.names(judge.engine.match({}))) == rulebase.standing
    assert_as_defined(judge, judge.decide(data.draw(organisations(rulebase))))
    seed = data.draw(st.integers(0, 1_000))  # drawn faster, and more evenly
    for known in islice(random_organisations(rulebase, seed, known=0.8), 8):
        assert_as_defined(judge, judge.decide(known))


@cache
def builtin() -> tuple[Judge, st.SearchStrategy[dict[str, FactValue]]]:
    rulebase = RuleBase.builtin()
    return Judge(BitmapEngine(rulebase)), organisations(rulebase, coherent=True)


@needs_builtin
@pytest.mark.soak
@settings(max_examples=5 * settings().max_examples)
@given(data=st.data())
def test_decisions_on_the_built_in_rule_base_follow_the_definition(data: st.DataObject) -> None:
    judge, strategy = builtin()
    assert_as_defined(judge, judge.decide(data.draw(strategy)))


@settings(max_examples=2 * settings().max_examples)
@given(data=st.data())
def test_the_winner_is_not_excluded_and_its_certainty_combines_its_evidence(data: st.DataObject) -> None:
    rulebase = data.draw(rulebases())
    judge = Judge(BitmapEngine(rulebase))
    decision = judge.decide(data.draw(organisations(rulebase)))
    if decision.model is None:
        assert decision.certainty == 0.0
        return
    assert not dict(zip(rulebase.models, judge.decider.excluded(decision.fired), strict=True))[decision.model]
    evidence = [item for item in fired_evidence(judge.decider, decision.fired) if item.model == decision.model]
    total = Fraction(0)
    for item in data.draw(st.permutations(evidence)):
        total = combine(total, exact_certainty(item.points))
    assert 0 < decision.certainty == float(total)


@settings(max_examples=2 * settings().max_examples)
@given(data=st.data())
def test_an_exclusion_holds_whatever_else_becomes_known(data: st.DataObject) -> None:
    rulebase = data.draw(rulebases())
    judge = Judge(BitmapEngine(rulebase))
    whole = data.draw(organisations(rulebase, whole=True))
    part = {name: whole[name] for name in data.draw(st.lists(st.sampled_from(list(whole)), unique=True))}
    excluded = judge.decider.excluded(judge.engine.match(part))
    assert all(
        now for now, before in zip(judge.decider.excluded(judge.engine.match(whole)), excluded, strict=True) if before
    )
