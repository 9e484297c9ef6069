"""Everything at once: eight processes with threads that fork, rotate, are killed and have odd clocks and full disks.

`make soak` runs it at full size.
"""

import errno
import os
import random
import resource
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cxrules import Advisor, RuleBase
from cxrules.decision_log import DecisionLog, LogReader, Problem, Replayed, replay, verify_chain
from cxrules.decision_log import writer as module
from tests import ROOT

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(sys.platform == "win32", reason="needs flock, fork and kill"),
]

ADVISOR = Advisor(RuleBase.load(ROOT / "tests" / "data" / "small_base"))
ADVICE = ADVISOR.recommend(soil="dry", place="desk")
Note = Callable[[str], None]


def refuse_at_times(rng: random.Random) -> None:
    """Make the disk full at times: one write is cut short, and the next fails."""
    write = os.write

    def write_some(descriptor: int, data: bytes) -> int:
        if rng.random() < 0.1:
            if rng.random() < 0.5 and len(data) > 1:
                return write(descriptor, data[: rng.randrange(1, len(data))])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data)

    os.write = write_some  # type: ignore[assignment]  # in this process alone


def odd_clock(rng: random.Random) -> Callable[[], datetime]:
    start = datetime(2025, 3, 1, tzinfo=UTC)
    return lambda: start + timedelta(days=rng.choice([-3, -1, 0, 0, 0, 1, 2]), seconds=time.monotonic() % 1000)


def work(path: Path, notes: Path, name: str, seed: int, until: float) -> None:  # noqa: C901 - all at once is its point
    """Write at least once and until the time is over, in two threads and in children that inherit the log."""
    rng = random.Random(seed)
    noted = os.open(notes / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    note_down = os.write
    if seed % 4 == 0:
        refuse_at_times(rng)
    if seed % 4 == 1:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))
    log = DecisionLog(path, chained=True, rotate=40_000 if seed % 2 else "day", clock=odd_clock(rng), lock_timeout=600)

    def write(who: str) -> None:
        number = 0
        while number == 0 or time.monotonic() < until:
            number += 1
            try:
                log.write(ADVICE, id=f"{who}-{number}")
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EFBIG):
                    os._exit(3)
            else:
                note_down(noted, f"{who}-{number}\n".encode())

    threads = [threading.Thread(target=write, args=(f"{name}-{thread}",)) for thread in range(2)]
    for thread in threads:
        thread.start()
    forks = 0
    while forks == 0 or time.monotonic() < until - 0.3:
        time.sleep(0.05)
        forks += 1
        child = os.fork()
        if child == 0:
            if seed % 4 > 1:
                log.write(ADVICE, id=f"{name}-fork-{forks}")
            log.close()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    for thread in threads:
        thread.join()
    log.close()


def test_everything_at_the_same_time(tmp_path: Path, soaking: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SMALLEST_PART", 1)
    seconds, processes = (60, 8) if soaking else (1.0, 4)
    path, notes = tmp_path / "log", tmp_path / "notes"
    notes.mkdir()
    until = time.monotonic() + seconds
    rng = random.Random(5)

    def start(seed: int) -> int:
        process = os.fork()
        if process == 0:
            code = 1
            try:
                work(path, notes, f"w{seed}", seed, until)
                code = 0
            finally:
                os._exit(code)
        return process

    running = {start(seed): seed for seed in range(processes)}
    killed = 0
    while soaking and time.monotonic() < until - 2:  # one after another is killed, and another takes its place
        time.sleep(0.2)
        victim = rng.choice(list(running))
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
        del running[victim]
        killed += 1
        running[start(processes + killed)] = processes + killed
    assert all(os.waitpid(process, 0)[1] == 0 for process in running)

    acknowledged = [name for note in notes.iterdir() for name in note.read_text().split()]
    outcomes = list(replay(LogReader(path)))
    found = Counter(outcome.record["id"] for outcome in outcomes if isinstance(outcome, Replayed))
    assert not set(acknowledged) - set(found), "a record whose write had returned is lost"
    assert set(found.values()) == {1}
    assert not any(outcome.differences for outcome in outcomes if isinstance(outcome, Replayed))
    assert {str(outcome.trouble) for outcome in outcomes if isinstance(outcome, Problem)} <= {"torn"}
    findings = [str(finding) for finding in verify_chain(LogReader(path))]
    assert not findings, findings[:5]
    parts = len(list(tmp_path.glob("log.0*")))
    torn = sum(isinstance(outcome, Problem) for outcome in outcomes)
    print(f"{len(found)} records, {len(acknowledged)} acknowledged, {parts} parts, {killed} killed, {torn} torn")
