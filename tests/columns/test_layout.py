"""`columns` and `keep` say which columns have the facts; mistakes in them are reported."""

from __future__ import annotations

from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from cxrules import Advisor, InvalidOrganisation
from cxrules.columns.layout import ALL, PAGE, lay_out
from cxrules.language.facts import Kind, Vocabulary
from tests import ROOT
from tests.rulebases import make_fact

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


ORDINARY = (ROOT / "tests/data/ordinary_names.txt").read_text("utf-8").split()


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_column_is_no_misspelt_fact(name: str) -> None:
    assert ADVISOR.recommend_row(pa.table({name: ["x"], "id": ["7"], "morale": ["high"]}), 0).facts == {
        "morale": "high"
    }


def slips(name: str) -> list[str]:
    """Return the commonest slips in a name: letters swapped, doubled and left out, other spellings."""
    swapped = [name[:at] + name[at + 1] + name[at] + name[at + 2 :] for at in range(len(name) - 1)]
    doubled = [name[: at + 1] + name[at:] for at in range(len(name))]
    dropped = [name[:at] + name[at + 1 :] for at in range(len(name))]
    found = {*swapped, *doubled, *dropped, name.upper(), name.title().replace("_", " ")}
    return sorted(found - {name})


@pytest.mark.parametrize("name", ADVISOR.rulebase.vocabulary.facts)
def test_a_column_with_a_slip_in_the_name_of_a_fact_is_refused(name: str) -> None:
    """The kind: a fact that is ignored because of a slip, which changes answers unnoticed."""
    other = "silos" if name != "silos" else "scope"
    for slip in slips(name):
        with pytest.raises(InvalidOrganisation, match=f"almost the name of the fact '{name}'"):
            ADVISOR.recommend_row(pa.table({"id": ["7"], other: [None], slip: [None]}), 0)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("customers_2025 ", "customers_2025"),
        ("Customers 2025", "customers_2025"),
        ("customers_22025", "customers_2025"),
    ],
)
def test_of_facts_with_similar_names_the_closest_is_suggested(name: str, meant: str) -> None:
    """The kind: a suggestion of the first fact that is close enough, where another one is meant."""
    known = Vocabulary({each: make_fact(each, Kind.PERCENT) for each in ("customers_2024", "customers_2025", "other")})
    with pytest.raises(InvalidOrganisation, match=f"almost the name of the fact '{meant}'"):
        lay_out(known, [name, "other"], None, ALL, PAGE)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([SET, f"{SET}.loyalty"], f"{SET}.loyalty: the fact '{SET}' has a column, and its elements have others"),
        (["silos.severe"], "silos.severe: only a set has a column for each element"),
        (["silso.severe"], "silso.severe: only a set has a column for each element"),
        ([f"{SET[:-1]}.loyalty"], f"almost the name of an element of the fact '{SET}'"),
        ([f"{SET}.loyallty"], "no such element.*did you mean 'loyalty'"),
    ],
)
def test_a_dotted_column_is_used_or_refused(names: list[str], said: str) -> None:
    """The kind: a column for an element that is dropped, because the fact has a column or takes no elements."""
    table = pa.table({"morale": ["high"], **{name: [None] for name in names}})
    for ask in (
        lambda: ADVISOR.recommend_row(table, 0),
        lambda: ADVISOR.recommend_frame(table),
        lambda: lay_out(ADVISOR.rulebase.vocabulary, table.column_names, None, ALL, PAGE),
    ):
        with pytest.raises(InvalidOrganisation, match=said):
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


def test_every_wrong_name_in_also_is_reported() -> None:
    """The kind: a mistake that is shown only after the one before it has been corrected."""
    with pytest.raises(ValueError, match=r"'actoins'; did you mean 'actions'.*\n.*'bogus'"):
        ADVISOR.recommend_frame(pa.table({"silos": ["severe"]}), also=["actoins", "bogus"])


def test_a_column_kept_twice_appears_once() -> None:
    for make in FRAMES:
        answered: Any = ADVISOR.recommend_frame(make(TABLE), keep=["x", "x"], brief=True)
        assert list(getattr(answered, "column_names", answered.columns))[:2] == ["x", "model"]


def test_a_kept_column_keeps_its_type_and_metadata() -> None:
    field = pa.field("x", pa.int64(), nullable=False, metadata={"unit": "EUR"})
    table = pa.table({"silos": ["severe"], "x": [1]}, pa.schema([pa.field("silos", pa.string()), field]))
    for answered in (ADVISOR.recommend_frame(table, keep=True), ADVISOR.recommend_frame(table.to_reader(), keep=True)):
        assert answered.schema.field("x").equals(field, check_metadata=True)
