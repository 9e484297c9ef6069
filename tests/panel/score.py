"""Hold the rule base against the readings of the articles.

python -m tests.panel.score            every panel, a line each
python -m tests.panel.score --misses   with every organisation on which rule base and readings differ
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cxrules import Advisor

HERE = Path(__file__).resolve().parent
NAMES = ("second", "third", "fourth", "fifth", "sixth", "seventh", "unseen")
PANELS = {"first": HERE, **{name: HERE / name for name in NAMES}}
MAJORITY = 3 / 5


@dataclass(frozen=True)
class Verdict:
    """What the rule base and the readers say of one organisation."""

    id: str
    model: str | None
    best: Counter[str | None]
    accepting: int
    rejecting: int

    @property
    def plural(self) -> bool:
        """Whether the model is the readers' plurality; ties count."""
        return self.best[self.model] == max(self.best.values())

    @property
    def acceptable(self) -> bool:
        """Whether most readers take the model for the best or an acceptable one."""
        return self.accepting >= MAJORITY * self.best.total()

    @property
    def rejected(self) -> bool:
        """Whether most readers reject the model."""
        return self.rejecting >= MAJORITY * self.best.total()


def read_panel(name: str) -> tuple[dict[str, dict[str, Any]], list[dict[str, dict[str, Any]]]]:
    """Read the organisations and the readings of a panel, by id."""
    folder = PANELS[name]
    organisations = yaml.safe_load((folder / "organisations.yaml").read_text("utf-8"))
    readings = [
        {answer["id"]: answer for answer in yaml.safe_load(path.read_text("utf-8"))}
        for path in sorted(folder.glob("reader-*.yaml"))
    ]
    return {organisation["id"]: organisation["facts"] for organisation in organisations}, readings


def judge(advisor: Advisor, name: str) -> list[Verdict]:
    """Hold an advisor against a panel."""
    organisations, readings = read_panel(name)
    verdicts = []
    for identifier, facts in organisations.items():
        model = advisor.recommend(facts).model
        answers = [reading[identifier] for reading in readings]
        verdicts.append(
            Verdict(
                identifier,
                model,
                Counter(answer.get("best") for answer in answers),
                sum(model is not None and model in (answer.get("best"), *answer["acceptable"]) for answer in answers),
                sum(model in answer["rejected"] for answer in answers),
            )
        )
    return verdicts


def main() -> int:
    """Print the score of the built-in rule base."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--misses", action="store_true", help="name the organisations that differ")
    arguments = parser.parse_args()
    advisor = Advisor()
    for name in PANELS:
        verdicts = judge(advisor, name)
        print(
            f"{name} panel: {len(verdicts)} organisations, {verdicts[0].best.total()} readers, "
            f"plurality {sum(v.plural for v in verdicts)}, "
            f"acceptable {sum(v.acceptable for v in verdicts)}, rejected {sum(v.rejected for v in verdicts)}"
        )
        for verdict in verdicts if arguments.misses else ():
            if not verdict.plural or not verdict.acceptable or verdict.rejected:
                best = ", ".join(f"{model} {count}" for model, count in verdict.best.most_common())
                print(f"  {verdict.id}: {verdict.model}; readers: {best}; accepted by {verdict.accepting}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
