"""`cxrules schema` writes schemas for editors, and prints the lines that point to them."""

import json
from pathlib import Path

import pytest

from tests import DATA

pytest.importorskip("typer", reason="the extra `cli` is not installed")

from typer.testing import CliRunner

from cxrules.cli.app import make_app


def test_the_printed_lines_point_to_the_written_schemas(tmp_path: Path) -> None:
    folder = DATA / "faulty_bases" / "clean"
    done = CliRunner().invoke(make_app(), ["schema", str(folder), "-o", str(tmp_path / "made" / "here")])
    assert done.exit_code == 0, done.output
    lines = dict(line.split(maxsplit=1) for line in done.stdout.splitlines() if "$schema=" in line)
    assert {"rules", "facts", "models", "claims", "sources", "expectations", "accepted", "organisation"} <= set(lines)
    for line in lines.values():
        read = json.loads((folder / line.partition("$schema=")[2]).read_text("utf-8"))
        assert read["$id"].startswith("urn:cxrules:schema:")


def test_a_folder_that_cannot_be_written_ends_with_2(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = CliRunner().invoke(make_app(), ["schema", "-o", str(tmp_path / "file" / "below")])
    assert (done.exit_code, done.stdout) == (2, "")
