"""Try spoilt input on everything that reads input: `make fuzz`, or `python -m tools.fuzz --inputs 1000000`.

The contract: an answer or a documented error, within a second of processor time and a bound on memory; never another
exception, a hang or a wrong answer. Good input, some of it in `tests/data/fuzz/`, is spoilt in a few places, always in
the same way for the same number, so that a find can be tried again: `python -m tools.fuzz --only json --at 4711`. What
breaks the contract is shown and kept in `build/fuzz/`; once fixed it becomes a seed. An input that ends the whole
process stays there as `trying-NUMBER`, NUMBER being the first that was tried.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
import traceback
import warnings
from collections.abc import Iterator

from cxrules.cli.terminal.progress import Progress
from tools.fuzz_targets import ROOT, Target, clear_folder, list_targets

KEPT = ROOT / "build" / "fuzz"
LONGEST = 1.0  # seconds of processor time for one input
MEMORY = 4 << 30

PIECES = [
    *("true", "false", "null", "yes", "~", "[]", "{}", "0", "-1", "1e999", "1.2e-05", "NaN", ".nan", "9" * 50, "''"),
    *(
        ":",
        ": ",
        ",",
        "- ",
        "? ",
        "#",
        "&a ",
        "*a",
        "!!str ",
        "---\n",
        "{",
        "}",
        "[",
        "]",
        '"',
        "'",
        "|",
        ">",
        "%",
        "@",
    ),
    *("\n", "\t", "  ", "\x00", "\x1b[31m", "\u2028", "\u202e", "\ufeff", "\ud800", '"\\ud800"', "é", "\U0001f600"),
    *("any_of", "facts", "soil", "plants_thirsty", "{value}", "{value:>999999999}", "a" * 2000, "[" * 60),
]


def spoil(target: Target, number: int) -> str:
    """Return the input of a number: a seed, spoilt in up to five places."""
    rng = random.Random(number)  # noqa: S311 - not a secret
    text = rng.choice(target.seeds)
    for _ in range(rng.randrange(6)):
        start = rng.randrange(len(text) + 1)
        if rng.random() < 0.5:
            start = max(text.rfind(mark, 0, start) for mark in ' ":,\n') + 1
        end = min(len(text), start + rng.choice((0, 0, 1, 2, 5, 20, 200)))
        where = rng.randrange(len(text) + 1)
        new = rng.choice((rng.choice(PIECES), rng.choice(PIECES), text[where : where + rng.randrange(40)], ""))
        text = text[:start] + new + text[end:]
    return text


def attempt(target: Target, text: str) -> str:
    """Try one input, and return how it breaks the contract; empty when it holds."""
    started = time.process_time()
    try:
        target.read(text)
    except target.documented as error:
        if not str(error).replace("\n", "").isprintable():
            return "an error with control characters"
    except Exception:  # noqa: BLE001 - the search is for any exception
        return traceback.format_exc(limit=-4)
    spent = time.process_time() - started
    return f"{spent:.1f} seconds" if spent > LONGEST else ""


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # no such limits on Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _schedule(targets: dict[str, Target], first: int) -> Iterator[tuple[str, int]]:
    names = [name for name, target in targets.items() for _ in range(target.share)]
    number = first
    while True:
        yield names[number % len(names)], number
        number += 1


def main() -> int:
    """Try inputs until the number or the time asked for is reached."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=10**9, help="how many inputs at most")
    parser.add_argument("--seconds", type=float, default=60.0, help="for how long at most")
    parser.add_argument("--only", help="one target")
    parser.add_argument("--at", type=int, default=0, help="the number of the first input")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    _limit_memory()
    targets = list_targets()
    if arguments.only:
        targets = {arguments.only: targets[arguments.only]}
    tried, broken = dict.fromkeys(targets, 0), 0
    ends = time.monotonic() + arguments.seconds
    progress = Progress()
    KEPT.mkdir(parents=True, exist_ok=True)
    marker = KEPT / f"trying-{arguments.at}"
    trying = os.open(marker, os.O_WRONLY | os.O_CREAT)
    for name, number in _schedule(targets, arguments.at):
        if number - arguments.at >= arguments.inputs or time.monotonic() > ends:
            break
        progress.show(f"{number - arguments.at:,} inputs, {max(ends - time.monotonic(), 0):.0f} seconds left: {name}")
        text = spoil(targets[name], number)
        os.pwrite(trying, f"{name} {number}".ljust(40).encode(), 0)
        tried[name] += 1
        if told := attempt(targets[name], text):
            broken += 1
            (KEPT / f"{name}-{number}").write_bytes(text.encode("utf-8", "surrogatepass"))
            progress.wipe()
            print(f"{name} {number}: {told}", flush=True)
    progress.wipe()
    os.close(trying)
    marker.unlink()
    clear_folder()
    print(", ".join(f"{name} {count:,}" for name, count in tried.items()))
    print(f"{sum(tried.values()):,} inputs tried from number {arguments.at:,}, {broken} broke the contract")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
