"""Why did this rule not fire? Which of its tests hold, fail or rest on something unknown, and what would change it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cxrules.document import Block, Items, Paragraph
from cxrules.explanation.contradictions import tell_contradictions
from cxrules.explanation.counterfactuals import SearchStatus
from cxrules.explanation.text.words import join_clauses, lower_first
from cxrules.language.facts import FactValue
from cxrules.language.notation import write_value
from cxrules.language.rules import AnyOf, Condition, Effect, FactTest, FindingTest
from cxrules.policy.decision import Decision
from cxrules.policy.judge import Judge
from cxrules.portable.at_hand import Basis
from cxrules.portable.base import Portable, travels
from cxrules.portable.fields import published, published_as
from cxrules.rulebase import RuleBase
from cxrules.search.backward_chaining import concluding
from cxrules.search.budget import Budget
from cxrules.search.firing import find_firing
from cxrules.search.possibilities import possibilities_of

__all__ = [
    "Attempt",
    "NearestFiring",
    "Subject",
    "TestResult",
    "Tested",
    "WhyNotFired",
    "list_subjects",
    "why_not_fired",
]

_BUDGET = 50_000
"""How many steps the search for the nearest change takes at most."""


class Subject(StrEnum):
    """What a question is about."""

    RULE = "rule"
    FINDING = "finding"
    PATTERN = "pattern"
    ACTION = "action"
    WARNING = "warning"
    ACCOMPANIMENT = "accompaniment"


_EFFECTS = {
    Subject.FINDING: Effect.FINDING,
    Subject.PATTERN: Effect.RECOGNISES,
    Subject.ACTION: Effect.ACTION,
    Subject.WARNING: Effect.WARNING,
    Subject.ACCOMPANIMENT: Effect.ACCOMPANIES,
}


class TestResult(StrEnum):
    """How a test comes out."""

    __test__ = False  # no test of pytest's

    HOLDS = "holds"
    FAILS = "fails"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Tested:
    """One test of a rule, on what is known.

    Attributes:
        condition: The test, as an author writes it.
        result: `holds`; `fails`: what is known speaks against it; `unknown`: it rests on something that is not known.
        fact: The fact that it asks about; empty where it asks about a finding.
        value: The value of the fact; None when unknown.
        finding: The finding that it needs; empty where it asks about a fact.
        any_of: Of which `any_of` of the rule it is part, counted from 1; 0 where it must hold by itself.
        branch: Of which alternative of that, counted from 1; 0 where it must hold by itself.
    """

    condition: str
    result: TestResult
    fact: str
    value: FactValue | None
    finding: str
    any_of: int
    branch: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """A rule with how its tests come out.

    Attributes:
        rule: The rule.
        fires: Whether it fires.
        tests: Its tests, in its own order.
    """

    rule: str
    fires: bool
    tests: tuple[Tested, ...]


@travels
@dataclass(frozen=True, repr=False, eq=False)
class NearestFiring(Portable):
    """The smallest coherent change of the facts after which it would come about.

    Attributes:
        name: What was asked about.
        changes: The facts that would have to be otherwise, with their values, or None where one would have to be
            unknown; without any it comes about already, or nothing was found.
        possible: Whether a change was found, or none is needed.
        status: `complete`: no change of fewer facts does it; where none was found, none exists. `budget_exhausted`:
            the search ended before that was sure.
    """

    name: str
    changes: Mapping[str, FactValue | None]
    possible: bool
    status: SearchStatus

    def tell(self) -> tuple[Block, ...]:
        """Return it in words."""
        return (Paragraph(self._tell()),)

    def _tell(self) -> str:
        if not self.possible:
            if self.status is SearchStatus.COMPLETE:
                return f"Nothing that an organisation can be would bring about {self.name}."
            return f"No change that would bring about {self.name} was found within the limits of the search."
        if not self.changes:
            return f"Nothing has to change for {self.name}."
        vocabulary = self.rulebase.vocabulary
        clauses = [
            f"nothing is known of {vocabulary[fact].topic}" if value is None else vocabulary[fact].state(value)
            for fact, value in self.changes.items()
        ]
        return f"The smallest change that would bring it about: {join_clauses(clauses)}."


@travels
@dataclass(frozen=True, repr=False, eq=False)
class WhyNotFired(Portable):
    """Why a rule did not fire, or a finding, pattern, action, warning or accompaniment did not come about.

    Attributes:
        name: What was asked about.
        subject: What that is.
        holds: Whether the rule fires, or what was asked about has come about.
        attempts: The rule, or those that conclude it, and then the rules behind the findings that these need.
        decision: What was decided.
    """

    name: str
    subject: Subject
    holds: bool
    attempts: tuple[Attempt, ...]
    _decision: Decision = field(compare=False, metadata=published_as("decision"))

    DERIVED = ("rules",)

    @published
    def decision(self) -> Decision:
        """What was decided."""
        return self._decision

    @published
    def rules(self) -> tuple[str, ...]:
        """The rule, or those that conclude it."""
        return _list_rules(self.rulebase, self.name, self.subject)

    @property
    def nearest_change(self) -> NearestFiring:
        """The smallest coherent change that would bring it about, searched for when read."""
        return find_nearest(self._basis.judge, self._decision, self.name, self.subject)

    def tell(self) -> tuple[Block, ...]:
        """Return it in words; rules, facts and values by their names in the rule base."""
        return tuple(self._tell())

    def _tell(self) -> Iterator[Block]:
        yield from tell_contradictions(self._basis.judge, self._decision)
        what = f"The {self.subject} {self.name}"
        verb = ("fires", "does not fire") if self.subject is Subject.RULE else ("has come about", "has not come about")
        yield Paragraph(f"{what} {verb[not self.holds]}.")
        own = set(self.rules)
        if not own:
            yield Paragraph("No rule concludes it.")
        for attempt in self.attempts:
            if attempt.rule in own or not attempt.fires:
                says = self.rulebase.rules[attempt.rule].rationale.rstrip(". ")
                fires = "fires" if attempt.fires else "does not fire"
                lead = f"{attempt.rule} {fires} ({lower_first(says)})"
                lines = tuple(map(_tell_test, attempt.tests))
                yield Items(lead, lines) if lines else Paragraph(f"{lead}. It asks nothing of the organisation.")
        if not self.holds and own:
            yield from self.nearest_change.tell()


def why_not_fired(judge: Judge, decision: Decision, name: str, subject: Subject) -> WhyNotFired:
    """Find why something of a rule base did not come about, or that it did."""
    rulebase = judge.rulebase
    own = _list_rules(rulebase, name, subject)
    behind = concluding(rulebase, sorted({need for rule in own for need in rulebase.rules[rule].needs()}))
    trial = _Trial(judge, decision)
    attempts = tuple(trial.attempt(rule) for rule in dict.fromkeys([*own, *behind]))
    holds = any(judge.decider.has(decision.fired, rule) for rule in own)
    return WhyNotFired(name, subject, holds, attempts, decision, _basis=Basis(judge))


def find_nearest(
    judge: Judge, decision: Decision, name: str, subject: Subject, *, deadline: float | None = None
) -> NearestFiring:
    """Find the smallest coherent change that makes a rule fire, or brings something else about."""
    rules = _list_rules(judge.rulebase, name, subject)
    basis = Basis(judge)
    if any(judge.decider.has(decision.fired, rule) for rule in rules):
        return NearestFiring(name, {}, True, SearchStatus.COMPLETE, _basis=basis)
    goals = [judge.rulebase.rules[rule].when for rule in rules]
    found = find_firing(possibilities_of(judge), decision.known, goals, Budget(_BUDGET, deadline))
    status = SearchStatus.COMPLETE if found.complete else SearchStatus.BUDGET_EXHAUSTED
    return NearestFiring(name, found.change or {}, found.change is not None, status, _basis=basis)


def list_subjects(rulebase: RuleBase) -> dict[str, Subject]:
    """Return everything that can be asked about, with what it is; where two bear one name, the first of these."""
    found: dict[str, Subject] = {}
    for subject, names in (
        (Subject.RULE, rulebase.rules),
        (Subject.FINDING, rulebase.findings),
        (Subject.PATTERN, rulebase.patterns),
        (Subject.ACTION, rulebase.actions),
        (Subject.WARNING, rulebase.warnings),
        (Subject.ACCOMPANIMENT, rulebase.accompaniments),
    ):
        for name in names:
            found.setdefault(name, subject)
    return found


def _list_rules(rulebase: RuleBase, name: str, subject: Subject) -> tuple[str, ...]:
    if subject is Subject.RULE:
        return (name,)
    effect = _EFFECTS[subject]
    return tuple(rule.id for rule in rulebase.rules.values() if name in rule.targets(effect))


class _Trial:
    """Puts the tests of rules to what is known."""

    def __init__(self, judge: Judge, decision: Decision) -> None:
        self._judge = judge
        self._decision = decision
        self._established = set(judge.decider.findings(decision.fired))
        self._reachable = set(judge.decider.findings(possibilities_of(judge).may_fire(decision.known)))

    def attempt(self, rule: str) -> Attempt:
        fires = self._judge.decider.has(self._decision.fired, rule)
        return Attempt(rule, fires, tuple(self._list_tests(self._judge.rulebase.rules[rule].when)))

    def _list_tests(self, conditions: Sequence[Condition]) -> Iterator[Tested]:
        place = 0
        for condition in conditions:
            if isinstance(condition, AnyOf):
                place += 1
                for branch, tests in enumerate(condition.alternatives, 1):
                    yield from (self._put(test, place, branch) for test in tests)
            else:
                yield self._put(condition, 0, 0)

    def _put(self, test: FactTest | FindingTest, any_of: int, branch: int) -> Tested:
        if isinstance(test, FindingTest):
            result = TestResult.UNKNOWN if test.finding in self._reachable else TestResult.FAILS
            if test.finding in self._established:
                result = TestResult.HOLDS
            return Tested(test.write(), result, "", None, test.finding, any_of, branch)
        value = self._decision.known.get(test.fact)
        result = TestResult.UNKNOWN
        if value is not None:
            passes = test.holds(value, self._judge.rulebase.vocabulary[test.fact])
            result = TestResult.HOLDS if passes else TestResult.FAILS
        return Tested(test.write(), result, test.fact, value, "", any_of, branch)


def _tell_test(test: Tested) -> str:
    told = f"{test.result}: {test.condition}"
    if test.result is TestResult.FAILS and test.fact:
        told += f" (it is {write_value(test.value)})"
    if test.any_of:
        told += f" (alternative {test.branch})"
    return told
