"""The two shapes of what a check claims: some organisation is so, or none is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cxrules.verification.circuit import Possibility
from cxrules.verification.prover import Angle, Prover, Question, Witness
from cxrules.verification.results import Finding, Verdict

__all__ = ["claim_none", "claim_some"]


def claim_none(prover: Prover, head: tuple[str, str], question: Question, message: str, *angles: Angle) -> Finding:
    """Claim that no organisation is as asked.

    Returns:
        A proof, or the smallest organisation that is so.
    """
    answer = prover.smallest(question, *angles)
    if answer.possible is Possibility.IMPOSSIBLE:
        return Finding(*head, Verdict.PROVED)
    if answer.possible is Possibility.UNDECIDED:
        return Finding(*head, Verdict.UNDECIDED, message)
    return Finding(*head, Verdict.REFUTED, message, answer.witness)


def claim_some(
    prover: Prover,
    head: tuple[str, str],
    parts: Mapping[str, Question],
    message: Callable[[tuple[str, ...]], str],
    *angles: Angle,
    near: Callable[[], Witness | None] | None = None,
) -> Finding:
    """Claim that some organisation is all of several things.

    Each part stands under a name, and the message is given the names that cannot be together. `near` returns the
    organisation that shows that none is; when left out, it is one that is all but as few as can be.

    Returns:
        A proof, or the conflict and an organisation that shows it.
    """
    answer = prover.exists(lambda *views: prover.circuit.all_of(part(*views) for part in parts.values()), *angles)
    if answer.possible is Possibility.POSSIBLE:
        return Finding(*head, Verdict.PROVED)
    if answer.possible is Possibility.UNDECIDED:
        return Finding(*head, Verdict.UNDECIDED, message(()))
    if near is not None:
        return Finding(*head, Verdict.REFUTED, message(()), near())
    core, witness = prover.conflict(parts, *angles)
    return Finding(*head, Verdict.REFUTED, message(core), witness, core)
