"""Rotation by size or by day: a reader follows, and no record is lost."""

import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cxrules import Advisor, RuleBase
from cxrules.decision_log import DecisionLog, Logged, LogReader, Problem, Replayed, assess_impact, replay, verify_chain
from cxrules.decision_log import writer as module
from tests import ROOT

ADVISOR = Advisor(RuleBase.load(ROOT / "tests" / "data" / "small_base"))
ADVICE = ADVISOR.recommend(soil="dry", place="desk")


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SMALLEST_PART", 1)


def ids(path: Path) -> list[str]:
    return [entry.record["id"] for entry in LogReader(path).decisions()]


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("chained", [False, True])
def test_a_full_file_is_rotated(tmp_path: Path, chained: bool) -> None:
    path = tmp_path / "log"
    names = [f"d-{number}" for number in range(60)]
    with DecisionLog(path, rotate=12_000, chained=chained, lock_timeout=600) as log:
        for name in names:
            log.write(ADVICE, id=name)
    parts = sorted(entry.name for entry in tmp_path.iterdir() if not entry.name.endswith(".head"))
    assert parts == ["log", *(f"log.{number:06}" for number in range(1, len(parts)))]
    assert len(parts) > 2
    assert all(part.stat().st_size <= 12_000 for part in tmp_path.glob("log*"))
    assert ids(path) == names
    outcomes = [outcome for outcome in replay(LogReader(path)) if isinstance(outcome, Replayed)]
    assert len(outcomes) == 60
    assert not any(outcome.differences for outcome in outcomes)
    assert {outcome.part for outcome in outcomes} == {"", *parts[1:]}
    assert len(list(assess_impact(LogReader(path), ADVISOR.rulebase))) == 60
    for part in parts:  # each can be read by itself
        assert LogReader(tmp_path / part).rulebase(ADVICE.revision) == ADVISOR.rulebase
    if chained:
        assert not list(verify_chain(LogReader(path)))
        (tmp_path / parts[2]).unlink()
        assert [str(finding.breach) for finding in verify_chain(LogReader(path))] == ["missing"]


@pytest.mark.usefixtures("small_parts")
def test_impact_names_the_file_in_which_another_answer_is_recorded(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with DecisionLog(path, rotate=12_000) as log:
        for number in range(60):
            log.write(ADVICE, id=f"d-{number}")
    part = tmp_path / "log.000001"
    text = part.read_text()
    part.write_text(text.replace('"status":"undetermined"', '"status":"contested"', 1))
    outcomes = assess_impact(LogReader(path), ADVISOR.rulebase)
    (problem,) = (outcome for outcome in outcomes if isinstance(outcome, Problem))
    assert (problem.part, problem.trouble) == (part.name, "recorded-otherwise")


@pytest.mark.parametrize("chained", [False, True])
def test_each_day_has_a_file_and_a_clock_that_goes_backwards_starts_none(tmp_path: Path, chained: bool) -> None:
    path = tmp_path / "log"
    start = datetime(2025, 3, 1, 23, 30, tzinfo=UTC)
    hours = iter([0, 1, 2, -5, 30, 30.2, 23, 24 * 9])
    for number in range(8):
        # A new log each time, so that the day is read from the file.
        with DecisionLog(
            path, rotate="day", chained=chained, clock=lambda: start + timedelta(hours=next(hours))
        ) as log:
            log.write(ADVICE, id=f"d-{number}")
    assert [ids(tmp_path / name) for name in ("log.000001", "log.000002", "log.000003")] == [
        ["d-0"],
        ["d-1", "d-2", "d-3"],
        ["d-4", "d-5", "d-6"],
    ]
    assert ids(path) == [f"d-{number}" for number in range(8)]
    if chained:
        assert not list(verify_chain(LogReader(path)))


def test_a_meaningless_rotation_is_refused(tmp_path: Path) -> None:
    for rotate in ("week", 1000, 0, -1, True, 1.5):
        with pytest.raises(ValueError, match="rotate is 'day'"):
            DecisionLog(tmp_path / "log", rotate=rotate)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("small_parts")
def test_a_reader_follows_a_rotation_while_it_reads(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with DecisionLog(path, rotate=12_000) as log:
        names = [f"d-{number}" for number in range(200)]
        for name in names[:5]:
            log.write(ADVICE, id=name)
        reader = LogReader(path)
        seen = []
        entries = iter(reader)
        for _ in range(3):
            entry = next(entries)
            assert isinstance(entry, Logged)
            seen.append(entry.record["id"])
        for name in names[5:]:
            log.write(ADVICE, id=name)
        seen += [entry.record["id"] for entry in entries if isinstance(entry, Logged)]
    assert seen == names
    assert ids(path) == names
    assert reader.position == reader.size


def test_a_reader_used_again_after_a_rotation_finds_everything(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with DecisionLog(path) as log:
        log.write(ADVICE, id="one")
        reader = LogReader(path)
        records = [entry.record for entry in reader.decisions()]
        reader._rulebases.clear()
        path.rename(tmp_path / "log.1")  # as logrotate does; the rule base is now in another file
        path.write_bytes(b"\n" * 50)
        log.write(ADVICE, id="two")
        assert reader.rulebase(records[0]["revision"]) == ADVISOR.rulebase
        assert reader.decide_again(records[0]) == ADVICE
    assert [entry.record["id"] for entry in reader.decisions()] == ["two"]
    assert not any(getattr(outcome, "differences", True) for outcome in replay(reader))


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("chained", [False, True])
def test_many_writers_rotate_one_log(tmp_path: Path, chained: bool) -> None:
    path = tmp_path / "log"
    children = []
    for child in range(3):
        process = os.fork()
        if process == 0:
            with DecisionLog(path, rotate=12_000, chained=chained, lock_timeout=600) as log:
                threads = [
                    threading.Thread(
                        target=lambda c=child, t=thread: [log.write(ADVICE, id=f"{c}-{t}-{n}") for n in range(20)]
                    )
                    for thread in range(2)
                ]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
            os._exit(0)
        children.append(process)
    assert all(os.waitpid(process, 0)[1] == 0 for process in children)
    assert sorted(ids(path)) == sorted(f"{c}-{t}-{n}" for c in range(3) for t in range(2) for n in range(20))
    assert len(list(tmp_path.glob("log.0*"))) > 3
    if chained:
        assert not list(verify_chain(LogReader(path)))
