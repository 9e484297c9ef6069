"""Cells of Arrow columns: names in text columns, dictionary tables, the elements of lists."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrules.columns.arrow_buffers import Lexicon, group_rows, look_up, unite_lists

KINDS = [pa.string(), pa.large_string()]
if int(pa.__version__.partition(".")[0]) >= 20:  # before, Arrow had little support for views
    KINDS.append(pa.string_view())

names = st.lists(st.text("abé_", min_size=1, max_size=20), min_size=1, max_size=12, unique=True)


def spoil(name: str) -> st.SearchStrategy[str]:
    """Texts that are easily mistaken for a name."""
    return st.sampled_from([name, name + "\0", name[:-1], name[:-1] + "\0", name[:-1] + "z", name + name, name + "z"])


@pytest.mark.parametrize("kind", KINDS, ids=str)
@given(names, st.data())
def test_only_exact_names_are_found(kind: pa.DataType, known: list[str], data: st.DataObject) -> None:
    cell = st.none() | st.sampled_from(known)
    if data.draw(st.booleans()):
        cell |= st.sampled_from(known).flatmap(spoil)
    cells = data.draw(st.lists(cell, max_size=20))
    start = data.draw(st.integers(0, len(cells)))
    found = Lexicon(known).find(pa.array(cells, kind).slice(start))
    expected = [0 if text is None else known.index(text) + 1 if text in known else None for text in cells[start:]]
    assert (found is None) == (None in expected)
    assert found is None or found.tolist() == expected


def test_texts_are_read_beyond_one_block() -> None:
    cells = ["few", None, "many", "none"] * 10_000
    found = Lexicon(["none", "few", "many"]).find(pa.array(cells))
    assert found is not None
    assert found.tolist() == [2, 0, 3, 1] * 10_000
    assert Lexicon(["none", "few", "many"]).find(pa.array([*cells, "fwe"])) is None


@given(st.sampled_from([np.uint8, np.uint16, np.uint64]), st.data())
def test_look_up_takes_the_entry_of_each_index(kind: Any, data: st.DataObject) -> None:
    entries = st.lists(st.integers(0, np.iinfo(kind).max), min_size=1, max_size=300)
    table = data.draw(entries | st.integers(1, 5).map(lambda size: list(range(1, size + 1))))
    places = data.draw(st.lists(st.integers(0, len(table) - 1), max_size=20))
    valid = data.draw(st.lists(st.booleans(), min_size=len(places), max_size=len(places)))
    indices = np.array(places, data.draw(st.sampled_from([np.uint16, np.int32])))
    known = np.array(table, kind)
    assert look_up(known, indices).tolist() == [table[place] for place in places]
    expected = [table[place] * own for place, own in zip(places, valid, strict=True)]
    assert look_up(known, indices, np.array(valid, bool)).tolist() == expected


@given(st.integers(1, 300), st.data())
def test_rows_are_grouped_by_what_they_name(size: int, data: st.DataObject) -> None:
    entries = st.integers(0, size - 1)
    indices = data.draw(st.lists(entries, max_size=30))
    valid = data.draw(st.none() | st.lists(st.booleans(), min_size=len(indices), max_size=len(indices)))
    groups = data.draw(st.lists(entries, max_size=10, unique=True))
    mask = None if valid is None else np.array(valid, bool)
    found = group_rows(np.array(indices, np.int32), mask, groups, size)
    expected = [
        [row for row, one in enumerate(indices) if one == group and (valid is None or valid[row])] for group in groups
    ]
    assert [rows.tolist() for rows in found] == expected


@pytest.mark.parametrize("longest", [5, 300])
@given(data=st.data())
def test_the_elements_of_a_list_are_united(longest: int, data: st.DataObject) -> None:
    lengths = data.draw(st.lists(st.integers(0, 4) | st.just(longest), max_size=8))
    flags = np.random.default_rng(1).integers(0, 256, sum(lengths), np.uint8)
    ends = np.cumsum(lengths, dtype=int)
    expected = [
        int(np.bitwise_or.reduce(flags[end - length : end], initial=0))
        for end, length in zip(ends.tolist(), lengths, strict=True)
    ]
    starts = ends - np.array(lengths, int)
    assert unite_lists(flags, starts, np.array(lengths, np.int32)).tolist() == expected
