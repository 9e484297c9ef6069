"""Every search ends at its deadline and says so; facts that the caller keeps or prices are respected."""

from functools import partial
from itertools import combinations, islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cxrules
from cxrules import Advisor
from cxrules.explanation.counterfactuals import SearchStatus, counterfactuals
from cxrules.explanation.settled import Settlement
from cxrules.explanation.sufficient import Extent
from cxrules.language.facts import FactValue
from cxrules.policy.decision import Decision
from cxrules.policy.judge import Judge
from cxrules.search.budget import Budget, time_limit
from cxrules.search.changes import Change, list_sets
from cxrules.search.contests import Stakes, list_best
from tests.line_count import count_lines
from tests.rulebases import random_organisations
from tests.search.lively import cases

ADVISOR = Advisor()
ADVICE = [
    ADVISOR.recommend(known) for known in islice(random_organisations(ADVISOR.rulebase, 6, known=0.5, coherent=True), 5)
]
QUESTIONS = ("settled", "counterfactuals", "sufficient", "next_questions", "robustness")


def is_cut_short(answer: Any) -> bool:
    match answer:
        case cxrules.Settled():
            return answer.settlement is Settlement.UNDECIDED
        case cxrules.Counterfactuals():
            return answer.status is SearchStatus.BUDGET_EXHAUSTED
        case cxrules.Sufficient():
            return answer.extent is Extent.CUT_SHORT
        case _:
            return not answer.complete


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_search_without_time_says_so(question: str) -> None:
    for advice in ADVICE:
        answer = getattr(advice, question)(deadline=0)
        # Bounds can prove without a search that nothing is left to ask.
        if not (isinstance(answer, cxrules.NextQuestions) and answer.nothing_left_to_ask):
            assert is_cut_short(answer)
            assert says_limits(answer.explain())


def says_limits(text: str) -> bool:
    return "cut short" in text or "within the limits of the search" in text


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_search_with_time_enough_gives_the_same_answer(question: str) -> None:
    for advice in ADVICE[:2]:
        answer = getattr(advice, question)(deadline=3600)
        assert answer == getattr(advice, question)()
        assert not is_cut_short(answer)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_time_limit_ends_searches_that_have_no_deadline(question: str) -> None:
    for advice in ADVICE[:2]:
        with time_limit(3600), time_limit(0), time_limit(None):
            limited = getattr(advice, question)()
        assert limited == getattr(advice, question)(deadline=0)
        assert getattr(advice, question)() == getattr(advice, question)(deadline=3600)


def test_a_time_limit_never_lengthens_a_deadline() -> None:
    with time_limit(3600):
        assert Budget(deadline=0).spent
        assert not Budget().spent
        with time_limit(0):
            assert Budget(deadline=3600).spent
    assert Budget().seconds is None


@pytest.mark.parametrize("deadline", [-1, float("nan"), "1", True, [1], b""])
def test_an_invalid_deadline_is_refused(deadline: Any) -> None:
    with pytest.raises(ValueError, match="a deadline is a number of seconds from now"):
        Budget(deadline=deadline)
    for question in (*QUESTIONS, "why_not"):
        with pytest.raises(ValueError, match="a deadline is a number of seconds from now"):
            getattr(ADVICE[0], question)(*(["cmo_owned"] if question == "why_not" else []), deadline=deadline)


@pytest.mark.parametrize("deadline", [float("inf"), 10**400])
def test_a_deadline_may_be_arbitrarily_far_away(deadline: float) -> None:
    assert not Budget(deadline=deadline).spent
    assert ADVICE[0].settled(deadline=deadline) == ADVICE[0].settled()


def test_the_result_of_an_interrupted_search_is_true() -> None:
    for advice in ADVICE:
        found = advice.sufficient(deadline=0)
        then = ADVISOR.recommend(dict(found.facts))
        assert (then.model, then.status) == (advice.model, advice.status)
        asked = advice.next_questions(deadline=0)
        assert {question.fact for question in advice.next_questions().questions} <= {
            question.fact for question in asked.questions
        }


def test_an_explanation_without_searches_is_part_of_the_whole_one() -> None:
    for advice in ADVICE:
        short, whole = advice.explain(searches=False), advice.explain()
        said = whole.split("\n\n")
        assert set(short.split("\n\n")) <= set(said)  # the results of searches come before what to do
        assert "What would change it" not in advice.explain("full", searches=False)
        assert advice.explain(searches=True) == whole
        assert set(advice.to_markdown(searches=False).split("\n\n")) <= set(advice.to_markdown().split("\n\n"))


@pytest.mark.parametrize("words", ["explain", "to_markdown", "to_html"])
def test_the_searches_of_an_explanation_end_in_time(words: str) -> None:
    advice = ADVICE[0]
    with time_limit(0):
        hurried = getattr(advice, words)()
    assert getattr(advice, words)(deadline=0) == hurried
    assert getattr(advice, words)(deadline=3600) == getattr(advice, words)() != hurried
    with pytest.raises(ValueError, match="a deadline is a number of seconds"):
        getattr(advice, words)(deadline="soon")


# -- facts kept, facts with other prices -------------------------------------------------------------------------------


@settings(max_examples=settings().max_examples // 2)
@given(cases(), st.data())
def test_facts_are_kept_and_priced_as_asked(case: tuple[Judge, Decision], data: st.DataObject) -> None:
    judge, decision = case
    names = sorted(judge.rulebase.vocabulary.facts)
    keep = data.draw(st.sets(st.sampled_from(names)))
    priced = [name for name in names if not judge.rulebase.vocabulary[name].immutable]
    effort = data.draw(st.dictionaries(st.sampled_from(priced), st.integers(1, 40))) if priced else {}
    found = counterfactuals(judge, decision, keep=keep, effort=effort)
    free = counterfactuals(judge, decision)
    assert not found.sets or free.sets, "keeping facts adds no way"
    for entry in found.sets:
        assert not keep.intersection(change.fact for change in entry.changes)
        assert all(change.effort == effort.get(change.fact, change.effort) for change in entry.changes)
        assert judge.decide(entry.facts).model == entry.model != decision.model
    if not effort:
        allowed = [entry for entry in free.sets if not keep.intersection(change.fact for change in entry.changes)]
        assert not allowed or found.sets == tuple(allowed)


EFFORTS = st.integers(1, 1000) | st.integers(1, 3)


@given(st.lists(st.tuples(EFFORTS, st.integers(1, 3)), min_size=1, max_size=8), st.integers(1, 4))
def test_each_set_of_changes_is_listed_once_and_cheapest_first(facts: list[tuple[int, int]], most: int) -> None:
    changes = [
        Change(f"fact_{number}", before=0, after=value, effort=effort)
        for number, (effort, values) in enumerate(facts)
        for value in range(1, values + 1)
    ]
    found = [
        (price, tuple([changes[position] for position in positions])) for price, positions in list_sets(changes, most)
    ]
    assert all(price == sum(change.effort for change in together) for price, together in found)
    assert [price for price, _ in found] == sorted(price for price, _ in found)
    expected = {
        frozenset(part)
        for size in range(1, most + 1)
        for part in combinations(changes, size)
        if len({change.fact for change in part}) == size
    }
    assert len(found) == len(expected)
    assert {frozenset(together) for _, together in found} == expected


def test_the_values_of_one_fact_are_never_put_together() -> None:
    """The kind: work that no budget counts, because it comes to nothing."""
    changes = [Change("fact", before=-1, after=value, effort=1) for value in range(3_000)]
    assert len(list(list_sets(changes, 4))) == len(changes)


def test_thousands_of_values_are_not_compared_with_each_other() -> None:
    masks: dict[FactValue | None, int] = {place: 1 << place for place in range(3_000)}
    stakes = Stakes((1 << 3_000) - 1, 0)
    assert len(list_best(masks, stakes, 0, 0)) == 3_000
    assert count_lines(partial(list_best, masks, stakes, 0, 0)) < 20_000


def test_sets_are_listed_as_they_are_asked_for() -> None:
    changes = [Change(f"fact_{number}", before=0, after=1, effort=1 + number % 2) for number in range(2_000)]
    assert len(list(islice(list_sets(changes, 6), 10_000))) == 10_000


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"keep": ["silo"]}, "no such fact: 'silo'; did you mean 'silos'"),
        ({"effort": {"silo": 1}}, "no such fact: 'silo'; did you mean 'silos'"),
        ({"effort": {"silos": 0}}, "the effort of silos is a whole number from 1 to 1000, not 0"),
        ({"effort": {"silos": 1.5}}, "not 1.5"),
        ({"effort": {"silos": True}}, "not True"),
        ({"effort": {"silos": 10**9}}, "from 1 to 1000"),
        ({"effort": ["silos"]}, "effort maps facts to prices"),
        ({"effort": "silos"}, "effort maps facts to prices, it is not 'silos'"),
        ({"keep": 3}, "keep is a collection of facts, it is not 3"),
        ({"max_changes": 0}, "max_changes is a whole number from 1, not 0"),
        ({"max_changes": 1.5}, "not 1.5"),
        ({"max_changes": True}, "not True"),
        ({"max_changes": None}, "not None"),
        ({"max_changes": "2"}, "not '2'"),
    ],
)
def test_wrong_keep_and_effort_are_reported(how: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ADVICE[0].counterfactuals(**how)


def test_all_mistakes_in_a_question_are_reported_at_once() -> None:
    with pytest.raises(ValueError, match="5 mistakes in the question") as caught:
        ADVICE[0].counterfactuals("cmo_", 0, keep=["matury"], effort={"silo": 1, "silos": -1})
    for said in ("no such model: 'cmo_'", "max_changes", "no such fact: 'matury'", "did you mean 'silos'", "not -1"):
        assert said in str(caught.value)


def test_numpy_integers_and_generators_are_accepted() -> None:
    numpy = pytest.importorskip("numpy", reason="numpy is not installed")
    advice = ADVICE[0]
    plain = advice.counterfactuals(max_changes=2, keep=["silos", "maturity"], effort={"ceo_involvement": 2})
    same = advice.counterfactuals(
        max_changes=numpy.int64(2),
        keep=(name for name in ("silos", "maturity")),
        effort={"ceo_involvement": numpy.int64(2)},
        deadline=numpy.int64(60),
    )
    assert same == plain
    assert type(same.max_changes) is int


def test_an_immutable_fact_cannot_be_priced() -> None:
    name = next(name for name, fact in ADVISOR.rulebase.vocabulary.facts.items() if fact.immutable)
    with pytest.raises(ValueError, match=f"nobody can change {name}"):
        ADVICE[0].counterfactuals(effort={name: 1})
