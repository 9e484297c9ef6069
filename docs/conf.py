"""How Sphinx builds the site: `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from cxrules.version import __version__  # noqa: E402 - the path comes first

project = "cxrules"
author = "the cxrules authors"
release = version = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "tools.knowledge_pages",  # a page for each rule, fact, model, claim and article
]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
autodoc_typehints = "description"
autodoc_member_order = "bysource"
autodoc_class_signature = "separated"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
nitpicky = False

exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "cxrules"
html_static_path = ["_static"]
html_theme_options = {"navigation_with_keys": True}
REPOSITORY = "https://github.com/cxrules/cxrules/blob/main"
linkcheck_ignore = [r"https?://.*"]  # only what is inside the site: a build needs no network


def _link_to_repository(_app: Sphinx, _page: str, source: list[str]) -> None:
    """Let a link that leaves docs/ lead to the file in the repository."""
    source[0] = source[0].replace("](../", f"]({REPOSITORY}/")


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.connect("source-read", _link_to_repository)
