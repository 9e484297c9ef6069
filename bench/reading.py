"""The time to read an answer compared with deciding, and of one form of input compared with another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bench.organisations import list_organisations
from bench.report import Section, Target, fold, show_microseconds, table
from bench.timing import time_in_turn
from cxrules.advisor import Advisor
from cxrules.language.facts import Kind
from cxrules.recommendation.answer import Recommendation

__all__ = ["measure_reading"]

_BASE = "`recommend(facts)`"
_JSON = "`advice.model_dump_json()`"
_TUPLE, _LIST = "an organisation validated, its sets as tuples", "an organisation validated, its sets as JSON lists"

JSON_TIMES = 5
LIST_TIMES = 1.3


def measure_reading(advisor: Advisor, count: int, seconds: float) -> Section:
    """Time what is read of an answer that was just given.

    Args:
        advisor: Who recommends.
        count: How many organisations.
        seconds: How long to measure.
    """
    organisations = list_organisations(advisor.rulebase, count)
    vocabulary = advisor.rulebase.vocabulary
    some_set = next(fact for fact in vocabulary.facts.values() if fact.kind is Kind.SET)
    tuples = [{**known, some_set.name: known.get(some_set.name, some_set.names[:2])} for known in organisations]
    lists = [
        {name: list(value) if isinstance(value, tuple) else value for name, value in known.items()} for known in tuples
    ]
    reads: dict[str, Callable[[Recommendation], object]] = {
        "`advice.model`, `advice.status`, `advice.certainty`": lambda each: (each.model, each.status, each.certainty),
        "`advice.ranking`": lambda each: each.ranking,
        "`advice.fired`": lambda each: each.fired,
        _JSON: Recommendation.model_dump_json,
        "`advice.model_dump()`": Recommendation.model_dump,
    }
    calls: dict[str, Callable[[Any], object]] = {_BASE: advisor.recommend, **reads}
    # Each has separate answers, so that none profits from what another has read.
    inputs: dict[str, Sequence[Any]] = {_BASE: organisations}
    inputs |= {name: [advisor.recommend(known) for known in organisations] for name in reads}
    calls |= dict.fromkeys((_TUPLE, _LIST), vocabulary.validate)
    inputs |= {_TUPLE: tuples, _LIST: lists}
    times = time_in_turn(calls, inputs, seconds)
    base = times[_BASE].median
    rows = [
        [name, show_microseconds(taken.median), show_microseconds(taken.p95), f"{taken.median / base:.2f}"]
        for name, taken in times.items()
    ]
    text = fold(
        f"""The time to read parts of an answer, on {count} organisations; reading does not decide again, and each call
        reads an answer that was not read before in that round. Microseconds of CPU time."""
    )
    text += f"\n\n{table(['what', 'median:', '95th percentile:', 'times recommend():'], rows)}"
    return Section(
        "Reading an answer",
        text,
        (
            Target.at_most("model_dump_json()", times[_JSON].median / base, JSON_TIMES, "times recommend()"),
            Target.at_most(
                "a set given as a JSON list, validated",
                times[_LIST].median / times[_TUPLE].median,
                LIST_TIMES,
                "times a tuple",
            ),
        ),
    )
