"""Impact: which past decisions a change of the rule base would alter, from what to what, and because of which rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from cxrules.decision_log.reader import Logged, LogReader, Problem, Trouble, check_replayable, invalid_facts
from cxrules.decision_log.replaying import substitute_engine
from cxrules.engines import create_engine
from cxrules.errors import InvalidOrganisation
from cxrules.language.ids import sorted_ids
from cxrules.policy.comparison import Comparison, compare
from cxrules.policy.decision import Decision
from cxrules.policy.judge import Judge
from cxrules.rulebase import RuleBase

__all__ = ["Impact", "ImpactSummary", "Moved", "Outcome", "Turned", "assess_impact"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was, or would be, answered.

    Attributes:
        model: The model, or None.
        status: `recommended`, `contested` or `undetermined`.
        reason: Why it is undetermined, or None.
        certainty: 0.0 to 1.0.
    """

    model: str | None
    status: str
    reason: str | None
    certainty: float

    @property
    def name(self) -> str:
        """Model and status in a few words."""
        return f"{self.model or 'no model'} ({self.status})"


@dataclass(frozen=True, slots=True)
class Moved:
    """Evidence that weighs otherwise. A claim counts once for a model: one that another rule carries on has not moved.

    Attributes:
        rule: The rule that brings it; where it has gone, the one that brought it.
        model: The model it speaks for or against.
        before: Its points under the recorded rule base; 0 when it did not count.
        after: Its points under the changed one.
    """

    rule: str
    model: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Turned:
    """A step of the policy with another result for a model.

    Attributes:
        model: The model.
        step: The step: `excluded_by` and `set_aside_by` name rules, `missing` names findings that are required.
        before: What stood in the way under the recorded rule base.
        after: What stands in the way under the changed one.
    """

    model: str
    step: Literal["excluded_by", "missing", "set_aside_by"]
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Impact:
    """What a changed rule base makes of a decision.

    Attributes:
        line: The number of its line, from 1.
        id: Its name.
        time: When it was recorded.
        before: What its own rule base answers.
        after: What the changed rule base would answer.
        fires: The rules that fire only under the changed rule base.
        silent: The rules that fire only under the recorded one.
        altered: The rules that fire under both with different content.
        evidence: The evidence whose weight changed.
        steps: The steps of the policy with another result.
        policy: The numbers of the policy that differ, as `minimum_evidence` or `lead`.
    """

    line: int
    id: str
    time: str
    before: Outcome
    after: Outcome
    fires: tuple[str, ...]
    silent: tuple[str, ...]
    altered: tuple[str, ...]
    evidence: tuple[Moved, ...]
    steps: tuple[Turned, ...]
    policy: tuple[str, ...]

    @property
    def changes(self) -> bool:
        """Whether model or status would differ."""
        return (self.before.model, self.before.status) != (self.after.model, self.after.status)

    @property
    def touches(self) -> bool:
        """Whether the answer, or anything that led to it, would differ."""
        return bool(
            self.before != self.after or self.fires or self.silent or self.altered or self.evidence or self.steps
        )

    @property
    def causes(self) -> tuple[str, ...]:
        """The rules because of which it changes, in id order."""
        moved = {item.rule for item in self.evidence}
        turned = {rule for step in self.steps if step.step != "missing" for rule in set(step.before) ^ set(step.after)}
        return sorted_ids({*self.fires, *self.silent, *self.altered, *moved, *turned})


Changed: TypeAlias = RuleBase | Callable[[RuleBase], RuleBase]
"""A changed rule base, or a function that makes one from the rule base of a record."""


def assess_impact(log: LogReader, changed: Changed) -> Iterator[Impact | Problem]:
    """Decide every record again, on its own rule base and on a changed one.

    Nothing is kept: a log of any size takes the same memory.

    Args:
        changed: The changed rule base; or a function that changes the rule base of a record, called once for each
            revision.

    Yields:
        For each decision the impact, of which `changes` says whether the answer would be another; for each line that
        cannot be decided again, and why, a problem. Where its own rule base does not give what is recorded, a problem
        says so before the impact.
    """
    judges: dict[str, Judge] = {}
    altered: dict[str, frozenset[str]] = {}
    for entry in log:
        if isinstance(entry, Problem):
            yield entry
            continue
        hidden = check_replayable(entry)
        if hidden is not None:
            yield hidden
            continue
        own = log.judge(entry.record)
        revision = own.rulebase.revision
        if revision not in altered:
            if len(judges) > _KEPT:
                judges.clear()
                altered.clear()
            other = changed if isinstance(changed, RuleBase) else changed(own.rulebase)
            # One judge for all records when the changed rule base is one.
            known = next((judge for judge in judges.values() if judge.rulebase == other), None)
            judges[revision] = known or Judge(create_engine("bitmap", other))
            altered[revision] = _list_altered(own.rulebase, other)
        if own.engine.name != entry.record["engine"]:
            yield substitute_engine(entry, own.engine.name)
        try:
            impact = _compare(entry, own, judges[revision], altered[revision])
        except InvalidOrganisation as error:
            yield invalid_facts(entry, error)
            continue
        if (entry.record["model"], entry.record["status"]) != (impact.before.model, impact.before.status):
            yield _recorded_otherwise(entry, impact.before)
        yield impact


_KEPT = 8


def _recorded_otherwise(logged: Logged, before: Outcome) -> Problem:
    record = logged.record
    recorded = f"{record['model'] or 'no model'} ({record['status']})"
    message = f"{recorded} is recorded, but the rule base of the record gives {before.name}; `replay` tells more"
    return Problem(logged.line, Trouble.RECORDED_OTHERWISE, message)


def _list_altered(own: RuleBase, changed: RuleBase) -> frozenset[str]:
    return frozenset(name for name, rule in own.rules.items() if name in changed.rules and changed.rules[name] != rule)


def _compare(logged: Logged, own: Judge, changed: Judge, altered: frozenset[str]) -> Impact:
    record = logged.record
    before = own.decide(own.rulebase.vocabulary.validate(record["facts"]))
    after = changed.decide(changed.rulebase.vocabulary.validate(record["facts"]))
    comparison = compare(own.decider, before.fired, changed.decider, after.fired)
    both = set(own.decider.names(before.fired)) - set(comparison.silent)
    policies = own.rulebase.policy, changed.rulebase.policy
    return Impact(
        line=logged.line,
        id=record["id"],
        time=record["time"],
        before=_outcome(before),
        after=_outcome(after),
        fires=comparison.fires,
        silent=comparison.silent,
        altered=sorted_ids(both & altered),
        evidence=tuple(Moved(shift.rule, shift.model, *shift.points) for shift in comparison.shifts),
        steps=tuple(_list_turned(comparison)),
        policy=tuple(
            name for name in ("minimum_evidence", "lead") if len({getattr(one, name) for one in policies}) > 1
        ),
    )


def _outcome(decision: Decision) -> Outcome:
    reason = None if decision.reason is None else decision.reason.value
    return Outcome(decision.model, decision.status.value, reason, decision.certainty)


def _list_turned(comparison: Comparison) -> Iterator[Turned]:
    steps: tuple[Literal["excluded_by", "missing", "set_aside_by"], ...] = ("excluded_by", "missing", "set_aside_by")
    for model, rows in comparison.rows.items():
        for step in steps:
            was, is_now = (getattr(row, step) if row else () for row in rows)
            if was != is_now:
                yield Turned(model, step, was, is_now)


@dataclass(slots=True)
class ImpactSummary:
    """Counts over a log: what to add each impact to, and what to print.

    Attributes:
        decisions: How many were decided again.
        changes: How often model and status go from one value to another; only real changes.
        touched: How many keep model and status, but not everything that led there.
        causes: In how many of the changes each rule plays a part.
    """

    decisions: int = 0
    changes: Counter[tuple[str, str]] = field(default_factory=Counter)
    touched: int = 0
    causes: Counter[str] = field(default_factory=Counter)

    @property
    def changed(self) -> int:
        """How many decisions would change."""
        return self.changes.total()

    def add(self, item: Impact) -> None:
        """Count an impact."""
        self.decisions += 1
        if item.changes:
            self.changes[item.before.name, item.after.name] += 1
            self.causes.update(item.causes)
        elif item.touches:
            self.touched += 1
