"""Every diagnostic has a file that causes it, at a known place.

A case is a file on top of `small_base`, with the expected diagnostics in comments; or a folder with them in
`expect.txt`. A line is `expect: [FILE:]LINE:COLUMN CODE`, without line and column where there is none. `base: none`
loads without a base, `load: NAME` loads that instead of the whole folder.
"""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from cxrules.errors import InvalidKnowledge
from cxrules.knowledge import CODES
from cxrules.rulebase import RuleBase
from tests import DATA, ROOT

FOLDER = DATA / "bad_knowledge"
CASES = sorted(path for path in FOLDER.iterdir() if not path.name.startswith((".", "__")))
DIRECTIVE = re.compile(r"^(?:# )?(expect|base|load): (.+)$", re.MULTILINE)


class Case(NamedTuple):
    path: Path
    expected: list[str]
    whole: bool


def read_case(path: Path) -> Case:
    told = path / "expect.txt" if path.is_dir() else path
    directives = DIRECTIVE.findall(told.read_bytes().decode(errors="replace"))
    named = dict(directives)
    expected = [text for key, text in directives if key == "expect"]
    return Case(path / named["load"] if "load" in named else path, expected, named.get("base") == "none")


def complain(case: Case, base: RuleBase) -> InvalidKnowledge:
    with pytest.raises(InvalidKnowledge) as caught:
        RuleBase.load(case.path, base=None if case.whole else base)
    return caught.value


@pytest.fixture(scope="module")
def small_base() -> RuleBase:
    return RuleBase.load(DATA / "small_base")


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_mistake_is_reported_at_its_place(path: Path, small_base: RuleBase) -> None:
    case = read_case(path)
    found = []
    for diagnostic in complain(case, small_base).diagnostics:
        place = diagnostic.location
        position = f"{place.line}:{place.column}" if place.line else ""
        assert place.file is not None
        inside = Path(place.file).name if path.is_dir() and Path(place.file) != path else ""
        where = ":".join(part for part in (inside, position) if part)
        found.append(f"{where} {diagnostic.code}".strip())
    assert found == case.expected


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_message_is_one_sentence_without_a_full_stop(path: Path, small_base: RuleBase) -> None:
    for diagnostic in complain(read_case(path), small_base).diagnostics:
        assert diagnostic.message
        assert not diagnostic.message.endswith(".")
        assert "\n" not in diagnostic.message + diagnostic.hint
        assert str(diagnostic).startswith(str(path))


def test_every_code_has_a_case() -> None:
    assert sorted(path.stem for path in CASES) == sorted(CODES)
    for path in CASES:
        assert path.stem in {expected.split()[-1] for expected in read_case(path).expected}


def test_every_code_is_in_the_documentation() -> None:
    text = (ROOT / "docs" / "diagnostics.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z0-9-]+)`", text, re.MULTILINE) == sorted(CODES)
