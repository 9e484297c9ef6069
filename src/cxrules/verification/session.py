"""A verification: every check and every expectation on one rule base, on one processor or several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from time import monotonic, perf_counter
from typing import Final

from cxrules.language.rules import Condition
from cxrules.rulebase import RuleBase, check_rulebase
from cxrules.verification.checks import CHECKS, count_subjects
from cxrules.verification.checks.expectation import EXPECTATION, check_expectation
from cxrules.verification.expectations import Expectations
from cxrules.verification.notes import NOTES
from cxrules.verification.prover import Prover
from cxrules.verification.results import CheckFinding, Note, Report, Stage, Verdict, accept
from cxrules.verification.solver import EFFORT
from cxrules.verification.trials import Trials
from cxrules.verification.workers import share

__all__ = ["verify"]

_LONGEST: Final = ("idle-rule", "idle-value", "double-counted", "tie", "idle-fact")
"""The tasks that take longest, so that they are begun first."""


def verify(  # noqa: PLR0913 - each is a separate option
    rulebase: RuleBase,
    expectations: Expectations | None = None,
    *,
    effort: int = EFFORT,
    within: float | None = None,
    jobs: int = 1,
    only: Iterable[str] | None = None,
    progress: Callable[[Stage], None] | None = None,
) -> Report:
    """Verify a rule base: every check, every expectation, and the notes.

    Args:
        expectations: Its expectations and accepted findings.
        effort: The most work, in the solver's resource units, that one question may take. What needs more is undecided,
            on every machine alike.
        within: The seconds for everything; questions not asked by then are undecided. None for no limit.
        jobs: The number of processes that share the work. The report is the same.
        only: The checks and kinds of note to run; all when left out.
        progress: Called with the stage reached.

    Raises:
        InvalidKnowledge: If the parts of the rule base do not fit together.
        ValueError: If there is no such check.
        Unconfirmed: If the engine does not confirm what the solver found: one of the two is wrong.
    """
    began = perf_counter()
    deadline = None if within is None else monotonic() + within
    expectations = expectations or Expectations()
    known = [*CHECKS, EXPECTATION, *NOTES]
    names = known
    if only is not None:
        only = list(only)
        if unknown := [name for name in only if name not in known]:
            raise ValueError(f"no such check: {', '.join(unknown)}; known: {', '.join(known)}")
        names = [name for name in known if name in only]
    task = _CheckRun(check_rulebase(rulebase), expectations, effort)
    first = sorted(names, key=lambda name: _LONGEST.index(name) if name in _LONGEST else len(_LONGEST))

    def tell(name: str, decided: int, done: int) -> None:
        if progress:
            progress(Stage(name, decided, _count_subjects(name, rulebase, expectations), done, len(names)))

    results = share(task, first if jobs > 1 else names, jobs=jobs, deadline=deadline, progress=tell)
    everything = [entry for name in names for entry in results[name]]
    findings, stale = accept(
        (entry for entry in everything if isinstance(entry, CheckFinding)), expectations.accepted, names, known
    )
    notes = tuple(entry for entry in everything if isinstance(entry, Note))
    checks = tuple(name for name in names if name not in NOTES)
    undecided = any(finding.verdict is Verdict.UNDECIDED for finding in findings)
    out_of_time = undecided and deadline is not None and monotonic() >= deadline
    return Report(rulebase.name, rulebase.revision, checks, findings, notes, stale, out_of_time, perf_counter() - began)


def _count_subjects(name: str, rulebase: RuleBase, expectations: Expectations) -> int | None:
    """Return how many subjects a check has, if known before it is run."""
    return len(expectations.expectations) if name == EXPECTATION else count_subjects(name, rulebase)


class _CheckRun:
    """The data that every process needs in order to run one check after another."""

    def __init__(self, rulebase: RuleBase, expectations: Expectations, effort: int) -> None:
        self._rulebase, self._expectations, self._effort = rulebase, expectations, effort
        self._trials: Trials | None = None
        self._late: Prover | None = None

    def __call__(self, name: str, deadline: float | None) -> Iterator[CheckFinding | Note]:
        """Run one check on a separate prover, so that its findings depend on no other check, while there is time."""
        conditions: list[tuple[Condition, ...]] = []
        if name == EXPECTATION:
            for entry in self._expectations.expectations:
                conditions += [part for part in (entry.when, entry.unless) if part]
        prover = None if conditions else self._late
        if prover is None:
            prover = self._prepare(conditions, deadline)
        if name == EXPECTATION:
            for expectation in self._expectations.expectations:
                yield check_expectation(prover, expectation)
        elif name in NOTES:
            yield from NOTES[name](prover)
        else:
            yield from CHECKS[name](prover)

    def _prepare(self, conditions: list[tuple[Condition, ...]], deadline: float | None) -> Prover:
        trials = None if conditions else self._trials
        prover = Prover(self._rulebase, effort=self._effort, deadline=deadline, conditions=conditions, trials=trials)
        if not conditions:
            self._trials = prover.trials
            self._late = prover if prover.late else None  # nothing more is asked, so one serves all that follow
        return prover
