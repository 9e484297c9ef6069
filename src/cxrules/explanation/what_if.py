"""What if some facts were otherwise? The new decision, and what changed between the two."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from cxrules.decision import Decision, Judge
from cxrules.evidence import Evidence
from cxrules.explanation.derivation import GivenFact, Step, Tracer
from cxrules.facts import FactValue
from cxrules.ranking import RankedModel, fired_evidence, rank

__all__ = ["FactChange", "Moved", "Turn", "Turned", "WhatIf", "what_if"]

_Answer = TypeVar("_Answer")


class Turn(StrEnum):
    """How a step of the policy turned for a model."""

    RULED_OUT = "ruled_out"
    READMITTED = "readmitted"
    REQUIREMENT_MET = "requirement_met"
    REQUIREMENT_LOST = "requirement_lost"
    SET_ASIDE = "set_aside"
    NO_LONGER_SET_ASIDE = "no_longer_set_aside"
    IN_THE_RUNNING = "in_the_running"
    OUT_OF_THE_RUNNING = "out_of_the_running"


@dataclass(frozen=True, slots=True)
class FactChange:
    """A fact that differs.

    Attributes:
        fact: Its name.
        before: As it is known; None when unknown.
        after: As supposed; None when supposed to be unknown.
    """

    fact: str
    before: GivenFact | None
    after: GivenFact | None


@dataclass(frozen=True, slots=True)
class Moved:
    """Evidence that came or went.

    Attributes:
        model: The model for or against which it speaks.
        step: The rule, with what makes it fire in the organisation in which it does; after the change where in both.
        before: Its points before; 0 when it is new.
        after: Its points after; 0 when it has gone.
    """

    model: str
    step: Step
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Turned:
    """A step of the policy that turned.

    Attributes:
        model: The model for which it turned.
        turn: How.
        steps: The rules that turn it; none where requirements or sums do.
        finding: The requirement, where one is met or lost; else empty.
    """

    model: str
    turn: Turn
    steps: tuple[Step, ...] = ()
    finding: str = ""


@dataclass(frozen=True, slots=True)
class WhatIf(Generic[_Answer]):
    """What would be recommended if some facts were otherwise, and what changed.

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

    recommendation: _Answer
    changes: tuple[FactChange, ...]
    before: Decision
    after: Decision
    fired: tuple[Step, ...]
    silenced: tuple[Step, ...]
    evidence: tuple[Moved, ...]
    turned: tuple[Turned, ...]
    _judge: Judge = field(repr=False, compare=False)

    def explain(self) -> str:
        """Say it in words."""
        from cxrules.explanation.supposition import explain_what_if  # noqa: PLC0415 - words come last

        return explain_what_if(self._judge, self)


def what_if(
    judge: Judge, decision: Decision, changes: Mapping[str, object], present: Callable[[Judge, Decision], _Answer]
) -> WhatIf[_Answer]:
    """Decide on changed facts and compare.

    Args:
        judge: Who decided.
        decision: His decision.
        changes: Facts with the values supposed; None supposes that a fact is unknown.
        present: Makes the answer of a decision.

    Raises:
        InvalidOrganisation: With every mistake in the changes.
    """
    supposed = judge.rulebase.vocabulary.validate(changes)
    known: dict[str, FactValue] = {name: value for name, value in decision.known.items() if name not in changes}
    known.update(supposed)
    after = judge.decide(known)
    comparison = _Comparison(judge, decision, after)
    return WhatIf(
        present(judge, after),
        comparison.changes(),
        decision,
        after,
        comparison.fired,
        comparison.silenced,
        tuple(comparison.evidence()),
        tuple(comparison.turned()),
        judge,
    )


def _identify(item: Evidence) -> tuple[str, bool, str]:
    return item.model, item.points > 0, item.carrier


class _Comparison:
    def __init__(self, judge: Judge, before: Decision, after: Decision) -> None:
        self._judge = judge
        self._before, self._after = before, after
        self._was, self._is = Tracer(judge, before, complete=False), Tracer(judge, after, complete=False)
        names = judge.decider.names
        self.fired = tuple([self._is.step(rule) for rule in names(after.fired & ~before.fired)])
        self.silenced = tuple([self._was.step(rule) for rule in names(before.fired & ~after.fired)])

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

    def evidence(self) -> list[Moved]:
        decider = self._judge.decider
        # By claim, because a claim counts once: another rule that takes over its evidence moves nothing.
        was = {_identify(item): item for item in fired_evidence(decider, self._before.fired)}
        now = {_identify(item): item for item in fired_evidence(decider, self._after.fired)}
        order = {model: place for place, model in enumerate(self._judge.rulebase.models)}
        found = []
        for key in sorted({**was, **now}, key=lambda key: order[key[0]]):
            before, after = was.get(key), now.get(key)
            points = (before.points if before else 0, after.points if after else 0)
            if points[0] != points[1]:
                step = self._is.step(after.rule) if after else self._was.step(before.rule) if before else None
                assert step is not None
                found.append(Moved(key[0], step, *points))
        return found

    def turned(self) -> list[Turned]:
        decider = self._judge.decider
        was = {row.model: row for row in rank(decider, self._before.fired)}
        now = {row.model: row for row in rank(decider, self._after.fired)}
        return [turned for model in self._judge.rulebase.models for turned in self._compare(was[model], now[model])]

    def _compare(self, was: RankedModel, now: RankedModel) -> list[Turned]:
        model, found = was.model, []
        if now.excluded and not was.excluded:
            found.append(Turned(model, Turn.RULED_OUT, self._steps(self._is, now.excluded_by)))
        if was.excluded and not now.excluded:
            found.append(Turned(model, Turn.READMITTED, self._steps(self._was, was.excluded_by)))
        found += [
            Turned(model, Turn.REQUIREMENT_MET, self._is.established(finding).steps, finding)
            for finding in was.missing
            if finding not in now.missing
        ]
        found += [
            Turned(model, Turn.REQUIREMENT_LOST, self._was.established(finding).steps, finding)
            for finding in now.missing
            if finding not in was.missing
        ]
        if now.set_aside_by and not was.set_aside_by:
            found.append(Turned(model, Turn.SET_ASIDE, self._steps(self._is, now.set_aside_by)))
        if was.set_aside_by and not now.set_aside_by:
            found.append(Turned(model, Turn.NO_LONGER_SET_ASIDE, self._steps(self._was, was.set_aside_by)))
        if now.candidate is not was.candidate:
            found.append(Turned(model, Turn.IN_THE_RUNNING if now.candidate else Turn.OUT_OF_THE_RUNNING))
        return found

    @staticmethod
    def _steps(tracer: Tracer, rules: tuple[str, ...]) -> tuple[Step, ...]:
        return tuple([tracer.step(rule) for rule in rules])
