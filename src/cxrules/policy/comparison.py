"""Compares two decisions: rules that fire in only one, evidence whose weight differs, steps of the policy that turn.

The decisions may be of one rule base on two organisations, or of two rule bases on one organisation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from cxrules.language.ids import sorted_ids
from cxrules.policy.decider import Decider
from cxrules.policy.evidence import Evidence
from cxrules.policy.ranking import RankedModel, fired_evidence, rank

__all__ = ["Comparison", "Shift", "Turn", "TurnedStep", "compare", "list_turns"]


class Turn(StrEnum):
    """The ways in which a step of the policy can turn for a model."""

    RULED_OUT = "ruled_out"
    READMITTED = "readmitted"
    REQUIREMENT_MET = "requirement_met"
    REQUIREMENT_LOST = "requirement_lost"
    SET_ASIDE = "set_aside"
    NO_LONGER_SET_ASIDE = "no_longer_set_aside"
    IN_THE_RUNNING = "in_the_running"
    OUT_OF_THE_RUNNING = "out_of_the_running"


class TurnedStep(NamedTuple):
    """A step of the policy that turned for one model.

    Attributes:
        turn: In which way.
        rules: The rules that rule the model out or set it aside, or did so before; none for any other turn.
        finding: The requirement, where one is met or lost; else empty.
    """

    turn: Turn
    rules: tuple[str, ...] = ()
    finding: str = ""


@dataclass(frozen=True, slots=True)
class Shift:
    """Evidence whose weight differs.

    Attributes:
        model: The model for or against which it speaks.
        before: The evidence before; None when it is new.
        after: The evidence after; None when it has gone.
    """

    model: str
    before: Evidence | None
    after: Evidence | None

    @property
    def rule(self) -> str:
        """The rule that brings it: after the change, or before it where it has gone."""
        item = self.after or self.before
        assert item is not None
        return item.rule

    @property
    def points(self) -> tuple[int, int]:
        """Its points before and after; 0 where there is none."""
        return self.before.points if self.before else 0, self.after.points if self.after else 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """The differences between two decisions.

    Attributes:
        fires: The rules that fire only in the second, in id order.
        silent: The rules that fire only in the first, in id order.
        shifts: The evidence whose weight differs, by model and claim.
        rows: For each model of either rule base its rows in both rankings; None where a rule base lacks it.
    """

    fires: tuple[str, ...]
    silent: tuple[str, ...]
    shifts: tuple[Shift, ...]
    rows: dict[str, tuple[RankedModel | None, RankedModel | None]]


def compare(decider: Decider, fired: int, other: Decider, other_fired: int) -> Comparison:
    """Compare what fired before with what fires after.

    Evidence is compared by claim, because a claim counts once for a model: where another rule takes over the claim,
    nothing moves. The rest is compared by rule, since a changed rule may rest on another claim.

    Args:
        decider: The policy before.
        fired: The rules that fired under it.
        other: The policy after; the same where one rule base is asked twice.
        other_fired: The rules that fire under it.
    """
    was, now = set(decider.names(fired)), set(other.names(other_fired))
    before: dict[str, RankedModel] = {row.model: row for row in rank(decider, fired)}
    after: dict[str, RankedModel] = {row.model: row for row in rank(other, other_fired)}
    models = dict.fromkeys([*decider.rulebase.models, *other.rulebase.models])
    shifts = list(_list_shifts(fired_evidence(decider, fired), fired_evidence(other, other_fired)))
    order = {model: place for place, model in enumerate(models)}
    return Comparison(
        sorted_ids(now - was),
        sorted_ids(was - now),
        tuple(sorted(shifts, key=lambda shift: order[shift.model])),
        {model: (before.get(model), after.get(model)) for model in models},
    )


def list_turns(was: RankedModel, now: RankedModel) -> Iterator[TurnedStep]:
    """Return the steps of the policy that turn for a model between two rankings, in the order of the policy."""
    if now.excluded and not was.excluded:
        yield TurnedStep(Turn.RULED_OUT, now.excluded_by)
    if was.excluded and not now.excluded:
        yield TurnedStep(Turn.READMITTED, was.excluded_by)
    yield from (TurnedStep(Turn.REQUIREMENT_MET, (), finding) for finding in was.missing if finding not in now.missing)
    yield from (TurnedStep(Turn.REQUIREMENT_LOST, (), finding) for finding in now.missing if finding not in was.missing)
    if now.set_aside_by and not was.set_aside_by:
        yield TurnedStep(Turn.SET_ASIDE, now.set_aside_by)
    if was.set_aside_by and not now.set_aside_by:
        yield TurnedStep(Turn.NO_LONGER_SET_ASIDE, was.set_aside_by)
    if now.candidate is not was.candidate:
        yield TurnedStep(Turn.IN_THE_RUNNING if now.candidate else Turn.OUT_OF_THE_RUNNING)


def _list_shifts(before: Iterable[Evidence], after: Iterable[Evidence]) -> Iterator[Shift]:
    was, now = ({_by_claim(item): item for item in items} for items in (before, after))
    by_rule = {_by_rule(item): item for key, item in now.items() if key not in was}
    paired = set()
    for key, item in was.items():
        then = now.get(key)
        if then is None and (then := by_rule.get(_by_rule(item))) is not None:
            paired.add(_by_claim(then))
        if then is None or then.points != item.points:
            yield Shift(item.model, item, then)
    yield from (Shift(item.model, None, item) for key, item in now.items() if key not in was and key not in paired)


def _by_claim(item: Evidence) -> tuple[str, bool, str]:
    return item.model, item.points > 0, item.carrier


def _by_rule(item: Evidence) -> tuple[str, bool, str]:
    return item.model, item.points > 0, item.rule
