"""The built-in knowledge agrees with the articles, the list of claims and the design."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
import yaml

from cxrules import RuleBase
from cxrules.language.facts import Kind, Use
from cxrules.language.rules import EVIDENTIAL, Effect, FactTest
from cxrules.policy.evidence import list_evidence, weigh_rule
from tests import ROOT

WEIGHED_BY_THE_ENGINEER = 24
COUNTED_BY_THE_ENGINEER = 6


@pytest.fixture(scope="module")
def rulebase() -> RuleBase:
    return RuleBase.builtin()


def test_every_claim_is_in_the_paragraphs_that_it_names(rulebase: RuleBase, shared: Path) -> None:
    for claim in rulebase.claims.values():
        source = rulebase.sources[claim.source]
        lines = (shared / "articles" / source.file).read_text("utf-8").split("\n")
        paragraphs = [" ".join(lines[source.paragraphs[number - 1] - 1].split()) for number in claim.paragraphs]
        assert hashlib.sha256(" ".join(paragraphs).encode()).hexdigest() == claim.fingerprint, claim.id


def test_paragraphs_are_lines_with_text(rulebase: RuleBase, shared: Path) -> None:
    for source in rulebase.sources.values():
        lines = (shared / "articles" / source.file).read_text("utf-8").split("\n")
        assert list(source.paragraphs) == sorted(set(source.paragraphs))
        assert all(lines[line - 1].strip() for line in source.paragraphs), source.id


def test_every_listed_claim_is_in_the_knowledge(rulebase: RuleBase, shared: Path) -> None:
    ledger = (shared / "knowledge-input" / "ledger.md").read_text("utf-8")
    ids = set(re.findall(r"^\| (A\d-\d+) \|", ledger, flags=re.MULTILINE))
    assert len(ids) == 178
    assert ids <= set(rulebase.claims)


def test_the_vocabulary_matches_the_shared_one(rulebase: RuleBase, shared: Path) -> None:
    vocabulary = yaml.safe_load((shared / "knowledge-input" / "vocabulary.yaml").read_text("utf-8"))
    assert list(vocabulary["facts"]) == list(rulebase.vocabulary.facts)
    for name, given in vocabulary["facts"].items():
        fact = rulebase.vocabulary[name]
        assert given[str(fact.kind)] in (True, list(fact.names))
        assert given["use"] == fact.use
    assert set(vocabulary["models"]) == set(rulebase.models)


def test_every_claim_is_used_or_set_aside(rulebase: RuleBase) -> None:
    used = {claim for rule in rulebase.rules.values() for claim in rule.because}
    for model in rulebase.models.values():
        used.update(model.claims)
    for named in (*rulebase.accompaniments.values(), *rulebase.patterns.values()):
        used.update(named.claims)
    for claim in rulebase.claims.values():
        assert (claim.id in used) != bool(claim.set_aside), claim.id


def test_every_fact_and_every_value_has_texts(rulebase: RuleBase) -> None:
    for fact in rulebase.vocabulary.facts.values():
        assert fact.question.endswith("?")
        assert fact.topic
        assert fact.kind is Kind.PERCENT or all(value.label and value.says for value in fact.values)


def test_every_fact_is_tested_by_a_rule(rulebase: RuleBase) -> None:
    tested = {fact for rule in rulebase.rules.values() for fact in rule.facts()}
    assert tested == set(rulebase.vocabulary.facts)


def test_a_rule_cites_one_article(rulebase: RuleBase) -> None:
    for rule in rulebase.rules.values():
        assert len({rulebase.claims[claim].source for claim in rule.because}) == 1, rule.id
        assert rule.rationale.endswith("."), rule.id


def test_only_the_engineer_deviates_from_the_tone(rulebase: RuleBase) -> None:
    """The strongest claim of a rule sets its points; exceptions give a reason, and are counted here."""
    carrying = {item.rule for item in list_evidence(rulebase)}
    weighed = [rule for rule in rulebase.rules.values() if rule.engineer.points is not None]
    counted = [rule for rule in rulebase.rules.values() if rule.engineer.evidence]
    assert len(weighed) == WEIGHED_BY_THE_ENGINEER
    assert len(counted) == COUNTED_BY_THE_ENGINEER
    assert all(rule.engineer.points_reason for rule in weighed)
    for name in carrying:
        rule = rulebase.rules[name]
        claims = [rulebase.claims[claim] for claim in rule.because]
        if rule not in weighed and rule not in counted and name not in rulebase.standing:
            assert weigh_rule(rulebase, rule)[0] == max(claim.tone for claim in claims if claim.kind in EVIDENTIAL)


def test_the_readme_names_every_rule_that_counts_a_statistic(rulebase: RuleBase) -> None:
    statistics = {claim.id for claim in rulebase.claims.values() if claim.kind == "statistic"}
    resting = {rule.id for rule in rulebase.rules.values() if statistics & set(rule.because)}
    scoring = {item.rule for item in list_evidence(rulebase)} & resting
    assert {name for name in scoring if rulebase.rules[name].engineer.evidence} == {"ceo-owns-in-profitable-firms"}
    told = (ROOT / "README.md").read_text("utf-8")
    assert {name for name in scoring if f"`{name}`" not in told.replace("`cxrules rule ", "`")} == set()


def test_a_boundary_that_bears_on_a_model_has_a_reason(rulebase: RuleBase) -> None:
    """Rules that only advise or warn do so for anything short of the best value."""
    bearing = {Effect.SUPPORTS, Effect.OPPOSES, Effect.EXCLUDES, Effect.PREFERS, Effect.FINDING}
    drawn = {
        rule.id
        for rule in rulebase.rules.values()
        if bearing & {conclusion.effect for conclusion in rule.then}
        and any(draws_a_boundary(rulebase, test) for test in rule.tests())
    }
    assert len(drawn) > 40
    assert {name for name in drawn if not rulebase.rules[name].engineer.threshold} == set()


def draws_a_boundary(rulebase: RuleBase, test: object) -> bool:
    """Return whether a test holds on one side of a value of an ordered fact or a percentage."""
    if not isinstance(test, FactTest) or test.operator == "is":
        return False
    return rulebase.vocabulary[test.fact].kind in (Kind.ORDERED, Kind.PERCENT)


def test_only_one_article_speaks_of_who_is_available(rulebase: RuleBase) -> None:
    """What follows for another article where no leader above is available is a reading."""
    found = set()
    for rule in rulebase.rules.values():
        out_of_reach = any(
            test.fact == "independent_leader_feasible" and test.operand is False
            for test in rule.tests()
            if isinstance(test, FactTest)
        )
        if out_of_reach or "leader_above_out_of_reach" in rule.needs():
            scores = {conclusion.effect for conclusion in rule.then} & {Effect.SUPPORTS, Effect.OPPOSES}
            if scores and not rule.because[0].startswith("A2") and not rule.engineer.reading:
                found.add(rule.id)
    assert found == set()


def test_facts_are_used_as_declared(rulebase: RuleBase) -> None:
    """A fact that colours never excludes, nor supports by itself; one that advises or warns moves no points."""
    facts = rulebase.vocabulary.facts
    for rule in rulebase.rules.values():
        effects = {conclusion.effect for conclusion in rule.then}
        uses = {facts[name].use for name in rule.facts()}
        if effects & {Effect.SUPPORTS, Effect.OPPOSES, Effect.EXCLUDES, Effect.FINDING, Effect.PREFERS}:
            assert not uses & {Use.ADVISES, Use.WARNS}, rule.id
        if Effect.EXCLUDES in effects:
            assert Use.COLOURS not in uses, rule.id
        if Effect.SUPPORTS in effects and uses == {Use.COLOURS}:
            assert rule.needs() - set(_coloured_findings(rulebase)), rule.id


def _coloured_findings(rulebase: RuleBase) -> list[str]:
    facts = rulebase.vocabulary.facts
    return [
        finding
        for finding, rules in rulebase.concluders.items()
        if all(
            isinstance(test, FactTest) and facts[test.fact].use is Use.COLOURS
            for name in rules
            for test in rulebase.rules[name].tests()
        )
    ]


def test_texts_are_sentences_and_clauses(rulebase: RuleBase) -> None:
    for texts in (rulebase.actions, rulebase.warnings):
        assert all(text[0].isupper() and text.endswith(".") and "_" not in text for text in texts.values())
    assert all(text[-1] != "." and "_" not in text for text in rulebase.findings.values())


def test_every_fact_has_a_section_and_some_a_premise(rulebase: RuleBase) -> None:
    facts = rulebase.vocabulary.facts
    sections = {fact.section for fact in facts.values()}
    assert "" not in sections
    assert 6 <= len(sections) <= 9
    premises = {name: dict(fact.asked_if) for name, fact in facts.items() if fact.asked_if}
    assert premises["cco_reports_to"] == {"cco_status": ("planned", "in_post")}
    for asked in premises.values():
        assert all(set(values) < set(facts[premise].names) for premise, values in asked.items())
