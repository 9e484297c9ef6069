"""Why a rule did not fire: which of its tests hold, fail or depend on something unknown, and what would change that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cxrules.document import Block, Items, Paragraph
from cxrules.explanation.contradictions import tell_contradictions
from cxrules.explanation.counterfactuals import SearchStatus
from cxrules.explanation.text.words import clause, join_clauses, join_names, name
from cxrules.language.facts import FactValue
from cxrules.language.notation import write_value
from cxrules.language.rules import AnyOf, Condition, Effect, FactTest, FindingTest, Impossible
from cxrules.policy.decision import Decision
from cxrules.policy.judge import Judge
from cxrules.portable.base import Portable, travels
from cxrules.portable.basis import Basis
from cxrules.portable.fields import published, published_as
from cxrules.rulebase import RuleBase
from cxrules.search.advised_action import find_serving
from cxrules.search.backward_chaining import concluding
from cxrules.search.budget import Budget
from cxrules.search.firing import find_firing
from cxrules.search.possibilities import possibilities_of

__all__ = [
    "Attempt",
    "NearestFiring",
    "SubjectKind",
    "TestResult",
    "Tested",
    "WhyNotFired",
    "list_subjects",
    "why_not_fired",
]

_BUDGET = 50_000
"""The most steps that the search for the nearest change may take."""


class SubjectKind(StrEnum):
    """The kinds of thing that a question can be about."""

    RULE = "rule"
    FINDING = "finding"
    PATTERN = "pattern"
    ACTION = "action"
    WARNING = "warning"
    ACCOMPANIMENT = "accompaniment"
    CONTRADICTION = "contradiction"


_EFFECTS = {
    SubjectKind.FINDING: Effect.FINDING,
    SubjectKind.PATTERN: Effect.RECOGNISES,
    SubjectKind.ACTION: Effect.ACTION,
    SubjectKind.WARNING: Effect.WARNING,
    SubjectKind.ACCOMPANIMENT: Effect.ACCOMPANIES,
}


class TestResult(StrEnum):
    """The possible results of a test."""

    __test__ = False  # not a test for pytest

    HOLDS = "holds"
    FAILS = "fails"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Tested:
    """One test of a rule, applied to the known facts.

    Attributes:
        condition: The test, as an author writes it.
        result: `holds`; `fails`: the known facts speak against it; `unknown`: it depends on something unknown.
        fact: The fact that it asks about; empty if it asks about a finding.
        value: The value of the fact; None if unknown.
        finding: The finding that it needs; empty if it asks about a fact.
        any_of: The number of the rule's `any_of` to which it belongs, from 1; 0 if it must hold by itself.
        branch: The number of the alternative in that, from 1; 0 if it must hold by itself.
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
    """A rule, or a contradiction, with the results of its tests.

    Attributes:
        rule: The rule, or the name of a contradiction.
        fires: Whether it fires, or is met.
        tests: Its tests, in its own order.
    """

    rule: str
    fires: bool
    tests: tuple[Tested, ...]


@travels
@dataclass(frozen=True, repr=False, eq=False)
class NearestFiring(Portable):
    """The smallest coherent change of the facts that would bring something about.

    Attributes:
        name: What was asked about.
        changes: The facts that would have to change, with their new values, or None for one that would have to be
            unknown. Empty if it comes about already, or nothing was found.
        possible: Whether a change was found, or none is needed.
        status: `complete`: no change of fewer facts works; if none was found, none exists. `budget_exhausted`: the
            search ended before that was certain.
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
    """Why a rule did not fire, or something else did not come about.

    A finding, pattern, accompaniment or warning comes about if a rule that concludes it fires; an action if it also
    serves the recommended model; a contradiction if the facts meet all its tests.

    Attributes:
        name: What was asked about.
        subject: The kind of thing that is.
        holds: Whether the rule fires, or what was asked about has come about.
        attempts: The rule, or the rules that conclude it, followed by the rules behind the findings that these need.
        decision: What was decided.
    """

    name: str
    subject: SubjectKind
    holds: bool
    attempts: tuple[Attempt, ...]
    _decision: Decision = field(compare=False, metadata=published_as("decision"))
    _deadline: float | None = field(default=None, compare=False, repr=False)

    DERIVED = ("rules", "serves")

    @published
    def decision(self) -> Decision:
        """What was decided."""
        return self._decision

    @published
    def rules(self) -> tuple[str, ...]:
        """The rule, or the rules that conclude it; a contradiction has none."""
        return _list_rules(self.rulebase, self.name, self.subject)

    @published
    def serves(self) -> tuple[str, ...]:
        """The models that the action serves; empty if it serves all of them, or is not an action."""
        return _list_served(self.rulebase, self.name, self.subject)

    @property
    def nearest_change(self) -> NearestFiring:
        """The smallest coherent change that would bring it about, found when it is read."""
        return find_nearest(self._basis.judge, self._decision, self.name, self.subject, deadline=self._deadline)

    def tell(self) -> tuple[Block, ...]:
        """Return it in words, with the names that the rule base uses for rules, facts and values."""
        return tuple(self._tell())

    def _tell(self) -> Iterator[Block]:
        yield from tell_contradictions(self._basis.judge, self._decision)
        yield Paragraph(f"The {self.subject} {self.name} {_VERBS[self.subject][not self.holds]}.")
        own = {attempt.rule for attempt in self.attempts} if self._is_contradiction else set(self.rules)
        if not own:
            yield Paragraph("No rule concludes it.")
        for attempt in self.attempts:
            if attempt.rule in own or not attempt.fires:
                lines = tuple(map(_tell_test, attempt.tests))
                lead = self._lead(attempt)
                yield Items(lead, lines) if lines else Paragraph(f"{lead}. It asks nothing of the organisation.")
        yield from self._tell_served()
        if not self.holds and own:
            yield from self.nearest_change.tell()

    @property
    def _is_contradiction(self) -> bool:
        return self.subject is SubjectKind.CONTRADICTION

    def _lead(self, attempt: Attempt) -> str:
        if self._is_contradiction:
            (reason,) = (entry.reason for entry in _list_conjunctions(self.rulebase, attempt.rule))
            return f"It is met if all of these hold ({clause(reason)})"
        fires = "fires" if attempt.fires else "does not fire"
        return f"{attempt.rule} {fires} ({clause(self.rulebase.rules[attempt.rule].rationale)})"

    def _tell_served(self) -> Iterator[Block]:
        model = self._decision.model
        if self.serves and model not in self.serves:
            served = join_names(self.rulebase, self.serves, "or")
            now = "no model is recommended" if model is None else f"the recommendation is {name(self.rulebase, model)}"
            yield Paragraph(f"It is advice for {served}; {now}.")


_VERBS = {
    SubjectKind.RULE: ("fires", "does not fire"),
    SubjectKind.FINDING: ("is established", "is not established"),
    SubjectKind.PATTERN: ("is recognised", "is not recognised"),
    SubjectKind.ACTION: ("is advised", "is not advised"),
    SubjectKind.WARNING: ("is given", "is not given"),
    SubjectKind.ACCOMPANIMENT: ("is advised", "is not advised"),
    SubjectKind.CONTRADICTION: ("is met", "is not met"),
}


def why_not_fired(
    judge: Judge, decision: Decision, name: str, subject: SubjectKind, *, deadline: float | None = None
) -> WhyNotFired:
    """Find why a rule did not fire, or something else in a rule base did not come about."""
    rulebase = judge.rulebase
    trial = _Trial(judge, decision)
    if subject is SubjectKind.CONTRADICTION:
        attempts: tuple[Attempt, ...] = tuple(map(trial.meet, _list_conjunctions(rulebase, name)))
    else:
        own = _list_rules(rulebase, name, subject)
        behind = concluding(rulebase, sorted({need for rule in own for need in rulebase.rules[rule].needs()}))
        attempts = tuple(trial.attempt(rule) for rule in dict.fromkeys([*own, *behind]))
    holds = _has_come_about(judge, decision, name, subject)
    return WhyNotFired(name, subject, holds, attempts, decision, deadline, _basis=Basis(judge))


def find_nearest(
    judge: Judge, decision: Decision, name: str, subject: SubjectKind, *, deadline: float | None = None
) -> NearestFiring:
    """Find the smallest coherent change that makes a rule fire, or brings something else about."""
    basis = Basis(judge)
    if _has_come_about(judge, decision, name, subject):
        return NearestFiring(name, {}, True, SearchStatus.COMPLETE, _basis=basis)
    rules, served = _list_rules(judge.rulebase, name, subject), _list_served(judge.rulebase, name, subject)
    possibilities, budget = possibilities_of(judge), Budget(_BUDGET, deadline)
    if served:
        found = find_serving(possibilities, decision.known, rules, served, budget)
    else:
        goals = [judge.rulebase.rules[rule].when for rule in rules]
        found = find_firing(possibilities, decision.known, goals, budget)
    status = SearchStatus.COMPLETE if found.complete else SearchStatus.BUDGET_EXHAUSTED
    return NearestFiring(name, found.change or {}, found.change is not None, status, _basis=basis)


def _has_come_about(judge: Judge, decision: Decision, name: str, subject: SubjectKind) -> bool:
    rulebase = judge.rulebase
    if subject is SubjectKind.CONTRADICTION:
        return any(entry.id == name for entry in rulebase.incoherences(decision.known))
    if subject is SubjectKind.ACTION and not rulebase.serves_model(name, decision.model):
        return False
    return any(judge.decider.has(decision.fired, rule) for rule in _list_rules(rulebase, name, subject))


def list_subjects(rulebase: RuleBase) -> dict[str, SubjectKind]:
    """Return everything that can be asked about, with its kind; if two share a name, the first kind."""
    found: dict[str, SubjectKind] = {}
    for subject, names in (
        (SubjectKind.RULE, rulebase.rules),
        (SubjectKind.FINDING, rulebase.findings),
        (SubjectKind.PATTERN, rulebase.patterns),
        (SubjectKind.ACTION, rulebase.actions),
        (SubjectKind.WARNING, rulebase.warnings),
        (SubjectKind.ACCOMPANIMENT, rulebase.accompaniments),
        (SubjectKind.CONTRADICTION, [entry.id for entry in rulebase.impossible]),
    ):
        for each in names:
            found.setdefault(each, subject)
    return found


def _list_rules(rulebase: RuleBase, name: str, subject: SubjectKind) -> tuple[str, ...]:
    if subject is SubjectKind.RULE:
        return (name,)
    effect = _EFFECTS.get(subject)
    return tuple(rule.id for rule in rulebase.rules.values() if effect and name in rule.targets(effect))


def _list_served(rulebase: RuleBase, name: str, subject: SubjectKind) -> tuple[str, ...]:
    return tuple(rulebase.serves.get(name, ())) if subject is SubjectKind.ACTION else ()


def _list_conjunctions(rulebase: RuleBase, name: str) -> list[Impossible]:
    return [entry for entry in rulebase.impossible if entry.id == name]


class _Trial:
    """Applies the tests of rules to the known facts."""

    def __init__(self, judge: Judge, decision: Decision) -> None:
        self._judge = judge
        self._decision = decision
        self._established = set(judge.decider.findings(decision.fired))
        self._reachable = set(judge.decider.findings(possibilities_of(judge).may_fire(decision.known)))

    def attempt(self, rule: str) -> Attempt:
        fires = self._judge.decider.has(self._decision.fired, rule)
        return Attempt(rule, fires, tuple(self._list_tests(self._judge.rulebase.rules[rule].when)))

    def meet(self, entry: Impossible) -> Attempt:
        met = entry in self._judge.rulebase.incoherences(self._decision.known)
        return Attempt(entry.id, met, tuple(self._list_tests(entry.when)))

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
