"""One word, one thing: no two classes or type aliases of the library share a name."""

import ast
from collections import defaultdict
from collections.abc import Iterator

from tests import ROOT

MAY_BE_SHARED = {
    "Columns": "the type of an argument of `Advisor.recommend_frame`, repeated where `columns` is not imported",
    "AsJson": "the option `--json`, with a help text for each command",
    "Given": "facts as given, which the tests of a rule base take only as a mapping",
    "Plain": "plain data that JSON can represent",
    "Path": "the keys that lead to a place in a file",
}


def list_names(source: str) -> Iterator[str]:
    """The classes and type aliases of a module."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            if isinstance(node.annotation, ast.Name) and node.annotation.id == "TypeAlias":
                yield node.target.id
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            is_type = isinstance(node.value, ast.Subscript) and node.targets[0].id.strip("_")[:1].isupper()
            if is_type and not node.targets[0].id.isupper():
                yield node.targets[0].id


def find_shared(sources: dict[str, str]) -> dict[str, list[str]]:
    """The names that are defined more than once, private or not: search finds `_Step` with `Step`."""
    places = defaultdict(list)
    for path, source in sources.items():
        for name in list_names(source):
            places[name.lstrip("_")].append(path)
    return {name: paths for name, paths in places.items() if len(paths) > 1}


def test_no_two_classes_share_a_name() -> None:
    sources = {
        path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in sorted((ROOT / "src").rglob("*.py"))
    }
    shared = find_shared(sources)
    assert {name: paths for name, paths in shared.items() if name not in MAY_BE_SHARED} == {}
    assert set(MAY_BE_SHARED) <= set(shared), "an exception that is no longer needed"


def test_a_shared_name_is_found() -> None:
    sources = {"a": "class Step: ...", "b": "Step: TypeAlias = int\nclass Other: ...", "c": "_Other = list[int]"}
    assert find_shared(sources) == {"Step": ["a", "b"], "Other": ["b", "c"]}
