"""The parts of a rule base, as immutable data: sources, claims, models, tests, conclusions and rules."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from enum import IntEnum, StrEnum
from typing import TypeAlias

from cxrules.document import Block, Items, Paragraph, Told, mark_name
from cxrules.errors import show_text
from cxrules.language.facts import Fact, Facts, FactValue, Kind, join_words
from cxrules.language.notation import write_value
from cxrules.late import dataclass, field

__all__ = [
    "CHOOSING",
    "EVIDENTIAL",
    "SET_TRUTH",
    "AnyOf",
    "Claim",
    "ClaimKind",
    "Conclusion",
    "Condition",
    "Effect",
    "Engineer",
    "FactTest",
    "FindingTest",
    "Impossible",
    "Model",
    "Named",
    "Operator",
    "Policy",
    "Rule",
    "Source",
    "Tone",
]


class Tone(IntEnum):
    """The firmness with which an author speaks, in points of evidence."""

    HEDGED = 1
    PLAIN = 2
    EMPHATIC = 3


class ClaimKind(StrEnum):
    """The role of a claim in its article."""

    RULE_FOR = "rule_for"
    RULE_AGAINST = "rule_against"
    PRECONDITION = "precondition"
    TRANSITION = "transition"
    RISK = "risk"
    ROLE = "role"
    ACTION = "action"
    STATISTIC = "statistic"
    DEFINITION = "definition"
    FACT = "fact"
    MODEL = "model"


EVIDENTIAL = frozenset(
    {ClaimKind.RULE_FOR, ClaimKind.RULE_AGAINST, ClaimKind.PRECONDITION, ClaimKind.TRANSITION, ClaimKind.RISK}
)
"""The kinds of claim that give a reason to choose or refuse a model."""


@dataclass(frozen=True, slots=True)
class Source:
    """An article: its id, title and author; if its text is kept, also its file and the line of each paragraph."""

    id: str
    title: str
    author: str
    file: str
    paragraphs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing an article says.

    Attributes:
        id: The source's id, a dash, a number.
        source: The article's id.
        paragraphs: The paragraphs that say it, from 1.
        says: What they say, in our own words.
        tone: How firmly.
        kind: What the claim does in the article.
        fingerprint: SHA-256 of the text of its paragraphs, white space folded; empty if not computed.
        set_aside: Why no rule rests on it; empty when one does.
    """

    id: str
    source: str
    paragraphs: tuple[int, ...]
    says: str
    tone: Tone
    kind: ClaimKind
    fingerprint: str
    set_aside: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """Something with a name for people: an accompaniment or a pattern."""

    id: str
    name: str
    says: str
    claims: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Model:
    """An ownership model.

    Attributes:
        id: The name callers read.
        name: A short name for people.
        says: A clause that says what it is.
        claims: The claims that define it.
        kind: `owner`, `interim`, `fallback` or `deferral`.
        requires: Findings without which it cannot be recommended.
        against: Claims that speak explicitly against this kind of owner: dissent if it is recommended.
    """

    id: str
    name: str
    says: str
    claims: tuple[str, ...] = ()
    kind: str = "owner"
    requires: tuple[str, ...] = ()
    against: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """The numbers of the decision policy.

    Attributes:
        minimum_evidence: Supporting points from non-standing rules that a candidate needs.
        lead: Points by which the first candidate must lead the second; with fewer, the outcome is contested.
    """

    minimum_evidence: int
    lead: int


class Operator(StrEnum):
    """The ways in which a test compares a fact with its operand."""

    IS = "is"
    IN = "in"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    BELOW = "below"
    INCLUDES_ANY = "includes_any"
    INCLUDES_ALL = "includes_all"
    LACKS_ALL = "lacks_all"


Operand: TypeAlias = str | bool | int | float | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FactTest:
    """A test of one fact. It does not hold of an unknown fact."""

    fact: str
    operator: Operator
    operand: Operand

    def holds(self, value: FactValue, fact: Fact) -> bool:
        """Return whether a known value passes.

        Args:
            value: A valid value of the fact.
            fact: The fact, which gives the order of its values.
        """
        operator, operand = self.operator, self.operand
        if operator is Operator.IS:
            return value == operand
        if operator in SET_TRUTH:
            assert isinstance(value, tuple)
            assert isinstance(operand, tuple)
            return SET_TRUTH[operator](set(value), set(operand))
        if operator is Operator.IN:
            assert isinstance(operand, tuple)
            return value in operand
        here, there = (
            (value, operand) if fact.kind is Kind.PERCENT else (fact.rank(str(value)), fact.rank(str(operand)))
        )
        assert not isinstance(here, str | tuple)
        assert not isinstance(there, str | tuple)
        if operator is Operator.AT_LEAST:
            return here >= there
        return here <= there if operator is Operator.AT_MOST else here < there

    def write(self) -> str:
        """Write it as under `when`.

        Examples:
            >>> FactTest("budget", Operator.BELOW, 20).write()
            'budget: {below: 20}'
        """
        operand = write_value(self.operand)
        return f"{self.fact}: {operand if self.operator in _UNWRITTEN else f'{{{self.operator}: {operand}}}'}"


_UNWRITTEN = frozenset({Operator.IS, Operator.IN})
_LONGEST = 250  # the most characters for either side of a rule in its repr

SET_TRUTH: dict[Operator, Callable[[set[str], set[str]], bool]] = {
    Operator.INCLUDES_ANY: lambda value, operand: bool(value & operand),
    Operator.INCLUDES_ALL: lambda value, operand: operand <= value,
    Operator.LACKS_ALL: lambda value, operand: not value & operand,
}


@dataclass(frozen=True, slots=True)
class FindingTest:
    """A test that a finding is established."""

    finding: str

    def write(self) -> str:
        """Write it as under `when`."""
        return f"{self.finding}: true"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Alternatives, each a conjunction of tests, of which at least one must hold: an unnamed finding."""

    alternatives: tuple[tuple[FactTest | FindingTest, ...], ...]

    def write(self) -> str:
        """Write it as under `when`."""
        branches = (f"{{{', '.join(test.write() for test in branch)}}}" for branch in self.alternatives)
        return f"any_of: [{', '.join(branches)}]"


Condition: TypeAlias = FactTest | FindingTest | AnyOf


class Effect(StrEnum):
    """The kinds of conclusion."""

    FINDING = "finding"
    SUPPORTS = "supports"
    OPPOSES = "opposes"
    EXCLUDES = "excludes"
    PREFERS = "prefers"
    ACCOMPANIES = "accompanies"
    RECOGNISES = "recognises"
    ACTION = "action"
    WARNING = "warning"


CHOOSING = frozenset({Effect.SUPPORTS, Effect.OPPOSES, Effect.EXCLUDES, Effect.PREFERS})
"""The effects that bear directly on the choice of the model."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """One conclusion: an effect, its target, and for a preference the models that rank lower."""

    effect: Effect
    target: str
    over: tuple[str, ...] = ()

    def write(self) -> str:
        """Write it on one line.

        Examples:
            >>> Conclusion(Effect.PREFERS, "cxo_owned", ("cmo_owned", "shared")).write()
            'prefers cxo_owned over cmo_owned and shared'
        """
        return f"{self.effect} {self.target}{f' over {join_words(self.over)}' if self.over else ''}"


@dataclass(frozen=True, slots=True)
class Engineer:
    """The engineer's additions, which no author states, each with a reason; empty if there are none.

    Attributes:
        threshold: Why a boundary is drawn where no author draws it.
        evidence: Why a role, statistic or definition is counted as evidence.
        points: The weight that replaces the author's tone, or None.
        points_reason: Why.
        reading: Why the rule says more than the author; it then counts in the sum, but not in the author's voice.
    """

    threshold: str = ""
    evidence: str = ""
    points: int | None = None
    points_reason: str = ""
    reading: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Rule(Told):
    """One idea of one article, as a rule.

    Attributes:
        id: Its name.
        because: The claims behind it, in id order, all of one article.
        rationale: One sentence that says why the conclusions follow.
        when: A conjunction; empty for a standing rule.
        then: The conclusions.
        engineer: What no author says.
    """

    id: str
    because: tuple[str, ...]
    rationale: str
    when: tuple[Condition, ...]
    then: tuple[Conclusion, ...]
    engineer: Engineer = field(default_factory=Engineer)

    def __repr__(self) -> str:
        """Return its id, conditions and conclusions, each cut if it is long."""
        when = " and ".join(condition.write() for condition in self.when) or "always"
        then = ", ".join(conclusion.write() for conclusion in self.then)
        return f"Rule({self.id!r}, {show_text(when, _LONGEST)} -> {show_text(then, _LONGEST)})"

    def tell(self) -> tuple[Block, ...]:
        """Return its rationale, conditions, conclusions and claims, with the names that the rule base uses."""
        when = tuple(condition.write() for condition in self.when)
        return (
            Paragraph(f"{mark_name(self.id)}: {self.rationale}"),
            Items("When", when) if when else Paragraph("It holds for any organisation."),
            Items("Then", tuple(conclusion.write() for conclusion in self.then)),
            Paragraph(f"The claims behind it: {join_words(self.because)}."),
        )

    def tests(self) -> Iterator[FactTest | FindingTest]:
        """Return every test, including those of alternatives."""
        yield from leaf_tests(self.when)

    def facts(self) -> set[str]:
        """Return the facts it tests."""
        return {test.fact for test in self.tests() if isinstance(test, FactTest)}

    def needs(self) -> set[str]:
        """Return the findings it tests."""
        return {test.finding for test in self.tests() if isinstance(test, FindingTest)}

    def targets(self, effect: Effect) -> tuple[str, ...]:
        """Return the targets that it concludes by one effect."""
        return tuple(conclusion.target for conclusion in self.then if conclusion.effect is effect)


@dataclass(frozen=True, slots=True)
class Impossible:
    """A conjunction of facts that is true of no organisation, and why."""

    id: str
    when: tuple[FactTest, ...]
    reason: str


def leaf_tests(conditions: tuple[Condition, ...]) -> Iterator[FactTest | FindingTest]:
    """Return the tests of a conjunction, those of alternatives included."""
    for condition in conditions:
        if isinstance(condition, AnyOf):
            for alternative in condition.alternatives:
                yield from alternative
        else:
            yield condition


def holds(
    conditions: tuple[Condition, ...], known: Facts, findings: Collection[str], facts: Mapping[str, Fact]
) -> bool:
    """Return whether a conjunction holds of known facts and established findings.

    This is the definition of truth. Engines may compute it differently, and are tested against it.

    Args:
        conditions: The conjunction.
        known: Validated facts.
        findings: The findings established so far.
        facts: The facts of the vocabulary by name.
    """
    for condition in conditions:
        if isinstance(condition, AnyOf):
            if not any(holds(alternative, known, findings, facts) for alternative in condition.alternatives):
                return False
        elif isinstance(condition, FindingTest):
            if condition.finding not in findings:
                return False
        else:
            value = known.get(condition.fact)
            if value is None or not condition.holds(value, facts[condition.fact]):
                return False
    return True
