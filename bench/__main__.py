"""Measures everything and writes docs/benchmarks.md: `make bench`, or `python -m bench`.

Exits with 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from bench.cold_start import measure_cold_start
from bench.floor import measure_floor
from bench.growth import measure_growth
from bench.machine import describe_machine
from bench.matching import measure_matching, measure_whole_answer
from bench.memory import measure_memory
from bench.peers import list_left_out
from bench.reading import measure_reading
from bench.report import Section, read_targets, table
from bench.scale import measure_spark
from bench.tables import measure_tables
from cxrules import Advisor, RuleBase

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"

HEAD = """\
# Benchmarks

Written by `make bench`; do not edit. Everything comes from one run on the machine below, which may have had other work
to do: read the ratios rather than the times. `make bench` ends with 1 when a target is missed.
"""

COMPARED = """\
## What is compared, and what is not

- All engines answer the same question: which rules fire for these facts? Their versions of the rule base are translated
  from the same `RuleBase` by modules of `bench`, and each must fire the same rules before it is timed. For each
  engine several translations were tried and the fastest is kept; a translation by hand could still be faster.
- The other engines are general. They offer what cxrules does not: actions that change the working memory, rules
  changed while running, expressions and arithmetic over anything, languages other than Python. cxrules compiles a
  closed vocabulary and monotone rules, and its speed rests on that restriction.
- One organisation at a time, in one thread, each engine built once and used again; building is not timed. The facts
  come from Python, so that the cost of a binding is counted.
- The policy, the voices of the authors and the claims belong to cxrules. The other engines do not weigh evidence; if a
  table shows a whole answer, cxrules adds everything beyond the fired rules.
- Reasons: zen-engine's trace has the rows that matched; CLIPS, Drools, Rego and experta report the rules. What cxrules
  returns is read from one integer on request, so the tables below also say what reading takes.
"""


class Program(NamedTuple):
    """A measurement by a separate program, which prints it as plain text.

    Attributes:
        title: Its heading.
        module: What runs.
        says: What the numbers are.
        options: What it is called with.
        last: How many of the lines it prints are kept, from the end; 0 for all.
    """

    title: str
    module: str
    says: str
    options: tuple[str, ...] = ()
    last: int = 0


def main() -> int:
    """Measure, write, and report which targets are met."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Compare cxrules with its peers.")
    parser.add_argument("--records", type=int, default=50_000, help="of the decision log (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=30.0, help="for each table of engines (default: %(default)s)")
    parser.add_argument("--organisations", type=int, default=200, help="for each table (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=DOCUMENT, help="where to write (default: docs/benchmarks.md)")
    arguments = parser.parse_args()
    machine = describe_machine()
    for left_out in list_left_out():
        print(f"Left out: {left_out}", flush=True)
    sections = [
        *_sections(arguments.seconds, arguments.organisations),
        *(_run(program) for program in _programs(arguments.records)),
    ]
    arguments.output.write_text(_render(machine, sections), "utf-8", newline="\n")
    print("\n" + _targets(sections))
    return 0 if all(target.holds for section in sections for target in section.targets) else 1


def _sections(seconds: float, count: int) -> Iterator[Section]:
    rulebase, advisor = RuleBase.builtin(), Advisor()
    measurements: tuple[Callable[[], Section], ...] = (
        lambda: measure_matching(rulebase, count, seconds),
        lambda: measure_whole_answer(rulebase, count, seconds),
        lambda: measure_reading(advisor, count, seconds / 3),
        lambda: measure_growth(count, seconds / 6),
        lambda: measure_floor(advisor, count, seconds / 6),
        lambda: measure_cold_start(15),
        lambda: measure_memory(advisor, 2_000),
        lambda: measure_tables(1 << 19),
        lambda: measure_spark(1 << 17),
    )
    for measure in measurements:
        started = perf_counter()
        section = measure()
        print(f"{section.title} ({perf_counter() - started:.0f} s)\n\n{section.text}\n", flush=True)
        yield section


def _programs(records: int) -> Iterable[Program]:
    yield Program(
        "Explanations", "bench.search", "Times of the searches behind explanations, compared with naive search."
    )
    yield Program(
        "Consultation",
        "bench.consultation",
        "The number of questions that a consultation asks until the model is settled, for each organisation of a set.",
        last=2,
    )
    yield Program(
        "The decision log",
        "bench.decision_log",
        "Times of calls, then reading. A ratio compares with recommend() called in turn with the write, not with the "
        "time of recommend() called by itself. `python -m bench --records 1000000` measures a log of a million "
        "records.",
        ("--records", str(records)),
    )


def _run(program: Program) -> Section:
    started = perf_counter()
    command = [sys.executable, "-m", program.module, *program.options]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    print(f"{program.title} ({perf_counter() - started:.0f} s)\n\n{ran.stdout}", flush=True)
    lines, targets = read_targets(ran.stdout.strip("\n").splitlines())
    if ran.returncode and all(target.holds for target in targets):
        raise SystemExit(f"python -m {program.module} ended with {ran.returncode}")
    shown = "\n".join(lines[-program.last :]).strip("\n")
    return Section(program.title, f"{program.says}\n\n```text\n{shown}\n```", tuple(targets))


def _targets(sections: Iterable[Section]) -> str:
    rows = [
        [target.what, target.asked, target.measured, "met" if target.holds else "**missed**"]
        for section in sections
        for target in section.targets
    ]
    return table(["target", "asked", "measured", ""], rows)


def _render(machine: str, sections: Sequence[Section]) -> str:
    left_out = list_left_out()
    head = HEAD + (f"\nLeft out, because they cannot run there: {', '.join(left_out)}.\n" if left_out else "")
    parts = [head, f"{machine}\n", f"## Targets\n\n{_targets(sections)}\n", COMPARED]
    parts += [f"## {section.title}\n\n{section.text}\n" for section in sections]
    return "\n".join(parts)


if __name__ == "__main__":
    sys.exit(main())
