"""Why did this rule not fire? The reported tests and the nearest change, against brute force on small rule bases."""

import json
import pickle
import re
from collections.abc import Iterator, Mapping
from itertools import combinations, islice, product
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

import cxrules
from cxrules import Advisor, Recommendation, RuleBase, WhyNotFired
from cxrules.document import to_markdown, to_plain
from cxrules.explanation.counterfactuals import SearchStatus
from cxrules.explanation.derivation import GivenFact, Step, facts_clause
from cxrules.explanation.why_not_fired import SubjectKind, TestResult, find_nearest, list_subjects
from cxrules.language.facts import Facts, FactValue, Kind
from cxrules.language.rules import Conclusion, Effect, FactTest, FindingTest, Model, Operator, Rule, Tone
from tests.rulebases import (
    candidate_values,
    make_claim,
    make_fact,
    make_rulebase,
    organisations,
    random_organisations,
    rulebases,
    thresholds,
)

BUILTIN = Advisor()


def ask(advice: Recommendation, name: str) -> WhyNotFired:
    answer = advice.why_not(name)
    assert isinstance(answer, WhyNotFired)
    return answer


@st.composite
def questions(draw: st.DrawFn) -> tuple[Recommendation, str]:
    rulebase = draw(rulebases(max_rules=8))
    advice = Advisor(rulebase).recommend(draw(organisations(rulebase)))
    names = [name for name in list_subjects(rulebase) if name not in rulebase.models]
    return advice, draw(st.sampled_from(names))


def holds_after(answer: WhyNotFired, known: Facts) -> bool:
    """Whether the subject holds for these facts."""
    judge = answer._basis.judge
    then = Recommendation(judge, judge.decide(known))
    told: dict[SubjectKind, Any] = {
        SubjectKind.RULE: then.fired,
        SubjectKind.FINDING: then.findings,
        SubjectKind.PATTERN: then.patterns,
        SubjectKind.ACTION: [action.id for action in then.actions],
        SubjectKind.WARNING: [warning.id for warning in then.warnings],
        SubjectKind.ACCOMPANIMENT: then.accompaniments,
        SubjectKind.CONTRADICTION: [warning.id for warning in then.warnings],
    }
    return answer.name in told[answer.subject]


def change(advice: Recommendation, changes: Mapping[str, FactValue | None]) -> dict[str, FactValue]:
    after = {**advice.decision.known, **changes}
    return {name: value for name, value in after.items() if value is not None}


def is_coherent(advice: Recommendation, known: Facts) -> bool:
    before = {entry.id for entry in advice.rulebase.incoherences(advice.decision.known)}
    return {entry.id for entry in advice.rulebase.incoherences(known)} <= before


def changes_of(advice: Recommendation, most: int) -> Iterator[dict[str, FactValue | None]]:
    """Every change of at most `most` facts, with one value for each set that no test tells apart."""
    cuts = thresholds(advice.rulebase)
    vocabulary = advice.rulebase.vocabulary
    values: dict[str, list[FactValue | None]] = {
        name: [*candidate_values(fact, cuts.get(name, ())), None] for name, fact in vocabulary.facts.items()
    }
    for size in range(most + 1):
        for names in combinations(values, size):
            for chosen in product(*(values[name] for name in names)):
                yield dict(zip(names, chosen, strict=True))


@given(questions())
def test_the_nearest_change_works_and_no_part_of_it_does(question: tuple[Recommendation, str]) -> None:
    advice, name = question
    answer = ask(advice, name)
    known = advice.decision.known
    nearest = answer.nearest_change
    assert nearest.status is SearchStatus.COMPLETE
    assert answer.holds == holds_after(answer, known)
    if answer.holds:
        assert (nearest.changes, nearest.possible) == ({}, True)
    elif nearest.possible:
        after = change(advice, nearest.changes)
        assert holds_after(answer, after)
        assert is_coherent(advice, after)
        for size in range(len(nearest.changes)):
            for part in combinations(nearest.changes.items(), size):
                changed = change(advice, dict(part))
                assert not (holds_after(answer, changed) and is_coherent(advice, changed))


@settings(max_examples=settings().max_examples // 2)
@given(questions())
def test_no_smaller_change_works(question: tuple[Recommendation, str]) -> None:
    advice, name = question
    assume(len(advice.rulebase.vocabulary.facts) <= 4)
    answer = ask(advice, name)
    nearest = answer.nearest_change
    least = len(nearest.changes) - 1 if nearest.possible else 3
    for changes in islice(changes_of(advice, least), 3000):
        changed = change(advice, changes)
        assert not (holds_after(answer, changed) and is_coherent(advice, changed))


@given(questions())
def test_tests_are_reported_with_their_results(question: tuple[Recommendation, str]) -> None:
    advice, name = question
    known, rulebase = advice.decision.known, advice.rulebase
    answer = ask(advice, name)
    for attempt in answer.attempts:
        assert attempt.fires == (attempt.rule in advice.fired)
        needed = [test.result for test in attempt.tests if not test.any_of]
        offered: dict[int, dict[int, list[TestResult]]] = {}
        for test in attempt.tests:
            if test.fact:
                assert (test.value is None) == (test.fact not in known) == (test.result is TestResult.UNKNOWN)
            elif test.result is TestResult.HOLDS:
                assert test.finding in advice.findings
            if test.any_of:
                offered.setdefault(test.any_of, {}).setdefault(test.branch, []).append(test.result)
        if attempt.fires:
            assert set(needed) <= {TestResult.HOLDS}
        elif all(result is TestResult.HOLDS for result in needed):
            groups = [
                condition for condition in rulebase.rules[attempt.rule].when if hasattr(condition, "alternatives")
            ]
            assert groups, "something must keep it from firing"
    asked = {test.finding for attempt in answer.attempts for test in attempt.tests if test.finding}
    concluders = {rule for finding in asked for rule in rulebase.concluders[finding]}
    assert concluders <= {attempt.rule for attempt in answer.attempts}


def test_every_subject_of_the_builtin_rule_base_can_be_asked_about() -> None:
    known = next(random_organisations(BUILTIN.rulebase, 9, known=0.4, coherent=True))
    advice = BUILTIN.recommend(known)
    seen = set()
    for name, subject in list(list_subjects(BUILTIN.rulebase).items())[::5]:
        answer = ask(advice, name)
        seen.add(subject)
        assert (answer.name, answer.subject) == (name, subject)
        assert answer.explain().startswith(f"The {subject} {name} ")
        assert answer.holds == holds_after(answer, known)
        if not answer.holds and subject is not SubjectKind.CONTRADICTION:
            nearest = answer.nearest_change
            assert nearest.possible
            assert holds_after(answer, change(advice, nearest.changes))
    assert len(seen) >= 5


ONE_KNOWN: list[dict[str, Any]] = [
    {"ceo_involvement": "supportive"},
    {"ceo_involvement": "champion"},
    {"silos": "severe"},
    {"maturity": "early", "marketing_bandwidth": "stretched"},
    {},
]


@pytest.mark.parametrize("known", ONE_KNOWN)
def test_the_nearest_change_makes_an_action_advised(known: dict[str, Any]) -> None:
    advice = cxrules.recommend(known)
    advised = [action.id for action in advice.actions]
    for name in advice.rulebase.actions:
        answer = ask(advice, name)
        assert answer.holds == (name in advised)
        assert answer.serves == tuple(advice.rulebase.serves.get(name, ()))
        if not answer.holds and answer.serves and name in ("win_the_ceo", "set_exit_triggers"):
            nearest = answer.nearest_change
            assert holds_after(answer, change(advice, nearest.changes))


def test_the_answer_names_the_model_that_an_action_serves() -> None:
    answer = ask(cxrules.recommend(ceo_involvement="supportive"), "win_the_ceo")
    assert not answer.holds
    told = answer.explain()
    assert told.startswith("The action win_the_ceo is not advised.")
    assert "It is advice for “CEO with a chief customer officer”; no model is recommended." in told


def test_contradictions_can_be_asked_about() -> None:
    contradictory = cxrules.recommend(cco_status="none", cco_reports_to="ceo")
    (met,) = contradictory.incoherences
    answer = ask(contradictory, met.id)
    assert (answer.subject, answer.holds, answer.rules) == (SubjectKind.CONTRADICTION, True, ())
    assert f"The contradiction {met.id} is met." in answer.explain()
    coherent = ask(cxrules.recommend(cco_status="none"), met.id)
    assert not coherent.holds
    assert "unknown: cco_reports_to" in coherent.explain()
    assert "Nothing that an organisation can be would bring about" in coherent.explain()


def test_a_deadline_ends_a_search_that_starts_on_reading() -> None:
    advice = cxrules.recommend(maturity="early", silos="severe")
    answers: list[Any] = [advice.why_not(name, deadline=0) for name in ("cmo_owned", "ceo_champions", "win_the_ceo")]
    for answer in answers:
        assert answer.nearest_change.status is SearchStatus.BUDGET_EXHAUSTED
        assert "within the limits of the search" in answer.explain()
        assert pickle.loads(pickle.dumps(answer)) == answer  # noqa: S301 - our own
    with pytest.raises(ValueError, match="a deadline is a number of seconds"):
        advice.why_not("cmo_owned", deadline=-1)


def test_the_text_shows_the_result_of_each_test() -> None:
    advice = cxrules.recommend(ceo_involvement="supportive", maturity="early", silos="some")
    told = ask(advice, "unit-among-silos").explain()
    assert "- holds: silos: {at_least: some}" in told
    assert "- fails: maturity: {at_least: developing} (it is early) (alternative 2)" in told
    assert "- unknown: scope: {at_least: several_functions} (alternative 1)" in told
    assert "The smallest change that would bring it about: CX work spans several functions." in told
    assert ask(advice, "ceo_champions").nearest_change.changes == {"ceo_involvement": "champion"}


def test_the_answer_says_what_can_never_hold() -> None:
    both = (FactTest("sort", Operator.IS, "a"), FactTest("sort", Operator.IS, "b"))
    rules = [
        Rule("never", ("S-1",), "So.", both, (Conclusion(Effect.FINDING, "found"),)),
        Rule("upon", ("S-1",), "So.", (FindingTest("found"),), (Conclusion(Effect.SUPPORTS, "model"),)),
    ]
    rulebase = make_rulebase(
        [make_fact("sort", Kind.CHOICE, ("a", "b"))],
        rules,
        [Model("model", "model", "model")],
        [make_claim("S-1", Tone.PLAIN)],
        findings=["idle"],
    )
    advice = Advisor(rulebase).recommend(sort="a")
    for name in ("never", "found", "upon", "idle"):
        nearest = ask(advice, name).nearest_change
        assert (nearest.possible, nearest.status) == (False, SearchStatus.COMPLETE)
    assert "No rule concludes it." in ask(advice, "idle").explain()
    (test,) = ask(advice, "upon").attempts[0].tests
    assert test.result is TestResult.FAILS
    assert "Nothing that an organisation can be would bring about never." in ask(advice, "never").explain()


def test_a_search_without_time_says_so() -> None:
    advice = cxrules.recommend(maturity="early")
    name, subject = "ceo_champions", list_subjects(advice.rulebase)["ceo_champions"]
    found = find_nearest(advice.judge, advice.decision, name, subject, deadline=0)
    assert (found.possible, found.status) == (False, SearchStatus.BUDGET_EXHAUSTED)
    assert "within the limits of the search" in found.explain()


@pytest.mark.parametrize(
    ("name", "meant"), [("unit-among-silo", "unit-among-silos"), ("ceo_champion", "ceo_champions")]
)
def test_an_unknown_name_gets_a_suggestion(name: str, meant: str) -> None:
    with pytest.raises(ValueError, match=f"no such model, rule, finding.*did you mean '{meant}'"):
        cxrules.recommend(maturity="early").why_not(name)


def long_chain(size: int) -> RuleBase:
    def conclude(place: int) -> Conclusion:
        return Conclusion(Effect.FINDING, f"f-{place}")

    rules = [
        Rule("r-0", ("S-1",), "So.", (FactTest("it", Operator.IS, True),), (conclude(0),)),
        *[
            Rule(
                f"r-{place}",
                ("S-1",),
                "So.",
                (FindingTest(f"f-{place - 1}"),),
                (Conclusion(Effect.FINDING, f"f-{place}"),),
            )
            for place in range(1, size)
        ],
        Rule("end", ("S-1",), "So.", (FindingTest(f"f-{size - 1}"),), (Conclusion(Effect.SUPPORTS, "model"),)),
    ]
    return make_rulebase(
        [make_fact("it", Kind.FLAG)], rules, [Model("model", "model", "model")], [make_claim("S-1", Tone.PLAIN)]
    )


@pytest.mark.parametrize("name", ["severe", "mandate", "acountability", "bandwith", "report"])
def test_a_name_that_is_like_one_word_of_a_long_one_gets_no_suggestion(name: str) -> None:
    """The kind: a suggestion that has nothing to do with what was asked, as for "severe" a long name with "every"."""
    with pytest.raises(ValueError, match=f"no such model, rule, finding, pattern, action or warning: '{name}'$"):
        cxrules.recommend(silos="severe").why_not(name)


def test_a_chain_of_a_thousand_findings_is_traced_back() -> None:
    advice: Any = Advisor(long_chain(1000)).recommend(it=False)
    answer = ask(advice, "end")
    assert answer.nearest_change.changes == {"it": True}
    assert len(answer.attempts) == 1001


def test_a_chain_of_a_thousand_findings_is_explained() -> None:
    advice: Any = Advisor(long_chain(1000)).recommend(it=True)
    assert len(advice.why(complete=True).steps()) == 1001
    assert [given.fact for given in advice.how("end").roots()] == ["it"]
    assert len(advice.why().explain().splitlines()) > 1000
    assert "model" in advice.explain("full", searches=False)
    assert advice.what_if(it=False).recommendation.model is None


def test_a_chain_of_a_thousand_findings_can_be_pickled_and_dumped() -> None:
    advice: Any = Advisor(long_chain(1000)).recommend(it=True)
    for answer in (advice, advice.why(), advice.how("end"), advice.how("model"), advice.what_if(it=False)):
        data = answer.model_dump()
        assert json.loads(answer.model_dump_json()) == data == TypeAdapter(type(answer)).dump_python(answer)
        copy = type(answer).model_validate_json(answer.model_dump_json())
        assert copy.model_dump() == data
        assert pickle.loads(pickle.dumps(answer)).model_dump() == data  # noqa: S301 - our own
    assert "too many to draw" in " ".join(re.sub(r"<[^>]*>", " ", advice._repr_html_()).split())


def test_the_text_on_a_long_chain_grows_linearly() -> None:
    short, long = [Advisor(long_chain(size)).recommend(it=True) for size in (200, 1000)]
    for tell in (to_plain, to_markdown):
        assert len(tell(long.why().tell())) < 6 * len(tell(short.why().tell()))
    deepest = max(long.why().explain().splitlines(), key=len)
    assert deepest.startswith(" " * 48 + "(")


def test_a_reason_that_rests_on_hundreds_of_facts_states_the_first() -> None:
    facts = [GivenFact(f"fact_{number}", True, f"fact {number} is so") for number in range(500)]
    told = facts_clause(facts)
    assert told.startswith("fact 0 is so, fact 1 is so")
    assert told.endswith("fact 39 is so, and 460 more facts are as given")


def test_what_is_too_large_to_draw_says_so() -> None:
    advice = Advisor(long_chain(100)).recommend(it=True)
    assert "too many to draw" in " ".join(re.sub(r"<[^>]*>", " ", advice.to_svg()).split())
    assert len(advice.to_mermaid()) < 100_000


def test_what_a_chain_rests_on_is_remembered_but_does_not_travel() -> None:
    """The kind: a list for every step of all that is below it, which a pickle would contain."""
    number = 300
    claim = make_claim("S1-1", Tone.PLAIN)
    rules = [
        Rule(
            f"step-{place}",
            (claim.id,),
            "So.",
            (FactTest(f"fact_{place}", Operator.IS, True), *([FindingTest(f"so_{place - 1}")] if place else [])),
            (Conclusion(Effect.FINDING, f"so_{place}"),),
        )
        for place in range(number)
    ]
    end = Rule("end", (claim.id,), "So.", (FindingTest(f"so_{number - 1}"),), (Conclusion(Effect.SUPPORTS, "one"),))
    facts = [make_fact(f"fact_{place}", Kind.FLAG) for place in range(number)]
    rulebase = make_rulebase(facts, [*rules, end], [Model("one", "One", "one leads")], [claim])
    step = Advisor(rulebase).recommend(dict.fromkeys((fact.name for fact in facts), True)).how("end")
    assert isinstance(step, Step)
    size = len(pickle.dumps(step))
    assert [given.fact for given in step.roots()] == [f"fact_{place}" for place in reversed(range(number))]
    assert len(pickle.dumps(step)) == size
