"""What is settled, against every completion."""

from collections.abc import Mapping
from itertools import islice, permutations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cxrules import Advisor
from cxrules.columns.cohort import Cohort
from cxrules.explanation.settled import Search, Settlement, settled
from cxrules.language.facts import Kind
from cxrules.language.rules import (
    Conclusion,
    Effect,
    FactTest,
    Impossible,
    Model,
    Operator,
    Policy,
    Rule,
    Tone,
)
from cxrules.policy.decision import Decision
from cxrules.policy.judge import Judge
from cxrules.search.budget import Budget
from cxrules.search.draws import Draw
from cxrules.search.possibilities import Possibilities, possibilities_of
from tests.cohorts import gather
from tests.rulebases import (
    make_claim,
    make_fact,
    make_rulebase,
    random_organisations,
)
from tests.search.lively import MANY, cases, completions, incoherent, is_completion


def stubborn_case() -> tuple[Judge, Decision]:
    """Nearly every draw is impossible, and only an impossible organisation gets the rival."""
    places, sorts = tuple("abcdefghijklmnopqrst"), tuple("0123456789")
    nothing, picky = FactTest("place", Operator.IS, "a"), FactTest("place", Operator.IN, places[1:-1])
    sort = FactTest("sort", Operator.IN, sorts)
    rules = {"rival": (nothing, sort), "usual": (FactTest("place", Operator.IN, places),)}
    rulebase = make_rulebase(
        [make_fact("place", Kind.CHOICE, places), make_fact("sort", Kind.CHOICE, sorts)],
        [
            Rule(model, (f"S-{model}",), "So.", when, (Conclusion(Effect.SUPPORTS, model),))
            for model, when in rules.items()
        ],
        [Model(model, model, model) for model in rules],
        [make_claim("S-rival", Tone.EMPHATIC), make_claim("S-usual", Tone.PLAIN)],
        impossible=[
            Impossible("nothing", (nothing, sort), "It cannot be."),
            Impossible("rare", (picky, FactTest("sort", Operator.IN, sorts[1:])), "It cannot be."),
        ],
    )
    judge = Advisor(rulebase).judge
    return judge, judge.decide({})


def gap_case() -> tuple[Judge, Decision]:
    """There is no model only if the sort can have no value, and the fact that rules it out supports the model."""
    sort, absent = FactTest("sort", Operator.IN, ("a", "b")), FactTest("there", Operator.IS, False)
    rulebase = make_rulebase(
        [make_fact("there", Kind.FLAG), make_fact("sort", Kind.CHOICE, ("a", "b"))],
        [
            Rule(f"rule-{place}", (f"S-{place}",), "So.", (test,), (Conclusion(Effect.SUPPORTS, "model"),))
            for place, test in enumerate([absent, sort, sort])
        ],
        [Model("model", "model", "model")],
        [make_claim("S-0", Tone.HEDGED), make_claim("S-1", Tone.PLAIN), make_claim("S-2", Tone.PLAIN)],
        impossible=[Impossible("nothing", (absent, sort), "It cannot be.")],
        policy=Policy(minimum_evidence=2, lead=0),
    )
    judge = Advisor(rulebase).judge
    return judge, judge.decide({})


@MANY
@given(cases(), st.booleans())
@example(stubborn_case(), True)
@example(stubborn_case(), False)
def test_settled_agrees_with_every_completion(case: tuple[Judge, Decision], answered: bool) -> None:
    assert_settled_agrees(*case, answered=answered)


@given(cases(), st.booleans(), st.sampled_from([1, 4, 8192]))
@example(stubborn_case(), True, 1)
@example(stubborn_case(), False, 1)
@example(gap_case(), True, 1)
def test_the_search_agrees_with_every_completion_where_chance_finds_nothing(
    case: tuple[Judge, Decision], answered: bool, together: int
) -> None:
    """Without draws, because they find most disagreements before the search begins."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Possibilities, "draw", lambda *_: Draw(Cohort(0, {}), 0))
        patch.setattr("cxrules.explanation.settled._TOGETHER", together)
        assert_settled_agrees(*case, answered=answered)


def sure_case() -> tuple[Judge, Decision]:
    """A rule fires for every value of a fact, but not while it is unknown."""
    rulebase = make_rulebase(
        [make_fact("there", Kind.FLAG), make_fact("sort", Kind.CHOICE, ("a", "b"))],
        [
            Rule("for", ("S-0",), "So.", (FactTest("sort", Operator.IN, ("a", "b")),), (SUPPORTS,)),
            Rule("against", ("S-1",), "So.", (THERE,), (Conclusion(Effect.OPPOSES, "model"),)),
        ],
        [Model("model", "model", "model")],
        [make_claim("S-0", Tone.EMPHATIC), make_claim("S-1", Tone.HEDGED)],
    )
    judge = Advisor(rulebase).judge
    return judge, judge.decide({})


SUPPORTS = Conclusion(Effect.SUPPORTS, "model")
THERE, ABSENT = FactTest("there", Operator.IS, True), FactTest("there", Operator.IS, False)


@MANY
@given(cases(), st.booleans(), st.sampled_from([1, 4, 8192]))
@example(sure_case(), True, 1)
@example(gap_case(), True, 1)
def test_a_contest_agrees_with_every_completion(case: tuple[Judge, Decision], answered: bool, together: int) -> None:
    judge, decision = case
    possibilities = possibilities_of(judge)
    drawn = list(completions(judge, decision.known, answered=answered))
    cohort = gather(judge.rulebase.vocabulary, drawn)
    free = possibilities.unknown(decision.known)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cxrules.explanation.settled._TOGETHER", together)
        for model, rival in permutations([*judge.rulebase.models, None], 2):
            question = Search(possibilities, decision, free, answered=answered, budget=Budget())
            question.model = model
            found = question.contest(rival)
            assert (found is not None) == bool(possibilities.cohorts.ahead(cohort, rival, model))


def assert_settled_agrees(judge: Judge, decision: Decision, *, answered: bool) -> None:
    found = settled(judge, decision, answered=answered, budget=10**6)
    models = {judge.decide(completed).model for completed in completions(judge, decision.known, answered=answered)}
    if found.settlement is Settlement.SETTLED:
        assert models == {found.model}
    elif found.settlement is Settlement.OPEN:
        first, second = found.completions
        assert {first.model, second.model} <= models
        assert first.model != second.model
        before = incoherent(judge, decision.known)
        for completion in found.completions:
            assert judge.decide(completion.facts).model == completion.model
            assert judge.decide({**decision.known, **completion.assumed}).model == completion.model
            assert completion.assumed.items() <= completion.facts.items()
            if answered:
                assert is_completion(judge, decision.known, completion.facts, before)
            for name in completion.assumed:
                rest = {other: value for other, value in completion.assumed.items() if other != name}
                assert judge.decide({**decision.known, **rest}).model != completion.model
    else:
        assert not models, "only without completions there is nothing to decide"


def advise(rules: Mapping[str, tuple[FactTest, ...]], impossible: Mapping[str, tuple[FactTest, ...]]) -> Advisor:
    """An advisor whose models are each supported by one rule of the same name, the first most strongly."""
    tones = [Tone.EMPHATIC, Tone.PLAIN]
    return Advisor(
        make_rulebase(
            [make_fact("there", Kind.FLAG), make_fact("sort", Kind.CHOICE, ("a", "b"))],
            [
                Rule(model, (f"S-{place}",), "So.", when, (Conclusion(Effect.SUPPORTS, model),))
                for place, (model, when) in enumerate(rules.items())
            ],
            [Model(model, model, model) for model in rules],
            [make_claim(f"S-{place}", tones[place]) for place in range(len(rules))],
            impossible=[Impossible(name, when, "It cannot be.") for name, when in impossible.items()],
        )
    )


IS_A = FactTest("sort", Operator.IS, "a")


def test_a_model_that_only_impossible_organisations_change_is_settled() -> None:
    advisor = advise(
        {"rival": (THERE, IS_A), "usual": (FactTest("sort", Operator.IN, ("a", "b")),)}, {"not-both": (THERE, IS_A)}
    )
    assert (advisor.recommend().settled().settlement, advisor.recommend().settled().model) == ("settled", "usual")


def test_a_fact_that_can_have_no_value_is_not_missing() -> None:
    """For example, whom the CCO reports to when there is none."""
    advisor = advise(
        {"rival": (FactTest("sort", Operator.IN, ("a", "b")),), "usual": (ABSENT,)},
        {"nothing": (ABSENT, FactTest("sort", Operator.IN, ("a", "b")))},
    )
    assert advisor.recommend(there=False).settled().model == "usual"
    assert advisor.recommend(there=False).next_questions().irrelevant == ("sort",)
    found = {str(each.model): each.facts for each in advisor.recommend().settled().completions}
    assert found["usual"] == {"there": False}
    assert found["rival"].keys() == {"there", "sort"}


@pytest.mark.parametrize(("budget", "deadline"), [(0, None), (10**6, 0)])
def test_a_proof_that_is_cut_short_says_so(budget: int, deadline: float | None) -> None:
    judge = Advisor().judge
    results = [
        settled(judge, judge.decide(known), budget=budget, deadline=deadline).settlement
        for known in islice(random_organisations(judge.rulebase, 2, known=0.5, coherent=True), 20)
    ]
    assert set(results) == {Settlement.UNDECIDED}


def test_proofs_take_few_steps() -> None:
    """Nearly every proof takes at most one step for each rival."""
    judge = Advisor().judge
    drawn = islice(random_organisations(judge.rulebase, 2, known=0.6), 60)
    steps = sorted(settled(judge, judge.decide(known)).examined for known in drawn)
    assert steps[-2] < 10
    assert steps[-1] < 50
