"""Certainty combines the certainty factors of the evidence, in any order."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from cxrules.policy.evidence import certainty, exact_certainty
from tests.policy.small_cases import combine


@settings(max_examples=2 * settings().max_examples)
@given(points=st.lists(st.integers(-3, 3), max_size=40))
def test_certainty_is_the_pairwise_combination_in_any_order(points: list[int]) -> None:
    total = Fraction(0)
    for item in points:
        total = combine(total, exact_certainty(item))
    assert total == exact_certainty(sum(points))
    assert certainty(sum(points)) == float(total)  # both rounded once


@settings(max_examples=2 * settings().max_examples)
@given(points=st.integers(-60, 60))
def test_certainty_is_an_odd_and_increasing_function(points: int) -> None:
    assert certainty(-points) == -certainty(points)
    assert -1 <= certainty(points) < certainty(points + 1) <= 1
