"""`cxrules log`: read a decision log, replay it, try a changed rule base on it, explain one decision."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from cxrules.cli.exit_codes import ExitCode
from cxrules.cli.shared import OnTop, Rules, count, fail, mistakes_end_it, open_rulebase, width

if TYPE_CHECKING:
    from cxrules.decision_log import DecisionRecord, Impact, ImpactSummary, Logged, LogReader, Problem, Replayed

__all__ = ["register"]

_SHOWN = 5
"""How many problems of one kind are shown; the rest are counted."""
_LONG = 8 << 20
"""From how many bytes on a log gets a progress bar."""
_STEP = 500

_EPILOG = """\b
Exit codes:
  0  nothing differs; lines that are torn or masked are counted, and change nothing
  1  at least one decision differs
  2  the arguments are wrong, or the file is no decision log, or not throughout
  3  something is needed that is not installed"""

File: TypeAlias = Annotated[Path, typer.Argument(metavar="FILE", show_default=False, help="A decision log.")]
AsJson: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Give a line of JSON for each; the counts go to stderr.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    log = typer.Typer(no_args_is_help=True, rich_markup_mode=None, epilog=_EPILOG)
    for command in (show, replay, impact, explain):
        log.command(epilog=_EPILOG)(command)
    app.add_typer(log, name="log", help="Read decisions back: show, replay, impact of a change, explain.")


def show(
    file: File,
    model: Annotated[
        str | None, typer.Option(help="Only decisions for this model; none for undetermined ones.")
    ] = None,
    rule: Annotated[str | None, typer.Option(help="Only decisions in which this rule fired.")] = None,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="Only from this day or moment on (UTC).")] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Only to the end of this day (UTC).")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the decisions of a log, one on a line."""
    first, last = _read_bound(since, "--since", 0), _read_bound(until, "--until", 1)
    with _reading(file) as (log, report):
        shown = decisions = 0
        for logged in report.keep(log):
            decisions += 1
            record = logged.record
            if _is_wanted(record, model, rule) and (not first or record["time"] >= first):
                if last and record["time"] >= last:
                    continue
                shown += 1
                report.say(json.dumps(record) if as_json else _show_record(record))
        report.end(f"{shown} of {count(decisions, 'decision')} shown.", aside=True)


def replay(file: File, as_json: AsJson = False) -> None:
    """Decide every decision of a log again, on its own rule base, and show what differs.

    The log holds every rule base it needs. Everything is compared that follows from the facts; and the words of the
    explanation, where the log keeps their digest.
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
            if outcome.record["cxrules"] != __version__:
                versions[outcome.record["cxrules"]] += 1
            if outcome.differences:
                differing += 1
                report.say(_show_replayed(outcome, as_json))
        for version, number in sorted(versions.items()):
            report.note(f"{count(number, 'decision')} recorded by cxrules {version}; this is {__version__}.")
        verdict = (
            f"{count(differing, 'decision')} differ{'s' if differing == 1 else ''}" if differing else "nothing differs"
        )
        report.end(f"{count(decisions, 'decision')} decided again: {verdict}.", aside=as_json, differs=bool(differing))


def impact(
    file: File,
    rules: Rules = None,
    on_top: OnTop = False,
    summary: Annotated[bool, typer.Option("--summary", help="Show the tables alone.")] = False,
    as_json: AsJson = False,
) -> None:
    """Find the decisions of a log that a changed rule base would alter.

    Every decision is made twice: on its own rule base and on the changed one. Without --rules that is the built-in one:
    would we answer the same today?
    """
    from cxrules.decision_log import Impact, ImpactSummary, assess_impact

    with mistakes_end_it():
        changed = open_rulebase(rules, on_top)
    totals = ImpactSummary()
    with _reading(file) as (log, report):
        for item in report.keep(assess_impact(log, changed), log):
            assert isinstance(item, Impact)
            totals.add(item)
            if item.changes and not summary:
                report.say(json.dumps(asdict(item) | {"causes": item.causes}) if as_json else _show_impact(item))
        if totals.changed and not as_json:
            report.say(_tabulate(totals))
        keep = "keeps" if totals.touched == 1 else "keep"
        touched = (
            f" {count(totals.touched, 'other')} {keep} model and status, but not all that led there."
            if totals.touched
            else ""
        )
        report.end(
            f"{count(totals.decisions, 'decision')} decided again on {changed.name} {changed.revision[:12]}: "
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
    """Explain a decision of a log as on its day, from the rule base that the log holds."""
    from cxrules.decision_log import Problem, Replayed
    from cxrules.decision_log.replaying import replay_entry
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
                    fail(f"it cannot be explained: {outcome.message}")
                continue
            assert isinstance(outcome, Replayed)
            advice = log.decide_again(record)
            report.say(advice.explain("full" if detail == "full" else "brief", width=width()).rstrip())
            if record["cxrules"] != __version__:
                report.note(f"Recorded by cxrules {record['cxrules']}; these are the words of {__version__}.")
            for difference in outcome.differences:
                report.note(f"Recorded otherwise: {_show_difference(difference)}")
            raise typer.Exit(ExitCode.MISTAKES_FOUND if outcome.differences else ExitCode.ANSWERED)


class _Report:
    """The output of a command about a log: lines, problems, progress, the end."""

    def __init__(self, log: LogReader) -> None:
        self._log = log
        self._problems: Counter[str] = Counter()
        self._unexpected = False
        self._skipped = 0
        self._size = log.size
        self._bar = sys.stderr.isatty() and self._size >= _LONG
        self._drawn = False

    def keep(self, items: Iterable[Any], log: LogReader | None = None) -> Iterator[Any]:
        """Yield what is no problem, count the problems, and show the progress."""
        from cxrules.decision_log import Problem

        for number, item in enumerate(items):
            if self._bar and number % _STEP == 0:
                self._draw((log or self._log).position)
            if isinstance(item, Problem):
                self.count(item)
            else:
                yield item
        self._wipe()

    def count(self, problem: Problem) -> None:
        """Count a problem, and show it if it is one of the first of its kind."""
        self._problems[problem.trouble] += 1
        self._unexpected |= not problem.trouble.expected
        self._skipped += problem.trouble.skips
        if self._problems[problem.trouble] <= _SHOWN:
            self.note(str(problem))

    def say(self, text: str) -> None:
        """Write to standard output."""
        self._wipe()
        typer.echo(text)

    def note(self, text: str) -> None:
        """Write to standard error."""
        self._wipe()
        typer.echo(text, err=True)

    def end(self, text: str, *, aside: bool, differs: bool = False) -> None:
        """Describe how it ended, and end the program."""
        for trouble, number in self._problems.items():
            if number > _SHOWN:
                self.note(f"… {count(number, 'line')} [{trouble}] in all")
        self._wipe()
        typer.echo(text + (f" {count(self._skipped, 'line')} skipped." if self._skipped else ""), err=aside)
        if differs:
            raise typer.Exit(ExitCode.MISTAKES_FOUND)
        raise typer.Exit(ExitCode.WRONG_INPUT if self._unexpected else ExitCode.ANSWERED)

    def _draw(self, position: int) -> None:
        share = min(position / self._size, 1)
        filled = round(30 * share)
        self._drawn = True
        typer.echo(f"\r{'━' * filled}{'─' * (30 - filled)} {share:4.0%}", err=True, nl=False)

    def _wipe(self) -> None:
        if self._drawn:
            typer.echo("\r\x1b[2K", err=True, nl=False)
            self._drawn = False


@contextmanager
def _reading(file: Path) -> Iterator[tuple[LogReader, _Report]]:
    from cxrules.decision_log import LogReader

    try:
        log = LogReader(file)
        yield log, _Report(log)
    except BrokenPipeError:
        raise
    except OSError as error:
        fail(f"{file}: {error.strerror or error}")


def _read_bound(text: str | None, option: str, days: int) -> str:
    """Return a moment as records write it; a day that is meant to its end becomes the start of the next."""
    if text is None:
        return ""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        fail(f"{option} is a date such as 2025-12-31, or a moment such as 2025-12-31T09:30:00, not {text!r}")
    moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    if len(text) <= len("2025-12-31"):
        moment += timedelta(days=days)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _is_wanted(record: DecisionRecord, model: str | None, rule: str | None) -> bool:
    if model is not None and (record["model"] or "none") != model:
        return False
    return rule is None or rule in (record["fired"] or ())


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
        fail(f"the log holds no decision {name!r}")
    return found


def _show_record(record: DecisionRecord) -> str:
    outcome = record["model"] or "no model"
    parts = [record["status"] or "status masked"]
    if record["reason"]:
        parts.append(record["reason"])
    if record["certainty"]:
        parts.append(f"certainty {record['certainty']:.2f}")
    sizes = f"{count(len(record['facts']), 'fact')}, {count(len(record['fired'] or ()), 'rule')}"
    labels = "".join(f"  {name}={value}" for name, value in record["labels"].items())
    masked = "  masked" if record["masked"] or record["erased"] else ""
    return f"{record['time'][:19]}Z  {record['id']}  {outcome} ({', '.join(parts)})  {sizes}{labels}{masked}"


def _show_replayed(replayed: Replayed, as_json: bool) -> str:
    record = replayed.record
    if as_json:
        differences = [asdict(difference) for difference in replayed.differences]
        return json.dumps(
            {"line": replayed.line, "id": record["id"], "time": record["time"], "differences": differences}
        )
    lines = [f"line {replayed.line}, decision {record['id']} of {record['time']}:"]
    return "\n".join([*lines, *(f"    {_show_difference(difference)}" for difference in replayed.differences)])


def _show_difference(difference: Any) -> str:  # noqa: ANN401 - loaded only when a command runs
    recorded, replayed = json.dumps(difference.recorded), json.dumps(difference.replayed)
    return f"{difference.field}: recorded {recorded}, now {replayed}"


def _show_impact(item: Impact) -> str:
    lines = [f"{item.time[:19]}Z  {item.id}: {_show_outcome(item.before)} → {_show_outcome(item.after)}"]
    for title, rules in (("fires", item.fires), ("falls silent", item.silent), ("is altered", item.altered)):
        if rules:
            lines.append(f"    {title}: {', '.join(rules)}")
    lines += [f"    weighs {one.before:+d} → {one.after:+d} for {one.model}: {one.rule}" for one in item.evidence]
    for step in item.steps:
        before, after = (", ".join(names) or "nothing" for names in (step.before, step.after))
        lines.append(f"    {step.model}, {step.step.replace('_', ' ')}: {before} → {after}")
    if item.policy:
        lines.append(f"    policy: {', '.join(item.policy)}")
    return "\n".join(lines)


def _show_outcome(outcome: Any) -> str:  # noqa: ANN401 - loaded only when a command runs
    if outcome.model is None:
        return f"no model ({outcome.status}, {outcome.reason})"
    return f"{outcome.model} ({outcome.status}, certainty {outcome.certainty:.2f})"


def _tabulate(totals: ImpactSummary) -> str:
    changes = sorted(totals.changes.items(), key=lambda entry: (-entry[1], entry[0]))
    causes = sorted(totals.causes.items(), key=lambda entry: (-entry[1], entry[0]))
    wide = max(len("from"), *(len(before) for (before, _), _ in changes))
    wider = max(len("to"), *(len(after) for (_, after), _ in changes))
    lines = ["", f"{'from':<{wide}}  {'to':<{wider}}  decisions"]
    lines += [f"{before:<{wide}}  {after:<{wider}}  {number:>9}" for (before, after), number in changes]
    if causes:
        widest = max(len("rule"), *(len(rule) for rule, _ in causes))
        lines += ["", f"{'rule':<{widest}}  has a part in"]
        lines += [f"{rule:<{widest}}  {number:>13}" for rule, number in causes]
    return "\n".join([*lines, ""])
