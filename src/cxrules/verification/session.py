"""One verification: every check and every expectation on one rule base, on one processor or several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from time import perf_counter
from typing import Final

from cxrules.rulebase import RuleBase
from cxrules.verification.checks import CHECKS
from cxrules.verification.checks.expectation import EXPECTATION, check_expectation
from cxrules.verification.expectations import Expectations
from cxrules.verification.notes import NOTES
from cxrules.verification.prover import LIMIT, Prover
from cxrules.verification.results import Finding, Note, Report, accept

__all__ = ["verify"]

_LONGEST: Final = ("idle-rule", "idle-value", "double-counted", "tie", "idle-fact")
"""The tasks that take longest, so that they are begun first."""


def verify(
    rulebase: RuleBase,
    expectations: Expectations | None = None,
    *,
    limit: int = LIMIT,
    jobs: int = 1,
    only: Iterable[str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Report:
    """Verify a rule base: every check, every expectation, and the notes.

    Args:
        expectations: Its expectations and accepted findings.
        limit: Milliseconds that the solver may take for one question.
        jobs: How many processes share the work.
        only: The checks and kinds of note to run; all when left out.
        progress: Is told the name of every check when it is done.

    Returns:
        The report; its order does not depend on the number of processes.

    Raises:
        ValueError: If there is no such check.
        Unconfirmed: If the engine does not confirm what the solver found: one of the two is wrong.
    """
    began = perf_counter()
    expectations = expectations or Expectations()
    known = [*CHECKS, EXPECTATION, *NOTES]
    names = known
    if only is not None:
        only = list(only)
        if unknown := [name for name in only if name not in known]:
            raise ValueError(f"no such check: {', '.join(unknown)}; known: {', '.join(known)}")
        names = [name for name in known if name in only]
    results: dict[str, list[Finding | Note]] = {}
    for name, found in _run(names, rulebase, expectations, limit, jobs):
        results[name] = found
        if progress:
            progress(name)
    everything = [entry for name in names for entry in results[name]]
    findings, stale = accept(
        (entry for entry in everything if isinstance(entry, Finding)), expectations.accepted, names, known
    )
    notes = tuple(entry for entry in everything if isinstance(entry, Note))
    checks = tuple(name for name in names if name not in NOTES)
    return Report(rulebase.name, rulebase.revision, checks, findings, notes, stale, perf_counter() - began)


def _run(
    names: list[str], rulebase: RuleBase, expectations: Expectations, limit: int, jobs: int
) -> Iterator[tuple[str, list[Finding | Note]]]:
    if jobs < 2:
        for name in names:
            yield name, _task(rulebase, expectations, limit, name)
        return
    first = sorted(names, key=lambda name: _LONGEST.index(name) if name in _LONGEST else len(_LONGEST))
    # A fresh process for each worker: a forked one would share the solver's state.
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        for name, future in [(name, pool.submit(_task, rulebase, expectations, limit, name)) for name in first]:
            yield name, future.result()


def _task(rulebase: RuleBase, expectations: Expectations, limit: int, name: str) -> list[Finding | Note]:
    """Run one check on a fresh prover, so that its findings depend on no other check."""
    conditions = [part for entry in expectations.expectations for part in (entry.when, entry.unless) if part]
    prover = Prover(rulebase, limit=limit, conditions=conditions if name == EXPECTATION else ())
    if name == EXPECTATION:
        return [check_expectation(prover, expectation) for expectation in expectations.expectations]
    if name in NOTES:
        return list(NOTES[name](prover))
    return list(CHECKS[name](prover))
