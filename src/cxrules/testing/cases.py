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

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from cxrules.errors import Diagnostic, InvalidKnowledge, InvalidOrganisation, suggest
from cxrules.knowledge.diagnostic_codes import MistakeCollector
from cxrules.knowledge.draft import CASES, find_files
from cxrules.knowledge.node import Node
from cxrules.knowledge.reader import read_file
from cxrules.language.rules import Effect
from cxrules.recommendation.answer import Recommendation
from cxrules.rulebase import RuleBase

__all__ = ["InvalidCases", "OrganisationCase", "find_faults", "read_cases"]

_KEYS: Final = ("id", "title", "given", "also", "but", "expect", "shows")
_NAMES: Final[Mapping[str, tuple[str, Callable[[Recommendation], set[str]]]]] = {
    "rejected": (
        "models",
        lambda advice: {row.model for row in advice.ranking if row.excluded or row.missing or row.points <= 0},
    ),
    "excluded": ("models", lambda advice: {row.model for row in advice.ranking if row.excluded}),
    "open": ("models", lambda advice: {row.model for row in advice.ranking if not row.excluded}),
    "set_aside": ("models", lambda advice: {row.model for row in advice.ranking if row.set_aside_by}),
    "findings": ("findings", lambda advice: set(advice.findings)),
    "recognises": ("patterns", lambda advice: set(advice.patterns)),
    "accompanies": ("accompaniments", lambda advice: set(advice.accompaniments)),
    "actions": ("actions", lambda advice: {action.id for action in advice.actions}),
    "warnings": ("warnings", lambda advice: {warning.id for warning in advice.warnings}),
    "fires": ("rules", lambda advice: set(advice.fired)),
    "cites": ("claims", lambda advice: set(advice.cites)),
    "dissent": ("claims", lambda advice: set(advice.dissent)),
    "support": ("claims", lambda advice: set(advice.support)),
    "concludes": (
        "actions",
        lambda advice: {
            action for rule in advice.fired for action in advice.rulebase.rules[rule].targets(Effect.ACTION)
        },
    ),
    "advice_cites": ("claims", lambda advice: {claim for action in advice.actions for claim in action.claims}),
}
_NOT: Final = {"silent": "fires", **{f"{name}_not": name for name in _NAMES if name not in ("fires", "open")}}
_BY_MODEL: Final = {"missing": "findings", "excluded_by": "rules", "set_aside_by": "rules", "points": ""}
_OTHERS: Final = ("model", "status", "reason", "ahead", "rests_on", *_BY_MODEL)
_EXPECTED: Final = (*_NAMES, *_NOT, *_OTHERS)


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
        items = None if node is None else _find_items(node)
        if node is not None and items is None:
            continue  # a file of another kind
        empty = {(found.location.line, found.location.column) for found in own.in_order() if found.code == "null-value"}
        mistakes += [found for found in own.in_order() if found.code != "null-value"]
        reader = _CaseReader(rulebase, empty, mistakes)
        for item in items or ():
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
    mistakes = [*report.in_order(), *mistakes]
    if mistakes:
        raise InvalidCases(mistakes)
    return tuple(cases)


def _find_items(node: Node) -> list[Node] | None:
    below = node if isinstance(node.content, list) else node.get(CASES)
    return below.content if below is not None and isinstance(below.content, list) else None


class _CaseReader:
    """Reads the cases of one file."""

    def __init__(self, rulebase: RuleBase, empty: set[tuple[int, int]], mistakes: list[Diagnostic]) -> None:
        self._rulebase, self._empty, self._mistakes = rulebase, empty, mistakes

    def read(self, node: Node) -> Iterator[OrganisationCase]:
        """Read one case, and make the cases of its changes."""
        plain = self._plain(node)
        if not isinstance(plain, dict):
            self._add(node, [], "wrong-type", "a case is a mapping with id, given and expect")
            return
        self._demand_known(node, [], plain, _KEYS)
        for key, kind in (("id", str), ("given", dict), ("expect", dict)):
            if not isinstance(plain.get(key), kind):
                code = "missing-key" if key not in plain else "wrong-type"
                self._add(node, [key], code, f"a case needs {key}: {_NEEDED[key]}")
                return
        case = OrganisationCase(
            plain["id"],
            str(plain.get("title", "")),
            plain["given"],
            plain["expect"],
            tuple(_listed(plain.get("shows", []))),
            node.file,
            node.line,
            node,
        )
        self._check_facts(node, ["given"], case.given)
        self._check_expectations(node, case.expect)
        yield case
        yield from self._change(node, case, plain)

    def _change(self, node: Node, case: OrganisationCase, plain: Mapping[str, Any]) -> Iterator[OrganisationCase]:
        silent = {"silent": case.expect.get("fires", [])}
        if "but" in plain and not silent["silent"]:
            self._add(node, ["but"], "missing-key", "a near miss needs expect.fires: the rules that it misses")
        for kind, expected in (("also", case.expect), ("but", silent)):
            for number, change in enumerate(self._list_changes(node, kind, plain.get(kind, [])), start=1):
                given = {name: value for name, value in {**case.given, **change}.items() if value is not None}
                self._check_facts(node, [kind], given)
                yield replace(case, id=f"{case.id}/{kind}-{number}", given=given, expect=expected, shows=(), node=None)

    def _list_changes(self, node: Node, kind: str, written: Any) -> list[dict[str, Any]]:
        if isinstance(written, dict) and all(isinstance(values, list) for values in written.values()):
            return [{name: value} for name, values in written.items() for value in values]
        if isinstance(written, list) and all(isinstance(change, dict) for change in written):
            return written
        message = f"{kind} is a list of mappings, or a mapping from facts to lists of values"
        self._add(node, [kind], "wrong-type", message)
        return []

    def _check_facts(self, node: Node, path: list[str], given: Mapping[str, Any]) -> None:
        try:
            self._rulebase.vocabulary.validate(given, doubt=False)
        except InvalidOrganisation as error:
            for found in error.diagnostics:
                name = found.location.path[0]
                where = node.locate([*path, name], key=found.code == "unknown-fact")
                self._mistakes.append(Diagnostic(found.code, where, f"{name}: {found.message}", found.hint))

    def _check_expectations(self, node: Node, expect: Mapping[str, Any]) -> None:
        self._demand_known(node, ["expect"], expect, _EXPECTED)
        models = tuple(self._rulebase.models)
        for key, value in expect.items():
            path = ["expect", key]
            if key == "model":
                self._demand_names(node, path, [name for name in _listed(value) if name is not None], "models")
            elif key in _NAMES or key in _NOT:
                section = _NAMES[_NOT.get(key, key)][0]
                self._demand_names(node, path, _listed(value), section)
            elif key == "ahead":
                self._demand_names(node, path, [name for pair in _listed(value) for name in _listed(pair)], "models")
            elif key in _BY_MODEL and isinstance(value, dict):
                self._demand_known(node, path, value, models)
                for model, names in value.items():
                    if section := _BY_MODEL[key]:
                        self._demand_names(node, [*path, model], _listed(names), section)
            elif key in _BY_MODEL or (key == "rests_on" and not isinstance(value, dict)):
                self._add(node, path, "wrong-type", f"{key} is a mapping")

    def _demand_names(self, node: Node, path: list[str], names: Iterable[Any], section: str) -> None:
        known = tuple(getattr(self._rulebase, section))
        for name in names:
            if name not in known:
                self._add(
                    node, path, f"unknown-{section[:-1]}", f"no such {section[:-1]}: {name!r}", suggest(name, known)
                )

    def _demand_known(self, node: Node, path: list[str], given: Iterable[str], known: tuple[str, ...]) -> None:
        for name in given:
            if name not in known:
                where = node.locate([*path, name], key=True)
                self._mistakes.append(Diagnostic("unknown-key", where, f"no such key: {name!r}", suggest(name, known)))

    def _add(self, node: Node, path: list[str], code: str, message: str, hint: str = "") -> None:
        self._mistakes.append(Diagnostic(code, node.locate(path), message, hint))

    def _plain(self, node: Node) -> Any:
        if isinstance(node.content, dict):
            return {name: self._plain(below) for name, below in node.content.items()}
        if isinstance(node.content, list):
            return [self._plain(below) for below in node.content]
        return None if (node.line, node.column) in self._empty else node.content


_NEEDED: Final = {"id": "a unique name", "given": "a mapping of facts", "expect": "a mapping of expected results"}


def find_faults(advice: Recommendation, expect: Mapping[str, Any]) -> Iterator[str]:
    """Describe how a recommendation differs from what a case expects."""
    unknown = set(expect) - set(_EXPECTED)
    if unknown:
        yield f"the case expects something unknown: {sorted(unknown)}"
    yield from _find_outcome_faults(advice, expect)
    for name, (_, read) in _NAMES.items():
        if lacking := set(_listed(expect.get(name, []))) - read(advice):
            yield f"{name}: {', '.join(sorted(lacking))} not there"
    for name, other in _NOT.items():
        if present := set(_listed(expect.get(name, []))) & _NAMES[other][1](advice):
            yield f"{name}: {', '.join(sorted(present))} there"
    claims = {advised.id: set(advised.claims) for advised in (*advice.actions, *advice.warnings)}
    for advised, wanted in expect.get("rests_on", {}).items():
        if lacking := set(_listed(wanted)) - claims.get(advised, set()):
            yield f"{advised} does not rest on {', '.join(sorted(lacking))}"
    yield from _find_faults_of_models(advice, expect)


def _find_outcome_faults(advice: Recommendation, expect: Mapping[str, Any]) -> Iterator[str]:
    if "model" in expect and advice.model not in (wanted := _listed(expect["model"])):
        yield f"model {advice.model}, not {' or '.join(map(str, wanted))}"
    for name in ("status", "reason"):
        if name in expect and getattr(advice, name) != expect[name]:
            yield f"{name} {getattr(advice, name)}, not {expect[name]}"


def _find_faults_of_models(advice: Recommendation, expect: Mapping[str, Any]) -> Iterator[str]:
    rows = {row.model: row for row in advice.ranking}
    for model, points in expect.get("points", {}).items():
        if rows[model].points != points:
            yield f"{model} has {rows[model].points} points, not {points}"
    for name in ("excluded_by", "set_aside_by", "missing"):
        for model, wanted in expect.get(name, {}).items():
            if lacking := set(_listed(wanted)) - set(getattr(rows[model], name)):
                yield f"{model}: {name} lacks {', '.join(sorted(lacking))}"
    for first, second in expect.get("ahead", []):
        if rows[first].points <= rows[second].points:
            yield f"{first} ({rows[first].points}) is not ahead of {second} ({rows[second].points})"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
