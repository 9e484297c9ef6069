"""The next questions: unknown facts that can still matter, ranked by what they should reveal about the final model."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from cxrules.builtin.naming import ModelName, as_model
from cxrules.columns.cohort import Cohort, Outcomes, SetColumn, truth
from cxrules.document import Block, Paragraph
from cxrules.explanation.settled import Search, Settlement
from cxrules.explanation.text.words import count, name, sentence, topics
from cxrules.language.facts import Facts, FactValue, join_words
from cxrules.policy.decision import Decision, Status
from cxrules.policy.judge import Judge
from cxrules.portable.base import Portable, travels
from cxrules.portable.basis import Basis
from cxrules.portable.fields import published
from cxrules.search.binary_values import DRAWN, EVERYTHING
from cxrules.search.budget import Budget
from cxrules.search.draws import Draw
from cxrules.search.information import Estimate
from cxrules.search.possibilities import Possibilities, possibilities_of

__all__ = ["Answer", "NextQuestions", "Question", "next_questions"]

_SHOWN = 3
_DIGITS = 2
"""The decimal places of a bit that count for the order; smaller differences may be chance."""
_PROOF = 5000
"""The most partly known organisations that may be bounded to prove that no question matters."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The immediate effect of an answer.

    Attributes:
        value: The value; for a percentage the lowest of a region, for a set the smallest that rules tell from the
            others.
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
        text: The question, worded for people.
        information: The bits that the answer is expected to reveal about the final model: an estimate, 0.0 if too small
            to detect.
        answers: The effect of each coherent answer.
    """

    fact: str
    text: str
    information: float
    answers: tuple[Answer, ...]


@travels
@dataclass(frozen=True, repr=False, eq=False)
class NextQuestions(Portable):
    """What to ask next.

    Information is estimated from random coherent completions of the known facts, which treat every value of every
    unknown fact as equally likely. Seeds are fixed, so equal facts give equal estimates. That a fact cannot matter is
    proved, not estimated.

    Attributes:
        questions: The unknown facts that can still matter, or may for all that is proved, the best first.
        irrelevant: The unknown facts that provably cannot change the model, whatever they and the other unknown facts
            turn out to be, in the order of the vocabulary.
        prospects: The models of the completions, the most frequent first, each with its share; None means undetermined.
        model: The current model, or None.
        complete: Whether the search ended within its limits. If not, some of the questions may not matter; and if the
            deadline passed before a draw, nothing is estimated and there are no prospects.
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
        """Return the questions to ask first, among those whose answers are expected to reveal something.

        A question that makes sense only after another, such as to whom a chief customer officer reports, is replaced by
        that other question while it is open.
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
                if len(found) >= most:
                    break
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
            said = [f"If all values that are still possible are equally likely, {learnt}."]
        else:
            said = ["No single answer is expected to reveal much; most evidence depends on these."]
        turning = [self._say(question) for question in best]
        said += [f"{question.text} {turns}".rstrip() for question, turns in zip(best, turning, strict=True)]
        if not any(turning) and self.complete:
            said.append("No answer to them would change the model by itself.")
        if not self.complete:
            said.append("The search was cut short, so some of these questions may not matter.")
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
    """Rank the unknown facts by what they are expected to reveal about the final model, to a hundredth of a bit.

    Among equals the one on which most of the evidence still at stake depends comes first.

    Facts in `ignoring` will stay unknown; they are neither asked nor mentioned. `deadline` limits the seconds.
    """
    return _Asking(judge, decision, ignoring, Budget(deadline=deadline)).run()


class _Asking:
    """A search for the best questions."""

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
        """Estimate what each question reveals; one run decides the draw and every single answer."""
        possibilities, known = self.possibilities, self.decision.known
        asked = {fact: coherent[fact] for fact in mattering}
        number = sum(map(len, asked.values()))
        # Whatever the other facts are, they alter nothing.
        draw = possibilities.draw(known, self.free, mattering, number)
        outcomes = possibilities.cohorts.decide(_append(draw.cohort, asked))
        models = {model: both for model, columns in outcomes.models.items() if (both := columns & draw.valid)}
        complete = True
        if len(models) <= 1:
            settlement = self._settle(models)
            if settlement is Settlement.SETTLED:
                return self._answer([], {self.decision.model: 1.0})
            complete = settlement is not Settlement.UNDECIDED
        told = iter(_read_from(outcomes, DRAWN, number))
        estimate = Estimate(tuple(models.values()))
        questions = [
            Question(
                fact,
                self._text(fact),
                estimate.information(_kinds(possibilities, draw, fact), lacking=fact in draw.lacking),
                tuple([Answer(value, *then) for value, then in zip(values, told)]),  # noqa: B905 - of all facts
            )
            for fact, values in asked.items()
        ]
        # If estimates hardly differ, the question on which most evidence depends comes first.
        questions.sort(
            key=lambda question: (
                -round(question.information, _DIGITS),
                -mattering[question.fact],
                all(answer.model == self.decision.model for answer in question.answers),
            )
        )
        sizes = dict(zip(models, estimate.sizes, strict=True))  # each completion has one model, or None
        prospects = {model: sizes[model] / estimate.total for model in sorted(sizes, key=lambda each: -sizes[each])}
        return self._answer(questions, prospects, complete=complete)

    def _settle(self, models: Collection[str | None]) -> Settlement:
        """Find whether all completions have the only model that was drawn, if any was."""
        if self.budget.spent:
            return Settlement.UNDECIDED
        if any(model != self.decision.model for model in models):
            return Settlement.OPEN  # to learn nothing more is a completion as well
        budget = Budget(_PROOF, self.budget.seconds)
        search = Search(self.possibilities, self.decision, self.free, answered=False, budget=budget)
        found = search.compare(self.decision)
        return found if isinstance(found, Settlement) else Settlement.OPEN

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
    """Return the facts that bounds do not prove idle, each with the number of rules on it that bear on the model."""
    bounds = possibilities.bounds
    prospects = possibilities.prospects(coherent, answered=False)
    openness = {fact: bounds.openness(fact, values) for fact, values in prospects.items()}
    outlook = bounds.outlook(*bounds.span(bounds.pin(known, coherent), openness.values()))
    at_stake = {fact: bounds.count_at_stake(fact, openness[fact], outlook.live) for fact in coherent}
    return {fact: count for fact, count in at_stake.items() if count}


def _append(cohort: Cohort, asked: Mapping[str, Sequence[FactValue]]) -> Cohort:
    """Return a draw and, after it, one organisation for each answer, in which nothing else new is known."""
    columns = dict(cohort.columns)
    place = 1 << DRAWN
    for fact, values in asked.items():
        column = columns[fact]
        if isinstance(column, SetColumn):
            known, elements = column.known, dict(column.elements)
            for value in values:
                assert isinstance(value, tuple)
                known |= place
                for element in value:
                    elements[element] = elements.get(element, 0) | place
                place <<= 1
            columns[fact] = SetColumn(known, elements)
        else:
            grown = dict(column)
            for value in values:
                grown[value] = grown.get(value, 0) | place
                place <<= 1
            columns[fact] = grown
    return Cohort(cohort.everything, columns)


def _read_from(outcomes: Outcomes, first: int, number: int) -> list[tuple[ModelName | None, Status]]:
    """Return the decisions in a range of columns."""
    found: list[tuple[ModelName | None, Status]] = [(None, Status.UNDETERMINED)] * number
    contested = outcomes.contested >> first
    for model, columns in outcomes.models.items():
        left = 0 if model is None else columns >> first
        named = as_model(model)
        clear, close = (named, Status.RECOMMENDED), (named, Status.CONTESTED)
        while left:
            place = left.bit_length() - 1
            found[place] = close if contested >> place & 1 else clear
            left ^= 1 << place
    return found


def _kinds(possibilities: Possibilities, draw: Draw, fact: str) -> list[int]:
    """Group the completions by the values of a fact that rules can tell apart."""
    cohort, valid = draw.cohort, draw.valid
    column = cohort.columns[fact]
    if not isinstance(column, SetColumn):
        columns = list(column.values())
        return columns if valid == EVERYTHING else [each & valid for each in columns]
    kinds = [valid]
    for test in possibilities.tests[fact]:
        holding = truth(test, cohort, possibilities.rulebase.vocabulary)
        kinds = [part for each in kinds for part in (each & holding, each & (each ^ holding)) if part]
    return kinds
