"""The changes that would change the model: every cheapest set, by exhaustive search, or proof that there is none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby, islice
from operator import itemgetter

from cxrules.arguments import check_count
from cxrules.builtin.naming import ModelName, as_model
from cxrules.document import Block, Paragraph
from cxrules.errors import refuse_question
from cxrules.explanation.text.words import count, join_clauses, name, sentence
from cxrules.language.facts import Facts
from cxrules.policy.decision import Decision, Status
from cxrules.policy.judge import Judge
from cxrules.portable.base import Portable, travels
from cxrules.portable.basis import Basis
from cxrules.portable.fields import published
from cxrules.search.budget import Budget
from cxrules.search.changes import Change, apply, assemble, list_changes, list_sets, reprice
from cxrules.search.possibilities import Possibilities, possibilities_of

__all__ = ["ChangeSet", "Counterfactuals", "SearchStatus", "counterfactuals"]

BUDGET = 400_000
"""The most changed organisations that are decided before the search gives up."""

_TOGETHER = 8192
_SHOWN = 4
_FEW = 8
"""The number of hits up to which each is examined for contradictions by itself."""


class SearchStatus(StrEnum):
    """Whether a search was complete."""

    COMPLETE = "complete"
    BUDGET_EXHAUSTED = "budget_exhausted"


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Changes that together lead to another model, although no part of them does.

    Attributes:
        changes: The changes.
        price: The sum of their efforts.
        facts: Everything known afterwards.
        model: The resulting model, or None.
        status: The resulting status.
    """

    changes: tuple[Change, ...]
    price: int
    facts: Facts
    model: ModelName | None
    status: Status

    @property
    def changed(self) -> Facts:
        """The changed facts with their new values."""
        return {change.fact: self.facts[change.fact] for change in self.changes}


@travels
@dataclass(frozen=True, repr=False, eq=False)
class Counterfactuals(Portable):
    """Every cheapest way to another model.

    Attributes:
        model: The current model, or None.
        target: The model to reach, or None for any other outcome.
        max_changes: The most changes allowed together.
        status: `complete`: these are all the sets at the least price, and nothing cheaper works; without sets, it
            certifies that no allowed change of that size exists. `budget_exhausted`: some may be missing.
        sets: The sets of changes, all at the same price: first those that lead to a model, then those with the fewest
            changes, then those with the smallest steps.
        examined: How many changed organisations were decided.
    """

    model: ModelName | None
    target: ModelName | None
    max_changes: int
    status: SearchStatus
    sets: tuple[ChangeSet, ...]
    examined: int

    DERIVED = ("impossible",)

    @published
    def impossible(self) -> bool:
        """Whether it is proved that no allowed set of at most `max_changes` changes would work."""
        return self.status is SearchStatus.COMPLETE and not self.sets

    def tell(self) -> tuple[Block, ...]:
        """Return it in words, with the first few sets of changes if there are many."""
        return (Paragraph(self._tell()),)

    def _tell(self) -> str:
        if self.sets and not self.sets[0].changes:
            return f"The model is {name(self.rulebase, self.target or '')} already."
        aim = "change the model" if self.target is None else f"lead to {name(self.rulebase, self.target)}"
        size = count(self.max_changes, "change")
        if not self.sets:
            if self.status is SearchStatus.COMPLETE:
                return f"No allowed set of at most {size} to what is known would {aim}; every one was tried."
            return f"No set of changes that would {aim} was found within the limits of the search."
        said = [self._say(found) for found in self.sets[:_SHOWN]]
        more = len(self.sets) - len(said)
        if more:
            others = count(more, "other set")
            said.append(f"There {'is' if more == 1 else 'are'} {others} of changes at the same price.")
        if self.status is not SearchStatus.COMPLETE:
            said.append("The search was cut short, so other sets of changes may also work.")
        return " ".join(said)

    def _say(self, found: ChangeSet) -> str:
        vocabulary = self.rulebase.vocabulary
        clauses = [vocabulary[fact].state(value) for fact, value in found.changed.items()]
        outcome = (
            "no model can be recommended" if found.model is None else f"the model is {name(self.rulebase, found.model)}"
        )
        return sentence(f"if {join_clauses(clauses)}, {outcome}")


def counterfactuals(  # noqa: PLR0913 - what the question may leave out, by keyword
    judge: Judge,
    decision: Decision,
    target: str | None = None,
    max_changes: int = 3,
    *,
    keep: Iterable[str] = (),
    effort: Mapping[str, int] | None = None,
    budget: int = BUDGET,
    deadline: float | None = None,
) -> Counterfactuals:
    """Find every set of changes, of the least total price, that changes the model or reaches a target.

    One change alters one known fact to another value, adds or removes one element of a set, or moves a percentage to
    the nearest point of another region; where a region has no nearest point (below 20, coming from above) it is the
    roundest one (19). Each costs the effort of its fact. Immutable facts stay, one-way facts move one way, and the
    changed organisation meets no impossible conjunction. Because every change has a price, no part of a cheapest set
    works as well.

    A target of None means any other outcome, including that no model is recommended. `max_changes` limits the changes
    made together, `budget` the changed organisations that are decided, `deadline` the seconds. The facts of `keep` are
    left alone; `effort` overrides prices.

    Raises:
        ValueError: With everything that is wrong: there is no such model or fact, an effort is not a whole number from
            1 to 1000, or fewer than one change is allowed; or if the deadline is not a number of seconds.
    """
    mistakes: list[str] = []
    asked: object = target  # whatever the caller gave
    target = None if asked is None else judge.rulebase.find_model(asked)
    if asked is not None and target is None:
        mistakes.append(str(judge.rulebase.refuse_subject("model", asked)))
    try:
        max_changes = check_count("max_changes", max_changes)
    except ValueError as error:
        mistakes.append(str(error))
    facts = reprice(judge.rulebase.vocabulary, keep, effort, mistakes)
    if mistakes:
        raise refuse_question(mistakes)
    spending = Budget(budget, deadline)
    if target is not None and target == decision.model:
        here = ChangeSet((), 0, decision.known, as_model(decision.model), decision.status)
        return Counterfactuals(
            as_model(decision.model),
            as_model(target),
            max_changes,
            SearchStatus.COMPLETE,
            (here,),
            0,
            _basis=Basis(judge),
        )
    search = _PriceSearch(judge, decision, target, spending)
    status, found = search.run(list_changes(search.possibilities, decision.known, facts), max_changes)
    examined = search.budget.examined
    return Counterfactuals(
        as_model(decision.model), as_model(target), max_changes, status, found, examined, _basis=Basis(judge)
    )


class _PriceSearch:
    """Uniform-cost search: price after price, many changed organisations at a time."""

    def __init__(self, judge: Judge, decision: Decision, target: str | None, budget: Budget) -> None:
        self.judge = judge
        self.decision = decision
        self.target = target
        self.budget = budget
        self.possibilities: Possibilities = possibilities_of(judge)

    def run(self, changes: Sequence[Change], max_changes: int) -> tuple[SearchStatus, tuple[ChangeSet, ...]]:
        for _, entries in groupby(list_sets(changes, max_changes), key=itemgetter(0)):
            found: list[ChangeSet] = []
            waiting = (together for _, together in entries)
            while not self.budget.spent and (many := list(islice(waiting, int(min(_TOGETHER, self.budget.left))))):
                self.budget.spend(len(many))
                found += self._try(changes, many)
            exhausted = self.budget.spent and next(waiting, None) is not None
            if found or exhausted:
                status = SearchStatus.BUDGET_EXHAUSTED if exhausted else SearchStatus.COMPLETE
                return status, tuple(sorted(found, key=self._order))
        return SearchStatus.COMPLETE, ()

    def _try(self, changes: Sequence[Change], sets: Sequence[tuple[int, ...]]) -> Iterator[ChangeSet]:
        possibilities, known = self.possibilities, self.decision.known
        cohort = assemble(possibilities, known, changes, sets)
        outcomes = possibilities.cohorts.decide(cohort).models
        hits = cohort.everything & ~outcomes[self.decision.model] if self.target is None else outcomes[self.target]
        coherence = possibilities.coherence
        one_by_one = hits.bit_count() <= _FEW
        for entry in () if one_by_one else coherence.entries:
            hits &= ~possibilities.meeting(entry.when, cohort)
        while hits:
            lowest = hits & -hits
            hits ^= lowest
            together = tuple([changes[position] for position in sets[lowest.bit_length() - 1]])
            facts = apply(known, together, possibilities)
            if one_by_one and coherence.met(facts):
                continue
            # The search proposes a set; the engine in use decides.
            then = self.judge.decide(facts)
            yield ChangeSet(
                together, sum(change.effort for change in together), facts, as_model(then.model), then.status
            )

    def _order(self, found: ChangeSet) -> tuple[bool, int, int, list[int]]:
        names = list(self.possibilities.cases)
        steps = sum(change.distance for change in found.changes)
        return found.model is None, len(found.changes), steps, [names.index(change.fact) for change in found.changes]
