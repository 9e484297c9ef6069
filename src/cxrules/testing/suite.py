"""Runs cases on a rule base: what fails, what no case exercises, and how to update expected values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from cxrules.advisor import Advisor
from cxrules.knowledge.node import Node
from cxrules.language.rules import Effect
from cxrules.recommendation.answer import Recommendation
from cxrules.rulebase import RuleBase
from cxrules.testing.cases import OrganisationCase, find_faults
from cxrules.testing.checks import recommend_to
from cxrules.whole_file import write_whole

__all__ = ["UPDATED", "CaseReport", "CaseResult", "run_cases", "update_cases", "write_junit"]

UPDATED: Final = ("model", "status", "reason", "points")
"""The expectations of a case that `update_cases` writes."""

_SCALAR: Final = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'|[^\s,\]\[{}#][^,\]}#\n]*?(?=\s*(?:[,\]}#\n]|$))")


@dataclass(frozen=True)
class CaseResult:
    """The result of one case.

    Attributes:
        case: The case.
        faults: How the recommendation differs from what is expected; empty if it does not.
        advice: The recommendation.
    """

    case: OrganisationCase
    faults: tuple[str, ...]
    advice: Recommendation


@dataclass(frozen=True)
class CaseReport:
    """The results of all cases.

    Attributes:
        results: The result of every case, in order.
        unexercised: What no case exercises: rules that never fire, findings never established, facts never given, and
            claims behind no rule that fires.
    """

    results: tuple[CaseResult, ...]
    unexercised: Mapping[str, tuple[str, ...]]

    @property
    def failed(self) -> tuple[CaseResult, ...]:
        """The results with faults."""
        return tuple(result for result in self.results if result.faults)


def run_cases(
    cases: Iterable[OrganisationCase], advisor: Advisor | None = None, *, base: RuleBase | None = None
) -> CaseReport:
    """Run cases on a rule base, the built-in one when no advisor is given.

    Args:
        cases: The cases.
        advisor: The advisor that decides.
        base: A rule base with separate cases, on which this one is laid; its items are not reported as unexercised.

    Examples:
        >>> case = OrganisationCase("one", "Nothing is known.", {}, {"status": "undetermined"})
        >>> run_cases([case]).failed
        ()
    """
    advisor = advisor or Advisor()
    results = []
    for case in cases:
        advice = recommend_to(advisor, case.given)
        results.append(CaseResult(case, tuple(find_faults(advice, case.expect)), advice))
    return CaseReport(tuple(results), _find_unexercised(advisor, results, base))


def _find_unexercised(
    advisor: Advisor, results: Sequence[CaseResult], base: RuleBase | None
) -> dict[str, tuple[str, ...]]:
    rulebase = advisor.rulebase
    seen: dict[str, set[str]] = {"rules": set(), "findings": set(), "facts": set(), "claims": set()}
    if base is not None:
        seen = {
            "rules": set(base.rules),
            "findings": set(base.findings),
            "facts": set(base.vocabulary.facts),
            "claims": set(base.claims),
        }
    for result in results:
        seen["rules"].update(result.advice.fired)
        seen["findings"].update(result.advice.findings)
        seen["facts"].update(result.case.given)
        seen["claims"].update(result.advice.cites)
    concluded = {finding for rule in rulebase.rules.values() for finding in rule.targets(Effect.FINDING)}
    cited = {claim for rule in rulebase.rules.values() for claim in rule.because}
    there = {
        "rules": list(rulebase.rules),
        "findings": [finding for finding in rulebase.findings if finding in concluded],
        "facts": list(rulebase.vocabulary.facts),
        "claims": [claim for claim in rulebase.claims if claim in cited],
    }
    return {kind: tuple(name for name in names if name not in seen[kind]) for kind, names in there.items()}


def update_cases(results: Iterable[CaseResult]) -> list[Path]:
    """Write the resulting model, status, reason and points into the files of cases that expect others.

    Only these values change; an empty `expect: {}` becomes model and status. Other expectations are left to the author.

    Returns:
        The files changed.
    """
    edits: dict[str, list[tuple[int, int, str, bool]]] = {}
    for result in results:
        node = result.case.node
        expect = node.get("expect") if node is not None else None
        if expect is None:
            continue
        for place, text in _list_values(result, expect):
            edits.setdefault(place.file, []).append((place.line, place.column, text, place.content == {}))
    changed = []
    for file, places in edits.items():
        path = Path(file)
        before = path.read_bytes().decode("utf-8")
        after = _edit(before, places)
        if after != before:
            with write_whole(path) as whole:
                whole.write(after.encode())
            changed.append(path)
    return changed


def _list_values(result: CaseResult, expect: Node) -> Iterator[tuple[Node, str]]:
    advice, wanted = result.advice, result.case.expect
    if not wanted:
        yield expect, f"{{model: {_write(advice.model)}, status: {advice.status}}}"
        return
    if not result.faults:
        return
    for key in ("model", "status", "reason"):
        node = expect.get(key)
        value = getattr(advice, key)
        if node is not None and not isinstance(wanted[key], list) and wanted[key] != value:
            yield node, _write(value)
    points = {row.model: row.points for row in advice.ranking}
    below = expect.get("points")
    for model, number in wanted.get("points", {}).items():
        node = below.get(model) if below is not None else None
        if node is not None and points[model] != number:
            yield node, str(points[model])


def _write(value: object) -> str:
    return "null" if value is None else str(value)


def _edit(text: str, places: list[tuple[int, int, str, bool]]) -> str:
    lines = text.splitlines(keepends=True)
    for line, column, new, empty in sorted(places, reverse=True):
        row = lines[line - 1]
        rest = row[column - 1 :]
        found = re.match(r"\{\s*\}", rest) if empty else _SCALAR.match(rest)
        end = found.end() if found else 0
        lead = "" if found or row[column - 2 : column - 1].isspace() else " "
        lines[line - 1] = row[: column - 1] + lead + new + rest[end:]
    return "".join(lines)


def write_junit(report: CaseReport, name: str) -> str:
    """Write a report as JUnit XML, which CI servers read."""
    suite = ET.Element(
        "testsuite",
        name=name,
        tests=str(len(report.results)),
        failures=str(len(report.failed)),
        errors="0",
        skipped="0",
    )
    for result in report.results:
        case = result.case
        item = ET.SubElement(
            suite, "testcase", classname=case.file or name, name=case.id, file=case.file, line=str(case.line)
        )
        if result.faults:
            failure = ET.SubElement(item, "failure", message="; ".join(result.faults))
            failure.text = "\n".join([case.title, *result.faults])
    ET.indent(suite)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(suite, encoding="unicode") + "\n"
