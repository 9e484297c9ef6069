"""`cxrules verify` and `cxrules diff`: prove a rule base consistent, and find what a change of it changes."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cxrules.cli.shared import OnTop, fail, mistakes_end_it, open_rulebase
from cxrules.cli.terminal.exit_codes import ExitCode
from cxrules.cli.terminal.formats import Format, Message, as_github, as_sarif, at_place
from cxrules.cli.terminal.progress import Progress
from cxrules.cli.terminal.signals import signals_stay_signals

if TYPE_CHECKING:
    from cxrules.errors import Diagnostic
    from cxrules.rulebase import RuleBase
    from cxrules.verification.expectations import Expectations
    from cxrules.verification.results import Report

__all__ = ["register"]

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON.")]
Effort = Annotated[
    float,
    typer.Option(
        "--effort",
        metavar="MILLIONS",
        min=0.000001,
        max=4000,
        help="The solver's work limit for one question, in millions of its units; about two take a second.",
    ),
]
TimeLimit = Annotated[
    float,
    typer.Option(
        "--within", metavar="SECONDS", min=0, help="The time limit for everything; what is left then is undecided."
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        min=1,
        show_default=False,
        help="The number of processes that share the work; two by default, if there are two processors.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(verify)
    app.command()(diff)


def verify(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FOLDER]...", show_default=False, help="A rule base; the built-in one when left out."),
    ] = None,
    on_top: OnTop = False,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="CHECK", help="Run this check only; may be given repeatedly.")
    ] = None,
    effort: Effort = 100,
    within: TimeLimit = 3600,
    jobs: Jobs = None,
    witnesses: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write the witness of every open finding to a file in this folder."),
    ] = None,
    detail: Annotated[bool, typer.Option("--detail", help="Show accepted findings and notes, too.")] = False,
    as_json: AsJson = False,
    form: Annotated[
        Format | None,
        typer.Option(
            "--format",
            show_default="text",
            help="For people, for programs, for GitHub Actions, or as SARIF 2.1.0.",
        ),
    ] = None,
) -> None:
    """Prove a rule base consistent, over every possible organisation.

    Expectations and accepted findings are read from the same folder; with --on-top those of the built-in rule base
    count, too. docs/verification.md describes every check. Exits with 0 only if everything is proved or accepted, and
    with 4 if solver and engine disagree, so that nothing is proved.
    """
    if as_json and form is not None:
        fail("--json means --format json: use only one of the two")
    form = form or (Format.JSON if as_json else Format.TEXT)
    with _extra(), mistakes_end_it(), signals_stay_signals():
        from cxrules.verification import report as reporting
        from cxrules.verification import verify as run

        rulebase = open_rulebase(paths, on_top)
        expectations, own = _read_expectations(paths, rulebase, on_top)
        if witnesses:
            _make_folder(witnesses)
        jobs = jobs or min(2, os.cpu_count() or 1)
        with Progress() as progress, _disagreement():
            try:
                report = run(
                    rulebase,
                    expectations,
                    effort=_units(effort),
                    within=within,
                    jobs=jobs,
                    only=only,
                    progress=lambda stage: progress.show(str(stage)),
                )
            except ValueError as error:
                fail(str(error))
    report = replace(report, stale=tuple(entry for entry in report.stale if entry in own))
    if witnesses:
        reporting.write_witnesses(report, witnesses)
    if form is Format.JSON:
        text = reporting.report_as_json(report)
    elif form is Format.TEXT:
        text = reporting.report_as_text(report, detail=detail)
    else:
        text = _write_messages(form, report, paths)
    typer.echo(text, nl=False)
    if not report.ok:
        raise typer.Exit(ExitCode.MISTAKES_FOUND)


def _write_messages(form: Format, report: Report, paths: list[Path] | None) -> str:
    """Write open findings as messages, each at the place of its subject, if one of the files contains it."""
    from cxrules.knowledge.draft import find_places
    from cxrules.verification.checks import CHECKS
    from cxrules.verification.checks.expectation import EXPECTATION
    from cxrules.verification.results import Verdict

    places = find_places(paths or ())
    messages = [
        at_place(
            Message(finding.check, finding.message, finding.subject, is_error=finding.verdict is Verdict.REFUTED),
            places,
        )
        for finding in report.open
    ]
    stale = "This finding is accepted, but no longer found: remove it from the accepted findings."
    messages += [Message(check, stale, subject) for check, subject in report.stale]
    if form is Format.GITHUB:
        return as_github(messages)
    meanings = {name: (check.__doc__ or name).strip().splitlines()[0] for name, check in CHECKS.items()}
    return as_sarif(messages, {**meanings, EXPECTATION: "Every declared expectation holds."})


def diff(
    old: Annotated[
        str,
        typer.Argument(
            metavar="OLD", show_default=False, help="A rule base: a folder, a .json file of `write_json`, or `builtin`."
        ),
    ],
    new: Annotated[str, typer.Argument(metavar="NEW", show_default=False, help="Another one.")],
    on_top: Annotated[bool, typer.Option("--on-top", help="Add both folders to the built-in rule base.")] = False,
    most: Annotated[int, typer.Option("--regions", min=1, help="The number of regions after which to stop.")] = 20,
    effort: Effort = 100,
    within: TimeLimit = 3600,
    as_json: AsJson = False,
) -> None:
    """Find the organisations that two rule bases answer differently, or prove that there are none.

    A region names what must be true of an organisation for its model or status to differ. With --on-top, `cxrules diff
    builtin FOLDER` shows what the files of the folder change. Exits with 0 only if it is proved that nothing differs.
    """
    with _extra(), mistakes_end_it(), signals_stay_signals():
        from cxrules.verification import diff as run
        from cxrules.verification import diff_as_json, diff_as_text

        before, after = _open_both(old, new, on_top)
        with Progress() as progress, _disagreement():
            try:
                found = run(
                    before,
                    after,
                    most=most,
                    effort=_units(effort),
                    within=within,
                    progress=lambda regions: progress.show(f"regions that differ: {regions}, at most {most}"),
                )
            except ValueError as error:
                fail(str(error))
    typer.echo(diff_as_json(found) if as_json else diff_as_text(found), nl=False)
    if not found.same:
        raise typer.Exit(ExitCode.MISTAKES_FOUND)


def _open_both(old: str, new: str, on_top: bool) -> list[RuleBase]:
    """Open two rule bases.

    Raises:
        InvalidKnowledge: With every mistake in the files of both.
    """
    from cxrules.errors import InvalidKnowledge

    named = dict.fromkeys((old, new))
    if on_top and (whole := [name for name in named if name.endswith(".json")]):
        fail(f"--on-top adds folders to the built-in rule base, and {whole[0]} is a whole rule base")
    found: dict[str, RuleBase] = {}
    mistakes: list[Diagnostic] = []
    for name in named:
        try:
            found[name] = _open(name, on_top)
        except InvalidKnowledge as error:
            mistakes += error.diagnostics
    if mistakes:
        raise InvalidKnowledge(mistakes)
    return [found[old], found[new]]


_BUILTIN: Final = "builtin"


def _open(name: str, on_top: bool) -> RuleBase:
    """Open a rule base; `./builtin` is a folder, unlike `builtin`."""
    path = Path(name)
    if path.suffix == ".json":
        return _open_json(path)
    return open_rulebase(None, on_top=False) if name == _BUILTIN else open_rulebase([path], on_top)


def _open_json(path: Path) -> RuleBase:
    """Open a rule base in its canonical form.

    Raises:
        InvalidKnowledge: With every mistake, each with the name of the file.
    """
    from cxrules.errors import Diagnostic, InvalidKnowledge, Location
    from cxrules.knowledge.reader import read_bytes, tell_error
    from cxrules.rulebase import RuleBase

    here = Location(str(path))
    try:
        return RuleBase.from_json(read_bytes(path))
    except InvalidKnowledge as error:
        mistakes = [
            replace(found, location=here, message=f"{found.location}: {found.message}".removeprefix(": "))
            for found in error.diagnostics
        ]
        raise InvalidKnowledge(mistakes) from None
    except (OSError, ValueError) as error:
        message = f"this file cannot be read: {tell_error(error)}"
        raise InvalidKnowledge([Diagnostic("unreadable-file", here, message)]) from None


def _units(millions: float) -> int:
    return max(1, round(millions * 1_000_000))


@contextmanager
def _disagreement() -> Iterator[None]:
    """End the program because solver and engine disagree."""
    from cxrules.verification import Unconfirmed

    try:
        yield
    except Unconfirmed as error:
        fail(str(error), ExitCode.DISAGREEMENT)


def _make_folder(path: Path) -> None:
    """Create the folder for the results before the work begins."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f"{path}: {error.strerror or error}")


def _read_expectations(
    paths: list[Path] | None, rulebase: RuleBase, on_top: bool
) -> tuple[Expectations, Collection[tuple[str, str]]]:
    """Return the expectations that apply to a rule base, and which accepted findings are its own."""
    from cxrules.verification import builtin_expectations
    from cxrules.verification.expectations import Expectations, read_expectations, read_plain

    if not paths:
        builtin = builtin_expectations()
        return builtin, builtin.accepted
    own = read_expectations(*paths, rulebase=rulebase)
    if not on_top:
        return own, own.accepted
    below = read_plain(builtin_expectations().plain, rulebase)
    replaced = {expectation.id for expectation in own.expectations}
    kept = tuple(expectation for expectation in below.expectations if expectation.id not in replaced)
    return Expectations((*kept, *own.expectations), {**below.accepted, **own.accepted}), own.accepted


@contextmanager
def _extra() -> Iterator[None]:
    """End the program because the solver is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name != "z3":
            raise
        fail("this command needs an extra: pip install 'cxrules[verify]'", ExitCode.MISSING_EXTRA)
