"""The two shapes of what a check claims: some organisation is so, or none is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from cxrules.verification.circuit import Possibility
from cxrules.verification.prover import Angle, Hint, Prover, Query, Witness
from cxrules.verification.results import CheckFinding, Verdict

__all__ = ["Subject", "claim_none", "claim_some"]


class Subject(NamedTuple):
    """What a check speaks of, and the question it decides about it.

    Attributes:
        check: The code of the check.
        name: What it is about.
        whether: The question, after the word "whether".
    """

    check: str
    name: str
    whether: str

    def prove(self) -> CheckFinding:
        """Return that it is in order."""
        return CheckFinding(self.check, self.name, Verdict.PROVED)

    def leave(self) -> CheckFinding:
        """Return that it is undecided: the question and no more, for either answer may be the right one."""
        return CheckFinding(self.check, self.name, Verdict.UNDECIDED, f"Undecided: whether {self.whether}.")

    def refute(self, message: str, witness: Witness | None, involved: tuple[str, ...] = ()) -> CheckFinding:
        """Return what is wrong, and an organisation that shows it."""
        return CheckFinding(self.check, self.name, Verdict.REFUTED, message, witness, involved)


def claim_none(prover: Prover, subject: Subject, question: Query, message: str, *angles: Angle) -> CheckFinding:
    """Claim that no organisation is as asked.

    Returns:
        A proof, the smallest organisation that is so, or that it is undecided.
    """
    answer = prover.smallest(question, *angles)
    if answer.possible is Possibility.IMPOSSIBLE:
        return subject.prove()
    if answer.possible is Possibility.UNDECIDED:
        return subject.leave()
    return subject.refute(message, answer.witness)


def claim_some(
    prover: Prover,
    subject: Subject,
    parts: Mapping[str, Query],
    message: Callable[[tuple[str, ...]], str],
    *angles: Angle,
    near: Callable[[], Witness | None] | None = None,
    hint: Hint | None = None,
) -> CheckFinding:
    """Claim that some organisation is all of several things.

    Each part stands under a name, and the message is given the names that cannot be together. `near` returns the
    organisation that shows that none is; when left out, it is one that is all but as few as can be. `hint` returns one
    that may be all of them.

    Returns:
        A proof, the conflict and an organisation that shows it, or that it is undecided.
    """
    answer = prover.exists(
        lambda *views: prover.circuit.all_of(part(*views) for part in parts.values()), *angles, hint=hint
    )
    if answer.possible is Possibility.POSSIBLE:
        return subject.prove()
    if answer.possible is Possibility.UNDECIDED:
        return subject.leave()
    if near is not None:
        return subject.refute(message(()), near())
    core, witness = prover.conflict(parts, *angles)
    return subject.refute(message(core), witness, core)
