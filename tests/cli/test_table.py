"""`cxrules table`: every format in and out, the summary, the HTML page, and no half-written files."""

import io
import itertools
import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest
from typer.testing import CliRunner, Result

from cxrules import Advisor, RuleBase, advisor
from cxrules.cli import table as command
from cxrules.cli.app import make_app
from cxrules.cli.terminal.progress import Progress
from cxrules.cli.terminal.signals import signals_end_it
from cxrules.columns import files
from cxrules.columns.tables import TableJudge
from tests import ROOT
from tests.rulebases import random_organisations

Run: TypeAlias = Callable[..., Result]
ADVISOR = Advisor()
FACTS = ADVISOR.rulebase.vocabulary.facts
ROWS: list[dict[str, Any]] = [
    {
        "company": f"company {number}",
        "sector": ("Retail", "Bank")[number % 2],
        **{name: list(value) if isinstance(value := drawn.get(name), tuple) else value for name in FACTS},
    }
    for number, drawn in enumerate(islice(random_organisations(ADVISOR.rulebase, 4, known=0.5), 30))
]
MODELS = [ADVISOR.recommend({name: value for name, value in row.items() if name in FACTS}).model for row in ROWS]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    app = make_app()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(advisor, "Advisor", cache(Advisor))  # the built-in rule base is compiled once for all tests
        yield lambda *arguments: CliRunner().invoke(app, ["table", *map(str, arguments)], env={"COLUMNS": "100"})


def as_text(value: Any) -> str | None:
    if isinstance(value, list):
        return "; ".join(value) or "[]"
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The organisations in every format."""
    path = tmp_path_factory.mktemp("tables")
    table = pa.Table.from_pylist(ROWS)
    text = pa.Table.from_pylist([{name: as_text(value) for name, value in row.items()} for row in ROWS])
    pyarrow.csv.write_csv(text, path / "in.csv")
    pyarrow.csv.write_csv(text, path / "in.tsv", pyarrow.csv.WriteOptions(delimiter="\t"))
    pyarrow.parquet.write_table(table, path / "in.parquet")
    pyarrow.feather.write_feather(table, str(path / "in.feather"))
    lines = [{name: value for name, value in row.items() if value is not None} for row in ROWS]
    (path / "in.json").write_text(json.dumps(lines, indent=1), "utf-8")
    (path / "in.jsonl").write_text("\n\n".join(map(json.dumps, lines)), "utf-8")
    with pa.OSFile(str(path / "in.arrow"), "wb") as file, pa.ipc.new_stream(file, table.schema) as stream:
        stream.write_table(table)
    return path


def read(path: Path) -> list[dict[str, Any]]:
    with files.open_table(path) as table:
        batches = list(table.batches)
        columns = {name: [cell for each in batches for cell in plain(each.column(name))] for name in table.names}
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def plain(column: Any) -> list[Any]:
    return column if isinstance(column, list) else list(column.to_pylist())


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet", "json", "jsonl", "feather", "arrow"])
def test_every_format_is_read_and_written(ending: str, folder: Path, run: Run, tmp_path: Path) -> None:
    out = tmp_path / f"out.{ending}"
    result = run(folder / f"in.{ending}", "-o", out, "--json", "--also", "patterns")
    assert result.exit_code == 0, result.output
    rows = read(out)
    assert [(row["company"], row["model"] or None) for row in rows] == [
        (row["company"], model) for row, model in zip(ROWS, MODELS, strict=True)
    ]
    told = json.loads(result.stdout)
    assert told["organisations"] == len(ROWS)
    assert {name: sum(counts.values()) for name, counts in told["models"].items()} == {
        name: [model or "undetermined" for model in MODELS].count(name) for name in told["models"]
    }
    assert [path.name for path in tmp_path.iterdir()] == [out.name]


def test_the_summary_is_printed_and_drawn(folder: Path, run: Run, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    result = run(folder / "in.csv", "--what-if", "silos=none", "--segment", "sector", "--html", page)
    assert result.exit_code == 0, result.output
    assert "30 organisations" in result.stdout
    assert "If silos = none were true of all" in result.stdout
    assert "Retail (15)" in result.stdout
    text = page.read_text("utf-8")
    assert text.startswith("<!doctype html>")
    assert "http" not in text
    assert "<script" not in text
    assert text.count("<svg") == text.count("</svg>") >= 5


def test_what_if_counts_changed_recommendations(folder: Path, run: Run) -> None:
    told = json.loads(run(folder / "in.parquet", "--what-if", "ceo_involvement=champion", "--json").stdout)["what_if"]
    given = [{name: value for name, value in row.items() if name in FACTS} for row in ROWS]
    after = [ADVISOR.recommend({**facts, "ceo_involvement": "champion"}).model for facts in given]
    assert told["changed"] == sum(one != other for one, other in zip(MODELS, after, strict=True))
    assert sum(move["organisations"] for move in told["moves"]) == told["changed"]


def test_what_if_counts_contradictions_and_fills_its_column(folder: Path, run: Run, tmp_path: Path) -> None:
    supposed: dict[str, Any] = {"cco_status": "none", "cco_reports_to": "ceo"}
    options = [text for name, value in supposed.items() for text in ("--what-if", f"{name}={value}")]
    out, page = tmp_path / "out.parquet", tmp_path / "page.html"
    result = run(folder / "in.csv", "-o", out, "--html", page, "--json", *options)
    assert result.exit_code == 0, result.output
    given = [{name: value for name, value in row.items() if name in FACTS} for row in ROWS]
    then = [ADVISOR.recommend({**facts, **supposed}) for facts in given]
    assert [row["what_if"] for row in read(out)] == [advice.model for advice in then]
    told = json.loads(result.stdout)["what_if"]
    assert told["changed"] == sum(one != advice.model for one, advice in zip(MODELS, then, strict=True))
    before = [bool(ADVISOR.recommend(facts).incoherences) for facts in given]
    assert told["contradicted"] == sum(
        bool(advice.incoherences) and not already for advice, already in zip(then, before, strict=True)
    )
    assert told["contradicted"] > 1
    text = f"The facts of {told['contradicted']} organisations would contradict each other then"
    assert text in page.read_text("utf-8")
    assert text in run(folder / "in.csv", *options).stdout
    assert "what_if" not in pyarrow.parquet.read_schema(out).names[: len(ROWS[0])]


@pytest.mark.parametrize("options", [[], ["--skip-wrong"]])
def test_the_what_if_is_decided_once(
    options: list[str], run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in.csv").write_text("silos\nsevere\n" + ("sever\nnone\n" if options else "none\n"), "utf-8")
    supposed: list[int] = []
    suppose = TableJudge.suppose

    def count(judge: TableJudge, codes: Any, size: int, facts: Any) -> Any:
        supposed.append(size)
        return suppose(judge, codes, size, facts)

    monkeypatch.setattr(TableJudge, "suppose", count)
    out = tmp_path / "out.jsonl"
    result = run(tmp_path / "in.csv", "-o", out, "--what-if", "ceo_involvement=champion", *options)
    assert (result.exit_code, supposed) == (0, [2])
    then = [ADVISOR.recommend(silos=silos, ceo_involvement="champion").model for silos in ("severe", "none")]
    assert [row["what_if"] for row in read(out) if not row.get("error")] == then


@pytest.mark.parametrize("ending", files.FORMATS)
@pytest.mark.parametrize("kind", ["folder", "pipe", "device"])
def test_a_table_must_be_a_regular_file(kind: str, ending: str, run: Run, tmp_path: Path) -> None:
    path = tmp_path / f"in{ending}"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    result = run(path)
    told = f"a table must be a regular file, not a {'folder' if kind == 'folder' else 'pipe or device'}"
    assert (result.exit_code, result.stderr) == (2, f"cxrules: {path}: {told}\n")


def test_a_deleted_folder_is_wrong_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_: object) -> str:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr("os.path.realpath", gone)
    result = run("in.csv")
    assert (result.exit_code, result.stderr) == (2, "cxrules: in.csv: No such file or directory\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl", "html"])
@pytest.mark.parametrize("rows", [1, 5000])
def test_a_full_disk_is_reported_with_the_file(rows: int, ending: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("silos,x\n" + f"severe,{'x' * 30}\n" * rows, "utf-8")
    out = tmp_path / f"out.{ending}"
    out.symlink_to("/dev/full")
    result = run(tmp_path / "in.csv", "--html" if ending == "html" else "-o", out)
    assert (result.exit_code, result.stderr) == (2, f"cxrules: {out}: No space left on device\n")


def test_one_organisation_is_written_in_the_singular(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("silos,sector\nsevere,\n", "utf-8")
    told = run(tmp_path / "in.csv", "--segment", "sector").stdout
    assert told.startswith("1 organisation\n")
    assert "(1 organisation asked)" in told
    assert "(empty) (1):" in told


def test_wrong_cells_end_the_command_or_are_skipped_and_leave_no_file(run: Run, tmp_path: Path) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("company,Walls,silos\na,x,severe\nb,y,sever\n", "utf-8")
    result = run(source, "-o", out)
    assert result.exit_code == 2
    assert "silos: no such value: 'sever' (row 2) [unknown-value]; did you mean 'severe'?" in result.stderr
    assert not out.exists()
    result = run(source, "-o", out, "--skip-wrong", "--json")
    assert result.exit_code == 0
    assert (json.loads(result.stdout)["organisations"], json.loads(result.stdout)["refused"]) == (1, 1)
    assert [row["error"] is None for row in read(out)] == [True, False]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interruption_leaves_the_old_file(
    number: signal.Signals, folder: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outs = tmp_path / "out.csv", tmp_path / "page.html"
    for out in outs:
        out.write_text("what was there\n", "utf-8")

    monkeypatch.setattr("cxrules.columns.portfolio.Portfolio.watch", lambda *_: signal.raise_signal(number))
    with pytest.raises(SystemExit) as ended, signals_end_it():
        run(folder / "in.csv", "-o", outs[0], "--html", outs[1])
    assert ended.value.code == 128 + number
    assert [out.read_text("utf-8") for out in outs] == ["what was there\n"] * 2
    assert sorted(tmp_path.iterdir()) == sorted(outs)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "text", "options", "message"),
    [
        ("in.xlsx", "", [], "the format is known by the ending"),
        ("in.csv", "", [], "in.csv: the first line of a CSV file must name its columns"),
        ("in.csv", f"silos,x\nsome,{'a' * (1 << 21)}\n", [], "in.csv: a row is longer than 1 MB"),
        ("in.csv", f"silos,{'a' * (1 << 21)}\nsome,\n", [], "names its columns: a row is longer than 1 MB"),
        ("in.csv", "sillos\nsevere\n", [], "almost the name of the fact 'silos'"),
        ("in.csv", "silos\nsevere\n", ["-o", "out.xlsx"], "the format is known by the ending"),
        ("in.csv", "silos\nsevere\n", ["--segment", "silo"], "no such column: 'silo'; did you mean 'silos'?"),
        ("in.csv", "silos\nsevere\n", ["--what-if", "silos"], "--what-if takes FACT=VALUE"),
        ("in.csv", "silos\nsevere\n", ["--what-if", "silos=sever"], "did you mean 'severe'?"),
        ("in.csv", "silos\nsevere\n", ["--column", "silos"], "--column takes FACT=COLUMN"),
        ("in.csv", "silos\nsevere\n", ["--also", "action"], "did you mean 'actions'?"),
        ("in.jsonl", '{"silos": "severe"}\n[1]\n', [], "every line is one JSON object"),
        ("in.json", "1", [], "objects with facts by name are expected"),
        ("in.jsonl", "{\n", [], "not JSON"),
        ("in.parquet", "no Parquet", [], "in.parquet"),
        ("in.arrow", "no Arrow", [], "in.arrow"),
    ],
)
def test_mistakes_are_reported_in_one_line(
    name: str, text: str, options: list[str], message: str, run: Run, here: Path
) -> None:
    Path(name).write_text(text, "utf-8")
    result = run(name, *options)
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert "Traceback" not in result.output
    assert not list(here.glob(".*"))


def test_a_missing_file_is_reported(run: Run) -> None:
    result = run("nowhere.csv")
    assert (result.exit_code, result.stderr) == (2, "cxrules: nowhere.csv: No such file or directory\n")


def test_an_empty_table_and_mixed_cells(run: Run, tmp_path: Path) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.parquet"
    source.write_text("company,silos\n", "utf-8")
    assert run(source, "-o", out).exit_code == 0
    assert pyarrow.parquet.read_table(out).num_rows == 0
    lines = tmp_path / "in.jsonl"
    lines.write_text('{"silos": "severe", "x": 1}\n{"silos": 3, "x": "one"}\n', "utf-8")
    result = run(lines, "-o", out)
    assert result.exit_code == 2
    assert "silos: one of its values is expected, not 3 (row 2)" in result.stderr


@pytest.fixture(scope="module")
def museums(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("museums") / "museums.csv"
    path.write_text("name,demand,climate_control,flood_risk\nNorth,daily,true,none\nSouth,,,high\n", "utf-8")
    return path


def test_another_rule_base_is_called_by_its_own_name(museums: Path, run: Run, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    asked = ("--rules", ROOT / "examples" / "museum_archive", "--what-if", "demand=rarely", "--html", page)
    result = run(museums, *asked)
    assert result.exit_code == 0, result.output
    name = RuleBase.load(ROOT / "examples" / "museum_archive").name
    for told in (result.output, page.read_text("utf-8")):
        assert f"What {name} recommends" in told
        assert not re.search("Customer Experience|owner|own CX", told)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "shown"), [(Terminal(), True), (io.StringIO(), False)])
def test_progress_shows_on_a_terminal_only(
    stream: io.StringIO, shown: bool, folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = itertools.count()
    bar = Progress(stream, lambda: float(next(seconds)))
    monkeypatch.setattr(command, "Progress", lambda: bar)
    assert run(folder / "in.csv", "--json").exit_code == 0
    assert ("in.csv: 30 organisations, 100% of the file" in stream.getvalue()) == shown
    assert bool(stream.getvalue()) == shown


def test_all_wrong_cells_of_a_file_are_reported_in_one_error(run: Run, tmp_path: Path) -> None:
    wrong = (10, 70_000, 139_999)
    cells = ["severe"] * 140_000
    for row in wrong:
        cells[row] = "sever"
    pyarrow.parquet.write_table(pa.table({"silos": cells}), tmp_path / "in.parquet")
    result = run(tmp_path / "in.parquet", "-o", tmp_path / "out.parquet")
    assert result.exit_code == 2, result.output
    assert "(rows 11, 70,001, 140,000)" in " ".join(result.output.split())
    assert not (tmp_path / "out.parquet").exists()


def test_its_own_output_is_read_and_answered_with_a_prefix(folder: Path, run: Run, tmp_path: Path) -> None:
    once, twice = tmp_path / "once.csv", tmp_path / "twice.csv"
    assert run(folder / "in.csv", "-o", once).exit_code == 0
    refused = run(once, "-o", twice)
    assert refused.exit_code == 2
    assert "--prefix cx_" in refused.output
    assert run(once).exit_code == 0  # nothing is written that could clash
    assert run(once, "-o", twice, "--prefix", "cx_").exit_code == 0
    assert [row["cx_model"] for row in read(twice)] == [row["model"] for row in read(once)]


def test_a_file_is_not_written_over_itself_or_another(folder: Path, run: Run, tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_bytes((folder / "in.csv").read_bytes())
    linked = tmp_path / "linked.csv"
    linked.symlink_to(own)
    hard = tmp_path / "hard.csv"
    hard.hardlink_to(own)
    page = tmp_path / "page.csv"
    for arguments in (["-o", own], ["-o", linked], ["-o", hard], ["--html", own], ["-o", page, "--html", page]):
        result = run(own, *arguments)
        assert result.exit_code == 2, arguments
        assert "write to another file" in result.output
    assert own.read_bytes() == (folder / "in.csv").read_bytes()


@pytest.mark.parametrize("ending", ["csv", "json", "jsonl", "parquet"])
def test_times_that_python_cannot_hold_pass_through(ending: str, run: Run, tmp_path: Path) -> None:
    """The kind: PyArrow raises for a cell, which error depends on its version and on what else is installed."""
    odd = {
        "founded": pa.array([2**59, None], pa.timestamp("us")),
        "opened": pa.array([7, 8], pa.timestamp("us", tz="No/Where")),
        "moved": pa.array([7, 8], pa.timestamp("us", tz="+25:00")),
        "closed": pa.array([2**60 + 1, None], pa.timestamp("ns")),
        "opens": pa.array([1, None], pa.time64("ns")),
    }
    pyarrow.parquet.write_table(pa.table({"maturity": ["early", None], **odd}), tmp_path / "in.parquet")
    for segment in odd:
        result = run(tmp_path / "in.parquet", "-o", tmp_path / f"out.{ending}", "--segment", segment)
        assert result.exit_code == 0, result.output
    if ending != "parquet":
        written = (tmp_path / f"out.{ending}").read_text(encoding="utf-8")
        assert "20237-" in written
        assert "7" in written


def test_a_column_whose_name_begins_or_ends_with_a_blank_can_be_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(" maturity ,x\nearly,none\n", encoding="utf-8")
    suggested = re.search(r"--column '(.*)'", run(tmp_path / "in.csv").stderr)
    assert suggested
    result = run(tmp_path / "in.csv", "--column", suggested[1], "--column", "silos = x", "--json")
    assert (result.exit_code, json.loads(result.stdout)["organisations"]) == (0, 1)


@pytest.mark.parametrize("text", ["maturity", "maturity,x\n", "\ufeffmaturity\r\n"])
def test_a_table_with_the_names_of_columns_alone_has_no_organisations(text: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(text, encoding="utf-8", newline="")
    result = run(tmp_path / "in.csv", "-o", tmp_path / "out.csv")
    assert (result.exit_code, result.stdout.splitlines()[:1]) == (0, ["0 organisations"])
    assert read(tmp_path / "out.csv") == []
