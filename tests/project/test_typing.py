"""mypy and pyright accept good.py and refuse every line of bad.py: `make types` runs both on these samples.

Each bad line is ignored for either checker. A mistake that is not ignored is an error, and so is an `ignore` that is
not needed; so `make types` passes only if both refuse every bad line and nothing else.
"""

import re
import tomllib

from tests import ROOT

SAMPLES = ROOT / "tests" / "data" / "typing"
MARKED = re.compile(r"  # type: ignore\[[a-z-]+\]  # pyright: ignore\[[\w, ]+\]$")
TOOL = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]


def test_every_bad_line_is_ignored_for_both_and_no_good_one() -> None:
    lines = (SAMPLES / "bad.py").read_text(encoding="utf-8").splitlines()
    marked = [line for line in lines if MARKED.search(line)]
    assert marked == [line for line in lines if line.startswith("cxrules.")] != []
    assert "ignore[" not in (SAMPLES / "good.py").read_text(encoding="utf-8")


def test_an_ignore_that_is_not_needed_is_an_error_for_both() -> None:
    assert TOOL["mypy"]["strict"]
    assert not [override for override in TOOL["mypy"]["overrides"] if "warn_unused_ignores" in override]
    pyright = TOOL["basedpyright"]
    assert (pyright["typeCheckingMode"], pyright["reportUnnecessaryTypeIgnoreComment"]) == ("strict", "error")
    assert not pyright["enableTypeIgnoreComments"]


def test_make_types_runs_both_on_the_samples() -> None:
    folder = SAMPLES.relative_to(ROOT).as_posix()
    assert folder.split("/")[0] in TOOL["mypy"]["files"]
    assert not [pattern for pattern in TOOL["mypy"]["exclude"] if re.search(pattern, f"{folder}/bad.py")]
    assert TOOL["basedpyright"]["include"] == [folder]
    recipe = (ROOT / "Makefile").read_text("utf-8").partition("\ntypes:")[2].partition("\n\n")[0]
    assert "-m mypy\n" in recipe
    assert "/basedpyright " in recipe
