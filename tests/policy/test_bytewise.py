"""Names of set bits, for few and many bits and names."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from cxrules.policy.bytewise import BitNames


@given(st.integers(1, 3_000), st.data())
def test_bits_are_named_in_their_order(size: int, data: st.DataObject) -> None:
    names = BitNames(f"rule-{number}" for number in range(size))
    for most in (3, 200):
        places = data.draw(st.sets(st.integers(0, size - 1), max_size=most))
        bits = sum(1 << place for place in places)
        expected = [f"rule-{place}" for place in sorted(places)]
        assert list(names.read(bits)) == expected
        assert json.loads(names.write(bits)) == expected
