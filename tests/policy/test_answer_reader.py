"""The compiled reader gives the ranking and voices of any rule base, as objects, data and JSON."""

import json
from dataclasses import asdict
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cxrules import Advisor, RuleBase
from cxrules.engines.bitmap import BitmapEngine
from cxrules.language.ids import sorted_ids
from cxrules.language.rules import Effect
from cxrules.policy.answer_reader import FIELDS
from cxrules.policy.decision import Decision
from cxrules.policy.judge import Judge
from cxrules.policy.ranking import rank
from tests.policy.plain_policy import PlainPolicy
from tests.rulebases import organisations, rulebases

BUILTIN = Advisor().judge


def expected(judge: Judge, decision: Decision) -> dict[str, Any]:
    """The content of an answer, computed plainly."""
    decider, rulebase, fired = judge.decider, judge.rulebase, judge.decider.names(decision.fired)
    rules = [rulebase.rules[name] for name in fired]
    plain = PlainPolicy(rulebase, decision.known)

    def targets(effect: Effect) -> tuple[str, ...]:
        return sorted_ids(target for rule in rules for target in rule.targets(effect))

    def advice(effect: Effect, texts: Any) -> list[tuple[str, str, tuple[str, ...]]]:
        behind = {each: [rule for rule in rules if each in rule.targets(effect)] for each in targets(effect)}
        return [(each, texts[each], sorted_ids(c for rule in behind[each] for c in rule.because)) for each in behind]

    incoherences = [(entry.id, entry.reason, ()) for entry in rulebase.incoherences(decision.known)]
    model = rulebase.models.get(decision.model or "")
    return {
        "model": decision.model,
        "name": model.name if model else None,
        "says": model.says if model else None,
        "status": decision.status,
        "reason": decision.reason,
        "certainty": decision.certainty,
        "ranking": rank(decider, decision.fired),
        "voices": {source: plain.voice(source) for source in rulebase.sources},
        "fired": fired,
        "findings": decider.findings(decision.fired),
        "accompaniments": targets(Effect.ACCOMPANIES),
        "patterns": targets(Effect.RECOGNISES),
        "actions": [
            given_advice
            for given_advice in advice(Effect.ACTION, rulebase.actions)
            if rulebase.serves_model(given_advice[0], decision.model)
        ],
        "warnings": incoherences + advice(Effect.WARNING, rulebase.warnings),
        "incoherences": incoherences,
        "cites": sorted_ids(claim for rule in rules for claim in rule.because),
        "support": sorted_ids(plain.supporting()),
        "dissent": sorted_ids(plain.dissenting()),
        "facts": {name: decision.known[name] for name in rulebase.vocabulary.facts if name in decision.known},
    }


def assert_reads(judge: Judge, known: dict[str, Any]) -> None:
    decision, reader = judge.decide(known), judge.reader
    read = {name: reader.read(name, decision) for name in FIELDS}
    for name in ("actions", "warnings", "incoherences"):
        read[name] = [(each.id, each.text, each.claims) for each in read[name]]
    assert read == expected(judge, decision)
    data = reader.list_data(decision, "an engine")
    assert reader.write(decision, "an engine") == json.dumps(data, ensure_ascii=False)
    assert data["ranking"] == json.loads(json.dumps([asdict(row) for row in read["ranking"]]))
    assert list(data) == [*FIELDS, "engine", "rulebase"]


@settings(max_examples=2 * settings().max_examples)
@given(known=organisations(BUILTIN.rulebase))
def test_the_built_in_rule_base_is_read(known: dict[str, Any]) -> None:
    assert_reads(BUILTIN, known)


@settings(deadline=None)
@given(data=st.data(), rulebase=rulebases())
def test_any_rule_base_is_read(data: st.DataObject, rulebase: RuleBase) -> None:
    judge = Judge(BitmapEngine(rulebase))
    for _ in range(3):
        assert_reads(judge, data.draw(organisations(rulebase)))


@settings(max_examples=2 * settings().max_examples)
@given(
    known=organisations(BUILTIN.rulebase), unknown=st.sets(st.sampled_from(sorted(BUILTIN.rulebase.vocabulary.facts)))
)
def test_reading_in_one_pass_equals_validating_and_matching(known: dict[str, Any], unknown: set[str]) -> None:
    engine, vocabulary = BUILTIN.engine, BUILTIN.rulebase.vocabulary
    assert isinstance(engine, BitmapEngine)
    given_facts = {name: list(value) if isinstance(value, tuple) else value for name, value in known.items()}
    given_facts |= dict.fromkeys(unknown)
    validated = vocabulary.validate(given_facts)
    read = engine.read(given_facts)
    assert read == (validated, engine.match(validated))
    assert list(map(type, read[0].values())) == list(map(type, validated.values()))


ODD: tuple[dict[str, Any], ...] = (
    {"matury": "early"},
    {"matury": None},
    {"maturity": "erly"},
    {"maturity": True},
    {"maturity": ["early"]},
    {"transformation_goal": 1},
    {"transformation_goal": "true"},
    {"retention_budget_share": True},
    {"retention_budget_share": 101},
    {"retention_budget_share": float("nan")},
    {"retention_budget_share": 0.5},
    {"marketing_journey_coverage": "loyalty"},
    {"marketing_journey_coverage": ["loyal"]},
    {"marketing_journey_coverage": [["loyalty"]]},
    {"marketing_journey_coverage": {"loyalty": 1}},
)


def test_unusual_input_is_left_to_the_vocabulary() -> None:
    engine = BUILTIN.engine
    assert isinstance(engine, BitmapEngine)
    for facts in ODD:
        assert engine.read({**facts, "silos": "severe"}) is None
