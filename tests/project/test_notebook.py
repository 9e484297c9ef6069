"""The notebook in `examples/` runs in a real kernel, and shows what its text announces."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import ROOT

NOTEBOOK = ROOT / "examples" / "notebook.ipynb"
EXECUTE = """
import sys, nbformat, nbclient
notebook = nbformat.read(sys.argv[1], as_version=4)
nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
nbformat.write(notebook, sys.argv[2])
"""


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    for package in ("nbclient", "nbformat", "ipykernel", "pandas", "pyarrow", "matplotlib"):
        pytest.importorskip(package)
    folder = tmp_path_factory.mktemp("notebook")
    done = folder / "done.ipynb"
    run = subprocess.run(
        [sys.executable, "-c", EXECUTE, str(NOTEBOOK), str(done)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    return [cell for cell in json.loads(done.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]


def shown(cell: dict[str, Any], kind: str) -> str:
    return "".join("".join(output.get("data", {}).get(kind, "")) for output in cell["outputs"])


def test_it_shows_a_decision_its_map_a_what_if_a_table_and_a_chart(cells: list[dict[str, Any]]) -> None:
    decision, ranking, argument, supposed, asked, table, counts, chart = cells
    assert "<svg" in shown(decision, "text/html")
    assert "Executive owner" in shown(decision, "text/html")
    assert "<table" in shown(ranking, "text/html")
    assert "<svg" in shown(argument, "image/svg+xml")
    assert "CEO with a chief customer officer" in shown(supposed, "text/html")
    assert "most can be learnt from" in shown(asked, "text/html")
    assert "<table" in shown(table, "text/html")
    assert "ceo_with_cco" in shown(counts, "text/html")
    assert shown(chart, "image/png")
    assert not [output for cell in cells for output in cell["outputs"] if output.get("name") == "stderr"]


def test_it_is_committed_without_outputs() -> None:
    cells = json.loads(NOTEBOOK.read_text("utf-8"))["cells"]
    assert not [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")]


def test_its_path_is_named_in_the_documentation() -> None:
    assert any(NOTEBOOK.name in path.read_text("utf-8") for path in Path(ROOT / "docs").glob("*.md"))
