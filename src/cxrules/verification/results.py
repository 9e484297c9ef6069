"""The results of verification: a verdict for each subject of each check, and notes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from cxrules.verification.prover import Witness

__all__ = ["CheckFinding", "Note", "Report", "Stage", "Verdict"]


class Verdict(StrEnum):
    """The verdicts on a subject."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class CheckFinding:
    """The finding of a check about one subject: a rule, a model, a fact, an expectation.

    Attributes:
        check: The code of the check.
        subject: What it is about; with the check it identifies the finding, so that it can be accepted.
        verdict: Proved in order, refuted, or undecided within the effort and time allowed.
        message: What is wrong, or what was not decided, in one sentence; empty if proved.
        witness: An organisation that shows it, confirmed by the engine. Every refutation has one, unless the search for
            it was left undecided.
        involved: The rules, tests or conjunctions that cause it.
        accepted: Why it is accepted; empty if it is not.
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
    """The progress of a verification.

    Attributes:
        check: The check, or kind of note, on which something was last decided.
        decided: The number of its subjects that are decided.
        subjects: The number of its subjects, if known before it is run.
        done: The number of checks and kinds of note that are done.
        checks: The number of them to run.

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
    """Something worth knowing that is not a fault.

    Attributes:
        topic: The kind of note.
        text: The note, in one sentence.
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
        notes: What is reported but is not a fault.
        stale: Accepted findings that no check finds any more, as check and subject.
        out_of_time: Whether the time limit was reached, so that questions were left undecided without being asked.
        seconds: The time it took.
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
    """Mark accepted findings.

    The reasons say by check and subject why a finding is accepted; `checks` were run, out of all the `known` ones.

    Returns:
        The findings, and the accepted ones that these checks no longer find.
    """
    found = []
    used = set()
    for finding in findings:
        key = (finding.check, finding.subject)
        if finding.verdict is not Verdict.PROVED and key in reasons:
            used.add(key)
            if finding.verdict is Verdict.REFUTED:  # an undecided subject may be in order, and its entry stale
                finding = replace(finding, accepted=reasons[key])  # noqa: PLW2901 - the same finding, accepted
        found.append(finding)
    return tuple(found), tuple(key for key in reasons if key not in used and (key[0] in checks or key[0] not in known))
