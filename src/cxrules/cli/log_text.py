"""The output of `cxrules log` for records, differences and impacts: one line each, safe to print in any case."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from cxrules.cli.shared import in_digits
from cxrules.errors import show_text

if TYPE_CHECKING:
    from cxrules.decision_log import DecisionRecord, Impact, ImpactSummary, Replayed

__all__ = ["WIDE", "show_difference", "show_impact", "show_record", "show_replayed", "tabulate"]

WIDE: Final = 200
"""The most characters of an id or a label that are shown."""


def show_record(record: DecisionRecord, fired: Collection[str] | None, incoherences: Collection[str] = ()) -> str:
    """Show a decision in a line, with any contradictions in its facts before the outcome."""
    outcome = show_text(record["model"] or "no model")
    parts = [record["status"] or "status masked"]
    if record["reason"]:
        parts.append(record["reason"])
    if record["certainty"]:
        parts.append(f"certainty {record['certainty']:.2f}")
    sizes = f"{in_digits(len(record['facts']), 'fact')}, {in_digits(len(fired or ()), 'rule')}"
    labels = "".join(f"  {show_text(name, WIDE)}={_show_label(value)}" for name, value in record["labels"].items())
    masked = "  masked" if record["masked"] or record["erased"] else ""
    time, name = show_text(record["time"][:19]), show_text(record["id"], WIDE)
    wrong = f"contradictory facts ({show_text(', '.join(incoherences), WIDE)})  " if incoherences else ""
    return f"{time}Z  {name}  {wrong}{outcome} ({', '.join(parts)})  {sizes}{labels}{masked}"


def _show_label(value: object) -> str:
    # Text that could pass for a number, or for the next label, is quoted.
    if isinstance(value, str) and value and " " not in value and "=" not in value and '"' not in value:
        return show_text(value, WIDE)
    return show_text(json.dumps(value, ensure_ascii=False), WIDE)


def show_replayed(replayed: Replayed, as_json: bool) -> str:
    """Show differences, or write them as JSON."""
    record = replayed.record
    if as_json:
        differences = [asdict(difference) for difference in replayed.differences]
        return json.dumps(
            {"line": replayed.line, "id": record["id"], "time": record["time"], "differences": differences}
        )
    where = f"{replayed.part}, line {replayed.line}" if replayed.part else f"line {replayed.line}"
    lines = [f"{where}, decision {show_text(record['id'], WIDE)} of {show_text(record['time'], WIDE)}:"]
    return "\n".join([*lines, *(f"    {show_difference(difference)}" for difference in replayed.differences)])


def show_difference(difference: Any) -> str:
    """Show a difference in a line."""
    recorded, replayed = json.dumps(difference.recorded), json.dumps(difference.replayed)
    return f"{difference.field}: recorded {recorded}, now {replayed}"


def show_impact(item: Impact) -> str:
    """Show the impact of a changed rule base on a decision."""
    turn = f"{_show_outcome(item.before)} → {_show_outcome(item.after)}"
    lines = [f"{show_text(item.time[:19])}Z  {show_text(item.id, WIDE)}: {turn}"]
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


def _show_outcome(outcome: Any) -> str:
    if outcome.model is None:
        return f"no model ({outcome.status}, {outcome.reason})"
    return f"{outcome.model} ({outcome.status}, certainty {outcome.certainty:.2f})"


def tabulate(totals: ImpactSummary) -> str:
    """Show the counts as tables."""
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
