"""YAML → the parts of a rule base, with every mistake at file:line:column.

node               a value of a file and its place
reader             files and YAML text → nodes
json_text          JSON text → nodes
forms              the form of every kind of file
form_checks        nodes checked against the forms
loading            files and folders → a rule base
draft              files → items by section and id
conditions         `when` → tests
builder            items → the parts of a rule base; `language.semantic_checks` checks that they make sense
unused             checks for what nobody uses or concludes
fingerprints       claims compared with the texts of the articles
diagnostic_codes   every kind of mistake
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxrules.knowledge.diagnostic_codes import CODES

if TYPE_CHECKING:
    from pathlib import Path

    from cxrules.language.rulebase_parts import Parts

__all__ = ["CODES", "load"]


def load(*paths: str | Path, base: Parts | None = None) -> Parts:
    """Load a rule base from YAML; see `RuleBase.load`.

    Args:
        paths: Folders or files.
        base: A rule base on top of which the files are laid; without it the files must be a whole rule base.

    Raises:
        InvalidKnowledge: With every mistake, by file, line and column.
        TypeError: If no path is given.
    """
    from cxrules.knowledge import loading  # the forms of files need pydantic; reading one organisation does not

    return loading.load(*paths, base=base)
