"""`columns` and `keep` say which columns have the facts; mistakes in them are reported."""

from __future__ import annotations

from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from cxrules import Advisor, InvalidOrganisation
from cxrules.language.facts import Kind

ADVISOR = Advisor()
SET = next(name for name, fact in ADVISOR.rulebase.vocabulary.facts.items() if fact.kind is Kind.SET)
FRAMES = (pd.DataFrame, pl.DataFrame, pa.table)
TABLE = {"Wall": ["severe"], "maturity": ["early"], "x": [True]}


@pytest.mark.parametrize("make", FRAMES)
@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"Wall": "silos"},
            "columns.Wall: no such fact.*the fact first, its column second: columns={'silos': 'Wall'}",
        ),
        ({"silos": None}, r"columns.silos: the name of a column is expected, not None"),
        ({"silos": 0}, r"columns.silos: (the name of a column is expected, not 0|no such column: 0)"),
        ({"silos": ["Wall"]}, r"columns.silos: the name of a column is expected, not \['Wall'\]"),
        ({SET: ["x"]}, r"the name of a column, or a column for each element, is expected, not \['x'\]"),
        ({SET: {}}, r"columns.*: no column for any element"),
        ({SET: {"loyalty": ["x"]}}, r"columns.*loyalty: the name of a column is expected, not \['x'\]"),
    ],
)
def test_a_wrong_column_is_reported(make: Any, columns: Any, message: str) -> None:
    for ask in (
        lambda: ADVISOR.recommend_frame(make(TABLE), columns=columns),
        lambda: ADVISOR.recommend_row(make(TABLE), 0, columns=columns),
    ):
        with pytest.raises(InvalidOrganisation, match=message):
            ask()


@pytest.mark.parametrize(
    "options",
    [{"columns": ["silos"]}, {"columns": str.lower}, {"keep": 3}, {"also": 3}, {"prefix": 3}],
    ids=str,
)
def test_an_option_of_the_wrong_type_is_reported(options: dict[str, Any]) -> None:
    (name,) = options
    for make in FRAMES:
        with pytest.raises((TypeError, ValueError), match=name):
            ADVISOR.recommend_frame(make({"silos": ["severe"]}), **options)


def test_a_column_kept_twice_appears_once() -> None:
    for make in FRAMES:
        answered: Any = ADVISOR.recommend_frame(make(TABLE), keep=["x", "x"], brief=True)
        assert list(getattr(answered, "column_names", answered.columns))[:2] == ["x", "model"]


def test_a_kept_column_keeps_its_type_and_metadata() -> None:
    field = pa.field("x", pa.int64(), nullable=False, metadata={"unit": "EUR"})
    table = pa.table({"silos": ["severe"], "x": [1]}, pa.schema([pa.field("silos", pa.string()), field]))
    for answered in (ADVISOR.recommend_frame(table, keep=True), ADVISOR.recommend_frame(table.to_reader(), keep=True)):
        assert answered.schema.field("x").equals(field, check_metadata=True)
