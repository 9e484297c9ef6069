"""File names alone lead to the place: the table in docs/architecture.md is right."""

from __future__ import annotations

import re

from tests import ROOT
from tests.project.test_layers import MAY_IMPORT

ARCHITECTURE = ROOT / "docs" / "architecture.md"
# Names that say how something is built rather than what it is.
EMPTY = {"base", "common", "core", "helpers", "impl", "main", "manager", "misc", "parts", "stuff", "types", "utils"}
MAY_BE_EMPTY = {"src/cxrules/portable/base.py"}  # the base class of all answers


def list_questions() -> list[tuple[str, str]]:
    text = ARCHITECTURE.read_text("utf-8")
    table = text.partition("## Where is …")[2].partition("\n## ")[0]
    return re.findall(r"^\| (…?[^|`]+?) \| `([^`]+)` \|$", table, re.MULTILINE)


def list_files() -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in (ROOT / "src").rglob("*.py")]


def test_each_question_has_one_file() -> None:
    questions = list_questions()
    assert len(questions) >= 24
    for question, path in questions:
        assert any((ROOT / base / path).exists() for base in ("", "src/cxrules")), question
    assert len({path for _, path in questions}) == len(questions)


def test_the_picture_has_every_layer() -> None:
    picture = ARCHITECTURE.read_text("utf-8").partition("```text")[2].partition("```")[0]
    layers = {layer for layer in MAY_IMPORT if not layer.startswith("__")}
    assert {layer for layer in layers if not re.search(rf"\b{layer}(/|\.py)", picture)} == set()


def test_no_file_has_a_vague_name() -> None:
    assert {path for path in list_files() if path.rpartition("/")[2][:-3] in EMPTY} == MAY_BE_EMPTY


def test_few_files_share_a_name() -> None:
    names: dict[str, list[str]] = {}
    for path in list_files():
        if not path.endswith("__init__.py"):
            names.setdefault(path.rpartition("/")[2], []).append(path)
    assert not {name: paths for name, paths in names.items() if len(paths) > 3}
