"""What to ask next: the unknown facts that can still matter, by how much each should tell about the final model."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log, log2

from cxrules.builtin.naming import ModelName, as_model
from cxrules.columns.cohort import Cohort, Column, Outcomes, SetColumn, column_of, truth
from cxrules.document import Block, Paragraph
from cxrules.explanation.settled import Settlement, settled
from cxrules.explanation.text.words import count, name, sentence, topics
from cxrules.language.facts import Facts, FactValue, join_words
from cxrules.policy.decision import Decision, Status
from cxrules.policy.judge import Judge
from cxrules.portable.at_hand import Basis
from cxrules.portable.base import Portable, travels
from cxrules.portable.fields import published
from cxrules.search.budget import Budget
from cxrules.search.draws import DRAWN, Draw
from cxrules.search.possibilities import Possibilities, possibilities_of

__all__ = ["Answer", "NextQuestions", "Question", "next_questions"]

_SHOWN = 3
_DIGITS = 2
"""To how many decimal places of a bit the information counts for the order; smaller differences may be chance."""
_PROOF = 5000
"""How many partly known organisations may be bounded to prove that no question matters."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The immediate effect of an answer.

    Attributes:
        value: The value; of a percentage the least of a region, of a set the smallest that rules tell from the others.
        model: The model with this answer added and nothing else, or None.
        status: Its status then.
    """

    value: FactValue
    model: ModelName | None
    status: Status


@dataclass(frozen=True, slots=True)
class Question:
    """An unknown fact that can still matter.

    Attributes:
        fact: The fact.
        text: The question, as a person can answer it.
        information: How many bits the answer is expected to tell about the final model: an estimate, 0.0 when too
            little to be seen.
        answers: What each coherent answer would lead to.
    """

    fact: str
    text: str
    information: float
    answers: tuple[Answer, ...]


@travels
@dataclass(frozen=True, repr=False, eq=False)
class NextQuestions(Portable):
    """What to ask next.

    Information is estimated from coherent completions of what is known, in which every value of every unknown fact is
    taken as equally likely, drawn with fixed seeds: equal facts give equal estimates. That a fact cannot matter is
    proved.

    Attributes:
        questions: The unknown facts that can still matter, or are not proved not to: best first.
        irrelevant: The unknown facts that are proved unable to change the model, whatever they and the other unknown
            facts turn out to be; in the order of the vocabulary.
        prospects: The models of the completions, most frequent first, each with its share; None is undetermined.
        model: The model as it is, or None.
        complete: Whether the search ended within its limits. Else some of the questions may be unable to matter, and
            where the deadline had passed before a draw, nothing is estimated and no prospects are given.
    """

    questions: tuple[Question, ...]
    irrelevant: tuple[str, ...]
    prospects: Mapping[str | None, float]
    model: ModelName | None
    complete: bool

    DERIVED = ("nothing_left_to_ask",)

    @published
    def nothing_left_to_ask(self) -> bool:
        """Whether it is proved that no unknown fact can matter."""
        return not self.questions

    def leading(self, most: int = _SHOWN) -> tuple[Question, ...]:
        """Return the questions to ask first, of those whose answers are expected to tell something.

        A question that makes sense only after another, such as to whom a chief customer officer reports, leaves its
        place to that other one as long as this is open.
        """
        asked = {question.fact: question for question in self.questions}
        facts = self.rulebase.vocabulary.facts
        found: dict[str, Question] = {}
        for question in self.questions:
            if question.information > 0:
                first = question
                while open_before := [premise for premise, _ in facts[first.fact].asked_if if premise in asked]:
                    first = asked[open_before[0]]
                found.setdefault(first.fact, first)
        return tuple(found.values())[:most]

    def tell(self) -> tuple[Block, ...]:
        """Return in words which questions are best, and what cannot matter."""
        return (Paragraph(self._tell()),)

    def _tell(self) -> str:
        if not self.questions:
            return "Nothing that is still unknown can change the model."
        best = self.leading() or self.questions[:_SHOWN]
        telling = [question.fact for question in best if question.information > 0]
        if telling:
            learnt = f"most can be learnt from {topics(self.rulebase, telling)}"
            said = [f"If every value that is still possible is taken as equally likely, {learnt}."]
        else:
            said = ["No single answer is expected to tell much; on these most evidence depends."]
        turning = [self._say(question) for question in best]
        said += [f"{question.text} {turns}".rstrip() for question, turns in zip(best, turning, strict=True)]
        if not any(turning) and self.complete:
            said.append("No answer to them would change the model by itself.")
        if not self.complete:
            said.append("The search was cut short, so that some of these questions may be of no use.")
        more = len(self.questions) - _SHOWN
        if more > 0:
            said.append(sentence(f"{count(more, 'other unknown fact')} may matter as well"))
        if self.irrelevant:
            matters = "it cannot" if len(self.irrelevant) == 1 else "none of them can"
            about = count(len(self.irrelevant), "unknown fact")
            said.append(sentence(f"of {about} it is proved that {matters} change the model any more"))
        return " ".join(said)

    def _say(self, question: Question) -> str:
        """Describe which answers would change the model at once; empty if none would."""
        vocabulary = self.rulebase.vocabulary
        leading: dict[str | None, list[str]] = {}
        for answer in question.answers:
            if answer.model != self.model:
                leading.setdefault(answer.model, []).append(vocabulary[question.fact].state(answer.value))
        if not leading:
            return ""
        clauses = []
        for model, states in leading.items():
            outcome = "no model can be recommended" if model is None else f"the model is {name(self.rulebase, model)}"
            clauses.append(f"if {join_words(states[:_SHOWN], 'or')}, {outcome}")
        return sentence("; ".join(clauses))


def next_questions(
    judge: Judge, decision: Decision, *, ignoring: Collection[str] = (), deadline: float | None = None
) -> NextQuestions:
    """Rank the unknown facts by what they are expected to tell about the final model, to a hundredth of a bit.

    Among equals the one on which most of the evidence still at stake depends comes first.

    Facts of `ignoring` will stay unknown; they are neither asked nor named. `deadline` limits the seconds.
    """
    return _Asking(judge, decision, ignoring, Budget(deadline=deadline)).run()


class _Asking:
    """One search for the best questions."""

    def __init__(self, judge: Judge, decision: Decision, ignoring: Collection[str], budget: Budget) -> None:
        self.judge = judge
        self.decision = decision
        self.ignoring = ignoring
        self.budget = budget
        self.possibilities = possibilities_of(judge)
        self.free = self.possibilities.unknown(decision.known, ignoring)

    def run(self) -> NextQuestions:
        coherent = self.possibilities.coherent_cases(self.decision.known, self.free)
        mattering = _list_mattering(self.possibilities, self.decision.known, coherent)
        if not mattering:
            return self._answer([], {self.decision.model: 1.0})
        if self.budget.spent:
            asked = sorted(mattering, key=lambda fact: -mattering[fact])
            return self._answer([Question(fact, self._text(fact), 0.0, ()) for fact in asked], {}, complete=False)
        return self._estimate(coherent, mattering)

    def _estimate(self, coherent: Mapping[str, tuple[FactValue, ...]], mattering: Mapping[str, int]) -> NextQuestions:
        """Estimate what each question tells, from a draw; one run decides the draw and every answer by itself."""
        possibilities, known = self.possibilities, self.decision.known
        draw = possibilities.draw(known, self.free, mattering)  # whatever the others are, they alter nothing
        asked = [(fact, value) for fact in mattering for value in coherent[fact]]
        outcomes = possibilities.cohorts.decide(_append(possibilities, known, draw.cohort, asked))
        models = {model: both for model, columns in outcomes.models.items() if (both := columns & draw.valid)}
        sizes = {model: columns.bit_count() for model, columns in models.items()}
        complete = True
        if len(models) <= 1:
            proof = settled(
                self.judge,
                self.decision,
                ignoring=self.ignoring,
                answered=False,
                budget=_PROOF,
                deadline=self.budget.seconds,
            )
            if proof:
                return self._answer([], {self.decision.model: 1.0})
            complete = proof.settlement is not Settlement.UNDECIDED
        answers: dict[str, list[Answer]] = {}
        for (fact, value), told in zip(asked, _read_from(outcomes, DRAWN, len(asked)), strict=True):
            answers.setdefault(fact, []).append(Answer(value, *told))
        questions = [
            Question(
                fact,
                self._text(fact),
                _information(_kinds(possibilities, draw, fact), tuple(models.values()), tuple(sizes.values())),
                tuple(found),
            )
            for fact, found in answers.items()
        ]
        # Where the estimates hardly differ, the question on which most evidence depends comes first.
        questions.sort(
            key=lambda question: (
                -round(question.information, _DIGITS),
                -mattering[question.fact],
                all(answer.model == self.decision.model for answer in question.answers),
            )
        )
        drawn = sum(sizes.values())  # each completion has one model, or None
        prospects = {model: sizes[model] / drawn for model in sorted(sizes, key=lambda each: -sizes[each])}
        return self._answer(questions, prospects, complete=complete)

    def _answer(
        self, questions: list[Question], prospects: dict[str | None, float], *, complete: bool = True
    ) -> NextQuestions:
        asked = {question.fact for question in questions}
        irrelevant = tuple(fact for fact in self.free if fact not in asked)
        model, basis = self.decision.model, Basis(self.judge)
        return NextQuestions(tuple(questions), irrelevant, prospects, as_model(model), complete, _basis=basis)

    def _text(self, fact: str) -> str:
        return self.judge.rulebase.vocabulary[fact].question


def _list_mattering(
    possibilities: Possibilities, known: Facts, coherent: Mapping[str, tuple[FactValue, ...]]
) -> dict[str, int]:
    """Return the facts that bounds do not prove idle, and how many rules that bear on the model depend on each."""
    bounds = possibilities.bounds
    prospects = possibilities.prospects(coherent, answered=False)
    openness = {fact: bounds.openness(fact, values) for fact, values in prospects.items()}
    outlook = bounds.outlook(*bounds.span(bounds.pin(known, coherent), openness.values()))
    at_stake = {fact: bounds.count_at_stake(fact, openness[fact], outlook.live) for fact in coherent}
    return {fact: count for fact, count in at_stake.items() if count}


def _append(
    possibilities: Possibilities, known: Facts, cohort: Cohort, answers: Sequence[tuple[str, FactValue]]
) -> Cohort:
    """Return a draw and, after it, one organisation for each answer, in which nothing else new is known."""
    vocabulary = possibilities.rulebase.vocabulary
    everything = cohort.everything | ((1 << len(answers)) - 1) << DRAWN
    columns = dict(cohort.columns)
    columns.update((name, column_of(vocabulary, name, value, everything)) for name, value in known.items())
    for position, (fact, value) in enumerate(answers, DRAWN):
        columns[fact] = _add(columns[fact], value, 1 << position)
    return Cohort(everything, columns)


def _add(column: Column, value: FactValue, place: int) -> Column:
    if isinstance(column, SetColumn):
        assert isinstance(value, tuple)
        grown = {element: column.elements.get(element, 0) | place for element in value}
        return SetColumn(column.known | place, {**column.elements, **grown})
    return {**column, value: column.get(value, 0) | place}


def _read_from(outcomes: Outcomes, first: int, number: int) -> list[tuple[ModelName | None, Status]]:
    """Return the decisions in some columns, from the first one on."""
    found: list[tuple[ModelName | None, Status]] = [(None, Status.UNDETERMINED)] * number
    contested = outcomes.contested >> first
    for model, columns in outcomes.models.items():
        left = 0 if model is None else columns >> first
        named = as_model(model)
        while left:
            lowest = left & -left
            left ^= lowest
            status = Status.CONTESTED if contested & lowest else Status.RECOMMENDED
            found[lowest.bit_length() - 1] = named, status
    return found


def _information(kinds: Sequence[int], models: Sequence[int], sizes: Sequence[int]) -> float:
    """Estimate the mutual information of a fact and the final model, in bits.

    Args:
        kinds: The completions with each value of the fact.
        models: The completions with each model.
        sizes: How many these are.
    """
    kinds = [columns for columns in kinds if columns]
    if len(kinds) < 2 or len(models) < 2:
        return 0.0
    total = sum(sizes)
    told = 0.0
    for size, row in _count_together(kinds, models, sizes):
        for both, with_model in zip(row, sizes, strict=True):
            if both:
                told += both / total * log2(both * total / (size * with_model))
    # The bias of the estimate by chance alone (Miller and Madow).
    told -= (len(kinds) - 1) * (len(models) - 1) / (2 * total * log(2))
    return max(0.0, told)


def _count_together(
    kinds: Sequence[int], models: Sequence[int], sizes: Sequence[int]
) -> Iterator[tuple[int, list[int]]]:
    """Count each kind, and in it each model; each completion has one model, so that the last need not be counted.

    Args:
        kinds: The completions with each value of a fact; they do not overlap.
        models: The completions with each model.
        sizes: How many these are.
    """
    left = list(sizes)
    for kind in kinds[:-1]:
        size = kind.bit_count()
        row = [(kind & columns).bit_count() for columns in models[:-1]]
        row.append(size - sum(row))
        left = [before - both for before, both in zip(left, row, strict=True)]
        yield size, row
    size = kinds[-1].bit_count()
    if size != sum(left):  # some completions lack the fact
        left = [(kinds[-1] & columns).bit_count() for columns in models]
    yield size, left


def _kinds(possibilities: Possibilities, draw: Draw, fact: str) -> list[int]:
    """Group the completions by the values of a fact that rules can tell apart."""
    cohort, valid = draw
    column = cohort.columns[fact]
    if not isinstance(column, SetColumn):
        return [columns & valid for columns in column.values()]
    kinds = [valid]
    for test in possibilities.tests[fact]:
        holding = truth(test, cohort, possibilities.rulebase.vocabulary)
        kinds = [part for columns in kinds for part in (columns & holding, columns & ~holding) if part]
    return kinds
