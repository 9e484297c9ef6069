"""Measures the decision log: `python -m bench.decision_log [--records N]`.

The log it makes is removed at the end; a million records take some 1.1 GB meanwhile. Reading runs in a
separate process, so that its peak memory is that of reading.
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from statistics import mean, median
from time import perf_counter, process_time
from timeit import timeit
from typing import Any, TypeAlias

import cxrules
from bench.report import Target, write_targets
from cxrules.decision_log import DecisionLog, JsonLinesFormatter, LogReader, Problem, assess_impact, replay
from tests.rulebases import random_organisations

LOGGER = logging.getLogger("cxrules.decisions")
CHANGED = Path(__file__).resolve().parents[1] / "examples" / "changed_rules"
DISTINCT = 20_000
FACTS = 25
SMALL = 10_000
REPLAYED = 30_000


Call: TypeAlias = Callable[[dict[str, Any]], object]


def draw_organisations(number: int) -> list[dict[str, Any]]:
    """Draw organisations of which 40% of the facts are known: about 25."""
    return list(islice(random_organisations(cxrules.RuleBase.builtin(), 7, known=0.4), number))


def time_each(call: Callable[[dict[str, Any]], object], organisations: Iterable[dict[str, Any]]) -> float:
    """Return the median, in microseconds."""
    taken = []
    for known in organisations:
        started = perf_counter()
        call(known)
        taken.append(perf_counter() - started)
    return median(taken) * 1e6


def measure_guard() -> float:
    """Return the microseconds of asking whether anybody listens: the least of nine, minus the loop."""
    times = 200_000
    package = logging.getLogger("cxrules")
    asked = min(timeit(lambda: LOGGER.level or package.level, number=times) for _ in range(9))
    nothing = min(timeit(lambda: None, number=times) for _ in range(9))
    return (asked - nothing) / times * 1e6


def compare(base: Call, other: Call, organisations: list[dict[str, Any]]) -> tuple[float, float]:
    """Return the medians of two calls that take turns, in microseconds: a disturbance affects both."""
    taken: tuple[list[float], list[float]] = ([], [])
    for known in organisations:
        for call, times in zip((base, other), taken, strict=True):
            started = perf_counter()
            call(known)
            times.append(perf_counter() - started)
    return median(taken[0]) * 1e6, median(taken[1]) * 1e6


def describe_pair(base: float, other: float) -> str:
    """Return the medians of two calls that took turns, and their ratio."""
    return f"{other:8.1f} µs median, {other / base:6.1f} times recommend() in turn with it, {base:.1f} µs"


def measure_calls(folder: Path) -> list[Target]:
    """Print the time of a decision with different listeners, and return the targets."""
    advisor = cxrules.Advisor()
    organisations = draw_organisations(3_000)
    recommend = advisor.recommend
    for known in organisations[:300]:
        recommend(known)
    print(f"asking whether anybody listens     {measure_guard():8.3f} µs")
    plain = time_each(recommend, organisations)
    print(f"recommend(), nobody listens        {plain:8.1f} µs median")
    targets = [
        Target.at_most(
            "recommend() where the root logger is at INFO",
            measure_host(recommend, organisations),
            1.1,
            "times recommend() where all is silent",
        )
    ]
    with (folder / "lines").open("w") as stream:
        handler = logging.StreamHandler(stream)
        handler.setFormatter(JsonLinesFormatter())
        LOGGER.addHandler(handler)
        LOGGER.setLevel(logging.INFO)
        print(f"recommend(), INFO to a JSON file   {time_each(recommend, organisations):8.1f} µs median")
        LOGGER.setLevel(logging.NOTSET)
        LOGGER.removeHandler(handler)
    options: dict[str, dict[str, Any]] = {
        "": {},
        "chained=True": {"chained": True},
        "sync='each'": {"sync": "each"},
        "digest=True": {"digest": True},
    }
    for name, option in options.items():
        with DecisionLog(folder / f"log-{len(name)}", **option) as log:
            some = organisations if name in ("", "chained=True") else organisations[:150]
            base, both = compare(recommend, lambda known, log=log: log.write(recommend(known)), some)  # type: ignore[misc]
            print(f"recommend() and write, {name:<12}{describe_pair(base, both)}")
            if not name:
                targets.append(Target.at_most("log.write(recommend(…))", both / base, 4, "times recommend()"))
                sizes = [len(line) for line in log.path.read_bytes().splitlines(keepends=True)[1:]]
                of_25 = [size for size, known in zip(sizes, organisations, strict=False) if len(known) == FACTS]
                targets.append(
                    Target.at_most(f"a record of {FACTS} known facts, on average", mean(of_25), 1100, "bytes")
                )
    return targets


def measure_host(recommend: Call, organisations: list[dict[str, Any]]) -> float:
    """Return the slowdown of a decision in a host whose root logger is at INFO; nothing may be printed."""
    root = logging.getLogger()
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)

    def in_host(known: dict[str, Any]) -> object:
        root.addHandler(handler)
        root.setLevel(logging.INFO)
        started = perf_counter()
        advice = recommend(known)
        taken.append(perf_counter() - started)
        root.setLevel(logging.WARNING)
        root.removeHandler(handler)
        return advice

    taken: list[float] = []
    base, _ = compare(recommend, in_host, organisations)
    assert not heard.getvalue(), "it prints"
    return median(taken) * 1e6 / base


def make_log(path: Path, records: int) -> None:
    """Write some thousand distinct decisions, then the same lines under other ids until there are enough."""
    advisor = cxrules.Advisor()
    with DecisionLog(path, new_id=iter(f"d-{number:09}" for number in range(records)).__next__) as log:
        for known in draw_organisations(min(records, DISTINCT)):
            log.write(advisor.recommend(known))
    lines = path.read_bytes().splitlines(keepends=True)[1:]
    with path.open("ab") as file:
        for number in range(len(lines), records):
            line = lines[number % len(lines)]
            file.write(line.replace(b'"id":"d-%09d"' % (number % len(lines)), b'"id":"d-%09d"' % number))


def read(task: str, path: Path) -> dict[str, float]:
    """Replay a log or find an impact, and return how it went.

    That is the seconds, those of the processor, the records, what was found, and the peak memory in MB.
    """
    started, began = perf_counter(), process_time()
    records = found = 0
    if task == "replay":
        for outcome in replay(LogReader(path)):
            assert not isinstance(outcome, Problem), outcome
            records += 1
            found += bool(outcome.differences)
    else:
        changed = cxrules.RuleBase.load(CHANGED, base=cxrules.RuleBase.builtin())
        for item in assess_impact(LogReader(path), changed):
            assert not isinstance(item, Problem), item
            records += 1
            found += item.changes
    seconds = perf_counter() - started
    busy = process_time() - began
    return {"records": records, "seconds": seconds, "busy": busy, "found": found, "peak": find_peak()}


def find_peak() -> float:
    """Return the peak memory of this process in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would include the peak of the parent process
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure_reading(folder: Path, records: int) -> Target:
    """Print speed and memory of reading logs of two sizes, and return the targets."""
    replayed = 0.0
    print(f"\n{'':<10}{'records':>12}{'GB':>8}{'records/s':>12}{'per CPU s':>12}{'peak MB':>10}{'found':>10}")
    for number in sorted({min(SMALL, records), records}):
        path = folder / "log"
        path.unlink(missing_ok=True)
        make_log(path, number)
        for task in ("replay", "impact"):
            program = [sys.executable, "-m", "bench.decision_log", "--read", task, str(path)]
            row = json.loads(subprocess.run(program, check=True, capture_output=True, text=True).stdout)
            assert row["records"] == number
            size = path.stat().st_size / 1e9
            speed = row["records"] / row["seconds"]
            if task == "replay":
                replayed = row["records"] / row["busy"]
            print(
                f"{task:<10}{number:>12,}{size:>8.2f}{speed:>12,.0f}{row['records'] / row['busy']:>12,.0f}"
                f"{row['peak']:>10.0f}{row['found']:>10,}",
                flush=True,
            )
    return Target.at_least("lean records replayed, the longer log", replayed, REPLAYED, "a second of processor time")


def main() -> int:
    """Measure what the arguments ask for; return 1 if a target is missed, else 0."""
    parser = argparse.ArgumentParser(description="Measure the decision log.")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--read", nargs=2, metavar=("TASK", "LOG"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.read:
        print(json.dumps(read(arguments.read[0], Path(arguments.read[1]))))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        targets = [*measure_calls(Path(folder)), measure_reading(Path(folder), arguments.records)]
    print()
    print(write_targets(targets))
    return 0 if all(target.holds for target in targets) else 1


if __name__ == "__main__":
    sys.exit(main())
