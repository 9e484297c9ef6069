"""The two forms of a check's claim: some organisation has a property, or none has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from cxrules.verification.circuit import Possibility
from cxrules.verification.prover import Angle, Hint, Prover, Query, Witness
from cxrules.verification.results import CheckFinding, Verdict

__all__ = ["Subject", "claim_none", "claim_some", "describe_conflict"]


class Subject(NamedTuple):
    """The subject of a check, and the question to be decided about it.

    Attributes:
        check: The code of the check.
        name: What it is about.
        whether: The question, after the word "whether".
    """

    check: str
    name: str
    whether: str

    def prove(self) -> CheckFinding:
        """Return the finding that it is in order."""
        return CheckFinding(self.check, self.name, Verdict.PROVED)

    def leave(self) -> CheckFinding:
        """Return the finding that it is undecided: only the question, because either answer may be right."""
        return CheckFinding(self.check, self.name, Verdict.UNDECIDED, f"Undecided: whether {self.whether}.")

    def refute(self, message: str, witness: Witness | None, involved: tuple[str, ...] = ()) -> CheckFinding:
        """Return the finding that it is wrong, with an organisation that shows it."""
        return CheckFinding(self.check, self.name, Verdict.REFUTED, message, witness, involved)


def claim_none(prover: Prover, subject: Subject, question: Query, message: str, *angles: Angle) -> CheckFinding:
    """Claim that no organisation satisfies a query.

    Returns:
        A proof, the smallest organisation that does, or the finding that it is undecided.
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
    """Claim that some organisation satisfies several parts at once.

    Parts have names, and the message gets the names of those that exclude each other. `near` returns the organisation
    that illustrates this; when left out, it is one that fails as few parts as possible. `hint` returns one that may
    satisfy them all.

    Returns:
        A proof, the conflict with an organisation that shows it, or the finding that it is undecided.
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


def describe_conflict(core: tuple[str, ...]) -> str:
    """Describe which parts of a claim exclude each other, by their names."""
    if len(core) == 1:
        return f"{core[0]!r} never holds"
    return " and ".join(map(repr, core)) + " exclude each other" if core else "its conditions exclude each other"
