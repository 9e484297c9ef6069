"""`cxrules log`: read a decision log, replay it, try a changed rule base on it, explain one decision."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from cxrules.cli.log_text import WIDE, show_difference, show_impact, show_record, show_replayed, tabulate
from cxrules.cli.shared import OnTop, Rules, fail, in_digits, mistakes_end_it, open_rulebase, width
from cxrules.cli.terminal.exit_codes import ExitCode
from cxrules.cli.terminal.progress import Progress
from cxrules.errors import refuse_question, show_text, suggest

if TYPE_CHECKING:
    from cxrules.decision_log import DecisionRecord, Logged, LogReader, Problem

__all__ = ["register"]

_SHOWN = 5
"""The most problems of one kind that are shown; the rest are counted."""

_EPILOG = """\b
Exit codes:
  0  nothing differs; lines that are torn or masked are counted, and change nothing
  1  at least one decision differs, or a chained log is not as it was written
  2  the arguments are wrong, or the file is not a decision log, or not entirely
  3  something is needed that is not installed"""

File: TypeAlias = Annotated[Path, typer.Argument(metavar="FILE", show_default=False, help="A decision log.")]
AsJson: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Write a line of JSON for each; the counts go to stderr.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    log = typer.Typer(no_args_is_help=True, rich_markup_mode=None, epilog=_EPILOG)
    for command in (show, replay, impact, explain, verify):
        log.command(epilog=_EPILOG)(command)
    app.add_typer(log, name="log", help="Read a decision log: show, replay, impact of a change, explain, verify.")


def show(
    file: File,
    model: Annotated[
        str | None,
        typer.Option(help="Only decisions for this model, by its id or its name; none for undetermined ones."),
    ] = None,
    rule: Annotated[str | None, typer.Option(help="Only decisions in which this rule fired.")] = None,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="Only from this day or time (UTC).")] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Only to the end of this day (UTC).")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the decisions of a log, one on each line."""
    from cxrules.decision_log.reader import invalid_facts
    from cxrules.errors import InvalidOrganisation

    first, last = _read_bounds(("--since", since, 0), ("--until", until, 1))
    with _reading(file) as (log, report):
        shown = decisions = 0
        models: set[str] = set()
        rules: set[str] = set()
        for logged in report.keep(log):
            decisions += 1
            record = logged.record
            fired = log.fired(record)
            models.add(record["model"] or "none")
            rules.update(fired or ())
            called = model is None or _is_called(log, record, model)
            if called and model is not None:
                models.add(model)
            if called and (rule is None or rule in (fired or ())) and (not first or record["time"] >= first):
                if last and record["time"] >= last:
                    continue
                try:
                    met = log.incoherences(record)
                except InvalidOrganisation as error:
                    report.count(invalid_facts(logged, error))
                    continue
                shown += 1
                report.say(
                    json.dumps({**record, "fired": fired, "incoherences": met})
                    if as_json
                    else show_record(record, fired, met)
                )
        for asked, known, what in ((model, models, "model"), (rule, rules, "rule")):
            if asked is not None and asked not in known and decisions:
                hint = suggest(asked, [show_text(name, WIDE) for name in sorted(known)])
                told = f"no decision of this log has the {what} {show_text(asked, WIDE)!r}"
                report.note(f"{told}; {hint}" if hint else told)
        report.end(f"{shown} of {in_digits(decisions, 'decision')} shown.", aside=True)


def replay(file: File, as_json: AsJson = False) -> None:
    """Decide every decision of a log again, on its own rule base, and show what differs.

    The log contains every rule base it needs. Everything that follows from the facts is compared, and the words of the
    explanation if the log keeps their digest.
    """
    from cxrules.decision_log import Replayed
    from cxrules.decision_log import replay as decide_again
    from cxrules.version import __version__

    decisions = differing = 0
    versions: Counter[str] = Counter()
    with _reading(file) as (log, report):
        for outcome in report.keep(decide_again(log), log):
            assert isinstance(outcome, Replayed)
            decisions += 1
            if outcome.logged.cxrules != __version__:
                versions[show_text(outcome.logged.cxrules, WIDE)] += 1
            if outcome.differences:
                differing += 1
                report.say(show_replayed(outcome, as_json))
        for version, number in sorted(versions.items()):
            report.note(f"{in_digits(number, 'decision')} recorded by cxrules {version}; this is {__version__}.")
        verdict = (
            f"{in_digits(differing, 'decision')} differ{'s' if differing == 1 else ''}"
            if differing
            else "nothing differs"
        )
        report.end(
            f"{in_digits(decisions, 'decision')} decided again: {verdict}.",
            aside=as_json,
            differs=bool(differing),
        )


def impact(
    file: File,
    rules: Rules = None,
    on_top: OnTop = False,
    summary: Annotated[bool, typer.Option("--summary", help="Show only the tables.")] = False,
    as_json: AsJson = False,
) -> None:
    """Find the decisions of a log that a changed rule base would alter.

    Every decision is made twice: on its own rule base and on the changed one. Without --rules that is the built-in one:
    would today's answers be the same?
    """
    from cxrules.decision_log import Impact, ImpactSummary, assess_impact

    if summary and as_json:
        fail("--summary shows tables, so it cannot be combined with --json")
    with mistakes_end_it():
        changed = open_rulebase(rules, on_top)
    totals = ImpactSummary()
    with _reading(file) as (log, report):
        for item in report.keep(assess_impact(log, changed), log):
            assert isinstance(item, Impact)
            totals.add(item)
            if item.changes and not summary:
                report.say(json.dumps(asdict(item) | {"causes": item.causes}) if as_json else show_impact(item))
        if totals.changed and not as_json:
            report.say(tabulate(totals))
        keep = "keeps" if totals.touched == 1 else "keep"
        touched = (
            f" {in_digits(totals.touched, 'other')} {keep} model and status, but not everything behind them."
            if totals.touched
            else ""
        )
        report.end(
            f"{in_digits(totals.decisions, 'decision')} decided again on {changed.name} {changed.revision[:12]}: "
            f"{totals.changed or 'none'} would change.{touched}",
            aside=as_json,
            differs=bool(totals.changed),
        )


def explain(
    file: File,
    decision: Annotated[
        str, typer.Argument(metavar="ID", show_default=False, help="The id of a decision, or its start.")
    ],
    detail: Annotated[str, typer.Option(metavar="brief|full", help="How much of the reasoning to show.")] = "brief",
) -> None:
    """Explain a decision of a log, with the rule base that the log contains."""
    from cxrules.decision_log import Problem, Replayed
    from cxrules.decision_log.again.replaying import replay_entry
    from cxrules.version import __version__

    if detail not in ("brief", "full"):
        fail(f"--detail is brief or full, not {detail!r}")
    with _reading(file) as (log, report):
        logged = _find(report.keep(log), decision)
        record = logged.record
        for outcome in replay_entry(log, logged):
            if isinstance(outcome, Problem):
                report.count(outcome)
                if outcome.trouble.skips:
                    fail(f"it cannot be explained: {show_text(outcome.message, 1_000)}")
                continue
            assert isinstance(outcome, Replayed)
            advice = log.decide_again(record)
            report.say(advice.explain("full" if detail == "full" else "brief", width=width()).rstrip())
            if record["cxrules"] != __version__:
                report.note(
                    f"Recorded by cxrules {show_text(record['cxrules'], WIDE)}; this is the text of {__version__}."
                )
            for difference in outcome.differences:
                report.note(f"Recorded differently: {show_difference(difference)}")
            raise typer.Exit(ExitCode.MISTAKES_FOUND if outcome.differences else ExitCode.ANSWERED)


def verify(
    file: File,
    head: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBER:HASH",
            help="The head of the log as you noted it elsewhere; the file next to the log when left out.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check a chained log: report every record that was altered, removed, moved, repeated or cut off."""
    from cxrules.decision_log import verify_chain

    known = _read_head(head)
    with _reading(file) as (log, report):
        breaches: Counter[str] = Counter()
        try:
            for finding in verify_chain(log, known, progress=report.show):
                breaches[finding.breach] += 1
                if as_json:
                    report.say(json.dumps(asdict(finding)))
                elif breaches[finding.breach] <= _SHOWN:
                    report.say(show_text(str(finding), 1_000))
        except ValueError as error:
            fail(show_text(str(error)))
        for breach, number in breaches.items():
            if number > _SHOWN and not as_json:
                report.say(f"… {in_digits(number, 'line')} [{breach}] in all")
        told = (
            f"{in_digits(breaches.total(), 'breach', 'breaches')} of the chain." if breaches else "The chain is whole."
        )
        report.end(told, aside=as_json, differs=bool(breaches))


def _read_head(text: str | None) -> Any:
    from cxrules.decision_log import Head

    if text is None:
        return None
    found = re.fullmatch("([0-9]{1,18}):([0-9a-f]{64})", text)
    if not found:
        fail(f"--head is a number and a hash, such as 12:{'0' * 8}…, not {show_text(text, 80)!r}")
    return Head(int(found[1]), found[2])


class _LogOutput:
    """The output of a command about a log: lines, problems, progress, the end."""

    def __init__(self, log: LogReader) -> None:
        self._log = log
        self._problems: Counter[str] = Counter()
        self._unexpected = False
        self._skipped = 0
        self._size = log.size
        self._progress = Progress()

    def keep(self, items: Iterable[Any], log: LogReader | None = None) -> Iterator[Any]:
        """Yield everything but problems, count the problems, and show progress."""
        from cxrules.decision_log import Problem

        for item in items:
            self.show((log or self._log).position)
            if isinstance(item, Problem):
                self.count(item)
            else:
                yield item
        self._progress.wipe()

    def show(self, position: int) -> None:
        """Show on a terminal how much of the log has been read."""
        share = min(position / self._size, 1) if self._size else 1
        filled = round(30 * share)
        self._progress.show(f"{'━' * filled}{'─' * (30 - filled)} {share:4.0%}")

    def count(self, problem: Problem) -> None:
        """Count a problem, and show it if it is among the first of its kind."""
        self._problems[problem.trouble] += 1
        self._unexpected |= not problem.trouble.expected
        self._skipped += problem.trouble.skips
        if self._problems[problem.trouble] <= _SHOWN:
            self.note(show_text(str(problem), 1_000))

    def say(self, text: str) -> None:
        """Write to standard output."""
        self._progress.wipe()
        typer.echo(text)

    def note(self, text: str) -> None:
        """Write to standard error."""
        self._progress.wipe()
        typer.echo(text, err=True)

    def end(self, text: str, *, aside: bool, differs: bool = False) -> None:
        """Report how it ended, and end the program."""
        for trouble, number in self._problems.items():
            if number > _SHOWN:
                self.note(f"… {in_digits(number, 'line')} [{trouble}] in all")
        self._progress.wipe()
        typer.echo(text + (f" {in_digits(self._skipped, 'line')} skipped." if self._skipped else ""), err=aside)
        if differs:
            raise typer.Exit(ExitCode.MISTAKES_FOUND)
        raise typer.Exit(ExitCode.WRONG_INPUT if self._unexpected else ExitCode.ANSWERED)


@contextmanager
def _reading(file: Path) -> Iterator[tuple[LogReader, _LogOutput]]:
    from cxrules.decision_log import LogReader

    try:
        log = LogReader(file)
    except OSError as error:
        fail(f"{file}: {error.strerror or error}")
    try:
        yield log, _LogOutput(log)
    except OSError as error:
        if error.errno is not None and error.filename is None:
            raise  # the output cannot be written
        fail(f"{file}: {error.strerror or error}")


def _read_bounds(*written: tuple[str, str | None, int]) -> list[str]:
    """Return the times that options give, as records write them; each option comes with the days to add to a date."""
    bounds, mistakes = [], []
    for option, text, days in written:
        try:
            bounds.append(_read_bound(text, days))
        except ValueError:
            expected = "a date such as 2025-12-31, or a time such as 2025-12-31T09:30:00"
            mistakes.append(f"{option} is {expected}, not {text!r}")
    if mistakes:
        fail(str(refuse_question(mistakes)))
    return bounds


def _read_bound(text: str | None, days: int) -> str:
    """Return a time as records write it; the end of a day becomes the start of the next."""
    if text is None:
        return ""
    moment = datetime.fromisoformat(text)
    with suppress(OverflowError):  # on the first and the last day of the calendar
        moment = moment.astimezone(UTC) if moment.tzinfo else moment
    moment = moment.replace(tzinfo=UTC)
    if len(text) <= len("2025-12-31"):
        with suppress(OverflowError):  # on the last day of the calendar
            moment += timedelta(days=days)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _is_called(log: LogReader, record: DecisionRecord, model: str) -> bool:
    """Return whether a decision is for this model, by its id or by its name in the rule base that decided."""
    decided = record["model"]
    if decided is None or decided == model:
        return (decided or "none") == model
    return log.rulebase(record["revision"]).find_model(model) == decided


def _find(logged: Iterable[Logged], name: str) -> Logged:
    found: Logged | None = None
    for entry in logged:
        if entry.record["id"] == name or (entry.record["id"].startswith(name) and name):
            exact = entry.record["id"] == name
            if found is None or (exact and found.record["id"] != name):
                found = entry
            elif entry.record != found.record and (exact or found.record["id"] != name):
                fail(f"{name!r} names several decisions, on lines {found.line} and {entry.line}")
    if found is None:
        fail(f"the log contains no decision {name!r}")
    return found
