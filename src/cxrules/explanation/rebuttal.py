"""An objection to a model, in words."""

from __future__ import annotations

from cxrules.decision import Decision, Judge
from cxrules.explanation.derivation import Case, Step
from cxrules.explanation.obstacles import Objection, Obstacle, Requirement
from cxrules.explanation.words import cite, facts_clause, join_clauses, name, reason, sentence, topics

__all__ = ["rebut"]

_FEW = 2
_NARROW = 2
_WIDE = 6


def rebut(judge: Judge, objection: Objection, decision: Decision | None = None) -> str:
    """Say what stands between a model and its recommendation, in a few sentences.

    Args:
        judge: Who decided.
        objection: What stands in the way.
        decision: The decision, when its model is to be contrasted with the other.
    """
    model = name(judge.rulebase, objection.model)
    case = objection.case
    match objection.kind:
        case None:
            return f"{model} is the recommendation."
        case Obstacle.EXCLUDED:
            ruled_out = " ".join(reason(step) for step in case.excluded_by[:_FEW])
            return f"{model} is ruled out. {ruled_out}"
        case Obstacle.REQUIREMENT_REFUSED:
            return " ".join(_refuse(model, requirement) for requirement in objection.requirements if requirement.refused)
        case Obstacle.REQUIREMENT_UNKNOWN:
            return _leave_open(judge, model, objection.requirements)
        case Obstacle.NO_EVIDENCE:
            return _tell_lack(model, case)
        case Obstacle.TOO_LITTLE_EVIDENCE:
            return f"Too little speaks for {model}. {_tell_best(case, 1)}"
        case Obstacle.SET_ASIDE:
            return f"{model} would be acceptable, but something else comes first. {reason(case.set_aside_by[0])}"
        case Obstacle.OUTWEIGHED:
            return _outweigh(judge, objection, decision)
    raise AssertionError(objection.kind)


def _refuse(model: str, requirement: Requirement) -> str:
    if not requirement.opposed:
        return f"{model} would require that {requirement.states}, and nothing that could still become known brings that about."
    return f"{model} would require that {requirement.states}. That is out of reach, since {facts_clause(requirement.opposed)}."


def _leave_open(judge: Judge, model: str, requirements: tuple[Requirement, ...]) -> str:
    clauses = join_clauses([requirement.states for requirement in requirements])
    facts = dict.fromkeys(fact for requirement in requirements for fact in requirement.wanted)
    depends = f" It depends on {topics(judge.rulebase, facts)}." if facts else ""
    return f"{model} would require that {clauses}; whether that is so is not known.{depends}"


def _tell_lack(model: str, case: Case) -> str:
    against = _best(case, -1)
    if not case.evidence:
        return f"Nothing that is known speaks for {model}."
    if against is None or not _best(case, 1):
        tail = f" {reason(against)}" if against else ""
        return f"Nothing that is known speaks for {model}, and something speaks against it.{tail}"
    return f"As much speaks against {model} as for it, or more. {reason(against)}"


def _outweigh(judge: Judge, objection: Objection, decision: Decision | None) -> str:
    model, case = name(judge.rulebase, objection.model), objection.case
    winner = objection.winner
    assert winner is not None
    lead = winner.points - case.points
    best = name(judge.rulebase, winner.model.id)
    if lead == 0:
        margin = f"As much speaks for {model} as for {best}, which comes first in the declared order of preference."
    elif lead < _NARROW:
        margin = f"Nearly as much speaks for {model} as for {best}."
    elif lead < _WIDE:
        margin = f"Less speaks for {model} than for {best}."
    else:
        margin = f"Far less speaks for {model} than for {best}."
    return f"{margin} {_tell_best(case, 1)} {_tell_best(case, -1)}".strip()


def _tell_best(case: Case, sign: int) -> str:
    step = _best(case, sign)
    if step is None:
        return ""
    here = facts_clause(step.roots())
    said = "what speaks for it most" if sign > 0 else "what speaks against it most"
    rationale = f"{step.rule.rationale.rstrip('. ')} ({cite(step)})."
    return f"{sentence(f'{said} is that {here}') if here else sentence(f'{said} is said of organisations in general')} {rationale}"


def _best(case: Case, sign: int) -> Step | None:
    items = [item for item in case.evidence if item.points * sign > 0]
    return max(items, key=lambda item: abs(item.points)).step if items else None
