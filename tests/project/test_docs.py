"""Links and paths in the documentation lead somewhere."""

import re
from pathlib import Path

import pytest

import cxrules
from tests import ROOT
from tools import readme

PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "tests/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "readings").glob("README.md")),
]
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
PATH = re.compile(r"`([a-z_.-]+(?:/[a-z_.-]+)*(?:/|\.(?:py|yaml|md|json|jsonl)))`")
MADE = "knowledge/"  # pages that the site makes of the knowledge
ELSEWHERE = ("first-hour.md", "tutorial.md")  # whose reader makes the files
BASES = ("", "src/cxrules", "tests", "readings", "knowledge")


def find_dead(page: Path) -> list[str]:
    text = page.read_text("utf-8")
    links = [link for link in LINK.findall(text) if not (page.parent / link).exists() and not link.startswith(MADE)]
    if page.name in ELSEWHERE:
        return links
    return links + [path for path in PATH.findall(text) if "/" in path and not lives(path)]


def lives(path: str) -> bool:
    return any((ROOT / base / path).exists() for base in BASES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_paths_lead_somewhere(page: Path) -> None:
    assert find_dead(page) == []


def test_a_dead_link_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("[here](page.md) [there](gone.md) `policy/decider.py` `policy/gone.py`", "utf-8")
    assert find_dead(page) == ["gone.md", "policy/gone.py"]


def list_toctrees() -> list[str]:
    """The entries of every table of contents of the site, in order."""
    text = (ROOT / "docs" / "index.md").read_text("utf-8")
    blocks = re.findall(r"```\{toctree\}\n(?::[^\n]*\n)*\n(.*?)```", text, re.DOTALL)
    return [entry for block in blocks for entry in block.split()]


def test_every_page_of_the_site_is_in_one_table_of_contents() -> None:
    docs = ROOT / "docs"
    made = {"knowledge/index"}
    pages = {path.relative_to(docs).with_suffix("").as_posix() for path in docs.rglob("*.md")}
    pages = {page for page in pages if not page.startswith(("_", "knowledge/"))} - {"index"}
    assert sorted(list_toctrees()) == sorted(pages | made)


def test_the_site_has_the_four_kinds_of_page() -> None:
    captions = re.findall(r":caption: (.*)", (ROOT / "docs" / "index.md").read_text("utf-8"))
    assert captions == ["Tutorial", "How to", "Explanation", "Reference"]


def test_the_reference_has_every_public_name() -> None:
    text = (ROOT / "docs" / "reference" / "api.md").read_text("utf-8")
    named = set(re.findall(r"^\.\. auto\w+:: cxrules\.(\w+)$", text, re.MULTILINE))
    assert set(cxrules.__all__) - {"__version__"} <= named


def test_the_readme_shows_its_own_example() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert str(readme.find_advice(text).name) in (ROOT / readme.PICTURE).read_text("utf-8")


def test_the_figures_of_the_readme_are_those_measured() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    measured = (ROOT / "docs" / "benchmarks.md").read_text("utf-8")
    for row in readme.write_figures(measured).values():
        assert row in text


def test_the_readme_names_the_fastest_engine_of_others() -> None:
    measured = " ".join((ROOT / "docs" / "benchmarks.md").read_text("utf-8").split())
    assert f"The fastest engine of others is {readme.ENGINES[1]}," in measured
