"""Reads a log of decisions back, and finds those that a change of the rules would alter.

`python changed_decisions.py LOG RULES...` reads a log of yours, and lays files of yours on the built-in rule base. Without
arguments it makes a small log of its own, and lays the rules of `own_rules` on it.
"""

import sys
import tempfile
from pathlib import Path

import cxrules
from cxrules.decision_log import DecisionLog, Impact, ImpactSummary, LogReader, Problem, assess_impact

ORGANISATIONS = {
    "north": {"maturity": "early", "scope": "marketing_only", "cmo_influence": "high", "marketing_bandwidth": "spare"},
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
        find_changed(Path(arguments[0]), cxrules.RuleBase.load(*arguments[1:], base=builtin) if arguments[1:] else builtin)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "decisions.jsonl")
        write_log(path)
        find_changed(path, cxrules.RuleBase.load(Path(__file__).with_name("own_rules"), base=builtin))


if __name__ == "__main__":
    main(sys.argv[1:])
