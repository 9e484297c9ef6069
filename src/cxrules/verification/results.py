"""What verification finds: a verdict for each subject of each check, and notes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from cxrules.verification.prover import Witness

__all__ = ["CheckFinding", "Note", "Report", "Stage", "Verdict"]


class Verdict(StrEnum):
    """What verification says of one subject."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class CheckFinding:
    """What a check says of one subject: a rule, a model, a fact, an expectation.

    Attributes:
        check: The code of the check.
        subject: What it is about; with the check it identifies the finding, so that it can be accepted.
        verdict: Proved in order, refuted, or undecided within the effort and time allowed.
        message: In one sentence what is wrong, or what was not decided; empty when proved.
        witness: An organisation that shows it, confirmed by the engine. Every refutation has one, unless the search for
            it was left undecided.
        involved: The rules, tests or conjunctions that bring it about.
        accepted: Why it is accepted; empty when it is not.
    """

    check: str
    subject: str
    verdict: Verdict
    message: str = ""
    witness: Witness | None = None
    involved: tuple[str, ...] = ()
    accepted: str = ""


@dataclass(frozen=True)
class Stage:
    """How far a verification is.

    Attributes:
        check: The check, or kind of note, of which something was decided last.
        decided: How many of its subjects are decided.
        subjects: How many it has, where that is known before it is run.
        done: How many checks and kinds of note are done.
        checks: How many there are to run.

    Examples:
        >>> print(Stage("dead-rule", 20, 300, 4, 21))
        4 of 21 checks done; dead-rule: 20 of 300 decided
    """

    check: str
    decided: int
    subjects: int | None
    done: int
    checks: int

    def __str__(self) -> str:
        """Write it as one line."""
        of = "" if self.subjects is None else f" of {self.subjects:,}"
        return f"{self.done} of {self.checks} checks done; {self.check}: {self.decided:,}{of} decided"


@dataclass(frozen=True)
class Note:
    """Something worth knowing that is no fault.

    Attributes:
        topic: Which kind of note.
        text: What is so, in one sentence.
        witness: An organisation that shows it.
    """

    topic: str
    text: str
    witness: Witness | None = None


@dataclass(frozen=True)
class Report:
    """Everything that a verification found.

    Attributes:
        name: The name of the rule base.
        revision: Its revision.
        checks: The checks that were run, in order; one may have no subject in a small rule base.
        findings: What each check says of each of its subjects.
        notes: What is reported and is no fault.
        stale: Accepted findings that no check finds any more, as check and subject.
        out_of_time: Whether the time for the whole ran out, so that questions were left undecided without being asked.
        seconds: How long it took.
    """

    name: str
    revision: str
    checks: tuple[str, ...]
    findings: tuple[CheckFinding, ...]
    notes: tuple[Note, ...] = ()
    stale: tuple[tuple[str, str], ...] = ()
    out_of_time: bool = False
    seconds: float = field(default=0.0, compare=False)

    @property
    def open(self) -> tuple[CheckFinding, ...]:
        """The findings that are neither proved nor accepted."""
        return tuple(
            finding for finding in self.findings if finding.verdict is not Verdict.PROVED and not finding.accepted
        )

    @property
    def ok(self) -> bool:
        """Whether everything is proved or accepted, and nothing is accepted that is no longer found."""
        return not self.open and not self.stale

    def of(self, check: str) -> tuple[CheckFinding, ...]:
        """Return the findings of one check."""
        return tuple(finding for finding in self.findings if finding.check == check)


def accept(
    findings: Iterable[CheckFinding],
    reasons: Mapping[tuple[str, str], str],
    checks: Collection[str],
    known: Collection[str],
) -> tuple[tuple[CheckFinding, ...], tuple[tuple[str, str], ...]]:
    """Mark what is accepted.

    The reasons say by check and subject why a finding is accepted; `checks` were run, `known` are all there are.

    Returns:
        The findings, and the accepted ones that these checks no longer find.
    """
    found = []
    used = set()
    for finding in findings:
        key = (finding.check, finding.subject)
        if finding.verdict is not Verdict.PROVED and key in reasons:
            used.add(key)
            if finding.verdict is Verdict.REFUTED:  # what is undecided may turn out to be in order, and the entry stale
                finding = replace(finding, accepted=reasons[key])  # noqa: PLW2901 - the same finding, accepted
        found.append(finding)
    return tuple(found), tuple(key for key in reasons if key not in used and (key[0] in checks or key[0] not in known))
