"""A consultation: the best next question, again and again, until the recommendation is settled. Text in, text out."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from cxrules.consultation.typed_answers import UnclearAnswerError, read_answer
from cxrules.document import unmark
from cxrules.explanation.next_questions import NextQuestions, Question, next_questions
from cxrules.explanation.text.words import count, lower_first, name, sentence
from cxrules.language.facts import Fact, FactValue, Kind, join_words
from cxrules.policy.decision import Decision, Reason, Status
from cxrules.policy.judge import Judge
from cxrules.search.possibilities import possibilities_of

__all__ = ["COMMANDS", "Consultation", "write_file"]

COMMANDS = ("why", "skip", "back", "more", "quit", "help")
"""The commands that may be typed instead of an answer."""

_HELP = (
    "Answer with a number, with the name of a value or with the beginning of its label. `why` explains the question, "
    "`skip` leaves it unknown, `back` undoes the last answer, `quit` saves and ends."
)
_SHOWN = 3

# Words that YAML would not read as text.
_RESERVED = frozenset({"yes", "no", "on", "off", "y", "n", "true", "false", "null", "nan", "inf"})


@dataclass(frozen=True, slots=True)
class _Taken:
    """One step of the dialogue that `back` can undo."""

    fact: str
    skipped: bool


class Consultation:
    """The state of a dialogue.

    Attributes:
        known: The known facts, in the order in which they became known.
        skipped: The facts that were skipped; they stay unknown.
        ended: Whether the dialogue is over.
    """

    def __init__(
        self,
        judge: Judge,
        known: Mapping[str, FactValue] | None = None,
        skipped: Collection[str] = (),
        *,
        deadline: float | None = None,
    ) -> None:
        """Begin, or resume.

        Facts in `skipped` are not asked.
        """
        self.known: dict[str, FactValue] = dict(known or {})
        skipped = (skipped,) if isinstance(skipped, str) else skipped
        self.skipped: list[str] = [fact for fact in skipped if fact not in self.known]
        self.ended = False
        self._judge = judge
        self._deadline = deadline
        self._rulebase = judge.rulebase
        self._taken: list[_Taken] = []
        self._asked_again = ""
        self._going_on = False
        self._state: _State | None = None

    @property
    def decision(self) -> Decision:
        """The decision on the known facts."""
        return self._now.decision

    @property
    def left_out(self) -> tuple[str, ...]:
        """The facts that stay unknown: those skipped, and those that make no sense without one of them."""
        facts = self._rulebase.vocabulary.facts
        resting_on: dict[str, list[str]] = defaultdict(list)
        for fact in facts.values():
            for premise, _ in fact.asked_if:
                resting_on[premise].append(fact.name)
        out = set(self.skipped)
        waiting = [*self.skipped]
        while waiting:
            new = [name for name in resting_on[waiting.pop()] if name not in out and name not in self.known]
            out.update(new)
            waiting += new
        out.difference_update(self.skipped)
        return (*self.skipped, *(name for name in facts if name in out))

    @property
    def questions(self) -> NextQuestions:
        """The questions that can still be asked, and the effect of their answers."""
        return self._now.questions

    @property
    def nothing_left_to_ask(self) -> bool:
        """Whether no further answer can change the model, whatever is answered or skipped."""
        return self.questions.nothing_left_to_ask

    @property
    def fact(self) -> str | None:
        """The fact to ask about; None if the model is settled and nobody wants to go on, or all has been asked."""
        if self.ended:
            return None
        if self._asked_again:
            return self._asked_again
        questions = self._now.questions
        for question in questions.questions:
            asked = self._find_premise(question.fact)
            if asked:
                return asked
        # Facts that cannot change the model may still affect the certainty, the actions and the warnings.
        return next(filter(None, map(self._find_premise, questions.irrelevant)), None) if self._going_on else None

    def _find_premise(self, fact: str) -> str | None:
        """Return what to ask for a fact: an unknown premise, or itself; None if a premise fails or is skipped."""
        known = self.decision.known
        while True:  # no recursion, since premises may have premises of their own
            for premise, values in self._rulebase.vocabulary[fact].asked_if:
                if premise in self.skipped:
                    return None
                if premise not in known:
                    fact = premise
                    break
                if known[premise] not in values:
                    return None
            else:
                return fact

    def begin(self) -> str:
        """Return the words with which the dialogue begins."""
        return f"{_HELP}\n\n{self._tell_stand()}\n\n{self.ask()}"

    def ask(self) -> str:
        """Return the question to be answered, with its values numbered, or what is left to do."""
        if self.fact is None:
            return self._tell_end()
        fact = self._rulebase.vocabulary[self.fact]
        lines = [fact.question]
        lines += [f"  {number}  {value.label}" for number, value in enumerate(fact.values, 1)]
        if fact.kind is Kind.PERCENT:
            lines.append("  a number from 0 to 100")
        elif fact.kind is Kind.SET:
            lines.append("  several at once, such as 1, 2; or none")
        return "\n".join(lines)

    def take(self, line: str) -> str:
        """Take an input, and return the reply with the next question."""
        typed = line.strip()
        command = typed.casefold().lstrip(":/")
        if command in COMMANDS and not self._is_name(typed):
            return self._obey(command)
        if not typed:
            return self._end() if self.fact is None else self.ask()
        if self.fact is None:
            return f"No question is open. {self._tell_end()}"
        return self._answer(self.fact, typed)

    def _answer(self, name_of_fact: str, typed: str) -> str:
        fact = self._rulebase.vocabulary[name_of_fact]
        try:
            value = read_answer(fact, typed)
        except UnclearAnswerError as error:
            return f"{error}\n\n{self.ask()}"
        before = {entry.id for entry in self._rulebase.incoherences(self.known)}
        clashes = [
            entry
            for entry in self._rulebase.incoherences({**self.known, name_of_fact: value})
            if entry.id not in before
        ]
        if clashes:
            return f"That contradicts what is known: {lower_first(clashes[0].reason)}\n\n{self.ask()}"
        self.known[name_of_fact] = value
        return self._go_on(_Taken(name_of_fact, skipped=False))

    def _obey(self, command: str) -> str:
        if command == "quit":
            return self._end()
        if command == "back":
            return self._go_back()
        if command == "skip" and self.fact is not None:
            self.skipped.append(self.fact)
            return self._go_on(_Taken(self.fact, skipped=True))
        if command == "more" and self.fact is None:
            self._going_on = True
        said = ""
        if command == "help":
            said = f"{_HELP}\n\n"
        elif command == "why" and self.fact is not None:
            said = f"{self.why(self.fact)}\n\n"
        return said + self.ask()

    def _go_on(self, taken: _Taken) -> str:
        self._taken.append(taken)
        self._asked_again, self._state = "", None
        return f"{self._tell_stand()}\n\n{self.ask()}"

    def _go_back(self) -> str:
        if not self._taken:
            return f"There is nothing to undo.\n\n{self.ask()}"
        last = self._taken.pop()
        if last.skipped:
            self.skipped.remove(last.fact)
        else:
            del self.known[last.fact]
        self._asked_again, self._state = last.fact, None
        return f"Undone. {self._tell_stand()}\n\n{self.ask()}"

    def _end(self) -> str:
        self.ended = True
        return ""

    def _is_name(self, typed: str) -> bool:
        if self.fact is None:
            return False
        values = self._rulebase.vocabulary[self.fact].values
        return any(typed == value.name or typed.casefold() == value.label.casefold() for value in values)

    # -- replies ------------------------------------------------------------------------------------------------------

    def why(self, fact: str) -> str:
        """Describe why a fact is asked: the effect of its answers, and the rules that wait for it."""
        said = []
        question = next((each for each in self._now.questions.questions if each.fact == fact), None)
        if question is None:
            said.append(
                "It can no longer change the model, but may affect its certainty, the actions and the warnings."
            )
        else:
            if question is self._now.questions.questions[0]:
                said.append("Of all unknown facts, this one is expected to reveal most about the model.")
            said.append(self._tell_answers(question))
        waiting = self._waiting_for(fact)
        if waiting:
            reasons = [f"- {sentence(self._rulebase.rules[rule].rationale)}" for rule in waiting[:_SHOWN]]
            more = len(waiting) - _SHOWN
            among = f"{count(len(waiting), 'rule')} {'waits' if len(waiting) == 1 else 'wait'} for it"
            said.append("\n".join([f"{sentence(among)[:-1]}{', among them' if more > 0 else ''}:", *reasons]))
        return unmark(" ".join(said[:-1]) + "\n" + said[-1] if waiting else " ".join(said))

    def _tell_answers(self, question: Question) -> str:
        fact = self._rulebase.vocabulary[question.fact]
        leading: dict[str | None, list[str]] = {}
        for answer in question.answers:
            leading.setdefault(answer.model, []).append(f"“{_label(fact, answer.value)}”")
        if set(leading) == {self.decision.model}:
            return "No answer changes the model at once, but together with other answers it may."
        clauses = []
        for model, labels in leading.items():
            outcome = (
                "nothing can be recommended yet" if model is None else f"it would be {name(self._rulebase, model)}"
            )
            some = labels[:_SHOWN] if len(labels) > _SHOWN + 1 else labels
            others = ["others"] if len(some) < len(labels) else []
            clauses.append(f"after {join_words([*some, *others], 'or')}, {outcome}")
        return sentence("; ".join(clauses))

    def _waiting_for(self, fact: str) -> list[str]:
        decider = self._judge.decider
        may_fire = possibilities_of(self._judge).may_fire(self.known) & ~self.decision.fired
        return [
            rule
            for rule in decider.names(may_fire)
            if rule in self._rulebase.bearing and fact in self._rulebase.rules[rule].facts()
        ]

    def _tell_stand(self) -> str:
        decision = self.decision
        wrong = self._tell_contradictions()
        if decision.model is None:
            return unmark(f"{wrong}{_NO_MODEL[decision.reason or Reason.TOO_LITTLE]}")
        said = f"{wrong}As it stands: {name(self._rulebase, decision.model)}"
        if decision.status is Status.CONTESTED and decision.runner_up is not None:
            said += f", closely followed by {name(self._rulebase, decision.runner_up)}"
        return unmark(f"{said}.")

    def _tell_contradictions(self) -> str:
        """Describe contradictions in what was known beforehand; an answer that would cause one is not accepted."""
        reasons = [sentence(entry.reason) for entry in self._rulebase.incoherences(self.known)]
        return f"What is known contradicts itself: {' '.join(reasons)} Correct it first.\n\n" if reasons else ""

    def _tell_end(self) -> str:
        if self.ended:
            return ""
        questions = self._now.questions
        left = len(questions.irrelevant)
        if not left or self._going_on:
            return "There is nothing left to ask. Type `quit` to save and end, or `back` to undo the last answer."
        about = "one more question" if left == 1 else f"{left} more questions"
        return (
            "The recommendation is settled: no answer to any question that is left can change the model. Type `more` "
            f"to go on with {about} that may affect its certainty, the actions and the warnings, or `quit` to end."
        )

    @property
    def _now(self) -> _State:
        if self._state is None:
            self._state = _State(self._judge, dict(self.known), self.left_out, self._deadline)
        return self._state


class _State:
    """The consequences of the known facts, computed on first use."""

    def __init__(
        self, judge: Judge, known: dict[str, FactValue], left_out: tuple[str, ...], deadline: float | None
    ) -> None:
        self._judge = judge
        self._deadline = deadline
        self._left_out = left_out
        self.decision = judge.decide(known)

    @cached_property
    def questions(self) -> NextQuestions:
        return next_questions(self._judge, self.decision, ignoring=self._left_out, deadline=self._deadline)


_NO_MODEL = {
    Reason.NOTHING_KNOWN: "Nothing is known yet.",
    Reason.TOO_LITTLE: "As it stands: too little is known to recommend a model.",
    Reason.ALL_EXCLUDED: "As it stands: every model is ruled out.",
}


def write_file(known: Mapping[str, FactValue], skipped: Sequence[str], judge: Judge) -> str:
    """Write the known facts as YAML that `cxrules recommend` takes and from which `cxrules consult` resumes."""
    vocabulary = judge.rulebase.vocabulary
    lines = ["# What is known about the organisation, as answered in `cxrules consult`.", "facts:"]
    for fact in vocabulary.facts.values():
        if fact.name in known:
            value = known[fact.name]
            lines += [f"  # {fact.question} {sentence(_label(fact, value))}", f"  {fact.name}: {_in_yaml(value)}"]
    if not known:
        lines[-1] += " {}"
    if skipped:
        lines += ["# Asked and skipped: these stay unknown.", f"skipped: {_in_yaml(tuple(skipped))}"]
    return "\n".join(lines) + "\n"


def _in_yaml(value: FactValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(_in_yaml(element) for element in value)}]"
    if isinstance(value, str) and (value in _RESERVED or not re.fullmatch(r"[a-z][a-z0-9_]*", value)):
        return f'"{value}"'
    return str(value)


def _label(fact: Fact, value: FactValue) -> str:
    """Return a value as a short answer."""
    if fact.kind is Kind.PERCENT:
        return f"{value}%"
    labels = {known.name: known.label for known in fact.values}
    if isinstance(value, tuple):
        return join_words([labels[element] for element in value]) if value else "none of them"
    return labels[("true" if value else "false") if fact.kind is Kind.FLAG else str(value)]
