"""Tables sent to the page: their cost is bounded, and each is answered or refused."""

from __future__ import annotations

import io
import json
import sys
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrules import Advisor
from cxrules.search.budget import time_limit
from cxrules.web.service import Service
from cxrules.web.table import decide_table
from cxrules.web.upload import ENDINGS, MOST_COLUMNS, MOST_ROWS, open_upload
from tests.columns.test_cell_texts import FILES
from tests.web.tables import encode

ADVISOR = Advisor()
MOST_MEMORY = 100 << 20


def parquet(table: pa.Table, *, dictionary: bool = True) -> bytes:
    from pyarrow.parquet import write_table

    file = io.BytesIO()
    write_table(table, file, compression="zstd", use_dictionary=dictionary)
    return file.getvalue()


def nulls() -> bytes:
    return parquet(pa.table({"silos": pa.nulls(3_000_000, pa.string())}))


def long_texts() -> bytes:
    """Return a file of less than a megabyte with a hundred gigabytes of text."""
    indices = pa.array([0] * MOST_ROWS, pa.int32())
    texts = pa.DictionaryArray.from_arrays(indices, pa.array(["severe" + " " * 1_000_000]))
    return parquet(pa.table({"silos": pa.array(["severe"] * MOST_ROWS), "note": texts}))


def zeros() -> bytes:
    return parquet(pa.table({"silos": ["severe"] * 9, "note": ["\x00" * (8 << 20)] * 9}), dictionary=False)


def long_lists() -> bytes:
    """Return a small file with fifty million elements in one cell."""
    nulls = pa.nulls(50_000_000, pa.int8())
    return parquet(pa.table({"silos": ["severe"], "note": pa.ListArray.from_arrays([0, len(nulls)], nulls)}))


def texts_in_lists() -> bytes:
    """Return a small file with a megabyte in each of a hundred thousand elements."""
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * MOST_ROWS, pa.int32()), pa.array(["x" * 1_000_000]))
    lists = pa.ListArray.from_arrays(pa.array([0, MOST_ROWS], pa.int32()), texts)
    return parquet(pa.table({"silos": ["severe"], "note": pa.StructArray.from_arrays([lists], ["in"])}))


def fixed() -> bytes:
    return parquet(pa.table({"silos": ["severe"], "note": pa.array([b"x" * 1_000_000], pa.binary(1_000_000))}))


def try_to_decide(name: str, content: bytes) -> int | str:
    """Return how many rows there are, or why there is no answer."""
    try:
        return int(decide_table(ADVISOR, name, encode(content))["count"])
    except ValueError as error:
        return str(error)


HOSTILE = {
    "nulls.parquet": (nulls, "100,000 rows"),
    "texts.parquet": (long_texts, "too large"),
    "lists.parquet": (long_lists, "10,000,000 values"),
    "elements.parquet": (texts_in_lists, "64 MiB when it is unpacked"),
    "fixed.parquet": (fixed, "1,000 bytes in each cell"),
    "wide.parquet": (lambda: parquet(pa.table({f"x{number}": [1] for number in range(1001)})), "1,000 columns"),
    "rows.csv": (lambda: b"silos\n" + b"severe\n" * (MOST_ROWS + 1), "100,000 rows"),
    "rows.json": (lambda: b"[" + b"{}," * (MOST_ROWS + 1) + b"{}]", "100,000 rows"),
    "wide.csv": (lambda: ",".join(f"silo{number}" for number in range(60_000)).encode() + b"\n", "1,000 columns"),
    "wide.jsonl": (lambda: json.dumps({f"silo{number}": 1 for number in range(60_000)}).encode(), "1,000 columns"),
    "unknown.csv": (
        lambda: ",".join(f"column_{number}" for number in range(MOST_COLUMNS)).encode() + b"\n",
        "no column has the name of a fact",
    ),
    "nested.json": (lambda: b'[{"silos": [' + b"{}," * 1_000_000 + b"{}]}]", "lists and objects"),
    "deep.jsonl": (lambda: b'{"silos": ' + b"[" * 100_000, "JSON that cannot be read"),
    "digits.json": (lambda: b'{"retention_budget_share": ' + b"9" * 100_000 + b"}", "JSON that cannot be read"),
    "wrong.csv": (lambda: b"silos\n" + b"".join(b"s%d\n" % each for each in range(50_000)), "20 mistakes"),
    "field.csv": (lambda: b"silos,x\nsevere," + b"x" * 200_000 + b"\n", "field larger than"),
    "ragged.csv": (lambda: b"silos\nsevere,x,y\n", "line 2: a row has 3 cells, and the header 1: severe,x,y"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_table_is_refused_with_its_reason_and_in_little_memory(name: str) -> None:
    make, said = HOSTILE[name]
    sent = encode(make())
    before = pa.total_allocated_bytes()
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=said):
            decide_table(ADVISOR, name, sent)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 2 * MOST_MEMORY if name == "texts.parquet" else most < MOST_MEMORY
    assert pa.total_allocated_bytes() - before < MOST_MEMORY


def test_a_file_that_unpacks_to_much_is_refused_before_it_is_read() -> None:
    with pytest.raises(ValueError, match="64 MiB when it is unpacked"):
        open_upload("zeros.parquet", zeros())


def test_cells_of_every_type_are_read() -> None:
    table = pa.table(
        {
            "silos": pa.array(["severe", None]).dictionary_encode(),
            "marketing_journey_coverage": [["loyalty"], None],
            "retention_budget_share": pa.array([15, None], pa.decimal128(5, 2)),
            "transformation_goal": [True, None],
            "a": pa.array([[("k", "v")], None], pa.map_(pa.string(), pa.string())),
            "b": [{"x": "y"}, None],
            "c": [b"\x00", None],
            "d": [datetime(2026, 11, 29, tzinfo=UTC), None],
            "e": pa.array([["f"], ["g"]], pa.list_(pa.string(), 1)),
        }
    )
    told = decide_table(ADVISOR, "t.parquet", encode(parquet(table)))
    assert told["rows"][0]["facts"] == {
        "silos": "severe",
        "retention_budget_share": 15,
        "transformation_goal": True,
        "marketing_journey_coverage": ["loyalty"],
    }
    assert told["rows"][1]["facts"] == {}


def test_a_list_of_fixed_size_may_be_null() -> None:
    from pyarrow.parquet import read_table

    packed = parquet(pa.table({"silos": ["none", "none"], "e": pa.array([["f"], None], pa.list_(pa.string(), 1))}))
    try:
        read_table(pa.BufferReader(packed))
    except pa.ArrowInvalid:
        pytest.skip(f"PyArrow {pa.__version__} cannot read such a list itself")
    assert decide_table(ADVISOR, "t.parquet", encode(packed))["count"] == 2


def test_rows_are_read_lazily() -> None:
    upload = open_upload("t.parquet", parquet(pa.table({"silos": ["severe", None] * 5_000})))
    assert isinstance(upload.rows, Iterator)
    assert [next(upload.rows) for _ in range(2)] == [("severe",), (None,)]


def test_the_page_offers_the_formats_that_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Service(ADVISOR).call("vocabulary", {})["tables"] == list(ENDINGS)
    monkeypatch.setattr("cxrules.web.upload.find_spec", lambda _: None)
    assert Service(ADVISOR).call("vocabulary", {})["tables"] == [each for each in ENDINGS if each != ".parquet"]
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ValueError, match="needs the extra frame"):
        open_upload("t.parquet", b"")


def test_a_table_has_a_time_limit() -> None:
    with time_limit(0), pytest.raises(ValueError, match="the time was up"):
        decide_table(ADVISOR, "t.csv", encode(b"silos\nsevere\n"))


def test_parquet_and_csv_are_decided_alike() -> None:
    table = pa.table({"company": ["A", "=B"], "silos": ["severe", "unknown"], "retention_budget_share": [12.5, None]})
    told = decide_table(ADVISOR, "t.parquet", encode(parquet(table)))
    assert told == decide_table(
        ADVISOR, "t.csv", encode(b"company,silos,retention_budget_share\nA,severe,12.5\n=B,unknown,\n")
    )
    assert [row["label"] for row in told["rows"]] == ["A", "=B"]
    assert "'=B" in told["csv"]


@given(ending=st.sampled_from(ENDINGS), content=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_content_is_answered_or_refused(ending: str, content: bytes) -> None:
    for each in (content, b"silos,x\n" + content, b'{"silos": ' + content, b"PAR1" + content + b"PAR1"):
        assert try_to_decide(f"t{ending}", each)


@pytest.mark.parametrize("name", FILES)
def test_a_spoilt_parquet_file_is_answered_or_refused(name: str) -> None:
    good = parquet(pa.table({"silos": ["severe"], "note": [name]}))
    at = list(FILES).index(name) * len(good) // len(FILES)
    for spoilt in (good[:at] + b"\xff" + good[at + 1 :], good[:at] + good[at + 1 :], good[:at]):
        assert try_to_decide("t.parquet", spoilt)
