"""The forms of the files that accompany a rule base without being part of it: expectations and accepted findings."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from cxrules.knowledge.forms import DashedId, Form, Reference, Text, When

__all__ = ["EXPECTATION_FILES", "AcceptedFile", "ExpectationsFile"]


class OutcomeForm(Form):
    """The organisations for which something is expected, and what is expected."""

    when: When | None = Field(default=None, description="The organisations concerned; all when left out")
    unless: When | None = Field(default=None, description="Exceptions among them")
    knowing_only: list[Reference] | None = Field(
        default=None, min_length=1, description="Facts; all others count as unknown"
    )
    recommends: list[Reference] | None = Field(default=None, description="One of these models is recommended")
    considers: list[Reference] | None = Field(default=None, description="These models are candidates")
    excludes: list[Reference] | None = Field(default=None, description="These models are excluded")
    establishes: list[Reference] | None = Field(default=None, description="These findings are established")
    recognises: list[Reference] | None = Field(default=None, description="These patterns are recognised")
    accompanies: list[Reference] | None = Field(default=None, description="These accompaniments are advised")
    advises: list[Reference] | None = Field(default=None, description="These actions are advised")
    warns: list[Reference] | None = Field(default=None, description="These warnings are given")
    weakens: list[Reference] | None = Field(
        default=None,
        description="The change costs these models points, candidacy, a requirement or enough evidence",
    )
    strengthens: list[Reference] | None = Field(
        default=None, description="The change gains these models points, candidacy, a requirement or enough evidence"
    )
    unseats: list[Reference] | None = Field(
        default=None, description="After the change these are no longer recommended"
    )
    seats: list[Reference] | None = Field(default=None, description="These are recommended only after the change")


class ExpectationForm(Form):
    """What the rule base should never, or always, conclude for an organisation, or after a change of one fact."""

    id: DashedId = Field(description="Lower case and dashes")
    says: Text = Field(description="The expectation as a sentence")
    because: list[Reference] = Field(default=[], description="The claims behind it, from any articles")
    raising: Reference | None = Field(
        default=None, description="A fact that rises: a higher value, true for false, a larger share, more elements"
    )
    lowering: Reference | None = Field(default=None, description="A fact that falls")
    never: OutcomeForm | None = Field(default=None, description="What never happens; several outcomes never together")
    always: OutcomeForm | None = Field(default=None, description="What always happens, all of it")


class ExpectationsFile(Form):
    """Expectations of a rule base, to be proved by `cxrules verify`."""

    expectations: list[ExpectationForm] = Field(description="The expectations")


class AcceptedForm(Form):
    """Findings of one check that are accepted for one reason."""

    check: Text = Field(description="The code of the check, such as double-counted")
    subjects: list[Text] = Field(min_length=1, description="The subjects, as `cxrules verify` prints them")
    reason: Text = Field(description="Why they are accepted")


class AcceptedFile(Form):
    """Findings of `cxrules verify` that are accepted, each with a reason."""

    accepted: list[AcceptedForm] = Field(description="The accepted findings")


EXPECTATION_FILES: Final[dict[str, type[Form]]] = {"expectations": ExpectationsFile, "accepted": AcceptedFile}
"""The kinds of file that loading skips and leaves to verification; each has one key of the same name."""
