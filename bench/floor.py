"""Where the time goes: the steps of `recommend()`, compared with the least possible work of the same kind."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import and_
from typing import Any

from pydantic import BaseModel

from bench.organisations import KNOWN, list_organisations
from bench.report import Section, show_microseconds, table
from bench.timing import time_in_turn
from cxrules import Organisation
from cxrules.advisor import Advisor

__all__ = ["measure_floor"]


class _Empty(BaseModel):
    """A model without fields, which shows the fixed cost of pydantic."""


def measure_floor(advisor: Advisor, count: int, seconds: float) -> Section:
    """Time the steps one by one.

    Args:
        advisor: Who recommends, on the bitmap engine.
        count: How many organisations.
        seconds: How long to measure.
    """
    rulebase, judge = advisor.rulebase, advisor.judge
    organisations = list_organisations(rulebase, count)
    fired = [judge.engine.match(known) for known in organisations]
    pairs = list(zip(organisations, fired, strict=True))
    # As many masks as there are facts, each as wide as the rules: their AND is what no bit-vector engine can save.
    masks = [
        (1 << len(rulebase.rules)) - 1 - (1 << bit % len(rulebase.rules))
        for bit in range(len(rulebase.vocabulary.facts))
    ]
    steps: dict[str, tuple[Callable[[Any], object], list[Any]]] = {
        "a call of a function that does nothing": (lambda _: None, organisations),
        f"{len(masks)} masks of {len(rulebase.rules)} bits ANDed, nothing looked up": (
            lambda _: reduce(and_, masks),
            organisations,
        ),
        "pydantic validates a model without fields": (_Empty.model_validate, [{}] * count),
        f"pydantic validates an `Organisation` of {KNOWN} facts": (Organisation.model_validate, organisations),
        "`recommend()`: the facts validated": (rulebase.vocabulary.validate, organisations),
        "`recommend()`: the rules matched": (judge.engine.match, organisations),
        "`recommend()`: weighed and decided": (lambda pair: judge.decider.decide(*pair), pairs),
        "`recommend()`: all of it": (advisor.recommend, organisations),
    }
    times = time_in_turn(
        {name: call for name, (call, _) in steps.items()}, {name: given for name, (_, given) in steps.items()}, seconds
    )
    rows = [[name, show_microseconds(taken.median), show_microseconds(taken.p95)] for name, taken in times.items()]
    text = f"""\
The steps of `recommend()` on the bitmap engine, timed one by one, compared with the least possible work of the same
kind. Microseconds.

{table(["what", "median:", "95th percentile:"], rows)}"""
    return Section("Where the time goes", text)
