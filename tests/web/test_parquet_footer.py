"""Counting the values of a Parquet file without PyArrow, which some files crash."""

import random
from collections import Counter

import pyarrow as pa
import pytest
from pyarrow import parquet

from cxrules.web.parquet_footer import count_values

TABLES = {
    "lists": pa.table({"a": [1, 2, None], "b": [["x"] * 5, [], None]}),
    "wide": pa.table({f"c{number}": ["x"] * 100 for number in range(300)}),
    "nested": pa.table({"s": [{"a": 1, "b": [1, 2]}], "m": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64()))}),
    "nothing": pa.table({"a": pa.array([], pa.string())}),
}
WAYS: tuple[dict[str, object], ...] = ({}, {"row_group_size": 30}, {"write_page_index": True}, {"version": "1.0"})


def pack(table: pa.Table, **how: object) -> bytes:
    file = pa.BufferOutputStream()
    parquet.write_table(table, file, **how)
    return bytes(file.getvalue().to_pybytes())


@pytest.mark.parametrize("name", TABLES)
def test_values_are_counted_as_pyarrow_counts_them(name: str) -> None:
    for how in WAYS:
        content = pack(TABLES[name], **how)
        told = parquet.ParquetFile(pa.BufferReader(content)).metadata
        groups = [told.row_group(each) for each in range(told.num_row_groups)]
        assert count_values(content) == sum(
            group.column(leaf).num_values for group in groups for leaf in range(told.num_columns)
        )


def test_spoilt_footers_are_counted_or_refused() -> None:
    content, rng = pack(TABLES["nested"]), random.Random(4711)
    whole, footer = count_values(content), len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    outcomes = Counter[str]()
    for _ in range(2000):
        spoilt = bytearray(content)
        places = [rng.randrange(len(spoilt)) for _ in range(rng.randrange(1, 6))]
        for place in places:
            spoilt[place] = rng.randrange(256)
        try:
            counted = count_values(bytes(spoilt))
        except ValueError:
            outcomes["refused"] += 1
            assert max(places) >= footer, "what is wrong with the rest is not the footer's matter"
        else:
            outcomes["counted"] += 1
            assert counted == whole or max(places) >= footer
    assert min(outcomes["refused"], outcomes["counted"]) > 100, "both happen often"


@pytest.mark.parametrize("end", [b"", b"PAR1", b"\xff\xff\xff\x7fPAR1"])
def test_files_without_a_footer_are_refused(end: bytes) -> None:
    with pytest.raises(ValueError, match=r"not a Parquet|description of its columns"):
        count_values(b"PAR1" + end)
