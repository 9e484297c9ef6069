"""Preferences in words and drawings: a rule ranks above others only the model that it prefers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import TypeAlias

from hypothesis import given
from hypothesis import strategies as st

import cxrules
from cxrules import Advisor, Recommendation
from cxrules.document import Paragraph, to_plain
from cxrules.explanation.drawing.argument import Relation, argue
from cxrules.explanation.prose.reasons import choose_reasons
from cxrules.explanation.trace import trace
from cxrules.language.facts import Kind
from cxrules.language.rules import Conclusion, Effect, FactTest, Model, Operator, Rule, Tone
from tests.explanation.prose.test_explain import BUILTIN, recommendations
from tests.rulebases import make_claim, make_fact, make_rulebase, random_organisations

Pairs: TypeAlias = set[tuple[str, str]]
MODELS = ("model_0", "model_1", "model_2", "model_3")
NAMES = r"“[^”]+”(?:(?:, | and )“[^”]+”)*"
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
RANKS = re.compile(rf"(“[^”]+”) above ({NAMES})")
COMES_FIRST = re.compile(rf"(“[^”]+”) comes first because (a rule ranks|rules rank) it above ({NAMES})")


@st.composite
def contests(draw: st.DrawFn) -> Recommendation:
    """A decision among candidates of which preferences set some aside, seldom all in favour of the winner."""
    rules = []
    claims = [make_claim(f"S-{number}", draw(st.sampled_from(Tone))) for number in range(8)]
    known = (FactTest("it", Operator.IS, True),)
    for number, claim in enumerate(claims):
        model = MODELS[number] if number < len(MODELS) else draw(st.sampled_from(MODELS))
        then = [Conclusion(Effect.SUPPORTS, model)]
        for _ in range(draw(st.integers(0, 2))):
            place = draw(st.integers(0, len(MODELS) - 2))
            over = draw(st.lists(st.sampled_from(MODELS[place + 1 :]), unique=True, min_size=1))
            then.append(Conclusion(Effect.PREFERS, MODELS[place], tuple(over)))
        kept = then if draw(st.booleans()) or number < len(MODELS) else then[1:] or then
        rules.append(Rule(f"r-{number}", (claim.id,), f"It follows by reason {number}.", known, tuple(kept)))
    order = draw(st.permutations(MODELS))
    models = [Model(model, model, model) for model in order]
    return Advisor(make_rulebase([make_fact("it", Kind.FLAG)], rules, models, claims)).recommend(it=True)


def list_pairs(advice: Recommendation, *rules: str) -> Pairs:
    """Return which models some rules, or all that fired, prefer to which."""
    named = {model.id: f"“{model.name}”" for model in advice.rulebase.models.values()}
    return {
        (named[conclusion.target], named[behind])
        for rule in (rules or advice.fired)
        for conclusion in advice.rulebase.rules[rule].then
        for behind in conclusion.over
    }


def read_pairs(text: str) -> Iterator[tuple[str, str]]:
    """Yield which models a text says to be ranked above which."""
    for best, behind in RANKS.findall(text):
        yield from ((best, each) for each in re.findall("“[^”]+”", behind))
    for best, _, behind in COMES_FIRST.findall(text):
        yield from ((best, each) for each in re.findall("“[^”]+”", behind))
    for best, model in re.findall(r"Why not (“[^”]+”)\? [^.]*a rule ranks (“[^”]+”) above it", text):
        yield model, best


def choose_plain(advice: Recommendation) -> dict[str, str]:
    """Return the reasons as a reader sees them, by rule."""
    told = choose_reasons(advice.judge, advice.decision, trace(advice.judge, advice.decision))
    return {rule: to_plain([Paragraph(text)]) for rule, text in told.items()}


def check_texts(advice: Recommendation) -> None:
    pairs = list_pairs(advice)
    texts = [advice.explain(), advice.explain("full"), advice.robustness().explain()]
    texts += [advice.why_not(model).explain() for model in advice.rulebase.models]
    for text in texts:
        assert set(read_pairs(text)) <= pairs
    for rule, text in choose_plain(advice).items():
        assert set(read_pairs(text)) <= list_pairs(advice, rule)
        assert bool(set(read_pairs(text))) == ("which ranks" in text)
    brief = advice.explain()
    for model, place in re.findall(r"Why not (“[^”]+”)\? [^.]*the (\w+) reason above ranks it lower", brief):
        reason = re.findall(r"^- (.+)$", brief, re.MULTILINE)[ORDINALS.index(place)]
        assert model in {behind for _, behind in read_pairs(reason)}
    robustness = advice.robustness()
    if robustness.step == "preference":
        said = set(read_pairs(robustness.explain()))
        above = {f"“{advice.rulebase.models[model].name}”" for model in robustness.set_aside}
        assert above == {behind for _, behind in said}


def check_drawing(advice: Recommendation) -> None:
    for link in argue(advice.judge, advice.decision, complete=True).links:
        rule, model = (name.partition(":")[2] for name in (link.tail, link.head))
        if link.relation is Relation.PREFERS:
            assert model in advice.rulebase.rules[rule].targets(Effect.PREFERS)
        elif link.relation is Relation.SETS_ASIDE:
            assert any(model in conclusion.over for conclusion in advice.rulebase.rules[rule].then)


@given(contests() | recommendations())
def test_no_text_says_that_a_rule_ranks_a_model_above_others_unless_it_prefers_it(advice: Recommendation) -> None:
    check_texts(advice)


@given(contests() | recommendations())
def test_no_drawing_shows_a_preference_that_its_rule_does_not_have(advice: Recommendation) -> None:
    check_drawing(advice)


def test_preferences_of_the_builtin_rule_base_are_told_and_drawn_as_they_are() -> None:
    advisor = Advisor()
    for known in islice(random_organisations(BUILTIN, 71, coherent=True), 25):
        check_texts(advisor.recommend(known))
        check_drawing(advisor.recommend(known))


@given(contests())
def test_a_preference_for_a_third_model_is_a_reason_only_where_it_removes_a_rival(advice: Recommendation) -> None:
    """And such a reason says that this is what it does for the winner."""
    winner = f"“{advice.rulebase.models[str(advice.model)].name}”"
    for rule, text in choose_plain(advice).items():
        ranked = set(read_pairs(text))
        if ranked and winner not in {best for best, _ in ranked}:
            assert re.search(rf"and so removes (a rival|rivals) of {winner}", text)
            assert winner not in {behind for _, behind in ranked}
            running = {f"“{advice.rulebase.models[row.model].name}”" for row in advice.ranking if row.candidate}
            assert ranked == {pair for pair in list_pairs(advice, rule) if running.issuperset(pair)}


def test_a_rule_for_customer_service_does_not_rank_the_product_team() -> None:
    advice = cxrules.recommend(
        current_owner="product",
        product_type="product_led",
        independent_leader_feasible=False,
        top_customer_priority="order_tracking",
        priority_evidence="customer_data",
        framework="none",
        maturity="developing",
    )
    assert "here that is service" not in advice.explain()
    check_texts(advice)
    check_drawing(advice)


def test_a_reason_is_named_only_for_what_it_says() -> None:
    """A rule prefers the winner to one model and a third model to another; its reason speaks of the winner only."""
    known = (FactTest("it", Operator.IS, True),)
    winner, third, beaten, stronger = MODELS
    rules = [
        Rule(f"for-{model}", (f"S-{number}",), "So.", known, (Conclusion(Effect.SUPPORTS, model),))
        for number, model in enumerate(MODELS)
    ]
    both = (Conclusion(Effect.PREFERS, winner, (beaten,)), Conclusion(Effect.PREFERS, third, (stronger,)))
    rules.append(Rule("both", ("S-4",), "Both.", known, both))
    rules.append(Rule("last", ("S-5",), "Last.", known, (Conclusion(Effect.PREFERS, winner, (third,)),)))
    rules.append(Rule("more", ("S-6",), "More.", known, (Conclusion(Effect.SUPPORTS, stronger),)))
    claims = [make_claim(f"S-{number}", Tone.EMPHATIC) for number in range(7)]
    models = [Model(model, model, model) for model in MODELS]
    advice = Advisor(make_rulebase([make_fact("it", Kind.FLAG)], rules, models, claims)).recommend(it=True)
    assert advice.model == winner
    assert f"a rule ranks “{third}” above it" in advice.explain()
    check_texts(advice)
