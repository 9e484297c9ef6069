"""A file means the same to `cxrules table`, which reads columns, and to the page, which reads rows."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrules import Advisor, InvalidOrganisation
from cxrules.columns.arrow.writers import write_table
from cxrules.columns.cell_texts import QuoteWatch, guard_formula, read_objects
from cxrules.columns.coding import Coder
from cxrules.columns.files import open_table
from cxrules.columns.frames import Asked, FrameJudge, NamedBatch
from cxrules.columns.layout import ALL, lay_out
from cxrules.errors import is_missing
from cxrules.language.facts import Fact, FactValue, Kind
from cxrules.web.rows import RowReader
from cxrules.web.table import decide_table
from cxrules.web.upload import open_upload
from tests.web.tables import encode

ADVISOR = Advisor()
CODER: Coder = ADVISOR.tables.coder
FACTS = CODER.vocabulary.facts
SET = next(fact for fact in FACTS.values() if fact.kind is Kind.SET)
LENIENT = ["20 %", "12,5", "-", "unknown", "loyalty, retention", "[loyalty; retention]", "Yes", "0", "n/a", "none", "?"]
WRONG = ["hihg", "1_0", "12,5,1", "%", "-5", "1e3", "maybe", "[", ";", "٣"]


def cells(fact: Fact) -> st.SearchStrategy[str]:
    names = st.sampled_from([*fact.names, "true", "false", "15.5"])
    sets = st.lists(names, max_size=3).map("; ".join)
    return st.sampled_from([*LENIENT, *WRONG, "", " "]) | names | sets | st.text(max_size=4)


@given(data=st.data())
def test_a_cell_means_the_same_by_rows_and_by_columns(data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(list(FACTS)), min_size=1, max_size=4, unique=True))
    other = st.none() | st.booleans() | st.integers(-1, 101) | st.floats() | st.lists(st.sampled_from(SET.names))
    rows = data.draw(
        st.lists(
            st.tuples(
                *(cells(FACTS[name]) | (other if data.draw(st.booleans()) else cells(FACTS[name])) for name in names)
            ),
            max_size=6,
        )
    )
    reader = RowReader(CODER.vocabulary, names, lay_out(CODER.vocabulary, names))
    read = [reader.read(row) for row in rows]
    for position, name in enumerate(names):
        codes, faults = CODER.encode(name, [row[position] for row in rows], file=True)
        assert codes.tolist() == [code(name, known.get(name)) for known, _ in read]
        told = {(str(fault.diagnostic), row) for fault in faults for row in fault.rows.tolist()}
        assert told == {
            (str(each), row) for row, (_, wrong) in enumerate(read) for each in wrong if each.location.path == (name,)
        }


def code(name: str, value: FactValue | None) -> int:
    return 0 if value is None else CODER.code_of(FACTS[name], value)


@given(
    rows=st.lists(st.lists(st.sampled_from(["yes", "no", "", "1", "TRUE", "x"]), min_size=2, max_size=2), max_size=6)
)
def test_a_column_for_each_element_is_read_alike(rows: list[list[str]]) -> None:
    names = [f"{SET.name}.{element}" for element in SET.names[:2]]
    reader = RowReader(CODER.vocabulary, names, lay_out(CODER.vocabulary, names))
    parts = {element: [row[at] for row in rows] for at, element in enumerate(SET.names[:2])}
    codes, faults = CODER.encode_elements(SET.name, parts, file=True) if rows else (np.zeros(0), [])
    read = [reader.read(row) for row in rows]
    assert codes.tolist() == [code(SET.name, known.get(SET.name)) for known, _ in read]
    assert {row for fault in faults for row in fault.rows.tolist()} == {at for at, (_, bad) in enumerate(read) if bad}


def by_terminal(path: Path) -> list[str | None] | str:
    """Decide a file as `cxrules table` does."""
    try:
        frames = FrameJudge(ADVISOR.tables, Asked(None, ALL, file=True))
        found: list[str | None] = []
        with open_table(path) as table:
            for _, answers in frames.read(NamedBatch(table.names, *batch) for batch in table.batches):
                found += [] if answers is None else answers["model"].to_pylist()
    except ValueError as error:
        return str(error)
    return found


def by_page(path: Path) -> list[str | None] | str:
    try:
        answer = decide_table(ADVISOR, path.name, encode(path.read_bytes()))
    except ValueError as error:
        return str(error)
    return [row["model"] or None for row in csv.DictReader(io.StringIO(answer["csv"], newline=""))]


HEAD = "company,silos,retention_budget_share,marketing_journey_coverage,transformation_goal\n"
FILES: dict[str, str | bytes] = {
    "lenient.csv": HEAD
    + "Acme,severe,20 %,loyalty; retention,yes\n"
    + 'B,unknown,"12,5","loyalty, retention",0\nC,,n/a,-,\n\n',
    "semicolons.csv": "company;silos;retention_budget_share\nAcme;severe;12,5\n",
    "tabs.tsv": "company\tsilos\nAc;me\tsevere\n",
    "mac.csv": "company,silos\rAcme,severe\r",
    "commas.csv": "company;silos\rA, B, C;severe\r",
    "broken.csv": '"company\nor; who";silos\nA, B, C;severe\n',
    "inches.csv": '5" screens;silos;6" screens\n1;"severe";2\n',
    "blanks.csv": 'company, "walls; or; not; any",silos\nAcme,x,severe\n',
    "quoted.csv": '"company, or\nwho",silos\n"Ac""me\n",severe\nx"y,none\n',
    "elements.csv": f"{SET.name}.loyalty,{SET.name}.retention\nyes,no\n,\n",
    "named.csv": "silos,country\nsevere,NA\nnone,null\n",
    "blank.csv": "\n\r\n\nsilos,company\nsevere,A\n",
    "marked.csv": "\ufeff\n\nsilos,company\nsevere,A\n",
    "array.json": '[{"silos": "severe", "company": "A"},\n {"retention_budget_share": "12,5 %"}]\n',
    "empty.json": "[ ]",
    "pretty.json": '{\n "silos": "severe"\n}\n{"silos": "unknown"}',
    "lines.jsonl": '{"silos": "severe", "company": "a\u2028b"}\n\n{}\n{"marketing_journey_coverage": ["loyalty"]}\n',
    "longer.csv": "silos\nsevere,x,y\n",
    "shorter.csv": "silos,scope\nsevere\n",
    "later.csv": '\n\nsilos,scope\n"sev\nere",x\n\n"no\n\nne"\nnone,y\n',
    "several.csv": "\ufeffsilos,scope\r\nsevere\r\n\r\nnone,x\r\nsome,y,z\r\n",
    "many.csv": "silos,scope\n" + "severe\n" * 60,
    "old_mac.csv": "silos,scope\rnone,x\rsevere\r",
    "open.csv": 'silos,scope\n"severe,x\n',
    "end.csv": 'silos,note\nsevere,"hello\nnone,x\nsome,y\n',
    "last.csv": 'silos,note\nsevere,x\nnone,"hello',
    "head.csv": 'silos,"note\nsevere,x\n',
    "number.json": "1",
    "number.jsonl": "1\n",
    "array.jsonl": "[]\n",
    "ends.json": '[{"silos": "severe"}',
    "behind.json": '[{"silos": "severe"}] 1',
    "comma.json": '[{"silos": "severe"} {"silos": "severe"}]',
    "deep.json": '[{"silos": ' + "[" * 100_000,
    "twice.json": '[{"silos": "severe", "silos": "none"}]',
    "twice.csv": "silos,silos\nsevere,none\n",
    "misspelt.csv": "silo,scope\nsevere,x\n",
    "nothing.csv": "a,b\n1,2\n",
    "clash.csv": "silos,model\nsevere,x\n",
    "wrong.csv": "silos\nsevere\nsever\n",
    "latin.csv": b"silos,company\nsevere,M\xfcller\n",
    "none.csv": "",
    "lines.csv": "\n\n",
    "other.xlsx": "silos\nsevere\n",
}
ANSWERED = 16
OPEN = {"open.csv": 2, "end.csv": 2, "last.csv": 3, "head.csv": 1}
"""The line of the quote that is never closed, by file."""
RAGGED = {
    "longer.csv": ["line 2: a row has 3 cells, and the header 1: severe,x,y"],
    "shorter.csv": ["line 2: a row has 1 cell, and the header 2: severe"],
    "later.csv": [r"line 7: a row has 1 cell, and the header 2: no\n\nne"],
    "several.csv": [
        "2 rows have more or fewer cells than the header, which has 2:",
        "line 2: severe",
        "line 5: some,y,z",
    ],
    "many.csv": [
        "60 rows have more or fewer cells than",
        *(f"line {each}: severe" for each in range(2, 52)),
        "and 10 more",
    ],
    "old_mac.csv": ["line 3: a row has 1 cell, and the header 2: severe"],
}
"""What is said of each row with too few or too many cells, by file."""


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_answered_or_refused_alike(name: str, tmp_path: Path) -> None:
    path, content = tmp_path / name, FILES[name]
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    told, shown = by_terminal(path), by_page(path)
    if list(FILES).index(name) > ANSWERED:
        assert isinstance(told, str)
        assert isinstance(shown, str)
    elif told == []:
        assert isinstance(shown, str)
    else:
        assert isinstance(told, list), told
        assert told == shown
    if name in ("wrong.csv", "twice.csv", "nothing.csv", "clash.csv", "misspelt.csv"):
        assert str(told).split("; rename")[0] == str(shown).split("; rename")[0]
    if name in OPEN:
        for said in (told, shown):
            assert f"line {OPEN[name]}: a quote opens a cell here and is never closed" in str(said)
    if name in RAGGED:
        assert [part for part in RAGGED[name] if part not in str(told)] == []
        assert str(told).removeprefix(f"{path}: ") == str(shown).removeprefix("the table: ")


@given(text=st.text(alphabet=',;\t"\n\r ab1', max_size=30))
def test_csv_of_any_shape_is_split_alike(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "cut.csv"
    path.write_text(f"silos,x\n{text}\n", "utf-8", newline="")
    try:
        with open_table(path) as table:
            batches = ([batch.column(name).to_pylist() for name in table.names] for batch in table.batches)
            one: list[tuple[Any, ...]] | None = [row for columns in batches for row in zip(*columns, strict=True)]
    except ValueError:
        one = None
    try:
        other = [tuple(cell or None for cell in row) for row in open_upload("cut.csv", path.read_bytes()).rows]
    except ValueError:
        other = None
    assert one == other


@given(text=st.text(alphabet='",\n\ra', max_size=20), cuts=st.lists(st.integers(1, 5), max_size=20))
def test_a_quote_that_is_never_closed_is_found_in_any_portions(text: str, cuts: list[int]) -> None:
    """The kind: everything behind such a quote becomes one cell, and its rows vanish; Python's reader notices it."""
    whole, watch = QuoteWatch(","), QuoteWatch(",")
    whole.feed(text.encode())
    rest = text.encode()
    for cut in (*cuts, len(rest)):
        watch.feed(rest[:cut])
        rest = rest[cut:]
    assert watch.inside == whole.inside
    assert not whole.inside or watch.opened == whole.opened
    cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
    closed = [cell for row in csv.reader(io.StringIO(f'{text}"', newline="")) for cell in row]
    assert not whole.inside or cells == closed or text.endswith('"')


FORMULAS = ["=cmd|' /C calc'!A0", "+1+cmd", "-1+cmd", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1", "=", "+49 30 1234", "-x"]
HARMLESS = ["-", "-5", "+5,5 %", "-1.5", "Acme", "a=b", "", "'=1"]


@pytest.mark.parametrize("text", [*FORMULAS, *HARMLESS])
def test_both_neutralise_formulas(text: str, tmp_path: Path) -> None:
    expected = f"'{text}" if text in FORMULAS else text
    assert guard_formula(text) == expected
    page = decide_table(ADVISOR, "t.jsonl", encode(json.dumps({"silos": "severe", "x": text, text + "y": 1}).encode()))
    (row,) = csv.reader(io.StringIO(page["csv"].partition("\n")[2], newline=""))
    assert row[1] == expected
    assert f"{guard_formula(text + 'y')}" in next(csv.reader(io.StringIO(page["csv"], newline="")))
    for column in (pa.array([text]), pa.array([text]).dictionary_encode(), pa.array([[text]])):
        with write_table(tmp_path / "out.csv") as write:
            write(pa.RecordBatch.from_pydict({"n": pa.array([1]), "x": column, text + "y": pa.array(["a"])}))
        head, written = csv.reader(io.StringIO((tmp_path / "out.csv").read_bytes().decode(), newline=""))
        assert written[1] == expected
        assert head[2] == guard_formula(text + "y")


@given(found=st.lists(st.dictionaries(st.text(max_size=3), st.none() | st.text(max_size=3), max_size=3), max_size=4))
def test_objects_are_read_from_an_array_or_one_per_line(found: list[dict[str, Any]]) -> None:
    assert list(read_objects(json.dumps(found, indent=1), "x")) == found
    assert list(read_objects("\n".join(map(json.dumps, found)), "x")) == found


def test_written_json_can_be_read_again(tmp_path: Path) -> None:
    for rows in ([], [{"silos": "severe"}, {"silos": None}]):
        with write_table(tmp_path / "out.json") as write:
            for row in rows:
                write(pa.RecordBatch.from_pylist([row], pa.schema([("silos", pa.string())])))
        assert json.loads((tmp_path / "out.json").read_text("utf-8")) == rows


def test_a_missing_cell_is_missing() -> None:
    assert all(map(is_missing, (None, float("nan"), np.float64("nan"))))
    assert not any(map(is_missing, (0, "", False, np.array([1, 2]))))


def test_an_error_about_many_columns_is_short() -> None:
    with pytest.raises(InvalidOrganisation) as raised:
        lay_out(CODER.vocabulary, [f"silo{number}" for number in range(3000)])
    assert len(raised.value.diagnostics) <= 10
