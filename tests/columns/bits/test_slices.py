"""Numbers in bit slices."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from cxrules.columns.bits.slices import add_up, at_least, equal_to, greater, select, subtract

numbers = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=20)


def in_slices(column: Iterable[int]) -> list[int]:
    """Numbers in bit slices."""
    column = list(column)
    return add_up(
        (sum(1 << place for place, number in enumerate(column) if number >> digit & 1), 1 << digit)
        for digit in range(6)
    )


def read_slices(planes: list[int], place: int) -> int:
    return sum((plane >> place & 1) << digit for digit, plane in enumerate(planes))


@given(numbers, st.integers(0, 20))
def test_slices_add_and_compare_in_every_column(pairs: list[tuple[int, int]], number: int) -> None:
    everything = (1 << len(pairs)) - 1
    left, right = in_slices(one for one, _ in pairs), in_slices(other for _, other in pairs)
    less = subtract(left, number, everything)
    reached = at_least(left, number, everything)
    above = greater(left, right, everything)
    larger = select(above, left, right)
    same = equal_to(left, number, everything)
    for place, (one, other) in enumerate(pairs):
        assert one < number or read_slices(less, place) == one - number
        assert bool(reached >> place & 1) == (one >= number)
        assert read_slices(larger, place) == max(one, other)
        assert bool(above >> place & 1) == (one > other)
        assert bool(same >> place & 1) == (one == number)


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 5)), max_size=12))
def test_slices_add_up_weights(terms: list[tuple[int, int]]) -> None:
    planes = add_up(terms)
    for place in range(8):
        assert read_slices(planes, place) == sum(weight for columns, weight in terms if columns >> place & 1)
