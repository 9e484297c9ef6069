"""Ways to start: a plain import, an import from a zip, `python -m cxrules`; `dir`, and Python without asserts."""

import ast
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import cxrules
from tests import ROOT

SOURCE = ROOT / "src" / "cxrules"


def test_the_package_works_from_a_zip(tmp_path: Path) -> None:
    archive = tmp_path / "cxrules.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in SOURCE.rglob("*"):
            if path.suffix in (".py", ".json"):
                file.write(path, path.relative_to(SOURCE.parent))
    code = """
import runpy, sys
import cxrules, cxrules.verification
assert cxrules.__file__.startswith(sys.path[0]), cxrules.__file__
assert cxrules.recommend(silos="severe").explain()
assert cxrules.verification.builtin_expectations()
sys.argv[1:] = ["--version"]
runpy.run_module("cxrules", run_name="__main__")
"""
    run = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(archive)!r}){code}"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith(f"cxrules {cxrules.__version__}")


def test_dir_names_what_is_public() -> None:
    assert set(cxrules.__all__) <= set(dir(cxrules))


def test_engines_for_frames_are_named_but_do_not_hide_their_packages() -> None:
    engines = {path.stem for path in (SOURCE / "distributed").glob("*.py")} - {"__init__", "work"}
    assert engines <= set(dir(cxrules))
    assert not engines & set(cxrules.__all__)
    code = "import sys, cxrules; print(*(getattr(cxrules, each).__all__ for each in sys.argv[1:]))"
    code += "\nassert not set(sys.argv[1:]) & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code, *sorted(engines)], check=True, capture_output=True)


@pytest.mark.parametrize("path", sorted((SOURCE / "testing").glob("check*.py")), ids=lambda path: path.name)
def test_the_checks_hold_without_asserts_too(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert)]
