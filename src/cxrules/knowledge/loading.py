"""Files and folders → the parts of a rule base."""

from __future__ import annotations

from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import Final

from cxrules.arguments import check_kind
from cxrules.errors import InvalidKnowledge, Location, show_text
from cxrules.errors.near_names import few_suggestions
from cxrules.knowledge.builder import build, name_all, settle
from cxrules.knowledge.diagnostic_codes import BASE, MistakeCollector
from cxrules.knowledge.draft import Draft, read_all
from cxrules.knowledge.unused import check_uses
from cxrules.language.mistakes import Path as Steps
from cxrules.language.rulebase_parts import Parts
from cxrules.language.semantic_checks import find_mistakes

__all__ = ["load"]

_NEEDED: Final = ("sources", "claims", "facts", "models", "rules")


@few_suggestions()
def load(*paths: str | Path, base: Parts | None = None) -> Parts:
    """Load a rule base from YAML.

    Files are recognised by their content, so folders may be laid out freely. In a folder every `.yaml` and `.yml` file
    counts, unless its name begins with a dot.

    Args:
        paths: Folders or files.
        base: A rule base on which the files are laid: an entry with a new id is added, one with a known id replaces the
            entry there. Without it the files must be a whole rule base.

    Returns:
        The parts of the rule base. Its name is the one that the files declare; otherwise that of the first path, after
        the name of the base and `+` if there is one.

    Raises:
        InvalidKnowledge: With every mistake, by file, line and column.
        TypeError: If no path is given, or something else.
    """
    if not paths:
        raise TypeError("load() needs a folder or a file")
    for path in paths:
        check_kind("a folder or a file", path, (str, PathLike), "a path")
    report = MistakeCollector()
    draft = read_all(paths, report)
    if base is None:
        _demand_whole(draft, Location(str(paths[0])))
    parts = build(draft, _name(draft, Path(paths[0]), base), base)
    rules = draft.sections["rules"]
    for mistake in find_mistakes(parts, name_all(draft, base), whole=draft.is_whole("rules"), own=rules.__contains__):
        where = _locate(draft, mistake.path, key=mistake.key)
        report.add(mistake.code, where, mistake.message, mistake.hint)
    check_uses(draft, parts)
    if report:
        raise InvalidKnowledge(report.in_order())
    return settle(parts)


def _locate(draft: Draft, path: Steps, *, key: bool) -> Location:
    """Describe where in the files something is, or that it is in the base."""
    section, name, *below = path
    entry = draft.sections.get(str(section), {}).get(str(name))
    if entry is None and section == "findings" and name in draft.sections["facts"]:
        entry = draft.sections["facts"][str(name)]  # a fact with the name of a finding of the base
    if entry is None:
        return Location(BASE, path=tuple(map(str, path)))
    if not below:
        return entry.at
    if section == "claims" and below == ["source"] and entry.source:
        return entry.source[1]
    return entry.locate(*below, key=key)


def _demand_whole(draft: Draft, where: Location) -> None:
    if draft.report and not draft.single and not any(draft.sections.values()):
        return  # nothing could be read; the report says why
    missing = [section for section in _NEEDED if not draft.sections[section] and section not in draft.lost]
    if "policy" not in draft.single and "policy" not in draft.lost:
        missing.append("policy")
    for section in missing:
        draft.report.add("missing-section", where, f"no file has {section}")


def _name(draft: Draft, first: Path, base: Parts | None) -> str:
    if "name" in draft.single:
        return str(draft.single["name"].form)
    with suppress(OSError, RuntimeError, ValueError):  # raised for an impossible path, which is reported
        first = first.resolve()
    stem = show_text(first.stem)
    return f"{base.name}+{stem}" if base else stem
