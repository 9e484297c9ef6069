"""Doubts about facts reach their author: the line that called the library, or the client of a server.

The kind: every way in which a percentage can be given that is valid but probably a share between 0 and 1.
"""

import sys
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from decimal import Decimal
from typing import Any, Final

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import cxrules
from cxrules import Organisation, UnlikelyFact
from cxrules.doubts import hear_doubts
from cxrules.organisation_model import make_organisation_model

NAME: Final = "retention_budget_share"
SMALL: Final[dict[str, Any]] = {NAME: 0.15}
COLUMNS: Final = {NAME: [0.15, 40.0]}
ADVISOR: Final = cxrules.Advisor()

WAYS: Final[dict[str, Callable[[], object]]] = {
    "arguments": lambda: cxrules.recommend(**SMALL),
    "mapping": lambda: cxrules.recommend(SMALL),
    "Decimal": lambda: cxrules.recommend({NAME: Decimal("0.15")}),
    "Organisation": lambda: Organisation(**SMALL),
    "model_validate": lambda: Organisation.model_validate(SMALL),
    "model_validate_json": lambda: Organisation.model_validate_json(f'{{"{NAME}": 0.15}}'),
    "another model": lambda: make_organisation_model(ADVISOR.rulebase.vocabulary)(**SMALL),
    "Advisor": lambda: ADVISOR.recommend(SMALL),
    "what_if": lambda: ADVISOR.recommend().what_if(**SMALL),
    "pandas": lambda: cxrules.recommend_frame(pd.DataFrame(COLUMNS)),
    "Polars": lambda: cxrules.recommend_frame(pl.DataFrame(COLUMNS)),
    "PyArrow": lambda: ADVISOR.recommend_frame(pa.table(COLUMNS)),
    "row": lambda: ADVISOR.recommend_row(pd.DataFrame(COLUMNS), 0),
    "validate": lambda: ADVISOR.rulebase.vocabulary.validate(SMALL),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_line_that_gave_it_is_named(way: str) -> None:
    with pytest.warns(UnlikelyFact, match="write 15 if") as warned:
        WAYS[way]()
    assert {(each.filename, each.lineno) for each in warned} == {(__file__, WAYS[way].__code__.co_firstlineno)}


@pytest.mark.parametrize("way", WAYS)
def test_a_host_hears_it_instead(way: str) -> None:
    with warnings.catch_warnings(), hear_doubts() as doubts:
        warnings.simplefilter("error")
        WAYS[way]()
    assert set(doubts) == {NAME}
    assert "0.15 %; write 15 if" in doubts[NAME]


def test_only_the_first_doubt_about_a_fact_is_kept() -> None:
    with hear_doubts() as doubts:
        for number in range(1, 100):
            cxrules.recommend({NAME: number / 100})
    assert doubts == {NAME: "is 0.01 %; write 1 if 1 % was meant"}


def test_each_thread_and_task_hears_its_own() -> None:
    def hear(number: int) -> dict[str, str]:
        with hear_doubts() as outer:
            with hear_doubts() as doubts:
                cxrules.recommend({NAME: number / 100})
            assert not outer
        return doubts

    with ThreadPoolExecutor(4) as threads:
        heard = list(threads.map(lambda number: copy_context().run(hear, number), range(1, 50)))
    assert [each[NAME].partition(";")[0] for each in heard] == [f"is {number / 100:g} %" for number in range(1, 50)]


def test_nothing_stays_behind_in_a_server() -> None:
    """Python keeps the text of every warning that it has shown, in the module that is blamed for it."""
    with hear_doubts():
        for number in range(1, 100):
            cxrules.recommend({NAME: number / 1000})
    kept = [getattr(module, "__warningregistry__", {}) for module in list(sys.modules.values())]
    assert not [key for registry in kept for key in registry if isinstance(key, tuple) and NAME in str(key[0])]
