"""The rule base behind an answer, carried by name and revision and found again among those available."""

from __future__ import annotations

from functools import cache
from typing import Any, Self
from weakref import WeakValueDictionary

from cxrules.engines import create_engine
from cxrules.errors import MissingRuleBase
from cxrules.language.facts import Facts
from cxrules.policy.judge import Judge
from cxrules.rulebase import RuleBase, check_rulebase

__all__ = ["Basis", "find_judge", "judge_for", "register_judge"]


# Judges that some advisor keeps, by revision, so that a copy can answer questions again. Weak, so it keeps none alive.
_JUDGES: WeakValueDictionary[str, Judge] = WeakValueDictionary()


class Basis:
    """The basis of an answer: an engine and a policy, or in a copy the name and revision of their rule base."""

    __slots__ = ("_judge", "_name", "_revision")

    def __init__(self, judge: Judge | None, name: str = "", revision: str = "") -> None:
        self._judge = judge
        self._name = name
        self._revision = revision

    @property
    def judge(self) -> Judge:
        """The engine and policy.

        Raises:
            MissingRuleBase: If this is a copy and the rule base of its revision is not available.
        """
        return self._judge or find_judge(self._revision, self._name)

    @property
    def rulebase(self) -> RuleBase:
        """The rule base.

        Raises:
            MissingRuleBase: If this is a copy and the rule base of its revision is not available.
        """
        return self.judge.rulebase

    @property
    def name(self) -> str:
        """The name of the rule base."""
        return self._judge.rulebase.name if self._judge else self._name

    @property
    def revision(self) -> str:
        """The revision of the rule base."""
        return self._judge.rulebase.revision if self._judge else self._revision

    def in_order(self, known: Facts) -> Facts:
        """Return facts in the order of the vocabulary, or as they are if the rule base is not available."""
        try:
            vocabulary = self.rulebase.vocabulary
        except MissingRuleBase:
            return known
        return {name: known[name] for name in vocabulary.facts if name in known}

    def attached(self, rulebase: RuleBase) -> Self:
        """Return the same with its rule base attached.

        Raises:
            MissingRuleBase: If the rule base is of another revision.
        """
        if check_rulebase(rulebase).revision != self.revision:
            raise MissingRuleBase(self.revision, self.name)
        return type(self)(judge_for(rulebase))

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Basis) and self.revision == other.revision)

    def __hash__(self) -> int:
        return hash(self.revision)

    def __repr__(self) -> str:
        return f"Basis({self.name!r}, revision {self.revision[:12]})"

    def __reduce__(self) -> tuple[Any, ...]:
        return (Basis, (None, self.name, self.revision))


def register_judge(judge: Judge) -> None:
    """Let copies of a judge's recommendations find it, for as long as somebody keeps it."""
    _JUDGES.setdefault(judge.rulebase.revision, judge)


def find_judge(revision: str, name: str) -> Judge:
    """Return the judge of a revision: one that some advisor keeps, or that of the built-in rule base.

    Raises:
        MissingRuleBase: If there is neither.
    """
    judge = _JUDGES.get(revision)
    if judge is None:
        if RuleBase.builtin().revision != revision:
            raise MissingRuleBase(revision, name)
        judge = _builtin_judge()
    return judge


@cache
def _builtin_judge() -> Judge:
    # For copies in a process without an advisor. Kept, because a copy asks for it with every question.
    return Judge(create_engine("bitmap", RuleBase.builtin()))


def judge_for(rulebase: RuleBase) -> Judge:
    """Return a judge of a rule base: one that some advisor keeps, or a new one."""
    judge = _JUDGES.get(rulebase.revision) or Judge(create_engine("bitmap", rulebase))
    register_judge(judge)
    return judge
