"""YAML → the parts of a rule base, every mistake at file:line:column.

reader      text → nodes that know where they stand
schema      the shape of every kind of file
shape       nodes held against the schema
draft       files → items by section and id
conditions  `when` → tests
builder     items → the parts of a rule base
checks      what is wrong between items
cycles      circles, named as paths
catalogue   every kind of mistake
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cxrules.errors import InvalidKnowledge, Location
from cxrules.knowledge.builder import assemble, build_items
from cxrules.knowledge.catalogue import CODES, Report
from cxrules.knowledge.checks import check_references, check_uses
from cxrules.knowledge.cycles import check_cycles
from cxrules.knowledge.draft import Draft, lay_base, read_all
from cxrules.language.parts import Parts

__all__ = ["CODES", "load"]

_NEEDED: Final = ("sources", "claims", "facts", "models", "rules")


def load(*paths: str | Path, base: Parts | None = None) -> Parts:
    """Load a rule base from YAML.

    Files are told apart by what stands in them, so that folders may be laid out freely; in a folder every `.yaml` and
    `.yml` file counts, except where a name begins with a dot.

    Args:
        paths: Folders or files.
        base: A rule base on top of which the files are laid: what bears a new id is added, what bears a known id
            replaces. Without it the files must be a whole rule base.

    Returns:
        The parts of the rule base. Its name is what the files call it; otherwise that of the first path, after `+` and
        the name of the base if there is one.

    Raises:
        InvalidKnowledge: With every mistake, by file, line and column.
        TypeError: If no path is given.
    """
    if not paths:
        raise TypeError("load() needs a folder or a file")
    report = Report()
    draft = read_all(paths, report)
    if base is None:
        _demand_whole(draft, Location(str(paths[0])))
    else:
        lay_base(draft, base)
    items = build_items(draft)
    check_references(draft, items)
    check_uses(draft, items)
    check_cycles(draft, items)
    if report:
        raise InvalidKnowledge(report.in_order())
    return assemble(_name(draft, Path(paths[0]), base), draft, items)


def _demand_whole(draft: Draft, where: Location) -> None:
    if draft.report and not draft.single and not any(draft.sections.values()):
        return  # nothing could be read, and the report says why
    missing = [section for section in _NEEDED if not draft.sections[section] and section not in draft.lost]
    if "policy" not in draft.single and "policy" not in draft.lost:
        missing.append("policy")
    for section in missing:
        draft.report.add("missing-section", where, f"no file has {section}")


def _name(draft: Draft, first: Path, base: Parts | None) -> str:
    if "name" in draft.single:
        return str(draft.single["name"].form)
    stem = first.resolve().stem
    return f"{base.name}+{stem}" if base else stem
