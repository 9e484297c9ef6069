"""Cases in YAML: the given facts of an organisation, and the expected result.

    cases:                               # or the list alone, in a separate file
      - id: stretched
        title: Why this is so, in one sentence
        given: {marketing_bandwidth: stretched}
        also: {silos: [severe, moderate]}        # changes under which the same is expected
        but: {marketing_bandwidth: [some]}       # near misses: under each, every rule of `fires` is silent
        expect:
          model: cxo_owned
          fires: [stretched-marketing]

A case may expect any of these:

    model         the model, a list of acceptable models, or null
    status        recommended, contested or undetermined
    reason        why it is undetermined
    rejected      models that are excluded, lack a requirement or have no net evidence
    excluded      models that a fired rule rules out
    open          models that no fired rule rules out
    missing       for a model the requirements that are not established
    set_aside     models that a preference puts behind
    ahead         pairs [a, b]: a has more points than b
    points        for a model its points, exactly
    excluded_by   for a model rules that rule it out
    set_aside_by  for a model rules that put it behind another
    rests_on      for an action or a warning claims that it rests on
    findings, recognises, accompanies, actions, warnings, fires, cites, dissent, support, advice_cites
                  ids that must be there
    concludes     actions that fired rules conclude, given as advice or kept back because they serve another model
    silent        rules that must not fire
    findings_not, recognises_not, accompanies_not, actions_not, warnings_not, dissent_not, set_aside_not
                  ids that must not be there

Changes are a list of mappings, each one change; or, where a single fact changes at a time, one mapping from facts to
lists of values, each of them a change. `null` takes a fact away. Every change makes a separate case.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from cxrules.errors import Diagnostic, InvalidKnowledge, InvalidOrganisation, Location, show_value, suggest
from cxrules.errors.near_names import few_suggestions
from cxrules.knowledge.diagnostic_codes import GUESSED, MistakeCollector
from cxrules.knowledge.draft import CASES, SECTIONS, find_files
from cxrules.knowledge.expectation_forms import EXPECTATION_FILES
from cxrules.knowledge.node import Node
from cxrules.knowledge.reader import read_file
from cxrules.language.patterns import TEXT, UNPRINTABLE
from cxrules.language.plain import locate_in_file
from cxrules.rulebase import RuleBase
from cxrules.testing.expected_results import find_mistakes

__all__ = ["InvalidCases", "OrganisationCase", "examine_case", "list_nulls", "read_cases", "write_plain"]

_KEYS: Final = ("id", "title", "given", "also", "but", "expect", "shows")
_NEEDED: Final = {"id": "a unique name", "given": "a mapping of facts", "expect": "a mapping of expected results"}
_ACTING: Final = re.compile(f"[{UNPRINTABLE}]")


class InvalidCases(InvalidKnowledge):
    """The files with cases contain mistakes."""

    subject = "cases"


@dataclass(frozen=True)
class OrganisationCase:
    """The given facts of an organisation, and the expected result.

    Attributes:
        id: Its name.
        title: Why it must be so.
        given: The facts.
        expect: What must come out.
        shows: What it is an example of.
        file: Its file.
        line: Its line.
    """

    id: str
    title: str
    given: Mapping[str, Any]
    expect: Mapping[str, Any]
    shows: tuple[str, ...] = ()
    file: str = ""
    line: int = 0
    node: Node | None = field(default=None, repr=False, compare=False)


@few_suggestions()
def read_cases(*paths: str | Path, rulebase: RuleBase) -> tuple[OrganisationCase, ...]:
    """Read the cases in files and folders, each followed by those that its changes make.

    Files of other kinds are skipped.

    Raises:
        InvalidCases: With every mistake, by file, line and column.
    """
    report = MistakeCollector()
    mistakes: list[Diagnostic] = []
    cases: list[OrganisationCase] = []
    for path in find_files(paths, report):
        own = MistakeCollector()
        node = read_file(path, own)
        if node is not None and not _has_cases(node):
            continue  # a file of another kind
        unread = [found for found in own.in_order() if found.code != "null-value"]
        mistakes += unread
        reader = _CaseReader(rulebase, list_nulls(own), mistakes)
        for item in _find_items(node, mistakes) if node is not None else ():
            cases += reader.read(item)
    seen: dict[str, OrganisationCase] = {}
    for case in cases:
        if case.id in seen and case.node is not None:
            first = seen[case.id]
            message = f"{case.id!r} occurs twice among the cases"
            mistakes.append(
                Diagnostic(
                    "duplicate-id", case.node.locate(["id"]), message, f"the first is at {first.file}:{first.line}"
                )
            )
        seen.setdefault(case.id, case)
    mistakes += report.in_order()
    if mistakes:
        places = ((found.location.file or "", found.location.line, found.location.column) for found in mistakes)
        ordered = sorted(zip(places, mistakes, strict=True), key=lambda pair: pair[0])
        raise InvalidCases(dict.fromkeys(found for _, found in ordered))  # a fact is looked up for each of its values
    return tuple(cases)


def list_nulls(report: MistakeCollector) -> set[tuple[int, int]]:
    """Return the lines and columns of a file in which the reader found null."""
    return {(found.location.line, found.location.column) for found in report.in_order() if found.code == "null-value"}


def write_plain(node: Node, nulls: Collection[tuple[int, int]]) -> Any:
    """Return the plain value of a node, with None where its file has null."""
    if isinstance(node.content, dict):
        return {name: write_plain(below, nulls) for name, below in node.content.items()}
    if isinstance(node.content, list):
        return [write_plain(below, nulls) for below in node.content]
    return None if (node.line, node.column) in nulls else node.content


def examine_case(case: OrganisationCase, rulebase: RuleBase) -> Iterator[Diagnostic]:
    """Report what a case that is written in Python gives or expects and the rule base does not know."""
    for found in _find_wrong_facts(case.given, rulebase):
        path = (case.id, "given", *found.location.path)
        yield Diagnostic(found.code, Location(path=path), found.message, found.hint)
    for mistake in find_mistakes(case.expect, rulebase):
        where = Location(path=(case.id, "expect", *map(str, mistake.path)))
        yield Diagnostic(mistake.code, where, mistake.message, mistake.hint)


def _has_cases(node: Node) -> bool:
    """Whether this is a file of cases, or one that has the key `cases` with something wrong in it."""
    if not isinstance(node.content, dict):
        return isinstance(node.content, list)
    if any(key in node.content for key in (*SECTIONS, *EXPECTATION_FILES)) and CASES not in node.content:
        return False
    return any(
        key == CASES or (_is_misspelt(key) and isinstance(node.content[key].content, list)) for key in node.content
    )


def _is_misspelt(key: str) -> bool:
    return suggest(key, (CASES,)).startswith("did you mean")


def _find_items(node: Node, mistakes: list[Diagnostic]) -> list[Node]:
    """Return the cases of a file, and report what else is in it."""
    if isinstance(node.content, dict):
        for key in node.content:
            if key != CASES:
                hint = suggest(key, (CASES,)) if CASES not in node.content else "all cases are listed under one 'cases'"
                where = node.locate([key], key=True)
                mistakes.append(Diagnostic("unknown-key", where, f"no such key in a file of cases: {key!r:.80}", hint))
    below = node if isinstance(node.content, list) else node.get(CASES)
    if below is not None and not isinstance(below.content, list):
        message = "a list of cases is expected here"
        mistakes.append(Diagnostic("wrong-type", below.locate(), message, "begin every case with -"))
        return []
    return below.content if below is not None else []  # type: ignore[return-value] # it is a list


def _find_wrong_facts(given: Mapping[str, Any], rulebase: RuleBase) -> Sequence[Diagnostic]:
    try:
        rulebase.vocabulary.validate(given, doubt=False)
    except InvalidOrganisation as error:
        return error.diagnostics
    return ()


class _CaseReader:
    """Reads the cases of one file."""

    def __init__(self, rulebase: RuleBase, nulls: Collection[tuple[int, int]], mistakes: list[Diagnostic]) -> None:
        self._rulebase, self._nulls, self._mistakes = rulebase, nulls, mistakes
        # What is wrong there is already reported.
        self._unread = {_place(found.location): index for index, found in enumerate(mistakes)}

    def read(self, node: Node) -> Iterator[OrganisationCase]:
        """Read one case, and make the cases of its changes; report everything that is wrong in it."""
        plain = write_plain(node, self._nulls)
        if not isinstance(plain, dict):
            self._add(node, [], "wrong-type", "a case is a mapping with id, given and expect")
            return
        for name in plain:
            if name not in _KEYS:
                hint = suggest(name, [key for key in _KEYS if key not in plain])
                self._add(node, [name], "unknown-key", f"no such key: {show_value(name)}", hint, key=True)
        for key, kind in (("id", str), ("given", dict), ("expect", dict)):
            if not isinstance(plain.get(key), kind):
                code = "missing-key" if key not in plain else "wrong-type"
                self._add(node, [key], code, f"a case needs {key}: {_NEEDED[key]}")
                plain[key] = kind()
            elif isinstance(plain[key], str):
                self._check_text(node, key, plain[key])
        if "title" in plain:
            self._check_text(node, "title", plain["title"])
        shows = plain.get("shows", [])
        case = OrganisationCase(
            plain["id"],
            str(plain.get("title", "")),
            plain["given"],
            plain["expect"],
            tuple(shows if isinstance(shows, list) else [shows]),
            node.file,
            node.line,
            node,
        )
        self._check_facts(node, ["given"], case.given)
        for mistake in find_mistakes(case.expect, self._rulebase):
            path = ["expect", *mistake.path]
            self._add(node, path, mistake.code, mistake.message, mistake.hint, key=mistake.key)
        changed = list(self._change(node, case, plain))
        if case.id:
            yield case
            yield from changed

    def _change(self, node: Node, case: OrganisationCase, plain: Mapping[str, Any]) -> Iterator[OrganisationCase]:
        silent = {"silent": case.expect.get("fires", [])}
        result = node.get("expect")  # if it is something else than a mapping, that is reported
        if "but" in plain and silent["silent"] == [] and result and isinstance(result.content, dict):
            self._add(node, ["but"], "missing-key", "a near miss needs expect.fires: the rules that it misses")
        facts = self._rulebase.vocabulary.facts  # unknown ones, of which there may be many, are reported and not copied
        before = {name: value for name, value in case.given.items() if name in facts}
        for kind, expected in (("also", case.expect), ("but", silent)):
            for number, (path, change) in enumerate(self._list_changes(node, kind, plain.get(kind, [])), start=1):
                self._check_facts(node, [kind, *path], change)
                given = {name: value for name, value in {**before, **change}.items() if value is not None}
                yield replace(case, id=f"{case.id}/{kind}-{number}", given=given, expect=expected, shows=(), node=None)

    def _list_changes(self, node: Node, kind: str, written: Any) -> list[tuple[tuple[str | int, ...], dict[str, Any]]]:
        message = f"{kind} is a list of mappings, or a mapping from facts to lists of values"
        changes: list[tuple[tuple[str | int, ...], dict[str, Any]]] = []
        if isinstance(written, dict):
            for name, values in written.items():
                if isinstance(values, list):
                    changes += [((name, at), {name: value}) for at, value in enumerate(values)]
                else:
                    shown = values if isinstance(values, str) else json.dumps(values)
                    self._add(node, [kind, name], "wrong-type", message, f"write {name}: [{shown}]")
                    changes.append(((name,), {name: None}))  # so that its name is looked up
        elif isinstance(written, list):
            for at, change in enumerate(written):
                if isinstance(change, dict):
                    changes.append(((at,), change))
                else:
                    self._add(node, [kind, at], "wrong-type", message)
        else:
            self._add(node, [kind], "wrong-type", message)
        return changes

    def _check_text(self, node: Node, key: str, text: Any) -> None:
        if isinstance(text, str) and (acting := _ACTING.search(text)):
            message = f"this text contains the control character {acting[0]!r}"
            self._add(node, [key], "control-character", message, "write the text on one line")
        elif not isinstance(text, str) or not re.fullmatch(TEXT, text):
            code = "empty-text" if isinstance(text, str) else "wrong-type"
            self._add(node, [key], code, "a text is expected here, without spaces around it")

    def _check_facts(self, node: Node, path: list[str | int], given: Mapping[str, Any]) -> None:
        mistakes = _find_wrong_facts(given, self._rulebase)
        for found, (name, *rest) in locate_in_file(mistakes, given, self._rulebase.vocabulary):
            # A change is written as `fact: [value, …]`, where the name of the fact comes before the position.
            unknown = found.code == "unknown-fact"
            where = [*path, name, *rest] if name not in path else path[:2] if unknown else [*path, *rest]
            message = f"{name}: {found.message}"
            self._add(node, where, found.code, message, found.hint, key=unknown)

    def _add(
        self, node: Node, path: Sequence[str | int], code: str, message: str, hint: str = "", *, key: bool = False
    ) -> None:
        where = node.locate(path, key=key)
        index = self._unread.get(_place(where))
        if index is None:
            self._mistakes.append(Diagnostic(code, where, message, hint))
        elif hint and self._mistakes[index].code in GUESSED:
            self._mistakes[index] = replace(self._mistakes[index], hint=hint)


def _place(location: Location) -> tuple[str | None, int, int]:
    return location.file, location.line, location.column
