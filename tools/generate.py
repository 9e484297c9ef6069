"""Rewrites every generated file, or says with `--check` which are stale.

A generator is a function that gives texts by path (from the root of the project); it joins `GENERATORS`. They run in
order, and one may read what those before it wrote.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

from cxrules.errors import InvalidKnowledge
from cxrules.knowledge import CODES
from cxrules.knowledge.json_schema import make_schemas
from cxrules.knowledge.vocabulary_schema import make_vocabulary_schemas
from cxrules.language import canonical
from cxrules.rulebase import RuleBase
from cxrules.verification.expectations import read_expectations
from tools import card, compiled, golden, readme, typed_names

ROOT = Path(__file__).resolve().parent.parent


def generate_schemas() -> Mapping[str, str]:
    """The JSON Schema of every kind of file; organisation and case files have the facts of the built-in rule base."""
    known = make_vocabulary_schemas(_load_knowledge())
    schemas = make_schemas() | {kind: known[kind] for kind in ("cases", "organisation")}
    return {f"schemas/{kind}.schema.json": text for kind, text in schemas.items()}


def generate_diagnostics() -> Mapping[str, str]:
    """The table of everything that loading can report."""
    lines = [
        "# What loading can report",
        "",
        "Generated from `cxrules.knowledge.CODES`. Each has a file in `tests/data/bad_knowledge/` that shows it.",
        "",
        "| code | what it means |",
        "| --- | --- |",
        *(f"| `{code}` | {meaning} |" for code, meaning in sorted(CODES.items())),
    ]
    return {"docs/diagnostics.md": "\n".join(lines) + "\n"}


def generate_builtin() -> Mapping[str, str]:
    """The built-in rule base in canonical form."""
    return {"src/cxrules/builtin/builtin.json": canonical.write(_load_knowledge())}


def generate_compiled() -> Mapping[str, str]:
    """The built-in rule base as the engine and the policy run on it."""
    return compiled.generate(_load_knowledge())


def generate_typed_names() -> Mapping[str, str]:
    """The names in the built-in rule base, for type checkers."""
    return typed_names.generate(_load_knowledge())


def generate_golden_texts() -> Mapping[str, str]:
    """The explanations of the acceptance scenarios."""
    return golden.generate(_load_knowledge())


def generate_card() -> Mapping[str, str]:
    """The table of the four facts of the card."""
    return card.generate(_load_knowledge())


def generate_expectations() -> Mapping[str, str]:
    """The expectations and accepted findings of the built-in rule base, as plain data."""
    plain = read_expectations(ROOT / "knowledge", rulebase=_load_knowledge()).plain
    return {"src/cxrules/builtin/expectations.json": json.dumps(plain, indent=1, ensure_ascii=False) + "\n"}


def generate_documented_outputs() -> Mapping[str, str]:
    """What the examples in the documentation print, on the built-in rule base as written above."""
    name = "docs/explanations.md"
    return {name: _refresh_examples(name)}


def generate_readme() -> Mapping[str, str]:
    """What the README shows of its example, and the drawing of it."""
    return readme.generate(_refresh_examples("README.md"), _load_knowledge())


def _refresh_examples(name: str) -> str:
    """Return a page with what its examples print in a new process, which sees what was written before."""
    command = [sys.executable, "-m", "tools.doctest_outputs", "--print", name]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


@cache
def _load_knowledge() -> RuleBase:
    return RuleBase.load(ROOT / "knowledge")


GENERATORS: tuple[Callable[[], Mapping[str, str]], ...] = (
    generate_schemas,
    generate_diagnostics,
    generate_builtin,
    generate_compiled,
    generate_expectations,
    generate_typed_names,
    generate_golden_texts,
    generate_card,
    generate_documented_outputs,
    generate_readme,
)


def find_stale() -> Iterator[tuple[Path, str]]:
    """Return every stale generated file with its right content."""
    for generate in GENERATORS:
        for name, text in generate().items():
            path = ROOT / name
            if not path.is_file() or path.read_bytes() != text.encode():
                yield path, text


def main() -> int:
    """Write what is stale; with `--check` only name it."""
    parser = argparse.ArgumentParser(prog="python -m tools.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 when a file is stale")
    check = parser.parse_args().check
    stale = 0
    try:
        for path, text in find_stale():
            stale += 1
            print("stale:" if check else "wrote", path.relative_to(ROOT))
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(text.encode())
    except InvalidKnowledge as error:
        print(error, file=sys.stderr)
        return 1
    return int(check and stale > 0)


if __name__ == "__main__":
    sys.exit(main())
