"""Mutation testing of the knowledge: is every small change of a rule noticed by a test, or proved to change nothing?

A mutant is killed by a case, a reading, an expectation or a check of `cxrules verify`. One that none of them kills is
equivalent if it is proved that no organisation gets another answer; otherwise it survives. Snapshots and golden texts
do not count. Mutants of strength are counted apart.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from cxrules.language.notation import write_facts
from cxrules.verification import find_difference
from cxrules.verification.circuit import Possibility
from tools.killers import Killers
from tools.mutation import STRENGTH, Mutant, make_mutants

KNOWLEDGE = Path(__file__).resolve().parent.parent / "knowledge"
DEMANDED = 1.0
_BATCH = 25


@dataclass(frozen=True)
class Fate:
    """The result for a mutant.

    Attributes:
        kind: The kind of change.
        mutant: The mutant in words.
        killer: What noticed it; empty when nothing did.
        equivalent: Whether it is proved that no organisation gets another answer.
        witness: For a survivor, an organisation that gets another answer.
    """

    kind: str
    mutant: str
    killer: str
    equivalent: bool = False
    witness: str = ""

    @property
    def survives(self) -> bool:
        """Whether it is neither killed nor equivalent."""
        return not self.killer and not self.equivalent


_worker: list[tuple[Killers, list[Mutant]]] = []
"""What a worker process has read; empty in every other process."""


def _begin_worker(folder: Path) -> None:
    killers = Killers(folder)
    _worker.append((killers, list(make_mutants(killers.rulebase))))


def _try(positions: list[int]) -> list[Fate]:
    killers, mutants = _worker[0]
    return [decide_fate(killers, mutants[position]) for position in positions]


def decide_fate(killers: Killers, mutant: Mutant) -> Fate:
    """Try to kill a mutant, and where nothing does, decide whether it is equivalent."""
    if killer := killers.find_killer(mutant.rulebase, mutant.rule):
        return Fate(mutant.kind, str(mutant), killer)
    answer = find_difference(killers.rulebase, mutant.rulebase)
    if answer.possible is Possibility.IMPOSSIBLE:
        return Fate(mutant.kind, str(mutant), "", equivalent=True)
    witness = write_facts(answer.witness.known, "      ") if answer.witness else "      undecided\n"
    return Fate(mutant.kind, str(mutant), "", witness=witness)


def run(folder: Path, jobs: int, kinds: set[str] | None = None) -> Iterator[Fate]:
    """Return the fate of every mutant.

    Args:
        folder: The rule base.
        jobs: How many processes share the work.
        kinds: The kinds of mutant to try; all when left out.
    """
    mutants = list(make_mutants(Killers(folder).rulebase))
    positions = [position for position, mutant in enumerate(mutants) if kinds is None or mutant.kind in kinds]
    batches = [positions[start : start + _BATCH] for start in range(0, len(positions), _BATCH)]
    with ProcessPoolExecutor(jobs, get_context("spawn"), initializer=_begin_worker, initargs=(folder,)) as pool:
        for fates in pool.map(_try, batches):
            yield from fates


def score(fates: list[Fate]) -> float:
    """Return the share of the mutants killed among those that are not equivalent; 1.0 when there are none."""
    counted = [fate for fate in fates if not fate.equivalent]
    return sum(bool(fate.killer) for fate in counted) / len(counted) if counted else 1.0


def tell(title: str, fates: list[Fate]) -> None:
    """Print score and survivors."""
    killed, equivalent = sum(bool(fate.killer) for fate in fates), sum(fate.equivalent for fate in fates)
    print(f"{title}: {len(fates)} mutants, {killed} killed, {equivalent} equivalent, score {score(fates):.1%}")
    for kind in dict.fromkeys(fate.kind for fate in fates):
        some = [fate for fate in fates if fate.kind == kind]
        print(f"  {kind:12}{len(some):5} mutants, {sum(fate.survives for fate in some)} survive, {score(some):.1%}")
    killers = Counter(fate.killer.partition(" ")[0].rstrip(":") for fate in fates if fate.killer)
    print("  killed by " + ", ".join(f"{name} {count}" for name, count in killers.most_common()))
    for fate in fates:
        if fate.survives:
            print(f"  survives: {fate.mutant}\n    gets another answer:\n{fate.witness}", end="")


def main() -> int:
    """Print the score; exit with 1 if it is below the one demanded, with 2 if the unchanged rule base fails."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__)
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="processes that share the work")
    parser.add_argument("--kind", action="append", help="try only this kind of mutant; may be given repeatedly")
    arguments = parser.parse_args()
    killers = Killers(KNOWLEDGE)
    if killer := killers.find_killer(killers.rulebase):
        print(
            f"the rule base as it is does not pass, so that every mutant would seem killed: {killer}", file=sys.stderr
        )
        return 2
    fates = list(run(KNOWLEDGE, arguments.jobs, set(arguments.kind) if arguments.kind else None))
    others = [fate for fate in fates if fate.kind != STRENGTH]
    tell("Mutants of conditions and conclusions", others)
    tell("Mutants of strength", [fate for fate in fates if fate.kind == STRENGTH])
    return int(score(others) < DEMANDED)


if __name__ == "__main__":
    sys.exit(main())
