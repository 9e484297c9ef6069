"""Doubts about facts reach their author: the line that called the library, or the client of a server.

The kind: every way in which a percentage can be given that is valid but probably a share between 0 and 1.
"""

import sys
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from decimal import Decimal
from functools import partial
from typing import Any, Final

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import cxrules
from cxrules import Organisation
from cxrules.columns.frames import Asked, FrameJudge
from cxrules.doubts import hear_doubts
from cxrules.organisation_model import make_organisation_model
from cxrules.search.budget import time_limit
from cxrules.testing import check_certainty, check_order_free, check_round_trip, check_winner
from cxrules.testing.cases import OrganisationCase
from cxrules.testing.suite import run_cases

NAME: Final = "retention_budget_share"
SMALL: Final[dict[str, Any]] = {NAME: 0.15}
COLUMNS: Final = {NAME: [0.15, 40.0]}
ADVISOR: Final = cxrules.Advisor()
MODEL: Final = make_organisation_model(ADVISOR.rulebase.vocabulary)
NULL: Final[dict[str, Any]] = {"on_error": "null"}


def make_reader() -> pa.RecordBatchReader:
    table = pa.table({NAME: [0.15, 0.2, 40.0]})
    return pa.RecordBatchReader.from_batches(table.schema, table.to_batches(1))


WAYS: Final[dict[str, Callable[[], object]]] = {
    "arguments": lambda: cxrules.recommend(**SMALL),
    "mapping": lambda: cxrules.recommend(SMALL),
    "Decimal": lambda: cxrules.recommend({NAME: Decimal("0.15")}),
    "Organisation": lambda: cxrules.recommend(Organisation(**SMALL)),
    "model_validate_json": lambda: cxrules.recommend(Organisation.model_validate_json(f'{{"{NAME}": 0.15}}')),
    "another model": lambda: ADVISOR.recommend(MODEL(**SMALL)),
    "Advisor": lambda: ADVISOR.recommend(SMALL),
    "what_if": lambda: ADVISOR.recommend().what_if(**SMALL),
    "pandas": lambda: cxrules.recommend_frame(pd.DataFrame(COLUMNS)),
    "Polars": lambda: cxrules.recommend_frame(pl.DataFrame(COLUMNS)),
    "PyArrow": lambda: ADVISOR.recommend_frame(pa.table(COLUMNS)),
    "categories": lambda: ADVISOR.recommend_frame(pd.DataFrame({NAME: pd.Categorical([0.15, 0.2, 40])})),
    "objects": lambda: ADVISOR.recommend_frame(pd.DataFrame({NAME: pd.Series([0.15, 0.2, "x"], dtype=object)}), **NULL),
    "a long table": lambda: ADVISOR.recommend_frame(pa.table({NAME: [0.15] * 200_000}), brief=True),
    "a reader": lambda: ADVISOR.recommend_frame(make_reader()).read_all(),
    "row": lambda: ADVISOR.recommend_row(pd.DataFrame(COLUMNS), 0),
    "validate": lambda: ADVISOR.rulebase.vocabulary.validate(SMALL),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_line_that_gave_it_is_named(way: str) -> None:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        WAYS[way]()
    (once,) = warned
    assert str(once.message) == f"{NAME} is 0.15 %; write 15 if 15 % was meant"
    assert (once.filename, once.lineno) == (__file__, WAYS[way].__code__.co_firstlineno)


@pytest.mark.parametrize("way", WAYS)
def test_a_host_hears_it_instead(way: str) -> None:
    with warnings.catch_warnings(), hear_doubts() as doubts:
        warnings.simplefilter("error")
        WAYS[way]()
    assert doubts == {NAME: "is 0.15 %; write 15 if 15 % was meant"}


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
    with warnings.catch_warnings(), hear_doubts():
        warnings.simplefilter("default")
        for number in range(1, 100):
            cxrules.recommend({NAME: number / 1000})
    kept = [getattr(module, "__warningregistry__", {}) for module in list(sys.modules.values())]
    assert not [key for registry in kept for key in registry if isinstance(key, tuple) and NAME in str(key[0])]


def test_texts_read_a_second_time_are_questioned_again() -> None:
    """What a column of texts means is remembered from table to table."""
    table = pa.table({NAME: ["0.15", "40"]})
    judge = FrameJudge(ADVISOR.tables, Asked(None, False, (), "raise", "", True, file=True))
    for _ in range(2):
        with hear_doubts() as doubts:
            judge(table)
        assert set(doubts) == {NAME}


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: cxrules.recommend({**SMALL, "silos": "zzz"}),
        lambda: Organisation.model_validate({**SMALL, "silos": "zzz"}),
        lambda: ADVISOR.recommend_frame(pa.table({NAME: [0.15], "silos": ["zzz"]})),
    ],
)
def test_mistakes_come_first(wrong: Callable[[], object]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="severe"):
            wrong()


def test_a_share_is_written_with_all_its_digits() -> None:
    with hear_doubts() as doubts:
        cxrules.recommend({NAME: 0.9999999})
    assert doubts == {NAME: "is 0.9999999 %; write 99.99999 if 99.99999 % was meant"}


def test_it_can_be_left_in_another_context() -> None:
    """As in a dependency of FastAPI that is a plain generator, which begins and ends in contexts of its own."""
    for manager in (hear_doubts, partial(time_limit, 1)):
        block = manager()
        copy_context().run(block.__enter__)
        block.__exit__(None, None, None)


@pytest.mark.parametrize("check", [check_winner, check_certainty, check_order_free, check_round_trip])
def test_what_a_strategy_draws_is_not_questioned(check: Callable[[cxrules.RuleBase, dict[str, Any]], None]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(ADVISOR.rulebase, SMALL)
        run_cases([OrganisationCase("one", "A small share.", SMALL, {})])
