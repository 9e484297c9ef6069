"""The structure of the library: layers, imports one way and without circles, small folders, short modules.

A new top-level package or module gets a row in `MAY_IMPORT`. Heavy packages load when first needed.
"""

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from pathlib import Path
from typing import Literal, NamedTuple

import pytest

from tests import ROOT

PACKAGE = "cxrules"
SOURCE = ROOT / "src" / PACKAGE

# The layers of cxrules, each a module or a package, from the bottom up, and what they may
# import: the layers named, and what those may import. The rows in the middle follow the path of a decision.
MAY_IMPORT = {
    "late": "",
    "version": "",
    "doubts": "",
    "document": "late",
    "root_logger": "late",
    "errors": "late",
    "arguments": "errors",
    "whole_file": "",
    "language": "errors doubts document whole_file",
    "organisation_model": "language",
    "knowledge": "arguments language",
    "files": "knowledge",
    "rulebase": "arguments language",
    "builtin": "organisation_model rulebase",
    "engines": "rulebase root_logger",
    "policy": "engines builtin",
    "columns": "policy",
    "search": "columns",
    "portable": "policy builtin",
    "explanation": "search portable version",
    "recommendation": "explanation version",
    "consultation": "explanation",
    "graph": "recommendation",
    "verification": "policy knowledge columns",
    "decision_log": "recommendation version",
    "advisor": "recommendation",
    "distributed": "advisor",
    "agents": "builtin",
    "mcp": "advisor root_logger",
    "testing": "advisor knowledge",
    "__init__": "agents distributed version",
    "web": "advisor consultation files version",
    "__main__": "cli",  # only starts it, so on the same level
    "cli": "advisor mcp consultation verification decision_log web files",
}

# What a module may import besides, but only inside a function, and why.
MAY_IMPORT_LATE = {
    (
        "rulebase",
        "builtin",
    ): "the compiled built-in rule base; it imports nothing",
    ("rulebase", "knowledge"): "RuleBase.load reads YAML files, which only authors need",
    ("advisor", "decision_log"): "only when its logger is enabled",
    ("cli", "testing"): "only the command that runs cases",
    ("testing", "verification"): "only for a model too rare to be met by chance",
}


class Heavy(NamedTuple):
    """Who may import a package that is slow to load or not always installed."""

    at_top: tuple[str, ...] = ()  # modules that are imported only when needed
    in_functions: tuple[str, ...] | None = None  # None: any


# `import cxrules` loads none of them.
HEAVY = {
    "experta": Heavy(in_functions=("engines.experta",)),
    "fastapi": Heavy(at_top=("web.app", "web.page_files")),
    "hypothesis": Heavy(at_top=("testing",)),
    "dask": Heavy(in_functions=()),
    "duckdb": Heavy(in_functions=()),
    "narwhals": Heavy(at_top=("columns.frames",)),
    "mcp": Heavy(at_top=("mcp",)),
    "networkx": Heavy(at_top=("graph",)),
    "opentelemetry": Heavy(in_functions=("recommendation.telemetry",)),
    "numpy": Heavy(
        at_top=(
            "columns.bits.transposition",
            "columns.arrow_buffers",
            "columns.coding",
            "columns.frames",
            "columns.numpy_executor",
            "columns.portfolio",
            "columns.tables",
        )
    ),
    "pandas": Heavy(in_functions=()),
    "polars": Heavy(in_functions=()),
    "pyarrow": Heavy(
        at_top=(
            "columns.arrow",
            "columns.arrow_buffers",
            "columns.coding",
            "columns.files",
            "columns.frames",
            "columns.tables",
        )
    ),
    "pydantic": Heavy(
        at_top=("builtin.organisation", "organisation_model", "portable.schema", "knowledge", "mcp", "web.app")
    ),
    "pydantic_core": Heavy(at_top=("organisation_model", "portable.schema", "knowledge")),
    "pyspark": Heavy(in_functions=("distributed.spark",)),
    "ray": Heavy(in_functions=()),
    "rich": Heavy(at_top=("cli",)),
    "typer": Heavy(at_top=("cli",)),
    "uvicorn": Heavy(at_top=("web.connection",), in_functions=("cli.serve",)),
    "yaml": Heavy(at_top=("knowledge",)),
    "z3": Heavy(at_top=("verification",)),
}

MOST_LEVELS = 13  # of layers
MOST_FILES = 16  # in a folder
LONGEST = 400  # lines
MAY_BE_LONGER = {  # path below src/cxrules, and why
    "builtin/compiled.py": "generated: a line for every rule and fact",
    "builtin/organisation.py": "generated: a field for every fact, with its question",
    "builtin/typed_facts.py": "generated: an alias and a key for every fact",
}

When = Literal["at top", "in a function", "for typing"]


class Import(NamedTuple):
    """One import: the full name of what is imported, when, and in which line."""

    name: str
    when: When
    line: int


def imports(tree: ast.Module) -> Iterator[Import]:
    return _imports(tree.body, "at top")


def _imports(nodes: Iterable[ast.AST], when: When) -> Iterator[Import]:
    for node in nodes:
        match node:
            case ast.Import():
                yield from (Import(alias.name, when, node.lineno) for alias in node.names)
            case ast.ImportFrom(level=0):
                yield from (Import(f"{node.module}.{alias.name}", when, node.lineno) for alias in node.names)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from _imports(node.body, "in a function")
            case ast.If(test=ast.Name("TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")):
                yield from _imports(node.body, "for typing" if when == "at top" else when)
                yield from _imports(node.orelse, when)
            case _:
                yield from _imports(ast.iter_child_nodes(node), when)


@cache
def allowed(layer: str) -> frozenset[str]:
    named = MAY_IMPORT[layer].split()
    return frozenset(named).union(*map(allowed, named))


def layer_of(name: str) -> str | None:
    """The layer that an import of this full name reaches; None outside the package."""
    head, *rest = name.split(".")
    if head != PACKAGE:
        return None
    return rest[0] if len(rest) > 1 or set(rest) & set(MAY_IMPORT) else "__init__"


def layer_faults(module: str, tree: ast.Module) -> Iterator[str]:
    layer = module.partition(".")[0]
    for name, when, line in imports(tree):
        other = layer_of(name)
        if other is None or other == layer or other in allowed(layer):
            continue
        if (layer, other) not in MAY_IMPORT_LATE:
            yield f"{module}:{line} imports {name}, and {layer} may not import {other}"
        elif when == "at top":
            yield f"{module}:{line} imports {name} at its top, and {layer} may import {other} only in a function"


def level_of(layer: str, table: Mapping[str, str] = MAY_IMPORT) -> int:
    """The level of a layer, from 1 at the bottom."""
    below = max((level_of(other, table) for other in table[layer].split()), default=0)
    return below if layer == "__main__" else below + 1


def find_circle(sources: Mapping[str, ast.Module]) -> list[str]:
    """Modules that import each other in a circle, at top or in a function; none when there is no circle.

    The imports of MAY_IMPORT_LATE do not count.
    """
    graph: dict[str, set[str]] = {}
    for module, tree in sources.items():
        reached = {module_of(name, sources) for name, _, _ in imports(tree)}
        graph[module] = {other for other in reached if other not in (None, module) and not is_late(module, other)}
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle
    return []


def module_of(name: str, sources: Mapping[str, ast.Module]) -> str | None:
    """The module that an import of this full name reaches; None outside the package."""
    head, *rest = name.split(".")
    if head != PACKAGE:
        return None
    for length in range(len(rest), 0, -1):
        if ".".join(rest[:length]) in sources:
            return ".".join(rest[:length])
    return "__init__"


def is_late(module: str, other: str) -> bool:
    return (module.partition(".")[0], other.partition(".")[0]) in MAY_IMPORT_LATE


def crowded(paths: Iterable[Path]) -> list[str]:
    """The folders with more than MOST_FILES files."""
    return sorted(str(folder) for folder, count in Counter(path.parent for path in paths).items() if count > MOST_FILES)


def heavy_faults(module: str, tree: ast.Module) -> Iterator[str]:
    for name, when, line in imports(tree):
        heavy = HEAVY.get(name.partition(".")[0])
        if heavy is None or when == "for typing" or _is_among(module, heavy.at_top):
            continue
        if when == "at top":
            yield f"{module}:{line} imports {name} at its top; inside a function it would load when needed"
        elif heavy.in_functions is not None and not _is_among(module, heavy.in_functions):
            yield f"{module}:{line} imports {name}, which only these may import: {', '.join(heavy.in_functions)}"


def _is_among(module: str, names: Iterable[str]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in names)


def modules() -> dict[str, Path]:
    """Every module by its name inside cxrules, such as `engines.bitmap`; a package by the name of its folder."""
    paths = sorted(path.relative_to(SOURCE) for path in SOURCE.rglob("*.py"))
    return {".".join(_parts(path)) or "__init__": SOURCE / path for path in paths}


def _parts(path: Path) -> tuple[str, ...]:
    parts = path.with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


MODULES = modules()


def test_there_are_modules() -> None:
    assert {"__init__", "errors", "language.facts", "engines.bitmap"} <= set(MODULES)


def test_the_layers_form_no_circle() -> None:
    list(TopologicalSorter({layer: row.split() for layer, row in MAY_IMPORT.items()}).static_order())
    assert set(chain.from_iterable(MAY_IMPORT_LATE)) <= set(MAY_IMPORT)
    assert set(chain.from_iterable(row.split() for row in MAY_IMPORT.values())) <= set(MAY_IMPORT)


def test_there_are_few_levels() -> None:
    assert max(map(level_of, MAY_IMPORT)) <= MOST_LEVELS
    tower = {str(level): str(level - 1) if level > 1 else "" for level in range(1, MOST_LEVELS + 2)}
    assert level_of(str(MOST_LEVELS + 1), tower) > MOST_LEVELS


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert find_circle({module: ast.parse(path.read_text("utf-8")) for module, path in MODULES.items()}) == []


@pytest.mark.parametrize(
    ("one", "other", "circle"),
    [
        ("from cxrules.explanation import what_if", "import cxrules.explanation.why_not", True),
        (
            "from cxrules.explanation.what_if import suppose",
            "def f():\n    from cxrules.explanation import why_not",
            True,
        ),
        ("from cxrules.explanation import what_if", "import cxrules.policy", False),
    ],
)
def test_a_circle_is_found(one: str, other: str, circle: bool) -> None:
    sources = {"explanation.why_not": one, "explanation.what_if": other, "policy": "", "__init__": ""}
    found = find_circle({module: ast.parse(source) for module, source in sources.items()})
    assert bool(found) == circle


def test_no_folder_is_crowded() -> None:
    paths = [path.relative_to(ROOT) for path in (ROOT / "src").rglob("*") if path.is_file()]
    kept_by_tools = (".", "__pycache__")
    assert crowded(path for path in paths if not any(part.startswith(kept_by_tools) for part in path.parts)) == []
    assert crowded(Path(f"src/cxrules/one/{number}.py") for number in range(MOST_FILES + 1)) == ["src/cxrules/one"]


@pytest.mark.parametrize("module", MODULES)
def test_module_imports_only_what_its_layer_may(module: str) -> None:
    assert module.partition(".")[0] in MAY_IMPORT, f"give {module} a row in MAY_IMPORT"
    tree = ast.parse(MODULES[module].read_text("utf-8"))
    assert not list(layer_faults(module, tree))
    assert not list(heavy_faults(module, tree))


@pytest.mark.parametrize(
    ("module", "source", "faults"),
    [
        ("language.rules", "from cxrules.language.facts import Fact", 0),
        ("language.rules", "import cxrules.errors", 0),
        ("engines.bitmap", "from cxrules.engines import Engine", 0),
        ("language.facts", "from cxrules.rulebase import RuleBase", 1),
        ("language.facts", "from cxrules import rulebase", 1),
        (
            "knowledge",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from cxrules.rulebase import RuleBase",
            1,
        ),
        ("language.facts", "def f():\n    import cxrules", 1),
        ("engines.bitmap", "class A:\n    from cxrules.policy.decider import Decider", 1),
        ("rulebase", "def f():\n    from cxrules.knowledge import load", 0),
        ("rulebase", "from cxrules.knowledge import load", 1),
        ("knowledge.reader", "import yaml", 0),
        ("language.facts", "def f():\n    import yaml.nodes", 0),
        ("language.facts", "try:\n    import yaml\nexcept ImportError:\n    pass", 1),
        ("language.facts", "import typing\nif typing.TYPE_CHECKING:\n    import networkx", 0),
        ("engines.experta", "def f():\n    import experta", 0),
        ("engines.experta", "from experta import Rule", 1),
        ("advisor", "async def f():\n    import experta", 1),
    ],
)
def test_faults_are_found(module: str, source: str, faults: int) -> None:
    tree = ast.parse(source)
    assert len([*layer_faults(module, tree), *heavy_faults(module, tree)]) == faults


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = f"import sys, {PACKAGE}; print(*sorted(set(sys.modules) & set({sorted(HEAVY)})))"
    shown = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (shown.stdout.strip(), shown.stderr, shown.returncode) == ("", "", 0)


@pytest.mark.parametrize("module", MODULES)
def test_module_fits_on_a_few_screens(module: str) -> None:
    path = MODULES[module]
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= LONGEST or path.relative_to(SOURCE).as_posix() in MAY_BE_LONGER
