"""`cxrules test`: runs cases on a rule base, and lists what no case exercises."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cxrules.cli.shared import OnTop, fail, hang, in_digits, mistakes_end_it, open_rulebase, refuse_same
from cxrules.cli.terminal.exit_codes import ExitCode
from cxrules.cli.terminal.progress import Progress
from cxrules.cli.terminal.signals import signals_stay_signals
from cxrules.errors import show_text
from cxrules.whole_file import naming, write_whole

if TYPE_CHECKING:
    from cxrules.testing import CaseReport, CaseResult

__all__ = ["register"]

_MOST = 12  # names in a list of what no case exercises


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("test")(run)


def run(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FOLDER]...",
            show_default=False,
            help="A rule base and its cases; the built-in one when left out.",
        ),
    ] = None,
    on_top: OnTop = False,
    cases: Annotated[
        list[Path] | None,
        typer.Option("--cases", metavar="PATH", help="Cases that are kept elsewhere; may be given repeatedly."),
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Write the resulting model, status, reason and points into the files.")
    ] = False,
    junit: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="Write a report that CI servers read, as JUnit XML.")
    ] = None,
) -> None:
    """Run the cases of a rule base: organisations with their expected results.

    Cases are read from the files of the folder that have the key `cases`, and from --cases. It also lists what no case
    exercises. docs/testing.md says what a case may expect. Exits with 1 when a case fails.
    """
    where = [*(paths or ()), *(cases or ())]
    if not where:
        fail("no cases: name a folder of a rule base, or files of cases with --cases")
    with _failures_end_it(), mistakes_end_it(), signals_stay_signals(), ExitStack() as stack:
        from cxrules.advisor import Advisor
        from cxrules.knowledge.diagnostic_codes import MistakeCollector
        from cxrules.knowledge.draft import find_files
        from cxrules.rulebase import RuleBase
        from cxrules.testing import read_cases, run_cases, update_cases, write_junit

        refuse_same(find_files(where, MistakeCollector()), junit, named="a file of the rule base or its cases")
        rulebase = open_rulebase(paths, on_top)
        base = RuleBase.builtin() if on_top else None
        found = read_cases(*where, rulebase=rulebase)
        if not found:
            fail(f"no cases in {', '.join(map(str, where))}")
        written = stack.enter_context(write_whole(junit)) if junit else None  # fails before anything is updated
        with Progress() as progress:
            report = run_cases(progress.follow(found, "cases", len(found)), Advisor(rulebase), base=base)
        if update:
            for path in update_cases(report.results):
                typer.echo(f"Updated {show_text(str(path))}")
            again = read_cases(*where, rulebase=rulebase)
            if len(again) != len(found):
                fail("the files have changed meanwhile: run the command again")
            report = run_cases(again, Advisor(rulebase), base=base)
        if written and junit:
            with naming(junit):
                written.write(write_junit(report, rulebase.name).encode())
    _show(report, updated=update)
    if report.failed:
        raise typer.Exit(ExitCode.MISTAKES_FOUND)


@contextmanager
def _failures_end_it() -> Iterator[None]:
    """End the program with a message where a file cannot be read or written."""
    try:
        yield
    except (OSError, ValueError) as error:
        named = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
        fail(f"{named}{(isinstance(error, OSError) and error.strerror) or error}")


def _show(report: CaseReport, *, updated: bool) -> None:
    for result in report.failed:
        case = result.case
        typer.echo(f"{show_text(case.file)}:{case.line}: {show_text(case.id)}")
        if case.title:
            typer.echo(hang("  ", show_text(case.title)))
        for fault in result.faults:
            typer.echo(hang("  - ", show_text(fault)))
        reason = _explain_absence(result)
        if reason:
            typer.echo(hang("    ", reason))
        if updated:
            typer.echo(hang("    ", _explain_failure_after_update(result)))
        typer.echo()
    for kind, names in report.unexercised.items():
        if names:
            typer.echo(hang(f"No case exercises these {kind}: ", ", ".join(_shorten(names)), indent=2))
    passed = len(report.results) - len(report.failed)
    typer.echo(f"{in_digits(len(report.results), 'case')}: {passed} passed, {len(report.failed)} failed.")


def _explain_absence(result: CaseResult) -> str:
    """Return why the model that a case expects is not recommended; empty if it is."""
    expected = result.case.expect.get("model")
    if not isinstance(expected, str) or expected in (None, result.advice.model):
        return ""
    return result.advice.why_not(expected).explain().split("\n\n")[0]


def _explain_failure_after_update(result: CaseResult) -> str:
    from cxrules.testing import find_faults
    from cxrules.testing.case_updates import UPDATED

    written = {key: value for key, value in result.case.expect.items() if key in UPDATED}
    if result.case.node is None and any(find_faults(result.advice, written)):
        return (
            "--update writes the result of the case itself. Under this change of its `also` the result differs; "
            "make it a separate case."
        )
    words = f"{', '.join(UPDATED[:-1])} and {UPDATED[-1]}"
    return f"--update writes only single values of {words}; please change the rest yourself."


def _shorten(names: Sequence[str]) -> list[str]:
    return [*names] if len(names) <= _MOST else [*names[:_MOST], f"and {len(names) - _MOST} more"]
