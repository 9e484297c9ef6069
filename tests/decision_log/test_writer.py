"""The file of a decision log: many writers, crashes, full disks, renamed files."""

import errno
import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import cxrules
from cxrules import Advisor, RuleBase
from cxrules.decision_log import (
    DecisionLog,
    InvalidMasking,
    Logged,
    LogReader,
    Masking,
    Problem,
    Replayed,
    Trouble,
    replay,
)
from cxrules.decision_log.record import LONGEST_LINE
from tests import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs flock, fork and kill")

ADVICE = cxrules.recommend(maturity="early", silos="severe")


def kinds(path: Path) -> list[str]:
    return [json.loads(line)["kind"] for line in path.read_bytes().splitlines()]


def ids(path: Path) -> list[str]:
    return [entry.record["id"] for entry in LogReader(path) if isinstance(entry, Logged)]


def run(code: str, *arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_each_rule_base_is_written_once_before_its_first_decision(tmp_path: Path) -> None:
    path = tmp_path / "log"
    other = RuleBase.load(ROOT / "examples" / "own_rules", base=RuleBase.builtin())
    for _ in range(2):
        with DecisionLog(path) as log, DecisionLog(path) as beside:
            log.write(ADVICE)
            beside.write(ADVICE)
            log.write(Advisor(other).recommend(maturity="early"))
    revisions = [json.loads(line).get("revision") for line in path.read_bytes().splitlines()]
    embedded = [revision for revision in revisions if revision and len(revision) == 64]
    assert embedded == [ADVICE.revision, other.revision]
    assert kinds(path)[:4] == ["rulebase", "decision", "decision", "rulebase"]
    assert RuleBase.from_json(json.loads(path.read_bytes().splitlines()[0])["canonical"]) == RuleBase.builtin()


def test_threads_share_a_log(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with DecisionLog(path, lock_timeout=600) as log:
        threads = [
            threading.Thread(target=lambda name=name: [log.write(ADVICE, id=f"{name}-{n}") for n in range(50)])
            for name in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(ids(path)) == sorted(f"{name}-{number}" for name in range(8) for number in range(50))
    assert kinds(path).count("rulebase") == 1


def test_a_log_survives_a_fork(tmp_path: Path) -> None:
    run(
        """
import os, sys, cxrules
from cxrules.decision_log import DecisionLog
log = DecisionLog(sys.argv[1], lock_timeout=600)
advice = cxrules.recommend(maturity="early")
log.write(advice, id="before")
children = []
for child in range(4):
    process = os.fork()
    if process == 0:
        for number in range(50):
            log.write(advice, id=f"{child}-{number}")
        os._exit(0)
    children.append(process)
for number in range(50):
    log.write(advice, id=f"parent-{number}")
assert all(os.waitpid(process, 0)[1] == 0 for process in children)
""",
        tmp_path / "log",
    )
    names = [f"{who}-{number}" for who in (0, 1, 2, 3, "parent") for number in range(50)]
    assert sorted(ids(tmp_path / "log")) == sorted(["before", *names])


def test_writers_are_killed_while_others_append(tmp_path: Path) -> None:
    check_crashes(tmp_path, kills=8)


@pytest.mark.soak
def test_writers_are_killed_two_hundred_times(tmp_path: Path, soaking: bool) -> None:
    check_crashes(tmp_path, kills=200 if soaking else 2)


def check_crashes(folder: Path, kills: int) -> None:
    path, notes = folder / "log", folder / "notes"
    notes.mkdir()
    program = [sys.executable, "-m", "tests.crashing_writers", str(path), str(notes), str(kills), "17"]
    subprocess.run(program, cwd=ROOT, check=True, timeout=600)
    with DecisionLog(path) as log:
        log.write(ADVICE, id="afterwards")

    acknowledged = [name for note in notes.iterdir() for name in note.read_text().split()]
    found = Counter(ids(path))
    assert not set(acknowledged) - set(found), "a record whose write had returned is lost"
    assert found["afterwards"] == 1
    assert set(found.values()) == {1}
    assert len(list(notes.iterdir())) >= 4

    problems = [entry for entry in LogReader(path) if isinstance(entry, Problem)]
    torn = [number for number, line in enumerate(path.read_bytes().split(b"\n")[:-1], 1) if line and not is_json(line)]
    assert [problem.line for problem in problems] == torn
    assert {problem.trouble for problem in problems} <= {Trouble.TORN}
    assert len(torn) <= kills + 4  # the appenders are killed at the end
    assert torn, "no process was killed while it wrote"
    whole = [
        line for line in path.read_bytes().splitlines() if line.startswith(b'{"kind":"rulebase"') and is_json(line)
    ]
    revisions = [json.loads(line)["revision"] for line in whole]
    used = {entry.record["revision"] for entry in LogReader(path) if isinstance(entry, Logged)}
    assert sorted(revision[:32] for revision in revisions) == sorted(used), "every rule base used is embedded once"
    outcomes = [outcome for outcome in replay(LogReader(path)) if isinstance(outcome, Replayed)]
    assert len(outcomes) == len(found)
    assert not any(outcome.differences for outcome in outcomes)


def is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    "torn", [b'{"kind":"decision","format":1,"id":"lost', b"{", b'{"kind":"rulebase","format":1,"revi']
)
def test_appending_continues_after_a_torn_line(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "log"
    with DecisionLog(path) as log:
        log.write(ADVICE, id="before")
        with path.open("ab") as file:
            file.write(torn)
        log.write(ADVICE, id="after")
    entries = list(LogReader(path))
    assert ids(path) == ["before", "after"]
    assert [(entry.line, entry.trouble) for entry in entries if isinstance(entry, Problem)] == [(3, Trouble.TORN)]


def test_a_torn_rule_base_is_written_again(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with DecisionLog(path) as log:
        log.write(ADVICE)
    start = path.read_bytes()[:5000]
    path.write_bytes(start)
    with DecisionLog(path) as log:
        log.write(ADVICE, id="after")
    problem, logged = LogReader(path)
    assert isinstance(problem, Problem)
    assert problem.trouble is Trouble.TORN
    assert isinstance(logged, Logged)
    (_, outcome) = replay(LogReader(path))
    assert isinstance(outcome, Replayed)
    assert not outcome.differences


def test_a_rule_base_is_found_at_any_offset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cxrules.decision_log import rotation as module

    path = tmp_path / "log"
    with DecisionLog(path) as log:
        log.write(ADVICE)
    content = path.read_bytes()
    # At every offset around the edge of what is read at once.
    monkeypatch.setattr(module, "_CHUNK", 256)
    for before in range(100, 300):
        path.write_bytes(b"x" * before + b"\n" + content)
        with path.open("rb") as file:
            assert module.holds_rulebase(file.fileno(), ADVICE.revision)
            assert not module.holds_rulebase(file.fileno(), "0" * 64)
        path.write_bytes(b"x" * before + content)
        with path.open("rb") as file:
            assert not module.holds_rulebase(file.fileno(), ADVICE.revision)


@pytest.mark.parametrize("after", [0, 1, 100])
def test_a_full_disk_leaves_the_file_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    path = tmp_path / "log"
    with DecisionLog(path) as log:
        log.write(ADVICE, id="before")
        before = path.read_bytes()
        write, room = os.write, [after]

        def write_while_there_is_room(descriptor: int, data: bytes) -> int:
            if room[0] == 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            done = write(descriptor, data[: room[0]])
            room[0] -= done
            return done

        with monkeypatch.context() as patch:
            patch.setattr(os, "write", write_while_there_is_room)
            with pytest.raises(OSError, match="No space left") as caught:
                log.write(ADVICE, id="lost")
        assert caught.value.errno == errno.ENOSPC
        assert caught.value.filename == str(path)
        assert path.read_bytes() == before
        log.write(ADVICE, id="after")
    assert ids(path) == ["before", "after"]


def test_a_file_that_cannot_grow_is_unchanged(tmp_path: Path) -> None:
    shown = run(
        """
import os, resource, sys, cxrules
from cxrules.decision_log import DecisionLog
advice = cxrules.recommend(maturity="early")
with DecisionLog(sys.argv[1]) as log:
    log.write(advice, id="before")
    size = os.stat(sys.argv[1]).st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, resource.RLIM_INFINITY))
    try:
        log.write(advice, id="lost")
    except OSError as error:
        print(error)
    assert os.stat(sys.argv[1]).st_size == size
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    log.write(advice, id="after")
""",
        tmp_path / "log",
    )
    assert "File too large" in shown
    assert str(tmp_path) in shown
    assert ids(tmp_path / "log") == ["before", "after"]


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: folder / "missing" / "log",
        lambda folder: folder,
        lambda _: Path("/dev/full"),
        lambda _: Path("/dev/null"),
    ],
)
def test_a_path_that_cannot_be_written_is_one_clear_error(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    path = make(tmp_path)
    with pytest.raises(OSError, match=str(path)):
        DecisionLog(path)


def test_a_renamed_file_is_followed_by_a_new_one(tmp_path: Path) -> None:
    path, old = tmp_path / "log", tmp_path / "log.1"
    with DecisionLog(path) as log:
        log.write(ADVICE, id="one")
        path.rename(old)
        log.write(ADVICE, id="two")
        path.unlink()
        log.write(ADVICE, id="three")
        path.write_bytes(b"")
        log.write(ADVICE, id="four")
    assert ids(old) == ["one"]
    assert ids(path) == ["four"]
    assert kinds(path) == ["rulebase", "decision"]


def test_a_lost_folder_is_an_error_and_its_return_is_noticed(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with DecisionLog(folder / "log") as log:
        log.write(ADVICE, id="one")
        folder.rename(tmp_path / "away")
        with pytest.raises(FileNotFoundError):
            log.write(ADVICE, id="two")
        folder.mkdir()
        log.write(ADVICE, id="three")
    assert ids(folder / "log") == ["three"]


def test_each_record_waits_for_the_disk_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    with DecisionLog(tmp_path / "log") as log:
        log.write(ADVICE)
    assert not synced
    with DecisionLog(tmp_path / "log", sync="each") as log:
        log.write(ADVICE)
        log.write(ADVICE)
    assert len(synced) >= 2
    with pytest.raises(ValueError, match="no such sync"):
        DecisionLog(tmp_path / "log", sync="always")  # type: ignore[arg-type]


def test_a_closed_log_says_so(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "log")
    log.close()
    log.close()
    with pytest.raises(ValueError, match="is closed"):
        log.write(ADVICE)


def test_a_masking_that_misspells_a_fact_writes_nothing(tmp_path: Path) -> None:
    with (
        DecisionLog(tmp_path / "log", masking=Masking(mask=["facts.sillos"])) as log,
        pytest.raises(InvalidMasking, match="silos"),
    ):
        log.write(ADVICE)
    assert (tmp_path / "log").read_bytes() == b""
    with DecisionLog(tmp_path / "log", masking=Masking(mask=["facts.silos"])) as log:
        assert log.write(ADVICE)["facts"]["silos"] is None
    assert b'"silos":null' in (tmp_path / "log").read_bytes()


# --- what cannot be read back is refused before it is written


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": 4711},
        {"id": ["d-1"]},
        {"id": b"d-1"},
        {"id": ""},
        {"duration": "soon"},
        {"duration": True},
        {"duration": float("nan")},
        {"duration": float("inf")},
        {"duration": -1},
        {"duration": [1]},
        {"trace_id": 7},
        {"span_id": b"s"},
        {"labels": {"x": 10**5000}},
        {"labels": {"x": [1]}},
        {"labels": {"x": "y" * LONGEST_LINE}},
        {"labels": {"y" * LONGEST_LINE: 1}},
        {"new_id": lambda: 4711},
        {"new_id": lambda: None},
        {"clock": lambda: "noon"},
        {"clock": lambda: 0},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_what_no_reader_would_accept_is_refused_and_not_written(tmp_path: Path, wrong: dict[str, Any]) -> None:
    path = tmp_path / "log"
    opening = {name: wrong[name] for name in ("new_id", "clock") if name in wrong}
    with DecisionLog(path, **opening) as log:
        with pytest.raises((TypeError, ValueError)) as caught:
            log.write(ADVICE, **{name: value for name, value in wrong.items() if name not in opening})
        assert len(str(caught.value)) < 300
    assert path.read_bytes() == b""


def test_a_log_stays_where_it_was_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with DecisionLog("log") as log:
        log.write(ADVICE, id="one")
        reader = LogReader("log")
        monkeypatch.chdir(tmp_path / "elsewhere")
        log.write(ADVICE, id="two")
    assert ids(tmp_path / "log") == ["one", "two"]
    assert [entry.record["id"] for entry in reader.decisions()] == ["one", "two"]
    assert not list((tmp_path / "elsewhere").iterdir())


# --- descriptor, lock, file mode


def test_only_the_owner_can_read_the_file(tmp_path: Path) -> None:
    for chained in (False, True):
        with DecisionLog(tmp_path / f"log-{chained}", chained=chained) as log:
            log.write(ADVICE)
    assert {oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()} == {"0o600"}
    with DecisionLog(tmp_path / "shared", mode=0o640):
        assert (tmp_path / "shared").stat().st_mode & 0o777 == 0o640


def test_an_unclosed_log_leaves_no_descriptor(tmp_path: Path) -> None:
    import gc

    def count() -> int:
        gc.collect()
        held = Path("/proc/self/fd")
        return len(list(held.iterdir())) if held.is_dir() else 0

    DecisionLog(tmp_path / "log").write(ADVICE)
    before = count()
    for _ in range(50):
        DecisionLog(tmp_path / "log").write(ADVICE)
    assert count() == before


def test_an_unpickled_log_appends_to_the_same_file(tmp_path: Path) -> None:
    import pickle

    masking = Masking(mask=["labels.customer"])
    with DecisionLog(tmp_path / "log", masking=masking, chained=True, sync="each", rotate="day") as log:
        log.write(ADVICE, id="one")
        copy = pickle.loads(pickle.dumps(log))  # noqa: S301 - our own
        copy.write(ADVICE, id="two", labels={"customer": "c"})
    assert vars(copy).keys() == vars(log).keys()
    copy.write(ADVICE, id="three")
    copy.close()
    closed = pickle.loads(pickle.dumps(copy))  # noqa: S301 - our own
    with pytest.raises(ValueError, match="closed"):
        closed.write(ADVICE)
    assert ids(tmp_path / "log") == ["one", "two", "three"]
    assert b'"customer":null' in (tmp_path / "log").read_bytes()


def test_a_writer_waits_for_a_lock_no_longer_than_its_timeout(tmp_path: Path) -> None:
    import fcntl

    path = tmp_path / "log"
    with DecisionLog(path, lock_timeout=0) as log, DecisionLog(path, lock_timeout=0.05) as other:
        log.write(ADVICE, id="one")
        with path.open("rb") as holder:
            fcntl.flock(holder, fcntl.LOCK_EX)
            for waiting in (log, other):
                with pytest.raises(TimeoutError, match="another writer") as caught:
                    waiting.write(ADVICE, id="never")
                assert caught.value.filename == str(path)
        log.write(ADVICE, id="two")
    assert ids(path) == ["one", "two"]
    with pytest.raises(ValueError, match="lock_timeout"):
        DecisionLog(path, lock_timeout=-1)


def test_an_idle_child_of_a_killed_writer_holds_no_lock(tmp_path: Path) -> None:
    run(
        """
import os, signal, sys, time, cxrules
from cxrules.decision_log import DecisionLog
advice = cxrules.recommend(maturity="early")
told, telling = os.pipe()
writer = os.fork()
if writer == 0:
    log = DecisionLog(sys.argv[1])
    log.write(advice, id="before")
    write = os.write
    def fork_and_wait(descriptor, data):  # while writing, with the lock held
        if os.fork() == 0:
            write(telling, b"%d " % os.getpid())
            time.sleep(600)
        time.sleep(600)
    os.write = fork_and_wait
    log.write(advice, id="lost")
child = int(os.read(told, 20))
os.kill(writer, signal.SIGKILL)
os.waitpid(writer, 0)
with DecisionLog(sys.argv[1], lock_timeout=600) as log:
    log.write(advice, id="after")
os.kill(child, signal.SIGKILL)
""",
        tmp_path / "log",
    )
    assert ids(tmp_path / "log") == ["before", "after"]


def test_a_child_forked_while_threads_write_closes_and_writes(tmp_path: Path) -> None:
    run(
        """
import os, sys, threading, cxrules
from cxrules.decision_log import DecisionLog
advice = cxrules.recommend(maturity="early")
log = DecisionLog(sys.argv[1], lock_timeout=600)
ending = threading.Event()
def write():
    while not ending.is_set():
        log.write(advice, id="thread")
threads = [threading.Thread(target=write) for _ in range(4)]
for thread in threads:
    thread.start()
for number in range(12):
    process = os.fork()
    if process == 0:
        if number % 2:
            log.write(advice, id=f"child-{number}")
        log.close()
        os._exit(0)
    assert os.waitpid(process, 0)[1] == 0
ending.set()
for thread in threads:
    thread.join()
log.close()
""",
        tmp_path / "log",
    )
    names = Counter(ids(tmp_path / "log"))
    assert {name for name in names if name != "thread"} == {f"child-{number}" for number in range(1, 12, 2)}


def test_a_signal_handler_cannot_write_while_its_thread_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import signal

    write = os.write
    with DecisionLog(tmp_path / "log") as log:
        log.write(ADVICE, id="one")
        signal.signal(signal.SIGUSR1, lambda *_: log.write(ADVICE, id="from the handler"))
        try:

            def interrupted(descriptor: int, data: bytes) -> int:
                os.kill(os.getpid(), signal.SIGUSR1)
                return write(descriptor, data)

            with monkeypatch.context() as patch:
                patch.setattr(os, "write", interrupted)
                with pytest.raises(RuntimeError, match="signal handler"):
                    log.write(ADVICE, id="two")
            log.write(ADVICE, id="three")
            os.kill(os.getpid(), signal.SIGUSR1)
        finally:
            signal.signal(signal.SIGUSR1, signal.SIG_DFL)
    assert ids(tmp_path / "log") == ["one", "three", "from the handler"]
