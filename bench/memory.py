"""The memory that a recommendation takes."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Sequence

from bench.organisations import KNOWN, list_organisations
from bench.report import Section, table
from cxrules.advisor import Advisor
from cxrules.language.facts import Facts

__all__ = ["measure_memory"]


def measure_memory(advisor: Advisor, kept: int) -> Section:
    """Measure the bytes of a kept recommendation, and of what it says as JSON.

    Args:
        advisor: Who recommends.
        kept: How many recommendations are kept.
    """
    distinct = list_organisations(advisor.rulebase, min(kept, 200))
    # Reading every answer once creates what they share before anything is measured.
    organisations = [distinct[number % len(distinct)] for number in range(kept)]
    texts = [advisor.recommend(known).model_dump_json().encode() for known in distinct]
    rows = [
        ["the validated facts", _weigh(organisations, advisor.rulebase.vocabulary.validate)],
        ["the recommendation, facts included", _weigh(organisations, advisor.recommend)],
        ["the same, after all of it was read", _weigh(organisations, lambda known: _read(advisor, known))],
        ["what it says, as JSON", sum(map(len, texts)) / len(texts)],
    ]
    text = f"""\
{kept:,} recommendations kept, each on {KNOWN} known facts. What a recommendation needs beyond its facts is one small
object, one integer for the fired rules and the outcome; whatever is read is computed and not kept.

{table(["kept", "bytes each:"], [[str(name), f"{weight:,.0f}"] for name, weight in rows])}"""
    return Section("Bytes of a kept recommendation", text)


def _read(advisor: Advisor, known: Facts) -> object:
    recommendation = advisor.recommend(known)
    recommendation.model_dump()
    return recommendation


def _weigh(organisations: Sequence[Facts], make: Callable[[Facts], object]) -> float:
    kept: list[object] = [None] * len(organisations)
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for position, known in enumerate(organisations):
            kept[position] = make(known)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return (after - before) / len(organisations)
