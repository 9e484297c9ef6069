"""Judges in use, by revision: they let a copy of an answer answer further questions."""

from __future__ import annotations

from functools import cache
from weakref import WeakValueDictionary

from cxrules.engines import create_engine
from cxrules.errors import MissingRuleBase
from cxrules.policy.judge import Judge
from cxrules.rulebase import RuleBase

__all__ = ["find_judge", "judge_for", "keep_at_hand"]


# Judges that some advisor keeps, by revision. References are weak: nothing is kept alive.
_AT_HAND: WeakValueDictionary[str, Judge] = WeakValueDictionary()


def keep_at_hand(judge: Judge) -> None:
    """Let copies of a judge's recommendations find it, for as long as somebody keeps it."""
    _AT_HAND.setdefault(judge.rulebase.revision, judge)


def find_judge(revision: str, name: str) -> Judge:
    """Return the judge of a revision: one that some advisor keeps, or that of the built-in rule base.

    Raises:
        MissingRuleBase: If there is neither.
    """
    judge = _AT_HAND.get(revision)
    if judge is None:
        if RuleBase.builtin().revision != revision:
            raise MissingRuleBase(revision, name)
        judge = _builtin_judge()
    return judge


@cache
def _builtin_judge() -> Judge:
    # For copies in a process without an advisor; kept, because a copy asks for it with every question.
    return Judge(create_engine("bitmap", RuleBase.builtin()))


def judge_for(rulebase: RuleBase) -> Judge:
    """Return a judge of a rule base: one that some advisor keeps, or a new one."""
    return _AT_HAND.get(rulebase.revision) or Judge(create_engine("bitmap", rulebase))
