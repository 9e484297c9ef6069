"""Runs cases on a rule base: what fails, and what no case exercises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from cxrules.advisor import Advisor
from cxrules.errors import Diagnostic, show_text
from cxrules.language.rules import Effect
from cxrules.recommendation.answer import Recommendation
from cxrules.rulebase import RuleBase
from cxrules.testing.cases import InvalidCases, OrganisationCase, examine_case
from cxrules.testing.checks import recommend_to
from cxrules.testing.expected_results import find_faults

__all__ = ["CaseReport", "CaseResult", "run_cases", "write_junit"]


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

    Raises:
        InvalidCases: With everything in the cases that the rule base does not know.

    Examples:
        >>> case = OrganisationCase("one", "Nothing is known.", {}, {"status": "undetermined"})
        >>> run_cases([case]).failed
        ()
    """
    advisor = advisor or Advisor()
    results = []
    mistakes: list[Diagnostic] = []
    for case in cases:
        mistakes += (wrong := list(examine_case(case, advisor.rulebase)))
        if wrong:
            continue
        advice = recommend_to(advisor, case.given)
        results.append(CaseResult(case, tuple(find_faults(advice, case.expect)), advice))
    if mistakes:
        raise InvalidCases(mistakes)
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


def write_junit(report: CaseReport, name: str) -> str:
    """Write a report as JUnit XML, which CI servers read, with control characters escaped."""
    suite = ET.Element(
        "testsuite",
        name=show_text(name),
        tests=str(len(report.results)),
        failures=str(len(report.failed)),
        errors="0",
        skipped="0",
    )
    for result in report.results:
        case = result.case
        file = show_text(case.file)
        item = ET.SubElement(
            suite,
            "testcase",
            classname=file or show_text(name),
            name=show_text(case.id),
            file=file,
            line=str(case.line),
        )
        if result.faults:
            faults = [show_text(fault) for fault in result.faults]
            failure = ET.SubElement(item, "failure", message="; ".join(faults))
            failure.text = "\n".join([show_text(case.title), *faults])
    ET.indent(suite)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(suite, encoding="unicode") + "\n"
