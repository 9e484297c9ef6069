"""Impact: the past decisions that a change of the rule base would alter, their outcomes, and the rules behind them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal, TypeAlias, cast

from cxrules.columns.int_executor import Runner
from cxrules.decision_log.again.bulk import Bulk, Bulks, Group, list_silent, split
from cxrules.decision_log.again.replaying import substitute_engine
from cxrules.decision_log.reader import Entry, Logged, LogReader, Problem, Trouble, check_replayable, invalid_facts
from cxrules.decision_log.record import DecisionRecord
from cxrules.engines import create_engine
from cxrules.errors import InvalidOrganisation
from cxrules.language.ids import sorted_ids
from cxrules.policy.comparison import Comparison, compare
from cxrules.policy.decision import Decision
from cxrules.policy.evidence import Evidence
from cxrules.policy.judge import Judge
from cxrules.rulebase import RuleBase

__all__ = ["Impact", "ImpactMove", "ImpactOutcome", "ImpactSummary", "ImpactTurn", "assess_impact"]


@dataclass(frozen=True, slots=True)
class ImpactOutcome:
    """An answer that was, or would be, given.

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
class ImpactMove:
    """Evidence whose weight changes. A claim counts once for a model: one that another rule carries on has not moved.

    Attributes:
        rule: The rule that brings it or, if it has gone, the one that brought it.
        model: The model it speaks for or against.
        before: Its points under the recorded rule base; 0 when it did not count.
        after: Its points under the changed one.
    """

    rule: str
    model: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class ImpactTurn:
    """A step of the policy with another result for a model.

    Attributes:
        model: The model.
        step: The step: `excluded_by` and `set_aside_by` name rules, `missing` names findings that are required.
        before: What stood in the way under the recorded rule base.
        after: The obstacle under the changed one.
    """

    model: str
    step: Literal["excluded_by", "missing", "set_aside_by"]
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Impact:
    """The impact of a changed rule base on a decision.

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
    before: ImpactOutcome
    after: ImpactOutcome
    fires: tuple[str, ...]
    silent: tuple[str, ...]
    altered: tuple[str, ...]
    evidence: tuple[ImpactMove, ...]
    steps: tuple[ImpactTurn, ...]
    policy: tuple[str, ...]

    @property
    def changes(self) -> bool:
        """Whether the model or the status would differ."""
        return (self.before.model, self.before.status) != (self.after.model, self.after.status)

    @property
    def touches(self) -> bool:
        """Whether the answer, or anything behind it, would differ."""
        return bool(
            self.before != self.after or self.fires or self.silent or self.altered or self.evidence or self.steps
        )

    @property
    def causes(self) -> tuple[str, ...]:
        """The rules that cause the change, in id order."""
        moved = {item.rule for item in self.evidence}
        turned = {rule for step in self.steps if step.step != "missing" for rule in set(step.before) ^ set(step.after)}
        return sorted_ids({*self.fires, *self.silent, *self.altered, *moved, *turned})


Changed: TypeAlias = RuleBase | Callable[[RuleBase], RuleBase]
"""A changed rule base, or a function that makes one from the rule base of a record."""


def assess_impact(log: LogReader, changed: Changed) -> Iterator[Impact | Problem]:
    """Decide every record again, on its own rule base and on a changed one.

    Nothing is kept, so a log of any size takes the same memory.

    Args:
        changed: The changed rule base; or a function that changes the rule base of a record, called once for each
            revision.

    Yields:
        For each decision its impact, whose `changes` says whether the answer would differ; for each line that cannot be
        decided again, a problem that says why. If its own rule base does not give the recorded answer, a problem that
        says so precedes the impact.
    """
    changes = _RuleBaseChanges(changed)
    bulks = Bulks(log)
    for batch in split(log.entries(bulks.look)):
        alone: dict[int, Impact] = {}
        for group in bulks.list_groups(batch):
            change = changes.of(log.judge(group.entries[0].record))
            alone.update(
                (position, _leave_alone(entry, change.policy))
                for position, entry, untouched in zip(
                    group.positions, group.entries, change.list_untouched(group), strict=True
                )
                if untouched
            )
        for position, entry in enumerate(batch):
            if position in alone:
                yield alone[position]
            else:
                yield from _assess(log, entry, changes)


def _assess(log: LogReader, entry: Entry, changes: _RuleBaseChanges) -> Iterator[Impact | Problem]:
    """Decide one record again under both rule bases, and yield everything in the order in which to report it."""
    if isinstance(entry, Problem):
        yield entry
        return
    hidden = check_replayable(entry)
    if hidden is not None:
        yield hidden
        return
    own = log.judge(entry.record)
    if own.engine.name != entry.record["engine"]:
        yield substitute_engine(entry, own.engine.name)
    try:
        impact = _compare(entry, own, changes.of(own))
    except InvalidOrganisation as error:
        yield invalid_facts(entry, error)
        return
    if (entry.record["model"], entry.record["status"]) != (impact.before.model, impact.before.status):
        yield _recorded_otherwise(entry, impact.before)
    yield impact


_KEPT: Final = 8


class _RuleBaseChanges:
    """The change of each rule base of a log."""

    def __init__(self, changed: Changed) -> None:
        self._changed = changed
        self._made: dict[str, _RuleBaseChange] = {}

    def of(self, own: Judge) -> _RuleBaseChange:
        """Return the change of one rule base."""
        revision = own.rulebase.revision
        if revision not in self._made:
            if len(self._made) > _KEPT:
                self._made.clear()
            other = self._changed if isinstance(self._changed, RuleBase) else self._changed(own.rulebase)
            # One judge for all records if there is a single changed rule base.
            made = (change.judge for change in self._made.values() if change.judge.rulebase == other)
            self._made[revision] = _RuleBaseChange(own, next(made, None) or Judge(create_engine("bitmap", other)))
        return self._made[revision]


class _RuleBaseChange:
    """One rule base and the rule base that replaces it.

    Attributes:
        judge: The judge of the changed rule base.
        altered: The rules of both that differ.
        policy: The numbers of the policy that differ.
    """

    def __init__(self, own: Judge, changed: Judge) -> None:
        self.judge = changed
        before, after = own.rulebase, changed.rulebase
        self.altered = frozenset(
            name for name, rule in before.rules.items() if name in after.rules and after.rules[name] != rule
        )
        policies = before.policy, after.policy
        self.policy = tuple(
            name for name in ("minimum_evidence", "lead") if len({getattr(one, name) for one in policies}) > 1
        )
        self._own = own
        self._watch: tuple[Runner[str], Runner[str]] | None = None

    @cached_property
    def _touched(self) -> tuple[list[str], list[str]] | None:
        """The rules of each rule base that the change touches, if no decision can change unless one of them fires.

        A rule is touched if it, or its evidence, differs between the two.
        """
        before, after = self._own.rulebase, self.judge.rulebase
        if (before.policy, before.vocabulary, tuple(before.models.values())) != (
            after.policy,
            after.vocabulary,
            tuple(after.models.values()),
        ):
            return None
        was, now = (_group_evidence(judge) for judge in (self._own, self.judge))
        same = {
            name
            for name in before.rules.keys() & after.rules.keys()
            if name not in self.altered and was.get(name) == now.get(name)
        }
        return [name for name in before.rules if name not in same], [name for name in after.rules if name not in same]

    def list_untouched(self, group: Group) -> list[bool]:
        """Return for each decision whether it certainly comes out as recorded, and would not change in any part."""
        if self._touched is None:
            return [False] * len(group.entries)
        before, after = self._touched
        if self._watch is None:
            self._watch = group.bulk.watch(before), Bulk(self.judge).watch(after)
        was_silent, is_silent = (list_silent(group.sheet, watch) for watch in self._watch)
        return [all(quiet) for quiet in zip(group.same, was_silent, is_silent, strict=True)]


def _group_evidence(judge: Judge) -> dict[str, list[Evidence]]:
    found: dict[str, list[Evidence]] = {}
    for item in judge.decider.evidence:
        found.setdefault(item.rule, []).append(item)
    return found


def _leave_alone(logged: Logged, policy: tuple[str, ...]) -> Impact:
    record = logged.record
    outcome = _recorded(record)
    return Impact(logged.line, record["id"], record["time"], outcome, outcome, (), (), (), (), (), policy)


def _recorded_otherwise(logged: Logged, before: ImpactOutcome) -> Problem:
    recorded = _recorded(logged.record).name
    message = f"{recorded} is recorded, but the rule base of the record gives {before.name}; see `replay`"
    return Problem(logged.line, Trouble.RECORDED_OTHERWISE, message, logged.part)


def _recorded(record: DecisionRecord) -> ImpactOutcome:
    return ImpactOutcome(
        record["model"], cast("str", record["status"]), record["reason"], cast("float", record["certainty"])
    )


def _compare(logged: Logged, own: Judge, change: _RuleBaseChange) -> Impact:
    record, changed = logged.record, change.judge
    before = own.decide(own.rulebase.vocabulary.validate(record["facts"], doubt=False))
    after = changed.decide(changed.rulebase.vocabulary.validate(record["facts"], doubt=False))
    comparison = compare(own.decider, before.fired, changed.decider, after.fired)
    both = set(own.decider.names(before.fired)) - set(comparison.silent)
    return Impact(
        line=logged.line,
        id=record["id"],
        time=record["time"],
        before=_outcome(before),
        after=_outcome(after),
        fires=comparison.fires,
        silent=comparison.silent,
        altered=sorted_ids(both & change.altered),
        evidence=tuple(ImpactMove(shift.rule, shift.model, *shift.points) for shift in comparison.shifts),
        steps=tuple(_list_turned(comparison)),
        policy=change.policy,
    )


def _outcome(decision: Decision) -> ImpactOutcome:
    reason = None if decision.reason is None else decision.reason.value
    return ImpactOutcome(decision.model, decision.status.value, reason, decision.certainty)


def _list_turned(comparison: Comparison) -> Iterator[ImpactTurn]:
    steps: tuple[Literal["excluded_by", "missing", "set_aside_by"], ...] = ("excluded_by", "missing", "set_aside_by")
    for model, rows in comparison.rows.items():
        for step in steps:
            was, is_now = (getattr(row, step) if row else () for row in rows)
            if was != is_now:
                yield ImpactTurn(model, step, was, is_now)


@dataclass(slots=True)
class ImpactSummary:
    """Counts over a log: impacts are added to it one by one, and it can be printed.

    Attributes:
        decisions: How many were decided again.
        changes: How often model and status change from one value to another.
        touched: How many keep model and status, but not everything behind them.
        causes: The number of changes in which each rule plays a part.
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
