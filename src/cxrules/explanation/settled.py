"""Whether the model can still change: a proof over every coherent completion, or two completions that disagree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from cxrules.builtin.naming import ModelName, as_model
from cxrules.columns.cohort import Cohort, SetColumn, column_of, first_of
from cxrules.document import Block, Paragraph
from cxrules.engines import unite
from cxrules.explanation.text.words import join_clauses, name, sentence
from cxrules.language.facts import Facts, FactValue
from cxrules.policy.decision import Decision
from cxrules.policy.judge import Judge
from cxrules.portable.base import Portable, travels
from cxrules.portable.basis import Basis
from cxrules.search.budget import Budget
from cxrules.search.combinations import Choices, combine, count_combinations, read_combination
from cxrules.search.contests import Contest, list_best
from cxrules.search.draws import Draw
from cxrules.search.possibilities import Possibilities, possibilities_of

__all__ = ["Completion", "Search", "Settled", "Settlement", "settled"]

_TOGETHER = 8192
"""The most combinations of what is at stake that are decided at once."""

_TRIES = 64
"""The most combinations with another model that are completed before the search splits further."""

BUDGET = 20_000
"""The most partly known organisations that are bounded before the search gives up."""


class Settlement(StrEnum):
    """Whether the model can still change."""

    SETTLED = "settled"
    OPEN = "open"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Completion:
    """One way in which unknown facts may turn out.

    Attributes:
        facts: All facts known then; deciding on them gives the model.
        model: The model, or None.
        assumed: The new facts that suffice for this outcome, while the other new ones stay unknown; none of them can be
            left out by itself. Empty if the known facts suffice.
    """

    facts: Facts
    model: ModelName | None
    assumed: Facts


@travels
@dataclass(frozen=True, repr=False, eq=False)
class Settled(Portable):
    """Whether the model can still change, with the proof or the counterexample.

    Attributes:
        settlement: `settled`: every coherent completion gives the same model; `open`: two completions disagree;
            `undecided`: the budget was exhausted before either was shown.
        model: The model that every completion gives, when settled; None may also mean that all are undetermined.
        completions: Two that disagree, when open; the one with the current model, if any, comes first.
        answered: Whether every other unknown fact was assumed to become known; if not, each may also stay unknown.
        examined: The number of partly known organisations that were bounded for the proof.
    """

    settlement: Settlement
    model: ModelName | None
    completions: tuple[Completion, ...]
    answered: bool
    examined: int

    def __bool__(self) -> bool:
        """Whether it is settled."""
        return self.settlement is Settlement.SETTLED

    def tell(self) -> tuple[Block, ...]:
        """Return it in words."""
        return (Paragraph(self._tell()),)

    def _tell(self) -> str:
        if self.settlement is Settlement.UNDECIDED:
            return "Whether what is still unknown can change the model was not decided within the limits of the search."
        if self.settlement is Settlement.SETTLED:
            return sentence(f"Whatever else becomes known, {self._outcome(self.model)}")
        said = [sentence(self._case(completion)) for completion in self.completions]
        return " ".join(["What is still unknown can change the model.", *said])

    def _case(self, completion: Completion) -> str:
        vocabulary = self.rulebase.vocabulary
        outcome = self._outcome(completion.model)
        if not completion.assumed:
            return f"it may stay as it is: {outcome}"
        clauses = [vocabulary[fact].state(value) for fact, value in completion.assumed.items()]
        return f"if {join_clauses(clauses)}, {outcome}"

    def _outcome(self, model: str | None) -> str:
        if model is None:
            return "no model can be recommended"
        return f"the model is {name(self.rulebase, model)}"


def settled(
    judge: Judge,
    decision: Decision,
    *,
    answered: bool = True,
    budget: int = BUDGET,
    deadline: float | None = None,
) -> Settled:
    """Find whether what is unknown can still change the model.

    A completion gives every unknown fact a value, except those to which the others leave no coherent one: without a
    CCO there is nobody whom the CCO reports to. Only coherent completions count. If the known facts themselves meet an
    impossible conjunction, it is ignored, since no completion could avoid it.

    Every unknown fact will become known if `answered`; if not, each may also stay unknown, as in a consultation where
    any question may be skipped. `budget` limits the partly known organisations that are bounded, `deadline` the
    seconds; a search that they end is undecided.
    """
    possibilities = possibilities_of(judge)
    free = possibilities.unknown(decision.known)
    question = Search(possibilities, decision, free, answered=answered, budget=Budget(budget, deadline))
    found = question.search()
    examined = question.budget.examined
    if isinstance(found, Settlement):
        return Settled(found, as_model(question.model), (), answered, examined, _basis=Basis(judge))
    return Settled(Settlement.OPEN, None, found, answered, examined, _basis=Basis(judge))


_Assumed: TypeAlias = dict[str, FactValue | None]
"""Values of unknown facts; None for one that stays unknown."""


class Search:
    """A search for a completion with another model than the first one found."""

    def __init__(
        self,
        possibilities: Possibilities,
        decision: Decision,
        free: tuple[str, ...],
        *,
        answered: bool,
        budget: Budget,
    ) -> None:
        self.possibilities = possibilities
        self.decision = decision
        self.free = free
        self.answered = answered
        self.model: str | None = None
        self.budget = budget
        bounds = possibilities.bounds
        self.base = bounds.pin(decision.known, free)
        coherent = possibilities.coherent_cases(decision.known, free)
        prospects = possibilities.prospects(coherent, answered=answered)
        self.openness = {fact: bounds.openness(fact, values) for fact, values in prospects.items()}
        self.masks = {
            fact: {value: bounds.masks[fact][value] for value in values} for fact, values in prospects.items()
        }
        self.unmet = possibilities.unmet(decision.known)
        self.impossible = bounds.lift(self.unmet)
        # If a fact has no value because others leave none, the others must continue to do so.
        optional = [fact for fact in possibilities.optional if answered and fact in prospects]
        self.kept = bounds.lift(unite(possibilities.coherence.tested[fact] for fact in optional))

    def search(self) -> Settlement | tuple[Completion, Completion]:
        """Return two completions that disagree, the model on which all agree, or that the budget ran out."""
        first = None if self.budget.spent else self._find_first()
        if first is None:
            return Settlement.UNDECIDED
        return self.compare(first) if isinstance(first, Decision) else first

    def compare(self, first: Decision) -> Settlement | tuple[Completion, Completion]:
        """Return a completion that disagrees with a first one, with this; or what `search` returns else."""
        self.model = first.model
        bounds = self.possibilities.bounds
        for rival in bounds.outlook(*bounds.span(self.base, self.openness.values())).winners:
            other = None if rival == first.model else self.contest(rival)
            if isinstance(other, Decision):
                return self._in_order(first, other)
            if other is not None:
                return other
        return Settlement.SETTLED

    def _find_first(self) -> Decision | tuple[Completion, Completion] | None:
        """Return one completion, or two that disagree if random draws find them."""
        # If questions may be skipped, learning nothing more is one of the completions.
        decided = [] if self.answered else [self.decision]
        if self.free:
            draw = self.possibilities.draw(self.decision.known, self.free)
            models = self.possibilities.cohorts.decide(draw.cohort).models
            found = [(model, columns & draw.valid) for model, columns in models.items() if columns & draw.valid]
            found.sort(key=lambda entry: (entry[0] != self.decision.model, -entry[1].bit_count()))
            decided += [self._read(draw, first_of(columns)) for _, columns in found[:2]]
        for other in decided[1:]:
            if other.model != decided[0].model:
                return self._in_order(decided[0], other)
        if decided:
            return decided[0]
        completed = self.possibilities.complete(self.decision.known, self.free)
        return None if completed is None else self.possibilities.decide(completed)

    def contest(self, rival: str | None) -> Decision | Settlement | None:
        """Find a completion in which a rival ranks above the model; return its decision, or None."""
        contest = Contest(self.possibilities.bounds, self.model, rival)
        waiting: list[_Assumed] = [{}]
        while waiting:
            if self.budget.spent:
                return Settlement.UNDECIDED
            self.budget.spend()
            found = self._examine(waiting.pop(), contest, rival)
            if isinstance(found, Decision):
                return found
            waiting += found
        return None

    def _examine(self, assumed: _Assumed, contest: Contest, rival: str | None) -> Decision | list[_Assumed]:
        """Bound the outcome under assumptions; return a decision for another model, or what is left to examine."""
        bounds = self.possibilities.bounds
        base = self.base
        for fact, value in assumed.items():
            base &= bounds.masks[fact][value]
        rest = {fact: openness for fact, openness in self.openness.items() if fact not in assumed}
        sure, possible = bounds.span(base, rest.values())
        stakes = None if sure & self.impossible else contest.find_stakes(sure, possible)
        if stakes is None:
            return []
        at_stake = {
            fact: count
            for fact, openness in rest.items()
            if (count := bounds.count_at_stake(fact, openness, stakes.live))
        }
        if not at_stake:
            # The rival comes first in every completion, so any of them will do.
            return self._other(assumed, tuple(rest)) or []
        conjunctions = self.impossible & (possible | self.kept)
        choices = {fact: list_best(self.masks[fact], stakes, conjunctions, self.kept) for fact in at_stake}
        if count_combinations(choices) <= _TOGETHER:
            found = self._try_all(assumed, choices, rival)
            if found is not None:
                return found
        if fixed := {fact: values[0] for fact, values in choices.items() if len(values) == 1}:
            return [{**assumed, **fixed}]
        # Split where most evidence depends on the fewest branches.
        split = max(at_stake, key=lambda fact: at_stake[fact] / len(choices[fact]))
        return [{**assumed, split: value} for value in choices[split]]

    def _try_all(self, assumed: _Assumed, choices: Choices, rival: str | None) -> Decision | list[_Assumed] | None:
        """Decide every combination of what is at stake at once; None if too many turn out to be impossible."""
        possibilities = self.possibilities
        given = {**self.decision.known, **{fact: value for fact, value in assumed.items() if value is not None}}
        cohort = combine(possibilities.rulebase.vocabulary, given, choices)
        rest = tuple(fact for fact in self.openness if fact not in assumed and fact not in choices)
        hits = possibilities.cohorts.ahead(self._fill(cohort, rest), rival, self.model)
        if hits:
            hits &= ~self._list_incoherent(cohort, rest)
        for _ in range(_TRIES):
            if not hits:
                return []
            lowest = hits & -hits
            hits ^= lowest
            found = self._other({**assumed, **read_combination(choices, first_of(lowest))}, rest)
            if found is not None:
                return found
        return None

    def _fill(self, cohort: Cohort, rest: Sequence[str]) -> Cohort:
        """Fill in any value for the rest: which one makes no difference to the model, but each may fire rules."""
        vocabulary, columns = self.possibilities.rulebase.vocabulary, dict(cohort.columns)
        for fact in rest:
            value = next(iter(self.masks[fact]))
            if value is not None and None not in self.masks[fact]:
                columns[fact] = column_of(vocabulary, fact, value, cohort.everything)
        return Cohort(cohort.everything, columns)

    def _list_incoherent(self, cohort: Cohort, rest: Sequence[str]) -> int:
        """Return the columns that no completion makes coherent: impossible ones, and those with an unexplained gap."""
        possibilities = self.possibilities
        columns = 0
        for entry in possibilities.coherence.list(self.unmet):
            columns |= possibilities.meeting(entry.when, cohort)
        for fact in possibilities.optional if self.answered else ():
            if fact in self.openness and fact not in rest:
                column = cohort.columns.get(fact, {})
                known = column.known if isinstance(column, SetColumn) else unite(column.values())
                gaps = cohort.everything & ~known
                if gaps:
                    columns |= gaps & ~possibilities.may_lack_value(fact, cohort, rest, self.unmet)
        return columns

    def _other(self, assumed: _Assumed, rest: Sequence[str]) -> Decision | None:
        """Return the decision on a completion of some assumptions, if there is one with another model."""
        completed = self._finish(assumed, rest)
        decided = None if completed is None else self.possibilities.decide(completed)
        return None if decided is None or decided.model == self.model else decided

    def _finish(self, assumed: _Assumed, rest: Sequence[str]) -> dict[str, FactValue] | None:
        known = {**self.decision.known, **{fact: value for fact, value in assumed.items() if value is not None}}
        if not self.answered:
            return known
        blank = [fact for fact, value in assumed.items() if value is None]
        return self.possibilities.complete(known, rest, blank)

    def _read(self, draw: Draw, position: int) -> Decision:
        return self.possibilities.decide(self.possibilities.organisation(draw.cohort, position))

    def _in_order(self, one: Decision, other: Decision) -> tuple[Completion, Completion]:
        if other.model == self.decision.model:
            one, other = other, one
        return self._complete(one), self._complete(other)

    def _complete(self, decided: Decision) -> Completion:
        """Leave out, one by one, new facts that the model does not need."""
        order = [fact for fact in self.possibilities.cases if fact in decided.known]
        facts = {fact: decided.known[fact] for fact in order}
        kept, fired, left_out = dict(facts), decided.fired, True
        testing = self.possibilities.testing
        while left_out:
            left_out = False
            for fact in reversed([fact for fact in kept if fact not in self.decision.known]):
                # A fact that no fired rule with a bearing on the model tests makes no difference to it.
                if not fired & testing[fact]:
                    del kept[fact]
                    left_out = True
                    continue
                without = {other: value for other, value in kept.items() if other != fact}
                if (then := self.possibilities.decide(without)).model == decided.model:
                    kept, fired, left_out = without, then.fired, True
        assumed = {fact: value for fact, value in kept.items() if fact not in self.decision.known}
        return Completion(facts, as_model(decided.model), assumed)
