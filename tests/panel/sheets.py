"""Write what the readers of a panel get: the question sheet, the organisations in words, the articles.

python -m tests.panel.sheets tests/panel/unseen FOLDER --readers 5

For each reader a folder of its own, with the organisations in an order of its own, so that what stands before an
organisation does not colour all readings in the same way. The articles are copied from --articles.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from cxrules import RuleBase
from cxrules.language.facts import Fact, Kind

HERE = Path(__file__).resolve().parent
ARTICLES = HERE.parents[2] / "shared" / "articles"
HEAD = """# The organisations

Each line: the question, the answer, and in brackets what the answer says. What is not listed is unknown.
"""


def describe(facts: Mapping[str, Any], rulebase: RuleBase) -> Iterator[str]:
    """Return an organisation in words, a line for each known fact, in the order of the vocabulary."""
    known = rulebase.vocabulary.validate(facts)
    for name, fact in rulebase.vocabulary.facts.items():
        if name in known:
            yield f"- {fact.question} — {_answer(fact, known[name])}"


def _answer(fact: Fact, value: Any) -> str:
    labels = {known.name: known.label for known in fact.values}
    if fact.kind is Kind.PERCENT:
        label = f"{value} %"
    elif fact.kind is Kind.SET:
        label = ", ".join(labels[name] for name in fact.names if name in value) or "None of them"
    else:
        label = labels[str(value).lower() if fact.kind is Kind.FLAG else value]
    return f"{label} ({fact.state(value)})"


def main() -> int:
    """Write the folders."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("panel", type=Path, help="the folder of the panel")
    parser.add_argument("target", type=Path, help="the folder to write to")
    parser.add_argument("--readers", type=int, default=5)
    parser.add_argument("--articles", type=Path, default=ARTICLES)
    arguments = parser.parse_args()
    rulebase = RuleBase.builtin()
    organisations = yaml.safe_load((arguments.panel / "organisations.yaml").read_text("utf-8"))
    for reader in range(1, arguments.readers + 1):
        folder = arguments.target / f"reader-{reader}"
        folder.mkdir(parents=True)
        shutil.copy(HERE / "question-sheet.md", folder)
        for number, article in enumerate(sorted(arguments.articles.glob("*.txt"))):
            shutil.copy(article, folder / f"A{number}.txt")
        order = list(organisations)
        random.Random(reader).shuffle(order)
        parts = [f"## {entry['id']}\n\n" + "\n".join(describe(entry["facts"], rulebase)) + "\n" for entry in order]
        (folder / "organisations.md").write_text("\n".join([HEAD, *parts]), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
