"""YAML → the parts of a rule base, every mistake at file:line:column.

node        a value of a file and where it stands
reader      files and YAML text → nodes
json_text   JSON text → nodes
schema      the shape of every kind of file
shape       nodes held against the schema
loading     files and folders → a rule base
draft       files → items by section and id
conditions  `when` → tests
builder     items → the parts of a rule base; `language.semantic_checks` asks whether they make sense
checks      what nobody uses or concludes
catalogue   every kind of mistake
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
    from cxrules.knowledge import loading  # the shapes of files need pydantic; who reads one organisation does not

    return loading.load(*paths, base=base)
