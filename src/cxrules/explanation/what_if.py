"""What if some facts were different? The new decision, and everything that changed between the two."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, Self, TypeVar

from cxrules.builtin.naming import ModelName, as_model
from cxrules.document import Block, Items, Paragraph
from cxrules.explanation.contradictions import tell_contradictions
from cxrules.explanation.derivation import GivenFact, Step, reason
from cxrules.explanation.text.words import clause, join_clauses, join_names, name, strength
from cxrules.explanation.trace import Tracer
from cxrules.language.facts import FactValue
from cxrules.policy.comparison import Shift, Turn, TurnedStep, compare, list_turns
from cxrules.policy.decision import Decision, Status
from cxrules.policy.judge import Judge
from cxrules.portable.base import Portable, travels
from cxrules.portable.basis import Basis
from cxrules.portable.fields import published, published_as

__all__ = ["FactChange", "Moved", "Turn", "Turned", "WhatIf", "what_if"]

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class FactChange:
    """A fact that differs.

    Attributes:
        fact: Its name.
        before: Its known value; None if unknown.
        after: Its assumed value; None if it is assumed to be unknown.
    """

    fact: str
    before: GivenFact | None
    after: GivenFact | None


@dataclass(frozen=True, slots=True)
class Moved:
    """Evidence that came or went.

    Attributes:
        model: The model for or against which it speaks.
        step: The rule, with what makes it fire: after the change, or before if it fires only there.
        before: Its points before; 0 when it is new.
        after: Its points after; 0 when it has gone.
    """

    model: ModelName
    step: Step
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Turned:
    """A step of the policy that turned.

    Attributes:
        model: The model for which it turned.
        turn: In which way.
        steps: The rules that turn it; none if requirements or sums do.
        finding: The requirement, if one is met or lost; otherwise empty.
    """

    model: ModelName
    turn: Turn
    steps: tuple[Step, ...] = ()
    finding: str = ""


@travels
@dataclass(frozen=True, repr=False, eq=False)
class WhatIf(Portable, Generic[_Answer]):
    """The recommendation if some facts were different, and what changed.

    Attributes:
        recommendation: The new recommendation.
        changes: The facts that differ, in the order of the vocabulary.
        before: The decision as it is.
        after: The decision as it would be.
        fired: The rules that fire only after the change, in id order.
        silenced: The rules that fire only before it, in id order.
        evidence: The evidence that came or went, by model and rule.
        turned: The steps of the policy that turned, by model.
    """

    @classmethod
    def __class_getitem__(cls, _answer: object) -> type[Self]:
        """Return the class itself: its type parameter matters only to type checkers, and pydantic need not see it."""
        return cls

    recommendation: _Answer
    changes: tuple[FactChange, ...]
    _before: Decision = field(metadata=published_as("before"))
    _after: Decision = field(metadata=published_as("after"))
    fired: tuple[Step, ...]
    silenced: tuple[Step, ...]
    evidence: tuple[Moved, ...]
    turned: tuple[Turned, ...]

    @published
    def before(self) -> Decision:
        """The decision as it is."""
        return self._before

    @published
    def after(self) -> Decision:
        """The decision as it would be."""
        return self._after

    def tell(self) -> tuple[Block, ...]:
        """Return the new recommendation, and what changed, in words."""
        return _tell(self._basis.judge, self)


def what_if(
    judge: Judge, decision: Decision, changes: Mapping[str, object], present: Callable[[Judge, Decision], _Answer]
) -> WhatIf[_Answer]:
    """Decide on changed facts and compare.

    The value None means that the fact is assumed to be unknown; `present` makes an answer from a decision.

    Raises:
        InvalidOrganisation: With every mistake in the changes.
    """
    supposed = judge.rulebase.vocabulary.validate(changes)
    known: dict[str, FactValue] = {name: value for name, value in decision.known.items() if name not in changes}
    known.update(supposed)
    after = judge.decide(known)
    comparison = _TracedComparison(judge, decision, after)
    return WhatIf(
        present(judge, after),
        comparison.changes(),
        decision,
        after,
        comparison.fired,
        comparison.silenced,
        comparison.evidence(),
        comparison.turned(),
        _basis=Basis(judge),
    )


class _TracedComparison:
    """The comparison of two decisions, in which each rule comes with what makes it fire."""

    def __init__(self, judge: Judge, before: Decision, after: Decision) -> None:
        self._judge = judge
        self._before, self._after = before, after
        self._was, self._is = Tracer(judge, before, complete=False), Tracer(judge, after, complete=False)
        self._compared = compare(judge.decider, before.fired, judge.decider, after.fired)
        self.fired = self._steps(self._is, self._compared.fires)
        self.silenced = self._steps(self._was, self._compared.silent)

    def changes(self) -> tuple[FactChange, ...]:
        was, now = self._before.known, self._after.known
        return tuple(
            FactChange(
                name,
                self._was.give(name) if name in was else None,
                self._is.give(name) if name in now else None,
            )
            for name in self._judge.rulebase.vocabulary.facts
            if was.get(name) != now.get(name)
        )

    def evidence(self) -> tuple[Moved, ...]:
        return tuple(
            [Moved(as_model(shift.model), self._step(shift), *shift.points) for shift in self._compared.shifts]
        )

    def turned(self) -> tuple[Turned, ...]:
        return tuple(
            [
                Turned(as_model(model), step.turn, self._behind(step), step.finding)
                for model, (was, now) in self._compared.rows.items()
                if was and now
                for step in list_turns(was, now)
            ]
        )

    def _step(self, shift: Shift) -> Step:
        return (self._is if shift.after else self._was).step(shift.rule)

    def _behind(self, step: TurnedStep) -> tuple[Step, ...]:
        tracer = self._was if step.turn in _FALLEN_AWAY else self._is
        return tracer.established(step.finding).steps if step.finding else self._steps(tracer, step.rules)

    @staticmethod
    def _steps(tracer: Tracer, rules: tuple[str, ...]) -> tuple[Step, ...]:
        return tuple([tracer.step(rule) for rule in rules])


_FALLEN_AWAY = frozenset({Turn.READMITTED, Turn.REQUIREMENT_LOST, Turn.NO_LONGER_SET_ASIDE})
"""What rests on rules that fired before the change."""


def _tell(judge: Judge, supposed: WhatIf[_Answer]) -> tuple[Block, ...]:
    contradictions = tell_contradictions(judge, supposed.after, supposed=bool(supposed.changes))
    if not supposed.changes:
        return (*contradictions, Paragraph("No fact is assumed to change, so nothing changes."))
    clauses = join_clauses([_suppose(judge, change) for change in supposed.changes])
    outcome = _tell_outcome(judge, supposed.before, supposed.after)
    blocks: list[Block] = [*contradictions, Paragraph(f"Suppose that {clauses}. {outcome}")]
    turned = tuple(_tell_turns(judge, _choose_told(judge, supposed)))
    if turned:
        blocks.append(Items("What changes", turned))
    moved = tuple(_tell_moved(judge, supposed.evidence))
    if moved:
        blocks.append(Items("How the evidence changes", moved))
    return tuple(blocks)


def _suppose(judge: Judge, change: FactChange) -> str:
    topic = judge.rulebase.vocabulary[change.fact].topic
    if change.after is None:
        return f"nothing is known of {topic}"
    if change.before is None:
        return change.after.states
    return f"{change.after.states} (and not, as now, that {change.before.states})"


def _tell_outcome(judge: Judge, before: Decision, after: Decision) -> str:
    rulebase = judge.rulebase
    if after.model is None:
        if before.model is None:
            return "No owner could be recommended then either."
        return f"No owner could be recommended then, instead of {name(rulebase, before.model)}."
    narrowly = ", by a narrow margin" if after.status is Status.CONTESTED else ""
    basis = f"on {strength(after.points)} evidence{narrowly}"
    if before.model is None:
        return f"The recommendation would be {name(rulebase, after.model)}, {basis}."
    if before.model != after.model:
        change = f"{name(rulebase, after.model)} instead of {name(rulebase, before.model)}"
        return f"The recommendation would be {change}, {basis}."
    return f"The recommendation would still be {name(rulebase, after.model)}, {_compare(before, after)}."


def _compare(before: Decision, after: Decision) -> str:
    if after.status is not before.status:
        return "now by a narrow margin" if after.status is Status.CONTESTED else "now by a clear margin"
    if after.points == before.points:
        return "on evidence as strong as before"
    return f"on {'stronger' if after.points > before.points else 'weaker'} evidence"


_TURNS = {
    Turn.RULED_OUT: ("is ruled out", "are ruled out"),
    Turn.READMITTED: ("is no longer ruled out", "are no longer ruled out"),
    Turn.REQUIREMENT_MET: ("requires that {finding}, which now holds", "require that {finding}, which now holds"),
    Turn.REQUIREMENT_LOST: (
        "requires that {finding}, which is no longer established",
        "require that {finding}, which is no longer established",
    ),
    Turn.SET_ASIDE: ("is ranked below another", "are ranked below another"),
    Turn.NO_LONGER_SET_ASIDE: ("is no longer ranked below another", "are no longer ranked below another"),
    Turn.IN_THE_RUNNING: ("now has enough evidence", "now have enough evidence"),
    Turn.OUT_OF_THE_RUNNING: ("no longer has enough evidence", "no longer have enough evidence"),
}
"""The sentences about one model and about several."""

_EXPLAINED_BY = {
    Turn.IN_THE_RUNNING: frozenset({Turn.READMITTED, Turn.REQUIREMENT_MET}),
    Turn.OUT_OF_THE_RUNNING: frozenset({Turn.RULED_OUT, Turn.REQUIREMENT_LOST}),
}
"""The turns that bring a model into the running or out of it; if none of them does, its evidence does."""

_NEWLY_TRUE = frozenset({Turn.RULED_OUT, Turn.REQUIREMENT_MET, Turn.SET_ASIDE})
"""Turns with their reason; for a rule that fell silent it would state facts that are assumed not to hold."""


def _choose_told(judge: Judge, supposed: WhatIf[_Answer]) -> Iterator[Turned]:
    """Return the turns to describe: not those that follow from others.

    A model that drops out is no longer ranked below another, even though the rule that ranked it so still fires.
    """
    turns: dict[str, set[Turn]] = {}
    for turned in supposed.turned:
        turns.setdefault(turned.model, set()).add(turned.turn)
    for turned in supposed.turned:
        own = turns[turned.model]
        still = any(judge.decider.has(supposed.after.fired, step.rule.id) for step in turned.steps)
        dropped = turned.turn is Turn.NO_LONGER_SET_ASIDE and Turn.OUT_OF_THE_RUNNING in own and still
        if not dropped and not own & _EXPLAINED_BY.get(turned.turn, frozenset()):
            yield turned


def _tell_turns(judge: Judge, turns: Iterable[Turned]) -> Iterator[str]:
    """Describe each turn once, with all the models for which the same rule turns it, or the evidence does."""
    groups: dict[tuple[Turn, str, str], list[Turned]] = {}
    for turned in turns:
        rule = turned.steps[0].rule.id if turned.steps else ""
        groups.setdefault((turned.turn, turned.finding, rule), []).append(turned)
    for (turn, finding, _), group in groups.items():
        models = join_names(judge.rulebase, (turned.model for turned in group))
        template = _TURNS[turn][len(group) > 1]
        told = f"{models} {template.format(finding=judge.rulebase.findings.get(finding, ''))}."
        yield f"{told} {reason(group[0].steps[0])}" if turn in _NEWLY_TRUE else told


def _tell_moved(judge: Judge, evidence: tuple[Moved, ...]) -> Iterator[str]:
    """Describe each rule once, with all the models for or against which it speaks."""
    effects: dict[tuple[str, str], list[Moved]] = {}
    for item in evidence:
        effects.setdefault((item.step.rule.id, _tell_effect(item)), []).append(item)
    for (_, effect), items in effects.items():
        models = join_names(judge.rulebase, (item.model for item in items))
        step = items[0].step
        if items[0].after:
            yield f"This {effect} {models}. {reason(step)}"
        else:
            yield f"This {effect} {models}: {clause(step.rule.rationale)}."


def _tell_effect(item: Moved) -> str:
    side = "for" if item.before + item.after > 0 else "against"
    if not item.before:
        return f"now speaks {side}"
    if not item.after:
        return f"no longer speaks {side}"
    return f"speaks {'more' if abs(item.after) > abs(item.before) else 'less'} strongly {side}"
