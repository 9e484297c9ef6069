"""How many questions a consultation asks until it is settled, compared with a fixed order and random orders.

Every organisation of one set of readings is asked about from nothing known. It answers what the set knows of it and
skips the rest. A consultation is settled when no answer to any question not yet asked, skipping included, can change
the model. The fixed order is that of the vocabulary.

    python -m bench.consultation
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from statistics import median

from bench.organisations import read_organisations
from cxrules.advisor import Advisor
from cxrules.explanation.next_questions import next_questions
from cxrules.language.facts import FactValue
from cxrules.policy.judge import Judge

ORDERS = 15
SEED = 5


def is_settled(judge: Judge, facts: Mapping[str, FactValue], asked: Sequence[str]) -> bool:
    """Return whether no question that is left can change the model."""
    known = {name: facts[name] for name in asked if name in facts}
    return next_questions(
        judge, judge.decide(known), ignoring=[name for name in asked if name not in facts]
    ).nothing_left_to_ask


def count_guided(judge: Judge, facts: Mapping[str, FactValue]) -> int:
    """Count the questions when the best one is asked each time."""
    known: dict[str, FactValue] = {}
    skipped: list[str] = []
    while questions := next_questions(judge, judge.decide(known), ignoring=skipped).questions:
        name = questions[0].fact
        if name in facts:
            known[name] = facts[name]
        else:
            skipped.append(name)
    return len(known) + len(skipped)


def count_in_order(judge: Judge, facts: Mapping[str, FactValue], order: Sequence[str]) -> int:
    """Count the questions in a given order, by bisection: what is settled stays settled."""
    low, high = 0, len(order)
    while low < high:
        middle = (low + high) // 2
        if is_settled(judge, facts, order[:middle]):
            high = middle
        else:
            low = middle + 1
    return low


def main() -> None:
    """Print the table."""
    judge = Advisor().judge
    names = list(judge.rulebase.vocabulary.facts)
    rng = random.Random(SEED)  # noqa: S311 - not a secret
    orders = [rng.sample(names, len(names)) for _ in range(ORDERS)]
    rows = []
    for number, given in enumerate(read_organisations(), 1):
        facts = judge.rulebase.vocabulary.validate(given)
        guided = count_guided(judge, facts)
        fixed = count_in_order(judge, facts, names)
        at_random = median(count_in_order(judge, facts, order) for order in orders)
        rows.append((guided, fixed, at_random))
        print(f"{number}: {guided} questions, fixed order {fixed}, random orders {at_random} (median)", flush=True)
    better = sum(guided < min(fixed, at_random) for guided, fixed, at_random in rows)
    guided, fixed, at_random = (median(column) for column in zip(*rows, strict=True))
    print(f"medians: {guided} questions, fixed order {fixed}, random orders {at_random}")
    print(f"fewer than both for {better} of {len(rows)} organisations")


if __name__ == "__main__":
    main()
