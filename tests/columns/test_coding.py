"""Cells of text and list columns: slices, missing cells with data beneath, and wrong values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrules import Advisor
from cxrules.columns.coding import Coder
from cxrules.errors import SHOWN, InvalidOrganisation
from cxrules.language.facts import Kind

CODER: Coder = Advisor().tables.coder
FACTS = CODER.vocabulary.facts
CHOICES = [name for name, fact in FACTS.items() if fact.kind in (Kind.ORDERED, Kind.CHOICE)]
SET = next(name for name, fact in FACTS.items() if fact.kind is Kind.SET)


def hidden(column: pa.Array, missing: list[bool]) -> pa.Array:
    """Return a column whose missing cells still have data beneath."""
    bits = np.packbits(~np.array(missing, bool), bitorder="little")
    buffers = column.buffers()
    own = len(buffers) if not pa.types.is_nested(column.type) else 2
    children = [column.values] if pa.types.is_nested(column.type) else None
    return pa.Array.from_buffers(column.type, len(column), [pa.py_buffer(bits), *buffers[1:own]], children=children)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()], ids=str)
@given(data=st.data())
def test_texts_are_read_cell_for_cell(kind: pa.DataType, data: st.DataObject) -> None:
    fact = FACTS[data.draw(st.sampled_from(CHOICES))]
    cell = st.tuples(st.sampled_from(fact.names), st.booleans())
    cells = data.draw(st.lists(cell | st.tuples(st.sampled_from(["", "hihg"]), st.just(True)), max_size=30))
    wrong = data.draw(st.sets(st.integers(0, max(len(cells) - 1, 0)), max_size=2)) if cells else set()
    texts = ["hihg" if row in wrong else text for row, (text, _) in enumerate(cells)]
    missing = [lost for _, lost in cells]
    start = data.draw(st.integers(0, len(cells)))
    codes, faults = CODER.encode(fact.name, hidden(pa.array(texts, kind), missing).slice(start))
    expected = [
        0 if lost or text == "hihg" else CODER.code_of(fact, text) for text, lost in zip(texts, missing, strict=True)
    ]
    assert codes.tolist() == expected[start:]
    told = sorted(row for fault in faults for row in fault.rows.tolist())
    assert told == [row - start for row in range(start, len(cells)) if texts[row] == "hihg" and not missing[row]]


@pytest.mark.parametrize("make", [pa.list_, pa.large_list], ids=["list", "large_list"])
@given(data=st.data())
def test_lists_are_read_cell_for_cell(make: type, data: st.DataObject) -> None:
    fact = FACTS[SET]
    cells = data.draw(
        st.lists(st.tuples(st.lists(st.sampled_from(fact.names), max_size=3), st.booleans()), max_size=30)
    )
    start = data.draw(st.integers(0, len(cells)))
    column = hidden(pa.array([items for items, _ in cells], make(pa.string())), [lost for _, lost in cells])
    codes, faults = CODER.encode(SET, column.slice(start))
    assert not faults
    expected = [0 if lost else CODER.code(fact, items) for items, lost in cells]
    assert codes.tolist() == expected[start:]


def as_texts(cells: list[str]) -> pa.Array:
    return pa.array(cells)


def as_lists(cells: list[str]) -> pa.Array:
    return pa.array([[cell] for cell in cells])


@pytest.mark.parametrize("make", [as_texts, as_lists, list], ids=["texts", "lists", "objects"])
def test_each_of_many_mistakes_is_reported_once_and_the_first_with_a_suggestion(
    make: Callable[[list[str]], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def count(word: str, _known: Sequence[str]) -> str:
        asked.append(word)
        return "did you mean another?"

    monkeypatch.setattr("cxrules.language.facts.suggest", count)
    name = SET if make is as_lists else CHOICES[0]
    cells = [f"x{number}" for number in range(3 * SHOWN)]
    codes, faults = CODER.encode(name, make([*cells, cells[0]]))
    assert not codes.any()
    assert [fault.rows.tolist() for fault in faults[1:]] == [[row] for row in range(1, len(cells))]
    assert faults[0].rows.tolist() == [0, len(cells)]
    assert [bool(fault.diagnostic.hint) for fault in faults] == [True] * SHOWN + [False] * (2 * SHOWN)
    assert len(asked) == SHOWN, "a suggestion takes most of the time"


@pytest.mark.parametrize(
    "column",
    [
        pa.array([2**62, None], pa.timestamp("s")),
        pa.array([1, None], pa.timestamp("s", tz="No/Where")),
        pa.array([1, None], pa.timestamp("s", tz="+25:00")),
        pa.array([2**60 + 1, None], pa.timestamp("ns")),
        pa.array([2**31 - 1, None], pa.date32()),
        pa.array([2**62, None], pa.duration("s")),
        pa.array([[2**62], None], pa.list_(pa.timestamp("s"))),
    ],
    ids=lambda column: str(column.type),
)
@pytest.mark.parametrize("kind", Kind)
def test_a_cell_that_python_cannot_hold_is_a_mistake_like_any_other(column: pa.Array, kind: Kind) -> None:
    fact = next(fact for fact in FACTS.values() if fact.kind is kind)
    codes, faults = CODER.encode(fact.name, column)
    assert codes.tolist() == [0, 0]
    assert [fault.rows.tolist() for fault in faults] == [[0]]
    with pytest.raises(InvalidOrganisation):
        fact.examine(column[0])
