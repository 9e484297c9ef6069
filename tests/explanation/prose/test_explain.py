"""Explanations: what they name is true, sufficient and adds up, and texts consist of sentences."""

from __future__ import annotations

import re
from itertools import islice, product
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cxrules import Advisor, InvalidOrganisation, Recommendation, RuleBase
from cxrules.document import Items, Paragraph, Section, mark_name, to_html, to_markdown, to_plain
from cxrules.explanation.derivation import Case, Established, Step
from cxrules.explanation.why_not import Obstacle, WhyNot
from cxrules.language.facts import FactValue
from cxrules.policy.comparison import Turn
from cxrules.policy.evidence import certainty
from cxrules.search.reachable_findings import complete_for
from tests import ROOT
from tests.rulebases import candidate_values, organisations, random_organisations, rulebases, thresholds

BUILTIN = RuleBase.builtin()
ADVISOR = Advisor()
GOLDEN = sorted(
    path for path in (ROOT / "tests" / "data" / "golden").glob("*.txt") if path.stem != "answers"
)  # digests
SCENARIO: dict[str, Any] = {
    "business_model": "b2b",
    "current_owner": "marketing",
    "retention_budget_share": 15,
    "budget_trend": "acquisition_rising",
    "marketing_journey_coverage": ["awareness", "consideration"],
    "promise_gap": "large",
    "marketing_service_link": "separate",
    "churn_trend": "rising",
}


@st.composite
def recommendations(draw: st.DrawFn) -> Recommendation:
    rulebase = draw(rulebases())
    return Advisor(rulebase).recommend(draw(organisations(rulebase)))


def some(number: int, seed: int = 5) -> list[Recommendation]:
    return [ADVISOR.recommend(known) for known in islice(random_organisations(BUILTIN, seed, coherent=True), number)]


# -- why and how -------------------------------------------------------------------------------------------------------


def check_derivation(advice: Recommendation) -> None:
    engine, decider = advice.judge.engine, advice.judge.decider
    for complete in (False, True):
        derivation = advice.why(complete=complete)
        assert [case.model.id for case in derivation.cases] == [row.model for row in advice.ranking]
        for case, row in zip(derivation.cases, advice.ranking, strict=True):
            assert sum(item.points for item in case.evidence) == row.points == case.points
            assert certainty(case.points) == case.certainty == row.certainty
            assert tuple(step.rule.id for step in case.excluded_by) == row.excluded_by
            assert tuple(step.rule.id for step in case.set_aside_by) == row.set_aside_by
            assert {name for name, _ in case.missing} == set(row.missing)
            assert {finding.finding for finding in case.met} == set(case.model.requires) - set(row.missing)
        for step in derivation.steps():
            # What a step names suffices for it.
            roots = {fact.fact: fact.value for fact in step.roots()}
            assert roots.items() <= dict(advice.facts).items()
            assert decider.has(engine.match(roots), step.rule.id)
            assert tuple(claim.id for claim in step.claims) == step.rule.because
    assert {step.rule.id for step in advice.why(complete=True).steps()} == set(advice.fired)


@given(recommendations())
def test_derivations_suffice_and_add_up(advice: Recommendation) -> None:
    check_derivation(advice)


def test_derivations_of_the_builtin_rule_base_suffice_and_add_up() -> None:
    for advice in some(30):
        check_derivation(advice)


def test_cleaned_derivation_gives_one_way_to_each_finding() -> None:
    for advice in some(30):
        findings = [finding for step in advice.why().steps() for finding in step.findings]
        assert all(len(finding.steps) == 1 for finding in findings)


@given(recommendations())
def test_how_answers_about_everything_that_holds_and_nothing_else(advice: Recommendation) -> None:
    rulebase = advice.rulebase
    for rule in rulebase.rules:
        assert isinstance(advice.how(rule), Step if rule in advice.fired else type(None))
    for finding in rulebase.findings:
        answer = advice.how(finding)
        assert isinstance(answer, Established if finding in advice.findings else type(None))
        if isinstance(answer, Established):
            expected = [rule for rule in rulebase.concluders[finding] if rule in advice.fired]
            assert [step.rule.id for step in answer.steps] == expected
    for model in rulebase.models:
        assert isinstance(advice.how(model), Case)


def test_how_suggests_similar_names() -> None:
    with pytest.raises(ValueError, match="no such finding, rule or model: 'cmo_ownd'; did you mean 'cmo_owned'"):
        ADVISOR.recommend(SCENARIO).how("cmo_ownd")


def test_outline_says_everything_in_the_tree() -> None:
    derivation = ADVISOR.recommend(SCENARIO).why(complete=True)
    text = str(derivation)
    for step in derivation.steps():
        assert step.rule.rationale.rstrip(".") in text
        assert str(step) in "\n".join(line.strip() for line in text.splitlines()) or step.facts or step.findings


# -- why not -----------------------------------------------------------------------------------------------------------


def why_not_model(advice: Recommendation, model: str) -> WhyNot:
    answer = advice.why_not(model)
    assert isinstance(answer, WhyNot)
    return answer


def check_obstacles(advice: Recommendation) -> None:
    minimum = advice.rulebase.policy.minimum_evidence
    for row in advice.ranking:
        answer = why_not_model(advice, row.model)
        kinds = set(answer.obstacles)
        assert (answer.kind is None) == (row.model == advice.model)
        if answer.kind is None:
            continue
        assert list(answer.obstacles) == [kind for kind in Obstacle if kind in kinds]
        assert (Obstacle.EXCLUDED in kinds) == row.excluded
        missing = {Obstacle.REQUIREMENT_REFUSED, Obstacle.REQUIREMENT_UNKNOWN} & kinds
        assert bool(missing) == bool(row.missing)
        assert tuple(requirement.finding for requirement in answer.requirements) == row.missing
        assert (Obstacle.NO_EVIDENCE in kinds) == (row.points <= 0)
        firm = sum(item.points for item in answer.case.evidence if item.points > 0 and not item.step.standing)
        assert (Obstacle.TOO_LITTLE_EVIDENCE in kinds) == (row.points > 0 and firm < minimum)
        assert (Obstacle.SET_ASIDE in kinds) == bool(row.set_aside_by)
        if kinds == {Obstacle.OUTWEIGHED}:
            assert row.candidate
            assert advice.ranking[0].points >= row.points
        if answer.kind is Obstacle.EXCLUDED:
            assert answer.rules == row.excluded_by
        assert set(answer.claims) <= set(advice.rulebase.claims)


@given(recommendations())
def test_obstacles_are_those_of_the_policy(advice: Recommendation) -> None:
    check_obstacles(advice)


def test_obstacles_in_the_builtin_rule_base_are_those_of_the_policy() -> None:
    for advice in some(30):
        check_obstacles(advice)


@given(recommendations())
@settings(
    max_examples=settings().max_examples // 3,
    suppress_health_check=[*settings().suppress_health_check, HealthCheck.filter_too_much],
)
def test_requirements_are_refused_exactly_when_nothing_can_meet_them(advice: Recommendation) -> None:
    rulebase, known = advice.rulebase, dict(advice.facts)
    needed = [row.missing for row in advice.ranking if row.missing]
    assume(needed)
    before = {met.id for met in rulebase.incoherences(known)}
    cuts = thresholds(rulebase)
    open_facts = [fact for name, fact in rulebase.vocabulary.facts.items() if name not in known]
    values = [[None, *candidate_values(fact, cuts.get(fact.name, ()))] for fact in open_facts]
    size = 1
    for choice in values:
        size *= len(choice)
    assume(size <= 3000)
    reached: set[frozenset[str]] = set()
    for assignment in product(*values):
        chosen: dict[str, FactValue] = {
            fact.name: value for fact, value in zip(open_facts, assignment, strict=True) if value is not None
        }
        facts = {**known, **chosen}
        if {met.id for met in rulebase.incoherences(facts)} <= before:
            reached.add(frozenset(advice.judge.decider.findings(advice.judge.engine.match(facts))))
    for missing in needed:
        found = complete_for(advice.judge, known, missing)
        assert (found is not None) == any(findings.issuperset(missing) for findings in reached)
        if found is not None:
            fired = advice.judge.engine.match({**known, **found})
            assert set(missing) <= set(advice.judge.decider.findings(fired))


def test_nearest_change_makes_the_model_win() -> None:
    for advice in some(12):
        for row in advice.ranking[1:4]:
            for change in why_not_model(advice, row.model).nearest_change.sets:
                assert ADVISOR.recommend(change.facts).model == row.model


def test_why_not_suggests_similar_names() -> None:
    with pytest.raises(
        ValueError, match="no such model, rule, finding, pattern, action or warning: 'cmo_'; did you mean 'CMO'"
    ):
        ADVISOR.recommend(SCENARIO).why_not("cmo_")


def test_why_not_the_winner() -> None:
    answer = ADVISOR.recommend(SCENARIO).why_not("cxo_owned")
    assert (answer.kind, answer.obstacles, answer.steps, answer.rules, answer.claims) == (None, (), (), (), ())
    assert "is the recommendation" in answer.explain()


# -- what if -----------------------------------------------------------------------------------------------------------


def check_what_if(advice: Recommendation, changes: dict[str, FactValue | None]) -> None:
    answer = advice.what_if(changes)
    supposed = {**advice.facts, **changes}
    fresh = Advisor(advice.rulebase, advice.judge.engine).recommend(supposed)
    assert answer.recommendation == fresh
    assert answer.recommendation.model_dump() == fresh.model_dump()
    assert {step.rule.id for step in answer.fired} == set(fresh.fired) - set(advice.fired)
    assert {step.rule.id for step in answer.silenced} == set(advice.fired) - set(fresh.fired)
    differing = {name for name in {*advice.facts, *fresh.facts} if advice.facts.get(name) != fresh.facts.get(name)}
    assert {change.fact for change in answer.changes} == differing
    before = {row.model: row for row in advice.ranking}
    turns = {(turned.model, turned.turn) for turned in answer.turned}
    for row in fresh.ranking:
        old = before[row.model]
        moved = sum(item.after - item.before for item in answer.evidence if item.model == row.model)
        assert old.points + moved == row.points
        assert ((row.model, Turn.RULED_OUT) in turns) == (row.excluded and not old.excluded)
        assert ((row.model, Turn.READMITTED) in turns) == (old.excluded and not row.excluded)
        assert ((row.model, Turn.IN_THE_RUNNING) in turns) == (row.candidate and not old.candidate)
        assert ((row.model, Turn.SET_ASIDE) in turns) == (bool(row.set_aside_by) and not old.set_aside_by)
        assert ((row.model, Turn.REQUIREMENT_MET) in turns) == bool(set(old.missing) - set(row.missing))
        assert ((row.model, Turn.REQUIREMENT_LOST) in turns) == bool(set(row.missing) - set(old.missing))
    assert answer.explain()


@given(st.data())
def test_what_if_equals_a_fresh_recommendation(data: st.DataObject) -> None:
    rulebase = data.draw(rulebases())
    known, other = data.draw(organisations(rulebase)), data.draw(organisations(rulebase))
    forgotten = data.draw(st.sets(st.sampled_from(sorted(rulebase.vocabulary.facts))))
    changes: dict[str, FactValue | None] = {**other, **dict.fromkeys(forgotten)}
    check_what_if(Advisor(rulebase).recommend(known), changes)


def test_what_if_on_the_builtin_rule_base_equals_a_fresh_recommendation() -> None:
    drawn = random_organisations(BUILTIN, 11, coherent=True)
    for known, other in islice(zip(drawn, drawn, strict=False), 30):
        check_what_if(ADVISOR.recommend(known), {name: other.get(name) for name in list(other)[::3]})


def test_what_if_takes_keywords_and_none() -> None:
    advice = ADVISOR.recommend(SCENARIO)
    answer = advice.what_if({"churn_trend": "stable"}, current_owner=None, ceo_involvement="champion")
    assert [change.fact for change in answer.changes] == ["current_owner", "ceo_involvement", "churn_trend"]
    assert "current_owner" not in answer.recommendation.facts
    assert "nothing is known of" in answer.explain()


def test_what_if_reports_every_mistake() -> None:
    with pytest.raises(InvalidOrganisation) as caught:
        ADVISOR.recommend(SCENARIO).what_if(maturity="erly", silo="some", scope=None)
    assert [diagnostic.code for diagnostic in caught.value.diagnostics] == ["unknown-value", "unknown-fact"]


def test_nothing_changed() -> None:
    answer = ADVISOR.recommend(SCENARIO).what_if(churn_trend="rising")
    assert (answer.changes, answer.fired, answer.silenced, answer.evidence, answer.turned) == ((), (), (), (), ())
    assert answer.explain() == "No fact is assumed to change, so nothing changes."


# -- prose -------------------------------------------------------------------------------------------------------------

# Ids that are words as well, such as a rule `matured`, may stand in a sentence.
WORDING = [
    *(claim.says for claim in BUILTIN.claims.values()),
    *(f"{rule.rationale} {rule.engineer}" for rule in BUILTIN.rules.values()),
    *(str(fact) for fact in BUILTIN.vocabulary.facts.values()),
    *(model.says for model in BUILTIN.models.values()),
    *(entry.says for entry in (*BUILTIN.patterns.values(), *BUILTIN.accompaniments.values())),
    *(text for texts in (BUILTIN.findings, BUILTIN.actions, BUILTIN.warnings) for text in texts.values()),
]
WORDS = {word for text in WORDING for word in re.findall(r"[\w-]+", text)}
IDS = {*BUILTIN.rules, *BUILTIN.claims, *BUILTIN.sources} - WORDS


def check_form(text: str) -> None:
    assert "_" not in text
    assert "  " not in text
    assert "b2b" not in text
    assert not IDS.intersection(re.findall(r"[\w-]+", text))
    assert not re.search(r"\b(None|True|False|nan)\b|[{}<>]", text)
    assert not re.search(r"[.,;:?!]{2}|\s[.,;:?!]|\(\)|“”", text)
    assert not re.search(r"(?<!e\.g)[.?!] [a-z]", text), "a sentence begins in lower case"
    for line in text.splitlines():
        if not line or set(line) == {"-"}:
            continue
        assert line == line.strip()
        said = line.removeprefix("- ")
        heading = f"\n{line}\n{'-' * len(line)}\n" in f"\n{text}\n"
        assert heading or said.endswith((".", "?", ":", ".)")), line
        assert not said[0].islower(), line


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_texts_are_well_formed(path: Any) -> None:
    check_form(path.read_text("utf-8"))


def test_there_are_golden_texts() -> None:
    assert len(GOLDEN) >= 12


def test_texts_are_well_formed() -> None:
    for advice in some(100, seed=23):
        check_form(advice.explain())


def test_long_texts_are_well_formed() -> None:
    for advice, other in zip(some(15, seed=31), some(15, seed=37), strict=True):
        check_form(advice.explain("full"))
        check_form(advice.what_if(other.facts).explain())
        for model in BUILTIN.models:
            check_form(advice.why_not(model).explain())


def test_full_explanation_cites_all_evidence_and_its_sums_reproduce_the_certainty() -> None:
    numbers = {"no": 0, "one": 1, "two": 2, "three": 3}
    for advice in some(20, seed=41):
        text = advice.explain("full")
        sections = dict(re.findall(r"^The case of “(.+?)”\n-+\n(.*?)(?=^[^\n]+\n-+\n)", text, re.DOTALL | re.MULTILINE))
        assert set(sections) == {model.name for model in BUILTIN.models.values()}
        for case in advice.why(complete=True).cases:
            section = sections[case.model.name]
            weighed = re.findall(r"^- (\w+) points? (for|against) it\. (.+)$", section, re.MULTILINE)
            assert len(weighed) == len(case.evidence)
            points = sum(numbers[word.lower()] * (1 if side == "for" else -1) for word, side, _ in weighed)
            assert points == case.points
            if case.evidence:
                assert f"a certainty of {certainty(points):.2f}." in section
            for item, (_, _, said) in zip(case.evidence, weighed, strict=True):
                assert (
                    item.step.rule.rationale.rstrip(". ")[1:] in said
                )  # the first letter may be in the middle of a sentence
                assert item.step.source.title in said
        for claim in advice.cites:
            assert BUILTIN.claims[claim].says.rstrip(".") in text
        for action in (*advice.actions, *advice.warnings):
            assert action.text in text


def test_the_brief_explanation_is_brief_and_names_the_given_values() -> None:
    for advice in some(40, seed=43):
        blocks = advice.explain().split("\n\n")
        name = BUILTIN.models[advice.model].name if advice.model else "No owner can be recommended"
        assert name in blocks[0] or not advice.facts
        if advice.model:
            reasons = [line for line in blocks[1].splitlines() if line.startswith("- ")]
            assert 1 <= len(reasons) <= 4
            assert len(set(reasons)) == len(reasons)
            stated = [BUILTIN.vocabulary[fact].state(value) for fact, value in advice.facts.items()]
            general = "For any organisation, the article holds"
            assert all(general in reason or any(says[1:] in reason for says in stated) for reason in reasons)
            assert all(re.search(r"”, paragraphs? \d", reason) for reason in reasons)
            assert blocks[2].startswith("Why not “")


def test_reasons_specific_to_the_organisation_come_first() -> None:
    general = "For any organisation, the article holds"
    for advice in some(60, seed=47):
        if advice.model:
            reasons = [line for line in advice.explain().split("\n\n")[1].splitlines() if line.startswith("- ")]
            marks = [general in reason for reason in reasons]
            assert marks == sorted(marks)
            assert sum(marks) <= 1 or all(marks)


def test_a_premise_is_asked_instead_of_the_question_that_needs_it() -> None:
    facts = BUILTIN.vocabulary.facts
    for advice in some(25, seed=53):
        questions = advice.next_questions()
        open_facts = {question.fact for question in questions.questions}
        leading = questions.leading()
        assert len({question.fact for question in leading}) == len(leading) <= 3
        assert not any(premise in open_facts for each in leading for premise, _ in facts[each.fact].asked_if)
        if leading:
            told = questions.explain()
            assert [told.index(each.text) for each in leading] == sorted(told.index(each.text) for each in leading)
            brief = advice.explain()
            assert all(each.text in brief or facts[each.fact].topic in brief for each in leading)


def test_undetermined_says_why_and_what_to_find_out() -> None:
    nothing = ADVISOR.recommend()
    assert nothing.explain().startswith("Nothing is known about the organisation")
    assert "What to find out first:\n- " in nothing.explain()
    little = ADVISOR.recommend(morale="low")
    assert "too little is known" in little.explain()
    assert "The closest candidate is “" in little.explain()


def test_an_unknown_detail_is_refused() -> None:
    with pytest.raises(ValueError, match="no such detail: 'long'"):
        ADVISOR.recommend().explain("long")  # type: ignore[arg-type]


def test_width_breaks_lines_without_changing_words() -> None:
    advice = ADVISOR.recommend(SCENARIO)
    narrow = advice.explain("full", width=60)
    assert max(map(len, narrow.splitlines())) <= 66  # a heading stays on its line
    assert narrow.replace("-", "").split() == advice.explain("full").replace("-", "").split()


@pytest.mark.parametrize("width", [0, -1, "x", 60.5, True])
def test_an_invalid_width_is_refused(width: Any) -> None:
    with pytest.raises(ValueError, match="the width of a text is a whole number from 1"):
        ADVISOR.recommend(SCENARIO).explain(width=width)


def test_markdown_has_the_same_words_with_names_in_bold() -> None:
    advice = ADVISOR.recommend(SCENARIO)
    for detail in ("brief", "full"):
        markdown = advice.to_markdown(detail)
        assert "**Executive owner**" in markdown
        assert "*CX Must Start at the Top*" in markdown
        assert "“" not in markdown
    assert advice.to_markdown("full").startswith("## The outcome\n")


def test_documents_are_escaped() -> None:
    blocks = [
        Section(
            "A_b",
            (Paragraph(f"x < y & *z* of {mark_name('A_B')}"), Items("Lead", ("one", "two")), Items("", ("three",))),
        )
    ]
    assert to_plain(blocks) == "A_b\n---\n\nx < y & *z* of “A_B”\n\nLead:\n- one\n- two\n\n- three"
    assert to_markdown(blocks).startswith("## A\\_b\n\nx \\< y \\& \\*z\\* of **A\\_B**\n\nLead:\n\n- one\n- two")
    assert "<h3>A_b</h3>\n<p>x &lt; y &amp; *z* of <strong>A_B</strong></p>" in to_html(blocks)
