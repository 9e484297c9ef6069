"""The questions answered by search: medians on the built-in rule base, compared with a naive exhaustive search.

The organisations know 15 to 30 facts. The naive search calls `recommend` for one organisation after another. If that
takes too long, it is timed on the first organisations and the time is scaled up; otherwise the answers are compared
before any time is printed.

    python -m bench.search
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations, islice
from statistics import median

from bench.organisations import read_organisations
from bench.report import Target, write_targets
from cxrules import Advisor, Recommendation
from cxrules.language.facts import FactValue
from cxrules.search.changes import apply, list_changes
from cxrules.search.possibilities import possibilities_of

LEAST_KNOWN, MOST_KNOWN = 15, 30
TARGET = "cmo_owned"
"""The model that is hardest to reach, so that a search for it has to examine everything."""

NAIVE = 5
"""Organisations on which the naive search is timed."""

CALLS = 20
"""How often `recommend()` is timed in turn with each question."""

STEPS = 4000
"""Organisations that the naive search may look at before its time is scaled up."""


def recommend_all(advisor: Advisor) -> list[Recommendation]:
    """Return the recommendations for the organisations of one set of readings that have the right size."""
    return [advisor.recommend(facts) for facts in read_organisations() if LEAST_KNOWN <= len(facts) <= MOST_KNOWN]


def time_median(ask: Callable[[Recommendation], object], advice: Iterable[Recommendation]) -> tuple[float, float]:
    """Return the median and the longest time of a question, in milliseconds."""
    times = []
    for each in advice:
        ask(each)
        start = time.perf_counter()
        ask(each)
        times.append(1000 * (time.perf_counter() - start))
    return median(times), max(times)


def measure_ratios(
    ask: Callable[[Recommendation], object], advice: Sequence[Recommendation], advisor: Advisor
) -> tuple[float, float, float]:
    """Return the median, the 95th percentile and the longest time of a question, in times of `recommend()`.

    It is CPU time; every question takes turns with the call that it is compared with.
    """
    times: list[float] = []
    usual: list[float] = []
    for each in advice:
        known = dict(each.facts)
        ask(each)
        start = time.thread_time()
        ask(each)
        times.append(time.thread_time() - start)
        for _ in range(CALLS):
            start = time.thread_time()
            advisor.recommend(known)
            usual.append(time.thread_time() - start)
    times.sort()
    base = median(usual)
    return median(times) / base, times[len(times) * 95 // 100] / base, times[-1] / base


def list_targets(advice: Sequence[Recommendation], advisor: Advisor) -> Iterator[Target]:
    """Compare the questions with the targets for their cost, in times of `recommend()`."""
    unit = "times recommend()"
    for name, ask, bound in (
        ("robustness", Recommendation.robustness, 300),
        ("next questions", Recommendation.next_questions, 150),
        ("explain", Recommendation.explain, 200),
    ):
        usual, most, _ = measure_ratios(ask, advice, advisor)
        yield Target.at_most(f"{name}, median", usual, bound, unit)
        if name == "explain":
            yield Target.at_most(f"{name}, 95th percentile", most, 400, unit)
    usual, _, longest = measure_ratios(Recommendation.settled, advice, advisor)
    yield Target.at_most("settled, the longest", longest / usual, 10, "times the median")


def time_naive(steps: Iterable[object], total: int) -> float:
    """Time some steps of a naive search, and return the milliseconds for all of them."""
    start = time.perf_counter()
    done = sum(1 for _ in islice(steps, STEPS))
    return 1000 * (time.perf_counter() - start) * max(total, 1) / max(done, 1)


def try_changes(advisor: Advisor, advice: Recommendation, most: int) -> Iterator[str | None]:
    """Decide after every set of changes up to a size, one by one."""
    possibilities = possibilities_of(advice.judge)
    changes = list_changes(possibilities, advice.decision.known)
    for size in range(1, most + 1):
        for chosen in combinations(changes, size):
            if len({(change.fact, change.element) for change in chosen}) == size:
                facts = apply(advice.decision.known, chosen, possibilities)
                if not advice.rulebase.incoherences(facts):
                    yield advisor.recommend(facts).model


def count_changes(advice: Recommendation, most: int) -> int:
    """Count the sets of changes that the naive search goes through, including those that clash."""
    size = len(list_changes(possibilities_of(advice.judge), advice.decision.known))
    total, ways = 0, 1
    for chosen in range(1, most + 1):
        ways = ways * (size - chosen + 1) // chosen
        total += ways
    return total


def try_completions(advisor: Advisor, advice: Recommendation) -> Iterator[str | None]:
    """Decide on random completions, one by one."""
    cases = possibilities_of(advice.judge).cases
    unknown = [name for name in cases if name not in advice.decision.known]
    rng = random.Random(1)  # noqa: S311 - not a secret
    while True:
        drawn: dict[str, FactValue] = {name: rng.choice(cases[name]) for name in unknown}
        yield advisor.recommend({**advice.decision.known, **drawn}).model


def count_completions(advice: Recommendation) -> int:
    """Count the completions of what is known."""
    total = 1
    for name, values in possibilities_of(advice.judge).cases.items():
        total *= 1 if name in advice.decision.known else len(values)
    return total


def compare(advisor: Advisor, advice: Recommendation) -> None:
    """Compare the search with the naive one where that is fast enough.

    Raises:
        AssertionError: If they differ.
    """
    naive = set(try_changes(advisor, advice, 1)) - {advice.model}
    assert bool(naive) == bool(advice.counterfactuals(max_changes=1).sets)
    reached = TARGET in set(try_changes(advisor, advice, 2))
    assert reached == bool(advice.counterfactuals(TARGET, 2).sets)


def main() -> None:
    """Print the table."""
    advisor = Advisor()
    advice = recommend_all(advisor)
    some = advice[:NAIVE]
    for each in some:
        compare(advisor, each)
    facts = [len(each.decision.known) for each in advice]
    print(f"{len(advice)} organisations, {min(facts)} to {max(facts)} known facts; milliseconds")
    print(f"{'question':<34}{'median':>10}{'longest':>10}{'naive, median':>26}")

    def row(
        name: str, ask: Callable[[Recommendation], object], naive: Callable[[Recommendation], float] | None
    ) -> None:
        usual, longest = time_median(ask, advice)
        beside = "" if naive is None else f"{median(naive(each) for each in some):.3g}"
        print(f"{name:<34}{usual:>10.2f}{longest:>10.2f}{beside:>26}", flush=True)

    row("why", lambda each: each.why(), None)
    row("what if the CEO championed CX", lambda each: each.what_if(ceo_involvement="champion"), None)
    for most in (1, 2, 3):
        row(
            f"nearest other model, {most} at most",
            lambda each, most=most: each.counterfactuals(max_changes=most),  # type: ignore[misc]
            lambda each, most=most: time_naive(try_changes(advisor, each, most), count_changes(each, most)),  # type: ignore[misc]
        )
        row(
            f"changes to {TARGET}, {most} at most",
            lambda each, most=most: each.counterfactuals(TARGET, most),  # type: ignore[misc]
            lambda each, most=most: time_naive(try_changes(advisor, each, most), count_changes(each, most)),  # type: ignore[misc]
        )
    row(
        "settled",
        Recommendation.settled,
        lambda each: time_naive(try_completions(advisor, each), count_completions(each)),
    )
    row(
        "next questions",
        Recommendation.next_questions,
        lambda each: time_naive(try_completions(advisor, each), count_completions(each)),
    )
    row(
        "sufficient set",
        Recommendation.sufficient,
        lambda each: time_naive(
            (
                advisor.recommend({name: each.decision.known[name] for name in part}).model
                for size in range(len(each.decision.known) + 1)
                for part in combinations(each.decision.known, size)
            ),
            1 << len(each.decision.known),
        ),
    )
    row("robustness", Recommendation.robustness, None)
    row("explain", Recommendation.explain, None)
    row("explain, without searches", lambda each: each.explain(searches=False), None)
    row("why not a rule, nearest change", lambda each: each.why_not("unit-among-silos").nearest_change, None)
    print(f"naive: one organisation after another, timed on {STEPS} of them at most and scaled up to all.\n")
    print(write_targets(list_targets(advice, advisor)))


if __name__ == "__main__":
    main()
