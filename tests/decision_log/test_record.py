"""A recommendation becomes a record, the record JSON, and the JSON the same recommendation again."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_type_hints

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cxrules
from cxrules import Advisor, Recommendation, RuleBase
from cxrules.decision_log import (
    DecisionLog,
    DecisionRecord,
    Logged,
    LogReader,
    Replayed,
    RuleBaseRecord,
    context,
    make_record,
    record_json_schema,
    replay,
)
from cxrules.decision_log.again.replaying import replay_entry
from cxrules.decision_log.lines import parse
from cxrules.decision_log.record import ABSENT, TornRecord, make_rulebase_record, write_line
from cxrules.decision_log.recorded_answer import make_answer
from cxrules.search.budget import time_limit
from tests.rulebases import organisations, readable_rulebases

VALIDATOR = jsonschema.Draft202012Validator(record_json_schema())
BUILTIN = RuleBase.builtin()
LABELS = st.dictionaries(
    st.text(),
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    max_size=3,
)


def check_round_trip(advisor: Advisor, known: dict[str, Any], labels: dict[str, Any]) -> None:
    advice = advisor.recommend(known)
    with TemporaryDirectory() as folder:
        path = Path(folder, "log.jsonl")
        with DecisionLog(path) as log:
            written = log.write(advice, labels=labels, duration=0.25)
        for line in path.read_bytes().splitlines():
            VALIDATOR.validate(json.loads(line))
        reader = LogReader(path)
        (logged,) = reader
        assert logged.record == written  # type: ignore[union-attr]  # a problem would have no record
        assert logged.record["labels"] == labels  # type: ignore[union-attr]
        (outcome,) = replay(reader)
        assert isinstance(outcome, Replayed)
        assert outcome.differences == ()
        again = reader.decide_again(written)
    check_same(again, advice)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DecisionLog]:
    with DecisionLog(tmp_path_factory.mktemp("log") / "log.jsonl") as log:
        yield log


@pytest.fixture(scope="module")
def reader(log: DecisionLog) -> LogReader:
    return LogReader(log.path)


@given(organisations(BUILTIN), LABELS)
@settings(max_examples=settings().max_examples // 10)
def test_any_recommendation_comes_back_from_its_record(
    log: DecisionLog, reader: LogReader, known: dict[str, Any], labels: dict[str, Any]
) -> None:
    # One log for all examples, so that the rule base it holds is compiled once.
    advice = Advisor().recommend(known)
    start = log.path.stat().st_size
    written = log.write(advice, labels=labels)
    with log.path.open("rb") as file:
        file.seek(start)
        line = file.read().splitlines(keepends=True)[-1]
    VALIDATOR.validate(json.loads(line))
    parsed = parse(line)
    assert isinstance(parsed, tuple)
    record, _ = parsed
    assert record == written
    check_same(reader.decide_again(record), advice)
    assert reader.answer(Logged(1, record)) == make_answer(advice)
    assert reader.fired(record) == advice.fired
    (outcome,) = replay_entry(reader, Logged(1, record))
    assert isinstance(outcome, Replayed)
    assert outcome.differences == ()


def check_same(again: Recommendation, advice: Recommendation) -> None:
    assert again == advice
    assert again.rulebase is not advice.rulebase
    assert again.model_dump() == advice.model_dump()
    assert again.explain() == advice.explain()
    assert again.explain("full") == advice.explain("full")


@given(st.data())
@settings(max_examples=settings().max_examples // 4)
def test_a_recommendation_of_any_readable_rule_base_comes_back(data: st.DataObject) -> None:
    rulebase = data.draw(readable_rulebases())
    known = data.draw(organisations(rulebase))
    check_round_trip(Advisor(rulebase), known, {})


def test_the_schema_the_types_and_the_records_have_the_same_fields() -> None:
    shapes = record_json_schema()["$defs"]
    record = make_record(cxrules.recommend(maturity="early"))
    assert list(record) == list(get_type_hints(DecisionRecord)) == list(shapes["decision"]["properties"])[:-1]
    assert [name for name in record if name not in ABSENT] == shapes["decision"]["required"]
    assert set(ABSENT) < set(record)
    embedded = make_rulebase_record(BUILTIN)
    assert list(embedded) == list(get_type_hints(RuleBaseRecord)) == list(shapes["rulebase"]["properties"])[:-1]
    assert list(get_type_hints(TornRecord)) == list(shapes["torn"]["properties"])[:-1]
    jsonschema.Draft202012Validator.check_schema(record_json_schema())


def test_the_schema_refuses_anything_but_a_record() -> None:
    record: dict[str, Any] = {**make_record(cxrules.recommend(maturity="early"))}
    VALIDATOR.validate(record)
    changes: list[dict[str, Any]] = [
        {"format": 1},
        {"format": 3},
        {"id": ""},
        {"fired": ["a-rule"]},
        {"time": "yesterday"},
        {"certainty": 1.5},
        {"labels": {"x": []}},
        {"more": 1},
    ]
    for change in changes:
        assert not VALIDATOR.is_valid(record | change)


def test_a_record_is_one_line_of_ascii_whatever_its_labels() -> None:
    odd = "ö\n\u2028\x85\ud800"
    line = write_line(make_record(cxrules.recommend(), labels={odd: odd}))
    assert line.isascii()
    assert line.count(b"\n") == 1
    assert json.loads(line)["labels"] == {odd: odd}


def test_the_caller_can_set_id_time_and_duration() -> None:
    moment = datetime(2025, 3, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    record = make_record(cxrules.recommend(), id="d-1", time=moment, duration=0.5, trace_id="t", span_id="s")
    assert record["id"] == "d-1"
    assert record["time"] == "2025-02-28T23:30:00.000000Z"
    assert (record["duration"], record["trace_id"], record["span_id"]) == (0.5, "t", "s")
    with pytest.raises(ValueError, match="time zone"):
        make_record(cxrules.recommend(), time=datetime(2025, 3, 1))  # noqa: DTZ001 - the mistake under test


@pytest.mark.parametrize("edge", ["0001-01-01T00:00+01:00", "9999-12-31T23:59-01:00"])
def test_a_time_at_the_edge_of_the_calendar_is_refused(edge: str) -> None:
    moment = datetime.fromisoformat(edge)
    with pytest.raises(ValueError, match="outside the calendar"):
        make_record(cxrules.recommend(), time=moment)


def test_a_log_accepts_a_clock_and_ids(tmp_path: Path) -> None:
    names = iter(["one", "two"])
    moment = datetime(2025, 1, 1, tzinfo=UTC)
    files = []
    for name in ("a", "b"):
        names = iter(["one", "two"])
        with DecisionLog(tmp_path / name, clock=lambda: moment, new_id=lambda names=names: next(names)) as log:  # type: ignore[misc]
            log.write(cxrules.recommend(maturity="early"))
            log.write(cxrules.recommend(maturity="mature"))
        files.append((tmp_path / name).read_bytes())
    assert files[0] == files[1]


@pytest.mark.parametrize(
    "labels", [["x"], "x", {"x": [1]}, {"x": float("nan")}, {"x": float("inf")}, {1: "x"}, {"x": object()}]
)
def test_a_label_that_json_cannot_represent_is_refused(labels: dict[Any, Any]) -> None:
    with pytest.raises(TypeError, match="label"):
        make_record(cxrules.recommend(), labels=labels)
    with pytest.raises(TypeError, match="label"), context(labels=labels):
        pytest.fail("entered")
    with pytest.raises(TypeError, match="trace_id"):
        make_record(cxrules.recommend(), trace_id=7)  # type: ignore[arg-type]


def test_contexts_nest_and_end() -> None:
    advice = cxrules.recommend()
    with context(labels={"a": 1, "b": 1}, trace_id="outer", span_id="outer"):
        with context(labels={"b": 2}, span_id="inner"):
            record = make_record(advice, labels={"c": 3})
            assert record["labels"] == {"a": 1, "b": 2, "c": 3}
            assert (record["trace_id"], record["span_id"]) == ("outer", "inner")
        assert make_record(advice)["labels"] == {"a": 1, "b": 1}
        elsewhere: list[Any] = []
        thread = threading.Thread(target=lambda: elsewhere.append(make_record(advice)["labels"]))
        thread.start()
        thread.join()
        assert elsewhere == [{}]
    assert make_record(advice)["labels"] == {}


def test_a_copy_without_its_rule_base_says_so() -> None:
    import pickle

    from cxrules.language.facts import Kind
    from cxrules.language.rules import Model, Tone
    from tests.rulebases import make_claim, make_fact, make_rulebase

    rulebase = make_rulebase(
        [make_fact("plain", Kind.FLAG)], [], [Model("m", "m", "m")], [make_claim("S0-1", Tone.PLAIN)]
    )
    advisor = Advisor(rulebase)
    text = pickle.dumps(advisor.recommend(plain=True))
    del advisor
    import gc

    gc.collect()
    with pytest.raises(cxrules.MissingRuleBase):
        make_record(pickle.loads(text))  # noqa: S301 - our own


def test_digests_do_not_depend_on_time_limits_of_searches() -> None:
    advice = cxrules.recommend(maturity="early", marketing_bandwidth="stretched", ceo_involvement="supportive")
    usual = make_record(advice, digest=True)
    with time_limit(0):
        hurried = make_record(advice, digest=True)
    assert usual["answer_sha256"] == hurried["answer_sha256"]
    assert usual["explanation_sha256"] == hurried["explanation_sha256"]
