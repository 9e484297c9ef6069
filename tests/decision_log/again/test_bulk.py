"""Many records at once: numbers of any size are read from columns."""

from hypothesis import given
from hypothesis import strategies as st

from cxrules.decision_log.again.bulk import _read_numbers


@given(st.lists(st.integers(0, 100_000), min_size=1), st.integers(17, 20))
def test_numbers_are_read_from_columns_of_their_digits(numbers: list[int], digits: int) -> None:
    planes = [sum((number >> digit & 1) << place for place, number in enumerate(numbers)) for digit in range(digits)]
    assert list(_read_numbers(planes, len(numbers))) == numbers
