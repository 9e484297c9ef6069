"""What stands between a model and its recommendation, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cxrules.decision import Judge
from cxrules.explanation.derivation import Case, Step
from cxrules.explanation.document import Paragraph, to_plain
from cxrules.explanation.why_not import Obstacle, Requirement, WhyNot
from cxrules.explanation.words import cite, facts_clause, join_clauses, name, reason, sentence, topics

__all__ = ["explain_why_not", "rebut"]

_ORDINALS = ("first", "second", "third", "fourth")
_FEW = 2
_MOST_TOPICS = 4
_NARROW = 2
_WIDE = 6


def explain_why_not(judge: Judge, objection: WhyNot) -> str:
    """Say why a model is not recommended: every obstacle, and the nearest change that would make it win.

    Args:
        judge: Who decided.
        objection: What stands in the way.
    """
    model = name(judge.rulebase, objection.model)
    if objection.kind is None:
        return to_plain([Paragraph(f"{model} is the recommendation: {objection.case.model.says}.")])
    teller = _Teller(judge, objection, {}, "it", brief=False)
    blocks = [Paragraph(f"Why not {model}? {teller.tell(objection.obstacles[0])}")]
    blocks += [Paragraph(f"Besides, {teller.tell(obstacle, within=True)}") for obstacle in objection.obstacles[1:]]
    blocks.append(Paragraph(objection.nearest_change.explain()))
    return to_plain(blocks)


def rebut(judge: Judge, objection: WhyNot, told: Mapping[str, int] | None = None, *, named: bool = False) -> str:
    """Say what first stands between a model and its recommendation, in a few sentences.

    Args:
        judge: Who decided.
        objection: What stands in the way.
        told: Rules that the text has given as reasons already, with their place from 0; they are referred to.
        named: Whether the text has just named the model, so that "it" is enough.
    """
    model = name(judge.rulebase, objection.model)
    if objection.kind is None:
        return f"{model} is the recommendation."
    return _Teller(judge, objection, told or {}, "it" if named else model, brief=told is not None).tell(objection.kind)


class _Teller:
    """Tells the obstacles of one model, which it calls by its name or by a pronoun."""

    def __init__(self, judge: Judge, objection: WhyNot, told: Mapping[str, int], subject: str, *, brief: bool) -> None:
        self._judge = judge
        self._objection = objection
        self._case = objection.case
        self._told = told
        self._subject = subject
        self._brief = brief

    def tell(self, obstacle: Obstacle, *, within: bool = False) -> str:
        """Tell one obstacle; within a sentence that has begun, without a capital in front."""
        tellers: dict[Obstacle, Callable[[], str]] = {
            Obstacle.EXCLUDED: self._tell_exclusion,
            Obstacle.REQUIREMENT_REFUSED: self._tell_refusal,
            Obstacle.REQUIREMENT_UNKNOWN: self._tell_open_requirement,
            Obstacle.NO_EVIDENCE: self._tell_lack,
            Obstacle.TOO_LITTLE_EVIDENCE: self._tell_too_little,
            Obstacle.SET_ASIDE: self._tell_preference,
            Obstacle.OUTWEIGHED: self._tell_weights,
        }
        text = tellers[obstacle]()
        return text if within else text[:1].upper() + text[1:]

    def _tell_exclusion(self) -> str:
        steps = self._case.excluded_by
        return f"{self._subject} is ruled out. {self._give(steps[:_FEW] if self._brief else steps)}"

    def _tell_refusal(self) -> str:
        refused = [requirement for requirement in self._objection.requirements if requirement.refused]
        return " ".join(
            text if first else sentence(text)
            for first, text in ((requirement is refused[0], self._refuse(requirement)) for requirement in refused)
        )

    def _refuse(self, requirement: Requirement) -> str:
        required = f"{self._subject} would require that {requirement.states}"
        if not requirement.opposed:
            return f"{required}, and nothing that could still become known would bring that about."
        return f"{required}. That is out of reach: {facts_clause(requirement.opposed)}."

    def _tell_open_requirement(self) -> str:
        requirements = self._objection.requirements
        clauses = join_clauses([requirement.states for requirement in requirements])
        facts = list(dict.fromkeys(fact for requirement in requirements for fact in requirement.wanted))
        asked = facts[:_MOST_TOPICS] if self._brief else facts
        chiefly = "chiefly " if len(asked) < len(facts) else ""
        depends = f" It depends {chiefly}on {topics(self._judge.rulebase, asked)}." if asked else ""
        return f"{self._subject} would require that {clauses}; whether that is so is not known.{depends}"

    def _tell_lack(self) -> str:
        speaking_for, against = _best(self._case, 1), _best(self._case, -1)
        if against is None:
            return f"nothing that is known speaks for {self._subject}."
        if speaking_for is None:
            here = f"nothing that is known speaks for {self._subject}, and something against it."
            return f"{here} {self._give((against,))}"
        return f"at least as much speaks against {self._subject} as for it. {self._give((against,))}"

    def _tell_too_little(self) -> str:
        return f"too little of what speaks for {self._subject} rests on what is known here. {self._tell_best(1)}"

    def _tell_preference(self) -> str:
        return f"{self._subject} would be acceptable too, but is put behind. {self._give(self._case.set_aside_by[:1])}"

    def _tell_weights(self) -> str:
        winner = self._objection.winner
        assert winner is not None
        subject, best = self._subject, name(self._judge.rulebase, winner.model.id)
        lead = winner.points - self._case.points
        if lead == 0:
            margin = f"as much speaks for {subject} as for {best}, which comes first in the declared order."
        elif lead < _NARROW:
            margin = f"nearly as much speaks for {subject} as for {best}."
        else:
            margin = f"{'far less' if lead >= _WIDE else 'less'} speaks for {subject} than for {best}."
        return " ".join(part for part in (margin, self._tell_best(1), self._tell_best(-1)) if part)

    def _tell_best(self, sign: int) -> str:
        step = _best(self._case, sign)
        if step is None:
            return ""
        most = f"what speaks {'for' if sign > 0 else 'against'} it most"
        if step.rule.id in self._told:
            return sentence(f"{most} is the {self._ordinal(step)} reason above")
        here = facts_clause(step.roots())
        said = f"{most} is that {here}" if here else f"{most} is said of organisations in general"
        return f"{sentence(said)} {step.rule.rationale.rstrip('. ')} ({cite(step)})."

    def _give(self, steps: tuple[Step, ...]) -> str:
        return " ".join(
            f"That follows from the {self._ordinal(step)} reason above." if step.rule.id in self._told else reason(step)
            for step in steps
        )

    def _ordinal(self, step: Step) -> str:
        return _ORDINALS[self._told[step.rule.id]]


def _best(case: Case, sign: int) -> Step | None:
    items = [item for item in case.evidence if item.points * sign > 0]
    return max(items, key=lambda item: abs(item.points)).step if items else None
