"""Reads a log of decisions and finds those that a change of the rules would alter.

`python changed_decisions.py LOG RULES...` reads your log and adds your files to the built-in rule base. Without
arguments it writes a small log and adds the rules of `changed_rules`. The command `cxrules log impact LOG --rules
RULES --on-top` does the same with a table.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import cxrules
from cxrules.decision_log import DecisionLog, ImpactSummary, LogReader, Problem, assess_impact

ORGANISATIONS: dict[str, dict[str, Any]] = {
    "north": {
        "maturity": "early",
        "scope": "one_function",
        "marketing_bandwidth": "spare",
        "marketing_insight": "deep",
    },
    "south": {"ceo_involvement": "champion", "transformation_goal": True, "silos": "severe"},
    "west": {"maturity": "early", "marketing_bandwidth": "stretched"},
}


def write_log(path: Path) -> None:
    with DecisionLog(path) as log:
        for name, known in ORGANISATIONS.items():
            log.write(cxrules.recommend(known), id=name)


def find_changed(path: Path, changed: cxrules.RuleBase) -> ImpactSummary:
    summary = ImpactSummary()
    for item in assess_impact(LogReader(path), changed):
        if isinstance(item, Problem):
            print(item, file=sys.stderr)
            continue
        summary.add(item)
        if item.changes:
            print(f"{item.id}: {item.before.name} → {item.after.name}, because of {', '.join(item.causes)}")
    print(f"{summary.changed} of {summary.decisions} decisions would change.")
    return summary


def main(arguments: list[str]) -> None:
    builtin = cxrules.RuleBase.builtin()
    if arguments:
        log, *rules = arguments
        find_changed(Path(log), cxrules.RuleBase.load(*rules, base=builtin) if rules else builtin)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "decisions.jsonl")
        write_log(path)
        find_changed(path, cxrules.RuleBase.load(Path(__file__).with_name("changed_rules"), base=builtin))


if __name__ == "__main__":
    main(sys.argv[1:])
