"""Tables in files: other columns are written as they were read, even if batches differ in type."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from threading import get_ident
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet
import pytest

from cxrules import Advisor
from cxrules.columns import files
from cxrules.columns.arrow.writers import write_table
from cxrules.columns.files import FORMATS, open_table
from cxrules.columns.frames import Asked, FrameJudge, NamedBatch
from cxrules.columns.layout import ALL

JUDGE = Advisor().tables
ENDINGS = ("csv", "tsv", "parquet", "json", "jsonl", "arrow")
LATE: dict[str, list[Any]] = {
    "missing, then a text": [None, None, "late"],
    "whole, then broken": [1, 2, 1.5],
    "large, then broken": [2**60 + 1, None, 1.5],
    "a number, then a text": [1, 2, "a"],
    "a flag, then a number": [True, None, 1],
    "another kind in one batch": [1, "a", [1]],
    "larger than any number": [10**30, 1, None],
    "half a letter": ["\ud800", "a", None],
    "objects of other names": [{"a": 1}, {"a": 2}, {"b": "x"}],
    "objects of other types": [{"a": 1}, {"a": 2}, {"a": "x"}],
    "lists of nothing, then of texts": [[], None, ["a", "b"]],
    "nothing": [None, None, None],
}


def answer(source: Path, out: Path) -> None:
    frames = FrameJudge(JUDGE, Asked(keep=ALL, brief=True, file=True))
    with open_table(source) as table, write_table(out) as write:
        for _, answers in frames.read(NamedBatch(table.names, *batch) for batch in table.batches):
            assert answers is not None
            write(answers)


def kept(path: Path) -> list[Any]:
    with open_table(path) as table:
        cells = [batch.column("x") for batch in table.batches]
    return [cell for each in cells for cell in (each if isinstance(each, list) else each.to_pylist())]


def alike(one: Any, other: Any) -> bool:
    """Whether two cells mean the same; one of them may have been written as text."""
    if isinstance(one, dict):
        texts = json.loads(other) if isinstance(other, str) else other
        return {name: value for name, value in texts.items() if value is not None} == one
    if isinstance(one, list) and isinstance(other, str):
        return other in ("; ".join(map(str, one)), json.dumps(one))
    if one in (None, []) or isinstance(one, bool):
        return other in (one, None, str(one).lower())
    if isinstance(one, str):
        return bool(other == one.encode("utf-8", "backslashreplace").decode())
    return one == other or (isinstance(other, str) and math.isclose(float(other), one))


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("kind", LATE)
def test_a_column_may_change_from_batch_to_batch(
    kind: str, ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_BATCH", 2)
    source, out = tmp_path / "in.jsonl", tmp_path / f"out.{ending}"
    rows = [{"silos": "severe"} | ({} if cell is None else {"x": cell}) for cell in LATE[kind]]
    source.write_text("\n".join(map(json.dumps, [{"x": None}, *rows])), "utf-8")
    answer(source, out)
    got = kept(out)
    assert len(got) == 4
    assert all(map(alike, LATE[kind], got[1:])), got


NESTED = {
    "struct": pa.array([{"a": [{"b": 1}]}, None]),
    "map": pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())),
    "lists of objects": pa.array([[{"a": 1}], []]),
    "lists with nothing in them": pa.array([["a", None], None]),
    "views": pa.array(["a", None], pa.string_view()),
    "list views": pa.array([["a"], None], pa.list_view(pa.string())),
    "fixed lists": pa.array([[1, 2], None], pa.list_(pa.int64(), 2)),
    "spans": pa.array([(1, 2, 3), None], pa.month_day_nano_interval()),
    "seconds": pa.array([1, None], pa.duration("s")),
    "run ends": pa.RunEndEncodedArray.from_arrays([1, 2], pa.array(["a", None])),
    "ids": pa.array([b"0123456789abcdef", None], pa.uuid()),
    "bytes": pa.array([b"\xff", None], pa.binary_view()),
    "no numbers": pa.array([math.nan, math.inf]),
    "no numbers inside": pa.array([[math.nan], [1.0]]),
    "unions": pa.UnionArray.from_sparse(pa.array([0, 1], pa.int8()), [pa.array(["s", "n"]), pa.array([1, 2])]),
}


@pytest.mark.parametrize("ending", ["csv", "json", "jsonl"])
@pytest.mark.parametrize("kind", NESTED)
def test_a_column_of_any_type_is_written_as_text(kind: str, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"out.{ending}"
    with write_table(path) as write:
        write(pa.RecordBatch.from_arrays([pa.array(["severe"] * 2), NESTED[kind]], ["silos", "x"]))

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    text = path.read_text("utf-8")
    if ending == "csv":
        rows = list(csv.DictReader(text.splitlines()))
    else:
        rows = [json.loads(line, parse_constant=refuse) for line in text.splitlines()] if ending == "jsonl" else []
        rows = rows or json.loads(text, parse_constant=refuse)
    assert [set(row) for row in rows] == [{"silos", "x"}] * 2
    assert kind in ("no numbers", "no numbers inside", "lists of objects") or rows[0]["x"]
    assert kind != "lists with nothing in them" or rows[0]["x"] in ("a; ", ["a", None])


def test_categories_may_differ_from_batch_to_batch(tmp_path: Path) -> None:
    batches = [
        pa.record_batch({"silos": ["severe"], "x": pa.array([cell], pa.string()).dictionary_encode()})
        for cell in ("a", "b", None)
    ]
    for ending in ENDINGS:
        path = tmp_path / f"out.{ending}"
        with write_table(path) as write:
            for batch in batches:
                write(batch)
        assert kept(path) == ["a", "b", None]


def test_an_error_about_a_column_that_cannot_be_written_names_the_output(tmp_path: Path) -> None:
    column = pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array(["s"])])
    out = tmp_path / "out.parquet"
    with pytest.raises(ValueError, match=r"out\.parquet: "), write_table(out) as write:
        write(pa.record_batch({"x": column}))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_an_error_about_the_encoding_names_the_file(encoding: str, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("silos,company\nsevere,Müller\n", encoding)
    with pytest.raises(ValueError, match=r"in\.csv: the text is not UTF-8"):
        answer(source, tmp_path / "out.csv")


class Noted(io.FileIO):
    """A file that notes which threads read it through Python."""

    threads: ClassVar[set[int]] = set()

    def readinto(self, buffer: Any) -> int | None:
        self.threads.add(get_ident())
        return super().readinto(buffer)


@pytest.mark.parametrize("ending", FORMATS)
def test_only_the_thread_that_asks_needs_python(ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrow reads ahead in threads; one that needs Python while the interpreter ends aborts or hangs the process."""
    (rows := tmp_path / "rows.csv").write_text("maturity,x\n" + f"early,{'x' * 1000}\n" * 6000, encoding="utf-8")
    answer(rows, source := tmp_path / f"in{ending}")
    monkeypatch.setattr(Path, "open", lambda path, *_: io.BufferedReader(Noted(path)))
    Noted.threads.clear()
    with open_table(source) as table:
        assert next(table.batches).size
    with open_table(source) as table:
        assert sum(batch.size for batch in table.batches) == 6000
        assert 0 < table.done() <= 1
    assert Noted.threads <= {get_ident()}


def test_the_name_of_a_column_may_contain_line_breaks(tmp_path: Path) -> None:
    (source := tmp_path / "in.csv").write_text('maturity,"x\n""y""\nz"\n' + "early,1\nmature,2\n", encoding="utf-8")
    with open_table(source) as table:
        assert table.names == ("maturity", 'x\n"y"\nz')
        assert [batch.column("maturity").to_pylist() for batch in table.batches] == [["early", "mature"]]
