"""Links, paths, names and figures in the documentation are right."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

from tests import ROOT
from tools import readme

PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "tests/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "readings").glob("README.md")),
]
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
PATH = re.compile(r"`([a-z_.-]+(?:/[a-z_.-]+)*(?:/|\.(?:py|yaml|md|json|jsonl)))`")
PUBLIC = ("decision_log", "verification", "testing", "graph")  # packages with an `__all__`
MADE = "knowledge/"  # pages generated from the knowledge
ELSEWHERE = ("first-hour.md", "tutorial.md")  # its reader creates the files
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
def test_links_and_paths_exist(page: Path) -> None:
    assert find_dead(page) == []


def test_a_dead_link_is_found(tmp_path: Path) -> None:
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


def find_unlisted(text: str, package: str) -> set[str]:
    """The public names of a package that the reference lists neither by name nor with their package."""
    module = importlib.import_module(package)
    listed = set(re.findall(rf"^\.\. auto\w+:: {re.escape(package)}\.(\w+)$", text, re.MULTILINE))
    if re.search(rf"^\.\. automodule:: {re.escape(package)}\n   :members:", text, re.MULTILINE):
        # automodule includes the classes and functions of a package; anything else needs an entry.
        listed |= {
            name
            for name in module.__all__
            if inspect.isclass(found := getattr(module, name))
            or (inspect.isfunction(inspect.unwrap(found)) and found.__module__.startswith("cxrules"))
        }
    return set(module.__all__) - listed - {"__version__"}


@pytest.mark.parametrize("package", ["cxrules", *(f"cxrules.{name}" for name in PUBLIC)])
def test_the_reference_has_every_public_name(package: str) -> None:
    pytest.importorskip("networkx")
    assert find_unlisted((ROOT / "docs" / "reference" / "api.md").read_text("utf-8"), package) == set()


def test_an_unlisted_name_is_found() -> None:
    assert find_unlisted(".. automodule:: cxrules.verification\n   :members:\n", "cxrules.verification") >= {"CHECKS"}
    assert "recommend" in find_unlisted("", "cxrules")


def test_the_readme_names_the_public_packages() -> None:
    page = (ROOT / "docs" / "project.md").read_text("utf-8")
    sentence = page.partition("of its packages ")[2].partition(" that the")[0]
    assert set(re.findall(r"`(\w+)`", sentence)) == {*PUBLIC, "web"}


def test_the_readme_shows_its_own_example() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert str(readme.find_advice(text).name) in (ROOT / readme.PICTURE).read_text("utf-8")


def test_the_figures_of_the_readme_are_the_measured_ones() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    measured = (ROOT / "docs" / "benchmarks.md").read_text("utf-8")
    for row in readme.write_figures(measured).values():
        assert row in text


def test_the_readme_names_the_fastest_other_engine() -> None:
    measured = " ".join((ROOT / "docs" / "benchmarks.md").read_text("utf-8").split())
    assert f"The fastest engine of others is {readme.ENGINES[1]}," in measured
