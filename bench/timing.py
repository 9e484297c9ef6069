"""Timing: every contender takes its turn on one organisation before the next one, in an order drawn again each time.

What is timed is the CPU time of the thread, so that other work on the machine does not count; what reading that clock
takes is subtracted.
"""

from __future__ import annotations

import gc
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import thread_time_ns
from typing import Any

__all__ = ["Times", "time_in_turn"]


@dataclass(frozen=True)
class Times:
    """Times of single calls, in microseconds.

    Attributes:
        median: Half of the calls took no longer.
        p95: 95 of 100 calls took no longer.
        calls: How many were timed.
    """

    median: float
    p95: float
    calls: int

    @classmethod
    def of(cls, nanoseconds: Sequence[int]) -> Times:
        """Summarise the times of single calls."""
        ordered = sorted(nanoseconds)
        return cls(ordered[len(ordered) // 2] / 1000, ordered[len(ordered) * 95 // 100] / 1000, len(ordered))


def time_in_turn(
    contenders: Mapping[str, Callable[[Any], object]], inputs: Mapping[str, Sequence[Any]], seconds: float
) -> dict[str, Times]:
    """Time contenders side by side, so that whatever slows the machine down meets all of them.

    Args:
        contenders: What is called, by name.
        inputs: For each contender the same organisations, each in its own form.
        seconds: How long to go on at least; every organisation is taken at least once, and the first round, which
            warms up, does not count. A call that takes more than its share sits out later rounds.

    Returns:
        The times of each contender.
    """
    found: dict[str, list[int]] = {name: [] for name in contenders}
    share = seconds * 1e9 / len(contenders)
    for name, call in contenders.items():
        for given in inputs[name][:20]:
            call(given)
    count = len(next(iter(inputs.values())))
    clock = _time_clock()
    order = list(contenders.items())
    rng = random.Random(1)  # noqa: S311 - not a secret
    with _collector_off():
        spent = dict.fromkeys(contenders, 0)
        running = set(contenders)
        while running:
            for position in range(count):
                rng.shuffle(order)  # a contender that follows itself finds its data in the caches
                for name, call in order:
                    if name not in running:
                        continue
                    given = inputs[name][position]
                    started = thread_time_ns()
                    call(given)
                    taken = thread_time_ns() - started
                    found[name].append(taken - clock)
                    spent[name] += taken  # the clock included: without it a short call may come out negative
                if position % 20 == 0:
                    gc.collect(0)
            running = {name for name in running if spent[name] < share}
    return {name: Times.of(taken) for name, taken in found.items()}


def _time_clock() -> int:
    """Return what reading the clock takes."""
    found = []
    for _ in range(1000):
        started = thread_time_ns()
        found.append(thread_time_ns() - started)
    return sorted(found)[500]


@contextmanager
def _collector_off() -> Iterator[None]:
    """Keep the garbage of one contender from being collected in the time of another; it is collected in between."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
