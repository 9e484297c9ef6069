"""Frames on other engines: each gives the answers of `recommend`, and reports wrong cells in one list."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from itertools import islice
from typing import Any, TypeAlias

import pyarrow as pa
import pytest

import cxrules
from cxrules.distributed.work import Options
from tests import ROOT
from tests.rulebases import random_organisations

# Row numbers come with the answers, because engines promise no order.
Rows: TypeAlias = dict[int, dict[str, Any]]
Run: TypeAlias = Callable[[pa.Table, Options], Rows]

ADVISOR = cxrules.Advisor()
KNOWN = [{}, *islice(random_organisations(ADVISOR.rulebase, 13, known=0.4), 120)]
FACTS = tuple(ADVISOR.rulebase.vocabulary.facts)
ANSWERS = [ADVISOR.recommend(known) for known in KNOWN]
BAD: list[dict[str, Any]] = [{"number": n, "silos": silo} for n, silo in enumerate(("sever", "severe", "severe"))]


# Warnings of these engines are not ours to fix.
pytestmark = pytest.mark.filterwarnings("ignore")


def organisations() -> pa.Table:
    rows = [
        {"number": number, **{name: list(v) if isinstance(v := known.get(name), tuple) else v for name in FACTS}}
        for number, known in enumerate(KNOWN)
    ]
    return pa.Table.from_pylist(rows)


def by_number(table: pa.Table) -> Rows:
    return {row["number"]: row for row in table.to_pylist()}


@contextmanager
def duckdb() -> Iterator[Run]:
    connection = pytest.importorskip("duckdb", reason="duckdb is not installed").connect()
    made = iter(range(99))

    def run(table: pa.Table, options: Options) -> Rows:
        name = f"recommend{next(made)}"
        cxrules.duckdb.register(connection, name, **options)
        connection.register("organisations", table)
        query = f"SELECT t.number, answer.* FROM (SELECT t.number, {name}(t) AS answer FROM organisations t) t"  # noqa: S608 - our own text
        return by_number(connection.sql(query).to_arrow_table())

    with connection:
        yield run


@contextmanager
def dask() -> Iterator[Run]:
    frames = pytest.importorskip("dask.dataframe", reason="dask is not installed")
    configuration = pytest.importorskip("dask.config")

    def run(table: pa.Table, options: Options) -> Rows:
        frame = table.to_pandas(types_mapper={pa.string(): import_module("pandas").StringDtype("pyarrow")}.get)
        answers = cxrules.dask.recommend(frames.from_pandas(frame, npartitions=3), **options)
        found = answers.compute(scheduler="threads")
        assert list(found.columns) == list(answers.columns)
        assert found.index.equals(frame.index)
        return by_number(pa.Table.from_pandas(found, preserve_index=False))

    with configuration.set({"dataframe.convert-string": False}):  # which would write lists as text
        yield run


@contextmanager
def ray() -> Iterator[Run]:
    ray = pytest.importorskip("ray", reason="ray is not installed")
    data = pytest.importorskip("ray.data")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=200_000_000)
    data.DataContext.get_current().enable_progress_bars = False

    def run(table: pa.Table, options: Options) -> Rows:
        dataset = data.from_arrow(table).repartition(3)
        return {row["number"]: row for row in cxrules.ray.recommend(dataset, **options).take_all()}

    try:
        yield run
    finally:
        ray.shutdown()


@contextmanager
def spark() -> Iterator[Run]:
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed")
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        pytest.skip("Spark needs Java 17")
    builder = sql.SparkSession.builder.master("local[2]").appName("cxrules")
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.shuffle.partitions": "2",
    }
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")

    def run(table: pa.Table, options: Options) -> Rows:
        answers = cxrules.spark.recommend(session.createDataFrame(table).repartition(3), **options)
        return by_number(answers.toArrow())

    try:
        yield run
    finally:
        session.stop()


@pytest.fixture(scope="module", params=[duckdb, dask, ray, spark], ids=lambda each: each.__name__)
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    with request.param() as found:
        yield found


def test_rows_get_the_answers_of_recommend(run: Run) -> None:
    rows = run(organisations(), {"also": ["actions"]})
    assert set(rows) == set(range(len(ANSWERS)))
    for number, answer in enumerate(ANSWERS):
        row = rows[number]
        assert (row["model"], row["status"], row["reason"]) == (answer.model, answer.status, answer.reason)
        assert row["certainty"] == answer.certainty
        fired = int.from_bytes(row["fired"], "little")
        assert ADVISOR.judge.decider.names(fired) == answer.fired
        assert set(row["actions"]) == {action.id for action in answer.actions}


def test_options_are_passed_to_the_workers(run: Run) -> None:
    museum = cxrules.RuleBase.load(ROOT / "examples" / "museum_archive")
    facts = pa.table({"number": [0, 1], "demand": ["daily", None], "steady": [True, None]})
    rows = run(facts, {"rulebase": museum, "columns": {"climate_control": "steady"}, "prefix": "place_", "brief": True})
    assert rows[0]["place_model"] == cxrules.Advisor(museum).recommend(demand="daily", climate_control=True).model
    assert rows[1]["place_model"] is None
    assert "place_fired" not in rows[0]


def test_wrong_cells_are_reported_in_one_list(run: Run) -> None:
    table = pa.Table.from_pylist([{**row, "retention_budget_share": 120 + row["number"] // 2} for row in BAD])
    with pytest.raises(Exception, match="no such value: 'sever'") as told:
        run(table.slice(0, 1), {})
    assert "did you mean 'severe'?" in str(told.value)
    assert "a number from 0 to 100 is expected, not 120" in str(told.value)


def test_wrong_rows_may_be_answered_with_null(run: Run) -> None:
    rows = run(pa.Table.from_pylist(BAD), {"on_error": "null"})
    assert [rows[number]["model"] for number in range(3)] == [None, "cxo_owned", "cxo_owned"]
    assert "did you mean 'severe'?" in rows[0]["error"]
    assert rows[1]["error"] is None


def test_a_misspelt_column_is_reported(run: Run) -> None:
    with pytest.raises(Exception, match="almost the name of the fact 'silos'"):
        run(pa.table({"number": [0], "silo": ["severe"]}), {})


def test_an_unknown_option_is_reported() -> None:
    with pytest.raises(TypeError, match="no such option: 'colums'; there are "):
        cxrules.spark.recommend(None, colums={})  # type: ignore[call-arg]
