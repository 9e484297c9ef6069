"""What can notice a mutant: cases, readings, expectations and checks, but not snapshots and golden texts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from cxrules import Advisor
from cxrules.rulebase import RuleBase
from cxrules.testing.cases import read_cases
from cxrules.testing.expected_results import find_faults
from cxrules.verification import CHECKS, Verdict
from cxrules.verification.checks.expectation import check_expectation
from cxrules.verification.expectations import Expectations, read_expectations
from cxrules.verification.prover import Prover
from tools.readings import FLOORS, judge, read_set

CASES = Path(__file__).resolve().parents[1] / "tests" / "data" / "cases"

QUICK = tuple(check for check in CHECKS if check not in ("idle-rule", "idle-value", "idle-fact", "double-counted"))
"""The checks that a mutant has to pass: those that take a second or less."""


class Killers:
    """Everything that can notice a mutant, read once.

    Attributes:
        rulebase: The rule base before any change.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rulebase = RuleBase.load(folder)
        validate = self.rulebase.vocabulary.validate
        self._cases = [
            (case.id, validate(case.given), case.expect) for case in read_cases(CASES, rulebase=self.rulebase)
        ]
        advisor = Advisor(self.rulebase)
        self._fired = {name: set(advisor.recommend(given).fired) for name, given, _ in self._cases}
        self._readings = {name: [(line, validate(line.facts)) for line in read_set(name)] for name in FLOORS}
        self._passed = set(self._judge_readings(advisor))

    def find_killer(self, rulebase: RuleBase, rule: str = "") -> str | None:
        """Return the case, reading, expectation or check that notices that a rule base has changed, or None.

        Args:
            rulebase: The mutant.
            rule: The rule that was changed: cases that concern it are tried first.
        """
        advisor = Advisor(rulebase)
        fired: set[str] = set()
        concerned = lambda case: rule not in self._fired[case[0]] and rule not in case[2].get("silent", ())  # noqa: E731 - False sorts first
        for name, given, expect in sorted(self._cases, key=concerned):
            advice = advisor.recommend(given)
            if next(find_faults(advice, expect), None):
                return f"case {name}"
            fired.update(advice.fired)
        if fired != set(rulebase.rules):
            return "property: every rule fires in a case"
        if lost := self._passed - set(self._judge_readings(advisor)):
            return f"readings {min(lost)}"
        return self._verify(rulebase)

    def _judge_readings(self, advisor: Advisor) -> Iterator[str]:
        """Return what the readings demand and what is achieved, for the sets that have a floor."""
        for name, lines in self._readings.items():
            verdicts = [judge(line, advisor.judge.decide(known).model) for line, known in lines]
            if sum(verdict.plural for verdict in verdicts) >= FLOORS[name].plurality:
                yield f"{name}: plurality"
            for verdict in verdicts:
                if verdict.acceptable:
                    yield f"{name}: {verdict.id} acceptable"
                if not verdict.rejected:
                    yield f"{name}: {verdict.id} not rejected"

    @cached_property
    def _expectations(self) -> Expectations:
        return read_expectations(self.folder, rulebase=self.rulebase)

    @cached_property
    def _known(self) -> set[tuple[str, str]]:
        return set(self._refuted(self.rulebase)) | set(self._expectations.accepted)

    def _verify(self, rulebase: RuleBase) -> str | None:
        for check, subject in self._refuted(rulebase):
            if (check, subject) not in self._known:
                return f"{check}: {subject}"
        return None

    def _refuted(self, rulebase: RuleBase) -> Iterator[tuple[str, str]]:
        conditions = [part for entry in self._expectations.expectations for part in (entry.when, entry.unless) if part]
        prover = Prover(rulebase, conditions=conditions)
        for expectation in self._expectations.expectations:
            finding = check_expectation(prover, expectation)
            if finding.verdict is Verdict.REFUTED:
                yield finding.check, finding.subject
        for check in QUICK:
            for finding in CHECKS[check](prover):
                if finding.verdict is Verdict.REFUTED:
                    yield finding.check, finding.subject
