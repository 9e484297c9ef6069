"""Masked values cannot be inferred from the rest of a record, which says what is missing."""

import json
from typing import Any, cast

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import cxrules
from cxrules import Advisor, RuleBase
from cxrules.decision_log import DecisionRecord, InvalidMasking, Logged, Masking, apply_masking, make_record
from cxrules.decision_log.reader import check_replayable
from cxrules.decision_log.recorded_answer import expand, make_answer, unpack_bits
from cxrules.errors import SHOWN
from tests.decision_log.test_record import VALIDATOR
from tests.rulebases import candidate_values, organisations, rulebases, thresholds

BUILTIN = RuleBase.builtin()
ADVISOR = Advisor()


def mask(advisor: Advisor, known: dict[str, Any], masking: Masking, **more: Any) -> DecisionRecord:
    from datetime import UTC, datetime

    advice = advisor.recommend(known)
    record = make_record(advice, id="d", time=datetime(2025, 1, 1, tzinfo=UTC), **more)
    before = json.dumps(record)
    masked = apply_masking(masking, record, advisor.judge)
    assert json.dumps(record) == before, "the original is left alone"
    VALIDATOR.validate(masked)
    return masked


def check_nothing_shows(advisor: Advisor, data: st.DataObject) -> None:
    """Two organisations that differ only in the hidden fact, and get the same answer, leave the same record."""
    rulebase = advisor.rulebase
    known = data.draw(organisations(rulebase))
    name = data.draw(st.sampled_from(sorted(rulebase.vocabulary.facts)))
    values = st.sampled_from(candidate_values(rulebase.vocabulary[name], thresholds(rulebase).get(name, ())))
    one, other = known | {name: data.draw(values)}, known | {name: data.draw(values)}
    erase = data.draw(st.booleans())
    if erase and data.draw(st.booleans()):
        del other[name]
    answers = [(advice.model, advice.status, advice.reason) for advice in map(advisor.recommend, (one, other))]
    assume(answers[0] == answers[1])
    masking = Masking(erase=[f"facts.{name}"]) if erase else Masking(mask=[f"facts.{name}"])
    first, second = (mask(advisor, facts, masking) for facts in (one, other))
    assert json.dumps(first) == json.dumps(second)
    assert check_replayable(Logged(1, first))
    assert f"facts.{name}" in (first["erased"] if erase else first["masked"])


@given(st.data())
@settings(max_examples=settings().max_examples // 2)
def test_a_hidden_fact_cannot_be_inferred(data: st.DataObject) -> None:
    check_nothing_shows(Advisor(data.draw(rulebases())), data)


@given(st.data())
@settings(max_examples=settings().max_examples // 2)
def test_a_hidden_fact_cannot_be_inferred_on_the_built_in_rule_base(data: st.DataObject) -> None:
    check_nothing_shows(ADVISOR, data)


@given(organisations(BUILTIN), st.sets(st.sampled_from(sorted(BUILTIN.vocabulary.facts)), max_size=4))
def test_what_a_masked_record_shows_is_true(known: dict[str, Any], names: set[str]) -> None:
    masked: dict[str, Any] = {**mask(ADVISOR, known, Masking(mask=[f"facts.{name}" for name in names]))}
    advice = ADVISOR.recommend(known)
    plain: dict[str, Any] = {**make_record(advice)}
    shown, told = (unpack_bits(record["fired"]) for record in (masked, plain))
    assert shown & ~told == 0
    if shown != told:
        assert "fired" in masked["masked"]
    assert (masked["certainty"] is None) == ("certainty" in masked["masked"])
    assert masked["certainty"] in (None, plain["certainty"])
    assert (masked["digest"] is None) == bool(names & set(known))
    assert (masked["model"], masked["status"]) == (plain["model"], plain["status"])
    assert (check_replayable(Logged(1, cast("DecisionRecord", masked))) is None) == (not names & set(known))
    # What a reader derives is true or missing.
    derived, whole = expand(masked, ADVISOR.judge), make_answer(advice)
    for field in ("fired", "findings", "accompaniments", "patterns", "actions", "warnings"):
        assert set(derived[field]) <= set(whole[field])
    for field in ("ranking", "voices", "support", "dissent"):
        assert derived[field] in (None, whole[field])
        assert (derived[field] is None) == (masked["certainty"] is None)


def test_hidden_paths_are_named_and_the_rest_is_kept() -> None:
    facts = {"maturity": "early", "silos": "severe", "marketing_bandwidth": "stretched"}
    masking = Masking(mask=["facts.silos", "labels.customer", "trace_id"], erase=["labels.mail"])
    labels = {"customer": "c-17", "mail": "x@example.org", "shop": "north"}
    record = mask(ADVISOR, facts, masking, labels=labels, trace_id="t-1")
    assert record["facts"] == {"maturity": "early", "marketing_bandwidth": "stretched", "silos": None}
    assert record["labels"] == {"customer": None, "shop": "north"}
    assert record["trace_id"] is None
    assert {"facts.silos", "labels.customer", "trace_id", "fired", "certainty", "digest"} <= set(record["masked"])
    assert record["erased"] == ["labels.mail"]
    assert "severe" not in json.dumps(record)
    assert "example.org" not in json.dumps(record)


def test_hiding_what_the_answer_does_not_need_keeps_it_replayable() -> None:
    masking = Masking(mask=["labels.customer", "span_id"], erase=["duration"])
    record = mask(ADVISOR, {"maturity": "early"}, masking, labels={"customer": 1}, duration=0.1)
    assert check_replayable(Logged(1, record)) is None
    assert record["masked"] == ["labels.customer"], "there was no span"
    assert record["erased"] == ["duration"], "erased, whether or not there was one"
    assert record["duration"] is None


def test_everything_can_be_hidden() -> None:
    record = mask(
        ADVISOR, {"maturity": "early", "silos": "severe"}, Masking(mask=["facts"], erase=["labels"]), labels={"a": 1}
    )
    assert record["facts"] == {"maturity": None, "silos": None}
    assert record["labels"] == {}
    assert record["fired"] == make_record(cxrules.recommend())["fired"]
    record = mask(ADVISOR, {"maturity": "early"}, Masking(erase=["facts", "model", "fired"], mask=["facts.maturity"]))
    assert (record["facts"], record["model"], record["fired"]) == ({}, None, None)
    assert "facts.maturity" not in record["masked"]


def test_the_digest_of_a_text_that_states_a_hidden_fact_is_hidden() -> None:
    record = mask(ADVISOR, {"silos": "severe"}, Masking(mask=["facts.silos"]), digest=True)
    for field in ("digest", "answer_sha256", "explanation_sha256"):
        assert record[field] is None
        assert field in record["masked"]


@pytest.mark.parametrize(
    "path",
    [
        *("", " ", "id", "revision", "engine", "masked", "fact.silos", "facts.", "fired.some-rule", "x", "ranking"),
        *("labels.customer ", " labels.customer", "labels. customer", "labels .customer", "duration ", "facts.silos\n"),
    ],
)
def test_a_path_that_no_record_has_is_refused(path: str) -> None:
    with pytest.raises(InvalidMasking):
        Masking(mask=[path])
    with pytest.raises(InvalidMasking):
        Masking(erase=[path])


def test_a_misspelt_fact_is_refused_rather_than_shown() -> None:
    with pytest.raises(InvalidMasking, match="did you mean 'silos'"):
        mask(ADVISOR, {"silos": "severe"}, Masking(mask=["facts.silo"]))


def test_a_single_path_is_not_taken_for_a_list_of_letters() -> None:
    for paths in ("facts", 3, None):
        with pytest.raises(TypeError, match="mask is a list of paths"):
            Masking(mask=paths)  # type: ignore[arg-type]
    with pytest.raises(InvalidMasking, match="a path is text, not 3"):
        Masking(mask=["facts.silos", 3])  # type: ignore[list-item]


def test_ten_thousand_wrong_paths_are_one_short_error() -> None:
    known = cxrules.RuleBase.builtin()
    for prefix in ("", "facts."):
        with pytest.raises(InvalidMasking) as caught:
            Masking(mask=[f"{prefix}silo_{number}" for number in range(10_000)]).check(known)
        assert len(caught.value.diagnostics) == 10_000
        assert sum(bool(mistake.hint) for mistake in caught.value.diagnostics) <= SHOWN
        assert str(caught.value).endswith("… and 9950 more, all in .diagnostics")


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("fact.silos", "did you mean 'facts.silos'?"),
        ("Labels.customer", "did you mean 'labels.customer'?"),
        ("labels. a", "write 'labels.a'"),
        (".silos", ""),
        ("silos ", ""),
    ],
)
def test_what_is_suggested_for_a_path_can_be_hidden(path: str, meant: str) -> None:
    with pytest.raises(InvalidMasking) as caught:
        Masking(mask=[path])
    (found,) = caught.value.diagnostics
    assert found.hint == meant
