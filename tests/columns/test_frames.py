"""Frames of every supported library, with every kind of fact and of missing value."""

import pickle
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from itertools import islice
from typing import Any

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import cxrules
from cxrules import Advisor, InvalidOrganisation
from cxrules.doubts import UnlikelyFact
from cxrules.language.facts import Kind
from tests import ROOT
from tests.rulebases import random_organisations

ADVISOR = Advisor()
VOCABULARY = ADVISOR.rulebase.vocabulary
# Facts of every kind: an ordered one, a choice, a flag, percentages, sets.
FACTS = ("silos", "ceo_involvement", "current_owner", "transformation_goal", "retention_budget_share")
SETS = tuple(name for name, fact in VOCABULARY.facts.items() if fact.kind is Kind.SET)
ROWS: list[dict[str, Any]] = [
    {
        "id": number,
        **{name: list(value) if isinstance(value := drawn.get(name), tuple) else value for name in (*FACTS, *SETS)},
    }
    for number, drawn in enumerate(islice(random_organisations(ADVISOR.rulebase, 2, known=0.7), 40))
] + [{"id": 40, **dict.fromkeys((*FACTS, *SETS))}]
TABLE = pa.Table.from_pylist(ROWS)
ALSO = ("actions", "patterns", "incoherences")


def decide(row: dict[str, Any]) -> cxrules.Recommendation:
    return ADVISOR.recommend({name: value for name, value in row.items() if name != "id"})


def dictionaries(table: pa.Table) -> pa.Table:
    columns = {}
    for name in table.column_names:
        column = table[name].combine_chunks()
        columns[name] = column.dictionary_encode() if pa.types.is_string(column.type) else column
    return pa.table(columns)


def retyped(text: pa.DataType, items: Callable[[pa.DataType], pa.DataType]) -> pa.Table:
    kinds = {"id": pa.int64()}
    for name in (*FACTS, *SETS):
        kind = VOCABULARY[name].kind
        kinds[name] = {Kind.FLAG: pa.bool_(), Kind.PERCENT: pa.float64(), Kind.SET: items(text)}.get(kind, text)
    return pa.Table.from_pylist(ROWS, pa.schema(kinds.items()))


class Capsule:
    """A frame of an unknown library, which has only the Arrow PyCapsule interface."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


def nullable(frame: Any) -> Any:
    return frame.convert_dtypes()


def categorical(frame: Any) -> Any:
    texts = [name for name in FACTS if VOCABULARY[name].kind in (Kind.ORDERED, Kind.CHOICE)]
    return frame.astype(dict.fromkeys(texts, "category"))


def objects(frame: Any) -> Any:
    """Cells as other programs produce them: sets, tuples, Decimals, and every way to write a missing value."""
    frame = frame.astype(object).where(frame.notna(), None)
    missing = [None, np.nan, pd.NA, pd.NaT]
    for name in (*FACTS, *SETS):
        values = list(frame[name])
        for place, value in enumerate(values):
            if value is None:
                values[place] = missing[place % 4]
            elif isinstance(value, list):
                values[place] = [set(value), tuple(value), value, np.array(value, dtype=object)][place % 4]
            elif isinstance(value, float):
                values[place] = Decimal(value)
        frame[name] = pd.Series(values, dtype=object)
    return frame


def enums(frame: pl.DataFrame) -> pl.DataFrame:
    kinds = {name: VOCABULARY[name] for name in FACTS if VOCABULARY[name].kind in (Kind.ORDERED, Kind.CHOICE)}
    return frame.with_columns(pl.col(name).cast(pl.Enum(fact.names)) for name, fact in kinds.items())


KINDS: dict[str, Callable[[], Any]] = {
    "pandas": lambda: pd.DataFrame(ROWS, index=[f"row {row['id']}" for row in ROWS]),
    "pandas, nullable": lambda: nullable(pd.DataFrame(ROWS)),
    "pandas on Arrow": lambda: TABLE.to_pandas(types_mapper=pd.ArrowDtype),
    "pandas, categorical": lambda: categorical(pd.DataFrame(ROWS)),
    "pandas, objects": lambda: objects(pd.DataFrame(ROWS)),
    "Polars": lambda: pl.DataFrame(ROWS),
    "Polars, Enum": lambda: enums(pl.DataFrame(ROWS)),
    "Polars, Categorical": lambda: pl.DataFrame(ROWS).with_columns(pl.col(pl.String).cast(pl.Categorical)),
    "Polars, lazy": lambda: pl.DataFrame(ROWS).lazy(),
    "PyArrow table": lambda: TABLE,
    "PyArrow table of chunks": lambda: pa.concat_tables([dictionaries(TABLE[:7]), dictionaries(TABLE[7:])]),
    "PyArrow dictionaries, sliced": lambda: pa.concat_tables([dictionaries(TABLE)[:3], dictionaries(TABLE)[3:]]),
    "PyArrow views": lambda: retyped(pa.string_view(), pa.list_view),
    "PyArrow large": lambda: retyped(pa.large_string(), pa.large_list),
    "PyArrow batch": lambda: TABLE.combine_chunks().to_batches()[0],
    "PyArrow reader": lambda: TABLE.to_reader(max_chunksize=21),
    "DuckDB": lambda: duckdb.connect().from_arrow(TABLE),
    "PyCapsule": lambda: Capsule(TABLE),
}


def listed(frame: Any) -> list[dict[str, Any]]:
    """The rows of any frame."""
    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect()
    if isinstance(frame, pl.DataFrame):
        rows: list[dict[str, Any]] = frame.to_dicts()
        return rows
    if isinstance(frame, pa.RecordBatchReader):
        frame = frame.read_all()
    if isinstance(frame, duckdb.DuckDBPyRelation):
        frame = frame.to_arrow_table()
    if isinstance(frame, pd.DataFrame):
        return [{name: _plain(value) for name, value in row.items()} for row in frame.to_dict("records")]
    rows = frame.to_pylist()
    assert isinstance(rows, list)
    return rows


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return list(value)
    return None if pd.isna(value) else value


@pytest.mark.parametrize("kind", KINDS)
def test_the_answer_to_a_frame_is_a_frame_of_its_kind_row_for_row(kind: str) -> None:
    frame = KINDS[kind]()
    answered = ADVISOR.recommend_frame(frame, keep=["id"], also=ALSO)
    assert type(answered) is (pa.Table if kind == "PyCapsule" else type(frame))
    if isinstance(frame, pd.DataFrame):
        assert list(answered.index) == list(frame.index)
    told = listed(answered)
    assert [row["id"] for row in told] == [row["id"] for row in ROWS]
    for row, given in zip(told, ROWS, strict=True):
        advice = decide(given)
        assert (row["model"], row["status"], row["reason"]) == (advice.model, advice.status, advice.reason)
        assert row["certainty"] == advice.certainty
        assert (row["runner_up"], row["lead"]) == (advice.decision.runner_up, advice.decision.lead)
        assert int.from_bytes(row["fired"], "little") == advice.decision.fired
        assert {each.model: row[f"points_{each.model}"] for each in advice.ranking} == {
            each.model: each.points for each in advice.ranking
        }
        assert row["actions"] == sorted(action.id for action in advice.actions)
        assert row["patterns"] == list(advice.patterns)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "PyArrow reader"])
def test_recommend_row_gives_the_whole_recommendation(kind: str) -> None:
    for place in (0, 3, 40, -1):
        assert ADVISOR.recommend_row(KINDS[kind](), place) == decide(ROWS[place])
    with pytest.raises(IndexError):
        ADVISOR.recommend_row(KINDS[kind](), 41)


def test_columns_may_have_other_names_and_sets_a_column_for_each_element() -> None:
    (name, *_) = SETS
    elements = VOCABULARY[name].names
    renamed = pd.DataFrame(
        {
            "wall": [row["silos"] for row in ROWS],
            **{
                f"has {element}": [None if row[name] is None else element in row[name] for row in ROWS]
                for element in elements
            },
        }
    )
    columns: dict[str, str | dict[str, str]] = {
        "silos": "wall",
        name: {element: f"has {element}" for element in elements},
    }
    dotted = renamed.rename(columns={"wall": "silos", **{f"has {one}": f"{name}.{one}" for one in elements}})
    wanted = [decide({"silos": row["silos"], name: row[name]}) for row in ROWS]
    for answered in (ADVISOR.recommend_frame(renamed, columns=columns), ADVISOR.recommend_frame(dotted)):
        assert [int.from_bytes(row["fired"], "little") for row in listed(answered)] == [
            advice.decision.fired for advice in wanted
        ]
    assert ADVISOR.recommend_row(renamed, 2, columns=columns) == wanted[2]


BAD = pd.DataFrame(
    {
        "silos": ["sever", "severe", None] * 10,
        "retention_budget_share": [120.0, 5.0, np.nan] * 10,
        "transformation_goal": [1, True, None] * 10,
        SETS[0]: [["nothing"], list(VOCABULARY[SETS[0]].names), None] * 10,
    }
)


def test_all_wrong_cells_are_reported_in_one_error() -> None:
    with pytest.raises(InvalidOrganisation) as caught:
        ADVISOR.recommend_frame(BAD)
    told = {str(each.location): each for each in caught.value.diagnostics}
    assert set(told) == set(BAD.columns)
    assert told["silos"].hint == "did you mean 'severe'?"
    assert "rows 0, 3, 6, 9, 12, 15, 18, 21, 24, 27)" in told["silos"].message
    with pytest.raises(InvalidOrganisation, match=r"rows 0, 3, .*27 and 10 more\)"):
        ADVISOR.recommend_frame(pd.concat([BAD, BAD]))


def streamed(rows: int, wrong: dict[int, str]) -> pa.RecordBatchReader:
    cells = [wrong.get(row, "severe") for row in range(rows)]
    table = pa.table({"silos": cells})
    return pa.RecordBatchReader.from_batches(table.schema, table.to_batches(max_chunksize=10))


def test_wrong_cells_of_all_batches_are_reported_in_one_error() -> None:
    wrong = {12: "sever", 35: "sever", 61: "grave", 99: "sever"}
    reader = ADVISOR.recommend_frame(streamed(100, wrong))
    assert len(reader.read_next_batch()) == 10
    with pytest.raises(InvalidOrganisation) as caught:
        reader.read_all()
    first, second = caught.value.diagnostics
    assert "'sever' (rows 12, 35, 99)" in first.message
    assert "'grave' (row 61)" in second.message
    answered = ADVISOR.recommend_frame(streamed(100, wrong), on_error="null").read_all()
    assert [row for row, error in enumerate(answered["error"].to_pylist()) if error] == list(wrong)


def test_a_table_full_of_mistakes_is_not_read_to_its_end() -> None:
    wrong = {row: f"wrong {row}" for row in range(1500)}
    reader = ADVISOR.recommend_frame(streamed(2000, wrong))
    whole = pa.table({"silos": [wrong.get(row, "severe") for row in range(2000)]})
    for message, read in (
        ("with so much wrong, only the first 1,000 rows were read", reader.read_all),
        ("500 more values are wrong that are not listed", lambda: ADVISOR.recommend_frame(whole)),
    ):
        with pytest.raises(InvalidOrganisation) as caught:
            read()
        assert [each.message for each in caught.value.diagnostics if each.code == "too-many"] == [message]
        assert len(caught.value.diagnostics) == 1001


LABELS: dict[str, tuple[Any, ...]] = {
    "numbers": (3, 1.5, True),
    "dates": (pd.Timestamp("2026-01-01"), pd.Timestamp("2026-02-01"), pd.NaT),
    "missing": (None, np.nan, "x"),
    "pairs": (("a", 1), ("a", 2), ("silos", "")),
    "texts of numbers": (1, "1", "1_"),
}


@pytest.mark.parametrize("kind", LABELS)
def test_the_columns_of_pandas_may_have_any_labels(kind: str) -> None:
    labels = LABELS[kind]
    frame = pd.DataFrame([["none", "severe", 1, 2], ["severe", None, 3, 4]], index=["a", "b"])
    frame.columns = pd.Index(["silos", *labels], dtype=object, tupleize_cols=False)
    expected = [ADVISOR.recommend(silos=value).model for value in ("none", "severe")]
    answered = ADVISOR.recommend_frame(frame)
    assert [None if pd.isna(one) else one for one in answered["model"]] == expected
    kept = ADVISOR.recommend_frame(frame, keep=True)
    assert kept.columns[:3].equals(frame.columns[1:])
    assert kept.index.tolist() == ["a", "b"]
    assert kept.iloc[:, 1].tolist() == [1, 3]
    assert ADVISOR.recommend_row(frame, 1) == ADVISOR.recommend(silos="severe")
    other = frame.iloc[:, 1:]
    where = {"silos": labels[0]}
    assert ADVISOR.recommend_row(other, 0, columns=where) == ADVISOR.recommend(silos="severe")
    chosen = ADVISOR.recommend_frame(other, columns=where, keep=[labels[1]], brief=True)
    assert chosen.columns[0] is labels[1] or chosen.columns[0] == labels[1]
    assert list(frame.columns[1:]) == list(other.columns)


def test_a_pandas_frame_with_several_levels_of_columns_is_read() -> None:
    frame = pd.DataFrame([["severe", 1]], columns=pd.MultiIndex.from_tuples([("facts", "silos"), ("other", "x")]))
    with pytest.raises(InvalidOrganisation, match="no column has the name of a fact"):
        ADVISOR.recommend_frame(frame)
    where: Any = {"silos": ("facts", "silos")}
    answered = ADVISOR.recommend_frame(frame, columns=where, keep=True)
    assert answered["status"].tolist() == [ADVISOR.recommend(silos="severe").status]
    assert answered.columns[0] == ("other", "x")


def test_columns_that_come_twice_are_refused_where_they_are_read() -> None:
    frame = pd.DataFrame([["severe", "none", 1, 2]], columns=["silos", "silos", "x", "x"])
    with pytest.raises(InvalidOrganisation, match=r"silos: two columns have this name"):
        ADVISOR.recommend_frame(frame)
    unread = frame.iloc[:, 1:]
    assert ADVISOR.recommend_frame(unread)["status"].tolist() == [ADVISOR.recommend(silos="none").status]
    assert ADVISOR.recommend_row(unread, 0) == ADVISOR.recommend(silos="none")
    with pytest.raises(InvalidOrganisation, match=r"x: two columns have this name"):
        ADVISOR.recommend_frame(unread, keep=True)


def test_wrong_rows_can_be_answered_with_null_and_the_reason() -> None:
    frame = pl.DataFrame(pa.Table.from_pandas(BAD.drop(columns="transformation_goal")))
    answered = ADVISOR.recommend_frame(frame, on_error="null")
    first, second, third = answered.to_dicts()[:3]
    assert (first["model"], first["status"], first["fired"], first["points_cxo_owned"]) == (None, None, None, None)
    assert (
        "silos: no such value: 'sever' [unknown-value]; did you mean 'severe'?; retention_budget_share"
        in first["error"]
    )
    assert second["error"] is third["error"] is None
    assert (second["status"], third["reason"]) == ("recommended", "nothing_known")


@pytest.mark.parametrize(
    ("frame", "options", "message"),
    [
        ({"sillos": ["severe"]}, {}, "almost the name of the fact 'silos'.*columns={'silos': 'sillos'}"),
        ({"Silos ": ["severe"]}, {}, "almost the name of the fact 'silos'"),
        ({"x": [1]}, {}, "no column has the name of a fact"),
        ({"silos": ["severe"]}, {"columns": {"sillos": "silos"}}, "no such fact.*did you mean 'silos'"),
        ({"silos": ["severe"]}, {"columns": {"maturity": "silo"}}, "no such column: 'silo'.*did you mean 'silos'"),
        ({"silos": ["severe"]}, {"columns": {"maturity": {"x": "silos"}}}, "only a set has a column for each"),
        ({"silos": ["severe"]}, {"columns": {SETS[0]: {"x": "silos"}}}, "no such element"),
        ({"silos": ["severe"]}, {"keep": ["silo"]}, "no such column to keep.*did you mean 'silos'"),
        ({"silos": ["severe"], "model": [1]}, {"keep": True}, "prefix='cx_'"),
        ({"silos": [3]}, {}, r"one of its values is expected, not 3 \(row 0\)"),
        ({"silos": [["severe"]]}, {}, r"one of its values is expected"),
        ({"transformation_goal": ["true"]}, {}, "true or false is expected"),
        ({"retention_budget_share": ["15"]}, {}, "a number from 0 to 100 is expected"),
        ({"retention_budget_share": [True]}, {}, "a number from 0 to 100 is expected, not True"),
        ({SETS[0]: ["retention"]}, {}, "a list of its values is expected"),
        ({f"{SETS[0]}.x": [True]}, {}, "no such element"),
        ({f"{SETS[0]}.{VOCABULARY[SETS[0]].names[0]}": [3]}, {}, "true or false is expected, not 3"),
        (
            {f"{SETS[0]}.{VOCABULARY[SETS[0]].names[0]}": [True], f"{SETS[0]}.{VOCABULARY[SETS[0]].names[1]}": [None]},
            {},
            "known as a whole or not at all",
        ),
    ],
)
def test_mistakes_in_a_frame_are_reported(frame: dict[str, Any], options: dict[str, Any], message: str) -> None:
    for table in (pa.table(frame), pd.DataFrame(frame), pl.DataFrame(frame)):
        with pytest.raises(InvalidOrganisation, match=message):
            ADVISOR.recommend_frame(table, **options)


def test_every_wrong_option_is_named() -> None:
    wrong: dict[str, Any] = {"columns": 5, "keep": 5, "also": 5, "prefix": 5}
    with pytest.raises(TypeError) as caught:
        ADVISOR.recommend_frame(TABLE, **wrong)
    assert all(f"{name}: " in str(caught.value) for name in wrong)
    assert str(caught.value).startswith("4 mistakes in the options:")
    with pytest.raises(ValueError, match=r"(?s)^3 mistakes in the options:.*'x'.*'y'.*on_error is"):
        ADVISOR.recommend_frame(TABLE, also=["x", "y", "x"], on_error="z")  # type: ignore[arg-type]


def test_an_unknown_pair_is_reported_as_a_column() -> None:
    frame = pd.DataFrame([["early"]], columns=pd.MultiIndex.from_tuples([("a", "maturity")]))
    with pytest.raises(InvalidOrganisation, match=r"no such column: \"\('a', 'maturty'\)\".*did you mean"):
        ADVISOR.recommend_frame(frame, columns={"maturity": ("a", "maturty")})  # type: ignore[dict-item]


def test_wrong_options_are_reported() -> None:
    with pytest.raises(ValueError, match=r"no such thing: 'action'.*did you mean 'actions'"):
        ADVISOR.recommend_frame(TABLE, also=["action"])
    with pytest.raises(ValueError, match="on_error is 'raise' or 'null'"):
        ADVISOR.recommend_frame(TABLE, on_error="ignore")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"a pandas or Polars frame, .* is expected, not list"):
        ADVISOR.recommend_frame([1])


@pytest.mark.parametrize("missing", [float("nan"), np.float64("nan"), pd.NA, pd.NaT], ids=repr)
@pytest.mark.parametrize("fact", [*FACTS, SETS[0]])
def test_an_error_about_a_missing_cell_passed_as_a_fact_says_so(fact: str, missing: Any) -> None:
    with pytest.raises(InvalidOrganisation, match=r"marks a missing cell.*leave the fact out.*recommend_row"):
        ADVISOR.recommend({fact: missing})
    frame = pd.DataFrame({"silos": ["severe"], fact: pd.Series([missing], dtype=object)})
    if fact != "silos":
        assert ADVISOR.recommend_row(frame, 0) == ADVISOR.recommend(silos="severe")


def test_a_single_name_is_not_taken_for_a_list_of_letters() -> None:
    assert ADVISOR.recommend_frame(TABLE, keep="id").column_names[0] == "id"
    frame = pd.DataFrame({"silos": ["severe"], "id": [1], 2: [3]})
    assert ADVISOR.recommend_frame(frame, keep="id").columns[0] == "id"
    advice = ADVISOR.recommend(silos="severe", maturity="early")
    assert advice.counterfactuals(keep="silos") == advice.counterfactuals(keep=["silos"])


def test_shares_below_one_per_cent_are_questioned_once() -> None:
    with pytest.warns(UnlikelyFact, match=r"retention_budget_share is 0.15 %; write 15") as caught:
        ADVISOR.recommend_frame(pa.table({"retention_budget_share": [0.15, 0.2, 40]}))
    assert len(caught) == 1


@pytest.mark.parametrize("kind", ["pandas", "Polars", "PyArrow table", "DuckDB"])
def test_an_empty_frame_and_one_row_are_frames(kind: str) -> None:
    whole = KINDS[kind]()
    for size in (0, 1):
        part = whole.limit(size) if kind == "DuckDB" else whole[:size]
        answered = ADVISOR.recommend_frame(part, keep=True)
        assert type(answered) is type(part)
        assert len(listed(answered)) == size


def test_batches_are_read_only_as_they_are_asked_for() -> None:
    read = []

    def batches() -> Any:
        for batch in TABLE.to_batches(max_chunksize=10):
            read.append(len(batch))
            yield batch

    reader = ADVISOR.recommend_frame(pa.RecordBatchReader.from_batches(TABLE.schema, batches()))
    assert not read
    assert len(reader.read_next_batch()) == 10
    assert read == [10]


def test_a_result_can_be_pickled_and_a_prefix_chosen() -> None:
    answered = cxrules.recommend_frame(TABLE, prefix="cx_")
    assert pickle.loads(pickle.dumps(answered)).equals(answered)  # noqa: S301 - just made
    assert all(name.startswith("cx_") for name in answered.column_names)


def test_without_the_extra_one_sentence_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['narwhals'] = None; import cxrules\n"
        "try: cxrules.recommend_frame(None)\nexcept ImportError as error: print(error)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.count("\n") == 1
    assert "pip install 'cxrules[frame]'" in shown.stdout


@pytest.mark.parametrize(
    ("fact", "cells"),
    [
        ("maturity", pd.period_range("2020", periods=1)),
        ("maturity", pd.interval_range(0, 1)),
        ("marketing_journey_coverage", [[["loyalty"]]]),
    ],
)
def test_a_column_of_an_unsuitable_type_is_a_mistake(fact: str, cells: Any) -> None:
    with pytest.raises(InvalidOrganisation, match=fact):
        cxrules.recommend_frame(pd.DataFrame({fact: cells}))


def test_recommend_row_refuses_what_recommend_frame_refuses() -> None:
    first, second = VOCABULARY[SETS[0]].names[:2]
    for column in ([True, True], [1, 1], ["x", "x"]):
        table = pa.table({f"{SETS[0]}.{first}": column, f"{SETS[0]}.{second}": pa.array([None, None], pa.bool_())})
        with pytest.raises(InvalidOrganisation) as whole:
            ADVISOR.recommend_frame(table)
        with pytest.raises(InvalidOrganisation) as single:
            ADVISOR.recommend_row(table, 1)
        assert [(told.code, told.location) for told in single.value.diagnostics] == [
            (told.code, told.location) for told in whole.value.diagnostics
        ]
    for kind in ("pandas", "Polars", "PyArrow table"):
        assert ADVISOR.recommend_row(KINDS[kind](), np.int64(3)) == decide(ROWS[3])  # type: ignore[arg-type]
        for row in (1.5, "1", None):
            with pytest.raises(TypeError, match="row: a number is expected"):
                ADVISOR.recommend_row(KINDS[kind](), row)  # type: ignore[arg-type]


def test_a_duckdb_relation_is_answered_whatever_its_database_contains() -> None:
    with duckdb.connect() as connection:
        for name in ("answers", "organisations", "frame", "relation"):
            connection.execute(f"CREATE TABLE {name} AS SELECT 1 AS one")
        connection.execute(
            "CREATE TABLE given AS SELECT 'severe' AS silos, 7::HUGEINT AS huge, uuid() AS id, 'b'::ENUM('a', 'b') AS e"
            ", '{}'::JSON AS json, DATE '2026-01-01' AS \"a \"\"day\"\"\", {'x': 1} AS struct, NULL::UTINYINT AS tiny"
        )
        given = connection.table("given")
        answered = ADVISOR.recommend_frame(given, keep=True)
        assert answered.columns[:8] == [*given.columns[1:], "model"]
        assert answered.types[:7] == given.types[1:]
        assert answered.fetchall()[0][:8] == (*given.fetchall()[0][1:], "cxo_owned")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "lazy" not in kind])
def test_a_column_with_the_name_of_one_of_the_answer_is_kept(kind: str) -> None:
    given = KINDS[kind]()
    renamed = {"transformation_goal": "model", "retention_budget_share": "fired", "id": "status"}
    if isinstance(given, pd.DataFrame):
        frame = given.rename(columns=renamed)
    elif isinstance(given, pl.DataFrame):
        frame = given.rename(renamed)
    elif isinstance(given, duckdb.DuckDBPyRelation):
        frame = given.project(", ".join(f'"{name}" AS "{renamed.get(name, name)}"' for name in given.columns))
    else:
        table = pa.table(given) if kind != "PyArrow reader" else given.read_all()
        table = table.rename_columns([renamed.get(name, name) for name in table.column_names])
        frame = {"PyArrow batch": lambda: table.to_batches()[0], "PyArrow reader": table.to_reader}.get(
            kind, lambda: Capsule(table) if kind == "PyCapsule" else table
        )()
    told = listed(ADVISOR.recommend_frame(frame, keep=["silos"]))
    for row, known in zip(told, ROWS, strict=True):
        left = {name: value for name, value in known.items() if name not in renamed}
        assert (row["silos"], row["model"], row["status"]) == (known["silos"], *_outcome(left))


def _outcome(facts: dict[str, Any]) -> tuple[Any, Any]:
    advice = ADVISOR.recommend(facts)
    return advice.model, advice.status


def test_cells_that_arrow_has_no_type_for_are_read_one_by_one() -> None:
    sets = pl.DataFrame({SETS[0]: pl.Series([{"loyalty"}, None], dtype=pl.Object)})
    assert listed(ADVISOR.recommend_frame(sets))[0]["model"] == decide({SETS[0]: ["loyalty"]}).model
    column = pa.RunEndEncodedArray.from_arrays([2, 3, 5], pa.array(["severe", None, "none"]).dictionary_encode())
    for chunks in ([column], [column, column.slice(1)]):
        table = pa.table({"silos": pa.chunked_array(chunks)}).slice(1)
        assert listed(ADVISOR.recommend_frame(table)) == listed(
            ADVISOR.recommend_frame(pa.table({"silos": table["silos"].to_pylist()}))
        )


@pytest.mark.parametrize(
    "column",
    [pa.array([1]), pa.chunked_array([[1]]), pd.Series([1]), pl.Series([1])],
    ids=["array", "chunks", "pandas", "Polars"],
)
def test_a_single_column_is_not_a_frame(column: Any) -> None:
    with pytest.raises(TypeError, match=r"a pandas or Polars frame, .* is expected, not "):
        ADVISOR.recommend_frame(column)


def test_a_narwhals_frame_is_answered_by_a_narwhals_frame() -> None:
    for frame in (pd.DataFrame(ROWS), pl.DataFrame(ROWS), pl.DataFrame(ROWS).lazy(), TABLE):
        given = nw.from_native(frame)
        answered = ADVISOR.recommend_frame(given, brief=True)
        assert type(answered) is type(given)
        assert listed(answered.to_native()) == listed(ADVISOR.recommend_frame(frame, brief=True))
        assert ADVISOR.recommend_row(given, 3) == decide(ROWS[3])


@pytest.mark.parametrize("kind", ["pandas", "Polars", "PyArrow table", "DuckDB"])
def test_a_million_rows_are_a_frame(kind: str) -> None:
    names = ("none", "some", "severe", None)
    texts = pa.array(names).dictionary_encode().take(pa.array(np.resize(np.arange(4), 1_000_000)))
    table = pa.table({"silos": texts})
    frame = {
        "pandas": table.to_pandas,
        "Polars": lambda: pl.DataFrame(table),
        "PyArrow table": lambda: table,
        "DuckDB": lambda: duckdb.connect().from_arrow(table),
    }[kind]()
    answered = ADVISOR.recommend_frame(frame, brief=True)
    models = pa.table(answered)["model"] if kind != "DuckDB" else answered.to_arrow_table()["model"]
    expected = [ADVISOR.recommend(silos=name).model for name in names]
    assert models.value_counts().to_pylist() == [
        {"values": model, "counts": 250_000 * expected.count(model)} for model in dict.fromkeys(expected)
    ]


def test_a_column_for_each_element_is_refused_or_read_at_once() -> None:
    size = 30_000
    elements = [f"{SETS[0]}.{element}" for element in VOCABULARY[SETS[0]].names]
    examined = 0

    def count(frame: Any, event: str, _arg: Any) -> None:
        nonlocal examined
        examined += event == "call" and frame.f_code.co_name == "examine"

    wrong = pa.table(dict.fromkeys(elements, pa.array(np.ones(size, np.int8))))
    right = pa.table(dict.fromkeys(elements, pa.array(np.ones(size, bool)).dictionary_encode()))
    sys.setprofile(count)
    try:
        with pytest.raises(InvalidOrganisation, match=r"not 1 \(rows 0, 1.*29,990 more\).*; write true"):
            ADVISOR.recommend_frame(wrong)
        answered = ADVISOR.recommend_frame(right, brief=True)
    finally:
        sys.setprofile(None)
    assert examined < 200
    assert answered["model"][0].as_py() == decide({SETS[0]: list(VOCABULARY[SETS[0]].names)}).model


def test_an_advisor_can_be_sent_to_other_processes() -> None:
    museum = cxrules.RuleBase.load(ROOT / "examples" / "museum_archive")
    for advisor in (ADVISOR, Advisor(museum)):
        sent = pickle.dumps(advisor)
        again = pickle.loads(sent)  # noqa: S301 - just made
        assert again.rulebase == advisor.rulebase
        assert again.engine.name == advisor.engine.name
    assert len(pickle.dumps(ADVISOR)) < 200


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (["x", "\ud800"], "half of a surrogate pair is not a character (row 2)"),
        ([1, 10**30], "this number is too large"),
    ],
)
def test_cells_that_arrow_cannot_represent_are_reported_with_their_row(cells: list[Any], told: str) -> None:
    from cxrules.columns.arrow.odd_cells import to_arrow

    with pytest.raises(InvalidOrganisation) as caught:
        to_arrow("x", cells, 1)
    assert told in str(caught.value)
    with pytest.raises(InvalidOrganisation, match="half a surrogate pair"):
        to_arrow("\ud800", cells, 1)


@pytest.mark.parametrize("fact", ["maturity", "transformation_goal", "retention_budget_share"])
@pytest.mark.parametrize("missing", [pd.NA, pd.NaT], ids=repr)
def test_missing_cells_of_pandas_are_named_as_missing(fact: str, missing: object) -> None:
    with pytest.raises(InvalidOrganisation, match=r"marks a missing cell .*; leave the fact out, or write None"):
        cxrules.recommend({fact: missing})


@pytest.mark.parametrize("make", [pd.Series, pd.array, pd.Index])
def test_an_array_of_pandas_is_not_a_missing_cell(make: Any) -> None:
    with pytest.raises(InvalidOrganisation, match="a list of its values is expected"):
        cxrules.recommend({"marketing_journey_coverage": make(["loyalty"])})
