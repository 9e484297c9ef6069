"""The derivation of a decision as a tree of data: facts given → rules → findings → rules → evidence → policy step.

`trace` tidies it for people: it keeps only the shortest of several ways to a finding, the first of several alternatives
that hold, and the rules that bear on a model. With `complete=True` it keeps everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias, TypeVar

from cxrules.builtin.naming import ModelName
from cxrules.document import Block, Outline, mark_title
from cxrules.explanation.text.words import count, join_clauses, lower_first, paragraphs, sentence
from cxrules.language.facts import FactValue
from cxrules.language.rules import Claim, Model, Rule, Source
from cxrules.language.schema_types import Certainty, SignedCertainty
from cxrules.policy.decision import Reason, Status
from cxrules.portable.base import Portable, travels

__all__ = [
    "Case",
    "Derivation",
    "DerivationNode",
    "Established",
    "GivenFact",
    "Step",
    "Weighed",
    "cite",
    "facts_clause",
    "reason",
]


@dataclass(frozen=True, slots=True)
class GivenFact:
    """A fact that the caller gave.

    Attributes:
        fact: Its name.
        value: Its value.
        states: A clause that states it, such as "marketing is already stretched".
    """

    fact: str
    value: FactValue
    states: str


class _Outlined(Portable):
    """An answer that is told as an outline."""

    def tell(self) -> tuple[Block, ...]:
        """Return it as an outline, with marks around the titles of articles."""
        return (Outline(tuple(_Outliner().lines(self, 0))),)

    def __str__(self) -> str:
        return self.explain()


@travels
@dataclass(frozen=True, repr=False, eq=False)
class Established(_Outlined):
    """A finding that fired rules establish.

    Attributes:
        finding: Its name.
        states: A clause that states it.
        steps: The rules that establish it; only one of them unless complete. In data it is empty below 40 nested
            findings, because JSON readers accept no deeper nesting, and where data with more than 2,000 findings
            repeats one.
    """

    NESTS: ClassVar[str] = "steps"

    finding: str
    states: str
    steps: tuple[Step, ...]


class _Rooted:
    """Remembers what a step rests on, so that none above it has to look further down. It does not travel with it."""

    __slots__ = ("_roots",)
    _roots: tuple[GivenFact, ...]


@travels
@dataclass(frozen=True, repr=False, eq=False)
class Step(_Rooted, _Outlined):
    """A rule that fired, with what made it fire.

    Attributes:
        rule: The rule: its id, rationale, conclusions, and what the engineer added.
        source: The article.
        claims: What the article says, each with its paragraphs.
        facts: The given facts that it tests and that hold.
        findings: The findings that it needs, each with the rules that establish it.
        standing: Whether it is a standing rule, which rests on no fact.
    """

    rule: Rule
    source: Source
    claims: tuple[Claim, ...]
    facts: tuple[GivenFact, ...]
    findings: tuple[Established, ...]
    standing: bool

    def roots(self) -> tuple[GivenFact, ...]:
        """Return the given facts on which it rests, directly or through findings, each once."""
        if not self.findings:
            return self.facts
        if not hasattr(self, "_roots"):
            for step in climb(self, _list_below, lambda step: hasattr(step, "_roots")):
                found = {given.fact: given for given in step.facts}
                for below in _list_below(step):
                    for given in below.roots():
                        found.setdefault(given.fact, given)
                object.__setattr__(step, "_roots", tuple(found.values()))
        return self._roots


def _list_below(step: Step) -> list[Step]:
    return [below for finding in step.findings for below in finding.steps]


@dataclass(frozen=True, slots=True)
class Weighed:
    """The evidence of a fired rule for or against a model.

    Attributes:
        step: The rule.
        points: 1 to 3, negative when against.
        carrier: The claim whose tone sets the points, and which counts once for the model.
    """

    step: Step
    points: int
    carrier: Claim


@travels
@dataclass(frozen=True, repr=False, eq=False)
class Case(_Outlined):
    """The case for and against one model, and where the policy ranks it.

    Attributes:
        model: The model.
        points: The sum of the evidence.
        certainty: The certainty factor of that sum.
        candidate: Whether it passed exclusions, requirements and minimum evidence.
        evidence: The evidence that counts, supporting evidence first, the strongest first.
        excluded_by: The rules that rule it out.
        met: Its requirements that are established.
        missing: Its requirements that are not: name and clause.
        set_aside_by: The rules that prefer another candidate.
    """

    model: Model
    points: int
    certainty: SignedCertainty
    candidate: bool
    evidence: tuple[Weighed, ...]
    excluded_by: tuple[Step, ...]
    met: tuple[Established, ...]
    missing: tuple[tuple[str, str], ...]
    set_aside_by: tuple[Step, ...]


@travels
@dataclass(frozen=True, repr=False, eq=False)
class Derivation(_Outlined):
    """The way in which a decision came about.

    Attributes:
        model: The recommended model, or None.
        status: How firmly it is recommended.
        reason: Why there is no model, or None.
        certainty: The certainty of the evidence for the model.
        facts: The facts given, in the order of the vocabulary.
        cases: Every model, best first.
        others: Fired rules that bear on no model, such as those that advise an action; only when complete.
    """

    model: ModelName | None
    status: Status
    reason: Reason | None
    certainty: Certainty
    facts: tuple[GivenFact, ...]
    cases: tuple[Case, ...]
    others: tuple[Step, ...] = ()

    def case(self, model: str) -> Case:
        """Return the case for and against one model.

        Raises:
            KeyError: If there is no such model.
        """
        for case in self.cases:
            if case.model.id == model:
                return case
        raise KeyError(model)

    def steps(self) -> tuple[Step, ...]:
        """Return every rule in it, each once, in the order of the tree."""
        tops: list[Step] = []
        for case in self.cases:
            tops += [item.step for item in case.evidence]
            tops += [*case.excluded_by, *case.set_aside_by]
            tops += [step for finding in case.met for step in finding.steps]
        return tuple(walk([*tops, *self.others]))


DerivationNode: TypeAlias = Step | Established | Case
"""The types of answer that `how` returns."""


def walk(tops: Iterable[Step]) -> Iterator[Step]:
    """Yield rules and everything they rest on, each once, in the order of the tree; chains may be long."""
    seen: set[str] = set()
    waiting = list(tops)[::-1]
    while waiting:
        step = waiting.pop()
        if step.rule.id not in seen:
            seen.add(step.rule.id)
            yield step
            waiting += _list_below(step)[::-1]


_Node = TypeVar("_Node")


def climb(top: _Node, below: Callable[[_Node], list[_Node]], done: Callable[[_Node], bool]) -> Iterator[_Node]:
    """Yield what a node rests on and then the node, each when all below it is done; chains may be long.

    The caller must make `done(node)` true before it asks for the next one.
    """
    waiting = [top]
    while waiting:
        node = waiting[-1]
        if not done(node) and (first := [each for each in below(node) if not done(each)]):
            waiting += first[::-1]
        else:
            waiting.pop()
            if not done(node):
                yield node


def cite(step: Step) -> str:
    """Name the article behind a rule and the paragraphs."""
    return f"{mark_title(step.source.title)}, {paragraphs(step.claims)}"


def facts_clause(facts: Sequence[GivenFact]) -> str:
    """Return the given facts as one clause; of a great many, which nobody would read, the first."""
    clauses = [given.states for given in facts[:_MOST_FACTS]]
    if more := len(facts) - len(clauses):
        clauses.append(f"{count(more, 'more fact is', 'more facts are')} as given")
    return join_clauses(clauses)


def reason(step: Step, consequence: str = "") -> str:
    """Return a rule as a reason: the facts, the consequence, the rationale and the source.

    The consequence is a relative clause such as "which rules out …".
    """
    rationale, here = step.rule.rationale.rstrip(". "), facts_clause(step.roots())
    if not here:
        holds = f"For any organisation, the article holds: {lower_first(rationale)}"
        return f"{holds}{f', {consequence}' if consequence else ''} ({cite(step)})."
    premise = f"{here}, {consequence}" if consequence else here
    return f"{sentence(premise)} {rationale} ({cite(step)})."


_MOST_FACTS = 40
"""The most facts that a reason states."""

_Lines: TypeAlias = Iterator[tuple[int, str]]

_MANY = 2_000
"""The most findings that an outline repeats in every place; if there are more, each is derived only once."""


class _Outliner:
    """Writes the lines of an outline."""

    def __init__(self) -> None:
        self._told: set[int] = set()
        self._count = 0

    def lines(self, node: _Outlined, depth: int) -> _Lines:
        if isinstance(node, Derivation):
            for case in node.cases:
                yield from self._case(case, depth)
            yield from self._steps("What else applies.", node.others, depth)
        elif isinstance(node, Case):
            yield from self._case(node, depth)
        elif isinstance(node, Step | Established):
            yield from self._branch(node, depth)

    def _branch(self, top: Step | Established, depth: int) -> _Lines:
        waiting: list[tuple[Step | Established, int]] = [(top, depth)]
        while waiting:  # not recursive, because a chain of findings may be long
            node, depth = waiting.pop()
            below: list[Step | Established] = []
            if isinstance(node, Established):
                self._count += 1
                if self._count > _MANY and id(node) in self._told:
                    yield depth, f"{sentence(node.states)} Its derivation is above."
                else:
                    self._told.add(id(node))
                    yield depth, sentence(node.states)
                    below += node.steps
            else:
                yield depth, f"{node.rule.rationale.rstrip('. ')} ({cite(node)})."
                for given in node.facts:
                    yield depth + 1, sentence(given.states)
                below += node.findings
            waiting += [(each, depth + 1) for each in reversed(below)]

    def _case(self, case: Case, depth: int) -> _Lines:
        yield depth, f"{case.model.name}: {case.model.says}."
        for item in case.evidence:
            side = "for" if item.points > 0 else "against"
            yield from self._steps(sentence(f"{count(abs(item.points), 'point')} {side} it"), (item.step,), depth + 1)
        yield from self._steps("Ruled out.", case.excluded_by, depth + 1)
        yield from self._steps("Ranked below another.", case.set_aside_by, depth + 1)
        for finding in case.met:
            yield depth + 1, "A requirement that is met."
            yield from self._branch(finding, depth + 2)
        for _, states in case.missing:
            yield depth + 1, f"A requirement that is not met: {states}."

    def _steps(self, label: str, steps: tuple[Step, ...], depth: int) -> _Lines:
        if steps:
            yield depth, label
            for step in steps:
                yield from self._branch(step, depth + 1)
