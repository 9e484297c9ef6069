"""Compare the rule base with blind readings of the articles, which `readings/` describes.

python -m tools.readings score [--misses] [SET ...]     every set, a line each; exit 1 below a floor
python -m tools.readings agreement                      how far readers agree with other readers
python -m tools.readings sheets SET FOLDER              what new readers of a set would get
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import yaml

from cxrules import Advisor, RuleBase
from cxrules.language.facts import Fact, FactValue, Kind

ROOT = Path(__file__).resolve().parents[1]
READINGS = ROOT / "readings"
ARTICLES = ROOT.parent / "shared" / "articles"
MAJORITY = 3 / 5

Answer = Mapping[str, Any]
"""One reading: the best model, None where the articles give no basis for a choice; lists `acceptable`, `rejected`."""


class Floor(NamedTuple):
    """For how many organisations of a set the model must be the readers' plurality, and acceptable to most of them."""

    plurality: int
    acceptable: int


_FLOORS = yaml.safe_load((READINGS / "floors.yaml").read_text("utf-8"))
FLOORS = MappingProxyType({name: Floor(row["plurality"], row["acceptable"]) for name, row in _FLOORS.items()})
TESTED = tuple(name for name, row in _FLOORS.items() if row.get("in_make_test"))


@dataclass(frozen=True)
class Organisation:
    """One line of a set."""

    id: str
    facts: Mapping[str, Any]
    readings: Sequence[Answer]
    further: Answer | None = None
    title: str = ""


@dataclass(frozen=True)
class Verdict:
    """What the rule base and the readers say about one organisation."""

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


def list_sets() -> list[str]:
    """Return the names of the sets, such as `held-out/random`; the retest is not one of them."""

    def order(name: str) -> tuple[str, int, str]:
        return name.partition("/")[0], len(name), name

    paths = (path for part in ("held-out", "tuning") for path in (READINGS / part).glob("*.jsonl"))
    return sorted((f"{path.parent.name}/{path.stem}" for path in paths), key=order)


def read_set(name: str) -> list[Organisation]:
    """Read one set: `tuning/random-1` is `readings/tuning/random-1.jsonl`."""
    entries = map(json.loads, (READINGS / f"{name}.jsonl").read_text("utf-8").splitlines())
    return [
        Organisation(entry["id"], entry["facts"], entry["readings"], entry.get("further"), entry.get("title", ""))
        for entry in entries
    ]


def count_best(readings: Sequence[Answer]) -> Counter[str | None]:
    """Return how many readings call each model the best."""
    return Counter(answer["best"] for answer in readings)


def judge(organisation: Organisation, model: str | None) -> Verdict:
    """Compare one recommended model with the readings of an organisation."""
    readings = organisation.readings
    return Verdict(
        organisation.id,
        model,
        count_best(readings),
        sum(model in (answer["best"], *answer["acceptable"]) for answer in readings),
        sum(model in answer["rejected"] for answer in readings),
    )


def judge_set(advisor: Advisor, name: str) -> list[Verdict]:
    """Compare an advisor with a set."""
    return [judge(organisation, advisor.recommend(organisation.facts).model) for organisation in read_set(name)]


def find_shortfalls(name: str, verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Return what keeps verdicts below the floor of their set, in words."""
    floor = FLOORS.get(name)
    if floor is None:
        return
    plural = sum(verdict.plural for verdict in verdicts)
    acceptable = sum(verdict.acceptable for verdict in verdicts)
    if plural < floor.plurality:
        yield f"{name}: the plurality of {plural}, not {floor.plurality}"
    if acceptable < floor.acceptable:
        yield f"{name}: acceptable for {acceptable}, not {floor.acceptable}"
    if any(verdict.rejected and verdict.best.total() > 1 for verdict in verdicts):
        yield f"{name}: rejected by most for {', '.join(verdict.id for verdict in verdicts if verdict.rejected)}"


def compare_readers(name: str) -> tuple[int, int] | None:
    """Count how often one reader names the plurality of the others, and of how many readings; None below three readers.

    Where a set has a further reader, that one is compared with the others; else each reader with the rest. Ties count.
    """
    hits = count = 0
    for organisation in read_set(name):
        readings = organisation.readings
        if organisation.further:
            hits += is_plural(organisation.further["best"], count_best(readings))
            count += 1
        elif len(readings) > 2:
            for number, reading in enumerate(readings):
                others = [*readings[:number], *readings[number + 1 :]]
                hits += is_plural(reading["best"], count_best(others))
            count += len(readings)
    return (hits, count) if count else None


def compare_retest() -> Iterator[tuple[int, int]]:
    """Return for each reader of the retest how often the plurality of the first readers is named, and of how many."""
    first = {organisation.id: organisation for name in list_sets() for organisation in read_set(name)}
    lines = read_set("retest/random")
    for number in range(len(lines[0].readings)):
        hits = sum(is_plural(line.readings[number]["best"], count_best(first[line.id].readings)) for line in lines)
        yield hits, len(lines)


def describe(facts: Mapping[str, Any], rulebase: RuleBase) -> Iterator[str]:
    """Return an organisation in words, a line for each known fact, in the order of the vocabulary."""
    known = rulebase.vocabulary.validate(facts)
    for name, fact in rulebase.vocabulary.facts.items():
        if name in known:
            yield f"- {fact.question} — {_answer(fact, known[name])}"


def _answer(fact: Fact, value: FactValue) -> str:
    labels = {known.name: known.label for known in fact.values}
    if fact.kind is Kind.PERCENT:
        label = f"{value} %"
    elif fact.kind is Kind.SET:
        assert isinstance(value, tuple)
        label = ", ".join(labels[name] for name in value) or "None of them"
    else:
        label = labels[str(value).lower() if fact.kind is Kind.FLAG else str(value)]
    return f"{label} ({fact.state(value)})"


def write_sheets(name: str, target: Path, *, readers: int = 5, articles: Path = ARTICLES) -> None:
    """Write a folder for each reader: question sheet, articles, and the organisations in an order of that reader's.

    The orders differ, so that the preceding organisations do not influence all readers alike.
    """
    rulebase = RuleBase.builtin()
    head = "# The organisations\n\nEach line: the question, the answer, and in brackets what the answer says. "
    head += "What is not listed is unknown.\n"
    for reader in range(1, readers + 1):
        folder = target / f"reader-{reader}"
        folder.mkdir(parents=True)
        shutil.copy(READINGS / "question-sheet.md", folder)
        for number, article in enumerate(sorted(articles.glob("*.txt"))):
            shutil.copy(article, folder / f"A{number}.txt")
        order = read_set(name)
        random.Random(reader).shuffle(order)  # noqa: S311 - not a secret
        parts = [f"## {entry.id}\n\n" + "\n".join(describe(entry.facts, rulebase)) + "\n" for entry in order]
        (folder / "organisations.md").write_text("\n".join([head, *parts]), "utf-8")


def print_scores(names: Sequence[str], *, misses: bool = False) -> int:
    """Print a line for each set; return 1 where one is below its floor."""
    advisor = Advisor()
    shortfalls: list[str] = []
    for name in names:
        verdicts = judge_set(advisor, name)
        shortfalls += find_shortfalls(name, verdicts)
        readers = verdicts[0].best.total()
        counts = (
            sum(v.plural for v in verdicts),
            sum(v.acceptable for v in verdicts),
            sum(v.rejected for v in verdicts),
        )
        print(
            f"{name}: {len(verdicts)} organisations, {readers} {'reader' if readers == 1 else 'readers'}; "
            "plurality {}, acceptable {}, rejected {}".format(*counts)
        )
        for verdict in verdicts if misses else ():
            if not verdict.plural or not verdict.acceptable or verdict.rejected:
                best = ", ".join(f"{model} {count}" for model, count in verdict.best.most_common())
                print(f"  {verdict.id}: {verdict.model}; readers: {best}; accepted by {verdict.accepting}")
    for shortfall in shortfalls:
        print(f"below its floor: {shortfall}")
    return 1 if shortfalls else 0


def print_agreement() -> int:
    """Print how far readers agree with other readers: what a rule base can be expected to reach."""
    for name in list_sets():
        if found := compare_readers(name):
            print(f"{name}: a reader names the plurality of the others in {found[0] / found[1]:.0%}")
    for hits, count in compare_retest():
        print(
            f"retest/random: a later reader names the plurality of the first ones for {hits} of {count} organisations"
        )
    return 0


def main() -> int:
    """Run the command that the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    commands = parser.add_subparsers(required=True, dest="command")
    score = commands.add_parser("score", help="every set, a line each; exit 1 below a floor")
    score.add_argument("sets", nargs="*", default=list_sets(), metavar="SET")
    score.add_argument("--misses", action="store_true", help="name the organisations on which they differ")
    commands.add_parser("agreement", help="how far readers agree with other readers")
    sheets = commands.add_parser("sheets", help="what new readers of a set would get")
    sheets.add_argument("set")
    sheets.add_argument("target", type=Path)
    sheets.add_argument("--readers", type=int, default=5)
    sheets.add_argument("--articles", type=Path, default=ARTICLES)
    arguments = parser.parse_args()
    if arguments.command == "score":
        return print_scores(arguments.sets, misses=arguments.misses)
    if arguments.command == "agreement":
        return print_agreement()
    write_sheets(arguments.set, arguments.target, readers=arguments.readers, articles=arguments.articles)
    return 0


if __name__ == "__main__":
    sys.exit(main())
