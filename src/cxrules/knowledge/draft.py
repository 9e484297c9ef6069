"""Files → a draft: every item of every file under its section and id, checked against its form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, get_args, get_origin

from cxrules.errors import Location, suggest
from cxrules.knowledge.diagnostic_codes import MistakeCollector
from cxrules.knowledge.expectation_forms import EXPECTATION_FILES
from cxrules.knowledge.form_checks import Filled, FormType, examine, salvage
from cxrules.knowledge.forms import KINDS, Form, Name, SourceId
from cxrules.knowledge.node import Node
from cxrules.knowledge.reader import read_bytes, read_file, tell_error

__all__ = ["CASES", "SECTIONS", "Draft", "DraftEntry", "find_files", "find_places", "read_all", "read_files"]

SECTIONS: Final[dict[str, Any]] = {
    section: known.annotation
    for form in KINDS.values()
    for section, known in form.model_fields.items()
    if get_origin(known.annotation) in (list, dict)
}
"""Every section that has items, and how it holds them."""

CASES: Final = "cases"
"""The one key of a file with cases, which are kept beside a rule base."""

_KIND_OF: Final = {key: kind for kind, form in KINDS.items() for key in form.model_fields}
_TOP_KEY: Final = re.compile(r"^([A-Za-z_]+)[ \t]*:", re.MULTILINE)


@dataclass(slots=True)
class DraftEntry:
    """One item of a file.

    Attributes:
        section: Its section.
        id: Its id.
        node: Its content in the file; of a malformed item, as far as it could be repaired.
        form: The item as a form, or None if it is malformed beyond repair.
        at: The place of its id.
        within: The path to it.
        source: For a claim its article, and where the file names that.
    """

    section: str
    id: str
    node: Node
    form: Filled
    at: Location
    within: tuple[str, ...]
    source: tuple[str, Location] | None = None

    def locate(self, *path: str | int, key: bool = False) -> Location:
        """Describe where something in it is."""
        return self.node.locate(path, key=key, within=self.within)


@dataclass(slots=True)
class Draft:
    """The content of files, as far as it can be read.

    Attributes:
        report: The mistakes.
        sections: The entries by id for every section.
        single: The entries that occur once: `name` and `policy`.
        lost: Sections of which some ids are unknown, because something could not be read.
        partial: Sections of which some content is unknown.
    """

    report: MistakeCollector
    sections: dict[str, dict[str, DraftEntry]] = field(default_factory=lambda: {section: {} for section in SECTIONS})
    single: dict[str, DraftEntry] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    partial: set[str] = field(default_factory=set)

    def is_whole(self, *sections: str) -> bool:
        """Whether everything in these sections could be read, so that an absence means something."""
        return not any(section in self.lost or section in self.partial for section in sections)


def read_all(paths: Iterable[str | Path], report: MistakeCollector) -> Draft:
    """Read files and folders."""
    draft = Draft(report)
    documents = read_files(find_files(paths, report), report)
    report.block()  # a mistake in the text need not be reported again as one of form
    for path, node in documents:
        if node is None:
            _lose(draft, path)
        else:
            _read_document(draft, node)
    return draft


def read_files(paths: Iterable[Path], report: MistakeCollector) -> list[tuple[Path, Node | None]]:
    """Read files, leaving out those of cases with their mistakes: `cxrules test` reads them."""
    found = []
    for path in paths:
        own = MistakeCollector()
        node = read_file(path, own)
        if node is None or not isinstance(node.content, dict) or list(node.content) != [CASES]:
            is_case = node is None and _find_keys(path) == {CASES}
            report.extend(own, without="null-value" if is_case else "")  # in a case `null` removes a fact
            found.append((path, node))
    return found


def find_places(paths: Iterable[str | Path]) -> dict[str, Location]:
    """Return the places of rules, facts, models and other items in some files, by name."""
    draft = read_all(paths, MistakeCollector())
    return {name: entry.at for entries in draft.sections.values() for name, entry in entries.items()}


def _item_type(section: str) -> FormType:
    return get_args(SECTIONS[section])[-1]


def find_files(paths: Iterable[str | Path], report: MistakeCollector) -> list[Path]:
    """Return the files among paths and in folders among them, each once, in the order of their names."""
    found: dict[Path, Path] = {}
    for path in map(Path, paths):
        try:
            inside = list(_walk(path, set())) if path.is_dir() else [path]
            for file in inside:
                found.setdefault(file.resolve(), file)
        except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: links in a circle, before Python 3.13
            told = tell_error(error) if not isinstance(error, RuntimeError) else "its links lead in a circle"
            named = Path(str(error.filename)) if isinstance(error, OSError) and error.filename else path
            report.add("unreadable-file", Location(str(named)), f"this cannot be read: {told}")
            continue
        if not inside:
            report.add("no-files", Location(str(path)), "this folder contains no .yaml file")
    return sorted(found.values(), key=lambda file: file.as_posix())


def _walk(folder: Path, seen: set[Path]) -> Iterator[Path]:
    seen.add(folder.resolve())
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            if path.resolve() not in seen:  # once, however many links lead to a folder
                yield from _walk(path, seen)
        elif path.suffix in (".yaml", ".yml"):
            yield path


def _lose(draft: Draft, path: Path) -> None:
    """Record which sections may have had items in a file that could not be read."""
    keys = _find_keys(path)
    if keys == {CASES}:
        return
    kinds = {_KIND_OF[key] for key in keys if key in _KIND_OF} or set(KINDS)
    draft.lost |= {key for kind in kinds for key in KINDS[kind].model_fields if key in SECTIONS or key == "policy"}


def _find_keys(path: Path) -> set[str]:
    """Return what look like the keys of a file that cannot be read as a whole."""
    try:
        return set(_TOP_KEY.findall(read_bytes(path).decode(errors="replace")))
    except (OSError, ValueError):
        return set()


def _read_document(draft: Draft, node: Node) -> None:
    keys = list(node.content) if isinstance(node.content, dict) else []
    kinds = [_KIND_OF[key] for key in keys if key in _KIND_OF]
    if not kinds and (beside := [EXPECTATION_FILES[key] for key in keys if key in EXPECTATION_FILES]):
        examine(beside[0], node, (), draft.report)  # not part of the rule base: verification reads it
        return
    if not kinds:
        known = "a file begins with one of: " + ", ".join(SECTIONS)
        draft.report.add("unknown-file-kind", node.locate(), "this is not a kind of file that a rule base has", known)
        draft.lost |= {*SECTIONS, "policy"}
        return
    kind = max(kinds, key=kinds.count)
    form = KINDS[kind]
    for key in keys:
        if key not in form.model_fields:
            draft.lost |= {section for section in form.model_fields if section in SECTIONS}
            hint = suggest(key, tuple(form.model_fields))
            if key in _KIND_OF:
                draft.lost |= {section for section in KINDS[_KIND_OF[key]].model_fields if section in SECTIONS}
                hint = f"{key!r} belongs in a separate file"
            draft.report.add("unknown-key", node.locate([key], key=True), f"no such key in {kind}: {key!r}", hint)
    for key, wanted in form.model_fields.items():
        if key not in keys and wanted.is_required():
            draft.report.add("missing-key", node.locate(), f"the key {key!r} is missing")
    _read_sections(draft, node, form)


def _read_sections(draft: Draft, node: Node, form: type[Form]) -> None:
    source = None
    named = node.get("source") if "source" in form.model_fields else None
    if named and examine(SourceId, named, ("source",), draft.report):
        source = (str(named.content), named.locate(within=("source",)))
    for key, known in form.model_fields.items():
        below = node.get(key)
        if below is None or key == "source":
            continue
        if key not in SECTIONS:
            entry = DraftEntry(key, key, below, None, node.locate([key], key=True), (key,))
            entry.form = examine(known.annotation, below, (key,), draft.report)
            _keep(draft, draft.single, entry)
            continue
        for entry in _read_items(draft, key, below):
            entry.source = source
            _keep(draft, draft.sections[key], entry)


def _keep(draft: Draft, kept: dict[str, DraftEntry], entry: DraftEntry) -> None:
    if entry.form is None:
        draft.partial.add(entry.section)
        if entry.section in SECTIONS:
            entry.form = salvage(_item_type(entry.section), entry.node)
    if first := kept.get(entry.id):
        hint = f"the first is at {first.at}"
        draft.report.add("duplicate-id", entry.at, f"{entry.id!r} occurs twice among the {entry.section}", hint)
    else:
        kept[entry.id] = entry


def _read_items(draft: Draft, section: str, node: Node) -> Iterator[DraftEntry]:
    form, within = _item_type(section), (section,)
    if get_origin(SECTIONS[section]) is dict:
        if not isinstance(node.content, dict):
            draft.lost.add(section)
            draft.report.add("wrong-type", node.locate(within=within), "a mapping of names is expected here")
            return
        for name, item in node.content.items():
            line, column = node.keys[name]
            at = Location(node.file, line, column, (section, name))
            if not examine(Name, Node(name, node.file, line, column), (section, name), draft.report):
                draft.lost.add(section)
                draft.partial.add(section)
            yield DraftEntry(
                section, name, item, examine(form, item, (section, name), draft.report), at, (section, name)
            )
        return
    if not isinstance(node.content, list):
        draft.lost.add(section)
        draft.report.add("wrong-type", node.locate(within=within), "a list is expected here", "begin every item with -")
        return
    for index, item in enumerate(node.content):
        here = (section, str(index))
        filled = examine(form, item, here, draft.report)
        named = item.get("id")
        if named is None or not isinstance(named.content, str):
            draft.lost.add(section)
            draft.partial.add(section)
            continue
        yield DraftEntry(section, named.content, item, filled, item.locate(["id"], within=here), here)
