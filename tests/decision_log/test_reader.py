"""Reading logs: bad lines are reported, good ones are decided again."""

import json
import logging
import pickle
import tracemalloc
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import NoneType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxrules import Advisor, MissingRuleBase, Recommendation, RuleBase
from cxrules.decision_log import (
    DecisionLog,
    Impact,
    ImpactSummary,
    Logged,
    LogReader,
    Masking,
    Problem,
    ReplayDifference,
    Replayed,
    Trouble,
    assess_impact,
    emit,
    make_record,
    replay,
)
from cxrules.decision_log.again import bulk, impact
from cxrules.decision_log.record import LONGEST_LINE
from cxrules.decision_log.recorded_answer import make_answer, pack_bits
from cxrules.doubts import UnlikelyFact
from cxrules.language.facts import Kind
from cxrules.language.rules import Conclusion, Effect, Engineer, Model, Policy, Rule
from tests import ROOT
from tests.oracle import OracleEngine
from tests.rulebases import make_fact, make_rulebase, organisations, random_organisations, readable_rulebases

BUILTIN = RuleBase.builtin()
ADVISOR = Advisor()
KNOWN: dict[str, Any] = {
    "maturity": "early",
    "silos": "severe",
    "ceo_involvement": "champion",
    "transformation_goal": True,
}

FIRST = ROOT / "tests" / "data" / "logs" / "format-1.jsonl"
"""Written by cxrules before it had format 2, on tests/data/small_base."""

SMALL = json.loads(FIRST.read_text().splitlines()[0])["revision"]

Lines = list[dict[str, Any]]


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Lines:
    """A rule base and three decisions."""
    path = tmp_path_factory.mktemp("log") / "log"
    with DecisionLog(path) as log:
        many: list[dict[str, Any]] = [KNOWN, {}, {"retention_budget_share": 12.5}]
        for number, known in enumerate(many):
            log.write(ADVISOR.recommend(known), id=f"d-{number}")
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.fixture(scope="module")
def first_lines() -> Lines:
    """What format 1 wrote: a rule base, and decisions of it."""
    found = []
    for line in FIRST.read_text().splitlines():
        with suppress(ValueError):
            found.append(json.loads(line))
    return found


def save(path: Path, lines: Lines) -> LogReader:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return LogReader(path)


def troubles(entries: Iterator[object]) -> Counter[Trouble]:
    return Counter(entry.trouble for entry in entries if isinstance(entry, Problem))


def change(rulebase: RuleBase, **parts: Any) -> RuleBase:
    return replace(rulebase, **parts)


# --- bad logs


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("hello", Trouble.NOT_JSON),
        ('{"kind":"decision","format":2,"id":"d', Trouble.CORRUPT),
        ('{"kind":"decision","format":1,"id":"d', Trouble.CORRUPT),
        ("{", Trouble.CORRUPT),
        ('{"kind":"decision","format":2,"id":"d"x}', Trouble.CORRUPT),
        ("[1]", Trouble.NOT_A_RECORD),
        ("{}", Trouble.NOT_A_RECORD),
        ('{"kind":"decision"}', Trouble.OTHER_FORMAT),
        ('{"kind":"decision","format":1}', Trouble.NOT_A_RECORD),
        ('{"kind":"decision","format":2}', Trouble.NOT_A_RECORD),
        ('{"kind":"decision","format":3}', Trouble.OTHER_FORMAT),
        ('{"kind":"decision","format":0}', Trouble.OTHER_FORMAT),
        ('{"kind":"decision","format":true}', Trouble.OTHER_FORMAT),
        ('{"kind":"decision","format":[[1]]}', Trouble.OTHER_FORMAT),
        ('{"kind":"torn","format":2}', Trouble.NOT_A_RECORD),
        ('{"kind":"torn","format":2,"bytes":"x","sha256":1}', Trouble.NOT_A_RECORD),
        ('{"kind":"rulebase","format":1}', Trouble.NOT_A_RECORD),
        ('{"kind":["decision"],"format":1}', Trouble.NOT_A_RECORD),
        ('{"kind":"other","format":1}', Trouble.NOT_A_RECORD),
        ("NaN", Trouble.NOT_JSON),
        ("[" * 100_000, Trouble.NOT_JSON),
        ("9" * 10_000, Trouble.NOT_JSON),
        ("\x00\x00", Trouble.NOT_JSON),
        ("\ufeff{}", Trouble.NOT_A_RECORD),
    ],
)
def test_a_bad_line_is_named_and_the_rest_is_read(tmp_path: Path, lines: Lines, text: str, trouble: Trouble) -> None:
    path = tmp_path / "log"
    good = [json.dumps(line) for line in lines]
    path.write_text("\n".join([*good[:2], text, *good[2:]]) + "\n", encoding="utf-8")
    outcomes = list(replay(LogReader(path)))
    assert [(entry.line, entry.trouble) for entry in outcomes if isinstance(entry, Problem)] == [(3, trouble)]
    assert [entry.record["id"] for entry in outcomes if isinstance(entry, Replayed)] == ["d-0", "d-1", "d-2"]
    assert not any(entry.differences for entry in outcomes if isinstance(entry, Replayed))


def test_bytes_that_are_not_text_are_named(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(bytes(range(128, 256)) + b"\n\xff\xfe\n")
    assert troubles(iter(LogReader(path))) == {Trouble.NOT_JSON: 2}


def test_an_empty_log_has_no_decisions(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"\n \n")
    assert not list(LogReader(path))


def test_a_log_cut_anywhere_loses_only_its_last_line(tmp_path: Path, lines: Lines) -> None:
    whole = "".join(f"{json.dumps(line, separators=(',', ':'))}\n" for line in lines[:3]).encode()
    start = whole.rindex(b"\n", 0, -1) + 1
    path = tmp_path / "log"
    for cut in [*range(start + 1, len(whole) - 1, 97), len(whole) - 1]:
        path.write_bytes(whole[:cut])
        entries = list(LogReader(path))
        if cut == len(whole) - 1:  # only the line break is missing
            assert [type(entry) for entry in entries] == [Logged, Logged]
        else:
            first, second = entries
            assert isinstance(first, Logged)
            assert isinstance(second, Problem)
            assert second.trouble is Trouble.TORN


def test_a_missing_rule_base_is_named(tmp_path: Path, lines: Lines) -> None:
    reader = save(tmp_path / "log", lines[1:])
    assert troubles(replay(reader)) == {Trouble.MISSING_RULEBASE: 3}
    with pytest.raises(MissingRuleBase):
        reader.rulebase(BUILTIN.revision)


def test_a_rule_base_after_its_decisions_is_found_and_reported(tmp_path: Path, lines: Lines) -> None:
    reader = save(tmp_path / "log", [*lines[1:], lines[0]])
    for _ in range(2):  # however often it is read
        outcomes = list(replay(reader))
        assert troubles(iter(outcomes)) == {Trouble.REORDERED: 1}
        assert sum(isinstance(outcome, Replayed) for outcome in outcomes) == 3


@pytest.mark.parametrize(
    "alter",
    [
        lambda line: line | {"canonical": line["canonical"].replace("marketing", "sales")},
        lambda line: line | {"canonical": line["canonical"][:-2]},
        lambda line: line | {"revision": "0" * 64},
        lambda line: line | {"canonical": ""},
    ],
)
def test_an_altered_rule_base_is_not_used(tmp_path: Path, lines: Lines, alter: Callable[[Any], Any]) -> None:
    reader = save(tmp_path / "log", [alter(lines[0]), *lines[1:]])
    assert troubles(replay(reader)) == {Trouble.ALTERED_RULEBASE: 1, Trouble.MISSING_RULEBASE: 3}


def test_text_with_the_right_hash_that_is_not_a_rule_base_is_not_used(tmp_path: Path, lines: Lines) -> None:
    from hashlib import sha256

    line = lines[0] | {"canonical": "{}", "revision": sha256(b"{}").hexdigest()}
    assert troubles(iter(save(tmp_path / "log", [line]))) == {Trouble.ALTERED_RULEBASE: 1}


WRONG: tuple[Any, ...] = (None, 7, -1, 2.5, True, "", "soon", "\ud800", [], [1], ["x"], {}, {"x": 1}, {"x": []})
MAY_BE = {
    "id": (str,),
    "time": (),
    "cxrules": (str,),
    "revision": (str,),
    "engine": (str,),
    "facts": (dict,),
    "model": (str, NoneType),
    "status": (),
    "reason": (NoneType,),
    "certainty": (),
    "fired": (str,),
    "digest": (str, NoneType),
    "duration": (int, float, NoneType),
    "labels": (dict,),
    "trace_id": (str, NoneType),
    "span_id": (str, NoneType),
    "answer_sha256": (str, NoneType),
    "explanation_sha256": (str, NoneType),
    "masked": (list,),
    "erased": (list,),
}


@pytest.mark.parametrize("field", MAY_BE)
@pytest.mark.parametrize("first", [False, True])
def test_a_field_of_the_wrong_kind_is_named_without_a_traceback(
    tmp_path: Path, lines: Lines, first_lines: Lines, field: str, first: bool
) -> None:
    """Whatever the values in a record, the result is a problem or an outcome, never an exception."""
    rulebase, line = (first_lines if first else lines)[:2]
    if first and field not in line:
        pytest.skip("format 1 has no such field")
    reader = save(tmp_path / "log", [rulebase, *(line | {field: value} for value in WRONG)])
    told: dict[int, list[object]] = defaultdict(list)
    for item in [*replay(reader), *assess_impact(reader, reader.rulebase(rulebase["revision"]))]:
        told[item.line].append(item)
    for number, value in enumerate(WRONG, 2):
        assert told[number]
        if type(value) not in MAY_BE[field] and not (first and field == "fired" and value in ([], ["x"])):
            problems = [item for item in told[number] if isinstance(item, Problem)]
            assert {item.trouble for item in problems} == {Trouble.NOT_A_RECORD}, value
            assert field in str(problems[0])


@pytest.mark.parametrize(
    ("first", "field"),
    [
        *((False, name) for name in ("id", "facts", "fired", "status", "certainty")),
        *((True, name) for name in ("id", "facts", "fired", "dissent", "replayable", "rulebase")),
    ],
)
def test_a_missing_field_is_named(tmp_path: Path, lines: Lines, first_lines: Lines, first: bool, field: str) -> None:
    rulebase, whole = (first_lines if first else lines)[:2]
    line = {name: value for name, value in whole.items() if name != field}
    (problem,) = replay(save(tmp_path / "log", [rulebase, line]))
    assert isinstance(problem, Problem)
    assert problem.trouble is Trouble.NOT_A_RECORD
    assert field in problem.message


@pytest.mark.parametrize("field", ["status", "certainty", "fired"])
@pytest.mark.parametrize("first", [False, True])
def test_a_hidden_answer_is_null_and_one_that_is_not_hidden_is_not(
    tmp_path: Path, lines: Lines, first_lines: Lines, field: str, first: bool
) -> None:
    rulebase, line = (first_lines if first else lines)[:2]
    hidden = [line | {field: None, hiding: [field]} for hiding in ("masked", "erased")]
    outcomes = list(replay(save(tmp_path / "log", [rulebase, *hidden, line | {field: None}])))
    troubles = [item.trouble if isinstance(item, Problem) else None for item in outcomes]
    assert Trouble.NOT_A_RECORD not in troubles[:2]
    assert troubles[2:] == [Trouble.NOT_A_RECORD]


@pytest.mark.parametrize("facts", [{"silo": "severe"}, {"silos": "sever"}, {"silos": {"x": 1}}, {"silos": 3}])
def test_facts_that_the_rule_base_does_not_know_are_named(tmp_path: Path, lines: Lines, facts: dict[str, Any]) -> None:
    reader = save(tmp_path / "log", [lines[0], lines[1] | {"facts": facts}])
    assert troubles(replay(reader)) == {Trouble.INVALID_FACTS: 1}
    assert troubles(assess_impact(reader, BUILTIN)) == {Trouble.INVALID_FACTS: 1}


@pytest.mark.parametrize(
    ("start", "more", "trouble"),
    [
        ("x", "x", Trouble.TOO_LONG),
        ('{"kind":"decision","format":1,"x":[', "[],", Trouble.TOO_LONG),
        ('{"kind":"rulebase","format":1,"canonical":"', "[],", Trouble.NOT_A_RECORD),
        ('{"kind":"rulebase","format":1,"canonical":[', "[],", Trouble.NOT_A_RECORD),
        ('{"kind":"rulebase","format":1,"name":', "[", Trouble.NOT_A_RECORD),
    ],
)
def test_a_hostile_line_is_named_in_little_memory(
    tmp_path: Path, lines: Lines, start: str, more: str, trouble: Trouble
) -> None:
    path = tmp_path / "log"
    long = start + more * (5 * LONGEST_LINE // len(more))
    path.write_text(json.dumps(lines[0]) + "\n" + long + "\n" + json.dumps(lines[1]) + "\n")
    tracemalloc.start()
    try:
        problem, logged = LogReader(path)
        assert tracemalloc.get_traced_memory()[1] < 30 * LONGEST_LINE
    finally:
        tracemalloc.stop()
    assert isinstance(problem, Problem)
    assert problem.trouble is trouble
    assert isinstance(logged, Logged)
    assert logged.line == 3


def test_a_long_rule_base_is_written_and_read(tmp_path: Path) -> None:
    claim = next(iter(BUILTIN.claims.values()))
    long = {f"A0-{number}": replace(claim, id=f"A0-{number}", says="x" * 20_000) for number in range(5_000, 5_120)}
    large = change(BUILTIN, claims={**BUILTIN.claims, **long})
    with DecisionLog(tmp_path / "log") as log:
        log.write(Advisor(large).recommend(maturity="early"))
    assert (tmp_path / "log").stat().st_size > 2 * LONGEST_LINE
    (outcome,) = replay(LogReader(tmp_path / "log"))
    assert isinstance(outcome, Replayed)
    assert not outcome.differences


def test_a_path_that_is_not_a_file_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        LogReader(tmp_path / "missing")
    with pytest.raises(OSError, match="regular file"):
        LogReader(tmp_path)


# --- replay


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", "cmo_owned"),
        ("certainty", 0.5),
        ("status", "contested"),
        ("digest", "AAAAAAAAAAAAAAAA"),
        ("reason", "too_little"),
    ],
)
def test_differences_are_reported(tmp_path: Path, lines: Lines, field: str, value: Any) -> None:
    reader = save(tmp_path / "log", [lines[0], lines[1] | {field: value}])
    (outcome,) = replay(reader)
    assert isinstance(outcome, Replayed)
    assert outcome.differences == (ReplayDifference(field, value, lines[1].get(field)),)


def test_different_rules_are_named(tmp_path: Path, lines: Lines) -> None:
    fired = ADVISOR.recommend(KNOWN).fired
    for recorded, told in ((fired[1:], list(fired[1:])), ((), [])):
        bits = pack_bits(ADVISOR.judge.decider.mask(recorded), len(BUILTIN.rules))
        (outcome,) = replay(save(tmp_path / "log", [lines[0], lines[1] | {"fired": bits}]))
        assert isinstance(outcome, Replayed)
        assert outcome.differences == (ReplayDifference("fired", told, list(fired)),)
    (outcome,) = replay(save(tmp_path / "log", [lines[0], lines[1] | {"fired": pack_bits(1 << 400, 401)}]))
    assert isinstance(outcome, Replayed)
    assert [each.field for each in outcome.differences] == ["fired"], "more rules than there are"
    reader = LogReader(tmp_path / "log")
    (logged,) = reader.decisions()
    assert reader.fired(logged.record) == ()


# --- format 1


def test_what_format_1_wrote_is_read_and_replayed() -> None:
    reader = LogReader(FIRST)
    outcomes = list(replay(reader))
    assert troubles(iter(outcomes)) == {Trouble.MASKED: 1, Trouble.TORN: 1}
    again = {outcome.record["id"]: outcome for outcome in outcomes if isinstance(outcome, Replayed)}
    assert list(again) == ["nothing", "plain", "set", "words", "after"]
    assert not any(outcome.differences for outcome in again.values() if outcome.record["id"] != "words")
    plain = again["plain"].record
    assert plain["labels"] == {"customer": "c-17", "odd": "ö\n"}
    assert (plain["trace_id"], plain["span_id"], plain["duration"]) == ("t", "s", 0.25)
    for logged in reader.decisions():
        answer = reader.answer(logged)
        if logged.record["id"] in again:
            assert answer == make_answer(reader.decide_again(logged.record))
        assert reader.fired(logged.record) == tuple(answer["fired"])
    assert not any(
        isinstance(item, Problem) and not item.trouble.expected
        for item in assess_impact(reader, reader.rulebase(SMALL))
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [("model", "x"), ("fired", []), ("ranking", []), ("voices", {}), ("dissent", ["A0-1"]), ("warnings", ["x"])],
)
def test_everything_that_format_1_repeats_is_compared(
    tmp_path: Path, first_lines: Lines, field: str, value: Any
) -> None:
    reader = save(tmp_path / "log", [first_lines[0], first_lines[2] | {field: value}])
    (outcome,) = replay(reader)
    assert isinstance(outcome, Replayed)
    assert outcome.differences == (ReplayDifference(field, value, first_lines[2][field]),)


def test_a_log_of_format_1_can_be_continued(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(FIRST.read_bytes())
    with DecisionLog(path) as log:
        log.write(Advisor(LogReader(FIRST).rulebase(SMALL)).recommend(soil="dry"), id="second")
    assert path.read_bytes().startswith(FIRST.read_bytes())
    assert path.read_bytes().count(b'"kind":"rulebase"') == 1, "it is there already"
    assert [entry.record["id"] for entry in LogReader(path).decisions()][-2:] == ["after", "second"]


# --- replay: answers, engines, texts, memory


def test_another_fact_gives_another_answer(tmp_path: Path, lines: Lines) -> None:
    reader = save(tmp_path / "log", [lines[0], lines[1] | {"facts": {}}])
    (outcome,) = replay(reader)
    assert isinstance(outcome, Replayed)
    assert {"model", "status", "reason", "certainty", "fired"} <= {entry.field for entry in outcome.differences}


def test_the_number_1_is_not_true(tmp_path: Path, lines: Lines) -> None:
    known = lines[3]["facts"]
    reader = save(tmp_path / "log", [lines[0], lines[3] | {"facts": {**known, "retention_budget_share": 12.50}}])
    (same,) = replay(reader)
    assert isinstance(same, Replayed)
    assert not same.differences
    (other,) = replay(save(tmp_path / "log", [lines[0], lines[2] | {"certainty": 0}]))
    assert isinstance(other, Replayed)
    assert [entry.field for entry in other.differences] == ["certainty"]


def test_a_missing_engine_is_replaced_and_named(tmp_path: Path, lines: Lines) -> None:
    reader = save(tmp_path / "log", [lines[0], lines[1] | {"engine": "steam"}])
    for outcomes in (list(replay(reader)), list(assess_impact(reader, BUILTIN))):
        problem, outcome = outcomes
        assert isinstance(problem, Problem)
        assert problem.trouble is Trouble.OTHER_ENGINE
        assert not getattr(outcome, "differences", ())


def test_masked_records_are_counted_but_not_decided_again(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with DecisionLog(path, masking=Masking(mask=["facts.silos"])) as log:
        log.write(ADVISOR.recommend(KNOWN), id="hidden")
        log.write(ADVISOR.recommend(maturity="early"), id="shown")
    for outcomes in (list(replay(LogReader(path))), list(assess_impact(LogReader(path), BUILTIN))):
        problem, _ = outcomes
        assert isinstance(problem, Problem)
        assert problem.trouble is Trouble.MASKED
        assert "facts.silos" in problem.message
    reader = LogReader(path)
    with pytest.raises(ValueError, match="masked"):
        reader.decide_again(next(reader.decisions()).record)


def test_explanations_are_compared_where_their_digest_is_recorded(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with DecisionLog(path, digest=True) as log:
        log.write(ADVISOR.recommend(KNOWN))
    rulebase, decision = (json.loads(line) for line in path.read_bytes().splitlines())
    (outcome,) = replay(LogReader(path))
    assert isinstance(outcome, Replayed)
    assert outcome.differences == ()
    reader = save(path, [rulebase, decision | {"explanation_sha256": "0" * 64}])
    (outcome,) = replay(reader)
    assert isinstance(outcome, Replayed)
    assert [entry.field for entry in outcome.differences] == ["explanation_sha256"]


def test_few_of_many_revisions_are_kept_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "log"
    changed = [change(BUILTIN, policy=Policy(minimum_evidence=1, lead=lead)) for lead in range(12)]
    with DecisionLog(path) as log:
        for _ in range(2):
            for rulebase in changed:
                log.write(Advisor(rulebase).recommend(maturity="early"))
    reader = LogReader(path)
    assert sum(isinstance(outcome, Replayed) and not outcome.differences for outcome in replay(reader)) == 24
    assert len(reader._judges) == len(reader._rulebases) == 8


def test_memory_does_not_grow_with_the_log(tmp_path: Path, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "_BATCH", 80)  # so that the smaller log has more than one batch as well

    def peak(number: int, consume: Callable[[LogReader], Iterator[object]]) -> int:
        path = tmp_path / "log"
        with path.open("w") as file:
            file.writelines(f"{json.dumps(line)}\n" for line in lines[:1])
            file.writelines(f"{json.dumps(lines[1 + n % 3] | {'id': f'd-{n}'})}\n" for n in range(number))
        tracemalloc.start()
        try:
            assert sum(1 for _ in consume(LogReader(path))) == number
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    changed = change(BUILTIN, policy=Policy(minimum_evidence=1, lead=9))
    for consume in (iter, replay, lambda log: assess_impact(log, changed)):
        peak(10, consume)  # what is compiled once and kept
        assert peak(300, consume) < 1.1 * peak(100, consume) + 50_000


# --- impact


def write_log(path: Path, rulebase: RuleBase, organisations: list[dict[str, Any]]) -> LogReader:
    advisor = Advisor(rulebase)
    with DecisionLog(path) as log:
        for number, known in enumerate(organisations):
            log.write(advisor.recommend(known), id=f"d-{number}")
    return LogReader(path)


def drawn(number: int) -> list[dict[str, Any]]:
    return [known for known, _ in zip(random_organisations(BUILTIN, 5), range(number), strict=False)]


def test_an_unchanged_rule_base_has_no_impact(tmp_path: Path) -> None:
    reader = write_log(tmp_path / "log", BUILTIN, drawn(60))
    summary = ImpactSummary()
    for item in assess_impact(reader, RuleBase.from_json(BUILTIN.to_json())):
        assert isinstance(item, Impact)
        assert not item.touches
        summary.add(item)
    assert (summary.decisions, summary.changed, summary.touched) == (60, 0, 0)


@given(data=st.data())
@settings(max_examples=settings().max_examples // 4)
def test_the_impact_is_the_difference_between_two_decisions(data: st.DataObject, tmp_path_factory: Any) -> None:
    old = data.draw(readable_rulebases())
    gone = data.draw(st.sampled_from(sorted(old.rules)))
    new = change(
        old,
        rules={name: rule for name, rule in old.rules.items() if name != gone},
        policy=Policy(data.draw(st.integers(1, 3)), data.draw(st.integers(0, 2))),
    )
    many = data.draw(st.lists(organisations(old), min_size=1, max_size=4))
    reader = write_log(tmp_path_factory.mktemp("log") / "log", old, many)
    for known, item in zip(many, assess_impact(reader, new), strict=True):
        assert isinstance(item, Impact)
        was, would_be = Advisor(old).recommend(known), Advisor(new).recommend(known)
        oracle = Advisor(engine=OracleEngine(new)).recommend(known)
        assert (item.before.model, item.before.status, item.before.certainty) == (was.model, was.status, was.certainty)
        assert (item.after.model, item.after.status) == (would_be.model, would_be.status)
        assert item.after.certainty == would_be.certainty
        assert item.changes == ((was.model, was.status) != (would_be.model, would_be.status))
        assert set(item.silent) == set(was.fired) - set(oracle.fired)
        assert set(item.fires) == set(oracle.fired) - set(was.fired)
        if item.changes:
            assert item.causes or item.policy, "nothing changes without a cause"


ODD: list[Any] = [True, False, 0, 1, 1.0, 40, 40.0, 99.5, 101, -1, None, "", "no such value", [], ["no such value"], {}]
"""Values that a fact may or may not have: among them numbers and flags that Python takes for equal."""


@given(data=st.data())
@settings(max_examples=settings().max_examples // 4)
def test_many_records_at_once_give_the_same_as_one_by_one(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Replay and impact give the same results with columns, whatever the records say."""
    old = data.draw(readable_rulebases())
    gone = data.draw(st.sampled_from(sorted(old.rules)))
    kept = {name: rule for name, rule in old.rules.items() if name != gone}
    new = change(old, rules=kept, policy=data.draw(st.sampled_from([old.policy, Policy(2, 1)])))
    path = tmp_path_factory.mktemp("log") / "log"
    write_log(path, old, data.draw(st.lists(organisations(old), min_size=2, max_size=6)))
    written = [json.loads(line) for line in path.read_text().splitlines()]
    for record in written[1:]:
        if data.draw(st.booleans()):
            fact = data.draw(st.sampled_from([*old.vocabulary.facts, "no_such_fact"]))
            record["facts"][fact] = data.draw(st.sampled_from(ODD))
        if data.draw(st.booleans()):
            record["facts"] = dict(data.draw(st.permutations(sorted(record["facts"].items()))))
    # As the log writes them, so that they are read without decoding; and in another layout.
    separators = data.draw(st.sampled_from([(",", ":"), (", ", ": ")]))
    path.write_text("".join(f"{json.dumps(record, separators=separators)}\n" for record in written))

    def read(least: int) -> list[object]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bulk, "_WORTHWHILE", least)
            return [*replay(LogReader(path)), *assess_impact(LogReader(path), new)]

    assert read(1) == read(1_000_000)


def test_only_decisions_that_a_change_affects_are_decided_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = "acquisition-comes-first"
    changed = change(BUILTIN, rules={name: rule for name, rule in BUILTIN.rules.items() if name != gone})
    many = drawn(100)
    reader = write_log(tmp_path / "log", BUILTIN, many)
    compared: list[int] = []
    compare = impact._compare

    def note(entry: Logged, own: Any, change: Any) -> Impact:
        compared.append(entry.line)
        return compare(entry, own, change)

    monkeypatch.setattr(impact, "_compare", note)
    items = list(assess_impact(reader, changed))
    fires = [gone in ADVISOR.recommend(known).fired for known in many]
    assert 0 < len(compared) == sum(fires) < len(many) / 2
    # Without the rule a finding may go, and with it rules that need it.
    assert [isinstance(item, Impact) and gone in item.silent for item in items] == fires


def test_impact_names_the_causes(tmp_path: Path) -> None:
    advice = ADVISOR.recommend(KNOWN)
    (deciding,) = [row for row in advice.ranking if row.model == advice.model]
    assert not deciding.excluded
    veto = Rule(
        "z-veto",
        (next(iter(BUILTIN.rules.values())).because[0],),
        "A veto.",
        (),
        (Conclusion(Effect.EXCLUDES, str(advice.model)),),
    )
    weighed = next(
        rule
        for name in advice.fired
        for rule in [BUILTIN.rules[name]]
        if rule.targets(Effect.SUPPORTS) and rule.engineer.points is None and name not in BUILTIN.standing
    )
    points = 1 if BUILTIN.claims[weighed.because[0]].tone != 1 else 3
    heavier = replace(weighed, engineer=Engineer(points=points, points_reason="To see it."))
    changed = change(BUILTIN, rules={**BUILTIN.rules, "z-veto": veto, weighed.id: heavier}, policy=Policy(1, 9))
    (item,) = assess_impact(write_log(tmp_path / "log", BUILTIN, [KNOWN]), changed)
    assert isinstance(item, Impact)
    assert item.changes
    assert item.fires == ("z-veto",)
    assert item.silent == ()
    assert item.altered == (weighed.id,)
    assert any(step.model == advice.model and step.after == ("z-veto",) for step in item.steps)
    assert {"z-veto", weighed.id} <= set(item.causes)
    assert item.policy == tuple(
        name for name in ("minimum_evidence", "lead") if getattr(BUILTIN.policy, name) != getattr(changed.policy, name)
    )


def test_evidence_that_another_rule_still_carries_has_not_moved(tmp_path: Path) -> None:
    """A claim counts once: without one of the rules that rest on it, the points stay the same."""
    gone = "acquisition-comes-first"
    many = [known for known in drawn(300) if gone in ADVISOR.recommend(known).fired]
    changed = change(BUILTIN, rules={name: rule for name, rule in BUILTIN.rules.items() if name != gone})
    carried_on = 0
    for known, item in zip(many, assess_impact(write_log(tmp_path / "log", BUILTIN, many), changed), strict=True):
        assert isinstance(item, Impact)
        points = [
            {str(row.model): row.points for row in Advisor(base).recommend(known).ranking}
            for base in (BUILTIN, changed)
        ]
        for model in BUILTIN.models:
            moves = sum(moved.after - moved.before for moved in item.evidence if moved.model == model)
            assert moves == points[1][model] - points[0][model]
            carried_on += points[0] == points[1] and not item.evidence
    assert carried_on


def test_each_revision_may_be_changed_by_itself(tmp_path: Path) -> None:
    reader = write_log(tmp_path / "log", BUILTIN, drawn(20))
    asked: list[str] = []

    def forbid_all(rulebase: RuleBase) -> RuleBase:
        asked.append(rulebase.revision)
        return change(rulebase, policy=Policy(99, 0))

    items = [item for item in assess_impact(reader, forbid_all) if isinstance(item, Impact)]
    assert asked == [BUILTIN.revision]
    assert {item.after.model for item in items} == {None}
    assert any(item.changes for item in items)


def test_a_fact_that_the_changed_rule_base_does_not_know_is_named(tmp_path: Path) -> None:
    other = make_rulebase([make_fact("plain", Kind.FLAG)], [], [Model("m", "m", "m")], [])
    reader = write_log(tmp_path / "log", BUILTIN, [KNOWN, {}])
    problem, item = assess_impact(reader, other)
    assert isinstance(problem, Problem)
    assert problem.trouble is Trouble.INVALID_FACTS
    assert isinstance(item, Impact)


def test_a_small_percentage_is_questioned_only_when_it_is_given(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The kind: everything that reads what was given before, and perhaps questioned then."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.warns(UnlikelyFact):
            answer = ADVISOR.recommend(KNOWN, retention_budget_share=0.5)
        with DecisionLog(tmp_path / "log") as log:
            log.write(answer)
        reader = LogReader(tmp_path / "log")
        (logged,) = reader.decisions()
        assert reader.answer(logged) == make_answer(answer)
        assert reader.incoherences(logged.record) == ()
        assert reader.decide_again(logged.record) == answer
        assert [type(entry) for entry in replay(reader)] == [Replayed]
        assert [type(entry) for entry in assess_impact(reader, change(BUILTIN, name="mine"))] == [Impact]
        assert Recommendation.model_validate_json(answer.model_dump_json()) == answer
        with caplog.at_level(logging.DEBUG, "cxrules.decisions"):
            emit(answer, 0.0)
        assert len(caplog.records) == 1 + len(answer.fired)


def test_a_record_names_the_engine_that_decided() -> None:
    """Also if a copy is logged in another process, whose advisor has another engine."""
    answer = Advisor(engine="experta").recommend(KNOWN)
    copies = (pickle.loads(pickle.dumps(answer)), Recommendation.model_validate_json(answer.model_dump_json()))  # noqa: S301 - pickled here
    assert [make_record(each)["engine"] for each in (answer, *copies)] == ["experta"] * 3
