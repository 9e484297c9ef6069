"""Bytes become bit planes and back, each bit where the layout says."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cxrules.columns.bits.transposition import LANE, read_planes, write_planes


def bit(plane: np.ndarray, row: int) -> int:
    """The bit of an organisation, by the layout."""
    held = plane.view(np.uint8)
    part, byte = divmod(row, len(held))
    return int(held[byte]) >> part & 1


@given(st.integers(1, 8), st.integers(1, 3), st.data())
def test_bytes_become_planes_and_bytes_again(digits: int, words: int, data: st.DataObject) -> None:
    codes = np.random.default_rng(data.draw(st.integers(0, 999))).integers(0, 1 << digits, words * LANE, np.uint8)
    wanted = data.draw(st.lists(st.booleans(), min_size=digits, max_size=digits))
    planes = [np.empty(words, np.uint64) for _ in range(digits)]
    read_planes(codes.view(np.uint64).reshape(8, words), planes)
    for place, plane in enumerate(planes):
        assert [bit(plane, row) for row in range(len(codes))] == (codes >> place & 1).tolist()
    assert (write_planes(planes) == codes).all()
    some = [np.zeros(words, np.uint64) if want else None for want in wanted]
    read_planes(codes.view(np.uint64).reshape(8, words), some)
    assert all(found is None or (found == plane).all() for found, plane in zip(some, planes, strict=True))
