"""An objection to a model, in words."""

from __future__ import annotations

from collections.abc import Mapping

from cxrules.decision import Judge
from cxrules.explanation.derivation import Case, Step
from cxrules.explanation.obstacles import Objection, Obstacle, Requirement
from cxrules.explanation.words import cite, facts_clause, join_clauses, name, reason, sentence, topics

__all__ = ["rebut"]

_ORDINALS = ("first", "second", "third", "fourth")
_FEW = 2
_NARROW = 2
_WIDE = 6


def rebut(judge: Judge, objection: Objection, told: Mapping[str, int] | None = None, *, named: bool = False) -> str:
    """Say what stands between a model and its recommendation, in a few sentences.

    Args:
        judge: Who decided.
        objection: What stands in the way.
        told: Rules that the text has given as reasons already, with their place from 0; they are referred to.
        named: Whether the text has just named the model, so that "it" is enough.
    """
    return sentence(_rebut(judge, objection, told or {}, "it" if named else name(judge.rulebase, objection.model)))


def _rebut(judge: Judge, objection: Objection, told: Mapping[str, int], model: str) -> str:
    case = objection.case
    match objection.kind:
        case None:
            return f"{model} is the recommendation."
        case Obstacle.EXCLUDED:
            return f"{model} is ruled out. {_give(case.excluded_by[:_FEW], told)}"
        case Obstacle.REQUIREMENT_REFUSED:
            refused = [requirement for requirement in objection.requirements if requirement.refused]
            return " ".join(sentence(_refuse(model, requirement)) for requirement in refused)
        case Obstacle.REQUIREMENT_UNKNOWN:
            return _leave_open(judge, model, objection.requirements)
        case Obstacle.NO_EVIDENCE:
            return _tell_lack(model, case, told)
        case Obstacle.TOO_LITTLE_EVIDENCE:
            return f"Too little speaks for {model}. {_tell_best(case, 1, told)}"
        case Obstacle.SET_ASIDE:
            return f"{model} would be acceptable too, but is put behind. {_give(case.set_aside_by[:1], told)}"
        case Obstacle.OUTWEIGHED:
            return _outweigh(judge, objection, told, model)
    raise AssertionError(objection.kind)


def _refuse(model: str, requirement: Requirement) -> str:
    required = f"{model} would require that {requirement.states}"
    if not requirement.opposed:
        return f"{required}, and nothing that could still become known would bring that about."
    return f"{required}. That is out of reach: {facts_clause(requirement.opposed)}."


def _leave_open(judge: Judge, model: str, requirements: tuple[Requirement, ...]) -> str:
    clauses = join_clauses([requirement.states for requirement in requirements])
    facts = dict.fromkeys(fact for requirement in requirements for fact in requirement.wanted)
    depends = f" It depends on {topics(judge.rulebase, facts)}." if facts else ""
    return f"{model} would require that {clauses}; whether that is so is not known.{depends}"


def _tell_lack(model: str, case: Case, told: Mapping[str, int]) -> str:
    speaking_for, against = _best(case, 1), _best(case, -1)
    if against is None:
        return f"Nothing that is known speaks for {model}."
    if speaking_for is None:
        return f"Nothing that is known speaks for {model}, and something speaks against it. {_give((against,), told)}"
    return f"At least as much speaks against {model} as for it. {_give((against,), told)}"


def _outweigh(judge: Judge, objection: Objection, told: Mapping[str, int], model: str) -> str:
    case, winner = objection.case, objection.winner
    assert winner is not None
    best, lead = name(judge.rulebase, winner.model.id), winner.points - case.points
    if lead == 0:
        margin = f"As much speaks for {model} as for {best}, which comes first in the declared order of preference."
    elif lead < _NARROW:
        margin = f"Nearly as much speaks for {model} as for {best}."
    else:
        margin = f"{'Far less' if lead >= _WIDE else 'Less'} speaks for {model} than for {best}."
    return " ".join(part for part in (margin, _tell_best(case, 1, told), _tell_best(case, -1, told)) if part)


def _give(steps: tuple[Step, ...], told: Mapping[str, int]) -> str:
    return " ".join(
        f"That follows from the {_ORDINALS[told[step.rule.id]]} reason above." if step.rule.id in told else reason(step)
        for step in steps
    )


def _tell_best(case: Case, sign: int, told: Mapping[str, int]) -> str:
    step = _best(case, sign)
    if step is None:
        return ""
    most = f"what speaks {'for' if sign > 0 else 'against'} it most"
    if step.rule.id in told:
        return sentence(f"{most} is the {_ORDINALS[told[step.rule.id]]} reason above")
    here = facts_clause(step.roots())
    said = f"{most} is that {here}" if here else f"{most} is said of organisations in general"
    return f"{sentence(said)} {step.rule.rationale.rstrip('. ')} ({cite(step)})."


def _best(case: Case, sign: int) -> Step | None:
    items = [item for item in case.evidence if item.points * sign > 0]
    return max(items, key=lambda item: abs(item.points)).step if items else None
