"""Measures tables on one core, on two processes and on Spark, and writes docs/scale.md: `python -m bench.scale`.

Spark is measured if pyspark is installed, as in the environment of `make test-distributed`; otherwise its section says
that it was not.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, NamedTuple

import pyarrow as pa
from pyarrow import parquet

from bench.machine import describe_machine
from bench.report import Section, Target, fold, table
from bench.tables import draw_codes, draw_table, measure_processes, time_call
from cxrules.advisor import Advisor

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "scale.md"
_BILLION = 1_000_000_000
_GB = 1e9
_ROUNDS = 3
SPARK = 1.15

HEAD = """\
# Scale

Written by `python -m bench.scale{options}`; do not edit. What a core decides, what a row
weighs, and what a billion rows take, from one run on the machine below, which may have had other work to do. How to
call it is in [tables](tables.md).

Every row matches what `recommend()` says about its facts, with the same rules fired: no difference on 1,000,000 drawn
organisations, by `pytest -m soak --hypothesis-profile soak tests/columns/test_tables.py`. `make test` tries 20,000, and
random rule bases.
"""


class Rate(NamedTuple):
    """How fast one form of input is decided.

    Attributes:
        name: The form, and what is answered.
        rows: Decided in a second of processor time.
        taken: Bytes of a row that goes in.
        given: Bytes of a row that comes out.
    """

    name: str
    rows: float
    taken: float
    given: float


def main() -> int:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.scale", description="Measure tables, and write docs/scale.md."
    )
    parser.add_argument("--rows", type=int, default=1 << 20, help="of the tables (default: %(default)s)")
    parser.add_argument("--spark-rows", type=int, default=1 << 18, help="on Spark (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=DOCUMENT, help="where to write (default: docs/scale.md)")
    parser.add_argument("--memory", metavar="FILE", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.memory:
        print(_peak_of_streaming(arguments.memory))
        return 0
    machine = describe_machine(("cxrules", "numpy", "pyarrow", "pyspark"))
    rates = list(_measure_rates(arguments.rows))
    two, _ = measure_processes(arguments.rows)
    head = HEAD.format(options=f" --rows {arguments.rows} --spark-rows {arguments.spark_rows}")
    parts = [head, f"{machine}\n", _describe_core(arguments.rows, rates, two), _describe_memory(arguments.rows)]
    spark = measure_spark(arguments.spark_rows)
    parts += [f"## {spark.title}\n\n{spark.text}\n", _describe_others(arguments.rows), _describe_billion(rates, two)]
    arguments.output.write_text("\n".join(parts), "utf-8", newline="\n")
    print("\n".join(parts[2:]))
    return 0


def _measure_rates(size: int) -> Iterator[Rate]:
    advisor = Advisor()
    judge = advisor.tables
    codes = draw_codes(judge, size)
    pa.set_cpu_count(1)
    bits = sum(column.itemsize for column in codes.values())
    yield Rate("codes, the model alone", size / time_call(lambda: judge.models_of(codes, size)), bits, 1)
    for name, strings in (("Arrow dictionaries", False), ("Arrow strings", True)):
        frame = draw_table(judge, codes, strings=strings)
        for brief in (True, False):
            answer = advisor.recommend_frame(frame, brief=brief)
            taken = time_call(lambda frame=frame, brief=brief: advisor.recommend_frame(frame, brief=brief))  # type: ignore[misc]
            label = f"{name}, the outcome" if brief else f"{name}, with points and fired rules"
            yield Rate(label, size / taken, frame.nbytes / size, answer.nbytes / size)


def _describe_core(size: int, rates: Iterable[Rate], two: float) -> str:
    rows = [
        [rate.name, f"{rate.rows:,.0f}", f"{1e9 / rate.rows:,.0f}", f"{rate.taken:,.0f}", f"{rate.given:,.0f}"]
        for rate in rates
    ]
    head = ["what goes in, what is answered", "rows a second:", "ns a row:", "bytes in:", "bytes out:"]
    told = f"""{size:,} organisations, of each of which 25 of 60 facts are known on average, in a second of one core's
    time. Two processes at once decide {two:.2f} times as many codes as one, in the processor time of each."""
    return f"## One core\n\n{table(head, rows)}\n\n{fold(told)}\n"


def _peak_of_streaming(file: str) -> int:
    """Decide a Parquet file batch by batch and return the most that the process has used beyond its start, in bytes."""
    advisor = Advisor()
    advisor.recommend_frame(pa.table({"silos": ["severe"]}))
    before = _peak()
    source = parquet.ParquetFile(file)
    batches = pa.RecordBatchReader.from_batches(source.schema_arrow, source.iter_batches(1 << 16))
    for _ in advisor.recommend_frame(batches):
        pass
    return _peak() - before


def _peak() -> int:
    """Return the most memory that this process has used, in bytes; `getrusage` would count that of its parent."""
    (line,) = (each for each in Path("/proc/self/status").read_text("utf-8").splitlines() if each.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def _describe_memory(size: int) -> str:
    judge = Advisor().tables
    rows, peaks = [], []
    with TemporaryDirectory() as folder:
        for share in (4, 1):
            count = size // share
            file = Path(folder) / f"{count}.parquet"
            parquet.write_table(draw_table(judge, draw_codes(judge, count)), file, row_group_size=1 << 16)
            command = [sys.executable, "-m", "bench.scale", "--memory", str(file)]
            peak = int(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
            rows.append([f"{count:,}", f"{file.stat().st_size / count:,.0f}", f"{peak / 1e6:,.0f}"])
            peaks.append(peak)
    told = f"""A Parquet file of Arrow dictionaries read, decided with points and fired rules, and let go, in batches of
    65,536 rows. Four times the rows took {peaks[1] / peaks[0]:.1f} times the memory."""
    return f"## Memory\n\n{table(['rows', 'bytes of a row on disk:', 'MB beyond the start:'], rows)}\n\n{fold(told)}\n"


def _describe_billion(rates: list[Rate], two: float) -> str:
    rows = []
    for rate in rates:
        hours = _BILLION / rate.rows / 3600
        rows.append(
            [
                rate.name,
                f"{hours:,.2f}",
                f"{hours * 60 / (16 * two / 2):,.1f}",
                f"{_BILLION * rate.taken / _GB:,.0f}",
                f"{_BILLION * rate.given / _GB:,.0f}",
            ]
        )
    head = ["what goes in, what is answered", "core hours:", "minutes on 16 cores:", "GB in:", "GB out:"]
    told = f"""Computed from the rates and bytes above, not run. Sixteen cores, each with one process, are
    taken to gain as much as two do here ({two / 2:.0%} of a core each). The gigabytes are those of Arrow in memory.
    They are read and written batch by batch, which also takes a disk or network that delivers them in that time; Spark
    adds its conversion of rows. Codes cost least: what is decided often is worth encoding once."""
    return f"## A billion rows\n\n{table(head, rows)}\n\n{fold(told)}\n"


def measure_spark(size: int) -> Section:
    """Measure Spark, or say that it is not installed."""
    if find_spec("pyspark") is None:
        return Section("Spark", "Not measured: pyspark is not installed in the environment that wrote this page.")
    identity, engine, lean = (sorted(times)[_ROUNDS // 2] for times in _measure_spark(size))
    rows = [
        [name, f"{seconds:.1f}", f"{size / seconds:,.0f}", f"{seconds / identity:.2f}"]
        for name, seconds in (
            ("`mapInArrow` with the identity function", identity),
            ("`cxrules.spark.recommend`", engine),
            ("`mapInArrow` with a function that returns one column", lean),
        )
    ]
    head = ["what runs", "seconds:", "rows a second:", "times the identity:"]
    told = f"""{size:,} rows of 60 columns of text, numbers and lists from Parquet files on `local[{os.cpu_count()}]`,
    the answer written to Spark's `noop`; medians of {_ROUNDS} rounds, taken in turn. Target: at most 1.15 times the
    identity function. What costs is Spark's conversion between its rows and Arrow: the identity function pays it for 60
    columns each way, the engine for 60 in and the {len(_answered())} of its answer out, the last line for 60 in and one
    out."""
    target = Target.at_most(
        "Spark with the engine, compared with the identity function", engine / identity, SPARK, "times"
    )
    return Section("Spark", f"{table(head, rows)}\n\n{fold(told)}", (target,))


def _describe_others(size: int) -> str:
    title = "## Dask and Ray\n\n"
    missing = [name for name in ("dask", "ray", "pandas") if find_spec(name) is None]
    if missing:
        return f"{title}Not measured: not installed in the environment that wrote this page: {', '.join(missing)}.\n"
    judge = Advisor().tables
    frame = draw_table(judge, draw_codes(judge, size), strings=True)
    rows = [
        [name, f"{seconds:.1f}", f"{size / seconds:,.0f}", f"{seconds / identity:.2f}"]
        for engine, measure in (("Dask", _measure_dask), ("Ray", _measure_ray))
        for identity, decided in [measure(frame)]
        for name, seconds in (
            (f"{engine}, the identity function", identity),
            (f"`cxrules.{engine.lower()}.recommend`", decided),
        )
    ]
    head = ["what runs", "seconds:", "rows a second:", "times the identity:"]
    told = f"""{size:,} rows of 60 columns of text, numbers and lists, in four parts, on both cores: Dask's
    `map_partitions` of pandas frames in threads, Ray's `map_batches` of Arrow tables in processes; the better of two
    rounds, after one that starts the workers. Dask hands its frames on as they are, so that its identity function costs
    next to nothing."""
    return f"{title}{table(head, rows)}\n\n{fold(told)}\n"


def _best(*calls: Callable[[], object]) -> tuple[float, float]:
    found = []
    for call in calls:
        times = []
        for _ in range(_ROUNDS):
            started = perf_counter()
            call()
            times.append(perf_counter() - started)
        found.append(min(times[1:]))
    return found[0], found[1]


def _measure_dask(frame: pa.Table) -> tuple[float, float]:
    import dask.dataframe as dd

    from cxrules.distributed import dask

    given = dd.from_pandas(frame.to_pandas(types_mapper=_arrow_typed()), npartitions=4).persist()
    return _best(
        lambda: given.map_partitions(_unchanged).map_partitions(len).compute(),
        lambda: dask.recommend(given).map_partitions(len).compute(),
    )


def _arrow_typed() -> Any:
    import pandas as pd

    return pd.ArrowDtype


def _unchanged(frame: Any) -> Any:
    return frame.copy()


def _measure_ray(frame: pa.Table) -> tuple[float, float]:
    import ray

    from cxrules.distributed import ray as engine

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    quarter = len(frame) // 4
    given = ray.data.from_arrow([frame.slice(part * quarter, quarter) for part in range(4)])
    found = _best(
        lambda: given.map_batches(_table_unchanged, batch_format="pyarrow").materialize(),
        lambda: engine.recommend(given).materialize(),
    )
    ray.shutdown()
    return found


def _table_unchanged(batch: pa.Table) -> pa.Table:
    return batch


def _answered() -> list[str]:
    names: list[str] = Advisor().recommend_frame(pa.table({"silos": ["severe"]})).column_names
    return names


def _measure_spark(size: int) -> tuple[list[float], list[float], list[float]]:
    from pyspark.sql import SparkSession

    from cxrules.distributed import spark

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    session = (
        SparkSession.builder.master(f"local[{os.cpu_count()}]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", str(1 << 16))
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("OFF")
    judge = Advisor().tables
    with TemporaryDirectory() as folder:
        files = [str(Path(folder) / f"{part}.parquet") for part in range(os.cpu_count() or 1)]
        for part, file in enumerate(files):
            parquet.write_table(draw_table(judge, draw_codes(judge, size // len(files), part), strings=True), file)
        given = session.read.parquet(*files)
        contenders: tuple[Callable[[], Any], ...] = (
            lambda: given.mapInArrow(_same, given.schema),
            lambda: spark.recommend(given, keep=False),
            lambda: given.mapInArrow(_first_column, given.select(given.columns[0]).schema),
        )
        found: tuple[list[float], list[float], list[float]] = ([], [], [])
        for round_ in range(_ROUNDS + 1):
            for times, contender in zip(found, contenders, strict=True):
                started = perf_counter()
                contender().write.format("noop").mode("overwrite").save()
                if round_:  # the first starts the workers
                    times.append(perf_counter() - started)
    session.stop()
    return found


def _same(batches: Iterable[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
    return batches


def _first_column(batches: Iterable[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
    return (batch.select([0]) for batch in batches)


if __name__ == "__main__":
    sys.exit(main())
