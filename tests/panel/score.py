"""Hold the rule base against the readings of the articles.

python -m tests.panel.score            every panel, a line each, and how far readers agree among themselves
python -m tests.panel.score --misses   with every organisation on which rule base and readings differ
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cxrules import Advisor

HERE = Path(__file__).resolve().parent
LATER = ("second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
# The folders of each panel; `single` is many sets with one reading each.
PANELS = {
    "first": (HERE,),
    **{name: (HERE / name,) for name in LATER},
    "single": tuple(sorted((HERE / "single").iterdir())),
    "unseen": (HERE / "unseen",),
}
RETEST = HERE / "retest"  # two more readings of organisations drawn from the panels with five, in another company
MAJORITY = 3 / 5
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Answers = dict[str, dict[str, Any]]


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
        return is_plural(self.model, self.best)

    @property
    def acceptable(self) -> bool:
        """Whether most readers take the model for the best or an acceptable one."""
        return self.accepting >= MAJORITY * self.best.total()

    @property
    def rejected(self) -> bool:
        """Whether most readers reject the model."""
        return self.rejecting >= MAJORITY * self.best.total()


def is_plural(model: str | None, best: Counter[str | None]) -> bool:
    """Return whether no model was named more often; ties count."""
    return best[model] == max(best.values())


def read_panel(name: str) -> tuple[dict[str, dict[str, Any]], list[Answers]]:
    """Read the organisations and the readings of a panel, by id."""
    organisations: dict[str, dict[str, Any]] = {}
    readings: list[Answers] = []
    for folder in PANELS[name]:
        organisations |= {entry["id"]: entry["facts"] for entry in _load(folder / "organisations.yaml")}
        for number, path in enumerate(sorted(folder.glob("reader-*.yaml"))):
            if number == len(readings):
                readings.append({})
            readings[number] |= read_answers(path)
    return organisations, readings


def read_answers(path: Path) -> Answers:
    """Read one reader's answers, by organisation."""
    return {answer["id"]: answer for answer in _load(path)}


def _load(path: Path) -> Any:
    with path.open(encoding="utf-8") as file:
        return yaml.load(file, LOADER)  # noqa: S506 - the loader is a safe one


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


def compare_readers(name: str) -> float:
    """Describe how often a reader's choice is the plurality of the other readers of a panel; ties count."""
    organisations, readings = read_panel(name)
    hits = [
        is_plural(reading[identifier].get("best"), Counter(other[identifier].get("best") for other in others))
        for number, reading in enumerate(readings)
        for others in (readings[:number] + readings[number + 1 :],)
        for identifier in organisations
    ]
    return sum(hits) / len(hits)


def retest() -> Iterator[tuple[int, int]]:
    """For each later reading: how often it names the plurality of the first readers, and of how many."""
    best: dict[str, Counter[str | None]] = {}
    for name in PANELS:
        organisations, readings = read_panel(name)
        for identifier in organisations:
            best[identifier] = Counter(reading[identifier].get("best") for reading in readings)
    for path in sorted(RETEST.glob("reader-*.yaml")):
        answers = read_answers(path)
        yield sum(is_plural(answer.get("best"), best[name]) for name, answer in answers.items()), len(answers)


def main() -> int:
    """Print the score of the built-in rule base."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--misses", action="store_true", help="name the organisations that differ")
    arguments = parser.parse_args()
    advisor = Advisor()
    for name in PANELS:
        verdicts = judge(advisor, name)
        readers = verdicts[0].best.total()
        print(
            f"{name} panel: {len(verdicts)} organisations, {readers} {'reader' if readers == 1 else 'readers'}, "
            f"plurality {sum(v.plural for v in verdicts)}, "
            f"acceptable {sum(v.acceptable for v in verdicts)}, rejected {sum(v.rejected for v in verdicts)}"
            + (f"; a reader names the plurality of the others in {compare_readers(name):.0%}" if readers > 2 else "")
        )
        for verdict in verdicts if arguments.misses else ():
            if not verdict.plural or not verdict.acceptable or verdict.rejected:
                best = ", ".join(f"{model} {count}" for model, count in verdict.best.most_common())
                print(f"  {verdict.id}: {verdict.model}; readers: {best}; accepted by {verdict.accepting}")
    for hits, count in retest():
        print(f"retest: a later reader names the plurality of five earlier ones for {hits} of {count} organisations")
    return 0


if __name__ == "__main__":
    sys.exit(main())
