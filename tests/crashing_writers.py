"""A program: four processes append to a decision log, while further writers are killed as they write.

    python -m tests.crashing_writers LOG FOLDER KILLS SEED

Each process notes the id of every decision whose `write` has returned, in a separate file in FOLDER.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

import cxrules
from cxrules.decision_log import DecisionLog
from tests.rulebases import random_organisations

APPENDERS = 4
note = os.write  # the original: notes are not under test and must be written whole


def append(log: Path, acknowledged: Path, name: str, seed: int, *, pause: float) -> None:
    advisor = cxrules.Advisor()
    notes = os.open(acknowledged / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with DecisionLog(log, lock_timeout=600) as opened:
        for number, known in enumerate(random_organisations(advisor.rulebase, seed)):
            record = opened.write(advisor.recommend(known), id=f"{name}-{number}")
            note(notes, f"{record['id']}\n".encode())
            time.sleep(pause)


def write_in_slices(rng: random.Random, begun: int, *, stall: bool) -> None:
    """Make each write accept only a part of its data, as `write` may, so that a process can be killed between parts.

    Args:
        rng: Says how large the parts are.
        begun: A descriptor that gets a byte when writing has begun.
        stall: Whether to wait half-way through the first write to be killed.
    """
    write = os.write

    def write_some(descriptor: int, data: bytes) -> int:
        done = write(descriptor, data[: len(data) // 2 if stall else rng.randint(1, 1000)])
        write(begun, b".")
        if stall:
            signal.pause()
        time.sleep(0.0005)
        return done

    os.write = write_some  # type: ignore[assignment]  # in this process, which is about to be killed


def start(log: Path, folder: Path, name: str, seed: int, *, begun: int | None = None, stall: bool = False) -> int:
    process = os.fork()
    if process == 0:
        try:
            if begun is not None:
                write_in_slices(random.Random(seed), begun, stall=stall)
            append(log, folder, name, seed, pause=0.01 if begun is None else 0)
        finally:
            os._exit(1)
    return process


def main(log: Path, folder: Path, kills: int, seed: int) -> None:
    rng = random.Random(seed)
    cxrules.recommend()  # compile once, before the processes fork
    appenders = [start(log, folder, f"appender-{number}", seed + number) for number in range(APPENDERS)]
    for number in range(kills):
        told, begun = os.pipe()
        at_any_point, half_way = number % 5 == 0, number % 5 == 1
        victim = start(log, folder, f"victim-{number}", rng.randrange(2**32), begun=begun, stall=half_way)
        os.close(begun)
        if not at_any_point:  # but after it has begun to write
            os.read(told, 1)
        time.sleep(0 if half_way else rng.uniform(0, 0.05))
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
        os.close(told)
    for appender in appenders:
        assert os.waitpid(appender, os.WNOHANG) == (0, 0), "an appender ended early"
        os.kill(appender, signal.SIGKILL)
        os.waitpid(appender, 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
