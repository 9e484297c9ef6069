"""A report as text, as JSON, and its witnesses as organisation files that `cxrules recommend` takes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cxrules.language.notation import write_facts, write_value
from cxrules.verification.difference import Difference
from cxrules.verification.prover import Witness
from cxrules.verification.results import CheckFinding, Report, Verdict

__all__ = ["diff_as_json", "diff_as_text", "report_as_json", "report_as_text", "write_witness", "write_witnesses"]


def write_witness(witness: Witness, about: Iterable[str] = ()) -> str:
    """Write a witness as an organisation file, with what it shows as a comment above it."""
    lines = [f"# {line}\n" for line in about]
    for name, value in witness.changed.items():
        lines.append(f"# then {name}: {write_value(value)}\n")
    return "".join(lines) + write_facts(witness.known)


def write_witnesses(report: Report, folder: Path) -> list[Path]:
    """Write the witness of every open finding as an organisation file.

    Args:
        folder: Where to write; created if missing.

    Returns:
        The files written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for number, finding in enumerate(report.open, 1):
        if finding.witness:
            path = folder / f"{number:03d}-{finding.check}.yaml"
            text = write_witness(finding.witness, [f"{finding.check}: {finding.subject}", finding.message])
            path.write_text(text, encoding="utf-8", newline="\n")
            written.append(path)
    return written


def report_as_text(report: Report, *, detail: bool = False) -> str:
    """Write a report for people.

    Args:
        detail: Whether to show accepted findings and notes in full.
    """
    lines = [f"Rule base {report.name}, revision {report.revision[:12]}", ""]
    lines += _count(report)
    for finding in report.open:
        lines += ["", *_tell(finding)]
    accepted = [finding for finding in report.findings if finding.accepted]
    if detail:
        for finding in accepted:
            lines += ["", *_tell(finding)]
        for note in report.notes:
            lines += ["", f"note ({note.topic}): {note.text}", *_show(note.witness)]
    for check, subject in report.stale:
        lines += ["", f"{check}: {subject}", "  is accepted, but no longer found: remove it from the accepted findings"]
    if report.out_of_time:
        lines += ["", "The time limit was reached: questions not asked by then are undecided."]
    proved = sum(finding.verdict is Verdict.PROVED for finding in report.findings)
    lines += [
        "",
        f"{proved} proved, {len(report.open)} open, {len(accepted)} accepted, {len(report.notes)} notes"
        + ("" if detail or not (accepted or report.notes) else " (shown with --detail)"),
    ]
    return "\n".join(lines) + "\n"


def report_as_json(report: Report) -> str:
    """Write a report for programs."""
    plain = {
        "name": report.name,
        "revision": report.revision,
        "ok": report.ok,
        "out_of_time": report.out_of_time,
        "checks": report.checks,
        "findings": [
            {
                "check": finding.check,
                "subject": finding.subject,
                "verdict": finding.verdict.value,
                "message": finding.message,
                "involved": finding.involved,
                "accepted": finding.accepted or None,
                "witness": _plain(finding.witness),
            }
            for finding in report.findings
        ],
        "notes": [{"topic": note.topic, "text": note.text, "witness": _plain(note.witness)} for note in report.notes],
        "stale": [{"check": check, "subject": subject} for check, subject in report.stale],
    }
    return json.dumps(plain, indent=2, ensure_ascii=False) + "\n"


def diff_as_text(difference: Difference) -> str:
    """Write the effect of a change of the rule base for people."""
    if difference.same:
        return "Proved: every organisation gets the same model and status.\n"
    lines = []
    for before, after in dict.fromkeys((change.before, change.after) for change in difference.changes):
        regions = [change for change in difference.changes if (change.before, change.after) == (before, after)]
        lines += [f"{before} becomes {after}", "  for example"]
        lines += ["    " + line for line in write_facts(regions[0].witness.known).splitlines()]
        for change in regions:
            told = "; ".join(f"{fact}: {text}" for fact, text in change.says.items())
            lines.append(f"  where {told}" if told else "  always")
        lines.append("")
    lines.append(
        "Proved: no other organisation differs."
        if difference.complete
        else "There may be more: the search was stopped by its limits."
    )
    return "\n".join(lines) + "\n"


def diff_as_json(difference: Difference) -> str:
    """Write the effect of a change of the rule base for programs."""
    plain = {
        "same": difference.same,
        "complete": difference.complete,
        "changes": [
            {
                "before": {"model": change.before.model or None, "status": change.before.status},
                "after": {"model": change.after.model or None, "status": change.after.status},
                "where": dict(change.says),
                "witness": _plain(change.witness),
            }
            for change in difference.changes
        ],
    }
    return json.dumps(plain, indent=2, ensure_ascii=False) + "\n"


def _count(report: Report) -> Iterator[str]:
    for check in report.checks:
        found = report.of(check)
        tally = Counter("accepted" if finding.accepted else finding.verdict.value for finding in found)
        told = ", ".join(
            f"{tally[word]} {word}" for word in ("proved", "refuted", "undecided", "accepted") if tally[word]
        )
        yield f"  {check:28}{told or 'nothing to check'}"


def _tell(finding: CheckFinding) -> Iterator[str]:
    yield f"{finding.check}: {finding.subject}"
    yield f"  {finding.message}"
    if finding.accepted:
        yield f"  accepted: {finding.accepted}"
    if finding.verdict is Verdict.REFUTED and finding.witness is None:
        yield "  no witness: the search for one was left undecided"
    yield from _show(finding.witness)


def _show(witness: Witness | None) -> Iterator[str]:
    if witness is not None:
        size = "the fewest facts that show it" if witness.least else "none of these facts can be left out"
        yield f"  witness ({size}):"
        yield from ("    " + line for line in write_witness(witness).splitlines())


def _plain(witness: Witness | None) -> dict[str, Any] | None:
    if witness is None:
        return None
    return {"organisation": dict(witness.known), "least": witness.least, "then": dict(witness.changed)}
