"""The program of a rule base grows no faster than its tests, measured in gates."""

from itertools import pairwise

from bench.growth import count_gates
from bench.synthetic import CORE, make_synthetic
from cxrules import RuleBase


def test_gates_grow_no_faster_than_tests() -> None:
    counts = [count_gates(make_synthetic(size * CORE)) for size in (1, 2, 4, 8)]
    for (tests, gates), (more_tests, more_gates) in pairwise(counts):
        assert more_tests > 1.8 * tests
        assert more_gates / gates <= more_tests / tests
    for tests, gates in (*counts, count_gates(RuleBase.builtin())):
        assert gates <= 8 * tests
