"""Links and paths in the documentation lead somewhere."""

import re
from pathlib import Path

import pytest

from tests import ROOT

PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "tests/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "readings").glob("README.md")),
]
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
PATH = re.compile(r"`([a-z_.-]+(?:/[a-z_.-]+)*(?:/|\.(?:py|yaml|md|json|jsonl)))`")
MADE = "knowledge/"  # pages that the site makes of the knowledge
ELSEWHERE = ("tutorial.md",)  # whose reader makes the files
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
