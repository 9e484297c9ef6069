"""A smallest set of the known facts that alone gives the same model and status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cxrules.builtin.naming import ModelName, as_model
from cxrules.columns.bits.slices import add_up, equal_to
from cxrules.columns.cohort import Cohort, Column, Outcomes, SetColumn
from cxrules.document import Block, Paragraph
from cxrules.explanation.text.words import join_clauses, name, sentence
from cxrules.language.facts import Facts
from cxrules.language.rules import FactTest, leaf_tests
from cxrules.policy.decision import Decision, Status
from cxrules.policy.judge import Judge
from cxrules.portable.base import Portable, travels
from cxrules.portable.basis import Basis
from cxrules.search.budget import Budget
from cxrules.search.possibilities import Possibilities, possibilities_of

__all__ = ["Extent", "Sufficient", "sufficient_facts"]

_TOGETHER = 15
"""The number of facts whose subsets, 2 to this power, are decided at once."""

AFFORDABLE = 20
"""The most facts of which every subset is tried; with more, unneeded facts are first left out one by one."""


class Extent(StrEnum):
    """The proof that a sufficient set is small."""

    SMALLEST = "smallest"
    MINIMAL = "minimal"
    UNPROVED = "unproved"
    CUT_SHORT = "cut_short"


@travels
@dataclass(frozen=True, repr=False, eq=False)
class Sufficient(Portable):
    """Known facts that alone give the same model and status.

    Attributes:
        facts: The facts, in the order of the vocabulary; a set counts as one fact.
        extent: `smallest`: no set of fewer known facts suffices; `minimal`: no subset suffices, though another, smaller
            set may; `unproved`: it suffices, and no single fact can be left out.
        model: The model, or None.
        status: Its status.
        examined: The number of sets of facts that were decided.
    """

    facts: Facts
    extent: Extent
    model: ModelName | None
    status: Status
    examined: int

    def tell(self) -> tuple[Block, ...]:
        """Return it in words."""
        short = " The search for a smaller set was cut short." if self.extent is Extent.CUT_SHORT else ""
        return (Paragraph(f"{self._say()}{short}"),)

    def _say(self) -> str:
        outcome = "that no model can be recommended" if self.model is None else f"{name(self.rulebase, self.model)}"
        if self.status is Status.CONTESTED:
            outcome += ", contested as it is"
        if not self.facts:
            return f"No fact is needed to find {outcome}."
        vocabulary = self.rulebase.vocabulary
        clauses = [vocabulary[fact].state(value) for fact, value in self.facts.items()]
        one = len(clauses) == 1
        enough = f"This alone is enough for {outcome}" if one else f"These facts alone are enough for {outcome}"
        if self.model is None:
            enough = f"{'This alone is' if one else 'These facts alone are'} enough to find {outcome}"
        return f"{enough}: {sentence(join_clauses(clauses))[0].lower()}{sentence(join_clauses(clauses))[1:]}"


def sufficient_facts(
    judge: Judge, decision: Decision, *, affordable: int = AFFORDABLE, deadline: float | None = None
) -> Sufficient:
    """Find a smallest set of known facts that alone gives the same model and status.

    Every subset of the facts that fired rules test is decided, up to `affordable` facts, which proves that the set is
    smallest unless the deadline, in seconds, ends the search. Leaving out facts one at a time would prove nothing,
    because rules against the model may need the same facts as rules for it. Of several smallest sets it is the one
    whose facts come first in the vocabulary.
    """
    possibilities = possibilities_of(judge)
    facts = _list_tested(possibilities, decision)
    extent = Extent.SMALLEST
    search = _SubsetSearch(possibilities, decision, Budget(deadline=deadline))
    if len(facts) > affordable:
        # The last facts are left out first, so that the early ones stay.
        facts = search.leave_out(facts)
        extent = Extent.MINIMAL if len(facts) <= affordable else Extent.UNPROVED
    found = facts if extent is Extent.UNPROVED else search.find_smallest(facts)
    if search.budget.cut_short:
        extent = Extent.CUT_SHORT
    return Sufficient(
        {fact: decision.known[fact] for fact in found},
        extent,
        as_model(decision.model),
        decision.status,
        search.budget.examined,
        _basis=Basis(judge),
    )


def _list_tested(possibilities: Possibilities, decision: Decision) -> list[str]:
    """Return the known facts that are tested by fired rules which bear on the model.

    With fewer facts no other rule fires, so no other fact can make a difference.
    """
    rules = possibilities.rulebase.rules
    tests = [
        test
        for rule in possibilities.decider.names(decision.fired)
        for test in leaf_tests(rules[rule].when)
        if isinstance(test, FactTest)
    ]
    vocabulary = possibilities.rulebase.vocabulary
    holding = {
        test.fact
        for test in tests
        if test.fact in decision.known and test.holds(decision.known[test.fact], vocabulary[test.fact])
    }
    return [fact for fact in possibilities.cohorts.facts if fact in holding]


class _SubsetSearch:
    """Tries subsets of known facts, many at a time."""

    def __init__(self, possibilities: Possibilities, decision: Decision, budget: Budget) -> None:
        self.possibilities = possibilities
        self.decision = decision
        self.budget = budget

    def leave_out(self, facts: Sequence[str]) -> list[str]:
        """Leave out facts one by one, the last first, as long as the rest suffices."""
        kept, left_out = list(facts), True
        while left_out:
            left_out = False
            for fact in reversed(tuple(kept)):
                if self.budget.spent:
                    return kept
                rest = [other for other in kept if other != fact]
                self.budget.spend()
                then = self.possibilities.decide({other: self.decision.known[other] for other in rest})
                if (then.model, then.status) == (self.decision.model, self.decision.status):
                    kept, left_out = rest, True
        return kept

    def find_smallest(self, facts: Sequence[str]) -> list[str]:
        """Decide every subset, and return a smallest one that suffices."""
        # The low bits of a subset's number are late facts of the vocabulary, so early facts win among equals.
        within, beyond = facts[max(0, len(facts) - _TOGETHER) :], facts[: max(0, len(facts) - _TOGETHER)]
        patterns = _alternate(len(within))
        everything = (1 << (1 << len(within))) - 1
        sizes = add_up((pattern, 1) for pattern in patterns)
        best: list[str] | None = None
        for number in reversed(range(1 << len(beyond))):
            if self.budget.spent:
                break
            given = [fact for position, fact in enumerate(reversed(beyond)) if number >> position & 1]
            if best is not None and len(given) > len(best):
                continue
            columns = {fact: self._column(fact, everything) for fact in given}
            columns.update(
                (fact, self._column(fact, pattern)) for fact, pattern in zip(reversed(within), patterns, strict=True)
            )
            self.budget.spend(1 << len(within))
            hits = self._same(self.possibilities.cohorts.decide(Cohort(everything, columns)), everything)
            for size in range(len(within) + 1):
                if best is not None and len(given) + size >= len(best):
                    break
                if chosen := hits & equal_to(sizes, size, everything):
                    subset = chosen.bit_length() - 1
                    inside = {fact for position, fact in enumerate(reversed(within)) if subset >> position & 1}
                    best = [fact for fact in facts if fact in given or fact in inside]
                    break
        return list(facts) if best is None else best

    def _same(self, outcomes: Outcomes, everything: int) -> int:
        same = outcomes.models[self.decision.model]
        if self.decision.model is None:
            return same
        return same & (
            outcomes.contested if self.decision.status is Status.CONTESTED else everything & ~outcomes.contested
        )

    def _column(self, fact: str, columns: int) -> Column:
        value = self.decision.known[fact]
        if isinstance(value, tuple):
            return SetColumn(columns, dict.fromkeys(value, columns))
        return {value: columns}


def _alternate(count: int) -> list[int]:
    """Return for each fact the subsets that contain it, as columns: every subset is a number with a bit for each fact.

    Examples:
        >>> [f"{pattern:b}" for pattern in _alternate(2)]
        ['1010', '1100']
    """
    everything = (1 << (1 << count)) - 1
    return [everything // ((1 << (1 << position)) + 1) << (1 << position) for position in range(count)]
