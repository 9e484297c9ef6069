"""Habits of translated prose are kept out of all texts; CONTRIBUTING.md has the style guide."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ROOT

FIRST_WORDS = {"Give", "Gives", "Hold", "Holds", "Part", "Say", "Says", "Tell", "Tells", "Whoever"}
HABITS = (
    r"can(not)? be had",
    r"for want of",
    r"should it come about",
    r"\bhis decision",
    r"\bof ours\b",
    r"\bbe it\b",
    r"\bwhoever\b",
    r"who is nowhere",
    r"\bsave (those|that|for|where|when)\b",
    r"\bmend(s|ed|ing)?\b",
    r"stands? in the place of",
    r"takes? out the organisations",
    r"in another company",
    r"\bto be had\b",
    r"\bat hand\b",
    r"\banew\b",
    r"\bin vain\b",
    r"\bin earnest\b",
    r"\bhangs? on\b",
    r"\bour reading\b",
    r"\bfinally (owns|belongs)\b",
    r"\bstands? (beside|twice|there|here|whole|in another place)\b",
    r"[.:] (held|tried|timed|drawn|told|meant|kept) (is|are|was|were)\b",
    r"\bwho (needs|takes) [a-z]+ is\b",
    r"\b(hence|thereby|therein|thereof|whereby)\b",
    r"\bheld against\b",
    r"\bholds? (it|them|one|every|a|what|each|all|lines|some) ([\w-]+ ){0,2}against\b",
    r"\ban? [\w-]+ of (its|one's|his) own\b",
    r"\b(is|are) no (text|number|set|fact|record|regular file|JSON|percentage|mapping|value)s?\b",
    r"\bpassed over\b",
    r"\botherwise than\b",
    r"\bweighs? otherwise\b",
    r"\bmust come of\b",
    r"\bis as asked\b",
    r"\bbears? (the|a) (name|id|date)\b",
    r"\bwhat (came|becomes?) of (it|one|them)\b",
)
PLACES = (
    "src",
    "docs",
    "knowledge",
    "tools",
    "bench",
    "examples",
    "README.md",
    "CONTRIBUTING.md",
    "Makefile",
    "tests/README.md",
)
SUFFIXES = {".py", ".md", ".yaml", ".toml", ".sh", ""}
MADE = ("docs/knowledge/", "docs/_build/")  # by `make docs`


def list_files() -> Iterator[Path]:
    for place in PLACES:
        path = ROOT / place
        files = [path] if path.is_file() else sorted(path.rglob("*"))
        for file in files:
            made = file.relative_to(ROOT).as_posix().startswith(MADE) or "__pycache__" in file.parts
            if file.is_file() and file.suffix in SUFFIXES and not made:
                yield file


def find_habits(text: str) -> list[str]:
    """The habits in a text, each with its line; a line break may split one."""
    found = re.compile("|".join(f"(?:{habit})" for habit in HABITS).replace(" ", r"[\s#]+"), re.IGNORECASE).finditer(
        text
    )
    return [f"{text.count(chr(10), 0, match.start()) + 1}: {' '.join(match[0].split())}" for match in found]


def find_first_words(source: str) -> list[str]:
    """The docstrings, of attributes too, that begin with a word of FIRST_WORDS."""
    nodes = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Expr))
    texts = [(node.lineno, node.value.value) for node in nodes if isinstance(node.value, ast.Constant)]
    return [
        f"{line}: {text.split()[0]}"
        for line, text in texts
        if isinstance(text, str) and text.split()[:1] and text.split()[0] in FIRST_WORDS
    ]


def test_texts_are_free_of_the_habits() -> None:
    found = {
        str(path.relative_to(ROOT)): habits for path in list_files() if (habits := find_habits(path.read_text("utf-8")))
    }
    assert found == {}


def test_docstrings_begin_with_what_is_returned_or_done() -> None:
    found = {
        str(path.relative_to(ROOT)): words
        for path in list_files()
        if path.suffix == ".py" and (words := find_first_words(path.read_text("utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize(
    "text",
    [
        "It can be had.",
        "one\n# be\n# it so",
        "Mend it.",
        "for  want of",
        "Facts. Timed is the call.",
        "It has a name of its own.",
        "A fact that is no set is kept.",
        "Tests hold every field against the text.",
    ],
)
def test_a_habit_is_found(text: str) -> None:
    assert len(find_habits(text)) == 1


def test_a_first_word_is_found() -> None:
    assert find_first_words('def f():\n    """Give it."""\n') == ["2: Give"]
    assert find_habits("A recommendation of the amendment, as it may be; it saves the file.") == []
    assert find_habits("Departments with agendas of their own hold marketing back, and one speaks against it.") == []
